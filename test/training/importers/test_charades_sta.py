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

"""Charades-STA: a moment a line, with all that is odd in made lines."""

from imported_records import answers
from imported_records import findings
from imported_records import of
from imported_records import question
from imported_records import spans

LINES = """3MSZA 24.3 30.4##person turn a light on.
AO8RW 0.0 6.9##a person is putting a book on a shelf, ## and more.

AO8RW 30.0 40.0##person closes the door.
BACKW 9.5 2##person laughs.
POINT 4 4##Mensch öffnet die Tür.
CLOCK 00:05 0:00:07.5##person sits.
3MSZA 24.3 30.4##person turn a light on.
3MSZA soon 30.4##person runs.
3MSZA 24.3##person runs.
3MSZA 1 2##
AO8RW 33.7 35##person waves.
../up 1 2##person waves.
NEW00 1 2##person waves.
"""
LENGTHS = 'id,subject,length\n3MSZA,x,30.96\nAO8RW,"y, z",33.67\nBACKW,x,10\nPOINT,x,5\n' \
    'CLOCK,x,8.0\n'


def test_moments_are_grounded_and_asked_whether_they_have_been(imported):
    records, report = imported('charades-sta', {'files': {
        'charades_sta_train.txt': LINES, 'Charades_v1_train.csv': LENGTHS}}, convertible=False)
    assert findings(report) == [
        (2, 'beyond-end', 'start'), (3, 'turned-round', 'start'), (4, 'no-length', 'start'),
        (6, 'bad-record', ''), (7, 'bad-record', 'start'), (8, 'bad-record', ''),
        (9, 'bad-record', 'sentence'), (10, 'outside', 'start'), (10, 'bad-record', 'start'),
        (11, 'bad-record', 'video'), (12, 'no-duration', 'length')]
    grounded = of(records, 'grounding')
    assert [(record['video_name'], *spans(record)[0][1:]) for record in grounded] == [
        ('3MSZA.mp4', 25, 31), ('AO8RW.mp4', 1, 7), ('AO8RW.mp4', 31, 34), ('BACKW.mp4', 3, 10),
        ('POINT.mp4', 5, 5), ('CLOCK.mp4', 6, 8), ('NEW00.mp4', 2, 2)]
    assert grounded[0]['response'][0]['content'] == 'Given event occurred between 24s to 31s.'
    assert 'putting a book on a shelf, ## and more.' in question(grounded[1])[0]
    assert 'öffnet' in question(grounded[4])[0]
    assert [answers(record)[1][1:3] for record in of(records, 'tsqa')] == [
        spans(record)[0][1:] for record in grounded]
    assert [record.get('duration') for record in grounded] == [
        30.96, 33.67, 33.67, 10, 5, 8, None]


def test_lengths_may_be_given_as_well(imported):
    records, report = imported(
        'charades-sta', LINES.splitlines()[0], 'charades_sta_test.txt', {'3MSZA': '0:31'})
    assert (records[0]['duration'], findings(report)) == (31, [])


def test_no_utf_8_is_a_bad_line_in_its_place(imported):
    content = b'\xef\xbb\xbf3MSZA 1 2##person \xff.\r\n3MSZA 1 2##person runs.\r\n'
    records, report = imported('charades-sta', content, 'a.txt', {'3MSZA': 9})
    assert findings(report) == [(0, 'bad-record', '')] and len(records) == 2
