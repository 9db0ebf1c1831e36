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

"""An engine that answers when it is asked, whatever it had decided."""

import numpy as np
import pytest

from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import Text
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.asked_engine import AskedEngine


@pytest.fixture(scope='module')
def engine():
    return AskedEngine.from_pretrained('nano')


@pytest.fixture(scope='module')
def frames():
    rng = np.random.default_rng(0)
    return [(float(second), rng.integers(0, 256, (96, 112, 3), np.uint8)) for second in range(5)]


QUESTIONS = ['Is the light on?\n(A) yes\n(B) no', 'Does anything move?']
LABELS = [('A', 'B'), ('yes', 'no', 'yes and no')]


def test_every_question_is_answered_and_its_labels_weighed(engine, frames):
    answers = engine.ask_after(frames, QUESTIONS, LABELS)
    assert [len(answer.labels) for answer in answers] == [2, 3]
    for answer in answers:
        assert sum(answer.labels) == pytest.approx(1) and answer.text
    # 'yes and no' begins with 'yes', so it can be no likelier.
    assert answers[1].labels[2] <= answers[1].labels[0]


def test_questions_do_not_influence_one_another_and_nothing_is_left_from_before(engine, frames):
    both = engine.ask_after(frames, QUESTIONS, LABELS)
    alone = [engine.ask_after(frames, [question], [labels])[0]
             for question, labels in zip(QUESTIONS, LABELS, strict=True)]
    for one, other in zip(both, alone, strict=True):
        assert one.text == other.text and one.state == other.state
        assert one.labels == pytest.approx(other.labels, abs=1e-4)


def test_weighing_labels_does_not_change_what_is_said_even_when_the_window_is_full(
        engine, frames):
    weighed = engine.ask_after(frames, QUESTIONS[:1], LABELS[:1], window_turns=2)
    plain = engine.ask_after(frames, QUESTIONS[:1], [()], window_turns=2)
    assert (weighed[0].text, plain[0].labels) == (plain[0].text, ())


def test_it_answers_as_a_stream_engine_that_has_decided_to(frames):
    """Force Response by a threshold that everything passes, and compare."""
    from streamo_ros.engine.thresholds import Thresholds
    asked = AskedEngine.from_pretrained('nano', window_turns=5)
    plain = StreamEngine.from_pretrained('nano', window_turns=5)
    for seconds, picture in frames[:-1]:
        plain.step(picture, seconds)
    plain.watch(QUESTIONS[1], look_back=True)
    plain.reconfigure(1.0, Thresholds(response=1e-9))
    decided = plain.step(frames[-1][1], frames[-1][0])[0]
    assert asked.ask_after(frames, QUESTIONS[1:], [()])[0].text == decided.text


def test_an_answer_begins_as_it_is_told_to(engine, frames):
    answer = engine.ask_after(frames, QUESTIONS[:1], [('A', 'B')], opening='Best option:(')[0]
    assert not answer.text.startswith('Best') and sum(answer.labels) == pytest.approx(1)


def test_one_frame_is_enough(engine, frames):
    assert engine.ask_after(frames[:1], QUESTIONS[:1], [()])[0].text


def test_a_question_may_be_longer_than_an_instruction_and_not_endless(engine, frames):
    long = 'word ' * 200
    assert len(engine.checkpoint.tokenizer.encode([Text(long)])) > 256
    assert engine.ask_after(frames[:2], [long], [()])
    with pytest.raises(InstructionError, match='may have 2048'):
        engine.ask_after(frames[:2], ['word ' * 3000], [()])
