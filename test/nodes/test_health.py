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


"""How the node is, told from its condition and from what became of its steps."""

from dataclasses import replace
import time
from types import SimpleNamespace

import pytest

from streamo_ros.engine import EngineFailure
from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.msg import StreamState
from streamo_ros.nodes.health import allowed_s
from streamo_ros.nodes.health import Condition
from streamo_ros.nodes.health import Health
from streamo_ros.nodes.health import MIN_ALLOWED_S
from streamo_ros.nodes.health import STUCK_S
from streamo_ros.nodes.parameters import Settings
from streamo_ros.nodes.parameters import SPECIFICATION

DOOR = StandingInstruction('door', 'Tell me when the door opens.')
REAR = StandingInstruction('rear', 'Tell me when somebody comes.', camera='rear')
WELL = Condition('active', watching=True)
SETTINGS = Settings(**{name: parameter.default for name, parameter in SPECIFICATION.items()})


class Camera:
    """A camera's figures."""

    topic, source = '/camera', None
    publishers = incompatible = received = sampled = stale = passed_over = 0
    clocks = ''
    bad = {}

    def __init__(self):
        self.no_frames = ''
        self.frames = self


class Stream:
    """A camera's stream that keeps what it is to repeat."""

    sampled_at = decided_at = 0.0
    epoch, dropped, visual_tokens_pruned, skipped_frames = 1, 7, 0.0, 0

    def __init__(self, name):
        self.name = name
        self.camera = Camera()
        self.reports = self
        self.link = {}
        self.repeated = []

    def repeat(self, *what):
        self.repeated.append(what)


class Log(list):
    """A logger that keeps what was logged, and how grave it is."""

    def info(self, text):
        self.append(('info', text))

    def warning(self, text):
        self.append(('warning', text))

    def error(self, text):
        self.append(('error', text))


class Watched:
    """Health, and all that it looks at."""

    def __init__(self):
        self.log = Log()
        self.streams = [Stream('front'), Stream('rear')]
        self.time = SimpleNamespace(trouble='')
        self.instructions = SimpleNamespace(
            standing=(DOOR, REAR), refused=3, last_refusal='it is too long',
            unkept='')
        self.health = Health(self.streams, self.instructions, self.time, self.log)

    def status(self, condition=WELL):
        return self.health.status(condition)

    def repeated(self, condition=WELL):
        """Return what each stream is to repeat."""
        self.health.repeat(condition, 2.0)
        return [stream.repeated.pop() for stream in self.streams]

    def snapshot(self, condition=WELL):
        return self.health.snapshot(condition, SETTINGS)


@pytest.fixture
def watched():
    return Watched()


def test_of_several_things_the_gravest_is_told(watched):
    watched.health.note_failure(EngineFailure('it is gone'))
    condition = {'lifecycle': 'inactive', 'busy_s': STUCK_S + 1}
    told = [
        (StreamState.STATUS_INACTIVE, 'the node shuts down', {'ending': True}),
        (StreamState.STATUS_LOADING, "loading checkpoint 'nano'", {'loading': 'nano'}),
        (StreamState.STATUS_ERROR, 'it is on fire', {'failed': 'it is on fire'}),
        (StreamState.STATUS_INACTIVE, 'the node is inactive: activate it to watch', {}),
    ]
    for number, (code, detail, _) in enumerate(told):
        fields = {name: value for _, _, one in told[number:] for name, value in one.items()}
        status = watched.status(Condition(**condition, **fields))
        assert (status.code, status.detail) == (code, detail)
    status = watched.status(Condition('active', watching=True, busy_s=STUCK_S + 1))
    assert (status.code, status.detail) == (
        StreamState.STATUS_ERROR, 'failure 1 of the model: it is gone')
    watched.health.clear_failure()
    status = watched.status(Condition('active', watching=True, busy_s=STUCK_S + 1))
    assert status.code == StreamState.STATUS_LATE and 'at one frame' in status.detail
    assert watched.status() == watched.status(Condition('active', watching=True, busy_s=STUCK_S))
    assert (watched.status().code, watched.status().detail) == (StreamState.STATUS_OK, '')


def test_each_failure_is_another_status_and_a_few_of_them_have_their_trace(watched):
    details = set()
    for _ in range(100):
        watched.health.note_failure(RuntimeError('out of memory'))
        details.add(watched.status().detail)
    assert len(details) == 100
    assert 'failure 7 of the model: RuntimeError: out of memory' in details
    assert [text.split(':')[0] for _, text in watched.log] == [
        f'failure {number} of the model' for number in (1, 10, 100)]
    assert watched.snapshot().failures == 100


def test_a_lost_engine_is_logged_each_time_and_so_is_the_next_one(watched):
    for _ in range(2):
        watched.health.note_failure(EngineFailure('it is gone'))
        watched.health.note_restart()
        assert watched.status().code == StreamState.STATUS_OK
    assert watched.log == [
        ('error', 'failure 1 of the model: it is gone; it is started anew'),
        ('info', 'the model runs again (restart 1); 2 instructions stand'),
        ('error', 'failure 2 of the model: it is gone; it is started anew'),
        ('info', 'the model runs again (restart 2); 2 instructions stand')]
    assert watched.snapshot().restarts == 2


