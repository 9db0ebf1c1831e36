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

"""What is asked of the sentry world, in words of which the test split has its own."""

import numpy as np
import pytest

from streamo_ros.dialogue import State
from streamo_ros.worlds import SentryWorld
from streamo_ros.worlds import SKILLS
from streamo_ros.worlds.phrases import wordings
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.sentry_topics import CLAUSES
from streamo_ros.worlds.sentry_topics import TOPICS

ALL = [topic for topics in TOPICS.values() for topic in topics]
OTHER_WAY = {
    'light_off': 'light_on', 'cover': 'uncover', 'start': 'stop', 'enter': 'leave',
    'move': 'move'}
OTHER_WAY |= {other: one for one, other in OTHER_WAY.items()}


def name(topic):
    return f'{topic.task}-{topic.skill}'


@pytest.mark.parametrize('topic', ALL, ids=name)
def test_the_words_of_the_test_split_are_never_trained_on(topic):
    trained = wordings('train', topic.frames, topic.clauses)
    tested = wordings('test', topic.frames, topic.clauses)
    assert len(trained) >= 20
    assert tested and not trained & tested
    assert not set(topic.frames.train) & set(topic.frames.test)
    assert topic.task == 'narration' or not set(topic.clauses.train) & set(topic.clauses.test)


def test_every_skill_has_a_topic_and_an_answer():
    assert set(ANSWERS) == set(CLAUSES) == set(SKILLS)
    assert set(SKILLS) <= {topic.skill for topic in TOPICS['event_caption']}


@pytest.mark.parametrize('skill', SKILLS)
def test_each_direction_is_said_in_many_ways_and_tested_in_words_it_was_trained_on(skill):
    assert len(CLAUSES[skill].train) >= 15
    trained = ' '.join(CLAUSES[skill].train + CLAUSES[OTHER_WAY[skill]].train).split()
    for clause in CLAUSES[skill].test:
        assert set(clause.split()) <= set(trained), clause


def asked(topic, split='test', count=8):
    """Yield (world, stamps, question) of clear worlds in which the topic's skills happen."""
    rng = np.random.default_rng(0)
    found = 0
    for seed in range(300):
        world = SentryWorld(seed, 24.0, split, skills=topic.skills)
        stamps = np.arange(0.2, 23.0).tolist()
        question = topic.ask(rng, split, world, stamps, 1.0)
        if question is not None and question.eventful:
            yield world, stamps, question
            found += 1
        if found == count:
            return
    raise AssertionError(f'only {found} clear streams of {name(topic)}')


@pytest.mark.parametrize('topic', TOPICS['grounding'], ids=name)
def test_the_grounded_seconds_hold_the_event(topic):
    for world, stamps, question in asked(topic):
        (due,) = [truth for truth in question.right if truth.state is State.RESPONSE]
        event = next(event for event in world.events if event.skill == topic.skill)
        first, last = due.span
        assert stamps[first] - 1 < event.start <= stamps[first]
        assert event.end <= stamps[last] < event.end + 2.01


def test_whether_the_light_is_on_is_answered_by_what_the_frames_show():
    topic = next(topic for topic in TOPICS['tsqa'] if topic.skill == 'light')
    for world, stamps, question in asked(topic):
        told = {truth.text: world.render(stamp).mean()
                for truth, stamp in zip(question.right, stamps) if truth.text}
        assert told['Yes.'] > 1.15 * told['No.']


def test_whether_anything_moves_is_answered_as_the_world_is_observed():
    topic = next(topic for topic in TOPICS['tsqa'] if topic.skill == 'moving')
    for world, stamps, question in asked(topic):
        assert question.right[0].state is State.STANDBY  # one frame shows no motion
        answer = None
        for index, truth in enumerate(question.right):
            answer = truth.text or answer
            if truth.text == 'Yes.':
                assert world.observe(stamps[index - 1] if index > 1 else 0.0, stamps[index]).motion
            if truth.text == 'No.':
                assert not world.observe(stamps[index - 1], stamps[index]).motion
