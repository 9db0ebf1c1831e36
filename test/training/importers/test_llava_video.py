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

"""LLaVA-Video: questions about whole films, with all that is odd in made records."""

from imported_records import answers
from imported_records import findings
from imported_records import question
from rendered_video import write_room


def row(number, *texts, video='academic/clip.mp4', **more):
    return {
        'id': f'id{number}', 'video': video, 'data_source': '0_30_s_academic_v0_1',
        'conversations': [
            {'from': ('human', 'gpt')[index % 2], 'value': text}
            for index, text in enumerate(texts)], **more}


def test_a_question_is_asked_and_answered_in_the_films_last_turn(imported, streams, tmp_path):
    write_room(tmp_path / 'videos' / 'deep' / 'academic' / 'clip.mp4', 5)
    rows = [
        row(0, '<image>\nWhat is seen?', 'A  room.\nSo.', 'Whose <video>is it?', 'Niemands 🙃.'),
        row(1, 'What is seen?', 'B.', video='x/other.webm')]
    records, report = imported('llava-video', rows, durations={'x/other.webm': '61.5'})
    assert findings(report) == []
    assert [(record['video_path'], question(record), answers(record)) for record in records] == [
        ('deep/academic/clip.mp4', ('What is seen?', 5), [('A room. So.', '', '', 5)]),
        ('deep/academic/clip.mp4', ('Whose is it?', 5), [('Niemands 🙃.', '', '', 5)]),
        ('x/other.webm', ('What is seen?', 62), [('B.', '', '', 62)])]
    assert {record['task_type'] for record in records} == {'qa'}
    assert [turns[-2:] for turns in streams()] == [
        ['</Silence>', f'</Response> {text}'] for text in ('A room. So.', 'Niemands 🙃.', 'B.')]
    assert [len(turns) for turns in streams()] == [5, 5, 62]


def test_what_is_odd_is_left_out_and_always_told(imported):
    good = row(0, 'What?', 'A.')
    swapped = row(1, 'What?', 'A.')
    swapped['conversations'].reverse()
    records, report = imported('llava-video', [
        good, good, row(0, 'And?', 'B.'), swapped, row(2, 'What?'), row(3, '<image>', 'A.'),
        row(4, 'What?', None), row(5, 'What?', ''), row(6), row(7, 'What?', 'A.', video=''),
        row(8, 'What?', 'A.', video='/abs/../x.mp4'), row(9, 'What?', 'A.', video='gone.mp4'),
        row(10, 'What?', 'say </Silence>'), {'id': 1}, None,
        row(11, 'What?', 'A.', conversations='What?')],
        durations={'clip.mp4': 30})
    assert findings(report) == [
        (1, 'bad-record', ''), (3, 'bad-record', 'conversations[0].from'),
        (4, 'bad-record', 'conversations'), (5, 'bad-record', 'conversations[0].value'),
        (6, 'bad-record', 'conversations[1].value'), (7, 'bad-record', 'conversations[1].value'),
        (8, 'bad-record', 'conversations'), (9, 'bad-record', 'video'),
        (10, 'bad-record', 'video'),
        (11, 'no-duration', 'duration'), (11, 'bad-record', 'video'),
        (12, 'bad-record', 'conversations[1].value'), (13, 'bad-record', 'conversations'),
        (14, 'bad-record', ''), (15, 'bad-record', 'conversations')]
    assert [question(record) for record in records] == [('What?', 30), ('And?', 30)]
