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
from streamo_ros.sources.stream_file import StreamFile

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
    (without('videos'), 'videos is None'),
    (without('messages'), 'messages is missing'),
    (lambda one: one['messages'].pop(), 'alternate'),
    (saying(1, 'Look.\n<stream>'), r'messages\[1\].content should end in a time tag'),
    (saying(1, '<0s-1s>\n<stream><stream>'), r'messages\[1\]'),
    (saying(2, 'Nothing yet.'), r'messages\[2\].content begins with none'),
    (saying(2, '</Response>'), r'messages\[2\].content should have words'),
    (saying(2, '</Silence> Hm.'), r'messages\[2\].content should have words'),
    (saying(2, None), r'messages\[2\] has no role and content'),
])
def test_a_bad_record_is_named_and_leaves_the_others(tmp_path, change, reason):
    bad, good = record('a.mp4', 'SR'), record('b.mp4', 'SR')
    change(bad)
    streams = file_of(tmp_path, json.dumps([bad, good]))
    with pytest.raises(DataError, match=rf'stream\.json, record 0: .*{reason}'):
        streams[0]
    assert streams[1].video == 'b.mp4'


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
