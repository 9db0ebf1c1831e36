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
Time and memory of the importers of ``streamo build``, by the number of records.

Files are made in the published forms, short ones and long ones, and each goes through its importer
in a process of its own. Beside the seconds stands how often the same file could have been read as
JSON alone, which says more about another machine. Peak memory should not grow with the records.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from dataclasses import dataclass
from itertools import islice
import json
import multiprocessing
from pathlib import Path
import tempfile
import time
from typing import Any

from streamo_ros.output import write_json
from streamo_ros.studies.peak_memory import peak_mib
from streamo_ros.training.importers.build import build
from streamo_ros.training.importers.build import importer_of
from streamo_ros.training.importers.videos import Videos

SECONDS = 30
"""The length of each film."""
SOURCES = (
    'activitynet', 'youcook2', 'coin', 'qvhighlights', 'didemo', 'hacs', 'hacs-clips',
    'charades-sta', 'egotimeqa', 'llava-video', 'et-instruct', 'streamo-instruct', 'thinkstream')
"""The names of the command line; the clips of HACS beside its segments."""


@dataclass(frozen=True)
class Cost:
    """
    What an importer costs.

    :param annotations: that were made of the records
    :param seconds: for all of them
    :param times_reading: the same, in times of what reading the file alone takes
    :param peak_mib: the most that the process held
    """

    source: str
    records: int
    annotations: int
    seconds: float
    times_reading: float
    peak_mib: float


def write_made(source: str, records: int, folder: Path) -> Path:
    """
    Write a file in a data set's form, every tenth record with something odd; return it.

    :param source: one of ``SOURCES``
    """
    file = folder / f'{source}-{records}{_SUFFIXES.get(source, ".json")}'
    with file.open('w', encoding='utf-8') as text:
        opening, between, closing = _LAYOUTS.get(source, ('[', ',\n', ']'))
        text.write(opening)
        for number, record in enumerate(islice(_made(source), records)):
            text.write((between if number else '') + record)
        text.write(closing)
    return file


def _made(source: str) -> Iterator[str]:
    make, number = _MAKERS[source], 0
    while True:
        made = make(number, 4.0 + number % 7, 12.5 - 10 * (number % 10 == 0))
        yield made if isinstance(made, str) else json.dumps(made)
        number += 1


def _member(number: int, name: str, event: str, start: float, end: float) -> str:
    value = {'duration': SECONDS, name: [
        {'id': 0, 'segment': [start, end], event: f'open door {number}'},
        {'id': 1, 'segment': [13, 20], event: 'close it'}]}
    return f'"v_{number}": {json.dumps(value)}'


def _dialogue(human: str, gpt: str) -> list[dict[str, str]]:
    return [{'from': 'human', 'value': f'<image>\n{human}'}, {'from': 'gpt', 'value': gpt}]


_DATABASE = '{"database": {', ',\n', '}, "taxonomy": []}'
_LAYOUTS = {
    'activitynet': ('{', ',\n', '}'), 'youcook2': _DATABASE, 'coin': _DATABASE,
    'hacs': _DATABASE, 'qvhighlights': ('', '\n', '\n'), 'charades-sta': ('', '\n', '\n'),
    'hacs-clips': ('classname,youtube_id,subset,start,end,label\n', '\n', '\n')}
