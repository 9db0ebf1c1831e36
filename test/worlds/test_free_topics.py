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

"""Free words are many, are none of the test split's, and ask for just what their truth tells."""

import re

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.worlds import free_topics
from streamo_ros.worlds import SentryWorld
from streamo_ros.worlds import SKILLS
from streamo_ros.worlds import spoken
from streamo_ros.worlds import spoken_sentry
from streamo_ros.worlds import WorldError
from streamo_ros.worlds.phrases import GROUND
from streamo_ros.worlds.phrases import NARRATE
from streamo_ros.worlds.phrases import TELL
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.sentry_topics import CLAUSES
from streamo_ros.worlds.sentry_topics import TOPICS
from streamo_ros.worlds.spoken import alternatives
from streamo_ros.worlds.spoken import said
from streamo_ros.worlds.spoken_sentry import SPEECH
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.tabletop import spoken as spoken_tabletop
from streamo_ros.worlds.truth import due_tick


def lists(module):
    """Yield the templates of a module, by their place."""
    for name, value in vars(module).items():
        parts = value if isinstance(value, dict) else {'': value}
        for key, part in parts.items():
            if isinstance(part, spoken.Speech):
                part = (*part.clauses, *part.nouns, *part.reasons, *part.whole)
            if name.isupper() and isinstance(part, tuple):
                for template in part:
                    if isinstance(template, str) and ' ' in template:
                        yield f'{name} {key}', template


ALL = [pair for module in (spoken, spoken_sentry, free_topics, spoken_tabletop)
       for pair in lists(module)]


def test_a_template_is_written_as_it_is_read():
    for place, template in ALL:
        depth = 0
        for letter in template:
            depth += (letter == '(') - (letter == ')')
            assert 0 <= depth <= 1, (place, template)
            assert letter != '|' or depth, (place, template)
        assert not depth, (place, template)
        for text in alternatives(template):
            assert not re.search(r'[()|]|  |\s[,.?]', text), (place, text)
    assert len(ALL) > 500


@pytest.mark.parametrize('skill', SKILLS)
def test_every_skill_is_said_in_hundreds_of_ways_none_of_them_the_test_splits(skill):
    rng = np.random.default_rng(0)
    said_ = {said(rng, SPEECH[skill]) for _ in range(400)}
    assert len(said_) > 350
    clauses = {SPEECH[skill].clause(rng) for _ in range(400)}
    assert len(clauses) > 60
    assert not clauses & set(CLAUSES[skill].test)


def test_no_frame_is_one_of_the_test_split():
    rng = np.random.default_rng(0)
    frames = {spoken._core(rng) for _ in range(20000)}
    assert len(frames) > 1000
    assert not {frame[:1].upper() + frame[1:] + '.' for frame in frames} & set(TELL.test)
    others = alternatives(*spoken_sentry.NARRATING, *spoken_sentry.GROUNDING)
    assert not {frame[:1].upper() + frame[1:] + '.' for frame in others} & {
        *NARRATE.test, *GROUND.test}


def asked(make, skills, count=6, seconds=24.0):
    """Yield (world, stamps, question) of clear worlds of some skills."""
    rng = np.random.default_rng(1)
    found = 0
    for seed in range(400):
        topic = make(rng)
        world = SentryWorld(seed, seconds, 'train', skills=skills)
        stamps = np.arange(0.2, seconds - 1).tolist()
        question = topic.ask(rng, 'train', world, stamps, 1.0)
        if question is not None and (question.eventful or topic.skill in ('refused', 'unknown')):
            yield world, stamps, question
            found += 1
        if found == count:
            return
    raise AssertionError(f'only {found} clear streams')


def told(question):
    return [(index, truth.text) for index, truth in enumerate(question.right) if truth.text]


def events(world, *skills):
    return [event for event in world.events if event.skill in skills]


def test_either_of_two_things_is_answered_by_its_name():
    both = 0
    for world, stamps, question in asked(
            lambda rng: free_topics._either('light_off', 'cover'), ('light_off', 'cover'), 12):
        due = [(due_tick(event, stamps), ANSWERS[event.skill])
               for event in events(world, 'light_off', 'cover')]
        assert told(question) == sorted(pair for pair in due if pair[0] is not None)
        both += len({text for _, text in told(question)}) == 2
    assert both


def test_the_second_time_is_the_second_time_and_no_other():
    places = set()
    for world, stamps, question in asked(
            lambda rng: free_topics._nth(rng, 'light_off'), ('light_off', 'light_on'), 12):
        place = next(place for place, name in enumerate(free_topics.ORDINALS)
                     if f'{name} time.' in told(question)[0][1])
        event = events(world, 'light_off')[place]
        assert told(question) == [(
            due_tick(event, stamps),
            f'The light went off for the {free_topics.ORDINALS[place]} time.')]
        assert f' {free_topics.ORDINALS[place]} time' in question.text.lower()
        before = question.right[:next(
            index for index, stamp in enumerate(stamps) if stamp >= event.start)]
        assert {truth.state for truth in before} <= {State.SILENCE}
        places.add(place)
    assert len(places) > 1


