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

"""The memory of answers: a text of bounded length, whole lines only, counts for the rest."""

import pytest

from streamo_ros.dialogue import AnswerMemory
from streamo_ros.dialogue import AnswerMemoryError


def memory_of(room):
    """Return a memory in which a character is a token."""
    return AnswerMemory(room, lambda segments: sum(len(segment.text) for segment in segments))


def text_of(memory):
    return ''.join(segment.text for segment in memory.segments())


def test_before_the_first_answer_it_is_empty():
    assert memory_of(200).segments() == []


def test_it_says_how_often_was_answered_and_each_answer_with_its_span():
    memory = memory_of(200)
    memory.remember(2.0, 8.0, 'The light went off.')
    memory.remember(12.5, 12.5, 'It came on.')
    assert text_of(memory) == (
        'answers: 2, first 2s-8s, last 12.5s-12.5s\n'
        '[2s-8s] The light went off.\n[12.5s-12.5s] It came on.\n')


def test_what_no_longer_fits_is_counted_from_the_oldest_on_and_no_line_is_cut():
    memory = memory_of(160)
    said = []
    for number in range(1, 300):
        memory.remember(number, number + 1, f'Answer {number}.')
        said.append(f'[{number}s-{number + 1}s] Answer {number}.')
        text = text_of(memory)
        head, *lines = text.splitlines()
        assert len(text) <= 160
        assert head == f'answers: {number}, first 1s-2s, last {number}s-{number + 1}s'
        assert lines and lines == said[-len(lines):]
        longer = len(said) > len(lines) and len(text) + len(said[-len(lines) - 1]) + 1 > 160
        assert longer or len(said) == len(lines)


def test_an_answer_longer_than_the_memory_is_only_counted():
    memory = memory_of(150)
    memory.remember(1, 2, 'word ' * 50)
    assert text_of(memory) == 'answers: 1, first 1s-2s, last 1s-2s\n'
    memory.remember(3, 4, 'Short.')
    assert text_of(memory).endswith('last 3s-4s\n[3s-4s] Short.\n')


def test_an_answer_of_several_lines_stays_one_line():
    memory = memory_of(200)
    memory.remember(1, 2, 'One\n[9s-9s] two\t three')
    assert text_of(memory).splitlines()[1:] == ['[1s-2s] One [9s-9s] two three']


@pytest.mark.parametrize('room', [1, 80, 4097])
def test_a_size_that_cannot_be_is_refused(room):
    with pytest.raises(AnswerMemoryError, match='to 4096 tokens'):
        memory_of(room)


def test_without_room_nothing_is_remembered():
    memory = memory_of(0)
    memory.remember(1, 2, 'The light went off.')
    assert memory.segments() == []
