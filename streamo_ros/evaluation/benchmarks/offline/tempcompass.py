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

r"""
TempCompass (llyx97, arXiv 2403.00476; CC BY-NC 4.0): what happens in time, over 410 videos.

A folder with ``multi-choice.json``, ``yes_no.json``, ``caption_matching.json`` and
``captioning.json``, each::

    {"1021488277": {"action": [{"question": "What ...?\nA. x\nB. y", "answer": "A. x"}],
                    "direction": [...]}}

by video (``{video}.mp4``) and dimension: action, direction, speed, order, attribute_change.
``yes_no`` is answered ``yes`` or ``no``; ``caption_matching`` has lines such as ``Option 1: ...``
of which one is the answer. ``captioning`` is judged by a language model through
``mc_question``: it is not asked here.

Frames: one a second, as the authors' script for Qwen2-VL takes them. Rules: ``eval_*.py`` of
llyx97/TempCompass at e1b4631 with ``--disable_llm``, and ``tempcompass/utils.py`` of lmms-eval at
06f392e with no judge to be reached: what neither can match is wrong, where with GPT-3.5 it may
be right.
"""

from collections.abc import Mapping
from pathlib import Path
import re
from typing import Any

from streamo_ros.evaluation.benchmarks.fields import BadField
from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.fields import each
from streamo_ros.evaluation.benchmarks.fields import field
from streamo_ros.evaluation.benchmarks.fields import load
from streamo_ros.evaluation.benchmarks.fields import mapping
from streamo_ros.evaluation.benchmarks.fields import path
from streamo_ros.evaluation.benchmarks.fields import text
from streamo_ros.evaluation.benchmarks.offline.item import Benchmark
from streamo_ros.evaluation.benchmarks.offline.item import Item
from streamo_ros.evaluation.benchmarks.offline.item import longest_option
from streamo_ros.evaluation.benchmarks.offline.item import nothing
from streamo_ros.evaluation.benchmarks.offline.item import Verdict
from streamo_ros.evaluation.benchmarks.offline.sampling import Sampling

_BEST = '\nPlease directly give the best option:'
ENDINGS = {
    'multi-choice': _BEST, 'yes_no': '\nPlease answer yes or no:', 'caption_matching': _BEST}
"""By task, with what its questions end."""

DIMENSIONS = ('action', 'direction', 'speed', 'order', 'attribute_change')

_MOST_SECONDS = 120
_CHOICES = ('A', 'B', 'C', 'D')
_CHOICE = re.compile(r'\s*([A-D])[.)]\s*(.+)')
_CAPTION = re.compile(r'(\w+ \w+): (.+)')


def read(folder: Path) -> list[Item]:
    """
    Return the questions of the three tasks that need no judge, as far as their files are there.

    :raises BenchmarkError: when none is, or a question is not as published
    """
    files = [folder / f'{task}.json' for task in ENDINGS] if folder.is_dir() else [folder]
    items: list[Item] = []
    for file in files:
        if not file.is_file():
            continue
        try:
            if file.stem not in ENDINGS:
                raise BadField(f'it is named after none of {", ".join(ENDINGS)}')
            for video, dimensions in mapping(load(file)).items():
                items += _of_video(file.stem, path(video), mapping(dimensions))
        except BadField as error:
            raise BenchmarkError(f'{file}: {error}') from error
    if not items:
        raise BenchmarkError(
            f'{folder} holds none of {", ".join(f"{task}.json" for task in ENDINGS)}: give the '
            'folder `questions` of TempCompass')
    return items


