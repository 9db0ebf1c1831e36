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
The devices of a server, on Ray, and which of them watches which stream.

A device is an actor: of a GPU where the cluster has some, else of a share of its processors. Ray
starts one that dies again, where there is room; its streams are lost then, and their robots come
again.
"""

import asyncio
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import itertools
import logging
import time
from typing import Any

from streamo_ros.engine.process.protocol import read_error
from streamo_ros.engine.remote.protocol import Served
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.errors import UserError
from streamo_ros.serving.admission import Load
from streamo_ros.serving.device import Device
from streamo_ros.serving.robots import Robot
from streamo_ros.serving.served_model import ServedModel

STARTED_S = 600.0
"""Seconds that a checkpoint may take to be loaded."""

ASKED_S = 5.0
"""Seconds in which a device says what it has to do; one that does not gets no stream."""

STUCK_S = 120.0
"""Seconds that a device may be at one call; one that takes longer hangs, and is started anew."""

MOST_CALLS = 512
"""Calls that a device takes at once: one of each stream."""


class FleetError(UserError, RuntimeError):
    """A cluster or its devices that cannot be used; the message says what would help."""


class NoRoom(Exception):
    """No device has room for a stream; the message says why, for each."""


class DeviceLost(Exception):
    """A device that died, or cannot be reached; the message says so."""


@dataclass(eq=False)
class Placed:
    """
    A stream on its device.

    :param number: of its kind the only one ever: a connection that comes again is another stream
    :param end: ends it, with a reason; called in the loop's thread
    :param instructions: that stand, by id
    :param ticks: decided so far
    :param late_s: seconds of the latest tick, from its arrival at the door to its answer
    """

    number: int
    robot: Robot
    name: str
    options: StreamOptions
    device: int
    end: Callable[[str], None]
    since: float = field(default_factory=time.time)
    instructions: dict[str, str] = field(default_factory=dict)
    ticks: int = 0
    responses: int = 0
    late_s: float = 0.0

    @property
    def id(self) -> str:
        """Return its name among all robots' streams."""
        return f'{self.robot.name}/{self.name}'

    @property
    def key(self) -> str:
        """Return its name at its device, where a late call of an earlier one finds nothing."""
        return f'{self.id} {self.number}'


