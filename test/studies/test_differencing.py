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

"""Frame differencing sees plain changes, and says nothing about a still scene."""

import numpy as np

from streamo_ros.dialogue import State
from streamo_ros.studies.differencing import Asked
from streamo_ros.studies.differencing import Change
from streamo_ros.studies.differencing import combined
from streamo_ros.studies.differencing import Differencing
from streamo_ros.studies.differencing import score
from streamo_ros.studies.differencing import Thresholds
from streamo_ros.studies.differencing import tune
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth


def scene(step=0, gain=1.0, square=None):
    """Return a noisy picture of blocks, shifted to the side, lit, with a black square at x."""
    blocks = np.random.default_rng(0).integers(40, 220, (12, 24, 3)).astype(np.uint8)
    picture = blocks.repeat(10, 0).repeat(10, 1)[:, step:step + 160].astype(np.float64)
    if square is not None:
        picture[40:80, max(square, 0):max(square + 30, 0)] = 0
    noise = np.random.default_rng().normal(0, 1, picture.shape)
    return np.clip(picture * gain + noise, 0, 255).astype(np.uint8)


def covered():
    return np.full((120, 160, 3), 30, np.uint8)


def watched(frames):
    """Return for each skill the (tick, state) of what was not silent."""
    differencing = Differencing()
    found = {}
    for tick, frame in enumerate(frames):
        for skill, state in differencing.step(frame).items():
            if state is not State.SILENCE:
                found.setdefault(skill, []).append((tick, state))
    return found


STANDBY, RESPONSE = State.STANDBY, State.RESPONSE


def test_nothing_is_said_of_a_still_scene():
    assert watched(scene() for _ in range(6)) == {}


def test_the_light_goes_off_and_on():
    assert watched([scene(), scene(), scene(gain=0.15), scene(gain=0.15), scene(), scene()]) == {
        'light_off': [(2, RESPONSE)], 'light_on': [(4, RESPONSE)]}


def test_a_light_that_takes_two_ticks_goes_off_once():
    assert watched([scene(), scene(), scene(gain=0.6), scene(gain=0.25), scene(gain=0.15)]) == {
        'light_off': [(3, RESPONSE)]}


def test_the_camera_is_covered_and_uncovered():
    assert watched([scene(), scene(), covered(), covered(), scene(), scene()]) == {
        'cover': [(2, RESPONSE)], 'uncover': [(4, RESPONSE)]}


def test_the_camera_was_moved_once_it_rests():
    assert watched([scene(), scene(), scene(15), scene(30), scene(30), scene(30)]) == {
        'move': [(2, STANDBY), (3, STANDBY), (4, RESPONSE)]}


def test_something_starts_and_stops_moving():
    places = (50, 50, 58, 66, 74, 74, 74)
    assert watched(scene(square=place) for place in places) == {
        'start': [(2, RESPONSE)],
        'stop': [(2, STANDBY), (3, STANDBY), (4, STANDBY), (5, RESPONSE)]}


def test_something_comes_in():
    found = watched(scene(square=place) for place in (-40, -40, -20, 5, 30, 55, 80))
    assert [state for _, state in found['enter']] == [STANDBY, RESPONSE]
    assert 'leave' not in found


def test_something_goes_out():
    found = watched(scene(square=place) for place in (60, 60, 40, 20, -5, -20, -40, -40))
    assert found['leave'][-1] == (7, RESPONSE)
    assert 'enter' not in found


def test_of_two_skills_the_louder_counts():
    states = {'start': State.SILENCE, 'stop': State.STANDBY, 'move': State.RESPONSE}
    assert combined(states, ('start', 'stop')) is State.STANDBY
    assert combined(states, ('start', 'move')) is State.RESPONSE


def test_tuning_finds_the_thresholds_that_answer_more_events():
    far = Thresholds(light=1.9)
    still = Change(0, 0, 0, 1, 1, 0, 0, 0, 0)
    dark = Change(-1.5, 0, 0, 1, 1, 0, 0, 0, 0)
    stream = Asked(
        (still, still, dark, still), (Question('event_caption', 'light_off', '', 1.0, tuple(
            Truth(State.RESPONSE if tick == 3 else State.SILENCE) for tick in range(5))),))
    assert score([stream], far)['light_off'].hits == 0
    tuned = tune([stream], far)
    assert tuned.light < 1.5 and score([stream], tuned)['light_off'].f1 == 1
