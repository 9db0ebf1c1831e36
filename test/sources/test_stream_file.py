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
"""The stream format: what is read of it, and what is refused and how."""

import json
from pathlib import Path
import pickle

import pytest
from tiny_streams import ANSWER
from tiny_streams import PROMPT
from tiny_streams import QUESTION
from tiny_streams import record

from streamo_ros.dialogue import State
from streamo_ros.sources.stream_file import DataError
from streamo_ros.sources.stream_file import read_stream
from streamo_ros.sources.stream_file import RecordedTurn
from streamo_ros.sources.stream_file import stream_json
from streamo_ros.sources.stream_file import StreamFile
from streamo_ros.sources.stream_file import Turn

EXAMPLE = Path(__file__).parents[3] / 'shared' / 'data' / 'streamo_example' / 'stream_format.json'


def file_of(directory, text):
    file = directory / 'stream.json'
    file.write_text(text, encoding='utf-8')
    return StreamFile(file)


def test_a_record_is_read_turn_by_turn(tmp_path):
    stream = file_of(tmp_path, json.dumps([record('a.mp4', 'SBRS')]))[0]
    assert (stream.video, stream.system_prompt) == ('a.mp4', PROMPT)
    assert [turn.state for turn in stream.turns] == [
        State.SILENCE, State.STANDBY, State.RESPONSE, State.SILENCE]
    assert [turn.question for turn in stream.turns] == [QUESTION, '', '', '']
    assert [turn.text for turn in stream.turns] == ['', '', ANSWER, '']
    assert [turn.tag for turn in stream.turns] == ['<0s-1s>', '<1s-2s>', '<2s-3s>', '<3s-4s>']
    assert [turn.start for turn in stream.turns] == [0, 1, 2, 3]


def test_questions_may_come_later_and_have_lines_of_their_own(tmp_path):
    one = record('a.mp4', 'SS')
    one['messages'][3]['content'] = 'Now?\nA. {yes}\nB. "no"\n<0.5s-1s>\n<stream>'
    turn = file_of(tmp_path, json.dumps([one]))[0].turns[1]
    assert (turn.question, turn.start) == ('Now? A. {yes} B. "no"', 0.5)


@pytest.mark.parametrize('text', [
    lambda records: json.dumps(records),
    lambda records: json.dumps(records, indent=2),
    lambda records: '\n'.join(json.dumps(one) for one in records)])
def test_records_are_found_in_arrays_and_in_lines(tmp_path, text):
    records = [record(f'{name}.mp4', 'SR') for name in ('a}', 'b"{', 'ü\\')]
    streams = file_of(tmp_path, text(records))
    assert [streams[index].video for index in range(len(streams))] == [
        one['videos'][0] for one in records]


def test_another_process_reads_the_same(tmp_path):
    streams = file_of(tmp_path, json.dumps(record('a.mp4', 'SR')))
    assert pickle.loads(pickle.dumps(streams))[0] == streams[0]


def without(name):
    def change(one):
        del one[name]
    return change


def saying(index, content):
    def change(one):
        one['messages'][index]['content'] = content
    return change


@pytest.mark.parametrize('change, reason', [
    (without('videos'), 'videos: None does not name one video'),
    (lambda one: one['videos'].append('b.mp4'), 'videos: .* does not name one video'),
    (without('messages'), 'messages: they are no list'),
    (lambda one: one['messages'].clear(), 'messages: they hold no turn'),
    (lambda one: one['messages'].pop(), r'messages\[4\]: here should be .* assistant'),
    (lambda one: one['messages'].pop(1), r'messages\[1\]: here should be .* user'),
    (saying(1, 'Look.\n<stream>'), r'messages\[1\].content: it should end in a time tag'),
    (saying(1, '<0s-1s>\n<stream><stream>'), r'messages\[1\]'),
    (saying(2, 'Nothing yet.'), r'messages\[2\].content: .* begins with none'),
    (saying(2, '</Response>'), r'messages\[2\].content: there should be words'),
    (saying(2, '</Silence> Hm.'), r'messages\[2\].content: .* has words behind </Silence>'),
    (saying(2, None), r'messages\[2\].content: None is no text'),
])
def test_a_bad_record_is_named_and_leaves_the_others(tmp_path, change, reason):
    bad, good = record('a.mp4', 'SR'), record('b.mp4', 'SR')
    change(bad)
    streams = file_of(tmp_path, json.dumps([bad, good]))
    with pytest.raises(DataError, match=rf'stream\.json, record 0: .*{reason}'):
        streams[0]
    assert streams[1].video == 'b.mp4'


def test_a_record_is_read_to_the_letter_unless_an_engine_is_to_take_it(tmp_path):
    one = record('a.mp4', 'SRS')
    one['messages'][3]['content'] = 'Now?\n(a) this\n<1s-2.5s>\n<stream>'
    one['messages'][4]['content'] = '</Response>  It  went.\n'
    one |= {'video_name': 'a', 'source': 'x'}
    stream = read_stream(one)
    assert stream.turns[1] == RecordedTurn(
        'Now?\n(a) this', '<1s-2.5s>', 1, 2.5, State.RESPONSE, ' It  went.\n')
    assert (stream.task, stream.video_name, stream.source) == ('QA', 'a', 'x')
    taken = file_of(tmp_path, json.dumps(one))[0]
    assert (taken.turns[1].question, taken.turns[1].text) == ('Now? (a) this', 'It  went.')


@pytest.mark.parametrize('prompt', [PROMPT, None])
def test_a_message_is_found_again_by_its_turn(prompt):
    one = record('a.mp4', 'SRS', prompt)
    stream = read_stream(one)
    for index, turn in enumerate(stream.turns):
        for role, text in (('user', turn.tag), ('assistant', turn.state.token)):
            name, place = stream.message(index, role).rstrip(']').split('[')
            assert text in one[name][int(place)]['content']


def test_what_is_written_is_read_again():
    turns = [Turn(question='What?'), Turn(State.STANDBY), Turn(State.RESPONSE, 'A  "b" ü\n')]
    labels = {'video_name': 'a', 'task_type': 'QA', 'source': 'x'}
    stream = read_stream(stream_json(turns, 2.0, PROMPT, 'a.mp4', labels))
    assert [Turn(turn.state, turn.text, turn.question) for turn in stream.turns] == turns
    assert [turn.end for turn in stream.turns] == [0.5, 1, 1.5]
    assert (stream.video, stream.system_prompt) == ('a.mp4', PROMPT)


@pytest.mark.parametrize('text', ['', '[]', '[{"messages": [', 'nothing'])
def test_a_file_without_records_is_refused(tmp_path, text):
    with pytest.raises(DataError, match=r'stream\.json'):
        file_of(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match='cannot be read'):
        StreamFile(tmp_path / 'nowhere.json')


@pytest.mark.skipif(not EXAMPLE.is_file(), reason="the authors' example is not here")
def test_the_authors_own_example_is_read():
    streams = StreamFile(EXAMPLE)
    one = streams[0]
    assert len(streams) == 2
    assert one.system_prompt.startswith('\n') and one.system_prompt.endswith('\n')
    assert [turn.start for turn in one.turns] == list(range(76))
    assert [index for index, turn in enumerate(one.turns) if turn.question] == [0, 4]
    assert [index for index, turn in enumerate(one.turns) if turn.state is State.STANDBY] == [4, 5]
    assert one.turns[6].text.startswith('The person is being interviewed')
