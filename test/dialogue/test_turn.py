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

"""The texts of a stream are the paper's, to the letter."""

import json
from pathlib import Path

import pytest

from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import Control
from streamo_ros.dialogue import Image
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import INTERNVL
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import QWEN
from streamo_ros.dialogue import SMOLVLM
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import Text
from streamo_ros.dialogue import time_tag

EXAMPLE = Path(__file__).parents[3] / 'shared' / 'data' / 'streamo_example' / 'stream_format.json'


def spelled(segments):
    def spell(segment):
        match segment:
            case Text(text):
                return text
            case Control(token):
                return token
            case Image():
                return '<image>'
    return ''.join(spell(segment) for segment in segments)


@pytest.mark.parametrize('tick, fps, tag', [
    (0, 1.0, '<0s-1s>'),
    (12, 1.0, '<12s-13s>'),
    (1, 2.0, '<0.5s-1s>'),
    (7201, 2.0, '<3600.5s-3601s>'),
    (1, 3.0, '<0.333s-0.667s>'),
    (3, 0.5, '<6s-8s>'),
])
def test_a_time_tag_spans_its_turn_in_seconds(tick, fps, tag):
    assert time_tag(tick, fps) == tag


def silent_stream(chat):
    segments = system_segments('You watch.', chat) + instruction_segments('Say when.')
    return spelled([
        *segments, *open_turn('<0s-1s>', chat), *close_turn(State.SILENCE, chat),
        *open_turn('<1s-2s>', chat)])


def test_a_silent_stream_reads_as_chatml():
    assert silent_stream(QWEN) == (
        '<|im_start|>system\nYou watch.<|im_end|>\n'
        '<|im_start|>user\nSay when.\n<0s-1s>\n<|vision_start|><image><|vision_end|><|im_end|>\n'
        '<|im_start|>assistant\n</Silence><|im_end|>\n'
        '<|im_start|>user\n<1s-2s>\n<|vision_start|><image><|vision_end|><|im_end|>\n'
        '<|im_start|>assistant\n')


def test_for_internvl_only_frames_are_wrapped_otherwise():
    qwen = silent_stream(QWEN)
    frame = '<|vision_start|><image><|vision_end|>'
    assert qwen.count(frame) == 2
    assert silent_stream(INTERNVL) == qwen.replace(frame, '<img><image></img>\n')


def test_for_smolvlm_the_speakers_have_names():
    frame = '<fake_token_around_image><global-img><image><fake_token_around_image>'
    assert silent_stream(SMOLVLM) == (
        '<|im_start|>System: You watch.<end_of_utterance>\n'
        f'User: Say when.\n<0s-1s>\n{frame}<end_of_utterance>\n'
        'Assistant: </Silence><end_of_utterance>\n'
        f'User: <1s-2s>\n{frame}<end_of_utterance>\n'
        'Assistant: ')


@pytest.mark.parametrize('chat, tokens', [
    (QWEN, {'<|im_start|>', '<|im_end|>', '<|vision_start|>', '<|vision_end|>', '<|image_pad|>'}),
    (INTERNVL, {'<|im_start|>', '<|im_end|>', '<img>', '</img>', '<IMG_CONTEXT>'}),
    (SMOLVLM, {'<|im_start|>', '<end_of_utterance>', '<fake_token_around_image>', '<global-img>',
               '<image>'}),
])
def test_a_chat_names_every_token_it_needs(chat, tokens):
    assert set(chat.control_tokens) == tokens | {state.token for state in State}


def test_the_close_after_an_answer_does_not_repeat_its_state():
    assert spelled(close_turn(None, QWEN)) == '<|im_end|>\n<|im_start|>user\n'


def test_state_tokens_carry_the_slash():
    assert [state.token for state in State] == ['</Silence>', '</Standby>', '</Response>']
    assert [int(state) for state in State] == [0, 1, 2]


@pytest.mark.skipif(
    not EXAMPLE.is_file(), reason='the published example is not beside the project')
def test_the_published_stream_is_spelled_the_same():
    record = json.loads(EXAMPLE.read_text(encoding='utf-8'))[0]
    messages = record['messages']
    question = messages[1]['content'].split('\n')[0]
    published = ''.join(
        f'<|im_start|>{message["role"]}\n{message["content"]}<|im_end|>\n' for message in messages)
    # A question that is asked again later stands in the sink once; the rest is ours to match.
    published = published.replace('<stream>', '<|vision_start|><image><|vision_end|>')
    published = published.replace('user\n' + question + '\n', 'user\n')
    ours = spelled(system_segments(messages[0]['content'], QWEN))
    for index, answer in enumerate(messages[2::2]):
        ours += spelled(open_turn(time_tag(index, 1.0), QWEN))
        state, _, words = answer['content'].partition(' ')
        if words:
            ours += f'{state} {words}' + spelled(close_turn(None, QWEN))
        else:
            ours += spelled(close_turn(
                State(['</Silence>', '</Standby>'].index(state)), QWEN))
    assert ours.removesuffix('<|im_start|>user\n') == published


def test_an_instruction_is_one_printable_line():
    assert clean_instruction('  Tell\tme\n\nwhen\x00 it\x1b[2J falls \u200b') == (
        'Tell me when it[2J falls')


@pytest.mark.parametrize('text', ['', ' \n\t ', '\x00\x07', '\u200b'])
def test_an_instruction_without_text_is_refused(text):
    with pytest.raises(InstructionError, match='no text'):
        clean_instruction(text)
