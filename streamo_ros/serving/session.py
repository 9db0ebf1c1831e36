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

"""One stream's life at the door: its messages are read in order, and its calls answered."""

import asyncio
from collections.abc import Coroutine
import json
import time
from typing import Any

from fastapi import WebSocket
from fastapi import WebSocketDisconnect
from fastapi.websockets import WebSocketState

from streamo_ros.dialogue import State
from streamo_ros.engine.remote.protocol import check_fps
from streamo_ros.engine.remote.protocol import FRAME_HEAD
from streamo_ros.engine.remote.protocol import MESSAGE_BYTES
from streamo_ros.engine.remote.protocol import OPEN_S
from streamo_ros.engine.remote.protocol import PICTURE_BYTES
from streamo_ros.engine.remote.protocol import PROTOCOL
from streamo_ros.engine.remote.protocol import ProtocolError
from streamo_ros.engine.remote.protocol import read_thresholds
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.serving.fleet import DeviceLost
from streamo_ros.serving.fleet import Fleet
from streamo_ros.serving.fleet import NoRoom
from streamo_ros.serving.fleet import Placed
from streamo_ros.serving.metrics import Metrics
from streamo_ros.serving.robots import Robot
from streamo_ros.strict_json import parse_json

SEND_S = 10.0
"""Seconds that a robot may take to take what is sent to it."""

CONTROLS = ('reset', 'cancel', 'interrupt')
MOST_ID, MOST_TEXT = 256, 65536
_REASON_BYTES = 2000