class Fleet:
    """
    The devices and the streams on them; for one event loop.

    :param load: loads what a device serves
    :param devices: how many; 0: one for each GPU of the cluster, or one
    """

    def __init__(self, load: Callable[[], ServedModel], address: str, devices: int) -> None:
        self._load = load
        self._address = address
        self._count = devices
        self._actors: list[Any] = []
        self._placing = asyncio.Lock()
        self._numbers = itertools.count()
        self.streams: dict[str, Placed] = {}
        self.served: Served | None = None
        self.draining = False

    async def start(self) -> None:
        """
        Join the cluster, or begin one of this machine, and load the checkpoint on every device.

        :raises FleetError: when that is not possible
        """
        ray = _ray()
        try:
            ray.init(
                address=self._address, log_to_driver=False, logging_level=logging.ERROR,
                **({'include_dashboard': False} if self._address == 'local' else {}))
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise FleetError(
                f'there is no Ray cluster at {self._address!r} ({error}): start one with '
                '`ray start --head`, or leave --ray out') from error
        resources = ray.cluster_resources()
        gpus = int(resources.get('GPU', 0))
        count = self._count or gpus or 1
        share = {'num_gpus': 1} if gpus else {
            'num_cpus': max(1, int(resources.get('CPU', 1)) // count)}
        actor = ray.remote(
            max_restarts=-1, max_concurrency=MOST_CALLS, concurrency_groups={'control': 8},
            **share)(Device)
        self._actors = [actor.remote(self._load) for _ in range(count)]
        try:
            self.served = [
                Served.from_json(await self._within(STARTED_S, number, 'served'))
                for number in range(count)][0]
        except DeviceLost as error:
            raise FleetError(f'the checkpoint was not loaded: {error}') from error

    def stop(self) -> None:
        """Leave the cluster; a local one ends."""
        _ray().shutdown()

    async def place(
        self, robot: Robot, name: str, options: StreamOptions, end: Callable[[str], None],
    ) -> Placed:
        """
        Begin a stream where there is room; one of that name that there is ends.

        :raises NoRoom: when there is none, nor any that a lesser robot could give up
        """
        async with self._placing:
            if self.draining:
                raise NoRoom('the server is about to end: another one may have room')
            if (old := self.streams.pop(f'{robot.name}/{name}', None)) is not None:
                old.end('another connection watches this stream now')
                await self._leave(old)
            held = sum(one.robot.name == robot.name for one in self.streams.values())
            if held >= robot.streams:
                raise NoRoom(f'robot {robot.name} has {held} streams, as many as it may')
            loads = await self.loads()
            refusals = [load.refusal(options.fps) if isinstance(load, Load) else load
                        for load in loads]
            free = [(load.share, number) for number, load in enumerate(loads)
                    if isinstance(load, Load) and not refusals[number]]
            device = min(free)[1] if free else await self._make_room(robot, options, loads)
            if device is None:
                raise NoRoom('; '.join(
                    f'device {number}: {why}' for number, why in enumerate(refusals)))
            return await self._begin(
                Placed(next(self._numbers), robot, name, options, device, end))

    async def _make_room(
        self, robot: Robot, options: StreamOptions, loads: Sequence[Load | str],
    ) -> int | None:
        """
        End streams of robots of a lower priority, where that makes room for one of a robot.

        :returns: the device that has room then; None where all of them would not be enough, and
            none was ended
        """
        enough = [
            (number, lesser) for number, load in enumerate(loads) if isinstance(load, Load)
            and (lesser := self._lesser(number, load, robot, options)) is not None]
        if not enough:
            return None
        device, ended = min(enough, key=lambda one: (
            max(placed.robot.priority for placed in one[1]), len(one[1])))
        for placed in ended:
            placed.end(
                f'robot {robot.name} has a higher priority, and there is no room for both')
            await self.leave(placed)
        return device

    def _lesser(
        self, device: int, load: Load, robot: Robot, options: StreamOptions,
    ) -> list[Placed] | None:
        """Return the fewest streams without which a device has room, the least of them first."""
        ended: list[Placed] = []
        for placed in sorted(
                (one for one in self.streams.values()
                 if one.device == device and one.robot.priority < robot.priority),
                key=lambda one: (one.robot.priority, -one.since)):
            ended.append(placed)
            left = replace(
                load, streams=load.streams - len(ended),
                fps=load.fps - sum(one.options.fps for one in ended))
            if not left.refusal(options.fps):
                return ended
        return None

    async def leave(self, placed: Placed) -> None:
        """End a stream on its device."""
        if self.streams.get(placed.id) is placed:
            del self.streams[placed.id]
            await self._leave(placed)

    async def ask(self, placed: Placed, call: str, *arguments: Any) -> dict[str, Any]:
        """
        Return what a stream's device answers.

        :raises DeviceLost: when it died
        """
        asked: asyncio.Task[dict[str, Any]] = asyncio.ensure_future(
            self._call(placed.device, call, placed.key, *arguments))
        # It is watched to its end, even if the robot has gone meanwhile.
        stuck = asyncio.get_running_loop().call_later(
            STUCK_S, self._start_anew, placed.device)

        def ended(done: 'asyncio.Task[dict[str, Any]]') -> None:
            stuck.cancel()
            if not done.cancelled():
                done.exception()    # which nobody may be there any more to take

        asked.add_done_callback(ended)
        return await asyncio.shield(asked)

    async def reconfigure(
        self, placed: Placed, fps: float, thresholds: Thresholds,
    ) -> dict[str, Any]:
        """
        Have a stream go on at another rate, where its device has time for it.

        :raises DeviceLost: when that died
        """
        if fps > placed.options.fps:
            load = (await self.loads())[placed.device]
            why = load.lateness(fps - placed.options.fps) if isinstance(load, Load) else load
            if why:
                return {'error': ['', f'there is no room for {fps:g} frames a second: {why}']}
        # Not with the lock of placing: a device that hangs would hold up all others' streams.
        reply = await self.ask(placed, 'reconfigure', fps, thresholds)
        if 'error' not in reply:
            placed.options = replace(placed.options, fps=fps)
        return reply

    async def control(self, placed: Placed, what: str, id: str) -> None:
        """
        Have a stream's device heed a control message, whatever it is doing.

        :raises DeviceLost: when it died
        """
        await self._call(placed.device, 'control', placed.key, what, id, group='control')

    async def loads(self) -> list[Load | str]:
        """Return what each device has to do, or why that is not known."""
        async def ask(number: int) -> Load | str:
            try:
                load: Load = await self._within(ASKED_S, number, 'load')
                return load
            except DeviceLost as error:
                return str(error)
        return list(await asyncio.gather(*map(ask, range(len(self._actors)))))

    def _start_anew(self, device: int) -> None:
        """Have Ray end a device that hangs, and start it again."""
        _ray().kill(self._actors[device], no_restart=False)

    async def _begin(self, placed: Placed) -> Placed:
        try:
            reply = await self.ask(placed, 'open', placed.options, placed.robot.instructions)
        except DeviceLost as error:
            raise NoRoom(str(error)) from error
        if 'error' in reply:
            raise NoRoom(str(read_error(reply['error'])))
        self.streams[placed.id] = placed
        return placed

    async def _leave(self, placed: Placed) -> None:
        try:
            await self._within(ASKED_S, placed.device, 'close', placed.key)
        except DeviceLost:
            pass    # and the stream with it

    async def _within(self, seconds: float, device: int, call: str, *arguments: str) -> Any:
        try:
            return await asyncio.wait_for(
                self._call(device, call, *arguments, group='control'), seconds)
        except asyncio.TimeoutError as error:
            raise DeviceLost(f'it said nothing for {seconds:g} s') from error

    async def _call(self, device: int, call: str, *arguments: Any, group: str = '') -> Any:
        from ray.exceptions import RayActorError
        method = getattr(self._actors[device], call)
        if group:
            method = method.options(concurrency_group=group)
        try:
            return await method.remote(*arguments)
        except RayActorError as error:
            raise DeviceLost(
                _why_not_begun(error) if error.actor_init_failed else 'the device was lost'
            ) from error


def _why_not_begun(error: Exception) -> str:
    """Return what an actor's beginning ended with: Ray tells it at the end of a trace."""
    kind, colon, sentence = str(error).strip().splitlines()[-1].partition(': ')
    return f'{kind.rpartition(".")[2]}{colon}{sentence}'


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise FleetError(
            f'a server needs Ray ({error}): pip install "streamo_ros[serve]", here and on the '
            'machines of its cluster') from error
    return ray
