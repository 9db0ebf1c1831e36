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

"""HACS: segments, and clips that show an action or never do, with all that is odd in them."""

from imported_records import findings
from imported_records import of
from imported_records import question
from imported_records import spans


def film(*actions, duration='92.166667'):
    return {'subset': 'training', 'duration': duration, 'url': 'x', 'annotations': [
        {'label': action[2], 'segment': list(action[:2])} for action in actions]}


SEGMENTS = {'database': {
    '-9tsQ': film((5.40, 11.60, 'Dodgeball'), (20, 30.1, 'Dodgeball'), (40, 50, 'BMX')),
    'number': film((90, 95, 'BMX'), duration=92.2),
    'reversed': film((11.6, 5.4, 'BMX')),
    'test': film(),
    'null': film((1, 2, None), (None, 3, 'BMX')),
    'point': film((7, 7, 'BMX')),
    'later': film((93, 95, 'BMX'), (1, 2, 'BMX')),
    'length': film((1, 2, 'BMX'), duration='-3'),
}, 'taxonomy': [{'nodeName': 'x'}]}

CLIPS = """classname,youtube_id,subset,start,end,label
Dodgeball,-9tsQ,training,14.5,16.5,-1
BMX,other,training,3.0,5.0,1
"Roof, shingle removal",-9tsQ,training,1.0,3.0,1
Dodgeball,-9tsQ,training,20.0,22.0,-1
BMX,other,training,8.2,10.2,-1
BMX,other,training,8.2,10.2,-1
BMX,other,training,8.2,10.2,0
BMX,other,training,x,10.2,1
BMX,,training,8.2,10.2,1
BMX,other
BMX,third,training,9,7,-1
Dodgeball,other,training,40,42,1
"""


def test_segments_are_told_found_and_counted(imported):
    records, report = imported('hacs', SEGMENTS, 'HACS_segments_v1.1.1.json')
    first = [record for record in records if record['video_name'] == '-9tsQ.mp4']
    assert [(record['task_type'], spans(record)) for record in first] == [
        ('action_caption', [('Dodgeball', 6, 12), ('Dodgeball', 21, 31), ('BMX', 41, 50)]),
        ('grounding', [('Given event occurred between 5s to 12s.', 6, 12),
                       ('Given event occurred between 20s to 31s.', 21, 31)]),
        ('tsqa', [('1', 6, 12), ('2', 21, 31)]),
        ('grounding', [('Given event occurred between 40s to 50s.', 41, 50)]),
        ('tsqa', [('1', 41, 50)])]
    place = 'annotations[0].segment'
    assert findings(report) == [
        (1, 'beyond-end', place), (2, 'turned-round', place), (3, 'bad-record', 'annotations'),
        (4, 'bad-event', 'annotations[0].label'), (4, 'bad-event', 'annotations[1].segment[0]'),
        (4, 'bad-record', 'annotations'), (5, 'no-length', place), (6, 'outside', place),
        (7, 'bad-record', 'duration')]
    assert {record['video_name']: spans(record) for record in of(
        records, 'action_caption') if record not in first} == {
        'number.mp4': [('BMX', 91, 93)], 'reversed.mp4': [('BMX', 6, 12)],
        'point.mp4': [('BMX', 8, 8)], 'later.mp4': [('BMX', 2, 2)]}
    assert first[0]['duration'] == 92.167


def test_what_no_clip_of_a_film_shows_never_happens(imported, streams):
    records, report = imported(
        'hacs', CLIPS, 'HACS_clips_v1.1.1.csv', {'-9tsQ': 30, 'other': 41, 'third': 12})
    assert findings(report) == [
        (5, 'bad-record', 'youtube_id'), (6, 'bad-record', 'label'), (7, 'bad-record', 'start'),
        (8, 'bad-record', 'youtube_id'), (9, 'bad-record', 'label'),
        (1, 'beyond-end', 'start')]
    assert all(record['task_type'] == 'tsqa' for record in records)
    found = [(record['video_name'], question(record)[1], spans(record)) for record in records]
    assert found == [
        ('-9tsQ.mp4', 1, []), ('-9tsQ.mp4', 2, [('Roof, shingle removal', 2, 3)]),
        ('other.mp4', 4, [('BMX', 4, 5)]), ('other.mp4', 9, [('No.', 9, 11)]),
        ('other.mp4', 41, [('Dodgeball', 41, 41)]), ('third.mp4', 1, [])]
    assert 'Dodgeball' in question(records[0])[0] and 'BMX' in question(records[3])[0]
    assert streams()[0] == ['</Silence>'] * 30


def test_a_table_of_other_columns_is_one_bad_record(imported):
    records, report = imported('hacs', 'a,b\n1,2\n3,4\n', 'clips.csv')
    assert (records, findings(report)) == ([], [(0, 'bad-record', '')])
