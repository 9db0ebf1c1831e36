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

"""Records of OVO-Bench's form, made up, one of each task; and where the real ones are."""

import json
from pathlib import Path

import pytest

PUBLISHED = Path(__file__).parents[2] / 'shared' / 'data' / 'ovo_bench' / 'ovo_bench_new.json'
published = pytest.mark.skipif(
    not PUBLISHED.is_file(),
    reason="OVO-Bench's annotations (CC BY-NC-SA 4.0) are not beside the repository")

CHOICE = ('EPM', 'ASI', 'HLD', 'OCR', 'ACR', 'ATR', 'STU', 'FPD', 'OJR')


def choice(index, task='OCR', realtime=2, gt=1, options=('on', 'off', 'unseen')):
    return {
        'id': index, 'task': task, 'video': f'{task}/a.mp4', 'realtime': realtime,
        'question': 'Is the lamp on?', 'answer': 'off', 'options': list(options), 'gt': gt}


def count(index, points=((2, 0), (5.5, 1), (9, 2)), starts=(3, 7), ends=(5, 8)):
    return {
        'id': index, 'task': 'REC', 'video': 'REC/a.mp4', 'activity': 'turning the lamp off',
        'start_times': list(starts), 'end_times': list(ends),
        'test_info': [{'realtime': time, 'count': number} for time, number in points]}


def steps(index, points=((2, 0, 0), (4, 0, 1), (4, 1, 0), (8, 1, 1))):
    names = ['reach', 'lift']
    return {
        'id': index, 'task': 'SSR', 'video': 'SSR/a.mp4', 'tutorial': 'LiftTheCup',
        'all_steps': names, 'start_time': [3, 7], 'end_time': [5, 9],
        'test_info': [{'realtime': time, 'step': names[step], 'type': kind}
                      for time, step, kind in points]}


def clue(index, asked=2, shown=6, points=((2, 0), (4, 0), (8, 1), (16, 1), (36, 1))):
    return {
        'id': index, 'task': 'CRR', 'video': 'CRR/a.mp4', 'question': 'What comes next?',
        'answer': 'A ball.', 'ask_time': asked, 'clue_time': shown,
        'test_info': [{'realtime': time, 'type': kind} for time, kind in points]}


def one_of_each():
    """Return 12 records, ids 0 to 11, in the order of CHOICE and then REC, SSR, CRR."""
    return [*(choice(index, task) for index, task in enumerate(CHOICE)),
            count(9), steps(10), clue(11)]


def write(folder, records):
    file = folder / 'ovo.json'
    file.write_text(json.dumps(records), encoding='utf-8')
    return file
