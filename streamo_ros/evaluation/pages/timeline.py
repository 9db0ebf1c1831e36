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
What a page draws over time: a stream for each camera, with the runs on it one below the other.

One run in a report, two in a comparison. Texts stay as they are: the page never takes them for
markup.
"""

import base64
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from streamo_ros.evaluation.bags.report_data import Answer
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.evaluation.bags.report_data import Instruction


@dataclass(frozen=True)
class Row:
    """
    One instruction on a timeline.

    :param runs: the instruction as each run decided it; the truth is the first one's
    :param summary: a line on how well it went
    """

    runs: Sequence[Instruction]
    summary: str


def timelines(
    name: str, about: str, cameras: Sequence[Camera], rows: Sequence[Row], fps: float,
    pictures: Mapping[float, str],
) -> list[dict[str, Any]]:
    """
    Return the streams of one camera: one, or where time went back, one for each stretch.

    :param cameras: the camera as each run saw it
    :param fps: ticks per second
    :param pictures: data URIs by the stamp of their tick
    :raises ValueError: when time went back and the runs did not see the same frames
    """
    stamps, ticks = axis(cameras)
    bounds = _ascending(stamps)
    return [
        _stretch(
            name if len(bounds) == 1 else f'{name}, part {number + 1}', about, cameras, rows, fps,
            pictures, stamps, ticks, bounds, number)
        for number in range(len(bounds))]


def axis(cameras: Sequence[Camera]) -> tuple[list[float], list[list[int | None]]]:
    """
    Return the stamps of all runs, and the tick of each run at each of them.

    :raises ValueError: when time went back and the runs did not see the same frames
    """
    first = cameras[0].ticks.stamps
    if all(camera.ticks.stamps == first for camera in cameras):
        return first, [list(range(len(first))) for _ in cameras]
    if any(len(_ascending(camera.ticks.stamps)) > 1 for camera in cameras):
        raise ValueError('time goes back, and the runs did not see the same frames')
    stamps = sorted({stamp for camera in cameras for stamp in camera.ticks.stamps})
    places = [
        {stamp: tick for tick, stamp in enumerate(camera.ticks.stamps)} for camera in cameras]
    return stamps, [[place.get(stamp) for stamp in stamps] for place in places]


def _ascending(stamps: Sequence[float]) -> list[tuple[int, int]]:
    """Return the longest stretches in which time goes on: (first, behind the last)."""
    starts = [0, *(
        index for index in range(1, len(stamps)) if stamps[index] <= stamps[index - 1])]
    return list(zip(starts, [*starts[1:], len(stamps)], strict=True))


def _stretch(
    name: str, about: str, cameras: Sequence[Camera], rows: Sequence[Row], fps: float,
    pictures: Mapping[float, str], stamps: list[float], ticks: list[list[int | None]],
    bounds: list[tuple[int, int]], number: int,
) -> dict[str, Any]:
    first, end = bounds[number]
    ticks = [run[first:end] for run in ticks]
    inside = stamps[first:end]
    return {
        'name': name,
        'about': about,
        'period': 1 / fps,
        'stamps': [round(stamp, 3) for stamp in inside],
        'latency': [
            [None if tick is None else round(camera.ticks.latencies_s[tick] * 1e3, 2)
             for tick in run]
            for camera, run in zip(cameras, ticks, strict=True)],
        'thumbnails': [
            [round(stamp, 3), pictures[stamp]] for stamp in inside if stamp in pictures],
        'instructions': [_row(row, stamps, ticks, bounds, number) for row in rows],
    }


def _row(
    row: Row, stamps: list[float], ticks: list[list[int | None]], bounds: list[tuple[int, int]],
    number: int,
) -> dict[str, Any]:
    truth = row.runs[0]
    shown = [
        index for index, event in enumerate(truth.events or [])
        if len(bounds) == 1 or number == _stretch_of(truth, index, event.end, stamps, bounds)]
    places = {index: place for place, index in enumerate(shown)}
    events = [(truth.events or [])[index] for index in shown]
    runs = [
        _run(instruction, run, places) for instruction, run in zip(row.runs, ticks, strict=True)]
    return {
        'text': truth.text,
        'summary': row.summary,
        'asked': round(truth.asked, 3),
        'withdrawn': None if truth.withdrawn is None else round(truth.withdrawn, 3),
        'truth': [
            {'start': round(event.start, 3), 'end': round(event.end, 3), 'text': event.answer}
            for event in events],
        'runs': runs,
        'disagreements':
            disagreements(row.runs[0], row.runs[1], ticks) if len(runs) == 2 else [],
    }


def _stretch_of(
    truth: Instruction, index: int, end: float, stamps: list[float],
    bounds: list[tuple[int, int]],
) -> int:
    """Return the stretch that an event belongs to: its answer's, else the first that covers it."""
    event = (truth.events or [])[index]
    if event.met_by is not None:
        tick = truth.answers[event.met_by].tick
        return next(place for place, (_, behind) in enumerate(bounds) if tick < behind)
    return next(
        (place for place, (first, behind) in enumerate(bounds)
         if stamps[first] <= end <= stamps[behind - 1]), 0)


def _run(
    instruction: Instruction, ticks: list[int | None], places: Mapping[int, int],
) -> dict[str, Any]:
    states = ''
    chances = np.zeros((len(ticks), 3), np.uint8)
    for place, tick in enumerate(ticks):
        at = None if tick is None else tick - instruction.first_tick
        if at is None or not 0 <= at < len(instruction.states):
            states += '.'
            continue
        states += str(instruction.states[at])
        chances[place] = np.rint(np.clip(instruction.probabilities[at], 0, 1) * np.float64(255))
    here = {tick for tick in ticks if tick is not None}
    return {
        'states': states,
        'probabilities': base64.b64encode(chances.tobytes()).decode(),
        'answers': [
            {
                'at': round(answer.stamp, 3),
                'text': answer.text,
                'complete': answer.complete,
                'event': None if answer.event is None else places.get(answer.event),
                'delay': answer.delay,
                'right': answer.right,
                'judged': judged(instruction, answer),
            }
            for answer in instruction.answers if answer.tick in here],
    }


def judged(instruction: Instruction, answer: Answer) -> bool:
    """Return whether it is known if this answer was due."""
    return instruction.true_states is not None \
        and instruction.true_states[answer.tick - instruction.first_tick] is not None


def disagreements(
    one: Instruction, two: Instruction, ticks: Sequence[Sequence[int | None]],
) -> list[int]:
    """
    Return where two runs decided otherwise, or both spoke and said something else.

    :param ticks: the tick of each run at each place of a common axis; None where it has none
    :returns: places on that axis
    """
    said = [{answer.tick: answer.text for answer in run.answers} for run in (one, two)]
    found = []
    for place, both in enumerate(zip(*ticks, strict=True)):
        states = [
            None if tick is None or not 0 <= tick - run.first_tick < len(run.states)
            else run.states[tick - run.first_tick]
            for run, tick in zip((one, two), both, strict=True)]
        if None in states:
            continue
        if states[0] != states[1] or said[0].get(both[0]) != said[1].get(both[1]):
            found.append(place)
    return found
