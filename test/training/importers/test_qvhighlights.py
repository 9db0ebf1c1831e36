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

"""QVHighlights: windows and highlights of queries, with all that is odd in made records."""

import json

from imported_records import findings
from imported_records import of
from imported_records import question
from imported_records import spans


def row(qid, windows, clips=None, scores=None, **more):
    return {
        'qid': qid, 'query': 'Chef cuts a {pizza} 🍕.', 'duration': 150,
        'vid': f'NUs-9B_{qid}_210.0_360.0', 'relevant_windows': windows,
        'relevant_clip_ids': clips, 'saliency_scores': scores, **more}


MADE = [
    row(0, [[0, 6], [126, 150]], [0, 1, 2, 63, 64],
        [[4, 3, 1], [3, 3, 3], [2, 2, 4], [4, 4, 0], [0, 1, 1]]),
    row(1, [[10, 12]]),
    row(2, [[12, 10]], [5, 4], [[4, 4, 4], [3, 3, 3]]),
    row(3, [[140, 160], [150, 152]]),
    row(4, [[4, 4]]),
    row(5, []),
    row(6, None),
    row(7, [[2, 4], None, 'x'], [1, 2], [[4, 4, 4]]),
    row(8, [['0:02', '4.0']], [1.5], [[4, 4, 4]]),
    row(9, [[2, 4]], [1], [[4, 4, 5]]),
    row(10, [[2, 4]], query=None),
    row(11, [[2, 4]], vid='../x'),
    row(1, [[20, 22]]),
    row(12, [[2, 4]], duration=None),
]


def test_all_windows_of_a_query_are_found_told_and_counted(imported, streams):
    records, _ = imported('qvhighlights', MADE[:2])
    assert [(record['task_type'], spans(record)[0], len(spans(record))) for record in records] == [
        ('grounding', ('Given event occurred between 0s to 6s.', 1, 6), 2),
        ('tsqa', (spans(records[1])[0][0], 1, 6), 2),
        ('tsqa', ('1', 1, 6), 2), ('tsqa', (spans(records[3])[0][0], 1, 4), 2),
        ('grounding', ('Given event occurred between 10s to 12s.', 11, 12), 1),
        ('tsqa', (spans(records[5])[0][0], 11, 12), 1)]
    assert [span[1:] for span in spans(records[3])] == [(1, 4), (127, 128)]
    assert 'from 126s to 128s' in spans(records[3])[1][0]
    assert all('Chef cuts a {pizza} 🍕.' in question(record)[0] for record in records)
    assert records[0]['video_path'] == 'NUs-9B_0_210.0_360.0.mp4'
    assert streams()[0][6] == '</Response> Given event occurred between 0s to 6s.'
    assert streams()[0][149] == '</Response> Given event occurred between 126s to 150s.'


def test_what_is_odd_is_put_right_or_left_out_and_always_told(imported):
    lines = '\n'.join(json.dumps(record) for record in MADE) + '\n{"qid": 13,'
    records, report = imported(
        'qvhighlights', lines, 'highlight_val_release.jsonl', convertible=False)
    window = 'relevant_windows[0]'
    assert findings(report) == [
        (2, 'turned-round', window), (3, 'beyond-end', window), (3, 'outside',
                                                                 'relevant_windows[1]'),
        (4, 'no-length', window), (5, 'bad-record', 'relevant_windows'),
        (6, 'bad-record', 'relevant_windows'), (7, 'bad-event', 'relevant_windows[1]'),
        (7, 'bad-event', 'relevant_windows[2]'), (7, 'no-highlights', 'saliency_scores'),
        (8, 'no-highlights', 'relevant_clip_ids[0]'), (9, 'no-highlights', 'saliency_scores[0]'),
        (10, 'bad-record', 'query'), (11, 'bad-record', 'vid'), (12, 'bad-record', 'qid'),
        (13, 'no-duration', 'duration'), (14, 'bad-record', '')]
    found = {record['video_name'].split('_')[1]: spans(record) for record in of(
        records, 'grounding')}
    assert {key: [span[1:] for span in value] for key, value in found.items()} == {
        '0': [(1, 6), (127, 150)], '1': [(11, 12)], '2': [(11, 12)], '3': [(141, 150)],
        '4': [(5, 5)], '7': [(3, 4)], '8': [(3, 4)], '9': [(3, 4)], '12': [(3, 4)]}
    assert report['bad'] == 6 and report['records'] == 15
    assert 'duration' not in of(records, 'grounding')[-1]
