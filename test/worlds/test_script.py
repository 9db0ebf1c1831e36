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

"""What is planned: things rest wholly in view, silences are kept, no act happens unseen."""

import numpy as np

from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.labels import visible_share
from streamo_ros.worlds.script import plan


def plans(count, skills):
    return [plan(np.random.default_rng([seed, 6]), 'test', 24.0, 4 / 3, 0.5, skills)
            for seed in range(count)]


def test_things_come_to_rest_wholly_in_view():
    for drawn in plans(60, ('start', 'enter')):
        for actor in drawn.actors:
            rests = [segment.target for segment in actor.track.segments if not segment.hides]
            for pose in rests + [actor.track.home] * actor.track.present:
                assert visible_share(actor, pose, drawn.view_first, drawn.aspect) > 0.93


def test_things_come_from_outside_and_go_there():
    for drawn in plans(60, ('enter', 'leave')):
        for actor in drawn.actors:
            for segment in actor.track.segments:
                view, aspect = drawn.view_first, drawn.aspect
                if segment.appears:
                    assert visible_share(actor, segment.origin, view, aspect) == 0
                if segment.hides:
                    assert visible_share(actor, segment.target, view, aspect) == 0


def test_light_and_cover_alternate_and_exclude_each_other():
    for drawn in plans(80, ('light_off', 'cover', 'move')):
        for ramps, first in ((drawn.light, drawn.light_first), (drawn.cover, drawn.cover_first)):
            before = first
            for ramp in ramps:
                assert (ramp.before, ramp.after) == (before, 1 - before)
                before = ramp.after
        changes = sorted([(ramp.start, ramp.end) for ramp in (*drawn.light, *drawn.cover)]
                         + [(turn.start, turn.end) for turn in drawn.turns])
        assert all(one[1] < other[0] for one, other in zip(changes, changes[1:], strict=False))


def test_a_camera_turn_is_plain_to_see():
    turns = [turn for drawn in plans(80, ('move',)) for turn in drawn.turns]
    assert len(turns) > 60
    for turn in turns:
        assert 0.2 <= turn.end - turn.start <= 1.2
        assert (abs(turn.after.x - turn.before.x) + abs(turn.after.y - turn.before.y) > 0.04
                or abs(turn.after.roll - turn.before.roll) > 0.02
                or abs(turn.after.zoom - turn.before.zoom) > 0.1)


def test_nothing_is_over_before_a_second_look():
    for skill in SKILLS:
        for drawn in plans(20, (skill,)):
            for change in (*drawn.light, *drawn.cover, *drawn.turns):
                assert change.start > 1.1
