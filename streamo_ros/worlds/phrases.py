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

"""
The words around what is asked: how an instruction of each task may be put.

Phrasings are split: those of the test split are never trained on.
"""

from dataclasses import dataclass
import itertools

import numpy as np


@dataclass(frozen=True)
class Phrases:
    """
    Frames to put clauses in, or clauses, by split; validation takes those of training.

    A frame without ``{}`` is a whole sentence.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]

    def of(self, split: str) -> tuple[str, ...]:
        """Return the phrasings of a split."""
        return self.test if split == 'test' else self.train

    def draw(self, rng: np.random.Generator, split: str) -> str:
        """Return one of them."""
        return str(rng.choice(self.of(split)))


def word(rng: np.random.Generator, split: str, frames: Phrases, clauses: Phrases) -> str:
    """Return an instruction in the split's words."""
    clause = clauses.draw(rng, split)
    return frames.draw(rng, split).format(clause)


def wordings(split: str, frames: Phrases, clauses: Phrases) -> set[str]:
    """Return all instructions that ``word`` may return."""
    return {frame.format(clause)
            for frame, clause in itertools.product(frames.of(split), clauses.of(split))}


TELL = Phrases(
    ('Tell me when {}.', 'Say so when {}.', 'Let me know when {}.', 'Alert me when {}.',
     'Report when {}.', 'Speak up as soon as {}.', 'Warn me if {}.', 'Watch and tell me if {}.',
     'Please say when {}.', 'Call out every time {}.', 'I want to know when {}.',
     'Give a message when {}.', 'Keep an eye out and report if {}.', 'Notify me when {}.',
     'Tell me whenever {}.', 'Inform me as soon as {}.', 'Once {}, tell me.',
     'When {}, say so.', 'Please watch and report each time {}.', 'Let me know once {}.'),
    ('Notify me whenever {}.', 'Inform me once {}.', 'Keep watch and report if {}.',
     'As soon as {}, let me know.'))
"""Event caption: {} is a clause such as 'the light goes off'."""

NARRATE = Phrases(
    ('Narrate what happens.', 'Describe what happens as it happens.',
     'Tell me everything that happens.', 'Give a live commentary.',
     'Comment on what you see happening.', 'Keep me informed of all that happens.',
     'Report every event in the view.', 'Say what happens, each time something happens.',
     'Watch and narrate.', 'Tell me what is going on, as it goes on.',
     'Please narrate the scene in real time.', 'Describe each event as soon as it is over.',
     'Give a running commentary of the scene.', 'Talk me through what happens.',
     'Narrate the video as you watch it.', 'Whenever something happens, say what it was.',
     'Let me know of anything that happens.', 'Report whatever happens in front of the camera.',
     'I want to hear about everything that happens.', 'Describe all events, one by one.',
     'Be my eyes and tell me what happens.', 'Keep describing what happens in the view.',
     'Please report every change that you see.', 'Give me a sentence for each event.'),
    ('Narrate everything that happens in the view.', 'Please comment on the scene as you watch.',
     'Describe whatever happens, in real time.', 'Tell me of each event as soon as it is over.'))

GROUND = Phrases(
    ('Find when this happens: {}.', 'Give the time of this event: {}.',
     'Say from when to when this event lasts: {}.', 'Locate this event in time: {}.',
     'Watch, and give the time span of this event: {}.',
     'When it is over, give the time of this event: {}.',
     'Tell me the seconds between which this happens: {}.',
     'Between which seconds does this happen: {}?', 'At what time does this happen: {}?',
     'Note the start and the end of this event: {}.',
     'Report the beginning and the end of this event: {}.',
     'I need the time span of this event: {}.', 'Localise the event. The event is: {}.',
     'Watch for this event and report its time: {}.',
     'The event is: {}. Say when it happened.', 'The event is: {}. Give its time span.',
     'Answer with the time span once this is over: {}.',
     'Please measure from when to when this takes place: {}.',
     'Mark the time of the following event: {}.',
     'Wait for the following event, then give its time: {}.',
     'Ground this event in time: {}.'),
    ('Locate the following event and give its time span: {}.',
     'Watch for this event and say when it happened: {}.',
     'Report the seconds between which the event lasts. The event is: {}.'))
"""Event grounding: {} is a clause such as 'the red cube falls off the table'."""

ASK = Phrases(
    ('{}', '{} Tell me again when the answer changes.', '{} Update your answer if it changes.',
     '{} Keep the answer up to date.', '{} Say so whenever it changes.',
     '{} Answer now and at every change.', 'Answer this, and again whenever it changes: {}',
     'Question: {}', '{} Correct your answer when it is no longer right.',
     'Please answer, and keep watching: {}', 'Watch and answer: {}',
     '{} Let me know when that changes.'),
    ('{} Answer again whenever it changes.', 'Keep watching and answer this: {}',
     '{} Update the answer at every change.'))
"""Time-sensitive question answering: {} is a question."""
