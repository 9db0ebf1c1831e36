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

"""What is heard of one node of a graph, and what is asked of it."""

from collections import Counter
from collections.abc import Mapping
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import GetState
from rclpy.client import Client
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile

from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.tools.graph_runner import GraphRunner

DEPTH = 1000
AGAIN_S = 0.5  # after which an answer is taken for lost


class Console:
    """
    An operator's console; a subclass does more with what it hears.

    :param runner: of the graph that the node is in
    :param name: the node's full name
    :param depth: messages of each topic that may wait
    """

    def __init__(self, runner: GraphRunner, name: str = '/streamo', depth: int = DEPTH) -> None:
        self.name = name
        self.ready = False
        """Whether the node has said that it watches."""
        self.latest: dict[str, StreamState] = {}
        """The last state of each instruction, repeats included; '' is that of none."""
        self.reports = 0
        """Diagnostics of the node that have come."""
        self._runner = runner
        self._parts: dict[str, dict[str, str]] = {}
        self._clients: dict[str, Client] = {}
        self._discovered = False
        node = runner.node
        node.create_subscription(
            StreamState, f'{name}/state', self.take_state,
            QoSProfile(depth=depth, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        node.create_subscription(Response, f'{name}/response', self.take_response, depth)
        node.create_subscription(DiagnosticArray, '/diagnostics', self._take_diagnostics, 100)
        self.instructions = node.create_publisher(Instruction, f'{name}/instruction', 100)

    def take_state(self, message: StreamState) -> None:
        """Take a state."""
        if message.status == StreamState.STATUS_REFUSED:
            return
        self.ready = self.ready or message.status in (
            StreamState.STATUS_OK, StreamState.STATUS_NO_FRAMES)
        self.latest[message.instruction_id] = message

    def take_response(self, message: Response) -> None:
        """Take an answer."""

    def take_diagnostics(self, message: DiagnosticArray) -> None:
        """Take diagnostics of the node."""
        self._parts = {
            status.name.removeprefix(f'{self.name}: '): {
                value.key: value.value for value in status.values}
            for status in message.status}
        self.reports += 1

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        if message.status[0].name.startswith(f'{self.name}: '):
            self.take_diagnostics(message)

    def values(self, part: str) -> Mapping[str, str]:
        """Return the figures of the newest diagnostics of a part: stream, inference ..."""
        return self._parts.get(part, {})

    def frame_counts(self) -> Counter[str]:
        """Return what the newest diagnostics count of frames, all cameras together."""
        counts: Counter[str] = Counter()
        for part, values in self._parts.items():
            if part.startswith('stream'):
                counts.update({
                    name: int(value) for name, value in values.items()
                    if name.startswith('frames_')})
        return counts

    def await_discovery(self) -> None:
        """
        Wait until the node has discovered all subscriptions and clients that are here by now.

        What it publishes before, and its responses ("failed to send response (timeout)"), do not
        arrive; and that this side has discovered the node does not say that the node has
        discovered this side. DDS announces the readers of a process in their order, so a node
        whose response has reached the latest client has discovered those before it.
        """
        runner = self._runner
        client = runner.node.create_client(GetState, f'{self.name}/get_state')
        runner.wait(client.service_is_ready, f'the node {self.name}')
        answers = [client.call_async(GetState.Request())]
        asked_at = time.monotonic()

        def answered() -> bool:
            nonlocal asked_at
            if time.monotonic() - asked_at > AGAIN_S:
                answers.append(client.call_async(GetState.Request()))
                asked_at = time.monotonic()
            return any(answer.done() for answer in answers)

        runner.wait(answered, f'an answer of {self.name}')
        runner.node.destroy_client(client)

    def await_ready(self) -> None:
        """Wait until the node can hear instructions and follow them."""
        self._await_reader()
        self._runner.wait(lambda: self.ready, f'{self.name} to load its checkpoint')

    def await_report(self) -> None:
        """Wait for diagnostics that were made after this call."""
        # One may have been on its way; the second was not.
        reports = self.reports
        self._runner.wait(lambda: self.reports > reports + 1, 'diagnostics')

    def ask(
        self, text: str = '', id: str = '', action: int = Instruction.ADD, **fields: Any
    ) -> None:
        """Send an instruction message, once the node can hear it."""
        self._await_reader()
        self.instructions.publish(Instruction(action=action, id=id, text=text, **fields))

    def _await_reader(self) -> None:
        if not self._discovered:
            self._runner.wait(
                self.instructions.get_subscription_count, f'a reader of {self.name}/instruction')
            self.await_discovery()
            self._discovered = True

    def client(self, kind: Any, service: str) -> Client:
        """Return a client of a service of the node, that the node knows."""
        if service not in self._clients:
            client = self._runner.node.create_client(kind, f'{self.name}/{service}')
            self._runner.wait(client.service_is_ready, f'the service {self.name}/{service}')
            self.await_discovery()
            self._clients[service] = client
        return self._clients[service]

    def call(self, kind: Any, service: str, request: Any = None) -> Any:
        """Call a service of the node; return its response."""
        answer = self.client(kind, service).call_async(request or kind.Request())
        self._runner.wait(answer.done, f'a response of {self.name}/{service}')
        return answer.result()
