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

"""The threshold that is proposed is the lowest that keeps false alarms few."""

from dataclasses import replace

import numpy as np
import pytest

from streamo_ros.cli.main import main
from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.studies import thresholds
from streamo_ros.studies.thresholds import curve
from streamo_ros.studies.thresholds import propose
from streamo_ros.studies.thresholds import Watched
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth


def watched(responses, due=()):
    """Return a question watched for five minutes, with these probabilities of Response."""
    right = tuple(Truth(State.RESPONSE if tick in due else State.SILENCE, 'Now.')
                  for tick in range(len(responses)))
    return Watched(
        Question(text='Tell me.', task='event_caption', skill='start', rate=1.0, right=right),
        np.asarray([(1 - one, 0, one) for one in responses]), 300.0)


def test_the_curve_counts_what_each_threshold_would_have_decided():
    points = {point['threshold']: point for point in curve([
        watched([0.1, 0.3, 0.9, 0.1, 0.1, 0.2], due=(2,)), watched([0.4, 0.6, 0.1])])}
    assert points[0.5]['event_f1'] == pytest.approx(2 / 3, abs=1e-3)  # one hit, one in vain
    assert points[0.7]['event_f1'] == 1
    assert points[0.5]['false_alarms_per_5min_of_nothing'] == 1
    assert points[0.4]['false_alarms_per_5min_of_nothing'] == 2
    assert points[0.95]['event_recall'] == 0


def test_the_lowest_threshold_with_few_false_alarms_is_proposed():
    blank = watched([0.42, 0.62, 0.82, 0.1])
    assert propose(curve([blank])) == 0.65  # one is left
    assert propose(curve([watched([1, 1, 1])])) == thresholds.CANDIDATES[-1]
    # Few by chance at a low one, where more come above it again, is not few enough.
    points = curve([blank])
    points[3] = {**points[3], 'false_alarms_per_5min_of_nothing': 0.0}
    assert propose(points) == 0.65


def test_where_nothing_is_blank_there_is_no_false_alarm_to_avoid():
    assert propose(curve([watched([0.1, 0.9], due=(1,))])) == thresholds.CANDIDATES[0]


def test_streams_are_watched_by_the_engine_with_the_threshold(monkeypatch):
    streams = list(thresholds.draw(2, 'validation', 1, ['sentry']))
    short = [replace(one, stamps=one.stamps[:3], taken=one.taken[:3]) for one in streams]
    given = []
    load = StreamEngine.from_pretrained

    def noted(name, **options):
        given.append(options['thresholds'].response)
        return load(name, **options)

    monkeypatch.setattr(StreamEngine, 'from_pretrained', noted)
    found = thresholds.watch('nano', short, 0.8)
    assert len(found) == 2 * thresholds.QUESTIONS_A_STREAM and set(given) == {0.8}
    assert all(one.probabilities.shape == (3, 3) for one in found)


def test_the_study_prints_the_curve_and_what_it_proposes(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(thresholds, 'TURNS', 4)
    assert main(['study', 'thresholds', '--streams', '1', '--world', 'sentry',
                 '--json', str(tmp_path / 'curve.json')]) == 0
    printed = capsys.readouterr().out
    assert 'proposed: ' in printed and printed.count('event F1') == len(thresholds.CANDIDATES) + 1
    assert '"curve"' in (tmp_path / 'curve.json').read_text()
