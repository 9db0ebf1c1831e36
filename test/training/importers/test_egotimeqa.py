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

"""EgoTimeQA and QaEgo4D: questions before and after the event, with all that is odd in them."""

import json

from imported_records import answers
from imported_records import findings
from imported_records import question
from imported_records import spans

UUID = '0b4cacb1-970f-4ef0-85da-371d81f899e0'


def row(number, start=12.1, end=15.0, **more):
    return {
        'video_id': UUID, 'sample_id': f's{number}', 'question': 'Where is the knife?',
        'answer': 'in the drawer', 'clip_start_sec': start, 'clip_end_sec': end, **more}


def frames(number, start, end, **more):
    return {**row(number, None, None, **more), 'moment_start_frame': start,
            'moment_end_frame': end}


def test_it_is_asked_before_the_event_and_after_it(imported, streams):
    records, report = imported('egotimeqa', [row(0), frames(1, 363, 450)], durations={UUID: 480})
    assert findings(report) == []
    for before, after in (records[:2], records[2:]):
        assert question(before)[1] == 1 and 'Where is the knife?' in question(before)[0]
        assert spans(before) == [('in the drawer', 13, 15)]
        (asked, second), [(said, st_time, end_time, time)] = question(after), answers(after)
        assert asked == 'Where is the knife?' and 16 <= second <= 25
        assert (said, st_time, end_time, time) == ('in the drawer', '', '', second)
    turns = streams()
    assert turns[0][11:17] == ['</Silence>'] + ['</Standby>'] * 3 + [
        '</Response> in the drawer', '</Silence>']
    assert [turn for turn in turns[1] if turn != '</Silence>'] == ['</Response> in the drawer']


def test_options_are_shuffled_and_the_answer_names_its_letter(imported):
    wrong = ['on the table', 'in the sink', 'in the drawer', 'on the table']
    records, _ = imported('egotimeqa', [row(0, wrong_answers=wrong)], durations={UUID: 480})
    asked, [(said, st_time, end_time)] = question(records[2])[0], spans(records[2])
    letter = said[0]
    assert said == f'{letter}. in the drawer' and (st_time, end_time) == (13, 15)
    assert said in asked and asked.count('in the drawer') == 1
    assert {f'{name}. ' in asked for name in 'ABC'} == {True} and 'D. ' not in asked


def test_what_is_odd_is_put_right_or_left_out_and_always_told(imported):
    rows = [
        row(0, 15, 12.1), row(1, '00:12.1', '15'), row(2, 12, 12), row(3, 475, 490),
        row(4, 480, 490), row(5, None, None), row(6, 3, None), frames(7, 30, 'x'),
        row(8, question=None), row(9, answer=' '), row(10, video_id=None), row(0, 3, 4),
        row(11, wrong_answers='none'), row(0, 30, 31, sample_id=None),
        row(0, 32, 33, sample_id=None), row(12, -1, 2),
        row(13, video_id=f'{UUID}_0.0_480.0'), 5]
    lines = '\n'.join(map(json.dumps, rows))
    records, report = imported('egotimeqa', lines, 'a.jsonl', {UUID: 480}, convertible=False)
    assert findings(report) == [
        (0, 'turned-round', 'clip_start_sec'), (2, 'no-length', 'clip_start_sec'),
        (3, 'beyond-end', 'clip_start_sec'), (4, 'outside', 'clip_start_sec'),
        (4, 'bad-record', 'clip_start_sec'), (5, 'bad-record', 'moment_start_frame'),
        (6, 'bad-record', 'clip_end_sec'), (7, 'bad-record', 'moment_end_frame'),
        (8, 'bad-record', 'question'), (9, 'bad-record', 'answer'), (10, 'bad-record', 'video_id'),
        (11, 'bad-record', 'sample_id'), (12, 'no-options', 'wrong_answers'),
        (15, 'negative-time', 'clip_start_sec'), (16, 'no-duration', 'duration'),
        (17, 'bad-record', '')]
    before = [spans(record)[0][1:] for record in records if record['response'][0]['time'] == '']
    assert before == [(13, 15), (13, 15), (13, 13), (476, 480), (13, 15), (31, 31), (33, 33),
                      (1, 2), (13, 15)]
    # Of the one that ends with the film nothing can be remembered in it.
    assert len(records) == 2 * len(before) - 1
