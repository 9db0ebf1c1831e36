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

"""Streamo-Instruct: its five folders, both layouts and every spelling of time."""

import json
from pathlib import Path

from imported_records import findings
from imported_records import of
from imported_records import spans
import pytest

UUID = '0b4cacb1-970f-4ef0-85da-371d81f899e0'


def raw(path='ActivityNet/a.mp4', st_time=5, end_time=6, time='', asked='1', **more):
    return {
        'video_name': Path(path).name, 'video_path': path, 'task_type': 'QA', 'source': 'coin',
        'question': [{'content': 'What?', 'time': asked}],
        'response': [{'content': 'This.', 'st_time': st_time, 'end_time': end_time,
                      'time': time}], **more}


@pytest.mark.parametrize('st_time, end_time, time, numbers', [
    (5, 66.5, '', (5, 66.5, '')), ('5', '66.5', None, (5, 66.5, '')),
    ('0:05', '01:06.5', '', (5, 66.5, '')), ('00:00:05', '0:01:06.5', '', (5, 66.5, '')),
    ('', None, '00:07', ('', '', 7)), (None, '', 7.0, ('', '', 7)),
])
def test_every_spelling_of_a_time_becomes_a_number(imported, st_time, end_time, time, numbers):
    (record,), report = imported('streamo-instruct', [raw(
        st_time=st_time, end_time=end_time, time=time, asked='0:00:01')],
        durations={'a.mp4': 100})
    [answer], [asked] = record['response'], record['question']
    assert (answer['st_time'], answer['end_time'], answer['time']) == numbers
    assert asked['time'] == 1 and findings(report) == []


def test_folders_layouts_and_places_of_films(imported, tmp_path):
    for name in (f'ego4d/{UUID}.mp4', 'x/ActivityNet/a.mkv', 'other/a.mkv'):
        file = tmp_path / 'videos' / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b'no film')
    lines = '\n'.join(json.dumps(raw(f'{number}.mp4', task_type='')) for number in range(2))
    records, report = imported('streamo-instruct', {'files': {
        'narration/ActivityNet.json': [raw(task_type=None)],
        'event_caption/Koala.jsonl': lines,
        'action_caption/deep/coin.json': lines.replace('.mp4', '.webm'),
        'event_grounding/TACoS.json': [raw('x.avi', task_type='Event Grounding')],
        'qa/ego.json': raw(f'ego/{UUID}_12.mp4'),
        'qa/.hidden.json': 'x', 'qa/readme.txt': 'x',
    }}, durations=dict.fromkeys(
        ('a.mkv', '0.mp4', '1.mp4', '0.webm', '1.webm', 'x.avi', f'{UUID}.mp4'), 9))
    assert [(record['task_type'], record['video_path']) for record in records] == [
        ('action_caption', '0.webm'), ('action_caption', '1.webm'), ('event_caption', '0.mp4'),
        ('event_caption', '1.mp4'), ('grounding', 'x.avi'),
        ('narration', 'x/ActivityNet/a.mkv'), ('qa', f'ego4d/{UUID}.mp4')]
    assert {item['kind'] for item in report['findings']} == {'no-video', 'unreadable-video'}
    assert report['files'] == 5


def test_what_is_odd_is_left_to_convert_or_out_and_always_told(imported):
    two = raw()
    two['response'] += [{'content': '', 'st_time': 5, 'end_time': 6},
                        {'content': 'X.', 'st_time': '', 'end_time': None, 'time': ''},
                        {'content': 'Y.', 'st_time': '1:2:3:4', 'end_time': 5}]
    records, report = imported('streamo-instruct', [
        raw(st_time=6, end_time=5), raw(), raw(), two, raw(st_time='soon'), raw(asked='soon'),
        raw(video_path=None), raw(video_path='', videos=['b.mp4']), raw(question='What?'),
        raw(source=7), raw(response=[]), raw(question=[{'content': None, 'time': 1}]), 5,
        raw(asked=50), raw(source='\ud83d'), raw(video_name='\ud83d'),
        raw(video_path='\ud83d.mp4')], durations={'a.mp4': 10, 'b.mp4': 10})
    assert findings(report) == [
        (2, 'bad-record', ''), (3, 'bad-event', 'response[1].content'),
        (3, 'bad-event', 'response[2]'), (3, 'bad-event', 'response[3].st_time'),
        (4, 'bad-event', 'response[0].st_time'), (4, 'bad-record', 'response'),
        (5, 'bad-record', 'question[0].time'), (6, 'bad-record', 'video_path'),
        (8, 'bad-record', 'question'), (9, 'bad-record', 'source'),
        (11, 'bad-record', 'question[0].content'), (12, 'bad-record', ''),
        (13, 'not-a-stream', 'question'), (14, 'bad-record', 'source'),
        (15, 'bad-record', 'video_name'), (16, 'bad-record', 'video_path')]
    assert [record['response'] and spans(record)[0][1:] for record in of(records, 'qa')] == [
        (6, 5), (5, 6), (5, 6), (5, 6), []]
