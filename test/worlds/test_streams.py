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

"""Streams are drawn from any world by one hand, the same from the same seed."""

import sys

import numpy as np
import pytest

from streamo_ros.worlds import WorldError
from streamo_ros.worlds.names import NAMES
from streamo_ros.worlds.question import TASKS
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import MORE_WORLDS
from streamo_ros.worlds.streams import WORLDS


def draw(seed, world=None, turns=12, questions=2, split='test'):
    if world != 'sentry':
        pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')
    return draw_stream(
        np.random.default_rng(seed), split=split, turns=turns, questions=questions, world=world)


@pytest.mark.parametrize('world', [*WORLDS, *MORE_WORLDS[:3]])
def test_a_seed_is_a_stream(world):
    one, other = draw(3, world, 4), draw(3, world, 4)
    assert one.questions == other.questions and one.stamps == other.stamps
    assert all(np.array_equal(*pair) for pair in zip(one.frames, other.frames, strict=True))
    assert one.kind == world


@pytest.mark.parametrize('world', ['sentry', 'tabletop'])
def test_a_stream_has_a_frame_a_truth_and_a_pair_for_each_tick(world):
    stream = draw(1, world, 6)
    assert len(stream.stamps) == len(stream.frames) == 6
    assert {len(question.truths(7)) for question in stream.questions} == {6}
    assert {question.rate for question in stream.questions} == {stream.rate}
    for tick in (0, 5):
        pair = stream.pair(tick, (6, 6))
        assert pair.cell_motion.shape == pair.cell_object.shape == (6, 6)
        assert (pair.cell_names is None) == (world == 'sentry')
        if pair.cell_names is not None:
            assert pair.cell_names.shape == (len(NAMES), 6, 6)
    assert not stream.pair(0).motion


def test_all_worlds_and_tasks_are_drawn_and_mostly_something_happens():
    streams = [draw(seed, turns=20, questions=3) for seed in range(30)]
    assert {stream.kind for stream in streams} == {'sentry', 'tabletop'}
    questions = [question for stream in streams for question in stream.questions]
    assert {question.task for question in questions} == set(TASKS)
    assert 0.6 < np.mean([question.eventful for question in questions]) < 0.97


def test_questions_of_a_stream_are_different():
    for seed in range(6):
        questions = draw(seed, turns=12, questions=4).questions
        assert len({question.text for question in questions}) == 4


def test_with_contrast_both_directions_of_a_skill_are_asked_of_one_stream():
    opposites = ({'start', 'stop'}, {'enter', 'leave'}, {'light_off', 'light_on'},
                 {'cover', 'uncover'})
    together = 0
    for seed in range(8):
        stream = draw_stream(
            np.random.default_rng(seed), split='train', turns=12, questions=2, world='sentry',
            contrast=1.0)
        skills = [question.skill.split('/') for question in stream.questions]
        assert set(skills[0] + skills[1]) in opposites
        assert skills[0] != skills[1]
        together += any(len(both) == 2 for both in skills)
    assert 0 < together < 8  # asked for at once, too, beside one of them


@pytest.mark.parametrize('world', ['moving', 'film'])
def test_in_a_third_of_the_streams_nothing_asked_for_happens(world):
    streams = [draw(seed, world, 12, split='train') for seed in range(60)]
    quiet = [not any(question.eventful for question in stream.questions) for stream in streams]
    assert 1 / 4 < np.mean(quiet) < 1 / 2


@pytest.mark.parametrize('world', ['sentry', 'tabletop'])
def test_a_stream_of_which_nothing_is_asked_has_frames_and_happenings(world):
    streams = [draw(seed, world, 8, questions=0) for seed in range(6)]
    assert {stream.questions for stream in streams} == {()}
    assert any(stream.pair(tick).motion for stream in streams for tick in range(8))


def test_an_unknown_world_is_refused():
    with pytest.raises(WorldError, match='moon'):
        draw(0, 'moon')


def test_without_pybullet_it_says_what_to_do(monkeypatch):
    for name in ('simulation', 'world', 'topics'):
        monkeypatch.delitem(sys.modules, f'streamo_ros.worlds.tabletop.{name}', raising=False)
    monkeypatch.setitem(sys.modules, 'pybullet', None)
    with pytest.raises(WorldError, match='train'):
        draw_stream(np.random.default_rng(0), split='test', turns=2, questions=1,
                    world='tabletop')
