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

"""What can only be told by who knows earlier answers, which have left the window."""

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.worlds.recall import draw_recall
from streamo_ros.worlds.recall import FRAMES

APART = 8


def due(right):
    return [tick for tick, truth in enumerate(right) if truth.state is State.RESPONSE]


@pytest.mark.parametrize('kind', FRAMES)
def test_what_is_right_depends_on_an_answer_that_is_out_of_sight(kind):
    for seed in range(3):
        stream, recall = draw_recall(
            np.random.default_rng(seed), split='train', turns=40, apart=APART, kind=kind)
        question, seen = recall.question, due(recall.plain)
        answered = due(question.right)
        assert stream.questions == (question,) and len(question.right) == len(stream.stamps)
        assert {*answered} <= {*seen}
        if kind in ('limited', 'since'):
            last = answered[-1] if kind == 'limited' else answered[0]
            assert any(at - last > APART for at in seen)
        else:
            assert any(later - at > APART for at, later in zip(answered, answered[1:]))
            texts = [question.right[tick].text for tick in answered]
            assert texts[1] != texts[0]


def test_numbers_count_the_answers_and_again_is_said_from_the_second_on():
    for kind, first, second in (
            ('numbered', 'Number 1.', 'Number 2.'), ('again', '.', ' again.')):
        _, recall = draw_recall(
            np.random.default_rng(1), split='test', turns=40, apart=APART, kind=kind)
        one, two = due(recall.question.right)[:2]
        assert recall.question.right[one].text.endswith(first)
        assert not recall.question.right[one].text.endswith(' again.')
        assert recall.question.right[two].text.endswith(second)


def test_a_seed_gives_the_same_stream():
    one, other = (draw_recall(np.random.default_rng(5), split='test', turns=30, apart=APART)[1]
                  for _ in range(2))
    assert one == other


def test_the_words_of_the_test_split_are_its_own():
    for frames in FRAMES.values():
        assert not {*frames.train} & {*frames.test}
