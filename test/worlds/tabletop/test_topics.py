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

"""What is asked of the tabletop is answered as its physics is, and never before it shows."""

import itertools

import numpy as np
import pytest

pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')

from streamo_ros.dialogue import State  # noqa: E402
from streamo_ros.worlds.question import TASKS  # noqa: E402
from streamo_ros.worlds.tabletop.simulation import Event  # noqa: E402
from streamo_ros.worlds.tabletop.topics import Asker  # noqa: E402
from streamo_ros.worlds.tabletop.topics import clear  # noqa: E402
from streamo_ros.worlds.tabletop.words import listed  # noqa: E402
from streamo_ros.worlds.tabletop.words import NUMBERS  # noqa: E402
from streamo_ros.worlds.tabletop.words import tell  # noqa: E402
from streamo_ros.worlds.tabletop.world import TabletopWorld  # noqa: E402

STAMPS = tuple(np.arange(0.4, 23.0).tolist())


@pytest.fixture(scope='module')
def streams():
    worlds = [world for world in (TabletopWorld(seed, 24.0, 'test') for seed in range(30))
              if clear(world, STAMPS)]
    assert len(worlds) > 12
    return [(world, Asker(world, 'test', STAMPS, 1.0)) for world in worlds]


def asked(streams, task, skill=None, count=12):
    """Yield (world, question) of different streams."""
    found = 0
    for number, (world, asker) in enumerate(streams):
        rng = np.random.default_rng(number)
        for _ in range(60):
            question = asker.ask(rng, task)
            if question and question.eventful and skill in (None, question.skill):
                yield world, question
                found += 1
                break
        if found == count:
            return
    assert found >= 3, (task, skill)


def answered(question):
    return [(tick, truth.text) for tick, truth in enumerate(question.right)
            if truth.state is State.RESPONSE]


def test_every_task_can_be_asked(streams):
    for task in TASKS:
        assert list(asked(streams, task, count=3))


def test_narration_tells_every_event_at_the_first_tick_at_which_it_is_over(streams):
    for world, question in asked(streams, 'narration'):
        expected = {}
        for event in world.events:
            over = [tick for tick, stamp in enumerate(STAMPS) if stamp >= event.end]
            if event.settled is not None:
                over = [tick for tick in over if tick and STAMPS[tick - 1] >= event.settled]
            if over:
                on = event.on if event.on is None else world.things[event.on].name
                expected.setdefault(over[0], []).append(
                    tell(event.kind, world.things[event.thing].name, on))
        assert answered(question) == [
            (tick, ' '.join(sorted(told))) for tick, told in sorted(expected.items())]


def test_what_is_told_of_has_been_seen(streams):
    for world, _ in streams:
        for event in world.events:
            due = [tick for tick, stamp in enumerate(STAMPS) if stamp >= event.end]
            if due and event.kind in ('pick_up', 'put_down', 'stack', 'arrive'):
                assert world.shown(event.thing, STAMPS[due[0]]) >= 0.4
            if due and event.kind in ('fall', 'take_away'):
                before = max(stamp for stamp in STAMPS if stamp < event.start)
                assert world.shown(event.thing, before) >= 0.4


class Seen:
    """A world of one thing, of which as much is seen as is said."""

    things = ('cube',)

    def __init__(self, event, shares):
        self.events = (event,)
        self._shares = shares

    def state(self, thing, time):
        return ('table', None)

    def shown(self, thing, time):
        return self._shares[round(time)]


@pytest.mark.parametrize(('kind', 'shares', 'judged'), [
    ('pick_up', (1, 1, 1, 1, 1, 1), True),
    ('pick_up', (1, 0, 0, 1, 0, 0), True),  # hidden only while nothing is said of it
    ('pick_up', (1, 1, 1, 0.2, 1, 1), False),  # hidden when it is due
    ('pick_up', (0.2, 1, 1, 1, 1, 1), False),  # not to be named at the beginning
    ('fall', (1, 1, 1, 0, 0, 0), True),
    ('fall', (1, 0.2, 1, 0, 0, 0), False),  # the last look at it did not show it
    ('take_away', (1, 1, 1, 0, 0, 0), True),
    ('take_away', (1, 1, 1, 0.5, 0, 0), False)])  # said to be gone, and still there
def test_a_stream_is_clear_when_a_person_could_judge_it(kind, shares, judged):
    world = Seen(Event(kind, 0, 1.5, 2.5), shares)
    assert clear(world, (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)) == judged


