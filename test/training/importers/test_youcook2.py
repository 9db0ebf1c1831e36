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

"""YouCook2: the steps of recipes, with all that is odd in made records."""

from imported_records import findings
from imported_records import of
from imported_records import question
from imported_records import spans


def recipe(*steps, **more):
    return {
        'duration': 241.62, 'subset': 'training', 'recipe_type': '113', 'video_url': 'x',
        'annotations': [
            {'id': number, 'segment': list(step[:2]), 'sentence': step[2]}
            for number, step in enumerate(steps)], **more}


MADE = {'database': {
    'plain': recipe((90, 102, 'spread margarine'), (114, 127, 'place cheese ½')),
    'touching': recipe((0, 10, 'cut'), (10, 20, 'stir'), (20, 241.62, 'serve')),
    'reversed': recipe((30, 20, 'cut')),
    'point': recipe((30, 30, 'cut')),
    'spelt': recipe(('01:30', '102', 'cut'), ('0:02:00', 130.5, 'stir'), duration='4:01.62'),
    'beyond': recipe((200, 300, 'cut'), (242, 250, 'stir')),
    'test': {'duration': 90.0, 'subset': 'testing', 'annotations': [{'segment': [1, 2]}]},
    'null': recipe((30, None, 'cut'), (40, 50, None), (60, 70, '  '), (80, 90, 'stir')),
    'none': recipe(annotations=None),
    'words': recipe((3, 4, 'say </Response> now')),
    'zero': recipe((3, 4, 'cut'), duration=0),
    'list': [1],
}}


def test_steps_become_captions_narration_and_groundings(imported, streams):
    records, _ = imported('youcook2', {'database': {
        name: MADE['database'][name] for name in ('plain', 'touching')}})
    first = [record for record in records if record['video_name'] == 'plain.mp4']
    assert [record['task_type'] for record in first] == [
        'action_caption', 'narration', 'tsqa', 'grounding', 'grounding']
    steps = [('spread margarine', 91, 102), ('place cheese ½', 115, 127)]
    assert [spans(record) for record in first] == [steps] * 3 + [
        [('Given event occurred between 90s to 102s.', 91, 102)],
        [('Given event occurred between 114s to 127s.', 115, 127)]]
    # Steps that touch: every answer is there, the last one in the last turn.
    turns = streams()[5]
    assert [(index, turn) for index, turn in enumerate(turns) if 'Response' in turn] == [
        (10, '</Response> cut'), (20, '</Response> stir'), (241, '</Response> serve')]
    assert set(turns) - {'</Standby>'} == {
        '</Response> cut', '</Response> stir', '</Response> serve'}


def test_what_is_odd_is_put_right_or_left_out_and_always_told(imported):
    records, report = imported('youcook2', MADE)
    assert findings(report) == [
        (2, 'turned-round', 'annotations[0].segment'), (3, 'no-length', 'annotations[0].segment'),
        (5, 'beyond-end', 'annotations[0].segment'), (5, 'outside', 'annotations[1].segment'),
        (6, 'bad-event', 'annotations[0].sentence'), (6, 'bad-record', 'annotations'),
        (7, 'bad-event', 'annotations[0].segment[1]'), (7, 'bad-event', 'annotations[1].sentence'),
        (7, 'bad-event', 'annotations[2].sentence'), (8, 'bad-record', 'annotations'),
        (9, 'bad-event', 'annotations[0].sentence'), (9, 'bad-record', 'annotations'),
        (10, 'bad-record', 'duration'), (11, 'bad-record', '')]
    assert {record['video_name']: spans(record) for record in of(records, 'action_caption')} == {
        'plain.mp4': [('spread margarine', 91, 102), ('place cheese ½', 115, 127)],
        'touching.mp4': [('cut', 1, 10), ('stir', 11, 20), ('serve', 21, 242)],
        'reversed.mp4': [('cut', 21, 30)], 'point.mp4': [('cut', 31, 31)],
        'spelt.mp4': [('cut', 91, 102), ('stir', 121, 131)],
        'beyond.mp4': [('cut', 201, 242)], 'null.mp4': [('stir', 81, 90)]}
    assert report['bad'] == 5
    assert all(question(record)[1] == 1 for record in records)
