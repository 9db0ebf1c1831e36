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

"""The trivial answers are scored as a checkpoint's are."""

from types import SimpleNamespace

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.studies.baselines import Baselines
from streamo_ros.studies.baselines import skills_of
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth

SILENCE, STANDBY, RESPONSE = State
STAMPS = tuple(float(tick) for tick in range(8))
LIGHT = Question('event_caption', 'light_off', '', 1.0, tuple(
    Truth(RESPONSE, 'The light went off.') if tick == 3 else Truth(SILENCE)
    for tick in range(8)))
STOP = Question('event_caption', 'stop', '', 1.0, tuple(
    Truth(RESPONSE, 'Everything stopped moving.') if tick == 7 else Truth(STANDBY)
    for tick in range(8)))
START = Question('event_caption', 'start', '', 1.0, tuple(
    Truth(RESPONSE, 'Something started moving.') if tick == 6
    else Truth(SILENCE, counted=tick != 5) for tick in range(8)))
TABLE = Question('event_caption', 'fall', '', 1.0, (Truth(SILENCE),) * 8)


@pytest.fixture
def found():
    """Watch a light go off in a scene that, by the truth given, moves for six ticks of eight."""
    picture = np.random.default_rng(0).integers(40, 220, (12, 16, 3)).astype(np.uint8)
    lit = picture.repeat(8, 0).repeat(8, 1)
    baselines = Baselines()
    baselines.add(SimpleNamespace(
        kind='sentry', questions=(LIGHT, STOP, START), stamps=STAMPS,
        frames=[lit] * 3 + [lit // 6] * 5))
    baselines.add(SimpleNamespace(kind='tabletop', questions=(TABLE,), stamps=STAMPS))
    return baselines.figures()


def skill(figures, name, world='sentry'):
    return figures['skills'][f'{world}/event_caption/{name}']


def test_differencing_that_was_asked_nothing_has_no_scores():
    baselines = Baselines()
    baselines.add(SimpleNamespace(kind='tabletop', questions=(TABLE,), stamps=STAMPS))
    assert set(baselines.figures()) == {'always_silent', 'majority_state'}


def test_differencing_is_scored_by_what_it_says(found):
    light = skill(found['frame_differencing'], 'light_off')
    assert (light['events'], light['answers'], light['hits']) == (1, 1, 1)
    assert light['answer_accuracy'] == 1
    assert skill(found['frame_differencing'], 'stop')['hits'] == 0
    assert found['frame_differencing']['event_f1'] == 0.5  # one hit, three events


def test_differencing_is_asked_what_it_can_tell_alone(found):
    assert set(found['frame_differencing']['worlds']) == {'sentry'}
    assert skills_of(STOP) == ('stop',)
    assert skills_of(Question('event_caption', 'light_off/light_on', '', 1.0, ())) == (
        'light_off', 'light_on')
    assert len(skills_of(Question('narration', 'all', '', 1.0, ()))) == 9
    assert not skills_of(Question('tsqa', 'light', '', 1.0, ()))


def test_who_is_always_silent_answers_nothing(found):
    silent = found['always_silent']
    assert silent['event_f1'] == 0 and silent['events'] == 3
    light = skill(silent, 'light_off')
    assert light['state_macro_f1'] == round(2 * 7 / 15 / 3, 4)
    assert (light['answers'], light['hits']) == (0, 0)


def test_the_majority_is_that_of_what_is_asked(found):
    majority, silent = found['majority_state'], found['always_silent']
    assert skill(majority, 'light_off') == skill(silent, 'light_off')
    assert skill(majority, 'stop')['state_macro_f1'] == round(2 * 7 / 15 / 3, 4)  # standing by
    assert skill(silent, 'stop')['state_macro_f1'] == 0
    assert majority['events'] == 3


def test_a_tick_that_could_be_seen_either_way_is_not_counted(found):
    start = skill(found['always_silent'], 'start')  # six silent ticks and the answer of eight
    assert start['state_macro_f1'] == round(2 * 6 / 13 / 3, 4)
