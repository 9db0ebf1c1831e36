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

"""ET-Instruct: both forms of its times and its tasks, with all that is odd in made records."""

from imported_records import answers
from imported_records import findings
from imported_records import question
from imported_records import spans
import pytest


def row(kind, human, gpt, tgt=None, src=None, **more):
    return {
        'task': kind, 'source': 'how_to_step', 'video': 'how_to_step/PJi8ZEHAFcI.mp4',
        'duration': 200.767, 'src': src, 'tgt': tgt, 'conversations': [
            {'from': 'human', 'value': f'<image>\n{human}'}, {'from': 'gpt', 'value': gpt}],
        **more}


VID = '<vid> - <vid>, whisk 2 - 3 eggs. <vid> - <vid>, fry them.'
TXT = '36 - 44.5 seconds, whisk 2 - 3 eggs. 49.0 - 57 seconds, fry them.'


@pytest.mark.parametrize('text', [VID, TXT])
@pytest.mark.parametrize('task, ours', [('slc', 'action_caption'), ('dvc', 'event_caption')])
def test_what_is_told_becomes_a_caption_in_either_form(imported, text, task, ours):
    (record,), report = imported('et-instruct', [row(task, 'Tell.', text, [36, 44.5, 49.0, 57])])
    assert (record['task_type'], record['source']) == (ours, 'how_to_step')
    assert spans(record) == [('whisk 2 - 3 eggs', 37, 45), ('fry them', 50, 57)]
    assert record['video_path'] == 'how_to_step/PJi8ZEHAFcI.mp4' and findings(report) == []


@pytest.mark.parametrize('gpt, tgt, expected', [
    ('It happens in <vid> - <vid>.', [24.3, 30.4], [(25, 31)]),
    ('The event is from 24.3 to 30.4 seconds.', [24.3, 30.4], [(25, 31)]),
    ('24.3 - 30.4 seconds', None, [(25, 31)]),
    ('In <vid> to <vid>, and <vid> - <vid>.', ['1', '0:02', 5, 6.5], [(2, 2), (6, 7)]),
    ('At <vid>, <vid>.', [3.2, 9], [(4, 4), (10, 10)]),
])
def test_what_is_to_be_found_becomes_a_grounding(imported, gpt, tgt, expected):
    (record,), _ = imported('et-instruct', [row('tvg', 'Find "a dog\'s bowl".', gpt, tgt)])
    assert record['task_type'] == 'grounding'
    assert spans(record) == [
        (f'Given event occurred between {start - 1}s to {end}s.', start, end)
        for start, end in expected]
    assert "a dog's bowl" in question(record)[0]


def test_questions_with_a_time_are_answered_when_it_is_over_or_past(imported):
    records, _ = imported('et-instruct', [
        row('gvq', 'What falls?', 'A cup, in <vid> - <vid>.', [4, 6]),
        row('rar', 'What is done in <vid> - <vid>?', 'Frying.', None, [12, 17.5]),
        row('eca', 'What is done in <vid> - <vid>?', 'Eating.', [], [190, 200.5]),
        row('rvq', 'What is it about?', 'Eggs.')])
    assert spans(records[0]) == [('A cup, in 4 - 6.', 5, 6)] and question(records[0])[1] == 1
    assert (question(records[1]), answers(records[1])) == (
        ('What is done in 12 - 17.5?', 19), [('Frying.', '', '', 19)])
    assert question(records[2]) == ('What is done in 190 - 200.5?', 201)
    assert (question(records[3])[1], answers(records[3])) == (201, [('Eggs.', '', '', 201)])
    assert [record['task_type'] for record in records] == ['tsqa', 'tsqa', 'qa', 'qa']


def test_what_is_odd_is_put_right_or_left_out_and_always_told(imported):
    good = row('slc', 'Tell.', VID, [36, 44, 49, 57])
    records, report = imported('et-instruct', [
        good, good, row('slc', 'Tell.', VID, [44, 36, 190, 300]),
        row('slc', 'Tell.', VID, [36, 36, 300, 400]), row('slc', 'Tell.', VID, [36, 44, 49]),
        row('slc', 'Tell.', '<vid> - <vid>. <vid> - <vid>, fry.', [36, 44, 49, 57]),
        row('slc', 'Tell.', VID, [36, None, 49, 57]), row('slc', 'Tell.', VID, 'x'),
        row('slc', 'Tell.', VID, [36, 44, 49, 57], task=None),
        row('slc', 'Tell.', VID, [36, 44, 49, 57], video=None),
        row('slc', 'Tell.', VID, [36, 44, 49, 57], duration='long'),
        row('rvq', 'What?', 'Eggs.', duration=None), row('rvq', 'What?', 'Eggs.', conversations=[
            {'from': 'human', 'value': 'a'}, {'from': 'gpt', 'value': 'b'}] * 2),
        row('rvq', 'What <vid>?', 'Eggs.'), 'text'])
    assert findings(report) == [
        (1, 'bad-record', ''), (2, 'turned-round', 'tgt[0]'), (2, 'beyond-end', 'tgt[1]'),
        (3, 'no-length', 'tgt[0]'), (3, 'outside', 'tgt[1]'), (4, 'bad-record', 'tgt'),
        (5, 'bad-event', 'tgt[0]'), (6, 'bad-record', 'tgt[1]'), (7, 'bad-record', 'tgt'),
        (8, 'bad-record', 'task'), (9, 'bad-record', 'video'), (10, 'bad-record', 'duration'),
        (11, 'no-duration', 'duration'), (11, 'bad-record', 'duration'),
        (12, 'bad-record', 'conversations'), (13, 'bad-record', 'src'), (14, 'bad-record', '')]
    assert [[span[1:] for span in spans(record)] for record in records] == [
        [(37, 44), (50, 57)], [(37, 44), (191, 201)], [(37, 37)], [(50, 57)]]