def _of_video(task: str, video: str, dimensions: Mapping[str, Any]) -> list[Item]:
    items = []
    for dimension in dimensions:
        try:
            if dimension not in DIMENSIONS:
                raise BadField(f'it is none of {", ".join(DIMENSIONS)}')
            asked = each(dimensions, dimension, mapping)
            for index, fields in enumerate(asked):
                question, answer = field(fields, 'question', text), field(fields, 'answer', text)
                options, labels, right = _options(task, question, answer)
                items.append(Item(
                    key=f'{task} {video} {dimension} {index}', video=(f'{video}.mp4', video),
                    prompt=question + ENDINGS[task], options=options, labels=labels, right=right,
                    answer=answer, question=question,
                    parts={'task': task, 'dimension': f'{task}, {dimension}'}))
        except BadField as error:
            raise BadField(f'{video}, {dimension}: {error}') from error
    return items


def _options(
    task: str, question: str, answer: str,
) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    if task == 'yes_no':
        if answer not in ('yes', 'no'):
            raise BadField(f'answer: {answer!r:.60} is neither yes nor no')
        return ('yes', 'no'), ('yes', 'no'), ('yes', 'no').index(answer)
    form = _CHOICE if task == 'multi-choice' else _CAPTION
    lines = [form.fullmatch(line) for line in question.split('\n')[1:]]
    found = form.fullmatch(answer)
    if len(lines) < 2 or None in lines:
        raise BadField(f'question: its options are not as in {form.pattern!r}')
    labels, options = zip(*(line.groups() for line in lines if line), strict=True)
    if found is None or found[1] not in labels:
        raise BadField(f'answer: {answer!r:.60} is none of the options')
    return options, labels, labels.index(found[1])


def official(item: Item, said: str) -> Verdict:
    """
    Judge by the authors' matching rules alone, without their language model.

    - multi-choice: the whole right line, a bare letter, or a letter before a full stop or bracket
    - yes_no: how the answer begins, so "not sure" is a no
    - caption_matching: a whole line, its sentence, or its name, with and without "Option"
    """
    return _judged(item, said.replace('</s>', '').strip())


def lmms_eval(item: Item, said: str) -> Verdict:
    """Judge by the same rules, but white space around an answer is left and spoils it."""
    return _judged(item, said)


def _judged(item: Item, said: str) -> Verdict:
    task = (item.parts or {})['task']
    if task == 'yes_no':
        beginning = said.lower()
        if beginning.startswith(('yes', 'no')):
            return Verdict(float(item.answer == ('yes' if beginning[0] == 'y' else 'no')))
        return Verdict(0.0, read=False)
    return _choice(item, said) if task == 'multi-choice' else _caption(item, said)


def _choice(item: Item, said: str) -> Verdict:
    if said == item.answer:
        return Verdict(1.0)
    if said in _CHOICES or said.startswith(tuple(f'{letter}.' for letter in _CHOICES)) or (
            said.startswith(tuple(f'{letter})' for letter in _CHOICES))):
        return Verdict(float(said[0] == item.answer[0]))
    return Verdict(0.0, read=False)


def _caption(item: Item, said: str) -> Verdict:
    lines = item.question.split('\n')[1:]
    names = [line.split(': ')[0] for line in lines]
    short = [name.replace('Sentence ', '').replace('Option ', '').replace('Caption ', '')
             for name in names]
    sentences = [line.split(': ')[1] for line in lines]
    behind = said.split(') ')[1] if ') ' in said else None
    named = [line for line in lines if line == said]
    named += [one for one in sentences if one in (said, behind)]
    named += [name for name in names + short if name in (said, said.replace('.', ''))]
    if not named:
        return Verdict(0.0, read=False)
    name, sentence = item.answer.split(': ')[:2]
    right = [item.answer, item.answer.split(':')[0], sentence, name.split()[1]]
    return Verdict(float(named[-1] in right))


def _always(item: Item) -> str:
    return item.labels[0]


TEMPCOMPASS = Benchmark(
    name='tempcompass', title='TempCompass', read=read,
    sampling=Sampling('each second', _MOST_SECONDS),
    rules={'official': official, 'lmms-eval': lmms_eval},
    blind={'always A, yes, first': _always,
           'longest option, no': lambda item: 'no' if item.labels[0] == 'yes'
           else longest_option(item),
           'says nothing': nothing})
