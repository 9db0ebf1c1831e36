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

"""Nothing happens at a cut."""

from dataclasses import astuple

import numpy as np

from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.moving.film import FilmWorld
from streamo_ros.worlds.truth import due_tick

STAMPS = np.arange(0.4, 16.0).tolist()


def films(count=25, **more):
    return [FilmWorld(seed, STAMPS, 'validation', **more) for seed in range(count)]


def cuts(film):
    return [cut for cut in film._begins[1:] if cut < STAMPS[-1]]


def test_no_event_spans_a_cut_nor_is_known_only_behind_it():
    number = 0
    for film in films():
        for event in film.events:
            due = due_tick(event, STAMPS)
            for cut in cuts(film):
                assert not event.start < cut <= event.start
                if due is not None:
                    assert not event.start < cut <= STAMPS[due]
            number += 1
    assert number > 10


def test_across_a_cut_nothing_is_observed():
    seen = 0
    for film in films():
        for cut in cuts(film):
            pair = film.observe(cut - 0.2, cut + 0.2)
            assert not any(value for value in astuple(pair)[:6])
            assert not any(pair.entering) and not any(pair.leaving)
            seen += 1
    assert seen > 20


def test_a_cut_shows_another_place():
    for film in films(4):
        for cut in cuts(film):
            one, other = film.render(cut - 0.01), film.render(cut + 0.01)
            assert np.abs(one.astype(float) - other).mean() > 4


def test_a_shot_begins_in_the_light_and_free():
    for film in films():
        assert all(film.lit(begin) and film.covered(begin) is False for begin in film._begins[:-1])


def test_what_is_dark_or_covered_at_a_cut_is_not_asked_about():
    found = 0
    for film in films(40, skills=('light_off', 'light_on', 'cover')):
        for cut in cuts(film):
            if not film.lit(cut - 1e-6) or film.covered(cut - 1e-6) is not False:
                assert not any(film.clear(skill) for skill in (
                    'light_off', 'light_on', 'cover', 'uncover'))
                found += 1
    assert found


def test_all_but_motion_can_be_asked_about():
    clear = {skill for film in films() for skill in SKILLS if film.clear(skill)}
    assert clear >= set(SKILLS) - {'start', 'stop'}
