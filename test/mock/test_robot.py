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


"""The mock robot: the real node over a script, in the thread of the test and as a process."""

import json
import signal
import sys

import numpy as np
import pytest
from sensor_msgs.msg import Image

from streamo_ros.dialogue import State
from streamo_ros.mock.camera import MockCamera
from streamo_ros.mock.engine import Cue
from streamo_ros.mock.robot import MockRobot
from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState

DOOR = 'Tell me when the door opens.'
SECOND = 10**9
ANSWER = [Cue(State.RESPONSE, 'It is open.', frame=1)]


class Heard:
    """What the node says, and an operator's way to ask of it."""

    def __init__(self, robot):
        self.states, self.responses, self.pictures = [], [], []
        node = robot.node
        node.create_subscription(StreamState, '/streamo/state', self.states.append, 100)
        node.create_subscription(Response, '/streamo/response', self.responses.append, 100)
        node.create_subscription(Image, '/image', self.pictures.append, 100)
        self._robot = robot
        self._instructions = node.create_publisher(Instruction, '/streamo/instruction', 10)

    def ask(self, text):
        self._robot.wait(self._instructions.get_subscription_count, 'the node')
        self._instructions.publish(Instruction(text=text))
        self._robot.wait(
            lambda: any(state.instruction == text for state in self.states), 'the instruction')


def test_the_camera_shows_and_the_node_decides_and_answers_by_the_script():
    with MockRobot(ANSWER) as robot:
        heard = Heard(robot)
        heard.ask(DOOR)
        robot.wait(lambda: heard.responses, 'the answer')
        (answer,) = heard.responses
        assert (answer.text, answer.instruction) == ('It is open.', DOOR)
        assert answer.header.frame_id == 'mock_camera_optical'


def test_pictures_by_hand_are_those_of_their_moment_and_decided_one_by_one():
    def render(seconds):
        return np.full((2, 2, 3), round(10 * seconds), np.uint8)

    with MockRobot(ANSWER, render, rate=0, fps=1.0) as robot:
        heard = Heard(robot)
        heard.ask(DOOR)
        for number in range(3):
            assert robot.camera.publish((50 + number) * SECOND) == (50 + number) * SECOND
            robot.wait(
                lambda number=number: any(
                    state.age_s == 0 and state.header.stamp.sec == 50 + number
                    for state in heard.states), 'a decision')
        robot.wait(lambda: len(heard.pictures) == 3 and heard.responses, 'all of it')
        assert [picture.data[0] for picture in heard.pictures] == [0, 10, 20]
        (answer,) = heard.responses
        assert answer.header.stamp.sec == 51


def test_its_parameters_are_the_nodes_and_other_nodes_may_be_added():
    with MockRobot(ANSWER, cameras=['front', 'rear']) as robot:
        rear = MockCamera(topic='rear', context=robot.context)
        robot.add(rear)
        heard = Heard(robot)
        heard.ask(DOOR)
        robot.wait(lambda: len(heard.responses) == 2, 'an answer about each camera')
        assert {answer.camera for answer in heard.responses} == {'front', 'rear'}
        rear.destroy_node()


def test_two_at_once_do_not_hear_one_another():
    with MockRobot(ANSWER) as one, MockRobot([]) as other:
        there, here = Heard(one), Heard(other)
        there.ask(DOOR)
        one.wait(lambda: there.responses, 'the answer')
        other.wait(lambda: len(here.states) > 1, 'a heartbeat')
        assert not here.responses
        assert {state.instruction_id for state in here.states} == {''}


@pytest.mark.parametrize('script, text', [
    ([{'state': 'response', 'text': 'It is open.', 'frame': 0}], 'It is open.'),
    (None, 'It happened at ')])
def test_as_a_process_it_takes_its_script_from_a_file(graph, tmp_path, script, text):
    options = ['-p', 'fps:=10.0']
    if script is not None:
        file = tmp_path / 'script.json'
        file.write_text(json.dumps(script))
        options += ['-p', f'checkpoint:={file}']
    process = graph.run(sys.executable, '-m', 'streamo_ros.mock.node', '--ros-args', *options)
    console = graph.console()
    console.ask(DOOR, 'door')
    with graph.camera().running():
        graph.wait(lambda: console.responses, 'an answer')
    assert console.responses[0].text.startswith(text)
    process.send(signal.SIGINT)
    assert process.wait() == 0
