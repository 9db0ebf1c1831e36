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

"""Answers that are published before they are logged outlive their process, and it alone."""

import os
from pathlib import Path
import subprocess
import sys
from types import SimpleNamespace

from logs import answer
from logs import BOUNDS
from logs import DAY
import pytest

from streamo_ros.events import early as early_module
from streamo_ros.events import event_writer
from streamo_ros.events.early import EarlyAnswers
from streamo_ros.events.event import Pose
from streamo_ros.events.event_log import EventLog
from streamo_ros.events.event_reader import EventQuery
from streamo_ros.events.event_reader import EventReader
from streamo_ros.events.event_writer import EventWriter

EVENT = answer(
    *DAY[0], pose=Pose('map', (1.0, 2.0, 3.0), (0.0, 0.0, 0.0, 1.0)), response_seq=3,
    data='{"open": true}')


@pytest.fixture
def shared(tmp_path, monkeypatch):
    (tmp_path / 'shared').mkdir()
    monkeypatch.setattr(early_module, 'SHARED', tmp_path / 'shared')
    monkeypatch.setattr(EarlyAnswers.__init__, '__defaults__', (tmp_path / 'shared',))
    return tmp_path / 'shared'


def killed(log, shared, script='pass'):
    """Have a process keep the event, do something, and be killed."""
    code = ('import os, signal; from pathlib import Path; import test_early as test; '
            'from streamo_ros.events.early import EarlyAnswers; '
            f'log, shared = Path({str(log)!r}), Path({str(shared)!r}); '
            f'EarlyAnswers(log, shared).keep(test.EVENT); {script}; '
            'os.kill(os.getpid(), signal.SIGKILL)')
    subprocess.run([sys.executable, '-c', code], cwd=Path(__file__).parent)


def logged(log):
    with EventReader(log) as reader:
        return list(reader.page(EventQuery(), 0, 100)[0])


def written(log):
    """Have a writer open the log, and return what it said and told."""
    said, told = [], []
    writer = EventWriter(log, BOUNDS, bytes, told.append, said.append)
    writer.offer(answer(*DAY[1]), (), lambda: None)
    assert writer.stop(60.0)
    return SimpleNamespace(said=said, told=told)


def test_what_is_kept_is_gone_once_it_is_logged(tmp_path, shared):
    remove = EarlyAnswers(tmp_path / 'log').keep(EVENT)
    (file,) = shared.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert EarlyAnswers(tmp_path / 'log').left_over() == []  # its process lives
    remove()
    assert [*shared.iterdir()] == []


def test_what_a_killed_process_kept_is_in_the_log_of_the_next(tmp_path, shared):
    log = tmp_path / 'log'
    killed(log, shared)
    assert EarlyAnswers(tmp_path / 'another').left_over() == []
    run = written(log)
    assert 'published before a kill are in the event log now' in run.said[0]
    kept = {event.response_seq: event for event in logged(log)}
    assert sorted(kept) == [0, 3]
    assert (kept[3].text, kept[3].pose, kept[3].data) == (EVENT.text, EVENT.pose, EVENT.data)
    assert len(run.told) == 2 and [*shared.iterdir()] == []


def test_what_was_logged_before_the_kill_is_there_once(tmp_path, shared):
    log = tmp_path / 'log'
    with EventLog(log, BOUNDS) as opened:
        opened.add([(EVENT, ())])
    killed(log, shared)
    run = written(log)
    assert run.said == [] and len(logged(log)) == 2
    assert [*shared.iterdir()] == []


def test_what_cannot_be_logged_now_stays(tmp_path, shared, monkeypatch):
    log = tmp_path / 'log'
    killed(log, shared)
    with EventLog(log, BOUNDS):  # in use by another
        assert 'in use' in written(log).said[0]
    assert len([*shared.iterdir()]) == 1
    written(log)
    assert 3 in {event.response_seq for event in logged(log)}


def test_what_others_put_there_is_neither_read_nor_in_the_way(tmp_path, shared):
    early = EarlyAnswers(tmp_path / 'log')
    (shared / f'{early._prefix}garbage').write_text('{')
    (shared / f'{early._prefix}old').write_text('{"state": 2, "pose": null}')
    os.mkfifo(shared / f'{early._prefix}pipe')
    (shared / f'{early._prefix}link').symlink_to(tmp_path / 'elsewhere')
    assert early.left_over() == []
    assert sorted(path.suffix for path in shared.iterdir()) == ['.link', '.pipe']


def test_without_shared_memory_it_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setattr(EarlyAnswers.__init__, '__defaults__', (tmp_path / 'nowhere',))
    said = []
    writer = event_writer.EventWriter(
        tmp_path / 'log', BOUNDS, bytes, lambda event: None, said.append)
    for _ in range(2):
        writer.keep(EVENT)()
    writer.stop(60.0)
    assert len(said) == 1 and 'would be lost with a kill' in said[0]
