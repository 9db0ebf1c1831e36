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


"""Everything that a behaviour needs of a robot that watches, in the thread of its test."""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node

from streamo_ros.mock.camera import grey
from streamo_ros.mock.camera import MockCamera
from streamo_ros.mock.engine import Cue
from streamo_ros.mock.node import mock_node
from streamo_ros.nodes.tools.graph_runner import GraphRunner


class MockRobot(GraphRunner):
    """
    The real node over a script, its first camera, and ``node`` for what the test does there.

    They run while the test waits with ``wait``, in a ROS domain of their own::

        with MockRobot([Cue(State.RESPONSE, 'It is open.', frame=2)]) as robot:
            tree.setup(node=robot.node)
            robot.wait(lambda: has_ended(tree), 'the end of the tree')

    :param script: what the node's engine decides; None: Silence, Standby and Response in turn
    :param render: what the camera shows; see ``MockCamera``
    :param rate: pictures a second, each of which is judged
    :param parameters: further ones of the node
    """

    def __init__(
        self, script: Sequence[Cue] | None = None,
        render: Callable[[float], NDArray[np.uint8]] = grey, rate: float = 10.0,
        **parameters: Any,
    ) -> None:
        super().__init__()
        self.streamo = mock_node(
            script, self.context, **{'fps': rate or 10.0, **parameters})
        self.camera = MockCamera(
            render, rate, self.streamo.settings.cameras[0], context=self.context)
        for node in (self.streamo, self.camera):
            self.add(node)

    def add(self, node: Node) -> None:
        """Have another node run, one that was made in ``context``: a second camera, your own."""
        self._executor.add_node(node)

    def __enter__(self) -> 'MockRobot':
        """Wait until the node watches the camera."""
        try:
            self.wait(lambda: self.streamo.lifecycle == 'active', 'the node to be active')
            self.wait(lambda: self.camera.readers, 'the node to find the camera')
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """End the node and leave the graph."""
        self.streamo.end()
        for node in (self.streamo, self.camera):
            self._executor.remove_node(node)
            node.destroy_node()
        super().close()
