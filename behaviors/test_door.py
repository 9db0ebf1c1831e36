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
An example: a tree tested without a model, on the real node over a script.

Copy it beside behaviours of yours and run it with pytest.
"""

from collections.abc import Sequence

import py_trees
from py_trees.common import Status

from streamo_ros.behaviors import WatchFor
from streamo_ros.dialogue import State
from streamo_ros.mock.engine import Cue
from streamo_ros.mock.robot import MockRobot

DOOR = 'Tell me when the door opens.'
SOMEBODY = 'Tell me when somebody stands in the way.'


def drive_through(timeout_s: float = 60.0) -> py_trees.behaviour.Behaviour:
    """Return the tree under test: wait for the door, then drive."""
    return py_trees.composites.Sequence('through the door', memory=True, children=[
        WatchFor('watch', DOOR, key='answer', timeout_s=timeout_s),
        py_trees.behaviours.Success('drive')])


def run(root: py_trees.behaviour.Behaviour, script: Sequence[Cue]) -> None:
    """Tick a tree on a robot that sees what the script says, until it has ended."""
    tree = py_trees.trees.BehaviourTree(root)

    def has_ended() -> bool:
        tree.tick()
        return root.status is not Status.RUNNING

    with MockRobot(script) as robot:
        tree.setup(node=robot.node)
        robot.wait(has_ended, 'the end of the tree')
        tree.shutdown()


def test_it_drives_when_the_door_is_open() -> None:
    """The third frame since the tree began to watch shows the door open."""
    root = drive_through()
    run(root, [
        Cue(State.STANDBY, frame=1),
        Cue(State.RESPONSE, 'The door is open.', frame=2)])
    assert root.status is Status.SUCCESS
    assert py_trees.blackboard.Blackboard.get('answer').text == 'The door is open.'


def test_it_does_not_drive_when_something_else_happens() -> None:
    """Nothing is ever seen of the door, only of what others may watch for."""
    root = drive_through(timeout_s=0.5)
    run(root, [Cue(State.RESPONSE, 'Somebody is there.', frame=0, instruction=SOMEBODY)])
    assert root.status is Status.FAILURE
    assert root.tip().name == 'watch'