def test_actions_are_the_arms(streams):
    for world, question in asked(streams, 'action_caption'):
        assert all(told.startswith('The arm ') for _, told in answered(question))
        arms = [event for event in world.events if event.by_arm and event.end <= STAMPS[-2]]
        assert sum(told.count('The arm ') for _, told in answered(question)) >= len(arms) - 1


def test_a_grounding_answer_is_the_seconds_of_the_tags_around_the_event(streams):
    for world, question in asked(streams, 'grounding'):
        for first in (0, 250):
            ((tick, told),) = [
                (tick, truth.text) for tick, truth in enumerate(question.truths(first))
                if truth.text]
            span = question.right[tick].span
            assert told == (f'Given event occurred between {first + span[0]}s to '
                            f'{first + tick + 1}s.')
            standing = [truth.state for truth in question.right[span[0]:tick]]
            assert standing == [State.STANDBY] * (tick - span[0])
        begin, end = STAMPS[span[0]] - 1, STAMPS[tick]
        named = [event for event in world.events
                 if world.things[event.thing].name in question.text]
        assert any(begin < event.start and event.end <= end for event in named)


def lying(world, stamp):
    """Return which things lie on the table by physics alone: at rest, over it, near its height."""
    record, half = world._record, world.stage.half
    found = []
    for thing in range(len(world.things)):
        now, later = (record.poses[record.step(time), thing] for time in (stamp, stamp + 0.05))
        hand = record.hands[record.step(stamp)]
        with_hand = np.hypot(now[0] - hand.x, now[1] - hand.y) < 1e-6 and (
            now[2] - world.things[thing].half[2] > 0.05) and not any(
            other != thing and np.hypot(*(now - record.poses[record.step(stamp), other])[:2]) < .05
            for other in range(len(world.things)))
        if (np.abs(now[:2]) <= half).all() and now[2] > 0 and not with_hand and (
                np.abs(now - later)[:3].max() < 0.002):
            found.append(thing)
    return found


@pytest.mark.parametrize('skill', ['count', 'contents'])
def test_the_answer_changes_exactly_when_what_lies_on_the_table_does(streams, skill):
    for world, question in asked(streams, 'tsqa', skill, 8):
        answer = None
        for truth, stamp in zip(question.right, STAMPS, strict=True):
            answer = truth.text or answer
            if truth.state is State.STANDBY:
                continue
            things = lying(world, stamp)
            pushed = any(event.kind == 'bump' and event.start - 1 <= stamp <= event.end + 0.1
                         or event.kind in ('fall', 'put_down', 'stack')
                         and event.start - 1.5 <= stamp <= event.end + 0.2
                         for event in world.events)
            if pushed:
                continue  # not at rest, or beside the hand
            assert answer == (NUMBERS[len(things)] if skill == 'count' else listed(
                [world.things[thing].name for thing in things])), stamp


def test_what_the_arm_holds_hangs_from_the_hand(streams):
    for world, question in asked(streams, 'tsqa', 'holding', 8):
        record, answer = world._record, None
        for truth, stamp in zip(question.right, STAMPS, strict=True):
            answer = truth.text or answer
            if truth.state is State.STANDBY:
                continue
            step = record.step(stamp)
            hand = record.hands[step]
            hanging = [
                thing for thing, pose in enumerate(record.poses[step])
                if np.hypot(pose[0] - hand.x, pose[1] - hand.y) < 1e-6 and abs(
                    pose[2] + world.things[thing].half[2] - hand.z) < 1e-3]
            if answer == 'Nothing.':
                assert not hanging or world.state(hanging[0], stamp)[0] in ('table', 'away')
            else:
                assert listed([world.things[thing].name for thing in hanging]) == answer


def test_the_colour_of_the_held_thing_is_not_told_before_it_is_held(streams):
    for world, question in asked(streams, 'tsqa', 'held_colour', 6):
        tick, told = answered(question)[0]
        held = [thing for thing in range(len(world.things))
                if world.state(thing, STAMPS[tick])[0] == 'held']
        assert [world.things[thing].colour.capitalize() + '.' for thing in held] == [told]
        assert all(world.state(thing, stamp)[0] != 'held' for stamp in STAMPS[:tick]
                   for thing in range(len(world.things)))


def test_one_question_has_one_truth_whatever_its_words(streams):
    for _, asker in streams[:6]:
        by_text = {}
        for seed, task in itertools.product(range(20), TASKS):
            question = asker.ask(np.random.default_rng(seed), task)
            if question is not None:
                assert by_text.setdefault(question.text, question.right) == question.right
