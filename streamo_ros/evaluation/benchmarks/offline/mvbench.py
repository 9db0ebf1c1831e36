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
MVBench (OpenGVLab, arXiv 2311.17005): 20 tasks of temporal understanding, 4,000 questions.

A folder of 20 files named after the tasks, ``action_sequence.json`` and so on, each a list of::

    {"video": "ZS9XR.mp4", "question": "What happened after ...?",
     "candidates": ["Ate the medicine.", "Tidied up the blanket."], "answer": "Ate the medicine.",
     "start": 0.0, "end": 12.2}

``answer`` is one of the candidates; ``start`` and ``end`` bound five tasks, one of which
(episodic reasoning) has folders of pictures at 3 a second for videos. The videos of each task lie
in a folder of their own, here as the Hub's copy has them, or all in one.

Frames: 16, the centres of equal segments. Rules: ``video_chat2/mvbench.ipynb`` of
OpenGVLab/Ask-Anything at 4dd8210, and ``mvbench/utils.py`` of lmms-eval at 75571cfe.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
import re
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BadField
from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.fields import each
from streamo_ros.evaluation.benchmarks.fields import field
from streamo_ros.evaluation.benchmarks.fields import load
from streamo_ros.evaluation.benchmarks.fields import path
from streamo_ros.evaluation.benchmarks.fields import records
from streamo_ros.evaluation.benchmarks.fields import seconds
from streamo_ros.evaluation.benchmarks.fields import text
from streamo_ros.evaluation.benchmarks.offline.item import Benchmark
from streamo_ros.evaluation.benchmarks.offline.item import first_label
from streamo_ros.evaluation.benchmarks.offline.item import Item
from streamo_ros.evaluation.benchmarks.offline.item import lettered
from streamo_ros.evaluation.benchmarks.offline.item import LETTERS
from streamo_ros.evaluation.benchmarks.offline.item import longest_option
from streamo_ros.evaluation.benchmarks.offline.item import nothing
from streamo_ros.evaluation.benchmarks.offline.item import Verdict
from streamo_ros.evaluation.benchmarks.offline.sampling import Sampling

FOLDERS = {
    'action_sequence': 'star/Charades_v1_480', 'action_prediction': 'star/Charades_v1_480',
    'action_antonym': 'ssv2_video', 'fine_grained_action': 'Moments_in_Time_Raw/videos',
    'unexpected_action': 'FunQA_test/test', 'object_existence': 'clevrer/video_validation',
    'object_interaction': 'star/Charades_v1_480', 'object_shuffle': 'perception/videos',
    'moving_direction': 'clevrer/video_validation', 'action_localization': 'sta/sta_video',
    'scene_transition': 'scene_qa/video', 'action_count': 'perception/videos',
    'moving_count': 'clevrer/video_validation', 'moving_attribute': 'clevrer/video_validation',
    'state_change': 'perception/videos', 'fine_grained_pose': 'nturgbd',
    'character_order': 'perception/videos', 'egocentric_navigation': 'vlnqa',
    'episodic_reasoning': 'tvqa/frames_fps3_hq',
    'counterfactual_inference': 'clevrer/video_validation'}
"""By task, in the official order, the folder of its videos."""

BOUND = (
    'action_sequence', 'action_prediction', 'object_interaction', 'action_localization',
    'episodic_reasoning')

_TASK = (
    'Carefully watch the video and pay attention to the cause and sequence of events, the detail '
    'and movement of objects, and the action and pose of persons. Based on your observations, '
    'select the best option that accurately addresses the question.\n')
_OPTION = re.compile(r'([A-E])\.\s*(.+)', re.IGNORECASE)
_PUNCTUATION = ';/[]"{}()=+\\_->@<`,?!'


