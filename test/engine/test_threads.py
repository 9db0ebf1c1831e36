# Copyright 2026 The streamo_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""An engine computes on the cores that its process was given and on no others."""

from concurrent.futures import ThreadPoolExecutor
import functools
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from streamo_ros.engine import EngineProcess
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import threads
from streamo_ros.engine.threads import cpu_quota
from streamo_ros.engine.threads import given_threads
from streamo_ros.models import load_checkpoint

SESSIONS = 2  # of the step and of the vision tower, each with threads of its own
FRAME = np.zeros((112, 112, 3), np.uint8)
two_cores = pytest.mark.skipif(given_threads(2) < 2, reason='there is one core')


@pytest.fixture(autouse=True)
def _nothing_asked_by_the_environment(monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)


def process_in(tmp_path, groups, mounts, quotas):
    """
    Return a folder as of ``/proc/self``.

    :param mounts: (what of the hierarchy is mounted, where, kind, options)
    :param quotas: what files below the mounts hold
    """
    (tmp_path / 'cgroup').write_text(groups)
    (tmp_path / 'mountinfo').write_text('22 1 254:1 / / rw - ext4 /dev/root rw\n' + ''.join(
        f'31 23 0:28 {root} {tmp_path}/{where} rw,relatime shared:9 - {kind} {kind} {options}\n'
        for root, where, kind, options in mounts))
    for file, text in quotas.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    return tmp_path


V2 = [('/', 'unified', 'cgroup2', 'rw,nsdelegate')]
V1 = [('/', 'memory', 'cgroup', 'rw,memory'), ('/', 'cpu', 'cgroup', 'rw,cpu,cpuacct')]


@pytest.mark.parametrize('groups, mounts, quotas, expected', [
    ('0::/robot\n', V2, {'unified/robot/cpu.max': '50000 100000\n'}, 0.5),
    ('0::/robot\n', V2, {'unified/robot/cpu.max': 'max 100000\n'}, math.inf),
    ('0::/robot\n', V2, {}, math.inf),  # the controller is off
    ('0::/robot\n', V2, {'unified/robot/cpu.max': 'nonsense\n'}, math.inf),
    # What a group above gives is shared by those below.
    ('0::/robot/eye\n', V2, {'unified/robot/cpu.max': '150000 100000\n',
                             'unified/robot/eye/cpu.max': '400000 100000\n'}, 1.5),
    # In a container the group's own folder is the root, and its path is seen from there, or not.
    ('0::/\n', V2, {'unified/cpu.max': '300000 100000\n'}, 3.0),
    ('0::/../../other\n', V2, {'unified/cpu.max': '300000 100000\n'}, 3.0),
    ('4:memory:/\n2:cpu,cpuacct:/docker/f00\n',
     [('/docker/f00', 'cpu', 'cgroup', 'rw,cpu,cpuacct')],
     {'cpu/cpu.cfs_quota_us': '250000\n', 'cpu/cpu.cfs_period_us': '100000\n'}, 2.5),
    ('4:memory:/\n2:cpu,cpuacct:/robot\n0::/\n', V1 + V2,
     {'cpu/robot/cpu.cfs_quota_us': '5000\n', 'cpu/robot/cpu.cfs_period_us': '10000\n'}, 0.5),
    ('2:cpu,cpuacct:/robot\n', V1,
     {'cpu/robot/cpu.cfs_quota_us': '-1\n', 'cpu/robot/cpu.cfs_period_us': '100000\n'}, math.inf),
])
def test_a_quota_of_either_cgroups_is_read(tmp_path, groups, mounts, quotas, expected):
    assert cpu_quota(process_in(tmp_path, groups, mounts, quotas)) == expected


def test_where_there_is_no_proc_there_is_no_quota(tmp_path):
    assert cpu_quota(tmp_path) == math.inf


@pytest.mark.parametrize('allowed, quota, environment, most, expected', [
    (8, math.inf, '', 0, 8),
    (1, math.inf, '', 0, 1),
    (8, 0.5, '', 0, 1),
    (8, 1.5, '', 0, 2),
    (2, 6.0, '', 0, 2),
    (8, math.inf, '', 3, 3),
    (2, math.inf, '', 3, 2),
    (8, 1.5, '', 5, 2),
    (8, math.inf, '4', 0, 4),
    (8, math.inf, '4,2', 0, 4),
    (2, math.inf, '4', 0, 2),
    (8, math.inf, '4', 6, 6),
    (8, math.inf, 'all', 0, 8),
    (8, math.inf, '0', 0, 8),
])
def test_the_fewest_of_cores_quota_and_what_is_asked_are_taken(
        monkeypatch, allowed, quota, environment, most, expected):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda process: set(range(allowed)))
    monkeypatch.setattr(threads, 'cpu_quota', lambda: quota)
    monkeypatch.setenv('OMP_NUM_THREADS', environment)
    assert given_threads(most) == expected


COUNT = """
import os, sys
one_core, most = map(int, sys.argv[1:])
if one_core:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import numpy as np
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.silent_onnxruntime import ort
before = len(os.listdir('/proc/self/task'))
engine = StreamEngine.from_pretrained('nano', threads=most)
engine.watch('Tell me when something starts moving.')
engine.step(np.zeros((112, 112, 3), np.uint8), 0.0)
print(len(os.listdir('/proc/self/task')) - before)
"""


def started_by_an_engine(one_core, most):
    """Return how many threads an engine starts beside the one that calls it."""
    done = subprocess.run(
        [sys.executable, '-c', COUNT, str(int(one_core)), str(most)], check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return int(done.stdout)  # so nothing else is printed


@pytest.mark.parametrize('most', [0, 2])
def test_with_one_core_given_no_further_thread_is_started_and_nothing_printed(most):
    assert started_by_an_engine(True, most) == 0


@two_cores
@pytest.mark.parametrize('most', [1, 2])
def test_as_many_threads_compute_as_were_asked_for(most):
    assert started_by_an_engine(False, most) == (most - 1) * SESSIONS


def in_a_thread(call, *arguments):
    # Whose cores may be taken from it, unlike those of the process.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call, *arguments).result()


def threads_of_torch(most):
    import torch

    from streamo_ros.engine.backends.torch import TorchBackend
    TorchBackend(load_checkpoint('nano'), 'cpu', threads=most)
    return torch.get_num_threads()


def test_the_torch_backend_computes_with_as_many():
    pytest.importorskip('torch')
    assert in_a_thread(threads_of_torch, 2) == given_threads(2)
    assert in_a_thread(threads_of_torch, 1) == 1


def started_in_a_process(one_core, most):
    if one_core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    make = functools.partial(StreamEngine.from_pretrained, 'nano', threads=most)
    with EngineProcess(make, 60.0) as engine:
        engine.watch('Tell me when something starts moving.')
        engine.step(FRAME, 0.0)
        return len(os.listdir(f'/proc/{engine.pid}/task'))


@two_cores
@pytest.mark.parametrize('one_core, more', [(True, 0), (False, SESSIONS)])
def test_an_engines_process_starts_as_many_as_it_was_given(one_core, more):
    one, two = (in_a_thread(started_in_a_process, one_core, most) for most in (1, 2))
    assert two - one == more
