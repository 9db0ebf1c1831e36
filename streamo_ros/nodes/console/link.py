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
The console's end of one node: its topics, services and parameters, by their public names.

Everything here runs in the executor's thread, in one callback group, and waits for nothing: what a
service answers is given to a callback, and one that does not answer is noticed by a timer.
"""

from collections.abc import Callable
from collections.abc import Sequence
import functools
import secrets
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterEvent
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import GetParameters
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.callback_groups import CallbackGroup
from rclpy.client import Client
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from std_srvs.srv import SetBool
from std_srvs.srv import Trigger

from streamo_ros.dialogue import answer_format
from streamo_ros.dialogue import InstructionError
from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.msg import StructuredInstruction
from streamo_ros.msg import StructuredResponse
from streamo_ros.nodes.console.board import Board
from streamo_ros.nodes.console.board import Emit
from streamo_ros.nodes.console.board import number
from streamo_ros.nodes.console.calls import Calls
from streamo_ros.nodes.console.calls import Done
from streamo_ros.nodes.console.event_log import EventLog
from streamo_ros.nodes.console.pictures import CameraPictures
from streamo_ros.nodes.console.pictures import Picture
from streamo_ros.nodes.parameters import SPECIFICATION

LIVE = tuple(
    name for name, parameter in SPECIFICATION.items()
    if parameter.live and isinstance(parameter.default, float))
"""The parameters that may be changed while the node watches, as far as they are numbers."""

AGAIN_S, EVERY_S = 30.0, 2.0
"""For so long, and so often, an instruction that brought no state is sent again."""

STATE_DEPTH = 500
"""States that may wait: those that a node latches, and bursts."""


class Link:
    """
    The console's end of one node.

    :param name: the node's full name
    :param emit: takes what changes, for the browsers
    :param show: takes the pictures of its cameras
    """

    def __init__(
        self, node: Node, name: str, group: CallbackGroup, emit: Emit,
        show: Callable[[str, Picture], None],
    ) -> None:
        self.name = name
        self.board = Board(name, emit)
        self.frames: dict[int, bytes] = {}
        """The JPEG of each answer that somebody looked at the camera of, by its number."""
        self._node = node
        self._group = group
        self._emit = emit
        self._show = show
        self._pictures: dict[str, CameraPictures] = {}      # of the cameras that are looked at
        self._wanted: set[str] = set()
        self._troubles: dict[str, str] = {}
        self._calls = Calls()
        self._asked_parameters = False
        self._starts = 0    # that the parameters are of
        # Instructions that brought no state, when they were given, and when they are sent again.
        self._unheard: dict[str, tuple[Instruction | StructuredInstruction, float, float]] = {}
        self._logs = True   # unless its parameter event_log says that it does not
        self._instructions = node.create_publisher(Instruction, f'{name}/instruction', 32)
        self._structured = node.create_publisher(
            StructuredInstruction, f'{name}/structured_instruction', 32)
        node.create_subscription(
            StreamState, f'{name}/state', self._take_state,
            QoSProfile(depth=STATE_DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL),
            callback_group=group)
        node.create_subscription(
            Response, f'{name}/response', self._take_response, 100, callback_group=group)
        node.create_subscription(
            StructuredResponse, f'{name}/structured_response', self._take_structured, 100,
            callback_group=group)
        self._reset = self._client(Trigger, 'reset')
        self._enable = self._client(SetBool, 'enable')
        self._get = self._client(GetParameters, 'get_parameters')
        self._set = self._client(SetParametersAtomically, 'set_parameters_atomically')
        self.log = EventLog(node, name, group, self._calls, self._take_event)

    def _client(self, kind: Any, service: str) -> Client:
        return self._node.create_client(
            kind, f'{self.name}/{service}', callback_group=self._group)

    # What it says

    def _take_state(self, message: StreamState) -> None:
        self._unheard.pop(message.instruction_id, None)
        self.board.take_state(message, time.monotonic())

    def _take_response(self, message: Response) -> None:
        answer = self.board.take_response(message, time.monotonic())
        pictures = self._pictures.get(answer['camera'])
        picture = pictures.find(answer['stamp']) if pictures else None
        if picture is not None:
            answer['picture'] = True
            self.frames[answer['number']] = picture.jpeg
            kept = {answer['number'] for answer in self.board.answers}
            self.frames = {
                number: jpeg for number, jpeg in self.frames.items() if number in kept}
        self.board.tell_answer(answer)

    def _take_structured(self, message: StructuredResponse) -> None:
        self.board.take_structured(message, time.monotonic())

    def _take_event(self, event: dict[str, Any]) -> None:
        self.board.take_event(event)

    def take_diagnostics(self, message: DiagnosticArray) -> None:
        """Take what a message of ``/diagnostics`` says of it, if it does."""
        self.board.take_diagnostics(message.status, time.monotonic())

    def take_parameter_event(self, message: ParameterEvent) -> None:
        """Take which parameters were changed, by whomever."""
        changed = {
            one.name: number(one.value.double_value)
            for one in (*message.new_parameters, *message.changed_parameters)
            if one.name in LIVE and one.value.type == ParameterType.PARAMETER_DOUBLE}
        if changed:
            self.board.take_parameters(changed)

    def look_after(self) -> None:
        """Notice what is not said, once a second: that it is gone, or does not answer."""
        now = time.monotonic()
        was = self.board.present
        self.board.look_after(now)
        if was and not self.board.present or self._starts != self.board.starts:
            self._starts = self.board.starts
            self._asked_parameters = False
        self._send_again(now)
        if self.board.present and not self._asked_parameters and self._get.service_is_ready():
            self._asked_parameters = True
            self._ask_parameters()
        self._calls.look_after()
        self.log.look_after()
        self.board.take_services(
            self.log.services() if self.board.present and self._logs else [])

    def _ask_parameters(self) -> None:
        def take(response: GetParameters.Response | None, trouble: str) -> None:
            if response is None or len(response.values) != len(LIVE) + 2:
                self._asked_parameters = False
                return
            *live, cameras, log = response.values
            self.board.take_cameras(list(cameras.string_array_value))
            self.board.take_parameters({
                name: number(value.double_value) for name, value in zip(LIVE, live)})
            self._logs = log.type != ParameterType.PARAMETER_STRING or log.string_value != ''

        self._calls.call(
            self._get, GetParameters.Request(names=[*LIVE, 'cameras', 'event_log']), take)

    # What is asked of it

    def hears(self) -> bool:
        """Return whether it is there to hear what it is told."""
        return bool(
            self._instructions.get_subscription_count() and self._reset.service_is_ready())

    def check(self, choices: Sequence[str], json_schema: str, done: Done) -> None:
        """Say whether an instruction may ask for such data, as far as that needs no model."""
        try:
            answer_format(choices, json_schema)
        except InstructionError as error:
            done(None, str(error))
        else:
            done(None, '')

    def instruct(
        self, text: str, camera: str, once: bool, done: Done, choices: Sequence[str] = (),
        json_schema: str = '',
    ) -> None:
        """
        Send an instruction; ``done`` gets the id that tells its states.

        :param choices: one of which its answers have beside their words
        :param json_schema: or what they have, as a JSON schema
        """
        try:
            answer = answer_format(choices, json_schema)
        except InstructionError as error:
            done(None, str(error))
            return
        id = f'console-{secrets.token_hex(3)}'
        asked = Instruction(action=Instruction.ADD, id=id, text=text, camera=camera, once=once)
        message = asked if answer is None else StructuredInstruction(
            instruction=asked, choices=list(choices), json_schema=json_schema)
        if not self.board.present and not self._publisher(message).get_subscription_count():
            done(None, self._absent)
            return
        now = time.monotonic()
        self._unheard[id] = message, now, now + EVERY_S
        self._publish(message)
        done(id, '')

    def _send_again(self, now: float) -> None:
        """
        Send again what brought no state.

        A node is heard before it hears. While it takes another's place, a reader may be known that
        is not reached yet, and one that was killed counts as reached.
        """
        for id, (message, given, due) in list(self._unheard.items()):
            if now - given > AGAIN_S:
                del self._unheard[id]
            elif now >= due:
                self._unheard[id] = message, given, now + EVERY_S
                self._publisher(message).publish(message)

    def _publisher(self, message: Instruction | StructuredInstruction) -> Publisher:
        return self._structured if isinstance(
            message, StructuredInstruction) else self._instructions

    def withdraw(self, id: str, done: Done) -> None:
        """Withdraw an instruction."""
        self._unheard.pop(id, None)
        self._tell(Instruction(action=Instruction.CANCEL, id=id), done)

    def clear(self, done: Done) -> None:
        """Withdraw all instructions."""
        self._unheard.clear()
        self._tell(Instruction(action=Instruction.CLEAR), done)

    @property
    def _absent(self) -> str:
        return f'{self.name} is not there to hear it'

    def _tell(self, message: Instruction, done: Done) -> None:
        if self._instructions.get_subscription_count():
            self._publish(message)
            done(None, '')
        else:
            done(None, self._absent)

    def _publish(self, message: Instruction | StructuredInstruction) -> None:
        asked = message.instruction if isinstance(message, StructuredInstruction) else message
        asked.source = 'console'
        asked.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher(message).publish(message)

    def reset(self, done: Done) -> None:
        """Empty its window."""
        self._calls.call(self._reset, Trigger.Request(), _said(done))

    def enable(self, enabled: bool, done: Done) -> None:
        """Activate or deactivate it."""
        self._calls.call(self._enable, SetBool.Request(data=enabled), _said(done))

    def set(self, name: str, value: float, done: Done) -> None:
        """Change a parameter that may be changed while it watches."""
        if name not in LIVE:
            done(None, f'{name} cannot be changed while the node watches')
            return

        def take(response: SetParametersAtomically.Response | None, trouble: str) -> None:
            if response is None or not response.result.successful:
                done(None, trouble if response is None else response.result.reason
                     or f'{name} was refused')
                return
            self.board.take_parameters({name: value})
            done(value, '')

        self._calls.call(self._set, SetParametersAtomically.Request(parameters=[ParameterMessage(
            name=name, value=ParameterValue(
                type=ParameterType.PARAMETER_DOUBLE, double_value=float(value)))]), take)

    # Its cameras

    def look(self, camera: str, looks: bool) -> None:
        """Begin to look at a camera, or look no longer."""
        (self._wanted.add if looks else self._wanted.discard)(camera)
        self.poll()

    def poll(self) -> None:
        """Fit the subscriptions to the cameras that are looked at; every now and then."""
        topics = self.board.topics
        for camera in list(self._pictures):
            if camera not in self._wanted:
                self._pictures.pop(camera).close()
                self._tell_trouble(camera, '')
        for camera in self._wanted & set(topics):
            if camera not in self._pictures:
                self._pictures[camera] = CameraPictures(
                    self._node, topics[camera], functools.partial(self._show, camera),
                    self._group)
                self._pictures[camera].open()
        for camera, pictures in self._pictures.items():
            pictures.poll()
            self._tell_trouble(camera, pictures.trouble)

    def _tell_trouble(self, camera: str, trouble: str) -> None:
        if self._troubles.get(camera, '') != trouble:
            self._troubles[camera] = trouble
            self._emit({'kind': 'picture_trouble', 'node': self.name, 'camera': camera,
                        'trouble': trouble})


def _said(done: Done) -> Done:
    """Return what takes a response that says whether it has succeeded, and why not."""
    def take(response: Any, trouble: str) -> None:
        if response is None or not response.success:
            done(None, trouble or response.message or 'it was refused')
        else:
            done(response.message, '')
    return take
