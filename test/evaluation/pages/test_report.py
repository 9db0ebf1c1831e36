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

"""What a report's page says, before a browser shows it."""

import base64
import copy
import json
import re

import cv2
from made_report import instruction
from made_report import pictures
from made_report import report
import numpy as np
import pytest
from tiny_bags import CAMERA
from tiny_bags import START
from tiny_bags import TinyBag

from streamo_ros.evaluation.bags.report_data import Notice
from streamo_ros.evaluation.pages.report import latency
from streamo_ros.evaluation.pages.report import moments
from streamo_ros.evaluation.pages.report import report_data
from streamo_ros.evaluation.pages.report import write_report_page


@pytest.fixture
def made():
    return report(
        instruction('light', 100, [20, 60], [21, 80]), instruction('quiet', 100, [], []))


def table(data, title):
    return next(
        spec for part in data['before'] + data['after'] for spec in part['tables']
        if spec.get('title') == title)


def test_every_score_has_its_interval_and_the_trivial_watchers_beside(made):
    spec = table(report_data(made, pictures), 'All together')
    assert spec['columns'] == ['score', 'value', '', 'always silent']
    f1 = next(row['cells'] for row in spec['rows'] if row['cells'][0] == 'event F1, within ±3 s')
    assert f1[1] == {'value': 0.5, 'low': 0.25, 'high': 0.75}
    assert f1[2]['marks'] == [0.0] and f1[3] == {'value': 0.0}
    # What was not there to be scored is not a row.
    assert not any('letter' in row['cells'][0] for row in spec['rows'])


def test_every_instruction_has_a_row_that_leads_to_its_timeline(made):
    data = report_data(made, pictures)
    rows = table(data, 'Every instruction')['rows']
    assert [row['go'] for row in rows] == [[0, 0], [0, 1]]
    assert rows[0]['cells'][4:7] == [2, 2, 1]
    assert len(data['streams'][0]['instructions']) == 2


def test_frames_are_shown_of_what_was_true_and_what_was_said(made):
    wrong, others = moments(made.bags[0].cameras[0].instructions)
    assert sorted(wrong) == [29.0, 30.0, 40.0], 'the missed event and the false alarm'
    assert sorted(others) == [9.0, 10.0, 10.5]
    shots = report_data(made, pictures)['streams'][0]['thumbnails']
    assert [stamp for stamp, _ in shots] == [9.0, 10.0, 10.5, 29.0, 30.0, 40.0]


def test_what_is_not_known_counts_neither_for_nor_against(made):
    blind = copy.deepcopy(made)
    one = blind.bags[0].cameras[0].instructions[0]
    one.events = one.true_states = one.scored = None
    one.answers[0].event = None
    assert moments([one]) == ([], [10.5, 40.0])
    data = report_data(blind, pictures)
    assert 'The truth of 1 instruction is not known: not scored.' in data['notes']
    shown = data['streams'][0]['instructions'][0]
    assert [answer['judged'] for answer in shown['runs'][0]['answers']] == [False, False]
    # Likewise where time had been before
    again = made.bags[0].cameras[0].instructions[0]
    again.true_states[80] = None
    assert moments([again])[0] == [29.0, 30.0]


def test_troubles_are_told_at_the_top_and_named_below(made):
    made.bags[0].cameras[0].notices = [Notice('stale stamps', 3, 'they do not advance')]
    data = report_data(made, pictures)
    assert any('1 kind of trouble' in note for note in data['notes'])
    bags = next(part for part in data['after'] if part['id'] == 'bags')['tables'][0]
    assert bags['rows'][0]['cells'][-1] == 'stale stamps (3): they do not advance'


def test_latency_by_hand():
    ticks, p50, p95, p99, most, late = latency([0.01 * tick for tick in range(101)], 2.0)
    assert ticks == 101
    assert [cell['value'] for cell in (p50, p95, p99, most)] == [500.0, 950.0, 990.0, 1000.0]
    assert late == '49.5%', 'half a second is what there is between two frames'


def test_the_frames_come_from_the_bag(tmp_path):
    with TinyBag(tmp_path / 'bag') as bag:
        for tick in range(20):
            bag.image(tick / 2, np.full((48, 64, 3), 10 * tick, np.uint8))
    made = report(instruction('light', 20, [8], [9]), path=str(tmp_path / 'bag'), camera=CAMERA)
    made.bags[0].start_ns = START
    write_report_page(made, tmp_path / 'report.html')
    text = (tmp_path / 'report.html').read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    shots = data['streams'][0]['thumbnails']
    assert [stamp for stamp, _ in shots] == [3.0, 4.0, 4.5]
    for stamp, uri in shots:
        jpeg = np.frombuffer(base64.b64decode(uri.partition(',')[2]), np.uint8)
        picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        assert picture.mean() == pytest.approx(20 * stamp, abs=2)
