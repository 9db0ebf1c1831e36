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

"""What a tokenizer should know well: the words of the training split."""

from collections.abc import Iterator
import itertools

from streamo_ros.worlds import phrases
from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import KINDS
from streamo_ros.worlds.phrases import wordings
from streamo_ros.worlds.question import grounded
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.sentry_topics import TOPICS
from streamo_ros.worlds.tabletop import words

_OFTEN = 20  # answers are said again and again, instructions once a stream


def corpus() -> Iterator[str]:
    """Yield instructions and answers of the training split, always the same ones."""
    for topics in TOPICS.values():
        for topic in topics:
            yield from sorted(wordings('train', topic.frames, topic.clauses))
    for answer in (*ANSWERS.values(), 'Yes.', 'No.'):
        for _ in range(_OFTEN):
            yield f' {answer}'
    for colour, kind in itertools.product(COLOURS, KINDS):
        name = f'{colour} {kind}'
        other = f'{COLOURS[-1 - COLOURS.index(colour)]} {KINDS[-1 - KINDS.index(kind)]}'
        for event in words.TELLING:
            yield f' {words.tell(event, name, other)}'
        for event in words.CLAUSES:
            clauses = words.clauses(event, (f'the {name}', 'something'), (f'the {other}',))
            for number, clause in enumerate(clauses.train):
                yield phrases.TELL.train[number % len(phrases.TELL.train)].format(clause)
                yield phrases.GROUND.train[number % len(phrases.GROUND.train)].format(clause)
        for about in (words.NAMED, *words.QUESTIONS.values()):
            yield from words.filled(about, f'the {name}').train
        yield f' {words.listed([name, other])}'
        yield f' {words.listed([name])}'
        yield f' On the {name}.'
        yield f' {colour.capitalize()}.'
    for answer in (*words.NUMBERS, words.NOTHING, words.HELD, words.TABLE, words.AWAY):
        for _ in range(_OFTEN):
            yield f' {answer}'
    yield from words.ACT.train
    for first in range(200):
        yield f' {grounded(first, (0, first % 5), 1.0)}'