def read(folder: Path) -> list[Item]:
    """
    Return the questions of all tasks whose file is in a folder, or of one file.

    :raises BenchmarkError: when there is none, or a record is not as published
    """
    files = [folder / f'{task}.json' for task in FOLDERS] if folder.is_dir() else [folder]
    items: list[Item] = []
    for file in files:
        if file.is_file():
            items += records(load(file), file, partial(_item, file.stem))
    if not items:
        raise BenchmarkError(
            f'{folder} holds none of {next(iter(FOLDERS))}.json and its 19 siblings: give the '
            "folder of MVBench's annotations")
    return items


def _item(task: str, fields: Mapping[str, Any], index: int) -> Item:
    if task not in FOLDERS:
        raise BadField(f'{task} is none of the tasks: the file is named after its task')
    options = each(fields, 'candidates', text)
    answer = field(fields, 'answer', text)
    if answer not in options:
        raise BadField(f'answer: {answer!r:.60} is none of the candidates')
    if len(options) > len(LETTERS):
        raise BadField(f'candidates: {len(options)} are more than {len(LETTERS)}')
    question = field(fields, 'question', text)
    video = field(fields, 'video', path)
    listed = '\n'.join(
        f'({letter}) {option}' for letter, option in zip(LETTERS, options, strict=False))
    right = len(options) - 1 - options[::-1].index(answer)  # the last one, where two are the same
    return Item(
        key=f'{task} {index}', video=(f'{FOLDERS[task]}/{video}', f'{task}/{video}', video),
        prompt=f'{_TASK}Question: {question}\nOptions:\n{listed}\nOnly give the best option.',
        options=options, labels=lettered(options), right=right,
        answer=f'({LETTERS[right]}) {answer}', question=question, parts={'task': task},
        span=(field(fields, 'start', seconds), field(fields, 'end', seconds))
        if task in BOUND else None)


def official(item: Item, said: str) -> Verdict:
    """
    Judge as the notebook does: by the first word alone.

    It is right where it is a part of ``(a)``, or ``(a)`` a part of it. So nothing at all, or a
    bracket, is right whatever is asked, and the article of "a cat" is right for A.
    """
    first = said.lower().split(' ')[0]
    right = item.answer.lower().split(' ')[0]
    return Verdict(
        float(first.replace('.', '') in right or right in first),
        any(f'({letter.lower()})' in first or first.strip('().') == letter.lower()
            for letter in item.labels))


def lmms_eval(item: Item, said: str) -> Verdict:
    """
    Judge as lmms-eval does: by a letter with a full stop, or else the first letter that is alone.

    "It is a cat" is A. An answer of nothing leaves the denominator.
    """
    letter = _letter(said)
    assert item.right is not None
    # There the right letter goes by the first of two equal candidates, here by the last.
    right = item.options.index(item.options[item.right])
    return Verdict(
        None if said == '' else float(letter == _letter(LETTERS[right])),
        letter in item.labels)


def _letter(said: str) -> str:
    found = _OPTION.fullmatch(said.strip())
    if found:
        return found[1].upper()
    words = said.replace('\n', ' ').replace('\t', ' ').strip()
    in_number = re.search(r'\d,\d', words) is not None
    cleaned = words
    for sign in _PUNCTUATION:
        apart = f'{sign} ' in words or f' {sign}' in words or in_number
        cleaned = cleaned.replace(sign, '' if apart else ' ')
    # The flag that stands in the place of a count there: no more than 32 full stops are removed.
    cleaned = re.sub(r'(?!<=\d)(\.)(?!\d)', '', cleaned, count=int(re.UNICODE))
    cleaned = cleaned.strip("'").strip('"').strip(')').strip('(').strip().lower()
    alone = re.search(r'\b([A-E])\b', cleaned, re.IGNORECASE)
    return alone[1].upper() if alone else cleaned


MVBENCH = Benchmark(
    name='mvbench', title='MVBench', read=read, sampling=Sampling('centres', 16),
    rules={'official': official, 'lmms-eval': lmms_eval},
    blind={'always A': first_label, 'longest option': longest_option, 'says nothing': nothing},
    opening='Best option:(', given_back='(')
