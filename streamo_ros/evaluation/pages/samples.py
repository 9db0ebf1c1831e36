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

"""A page to look at training records: what is asked, when, and what is due in each turn."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from streamo_ros.dialogue import State
from streamo_ros.evaluation.pages.page import page
from streamo_ros.evaluation.pages.thumbnails import data_uri
from streamo_ros.sources.recording import open_recording
from streamo_ros.sources.source_error import SourceError
from streamo_ros.sources.stream_file import Turn

MOST_PICTURES = 12
"""Of one film."""


@dataclass(frozen=True)
class Sample:
    """
    One record at a turn a second.

    :param about: its task and data set, in words
    :param events: what it answers, as (first second, last second, text), seconds from 1; the first
        is None for an answer without an event
    """

    film: Path
    about: str
    turns: Sequence[Turn]
    events: Sequence[tuple[float | None, float, str]]


def samples_page(
    title: str, notes: list[str], tables: list[dict[str, Any]], samples: Sequence[Sample],
) -> str:
    """
    Return the page; a film that is not there has no pictures, and a note says so.

    :param tables: as ``page`` takes them
    """
    streams = []
    for sample in samples:
        try:
            pictures = _pictures(sample)
        except SourceError as error:
            pictures = []
            notes = [*notes, f'No pictures: {error}']
        streams.append(_stream(sample, pictures))
    return page({
        'title': title, 'subtitle': f'{len(samples)} of the records, a turn a second',
        'notes': notes, 'runs': ['what is due'],
        'before': [{'id': 'shares', 'title': 'Shares', 'tables': tables}], 'streams': streams,
        'after': []})


def _pictures(sample: Sample) -> list[list[Any]]:
    """Return (second, picture) of the turns at which something begins or is answered."""
    before = State.SILENCE
    wanted = [0]
    for index, turn in enumerate(sample.turns):
        if turn.question or (turn.state is not State.SILENCE and turn.state is not before):
            wanted.append(index)
        before = turn.state
    wanted = sorted(set(wanted))[:MOST_PICTURES]
    found: list[list[Any]] = []
    for frame in open_recording(sample.film, 1.0).frames:
        if frame.stamp >= wanted[len(found)] * 1e9 - 1e6:
            found.append([wanted[len(found)], data_uri(frame.picture())])
            if len(found) == len(wanted):
                break
    return found


def _stream(sample: Sample, pictures: list[list[Any]]) -> dict[str, Any]:
    count = len(sample.turns)
    states = [int(turn.state) for turn in sample.turns]
    chances = np.zeros((count, 3), np.uint8)
    chances[np.arange(count), states] = 255
    truth: list[dict[str, Any]] = [
        {'start': end if start is None else start - 1, 'end': end, 'text': text}
        for start, end, text in sample.events]
    left = set(range(len(truth)))
    answers = []
    for index, turn in enumerate(sample.turns):
        if turn.state is State.RESPONSE:
            event = next((place for place in sorted(left) if truth[place]['text'] == turn.text),
                         None)
            left.discard(-1 if event is None else event)
            answers.append({
                'at': index, 'text': turn.text, 'complete': True, 'event': event,
                'delay': None if event is None else index - truth[event]['end'], 'right': True,
                'judged': False})
    asked = [index for index, turn in enumerate(sample.turns) if turn.question]
    return {
        'name': f'{sample.film.name}, {sample.about}', 'about': sample.about, 'period': 1.0,
        'stamps': list(range(count)), 'latency': [[None] * count], 'thumbnails': pictures,
        'instructions': [{
            'text': ' | '.join(turn.question for turn in sample.turns if turn.question),
            'summary': sample.about, 'asked': min(asked, default=0), 'withdrawn': None,
            'truth': truth, 'disagreements': [], 'runs': [{
                'states': ''.join(map(str, states)),
                'probabilities': base64.b64encode(chances.tobytes()).decode(),
                'answers': answers}]}]}