class Session:
    """
    One robot's stream, from its first message to the end.

    :param robot: that has shown its token
    :param name: of the stream
    """

    def __init__(
        self, socket: WebSocket, fleet: Fleet, metrics: Metrics, robot: Robot, name: str,
    ) -> None:
        self._socket = socket
        self._fleet = fleet
        self._metrics = metrics
        self._robot = robot
        self._name = name
        self._placed: Placed | None = None
        self._call: asyncio.Task[None] | None = None
        self._reason = ''
        self._reading: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Live until the robot, the device or the server ends it."""
        self._reading = asyncio.ensure_future(self._read())
        try:
            await self._reading
        except asyncio.CancelledError:
            if not self._reason:
                raise
        except WebSocketDisconnect:
            pass
        except ProtocolError as error:
            self._reason = f'a message that makes no sense: {error}'
        except NoRoom as error:
            self._metrics.refused('no room')
            self._reason = f'there is no room now: {error}'
        except DeviceLost as error:
            self._reason = str(error)
        except asyncio.TimeoutError:
            self._reason = 'the robot neither opens the stream nor reads what is said to it'
        finally:
            if self._call is not None:
                self._call.cancel()
            if self._placed is not None:
                await asyncio.shield(self._fleet.leave(self._placed))
        await self._close()

    def end(self, reason: str) -> None:
        """End it, with a reason that its robot is told."""
        if not self._reason and self._reading is not None:
            self._reason = reason
            self._reading.cancel()

    async def _read(self) -> None:
        first = await asyncio.wait_for(self._receive(), OPEN_S)
        received = time.monotonic()
        if not isinstance(first, dict) or first.get('call') != 'open':
            raise ProtocolError('the first one must be open')
        if first.get('protocol') != PROTOCOL:
            await self._send(received, {'refused': (
                f'the server speaks protocol {PROTOCOL} and the robot '
                f'{first.get("protocol")!r}: bring both to one release')})
            return
        served = self._fleet.served
        assert served is not None
        options = StreamOptions.from_json(first.get('options'))
        if (refusal := self._refusal(options.fps) or served.refusal(options)):
            await self._send(received, {'refused': refusal})
            return
        self._placed = await self._fleet.place(self._robot, self._name, options, self.end)
        await self._send(received, {'served': served.to_json()})
        while True:
            await self._take(await self._receive())

    async def _take(self, message: dict[str, Any] | bytes) -> None:
        received = time.monotonic()
        if isinstance(message, dict) and 'control' in message:
            await self._heed(message)
            return
        if self._call is not None and not self._call.done():
            raise ProtocolError('a call before the last one was answered')
        if isinstance(message, bytes):
            self._call = self._start(self._step(message, received))
        elif message.get('call') == 'time':
            await self._send(received, {})
        elif message.get('call') == 'watch':
            self._call = self._start(self._watch(message, received))
        elif message.get('call') == 'reconfigure':
            self._call = self._start(self._reconfigure(message, received))
        else:
            raise ProtocolError(f'call {message.get("call")!r} is not known')

    def _start(self, call: Coroutine[Any, Any, None]) -> 'asyncio.Task[None]':
        task = asyncio.ensure_future(call)
        task.add_done_callback(self._called)
        return task

    def _called(self, task: 'asyncio.Task[None]') -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.end(str(error) if isinstance(error, DeviceLost | ProtocolError)
                     else f'{type(error).__name__}: {error}')

    async def _heed(self, message: dict[str, Any]) -> None:
        what, id = message['control'], message.get('instruction_id', '')
        if what not in CONTROLS or not isinstance(id, str) or len(id) > MOST_ID:
            raise ProtocolError(f'control {what!r} is not known')
        assert self._placed is not None
        await self._fleet.control(self._placed, what, id)
        if what == 'cancel':
            self._placed.instructions.pop(id, None)

    async def _step(self, message: bytes, received: float) -> None:
        placed = self._placed
        assert placed is not None
        if not FRAME_HEAD.size < len(message) <= FRAME_HEAD.size + PICTURE_BYTES:
            raise ProtocolError(f'a frame of {len(message)} bytes')
        reply = await self._fleet.ask(placed, 'step', message)
        if 'error' not in reply:
            placed.ticks += 1
            placed.late_s = time.monotonic() - received
            responses = sum(fields[1] == State.RESPONSE for fields in reply['decisions'])
            placed.responses += responses
            self._metrics.ticked(
                self._robot.name, placed.late_s, reply['step_s'], len(message), responses)
        await self._send(received, reply)

    async def _watch(self, message: dict[str, Any], received: float) -> None:
        text, id = message.get('text'), message.get('instruction_id')
        look_back, answer = message.get('look_back', False), message.get('answer', [[], ''])
        if not (isinstance(text, str) and len(text) <= MOST_TEXT
                and (id is None or isinstance(id, str) and len(id) <= MOST_ID)
                and isinstance(look_back, bool) and _is_answer(answer)):
            raise ProtocolError('an instruction that is none')
        placed = self._placed
        assert placed is not None
        reply = await self._fleet.ask(placed, 'watch', text, id, look_back, answer)
        if 'error' not in reply:
            placed.instructions[reply['instruction_id']] = reply['text']
        await self._send(received, reply)

    async def _reconfigure(self, message: dict[str, Any], received: float) -> None:
        placed = self._placed
        assert placed is not None
        fps = check_fps(message.get('fps'))
        thresholds = read_thresholds(message.get('thresholds'))
        if (refusal := self._refusal(fps)):
            reply: dict[str, Any] = {'error': ['', refusal]}
        else:
            reply = await self._fleet.reconfigure(placed, fps, thresholds)
        await self._send(received, reply)

    def _refusal(self, fps: float) -> str:
        if fps > self._robot.fps:
            self._metrics.refused('fps')
            return (f'{fps:g} frames a second, and the server gives this robot '
                    f'{self._robot.fps:g}: lower fps')
        return ''

    async def _receive(self) -> dict[str, Any] | bytes:
        message = await self._socket.receive()
        if message['type'] == 'websocket.disconnect':
            raise WebSocketDisconnect
        if (data := message.get('bytes')) is not None:
            return bytes(data)
        text = message['text']
        if len(text) > MESSAGE_BYTES:
            raise ProtocolError(f'a message of {len(text)} characters')
        try:
            read = parse_json(text)
        except ValueError as error:
            raise ProtocolError(str(error)) from error
        if not isinstance(read, dict):
            raise ProtocolError('it is no object')
        return read

    async def _send(self, received: float, reply: dict[str, Any]) -> None:
        await self._put({**reply, 'received': received, 'replied': time.monotonic()})

    async def _put(self, message: dict[str, Any]) -> None:
        await asyncio.wait_for(self._socket.send_text(json.dumps(message)), SEND_S)

    async def _close(self) -> None:
        if self._socket.client_state is not WebSocketState.CONNECTED:
            return
        try:
            if self._reason:
                await self._put({'end': self._reason[:_REASON_BYTES]})
            await asyncio.wait_for(self._socket.close(), SEND_S)
        except (asyncio.TimeoutError, RuntimeError, WebSocketDisconnect):
            pass    # it has gone, or does not read


def _is_answer(answer: Any) -> bool:
    return (isinstance(answer, list) and len(answer) == 2 and isinstance(answer[0], list)
            and all(isinstance(choice, str) for choice in answer[0])
            and isinstance(answer[1], str))