def test_a_frame_before_which_others_were_dropped_is_late(watched):
    assert watched.health.step_status(0, 2.0).code == StreamState.STATUS_OK
    late = watched.health.step_status(3, 2.0)
    assert late.code == StreamState.STATUS_LATE
    assert '2 frames a second' in late.detail and '3 dropped' in late.detail


def test_each_stream_repeats_what_stands_for_its_camera(watched):
    front, rear = watched.repeated()
    assert [front[0], rear[0]] == [[DOOR], [DOOR, REAR]]
    assert front[1:] == rear[1:] == (watched.status(), 7, 2.0)


def test_a_camera_without_frames_is_told_of_its_own_stream_with_the_trouble_of_time(watched):
    front, rear = watched.streams
    rear.camera.no_frames = 'no usable frame for 2 s'
    told = [status for _, status, *_ in watched.repeated()]
    assert [status.code for status in told] == [
        StreamState.STATUS_OK, StreamState.STATUS_NO_FRAMES]
    assert told[1].detail == 'no usable frame for 2 s'
    watched.time.trouble = 'simulated time stands still'
    front, rear = (status.detail for _, status, *_ in watched.repeated())
    assert (front, rear) == ('', 'no usable frame for 2 s; simulated time stands still')
    graver = Condition('inactive')
    assert {status for _, status, *_ in watched.repeated(graver)} == {watched.status(graver)}


def test_simulated_time_is_logged_when_it_stops_and_when_it_runs(watched):
    for trouble in ('', 'it has not begun', 'it has not begun', '', ''):
        watched.time.trouble = trouble
        watched.health.log_time()
    assert watched.log == [('warning', 'it has not begun'), ('warning', 'simulated time runs')]


def test_the_snapshot_has_the_figures_of_steps_instructions_and_cameras(watched):
    watched.health.note_step(0.25, 0.125)
    watched.health.note_step(None, 0.5)  # simulated time has not begun
    watched.health.note_response()
    watched.streams[1].camera.no_frames = 'no usable frame for 2 s'
    snapshot = watched.snapshot()
    assert (snapshot.latencies, snapshot.inferences, snapshot.responses) == (
        (0.25,), (0.125, 0.5), 1)
    assert snapshot.instructions == [DOOR.text, f'{REAR.text} (camera rear)']
    assert (snapshot.refused, snapshot.last_refusal) == (3, 'it is too long')
    assert [(camera.name, camera.no_frames, camera.dropped) for camera in snapshot.cameras] == [
        ('front', '', 7), ('rear', 'no usable frame for 2 s', 7)]
    assert (snapshot.checkpoint, snapshot.lifecycle) == ('nano', 'active')


def test_shares_of_the_time_are_told_when_asked_for_of_all_that_counts(watched):
    for stream in watched.streams:
        stream.camera.stopwatch = SimpleNamespace(seconds={'decode': 1.0})
        stream.seconds = {'step': 4.0, 'image_encoder': 2.0}
        stream.stopwatch = SimpleNamespace(seconds={'publication': 1.0})
    assert not watched.snapshot().shares
    snapshot = watched.health.snapshot(WELL, replace(SETTINGS, profile=True))
    assert {part: share for part, share in snapshot.shares.items() if share} == {
        'decode': 0.125, 'step': 0.5, 'image_encoder': 0.25, 'publication': 0.125}


def undecided(watched, seconds, sampled):
    """Have nothing be decided about the front camera for so long; return what is told of it."""
    front, rear = watched.streams
    front.decided_at = time.monotonic() - seconds
    front.sampled_at = front.decided_at + sampled
    rear.decided_at = time.monotonic()
    condition = Condition('active', watching=True, allowed_s=allowed_s(SETTINGS))
    (_, status, *_), (_, other, *_) = watched.repeated(condition)
    assert other.code == StreamState.STATUS_OK
    return status, watched.snapshot(condition)


def test_a_stream_without_a_fresh_decision_is_never_well_whatever_else_is(watched):
    limit = allowed_s(SETTINGS)
    assert limit == 1 / SETTINGS.fps + STUCK_S
    status, snapshot = undecided(watched, limit / 2, 0.1)
    assert (status.code, snapshot.cameras[0].late) == (StreamState.STATUS_OK, '')
    status, snapshot = undecided(watched, limit + 1, 0.1)
    assert status.code == StreamState.STATUS_LATE
    assert status.detail == ('nothing was decided for 5 s though frames come: the model does not '
                             'get to them; lower fps')
    assert (snapshot.cameras[0].late, snapshot.cameras[1].late) == (status.detail, '')


def test_a_stream_of_which_no_frame_is_due_is_not_well_either(watched):
    status, snapshot = undecided(watched, 100.0, -1.0)
    assert status.code == StreamState.STATUS_NO_FRAMES
    assert 'no frame was due' in status.detail and '/camera advance slower' in status.detail
    assert snapshot.cameras[0].no_frames == status.detail


@pytest.mark.parametrize('deadline_s, engine_process, limit', [
    (30.0, True, STUCK_S), (2.0, True, 2.0), (0.1, True, MIN_ALLOWED_S), (2.0, False, STUCK_S)])
def test_period_and_deadline_say_how_long_a_stream_may_be_undecided(
        deadline_s, engine_process, limit):
    settings = replace(
        SETTINGS, fps=0.5, deadline_s=deadline_s, engine_process=engine_process)
    assert allowed_s(settings) == 2.0 + limit