def test_a_count_is_told_at_first_and_at_each_time():
    for _, _, question in asked(free_topics._counting, SKILLS, 8):
        texts = [text for _, text in told(question)]
        assert texts == list(free_topics.NUMBERS[:len(texts)])
        assert told(question)[0][0] == 0


def test_what_is_asked_for_after_something_waits_for_it():
    for world, stamps, question in asked(
            lambda rng: free_topics._after(rng, 'light_on'), SKILLS, 8):
        (first, *_) = told(question)
        assert first[1] == ANSWERS['light_on']
        assert any(event.end <= stamps[first[0]] for event in world.events
                   if event.skill != 'light_on')


def test_what_is_asked_for_during_motion_is_not_answered_at_rest():
    seen = set()
    for world, stamps, question in asked(
            lambda rng: free_topics._during(rng, 'light_off'), ('light_off', 'start'), 12):
        at_rest = any(words in question.text.lower() for words in (
            'nothing moves', 'nothing is moving', 'nobody moves', 'all is still',
            'everything stands still', 'there is no movement'))
        for index, _ in told(question):
            event = next(event for event in events(world, 'light_off', 'cover')
                         if due_tick(event, stamps) == index)
            before = [stamp for stamp in stamps if stamp < event.start][-2:]
            assert world.observe(*before).motion is not at_rest
            seen.add(at_rest)
    assert seen == {True, False}


def test_one_way_and_not_the_other():
    for _, _, question in asked(
            lambda rng: free_topics._one_way(rng, 'uncover'), ('cover', 'uncover')):
        assert {text for _, text in told(question)} == {'The camera was uncovered.'}


def test_all_but_one_thing():
    for _, _, question in asked(free_topics._but, SKILLS, 8):
        texts = ' '.join(text for _, text in told(question))
        left = [kind for kind, words in (
            ('light', ('light', 'lamp')), ('covered', ('lens',)), ('moved', ('camera', 'knocks')))
            if any(word in question.text.lower() for word in words)]
        assert any(kind not in texts for kind in left)


@pytest.mark.parametrize('make', [
    lambda rng: free_topics._refused(rng, 'light_off'), lambda rng: free_topics.unknown()])
def test_what_is_refused_or_cannot_be_known_is_never_answered(make):
    for _, _, question in asked(make, ('light_off', 'enter', 'cover')):
        assert {truth.state for truth in question.right} == {State.SILENCE}


def test_streams_in_free_words_ask_for_everything_and_mostly_other_than_the_lists():
    kinds, texts, lists_ = set(), [], set()
    for topics in TOPICS.values():
        for topic in topics:
            lists_ |= set(topic.frames.train)
    for seed in range(120):
        stream = draw_stream(
            np.random.default_rng(seed), split='train', turns=12, questions=2, world='sentry',
            free=1.0)
        kinds |= {question.skill for question in stream.questions}
        texts += [question.text for question in stream.questions]
    assert {'either', 'refused', 'unknown', 'one_way', 'all', *SKILLS} <= kinds
    assert len(set(texts)) > 0.97 * len(texts)


@pytest.mark.parametrize('world', ['sentry', 'tabletop'])
def test_how_often_something_asked_for_happens_can_be_chosen(world):
    if world == 'tabletop':
        pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')

    def happens(eventful):
        return [
            question.eventful for seed in range(10) for question in draw_stream(
                np.random.default_rng(seed), split='train', turns=12, questions=2, world=world,
                free=0.5, eventful=eventful).questions
            if question.skill not in ('refused', 'unknown', 'absent')]
    assert not any(happens(0.0))
    assert all(happens(1.0))


def test_the_tabletop_speaks_freely_too():
    pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')
    kinds = set()
    for seed in range(14):
        stream = draw_stream(
            np.random.default_rng(seed), split='train', turns=10, questions=4, world='tabletop',
            free=1.0, eventful=0.3)
        kinds |= {question.skill for question in stream.questions}
        for question in stream.questions:
            if question.skill in ('absent', 'refused', 'unknown'):
                assert {truth.state for truth in question.right} == {State.SILENCE}
    assert kinds & {'absent', 'refused', 'unknown', 'either'}


def test_there_are_no_free_words_for_the_test_split():
    with pytest.raises(WorldError, match='test split'):
        draw_stream(np.random.default_rng(0), split='test', turns=4, questions=1, free=0.5)
