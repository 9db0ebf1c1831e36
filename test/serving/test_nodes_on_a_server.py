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

"""
Nodes watch through a server: over real DDS, with what a network and a cluster do to them.

``STREAMO_LINK_BREAKS`` and ``STREAMO_KILLED_DEVICES`` have more breaks and kills than the suite.
"""

import array
from collections import Counter
import io
import os
import signal
import threading
import time

from graph import SECOND
from graph import stamp_ns
import numpy as np
from PIL import Image
from proxy import Proxy
import pytest
from server_process import ServerProcess

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.remote.picture import PictureSize
from streamo_ros.msg import StreamState
from streamo_ros.worlds.streams import draw_stream

BREAKS = int(os.environ.get('STREAMO_LINK_BREAKS', '4'))
KILLS = int(os.environ.get('STREAMO_KILLED_DEVICES', '2'))
SWALLOWED = 4       # of so many breaks one is not told of, and takes a heartbeat to be seen
SIZE = 112, 112
TURNS = 40
PERIOD_S = 0.1      # between frames, whose stamps are a second apart
TOLERANCE = 1e-4


class Film:
    """A rendered stream, shown again and again, and what is asked of it."""

    def __init__(self, seed):
        stream = draw_stream(
            np.random.default_rng(seed), split='test', turns=TURNS, questions=2, world='sentry',
            rate=1.0, size=SIZE)
        self.texts = {f'it-{number}': question.text
                      for number, question in enumerate(stream.questions)}
        self._frames = stream.frames
        self._data = [array.array('B', frame.tobytes()) for frame in stream.frames]
        self._begin = time.time_ns() // SECOND * SECOND

    def message(self, number):
        return {'stamp_ns': self._begin + number * SECOND, 'height': SIZE[0], 'width': SIZE[1],
                'step': 3 * SIZE[1], 'data': self._data[number % TURNS]}

    def sent(self, stamp):
        """Return the frame of a stamp, as the server gets to see it."""
        frame = self._frames[(stamp - self._begin) // SECOND % TURNS]
        jpeg = PictureSize().encode(frame, SIZE, 1.0).jpeg
        return np.asarray(Image.open(io.BytesIO(jpeg)).convert('RGB'))


class Robot:
    """A node that watches through a server, its console and its camera."""

    def __init__(self, graph, name, film, token, url, **parameters):
        self._graph = graph
        self.film = film
        self.process = graph.start(
            f'__node:={name}', f'image:=/{name}/image', backend='remote', server=url,
            server_token=token, fps=1.0, deadline_s=60.0, **parameters)
        self.console = graph.console(f'/{name}')
        for id, text in film.texts.items():
            self.console.ask(text, id)
        self.await_all('the instructions', lambda state: state.epoch == 1)
        self.camera = graph.camera(f'/{name}/image')
        self.camera.await_reader()

    def await_all(self, what, matches):
        """Wait until such a state was heard of each instruction."""
        for id in self.film.texts:
            self.console.await_any(
                what, lambda state, id=id: state.instruction_id == id and matches(state))

    def await_decisions(self, epoch, count=1):
        """Wait until so many frames of this epoch or a later one were decided about."""
        def decided():
            stamps = {stamp_ns(state) for state in self.console.fresh if state.epoch >= epoch
                      and state.status == StreamState.STATUS_OK}
            return len(stamps) >= count
        self._graph.wait(decided, f'{count} decisions of epoch {epoch}')

    @property
    def epoch(self):
        return max(state.epoch for state in self.console.states)


class Cameras:
    """Shows robots their films for as long as the context lasts."""

    def __init__(self, *robots):
        self._robots = robots
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        number = 0
        while not self._ended.wait(PERIOD_S):
            for robot in self._robots:
                robot.camera.send(**robot.film.message(number))
            number += 1


def assert_as_at_home(robot):
    """Hold each epoch's decisions and answers equal to an engine's that has seen its frames."""
    answers = Counter(
        (answer.epoch, stamp_ns(answer), answer.instruction_id, answer.text)
        for answer in robot.console.responses)
    expected = Counter()
    by_epoch = {}
    for state in robot.console.fresh:
        by_epoch.setdefault(state.epoch, {}).setdefault(
            stamp_ns(state), {})[state.instruction_id] = state
    compared = 0
    for epoch, by_stamp in by_epoch.items():
        engine = StreamEngine.from_pretrained('nano', threads=1)
        for id, text in robot.film.texts.items():
            engine.watch(text, id)
        for stamp in sorted(by_stamp):
            for decision in engine.step(robot.film.sent(stamp), stamp / 1e9):
                state = by_stamp[stamp][decision.instruction_id]
                assert State(state.state) is decision.state
                assert (state.probability_silence, state.probability_standby,
                        state.probability_response) == pytest.approx(
                            decision.probabilities, abs=TOLERANCE)
                compared += 1
                if decision.state is State.RESPONSE:
                    expected[epoch, stamp, decision.instruction_id, decision.text] += 1
    assert answers == expected
    assert answers, 'a film without answers shows nothing of them'
    return compared


@pytest.fixture
def proxy(server):
    made = Proxy(server.port)
    yield made
    made.close()


def test_what_is_decided_survives_breaks_and_lost_devices_as_it_is_decided_at_home(
        graph, server, proxy, tmp_path):
    token, url = server.token_file(tmp_path), f'ws://127.0.0.1:{proxy.port}'
    proxy.delay_s = 0.005
    robots = [Robot(graph, name, Film(seed), token, url)
              for name, seed in (('left', 3), ('right', 11))]
    with Cameras(*robots):
        for robot in robots:
            robot.await_decisions(1, TURNS)
        for number in range(BREAKS):
            epochs = [robot.epoch for robot in robots]
            if number % SWALLOWED == SWALLOWED - 1:
                proxy.swallow()
            else:
                proxy.cut()
            for robot, epoch in zip(robots, epochs, strict=True):
                robot.await_decisions(epoch + 1, 3)
        for number in range(KILLS):
            robot = robots[number % 2]
            epoch = robot.epoch
            name = 'left' if robot is robots[0] else 'right'
            device = server.streams()[f'picker/{name}/image']['device']
            os.kill(server.fleet()['devices'][device]['pid'], signal.SIGKILL)
            robot.await_decisions(epoch + 1, 3)
            graph.wait(lambda: all('pid' in one for one in server.fleet()['devices']),
                       'the device in its place')
        for robot in robots:
            robot.await_decisions(robot.epoch, TURNS)
    for robot in robots:
        assert {state.instruction_id for state in robot.console.fresh
                if state.epoch == robot.epoch} == set(robot.film.texts)
        print(assert_as_at_home(robot), 'decisions as at home,', robot.epoch, 'epochs,',
              len(robot.console.responses), 'answers,', dict(robot.console.values('link')))


def test_a_robot_waits_for_its_server_and_says_why(graph, ray_lock, tmp_path, server):
    away = Proxy(1)     # nobody listens there
    film, token = Film(3), server.token_file(tmp_path)
    try:
        process = graph.start(
            backend='remote', server=f'ws://127.0.0.1:{away.port}', server_token=token)
        graph.wait(lambda: 'it is tried again' in process.log, 'a word of it in the log')
        console = graph.console()
        console.await_state('loading', lambda state: state.status == StreamState.STATUS_LOADING)
        for id, text in film.texts.items():
            console.ask(text, id)
        away.target = server.port
        console.await_state('the server', lambda state: (
            state.instruction_id in film.texts and state.status == StreamState.STATUS_NO_FRAMES))
    finally:
        away.close()


def test_another_checkpoint_stands_in_and_says_so_until_the_server_is_back(
        graph, server, tmp_path):
    proxy = Proxy(1)
    try:
        robot = Robot(
            graph, 'left', Film(3), server.token_file(tmp_path), f'ws://127.0.0.1:{proxy.port}',
            stand_in='nano', event_log=tmp_path / 'events')
        with Cameras(robot):
            robot.console.await_any('the stand-in', lambda state: (
                state.age_s == 0 and state.detail.startswith('nano on this machine watches')))
            epoch = robot.epoch
            graph.wait(lambda: 'stand_in' in robot.console.values('link'), 'the same as diagnosed')
            proxy.target = server.port
            robot.await_decisions(epoch + 1, 2)
            assert not robot.console.fresh[-1].detail
            graph.wait(lambda: robot.console.values('link').get('server'), 'the link as diagnosed')
            epoch = robot.epoch
            proxy.target = 1
            proxy.cut()
            robot.console.await_any('the stand-in again', lambda state: (
                state.epoch > epoch and state.detail.startswith('nano on this machine')))
    finally:
        proxy.close()


def test_a_server_that_is_told_to_end_is_followed_by_another_and_nothing_is_forgotten(
        graph, server, tmp_path):
    folder = tmp_path / 'server'
    folder.mkdir()
    first = ServerProcess(folder, '--port', '0', '--threads', '1')
    proxy = Proxy(first.port)
    second = None
    try:
        robot = Robot(graph, 'left', Film(3), first.token_file(tmp_path),
                      f'ws://127.0.0.1:{proxy.port}')
        with Cameras(robot):
            robot.await_decisions(1, 3)
            assert first.ask('drain', method='POST') == (200, '{"ended":1}')
            assert first.ask('health', secret='')[0] == 503
            robot.console.await_any('the reason', lambda state: (
                'the server is about to end' in state.detail))
            assert first.stop() == 0, first.log
            second = ServerProcess(folder, '--port', '0', '--threads', '1')
            proxy.target = second.port
            robot.await_decisions(2, 3)
        assert second.streams()['picker/left/image']['instructions'] == list(
            robot.film.texts.values())
    finally:
        proxy.close()
        for process in filter(None, (second,)):
            process.stop()
