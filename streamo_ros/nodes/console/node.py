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

"""The console as a node: what it hears of the nodes it shows, and asks of them for browsers."""

from typing import Any

from rclpy.node import Node

from streamo_ros.nodes.console.links import Links
from streamo_ros.nodes.console.pictures import Picture
from streamo_ros.nodes.console.server import Server
from streamo_ros.nodes.console.settings import declare
from streamo_ros.nodes.process.run_node import STOP_S


class ConsoleNode(Node):
    """
    The console, ``/streamo_console`` by default.

    The web server has a thread of its own, and hands what browsers ask for to the links.

    :param options: of ``rclpy.node.Node``
    :raises ParameterError: when the parameters make no sense
    """

    def __init__(self, **options: Any) -> None:
        super().__init__('streamo_console', **options)
        settings = declare(self)
        links = Links(self, settings.nodes, self._tell, self._show)
        self.server = Server(settings, links.all, links.post)
        self.server.start()
        self.get_logger().info(f'the console is at {self.server.url}')
        if settings.token and not settings.certificate:
            self.get_logger().warning(
                'token and pictures travel unencrypted: give a certificate, or come through '
                'ssh -L, unless the network is trusted')

    def end(self) -> None:
        """Disconnect the browsers."""
        self.server.stop(STOP_S / 2)

    def _tell(self, event: dict[str, Any]) -> None:
        self.server.tell(event)

    def _show(self, camera: tuple[str, str], picture: Picture) -> None:
        self.server.show(camera, picture)
