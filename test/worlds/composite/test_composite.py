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

"""Named things come and go, are told by their name, and are told from what is not asked for."""

import cv2
import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.worlds import WorldError
from streamo_ros.worlds.composite.cut_out import CutOut
from streamo_ros.worlds.composite.footage import FootageWorld
from streamo_ros.worlds.composite.kinds import a
from streamo_ros.worlds.composite.kinds import is_kept
from streamo_ros.worlds.composite.kinds import load_kinds
from streamo_ros.worlds.composite.topics import Asker
from streamo_ros.worlds.composite.topics import CLAUSES
from streamo_ros.worlds.composite.topics import say
from streamo_ros.worlds.composite.topics import speech
from streamo_ros.worlds.composite.world import CompositeWorld
from streamo_ros.worlds.composite.world import draw_cast
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.truth import due_tick

STAMPS = np.arange(0.3, 19.0).tolist()


@pytest.fixture(scope='module', autouse=True)
def folder(tmp_path_factory):
    """Draw pictures of every kind: what is tested is not how they look."""
    where = tmp_path_factory.mktemp('pictures')
    rng = np.random.default_rng(0)
    for kind in load_kinds().all:
        (where / 'cutouts' / kind).mkdir(parents=True)
        for number in range(4):
            image = np.zeros((64, 48, 4), np.uint8)
            ink = (*rng.integers(0, 255, 3).tolist(), 255)
            cv2.circle(image, (24, 32), 20, ink, -1)
            cv2.rectangle(image, (18, 2), (30, 62), ink, -1)
            cv2.imwrite(str(where / 'cutouts' / kind / f'drawn-{number}.png'), image)
    (where / 'films').mkdir()
    film = rng.integers(0, 255, (400, 9, 16, 3), np.uint8)
    film[200:] //= 2  # a cut
    np.save(where / 'films' / 'noise.npy', np.repeat(np.repeat(film, 8, 1), 8, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('STREAMO_PICTURES', str(where))
        yield where


def world(seed, cast=('dog', 'apple'), **more):
    return CompositeWorld(
        seed, cast, 20.0, 'validation', skills=('enter', 'enter', 'leave'), **more)


def questions(draw, free=0.0, split='validation', count=12):
    """Yield (world, question) of what a draft asks of worlds."""
    found = 0
    rng = np.random.default_rng(3)
    for seed in range(400):
        seen = world(seed)
        asker = Asker(seen, split, STAMPS, 1.0, free)
        question = getattr(asker, f'_{draw}')(rng, bool(free))
        if question is not None:
            yield seen, question
            found += 1
        if found == count:
            return
    raise AssertionError(f'only {found}')


def told(question):
    return [(index, truth.text) for index, truth in enumerate(question.right) if truth.text]


def test_no_cast_has_kinds_that_could_be_taken_for_one_another():
    kinds = load_kinds()
    for seed in range(100):
        cast = draw_cast(np.random.default_rng(seed), 'train', 4)
        assert len(cast) == 4
        for one in cast:
            assert not any(one in kinds.alike[other] for other in cast if other != one)


def test_what_is_kept_from_training_comes_in_the_test_split_only():
    def drawn(split):
        return {kind for seed in range(150)
                for kind in draw_cast(np.random.default_rng(seed), split, 3)}
    assert not any(is_kept(kind) for kind in drawn('train') | drawn('validation'))
    share = np.mean([is_kept(kind) for seed in range(150)
                     for kind in draw_cast(np.random.default_rng(seed), 'test', 3)])
    assert 0.35 < share < 0.65


def test_events_of_coming_and_going_have_the_name_of_the_thing():
    seen = {event.name for seed in range(20) for event in world(seed).events
            if event.skill in ('enter', 'leave')}
    assert seen == {'dog', 'apple'}


def test_all_of_a_class_are_told_by_their_kind():
    cast = ('dog', 'owl', 'table')
    found = 0
    for seed in range(150):
        seen = world(seed, cast)
        question = Asker(seen, 'validation', STAMPS, 1.0, 0.0)._tell(
            np.random.default_rng(seed), False)
        if question is None or not question.skill.startswith('class_enter'):
            continue
        within = {'animal': ('dog', 'owl'), 'piece of furniture': ('table',)}[
            next(name for name in ('animal', 'piece of furniture') if name in question.text)]
        due = {say(event) for event in seen.events if event.skill == 'enter'
               and event.name in within and due_tick(event, STAMPS) is not None}
        assert {f'{part.strip()}.' for _, text in told(question)
                for part in text.split('.') if part} == due
        found += bool(due)
    assert found > 3


def test_one_kind_is_told_and_others_are_not():
    others = answers = 0
    for seen, question in questions('tell', count=20):
        if question.skill.startswith('class'):
            continue
        skill = question.skill.removeprefix('kind_').removesuffix('_kept')
        (kind,) = question.about
        assert a(kind) in question.text
        due = {due_tick(event, STAMPS): say(event) for event in seen.events
               if event.skill == skill and event.name == kind}
        due.pop(None, None)
        assert dict(told(question)) == due
        answers += len(due)
        others += any(event.name not in ('', kind) for event in seen.events)
    assert answers > 5 and others


def test_whatever_comes_is_named():
    names = set()
    for seen, question in questions('naming'):
        skill = question.skill.removeprefix('name_').removesuffix('_kept')
        expected = {say(event) for event in seen.events
                    if event.skill == skill and due_tick(event, STAMPS) is not None}
        assert {part.strip() + '.' for _, text in told(question)
                for part in text.split('.') if part} == expected
        names |= expected
    assert len(names) >= 3


def test_either_of_two_kinds():
    for seen, question in questions('either', free=1.0):
        assert all(kind in question.text.lower() for kind in seen.cast)


def test_presence_follows_what_is_seen():
    answers = set()
    for seen, question in questions('present', count=25):
        kind = next(kind for kind in seen.cast if kind in question.text)
        answer = ''
        for index, truth in enumerate(question.right):
            answer = truth.text or answer
            share = max(seen.shares(kind, STAMPS[index]), default=0.0)
            if truth.state is not State.STANDBY:
                assert share >= 0.7 if answer == 'Yes.' else share < 0.1
            answers.add(answer)
    assert answers >= {'Yes.', 'No.'}


@pytest.mark.parametrize('draw', ['absent', 'refused'])
def test_what_never_comes_and_what_is_refused_is_never_answered(draw):
    for seen, question in questions(draw, free=1.0):
        assert {truth.state for truth in question.right} == {State.SILENCE}
        if draw == 'absent':
            assert not any(f' {a(kind)} ' in question.text for kind in seen.cast)


def test_words_of_the_test_split_are_never_trained_on():
    for skill, clauses in CLAUSES.items():
        assert not set(clauses.train) & set(clauses.test)
        rng = np.random.default_rng(0)
        free = {speech(skill, 'a dog').clause(rng) for _ in range(300)}
        assert len(free) > 25
        assert not free & {clause.format('a dog') for clause in clauses.test}


def test_a_cut_out_is_painted_where_its_picture_is_opaque(folder):
    file = folder / 'cutouts' / 'dog' / 'drawn-0.png'
    figure = CutOut(np.random.default_rng(1), file, 'dog')
    seen = world(1)
    pose = seen._plan.actors[0].track.home
    sheet = figure.sheet(pose, 60)
    assert figure.width == pytest.approx(48 / 64)
    assert 0.25 * 60 * 60 * figure.width < (sheet.body > 127).sum() < 60 * 60 * figure.width
    assert (sheet.paint[..., 3][sheet.body > 127] > 120).all()


def test_all_is_asked_about_and_how_often_it_happens_can_be_chosen():
    skills, happens = set(), []
    for seed in range(40):
        stream = draw_stream(
            np.random.default_rng(seed), split='train', turns=12, questions=2, world='composite',
            free=0.5, eventful=0.5)
        skills |= {question.skill for question in stream.questions}
        happens += [question.eventful for question in stream.questions]
    assert skills >= {'kind_enter', 'kind_leave', 'name_enter', 'kinds_either', 'kind_absent'}
    assert 0.35 < np.mean(happens) < 0.65


def test_behind_things_a_film_runs_and_what_happens_in_it_is_not_asked_about():
    for seed in range(8):
        seen = FootageWorld(seed, ('dog',), 12.0, 'train', skills=('enter',))
        assert not seen.clear('start') and not seen.clear('stop')
        assert {event.name for event in seen.events if event.skill == 'enter'} <= {'dog'}
        frames = [seen.render(time).astype(float) for time in (0.5, 1.5)]
        assert np.abs(frames[0] - frames[1]).mean() > 3
        assert np.array_equal(seen.render(0.5), frames[0])
    skills = {question.skill for seed in range(25) for question in draw_stream(
        np.random.default_rng(seed), split='train', turns=12, questions=2, world='footage',
        free=0.3, eventful=0.5).questions}
    assert skills & {'light_off', 'light_on', 'light_off/light_on', 'move', 'cover', 'uncover'}
    assert 'kind_enter' in skills
    assert not skills & {'start', 'stop', 'start/stop', 'moving', 'name_enter', 'kind_present'}


def test_training_and_validation_have_their_own_part_of_a_film():
    def shown(split):
        worlds = [FootageWorld(seed, ('dog',), 6.0, split) for seed in range(40)]
        return ({world._first for world in worlds},
                {min(world._first + round(6.0 * world._pace), world._last) for world in worlds})
    assert max(shown('train')[1]) < 0.8 * 400 <= min(shown('validation')[0])


def test_the_test_split_has_no_film_to_run():
    with pytest.raises(WorldError, match='make film'):
        FootageWorld(1, ('dog',), 12.0, 'test')


def test_without_pictures_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv('STREAMO_PICTURES', str(tmp_path))
    with pytest.raises(WorldError, match='make pictures'):
        draw_stream(np.random.default_rng(0), split='train', turns=4, questions=1,
                    world='composite')
