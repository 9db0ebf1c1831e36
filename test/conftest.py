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

"""What tests of several folders share: a small model of every family, a robot's environment."""

from dataclasses import replace
import fcntl
import os
from pathlib import Path
import signal
import sys
import tempfile

import pytest

# Models of tests are too small for threads: with two of torch's on a busy machine, the same test
# takes twice the processor time.
os.environ.setdefault('OMP_NUM_THREADS', '1')
# What is killed takes room of the publishers' shared memory with it, and its ports at times; see
# docs/operation.md. Tests kill much, so they go without it but where it is what they test.
UDP_ALONE = Path(__file__).with_name('udp_alone.xml')
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'SYSTEM_DEFAULT'
os.environ['FASTRTPS_DEFAULT_PROFILES_FILE' if os.environ.get('ROS_DISTRO') == 'jazzy'
           else 'FASTDDS_DEFAULT_PROFILES_FILE'] = str(UDP_ALONE)

# Run by nohup or in the background, what the tests start would rightly ignore these.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

sys.path.insert(0, str(Path(__file__).parent))


def pytest_collection_modifyitems(items):
    """Begin with what takes longest, or at the end one process works alone."""
    items.sort(key=lambda item: 'training' not in item.path.parts)


@pytest.fixture(scope='session', params=[
    'qwen2_5_vl', 'qwen3_vl', 'internvl', 'smolvlm', 'streamo_small'])
def random_model(request, tmp_path_factory):
    from random_model import new_model
    from random_model import RandomModel
    from random_model import write_checkpoint
    directory = tmp_path_factory.mktemp(request.param)
    model = new_model(request.param)
    write_checkpoint(request.param, model, directory)
    return RandomModel(request.param, directory, model)


@pytest.fixture(scope='session')
def plain_model(random_model, tmp_path_factory):
    """Return the same model as an instruct model is published: without states and prompt."""
    from random_model import write_checkpoint
    directory = tmp_path_factory.mktemp('plain')
    write_checkpoint(random_model.family, random_model.model, directory, plain=True)
    return replace(random_model, directory=directory, zero_shot=True)


@pytest.fixture
def ray():
    """Return Ray, which finds any cluster of this machine: no other test has one meanwhile."""
    module = pytest.importorskip('ray', reason='`pip install ray` runs this test')
    with Path(tempfile.gettempdir(), f'streamo_ros_ray_{os.getuid()}').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield module


@pytest.fixture(scope='session')
def robot(tmp_path_factory):
    """Return an environment with only what robots install."""
    pytest.importorskip('ament_index_python', reason='robots have ROS')
    from robot_environment import RobotEnvironment
    return RobotEnvironment(tmp_path_factory.mktemp('robot') / 'environment')
