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

"""COIN: steps of a fixed vocabulary, with all that is odd in made records."""

from imported_records import findings
from imported_records import of
from imported_records import question
from imported_records import spans


def film(*steps, **more):
    return {
        'duration': 131.03, 'class': 'ReplaceCDDriveWithSSD', 'video_url': 'x', 'start': 56.64,
        'end': 85.71, 'subset': 'training', 'recipe_type': 131,
        'annotation': [{'id': '212', 'segment': list(step[:2]), 'label': step[2]}
                       for step in steps], **more}


MADE = {'database': {
    'plain': film((60.0, 69.0, 'take out'), (72.4, 77.6, 'screw'), (78, 83, 'take out')),
    'spelt': film(('1:00', '69', 'take out'), duration='00:02:11.03', start='56.64'),
    'reversed': film((69, 60, 'take out'), start=85.71, end=56.64),
    'beyond': film((125.5, 140, 'take out'), start=None, end=None, **{'class': None}),
    'outside': film((140, 150, 'take out')),
    'point': film((60, 60, 'take out')),
    'plural': {'duration': 9, 'annotations': [{'segment': [1, 2], 'label': 'a'}]},
    'null': film((60, 69, None), (None, 3, 'x'), (3, 4, 'y')),
    'no-start': film((3, 4, 'y'), start='soon'),
    'empty': film(),
    'length': film((3, 4, 'y'), duration='long'),
    'text': 'film',
}}


def test_steps_the_task_what_follows_groundings_and_counts(imported):
    records, _ = imported('coin', {'database': {'plain': MADE['database']['plain']}})
    steps = [('take out', 61, 69), ('screw', 73, 78), ('take out', 79, 83)]
    assert [(record['task_type'], spans(record)) for record in records] == [
        ('action_caption', steps),
        ('event_caption', [('replace CD drive with SSD', 57, 86)]),
        ('tsqa', steps),
        ('tsqa', [('screw', 61, 69), ('take out', 73, 78)]),
        ('grounding', [('Given event occurred between 60s to 69s.', 61, 69),
                       ('Given event occurred between 78s to 83s.', 79, 83)]),
        ('tsqa', [('1', 61, 69), ('2', 79, 83)]),
        ('grounding', [('Given event occurred between 72s to 78s.', 73, 78)])]
    assert 'take out' in question(records[5])[0]


def test_what_is_odd_is_put_right_or_left_out_and_always_told(imported):
    records, report = imported('coin', MADE)
    place = 'annotation[0].segment'
    assert findings(report) == [
        (2, 'turned-round', place), (2, 'turned-round', 'start'), (3, 'beyond-end', place),
        (4, 'outside', place), (4, 'bad-record', 'annotation'), (5, 'no-length', place),
        (6, 'bad-record', 'annotation'), (7, 'bad-event', 'annotation[0].label'),
        (7, 'bad-event', 'annotation[1].segment[0]'), (8, 'bad-event', 'start'),
        (9, 'bad-record', 'annotation'), (10, 'bad-record', 'duration'), (11, 'bad-record', '')]
    captions = {record['video_name']: spans(record) for record in of(records, 'action_caption')}
    assert captions['spelt.mp4'] == [('take out', 61, 69)]
    assert captions['reversed.mp4'] == [('take out', 61, 69)]
    assert captions['beyond.mp4'] == [('take out', 126, 132)]
    assert captions['point.mp4'] == [('take out', 61, 61)]
    assert captions['null.mp4'] == captions['no-start.mp4'] == [('y', 4, 4)]
    tasks = {record['video_name']: spans(record) for record in of(records, 'event_caption')}
    assert tasks.keys() == captions.keys() - {'beyond.mp4', 'no-start.mp4'}
    assert tasks['reversed.mp4'] == [('replace CD drive with SSD', 57, 86)]
