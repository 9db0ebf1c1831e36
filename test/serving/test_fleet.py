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

"""Streams are placed where there is room, and a device that hangs is started anew."""

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scripted_model import breaks
from scripted_model import HANGS
from scripted_model import HANGS_FILE
from scripted_model import refuses
from scripted_model import ScriptedModel
from scripted_model import SIZE

from streamo_ros.engine.remote.picture import PictureSize
from streamo_ros.engine.remote.protocol import FRAME_HEAD
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.thresholds import LIKELIEST
from streamo_ros.serving import fleet as fleet_module
from streamo_ros.serving.fleet import DeviceLost
from streamo_ros.serving.fleet import Fleet
from streamo_ros.serving.fleet import FleetError
from streamo_ros.serving.fleet import NoRoom
from streamo_ros.serving.robots import Robot

FRAME = FRAME_HEAD.pack(0.0, *SIZE) + PictureSize().encode(
    np.zeros((*SIZE, 3), np.uint8), SIZE, 1.0).jpeg


def robot(name, priority=0):
    return Robot(name, 24 * 'x', streams=4, fps=30.0, priority=priority)


@asynccontextmanager
async def running(most_streams=2):
    fleet = Fleet(partial(ScriptedModel, most_streams), 'local', 1)
    try:
        await fleet.start()
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture(autouse=True)
def importable(ray_lock, monkeypatch):
    """Let the device's process import this module."""
    monkeypatch.setenv('PYTHONPATH', f'{Path(__file__).parent}', prepend=':')


async def place(fleet, robot, name='front', **options):
    ends = []
    return await fleet.place(robot, name, StreamOptions(**options), ends.append), ends


def test_a_higher_priority_takes_the_place_of_the_latest_of_the_lowest():
    async def run():
        async with running() as fleet:
            first, first_ends = await place(fleet, robot('first'))
            _, second_ends = await place(fleet, robot('second'))
            with pytest.raises(NoRoom, match='its memory holds 2 streams'):
                await place(fleet, robot('third'))
            await place(fleet, robot('urgent', priority=1))
            assert not first_ends
            assert 'urgent has a higher priority' in second_ends[0]
            assert set(fleet.streams) == {'first/front', 'urgent/front'}
            assert len((await fleet.ask(first, 'step', FRAME))['decisions']) == 0
            await fleet.leave(first)
            await place(fleet, robot('third'))
    asyncio.run(run())


def test_nobody_gives_up_a_place_that_would_not_be_enough():
    async def run():
        async with running(most_streams=8) as fleet:
            ends = [(await place(fleet, robot(name, priority), fps=fps))[1]
                    for name, priority, fps in (
                        ('same', 1, 30.0), ('other', 1, 30.0), ('lesser', 0, 15.0))]
            # By the probe there is time for 80 ticks a second; without the lesser one for 20 more.
            with pytest.raises(NoRoom, match='105% of its time'):
                await place(fleet, robot('greedy', priority=1), fps=30.0)
            assert not any(ends) and len(fleet.streams) == 3
            await place(fleet, robot('modest', priority=1), fps=15.0)
            assert [len(end) for end in ends] == [0, 0, 1]
    asyncio.run(run())


def test_a_rate_that_hangs_holds_up_nobody(monkeypatch, tmp_path):
    hangs = tmp_path / 'hangs'
    monkeypatch.setenv(HANGS_FILE, str(hangs))

    async def run():
        async with running() as fleet:
            hung, _ = await place(fleet, robot('hung'), fps=HANGS)
            step = asyncio.ensure_future(fleet.ask(hung, 'step', FRAME))
            while not hangs.exists():
                await asyncio.sleep(0.01)
            change = asyncio.ensure_future(fleet.reconfigure(hung, 1.0, LIKELIEST))
            placed, _ = await asyncio.wait_for(place(fleet, robot('well')), 60.0)
            assert 'decisions' in await fleet.ask(placed, 'step', FRAME)
            assert not change.done()
            for one in (step, change):
                one.cancel()
    asyncio.run(run())


def test_a_rate_is_raised_where_there_is_time_and_known_from_then_on():
    async def run():
        async with running(most_streams=2) as fleet:
            one, _ = await place(fleet, robot('one'), fps=1.0)
            await place(fleet, robot('two'), fps=30.0)
            assert await fleet.reconfigure(one, 30.0, LIKELIEST) == {}
            assert one.options.fps == 30.0
            assert (await fleet.loads())[0].fps == 60.0
            refused = await fleet.reconfigure(one, 60.0, LIKELIEST)
            assert '90% of its time' in refused['error'][1]
            assert one.options.fps == 30.0
            assert await fleet.reconfigure(one, 5.0, LIKELIEST) == {}
            assert (await fleet.loads())[0].fps == 35.0
    asyncio.run(run())


@pytest.mark.parametrize('load, sentence', [
    (breaks, '^the checkpoint was not loaded: OSError: the disk is gone$'),
    (refuses, '^the checkpoint was not loaded: CheckpointError: there is no decoder in it$')])
def test_a_checkpoint_that_cannot_be_loaded_is_said_in_a_sentence(load, sentence):
    async def run():
        fleet = Fleet(load, 'local', 1)
        try:
            with pytest.raises(FleetError, match=sentence):
                await fleet.start()
        finally:
            fleet.stop()
    asyncio.run(run())


def test_a_stream_that_would_make_others_late_has_no_room():
    async def run():
        async with running(most_streams=8) as fleet:
            for name in ('front', 'rear'):
                await place(fleet, robot('fast'), name, fps=30.0)
            # By the probe, 90 ticks a second would take more than four fifths of the time.
            with pytest.raises(NoRoom, match='90% of its time'):
                await place(fleet, robot('fast'), 'third', fps=30.0)
            await place(fleet, robot('slow'), fps=1.0)
            fleet.draining = True
            with pytest.raises(NoRoom, match='about to end'):
                await place(fleet, robot('late'))
    asyncio.run(run())


def test_a_device_that_hangs_is_started_anew_and_holds_up_nobody(monkeypatch, tmp_path):
    monkeypatch.setattr(fleet_module, 'STUCK_S', 1.0)
    hangs = tmp_path / 'hangs'
    monkeypatch.setenv(HANGS_FILE, str(hangs))

    async def run():
        async with running() as fleet:
            hung, _ = await place(fleet, robot('hung'), fps=HANGS)
            step = asyncio.ensure_future(fleet.ask(hung, 'step', FRAME))
            while not hangs.exists():
                await asyncio.sleep(0.01)
            await fleet.leave(hung)     # its robot gave up; nobody waits for its step
            before = (await fleet.loads())[0]
            assert before.streams == 0
            with pytest.raises(DeviceLost):
                await step

            async def well():
                while True:
                    try:
                        return await place(fleet, robot('well'))
                    except NoRoom:
                        await asyncio.sleep(0.05)
            placed, _ = await asyncio.wait_for(well(), 60.0)
            assert 'decisions' in await fleet.ask(placed, 'step', FRAME)
            assert (await fleet.loads())[0].pid != before.pid
    asyncio.run(run())
