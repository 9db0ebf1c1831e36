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

"""DiDeMo: the majority of the annotators, with all that is odd in made records."""

from imported_records import answers
from imported_records import findings
from imported_records import of
from imported_records import question
from imported_records import spans
import pytest


def row(number, times, chunks=6, **more):
    return {
        'annotation_id': number, 'description': 'the dog turns around', 'num_segments': chunks,
        'video': f'6429@N00_{number}_5f8e.mov', 'dl_link': 'x', 'times': times, **more}


@pytest.mark.parametrize('times, chunks, span', [
    ([[0, 0], [0, 0], [0, 1], [0, 0]], 6, (1, 5)),
    ([[1, 2], [1, 2], [1, 2], [4, 4]], 6, (6, 15)),
    ([[5, 5]] * 4, 6, (26, 30)),
    ([[4, 4]] * 4, 5, (21, 25)),
    ([[0, 0], [1, 1], [1, 1], [1, 1], [1, 1], [2, 2], [3, 3]], 6, (6, 10)),
    ([['1', '1'], [1.0, 1], [1, 1]], 6, (6, 10)),
])
def test_the_span_that_most_annotators_gave_counts(imported, times, chunks, span):
    records, _ = imported('didemo', [row(1, times, chunks)])
    grounding, happened = records
    start, end = span
    assert spans(grounding) == [(f'Given event occurred between {start - 1}s to {end}s.', *span)]
    no, yes = answers(happened)
    assert {no[0], yes[0]} == {'Yes.', 'No.'}
    assert no[1:] == ('', '', 1) and yes[1:] == (*span, '')
    assert grounding['duration'] == 5 * chunks
    assert 'the dog turns around' in question(grounding)[0]
    assert grounding['video_path'] == '6429@N00_1_5f8e.mov'


def test_what_is_odd_is_left_out_and_always_told(imported):
    good = [[1, 1]] * 4
    records, report = imported('didemo', [
        row(0, [[0, 0], [1, 1], [2, 2], [3, 3]]), row(1, [[0, 0], [0, 0], [1, 1], [1, 1]]),
        row(2, []), row(3, None), row(4, [[2, 1]] * 4), row(5, [[5, 5]] * 4, 5),
        row(6, [[0, 0], [0, 0], None]), row(7, [[0.5, 1]] * 4), row(8, good, 7),
        row(9, good, None), row(10, good, description=''), row(11, good, video=7),
        row(12, good), row(12, good, description='other'), 'text', row(-1, good, video='a/b.mpg')])
    assert findings(report) == [
        (0, 'bad-record', 'times'), (1, 'bad-record', 'times'), (2, 'bad-record', 'times'),
        (3, 'bad-record', 'times'), (4, 'bad-record', 'times[0]'), (5, 'bad-record', 'times[0]'),
        (6, 'bad-record', 'times[2]'), (7, 'bad-record', 'times[0][0]'),
        (8, 'bad-record', 'num_segments'), (9, 'bad-record', 'num_segments'),
        (10, 'bad-record', 'description'), (11, 'bad-record', 'video'),
        (13, 'bad-record', 'annotation_id'), (14, 'bad-record', '')]
    assert [record['video_path'] for record in of(records, 'grounding')] == [
        '6429@N00_12_5f8e.mov', 'a/b.mpg']
