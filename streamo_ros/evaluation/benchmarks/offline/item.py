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

"""What the offline benchmarks have in common: a question on a video, and how it is judged."""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from streamo_ros.evaluation.benchmarks.offline.sampling import Sampling

LETTERS = 'ABCDEFGHIJ'


@dataclass(frozen=True)
class Item:
    """
    One question on a video.

    :param key: unique in the benchmark
    :param video: a file or folder below that of the videos; more names are tried in their order
    :param prompt: the question as its protocol puts it
    :param options: what can be chosen from; empty where the answer is free
    :param labels: how an answer names each option, such as ``A``
    :param right: the index of the right option; None where it is not published
    :param answer: the right answer as published
    :param question: the question alone
    :param parts: by table, the row that it counts in
    :param span: seconds of the video that are shown; None for all of it
    """

    key: str
    video: tuple[str, ...]
    prompt: str
    options: tuple[str, ...]
    labels: tuple[str, ...]
    right: int | None
    answer: str = ''
    question: str = ''
    parts: Mapping[str, str] | None = None
    span: tuple[float, float] | None = None


@dataclass(frozen=True)
class Verdict:
    """
    What a rule says of one answer.

    :param score: 1 right, 0 wrong; None: it leaves the denominator, too
    :param read: whether an option was found in it; what was not read may count as anything
    """

    score: float | None
    read: bool = True


Rule = Callable[[Item, str], Verdict]
"""Judges an answer to an item whose right option is known."""


@dataclass(frozen=True)
class Benchmark:
    """
    An offline benchmark.

    :param name: of the command
    :param title: as its authors write it
    :param read: returns the items of a file or folder
    :param sampling: which frames are shown, by its protocol
    :param rules: by name; the authors' own first
    :param blind: by name, what somebody answers who has not looked
    :param opening: with what an answer is made to begin
    :param given_back: what of the opening the judged answer begins with
    """

    name: str
    title: str
    read: Callable[[Path], list[Item]]
    sampling: Sampling
    rules: Mapping[str, Rule]
    blind: Mapping[str, Callable[[Item], str]]
    opening: str = ''
    given_back: str = ''


def lettered(options: tuple[str, ...]) -> tuple[str, ...]:
    """Return a letter for each option."""
    return tuple(LETTERS[:len(options)])


def first_label(item: Item) -> str:
    """Answer the first option, whatever is asked."""
    return item.labels[0]


def longest_option(item: Item) -> str:
    """Answer the longest option, the first of the longest ones."""
    lengths = [len(option) for option in item.options]
    return item.labels[lengths.index(max(lengths))]


def nothing(item: Item) -> str:
    """Say nothing."""
    return ''
