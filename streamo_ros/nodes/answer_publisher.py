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

"""Where answers go: their words on ``~/response``, with their data on a topic of its own."""

from rclpy.node import Node

from streamo_ros.msg import Response
from streamo_ros.msg import StructuredResponse

DEPTH = 10
"""Answers that wait for a slow reader."""


class AnswerPublisher:
    """Publishes answers for a node."""

    def __init__(self, node: Node) -> None:
        self._words = node.create_publisher(Response, '~/response', DEPTH)
        self._data = node.create_publisher(StructuredResponse, '~/structured_response', DEPTH)

    def publish(self, response: Response, data: StructuredResponse | None) -> None:
        """
        Publish an answer.

        :param data: of it, where that was asked for
        """
        self._words.publish(response)
        if data is not None:
            self._data.publish(data)