_SUFFIXES = {'qvhighlights': '.jsonl', 'charades-sta': '.txt', 'hacs-clips': '.csv'}
_MAKERS: dict[str, Callable[[int, float, float], Any]] = {
    'activitynet': lambda number, start, end: f'"v_{number}": ' + json.dumps({
        'duration': SECONDS, 'timestamps': [[start, end], [13, 20]],
        'sentences': [f'A door opens {number}.', ' It closes.']}),
    'youcook2': lambda number, start, end: _member(number, 'annotations', 'sentence', start, end),
    'coin': lambda number, start, end: _member(number, 'annotation', 'label', start, end),
    'hacs': lambda number, start, end: _member(number, 'annotations', 'label', start, end),
    'hacs-clips': lambda number, start, end:
        f'Dodgeball,{number // 4},training,{start + 13 * (number % 2)},{start + 2},'
        f'{1 if number % 3 else -1}',
    'qvhighlights': lambda number, start, end: {
        'qid': number, 'query': f'A door {number}', 'duration': SECONDS, 'vid': f'v{number}',
        'relevant_windows': [[start, end]], 'relevant_clip_ids': [2, 3],
        'saliency_scores': [[4, 4, 1], [1, 2, 3]]},
    'didemo': lambda number, start, end: {
        'annotation_id': number, 'description': 'a door opens', 'num_segments': 6,
        'video': f'{number}.mov', 'times': [[1, 1], [1, 1], [1, 1], [2, 2 - (number % 10 == 0)]]},
    'charades-sta': lambda number, start, end: f'{number} {start} {end}##person opens a door.',
    'egotimeqa': lambda number, start, end: {
        'video_id': f'v{number}', 'sample_id': number, 'question': 'Where is it?',
        'answer': 'There.', 'clip_start_sec': start, 'clip_end_sec': end, 'duration': SECONDS},
    'llava-video': lambda number, start, end: {
        'id': number, 'video': f'{number}.mp4', 'duration': SECONDS,
        'conversations': _dialogue('What?', '' if number % 10 == 0 else 'A door.')},
    'et-instruct': lambda number, start, end: {
        'task': 'slc', 'source': 'how_to_step', 'video': f'{number}.mp4', 'duration': SECONDS,
        'tgt': [start, end, 13, 20],
        'conversations': _dialogue('Tell.', '<vid> - <vid>, open. <vid> - <vid>, close.')},
    'streamo-instruct': lambda number, start, end: {
        'video_name': f'{number}.mp4', 'video_path': f'coin/{number}.mp4', 'task_type': 'QA',
        'source': 'coin', 'duration': SECONDS, 'question': [{'content': 'What?', 'time': '1'}],
        'response': [{'content': 'A door.', 'st_time': f'00:{start:04.1f}', 'end_time': end,
                      'time': ''}, {'content': '' if number % 10 == 0 else 'So.', 'time': 20}]},
    'thinkstream': lambda number, start, end: {
        'video_path': f'{number}.mp4', 'interaction_mode': 'Event Trigger', 'duration': SECONDS,
        'conversations': [
            {'role': 'user', 'content': 'Tell me when.', 'timestamp': 1},
            {'role': 'assistant', 'content': 'Now.',
             'timestamp': None if number % 10 == 0 else start}]},
}


def measure(source: str, records: int, folder: Path) -> Cost:
    """Return what one importer costs, in this process."""
    name = source.removesuffix('-clips')
    file = write_made(source, records, folder)
    importer = importer_of(name)
    films = folder / 'films'
    films.mkdir(exist_ok=True)
    begun = time.perf_counter()
    for _ in importer.read(file, lambda size: None):
        pass
    read = time.perf_counter()
    built = build(importer, [file], Videos(films), folder / f'{source}-{records}-raw.json')
    seconds = time.perf_counter() - read
    return Cost(
        source, records, built.summary.written, round(seconds, 2),
        round(seconds / (read - begun), 1),
        round(peak_mib(), 1))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the study."""
    parser.add_argument(
        '--sources', nargs='+', default=SOURCES, choices=SOURCES, help='which importers')
    parser.add_argument(
        '--records', nargs='+', type=int, default=(1_000, 100_000), help='how many in each file')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """Measure each importer at each number of records, and print a table."""
    costs = []
    print('source            records  annotations   seconds  times reading  peak MiB')
    for source in options.sources:
        for records in options.records:
            with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(
                    1, multiprocessing.get_context('spawn')) as alone:
                cost = alone.submit(measure, source, records, Path(folder)).result()
            costs.append(cost)
            print(f'{source:16}{records:9}{cost.annotations:13}{cost.seconds:10.1f}'
                  f'{cost.times_reading:15.1f}{cost.peak_mib:10.1f}', flush=True)
    if options.json:
        write_json(options.json, {'costs': [asdict(cost) for cost in costs]})
