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

"""What a page draws over time, from what was decided."""

import base64
import copy

from made_report import FPS
from made_report import instruction
from made_report import report

from streamo_ros.evaluation.pages.timeline import disagreements
from streamo_ros.evaluation.pages.timeline import Row
from streamo_ros.evaluation.pages.timeline import timelines


def drawn(cameras, *runs, pictures=None):
    return timelines('room', '', cameras, [Row(runs, '')], FPS, pictures or {})


def test_states_chances_and_answers_stand_at_their_ticks():
    one = instruction('one', 8, [4], [5])
    one.first_tick, one.asked = 2, 1.0
    one.states, one.probabilities = one.states[2:], one.probabilities[2:]
    one.true_states = one.true_states[2:]
    stream, = drawn(report(instruction('', 8, [], [])).bags[0].cameras, one, pictures={2.0: 'uri'})
    run, = stream['instructions'][0]['runs']
    assert run['states'] == '..011200'
    chances = base64.b64decode(run['probabilities'])
    assert list(chances[15:18]) == [26, 26, 204]
    assert run['answers'] == [
        {'at': 2.5, 'text': 'The light went off.', 'complete': True, 'event': 0, 'delay': 0.5,
         'right': True, 'judged': True}]
    assert stream['thumbnails'] == [[2.0, 'uri']]
    assert stream['latency'] == [[20.0] * 8]


def test_where_time_went_back_each_stretch_is_drawn_alone():
    one = instruction('one', 12, [3, 9], [4, 9])
    camera, = report(one).bags[0].cameras
    camera.ticks.stamps[6:] = camera.ticks.stamps[:6]
    for event, stamp in zip(one.events, (1.5, 1.5), strict=True):
        event.end = stamp
    one.answers[1].stamp = 1.5
    first, second = drawn([camera], one)
    assert (first['name'], second['name']) == ('room, part 1', 'room, part 2')
    assert first['stamps'] == second['stamps'] == [0, 0.5, 1, 1.5, 2, 2.5]
    for stream, states in ((first, '001120'), (second, '011200')):
        row, = stream['instructions']
        assert len(row['truth']) == 1
        assert row['runs'][0]['states'] == states
        assert [answer['event'] for answer in row['runs'][0]['answers']] == [0]


def test_runs_with_other_ticks_share_one_axis():
    slow = instruction('one', 4, [], [])
    fast = instruction('one', 8, [], [])
    cameras = [report(run).bags[0].cameras[0] for run in (slow, fast)]
    cameras[0].ticks.stamps = [0.0, 1.0, 2.0, 3.0]
    stream, = drawn(cameras, slow, fast)
    assert stream['stamps'] == [tick / 2 for tick in range(8)]
    assert [run['states'] for run in stream['instructions'][0]['runs']] == [
        '0.0.0.0.', '0' * 8]
    assert stream['latency'][0] == [20.0, None] * 4


def test_runs_disagree_in_state_or_in_words_but_not_where_only_one_decided():
    one, two = instruction('one', 10, [], [3, 8]), instruction('one', 10, [], [3, 8])
    ticks = [list(range(10)), list(range(10))]
    assert disagreements(one, two, ticks) == []
    other = copy.deepcopy(two)
    other.answers[0].text = 'The light came on.'
    other.states[6] = 0
    assert disagreements(one, other, ticks) == [3, 6]
    assert disagreements(one, other, [ticks[0], [*range(6), None, *range(7, 10)]]) == [3]
