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
``streamo bench events``: what a full event log costs, to write, to list and to ask.

The events are made up: a few instructions, answers in some hundred wordings, ten seconds apart,
one in a thousand of them two hours long.
Each kind of list is asked for at random places of the log; a write is a commit of one event, as
the node makes it, and is given against what the file system needs to sync one page.
"""

from collections.abc import Callable
from dataclasses import dataclass
import os
from pathlib import Path
import random
import sys
import tempfile
import time

import numpy as np
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.events.asking import ask
from streamo_ros.events.event import Event
from streamo_ros.events.event import Picture
from streamo_ros.events.event_log import Bounds
from streamo_ros.events.event_log import EventLog
from streamo_ros.events.event_log import FILE
from streamo_ros.events.event_reader import EventQuery
from streamo_ros.events.event_reader import EventReader

_APART = 10 * 10**9
_BATCH = 5000
_END = 1_800_000_000 * 10**9
_CAMERAS = ('front', 'rear', 'hall')
_INSTRUCTIONS = {
    'Tell me when the light goes off or on.': ('The light went off', 'The light went on'),
    'Tell me when somebody comes in or leaves.': ('A person came in', 'A person left'),
    'Tell me when the ball falls off the table.': ('The ball fell off the table',),
    'Tell me when the door opens or closes.': ('The door opened', 'The door closed')}
_PLACES = ('', ' in the kitchen', ' in the hall', ' near shelf', ' beside gate')


@dataclass(frozen=True)
class Figures:
    """
    A log's.

    :param mib: of the file
    :param bytes_each: of an event without pictures
    :param fill_events_s: events written a second, in commits of many
    :param commit_p95_ms: of one event with two small pictures
    :param commit_over_sync: median of that as a multiple of the sync of a page
    :param pages_p50_ms: of a list, by what it is asked for; ``total`` is counted each time
    :param asked_p95_ms: of questions of one day
    """

    events: int
    mib: float
    bytes_each: float
    fill_events_s: float
    commit_p95_ms: float
    commit_over_sync: float
    pages_p50_ms: dict[str, float]
    pages_p95_ms: dict[str, float]
    asked_p95_ms: float


def measure(events: int, lists: int = 40) -> Figures:
    """
    Fill a log in a temporary folder and measure it.

    :param events: how many it has
    :param lists: of each kind
    """
    with tempfile.TemporaryDirectory(prefix='streamo_events_') as place:
        folder = Path(place) / 'log'
        rng = random.Random(0)
        with EventLog(folder, Bounds(36500.0, 2**40, 10**9)) as log:
            filled = _fill(log, events, rng)
            size = (folder / FILE).stat().st_size
            commits, syncs = _commits(log, Path(place), rng, lists)
            p50, p95 = {}, {}
            with EventReader(folder) as reader:
                for name, query in _queries(events, rng).items():
                    took = [_timed(reader.page, query()) for _ in range(lists)]
                    p50[name], p95[name] = (
                        round(1e3 * float(value), 2) for value in np.percentile(took, (50, 95)))
                asked = [
                    _timed(ask, reader, question, _END - rng.randrange(events) * _APART, 'UTC')
                    for question in (
                        'How often did the light go off today?', 'When did somebody last come in?',
                        'What happened in the last ten minutes?') for _ in range(lists // 4)]
    return Figures(
        events, round(size / 2**20, 1), round(size / events, 1), round(filled, 0),
        round(1e3 * float(np.percentile(commits, 95)), 2),
        round(float(np.median(commits) / np.median(syncs)), 2), p50, p95,
        round(1e3 * float(np.percentile(asked, 95)), 1))


def _event(number: int, rng: random.Random) -> Event:
    instruction = rng.choice([*_INSTRUCTIONS])
    text = f'{rng.choice(_INSTRUCTIONS[instruction])}{rng.choice(_PLACES)}.'
    ended = _END - number * _APART
    return Event(
        State.RESPONSE, ended - (2 if number % 1000 else 7200) * 10**9, ended,
        rng.choice(_CAMERAS), f'i{len(instruction)}', instruction, text, probability=0.9,
        latency_s=0.3, response_seq=number, checkpoint='nano', frame_id='optical', logged=ended)


def _fill(log: EventLog, events: int, rng: random.Random) -> float:
    """Add events, the oldest first; return how many a second."""
    start = time.perf_counter()
    with tqdm(total=events, unit=' event', leave=False,
              disable=not sys.stderr.isatty()) as progress:
        for first in range(events, 0, -_BATCH):
            numbers = range(first, max(first - _BATCH, 0), -1)
            log.add([(_event(number, rng), ()) for number in numbers])
            progress.update(len(numbers))
    return events / (time.perf_counter() - start)


def _commits(
    log: EventLog, place: Path, rng: random.Random, count: int,
) -> tuple[list[float], list[float]]:
    """Return the seconds of commits of one event, and of syncs of one page beside them."""
    pictures = [Picture(0, rng.randbytes(40_000)), Picture(1, rng.randbytes(40_000))]
    commits, syncs = [], []
    with (place / 'page').open('wb') as file:
        def sync() -> None:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())

        for _ in range(count):
            commits.append(_timed(log.add, [(_event(0, rng), pictures)]))
            syncs.append(_timed(sync))
    return commits, syncs


def _queries(events: int, rng: random.Random) -> dict[str, Callable[[], EventQuery]]:
    def hour() -> tuple[int, int]:
        since = _END - rng.randrange(events) * _APART
        return since, since + 3600 * 10**9

    return {
        'latest': EventQuery,
        'hour': lambda: EventQuery(*hour()),
        'hour and camera': lambda: EventQuery(*hour(), camera=rng.choice(_CAMERAS)),
        'words, common': lambda: EventQuery(words='light'),
        'words, rare': lambda: EventQuery(words='ball shelf'),
        'hour and words': lambda: EventQuery(*hour(), words='door opened'),
        'instruction': lambda: EventQuery(instruction=rng.choice([*_INSTRUCTIONS]))}


def _timed(act: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    act(*arguments)
    return time.perf_counter() - start
