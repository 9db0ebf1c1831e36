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
What an answer consists of, token by token: its words, and behind them its data.

Both are greedy. Whoever calls has the cache; here is only what is fed next, and when to stop.
"""

from collections.abc import Callable
from collections.abc import Collection
from dataclasses import dataclass

from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.constrained import ConstrainedAnswer
from streamo_ros.engine.sequence import Sequence

Feed = Callable[[list[int]], Floats]
"""Runs some tokens; returns (rows of the embedding table,) logits of what follows them."""


@dataclass(frozen=True)
class Answer:
    """
    An answer.

    :param ids: token ids of its words
    :param complete: whether the model ended the words itself
    :param data: as JSON; empty where there is none
    :param data_error: why there is none though it was asked for, in a sentence
    """

    ids: list[int]
    complete: bool = True
    data: str = ''
    data_error: str = ''


def decode_answer(
    feed: Feed, cut: Callable[[], bool], sequence: Sequence, state: list[int],
    line_break: list[int], close: list[int], stop_ids: Collection[int], limit: int,
) -> Answer:
    """
    Decode an answer, and have the sequence go on with the turn's close behind its words.

    The last token of the words is fed only with the close; the data is seen by nothing later.

    :param cut: returns whether to stop at once
    :param state: token ids that the words follow, not fed yet
    :param line_break: token ids between words and data
    :param close: of the turn
    :param limit: tokens of the words, and of the data, at most
    """
    words: list[int] = []
    unfed, complete = state, False
    room = min(limit, sequence.window.answer_room - len(state))
    while len(words) < room and not cut():
        token = int(feed(unfed).argmax())
        if token in stop_ids:
            complete, unfed = True, []
            break
        words.append(token)
        unfed = [token]
    sequence.close = [*unfed, *close]
    if sequence.grammar is None:
        return Answer(words, complete)
    unfed, mark = [*unfed, *line_break], sequence.window.mark()
    room = min(limit, sequence.window.answer_room - len(unfed))
    data = _decode_data(feed, cut, unfed, room, sequence.grammar.begin())
    sequence.window.rewind(mark)
    return Answer(words, complete, *data)


def _decode_data(
    feed: Feed, cut: Callable[[], bool], unfed: list[int], limit: int, data: ConstrainedAnswer,
) -> tuple[str, str]:
    """Return the data, and in a sentence why there is none."""
    for _ in range(limit):
        if cut():
            return '', 'the answer was cut before its data was complete'
        token = data.choose(feed(unfed))
        if token is None:
            return '', 'the format allowed nothing that could follow: make it simpler'
        if data.complete:
            return data.text, ''
        unfed = [token]
    return '', (f'the data was not complete after {max(limit, 0)} tokens: allow only shorter '
                'strings, or ask for less')
