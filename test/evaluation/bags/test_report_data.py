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

"""A report is read as it was written, and nothing else is taken for one."""

from dataclasses import replace
import json

import pytest

from streamo_ros.evaluation.bags.report_data import Answer
from streamo_ros.evaluation.bags.report_data import AnswerScores
from streamo_ros.evaluation.bags.report_data import Bag
from streamo_ros.evaluation.bags.report_data import Camera
from streamo_ros.evaluation.bags.report_data import Configuration
from streamo_ros.evaluation.bags.report_data import DelayScores
from streamo_ros.evaluation.bags.report_data import Event
from streamo_ros.evaluation.bags.report_data import EventScores
from streamo_ros.evaluation.bags.report_data import Figure
from streamo_ros.evaluation.bags.report_data import Group
from streamo_ros.evaluation.bags.report_data import Instruction
from streamo_ros.evaluation.bags.report_data import Notice
from streamo_ros.evaluation.bags.report_data import read_report
from streamo_ros.evaluation.bags.report_data import Report
from streamo_ros.evaluation.bags.report_data import report_json
from streamo_ros.evaluation.bags.report_data import ReportError
from streamo_ros.evaluation.bags.report_data import Scored
from streamo_ros.evaluation.bags.report_data import Scores
from streamo_ros.evaluation.bags.report_data import StateScores
from streamo_ros.evaluation.bags.report_data import Ticks

FIGURE = Figure(0.5, 0.25, 0.75)
SCORES = Scores(
    3.0, 3, 1, 1,
    StateScores([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [FIGURE] * 3, [FIGURE] * 3, [Figure()] * 3,
                FIGURE),
    [EventScores(1.0, 1, FIGURE, FIGURE, FIGURE)], DelayScores([0.5], FIGURE, FIGURE, FIGURE), 0,
    FIGURE, FIGURE, Figure(), AnswerScores(1, FIGURE, FIGURE, 0, Figure(), Figure()))
SCORED = Scored(1, SCORES, {'always_silent': SCORES})
REPORT = Report(
    Configuration('nano', 'ab', 'auto', 2.0, 8, 128, '', [1.0], 'bag', 1000, 0),
    {'python': '3.11'}, 'a processor',
    [Bag(
        'a', '/a', '', 1_700_000_000_123_456_789, 3.0, 0.1, 'bags/a/streamo',
        [Camera(
            '/camera', 'sensor_msgs/msg/Image', 4, 3, 9,
            Ticks([0.0, 1.0], [0, 0], [0.01, 0.02]),
            [Instruction(
                'one', 'Überhaupt?', 0.0, None, 'annotation', '', '',
                [Event(0.0, 1.0, 'Ja.', 0)], 0,
                [0, 2], [[1.0, 0.0, 0.0], [0.0, 0.25, 0.75]], [1, None],
                [Answer(1, 1.0, 0.0, 'Ja.', True, 0.75, 0, 0.0, True)], SCORED)])],
        [Notice('gaps', 1, 'One.')])],
    [Group('all', '', SCORED)])


def test_a_report_survives_its_file(tmp_path):
    file = tmp_path / 'report.json'
    file.write_text(report_json(REPORT))
    assert read_report(file) == REPORT
    assert 'Überhaupt?' in file.read_text(encoding='utf-8')


def test_a_report_from_before_a_field_was_added_is_read_with_its_default(tmp_path):
    file = tmp_path / 'report.json'
    whole = json.loads(report_json(REPORT))
    for name in ('choices', 'json_schema'):
        del whole['bags'][0]['cameras'][0]['instructions'][0][name]
    file.write_text(json.dumps(whole))
    assert read_report(file) == REPORT


def test_whole_numbers_in_json_are_read_as_seconds(tmp_path):
    file = tmp_path / 'report.json'
    file.write_text(report_json(REPORT))
    file.write_text(file.read_text(encoding='utf-8').replace('"fps": 2.0', '"fps": 2'), 'utf-8')
    assert isinstance(read_report(file).configuration.fps, float)


@pytest.mark.parametrize('change, word', [
    (lambda whole: whole.update(schema=99), 'is of schema 99, not 2'),
    (lambda whole: whole.pop('bags'), "not a whole report.*'bags'"),
    (lambda whole: whole['bags'][0].update(start_ns='soon'), 'not a whole report.*soon'),
    (lambda whole: whole['configuration'].update(seed=None), 'not a whole report.*None'),
])
def test_what_is_no_report_of_this_version_is_refused(tmp_path, change, word):
    file = tmp_path / 'report.json'
    file.write_text(report_json(REPORT))
    whole = json.loads(file.read_text(encoding='utf-8'))
    change(whole)
    file.write_text(json.dumps(whole), encoding='utf-8')
    with pytest.raises(ReportError, match=word):
        read_report(file)


@pytest.mark.parametrize('text', ['no json', '[]', None])
def test_other_files_are_refused(tmp_path, text):
    file = tmp_path / 'report.json'
    if text is not None:
        file.write_text(text)
    with pytest.raises(ReportError, match='report.json'):
        read_report(file)


def test_numbers_that_json_has_not_are_never_written():
    with pytest.raises(ValueError):
        report_json(replace(REPORT, groups=[Group('all', '', replace(
            SCORED, model=replace(SCORES, seconds=float('nan'))))]))
