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

"""ActivityNet Captions: parallel lists and the form of densecap, with all that is odd in them."""

import json

from imported_records import findings
from imported_records import of
from imported_records import question
from imported_records import spans

MADE = {
    'v_plain': {'duration': 82.73, 'timestamps': [[0.83, 19.86], [17.37, 60.81], [56.26, 79.42]],
                'sentences': ['A woman is seen.', ' She dances  around. ', 'über 跳舞 💃']},
    'v_beyond': {'duration': 20, 'timestamps': [[5, 25.5], [30, 31]], 'sentences': ['A.', 'B.']},
    'v_reversed': {'duration': '00:30', 'timestamps': [[12.5, 3]], 'sentences': ['A.']},
    'v_point': {'duration': 30, 'timestamps': [[7, 7], [8.5, 8.5]], 'sentences': ['A.', 'B.']},
    'v_spelt': {'duration': '90.0', 'timestamps': [['5', '01:10'], ['0:01:15', 80.0]],
                'sentences': ['A.', 'B.']},
    'v_null': {'duration': 30, 'timestamps': [None, [2, None], [4, 6], [7, 8]],
               'sentences': ['A.', 'B.', None, 'D.']},
    'v_uneven': {'duration': 30, 'timestamps': [[2, 3]], 'sentences': ['A.', 'B.']},
    'v_empty': {'duration': 30, 'timestamps': [], 'sentences': []},
    'v_missing': {'duration': 30, 'sentences': ['A.']},
    'v_none': None,
    'v_nan': {'duration': float('nan'), 'timestamps': [[2, 3]], 'sentences': ['A.']},
    'v_negative': {'duration': 10, 'timestamps': [[-2, 3.2]], 'sentences': ['A.']},
    'v_marked': {'duration': 10, 'timestamps': [[1, 3]], 'sentences': ['An <image> of it.']},
}


def test_each_event_stands_by_from_its_start_and_is_told_once_it_is_over(imported, streams):
    records, _ = imported('activitynet', {'v_plain': MADE['v_plain']})
    assert [record['task_type'] for record in records] == [
        'narration', 'event_caption', 'tsqa', 'grounding', 'grounding', 'grounding']
    told = [('A woman is seen.', 1, 20), ('She dances around.', 18, 61), ('über 跳舞 💃', 57, 80)]
    assert [spans(record) for record in records] == [told] * 3 + [
        [('Given event occurred between 0s to 20s.', 1, 20)],
        [('Given event occurred between 17s to 61s.', 18, 61)],
        [('Given event occurred between 56s to 80s.', 57, 80)]]
    assert all(record['duration'] == 82.73 and record['source'] == 'ActivityNet' and
               record['video_path'] == 'v_plain.mp4' for record in records)
    assert 'She dances around.' in question(records[4])[0]
    caption = streams()[1]
    assert len(caption) == 83
    assert caption[:21] == ['</Standby>'] * 20 + ['</Response> A woman is seen.']
    assert caption[79:] == ['</Standby>', '</Response> über 跳舞 💃', '</Silence>', '</Silence>']


def test_what_is_odd_is_put_right_or_left_out_and_always_told(imported):
    records, report = imported('activitynet', MADE)
    assert findings(report) == [
        (1, 'beyond-end', 'timestamps[0]'), (1, 'outside', 'timestamps[1]'),
        (2, 'turned-round', 'timestamps[0]'),
        (3, 'no-length', 'timestamps[0]'), (3, 'no-length', 'timestamps[1]'),
        (5, 'bad-event', 'timestamps[0]'), (5, 'bad-event', 'timestamps[1][1]'),
        (5, 'bad-event', 'sentences[2]'),
        (6, 'bad-record', 'sentences'), (7, 'bad-record', 'timestamps'),
        (8, 'bad-record', 'timestamps'), (9, 'bad-record', ''), (10, 'bad-record', 'duration'),
        (11, 'negative-time', 'timestamps[0]'),
        (12, 'bad-event', 'sentences[0]'), (12, 'bad-record', 'timestamps')]
    caption = {record['video_name']: spans(record) for record in of(records, 'event_caption')}
    assert caption == {
        'v_plain.mp4': [('A woman is seen.', 1, 20), ('She dances around.', 18, 61),
                        ('über 跳舞 💃', 57, 80)],
        'v_beyond.mp4': [('A.', 6, 20)], 'v_reversed.mp4': [('A.', 4, 13)],
        'v_point.mp4': [('A.', 8, 8), ('B.', 9, 9)],
        'v_spelt.mp4': [('A.', 6, 70), ('B.', 76, 80)],
        'v_null.mp4': [('D.', 8, 8)], 'v_negative.mp4': [('A.', 1, 4)]}
    assert (report['records'], report['bad'], report['written']) == (13, 6, 7 * 3 + 11)


def test_the_form_of_densecap_is_read_too(imported):
    records, report = imported('activitynet', {'version': '1', 'database': {
        'abc': {'subset': 'training', 'duration': 9, 'annotations': [
            {'segment': [2, 4], 'sentence': ' B.'}, {'segment': [0, 1.5], 'sentence': 'A.'}, 7,
            {'segment': [5, 6]}]}}})
    assert spans(of(records, 'event_caption')[0]) == [('A.', 1, 2), ('B.', 3, 4)]
    assert findings(report) == [
        (0, 'bad-event', 'annotations[2]'), (0, 'bad-event', 'annotations[3].sentence')]


def test_a_film_that_is_there_twice_counts_once_in_a_file_and_in_two_as_two(imported):
    one = json.dumps(MADE['v_negative'])
    other = one.replace('A.', 'Other.')
    records, report = imported('activitynet', {'files': {
        'a/val_1.json': f'{{"v_x": {one}, "v_x": {other}}}', 'a/val_2.json': f'{{"v_x": {other}}}',
        'b/copy.json': f'{{"v_x": {other}}}', 'b/._copy.json': b'\x00', 'ids.json': '["v_x"]'}})
    assert [spans(record)[0][0] for record in of(records, 'event_caption')] == ['A.', 'Other.']
    assert findings(report, 'negative-time') == [
        (1, 'bad-record', 'key'), (0, 'bad-record', ''), (0, 'bad-record', '')]
    assert [item['file'].rpartition('given/')[2] for item in report['findings']
            if item['kind'] == 'bad-record'] == ['a/val_1.json', 'b/copy.json', 'ids.json']
