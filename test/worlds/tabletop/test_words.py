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

"""The words of the tabletop: many, plain, and those of the test split its own."""

import pytest

from streamo_ros.worlds.phrases import ASK
from streamo_ros.worlds.phrases import GROUND
from streamo_ros.worlds.phrases import NARRATE
from streamo_ros.worlds.phrases import TELL
from streamo_ros.worlds.phrases import wordings
from streamo_ros.worlds.tabletop.words import a
from streamo_ros.worlds.tabletop.words import ACT
from streamo_ros.worlds.tabletop.words import CLAUSES
from streamo_ros.worlds.tabletop.words import clauses
from streamo_ros.worlds.tabletop.words import filled
from streamo_ros.worlds.tabletop.words import listed
from streamo_ros.worlds.tabletop.words import NAMED
from streamo_ros.worlds.tabletop.words import QUESTIONS
from streamo_ros.worlds.tabletop.words import tell
from streamo_ros.worlds.tabletop.words import TELLING


@pytest.mark.parametrize('phrases', [NARRATE, ACT, TELL, GROUND])
def test_whole_sentences_and_frames_are_twenty_and_the_test_splits_are_others(phrases):
    assert len(set(phrases.train)) >= 20
    assert len(set(phrases.test)) >= 3
    assert not set(phrases.train) & set(phrases.test)


@pytest.mark.parametrize('kind', CLAUSES)
def test_events_are_asked_for_in_many_ways_and_tested_in_words_that_were_trained_on(kind):
    phrases = clauses(kind, ('the red cube',), ('the blue box',))
    assert len(set(phrases.train)) >= 15 and len(set(phrases.test)) >= 3
    assert not set(phrases.train) & set(phrases.test)
    trained = set(' '.join(phrases.train).split())
    for clause in phrases.test:
        assert 'the red cube' in clause
        assert set(clause.split()) <= trained, clause


@pytest.mark.parametrize('phrases', [NAMED, *QUESTIONS.values()])
def test_questions_about_one_thing_or_all_have_phrasings_for_each_split(phrases):
    frames = TELL if phrases is NAMED else ASK
    about = filled(phrases, 'the red cube')
    trained, tested = (wordings(split, frames, about) for split in ('train', 'test'))
    assert len(trained) >= 20 and tested and not trained & tested
    assert not set(about.train) & set(about.test)
    words = set(' '.join(about.train).replace('?', '').replace('.', '').split())
    for question in about.test:
        assert set(question.replace('?', '').replace('.', '').split()) <= words, question


def test_what_is_told_names_the_thing():
    assert tell('arrive', 'orange mug') == 'An orange mug came onto the table.'
    assert tell('stack', 'red cube', 'blue box') == 'The arm put the red cube on the blue box.'
    assert set(CLAUSES) | {'push_off'} == set(TELLING)
    assert len({tell(kind, 'red cube', 'blue box') for kind in TELLING}) == len(TELLING)


def test_things_are_listed_in_one_order():
    assert a('red cube') == 'a red cube'
    assert listed([]) == 'Nothing.'
    assert listed(['orange can']) == 'An orange can.'
    assert listed(['blue ball', 'red cube']) == listed(['red cube', 'blue ball']) == (
        'A red cube and a blue ball.')
    assert listed(['blue ball', 'red mug', 'red can']) == (
        'A red can, a red mug and a blue ball.')
