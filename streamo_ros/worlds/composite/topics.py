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

"""What can be asked about named things that come and go, and in which words."""

from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from streamo_ros.worlds.composite.kinds import a
from streamo_ros.worlds.composite.kinds import is_kept
from streamo_ros.worlds.composite.kinds import load_kinds
from streamo_ros.worlds.composite.world import CompositeWorld
from streamo_ros.worlds.composite.world import SEEN
from streamo_ros.worlds.composite.world import UNSEEN
from streamo_ros.worlds.free_topics import asked
from streamo_ros.worlds.free_topics import EACH
from streamo_ros.worlds.free_topics import EITHER
from streamo_ros.worlds.free_topics import NOUN_REFUSALS
from streamo_ros.worlds.free_topics import REFUSALS
from streamo_ros.worlds.free_topics import silence
from streamo_ros.worlds.labels import Event
from streamo_ros.worlds.phrases import ASK
from streamo_ros.worlds.phrases import GROUND
from streamo_ros.worlds.phrases import Phrases
from streamo_ros.worlds.phrases import TELL
from streamo_ros.worlds.phrases import word
from streamo_ros.worlds.question import changing
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth
from streamo_ros.worlds.spoken import framed
from streamo_ros.worlds.spoken import pick
from streamo_ros.worlds.spoken import said
from streamo_ros.worlds.spoken import Speech
from streamo_ros.worlds.spoken_sentry import GROUNDING
from streamo_ros.worlds.truth import grounding
from streamo_ros.worlds.truth import happenings

Rng = np.random.Generator

TELLING = {'enter': '{} came into view.', 'leave': '{} left the view.'}
"""What is said of an event; {} is the kind with its article."""

CLAUSES = {
    'enter': Phrases(
        ('{} comes into view', '{} enters the view', '{} comes into the picture', '{} appears',
         '{} enters the frame', '{} comes in', '{} shows up', '{} gets into the picture',
         '{} moves into view', '{} comes into sight', '{} turns up', 'you see {} come in',
         'you notice {} coming in', '{} arrives in the picture', 'there comes {}',
         '{} comes in from the side'),
        ('{} enters the picture', '{} comes into the frame', '{} moves into the picture')),
    'leave': Phrases(
        ('{} goes out of view', '{} leaves the view', '{} leaves the picture', '{} disappears',
         '{} leaves the frame', '{} goes away', '{} is gone', '{} gets out of the picture',
         '{} moves out of view', '{} goes out of sight', '{} vanishes', 'you see {} go out',
         'you notice {} going away', '{} goes out at the side', '{} can no longer be seen'),
        ('{} goes out of the picture', '{} goes out of the frame',
         '{} moves out of the picture')),
}
"""What an instruction calls an event; {} is the kind with its article."""

NAMING = {
    'enter': Phrases(
        ('Tell me what comes into view.', 'Name everything that comes into view.',
         'Say what it is whenever something comes in.', 'What comes into the picture? Name it.',
         'Each time something enters, tell me what it is.', 'Name what enters the frame.',
         'Tell me which things come in.', 'Report what enters the view, by its name.',
         'Whenever something appears, say what it is.', 'Call each thing that comes in by its'
         ' name.'),
        ('Name each thing that enters the picture.', 'Tell me what enters the view.')),
    'leave': Phrases(
        ('Tell me what goes out of view.', 'Name everything that leaves the view.',
         'Say what it was whenever something goes out.', 'Each time something leaves, say what.',
         'Name what leaves the frame.', 'Report what leaves the view, by its name.',
         'Whenever something disappears, say what it was.', 'Tell me which things go away.'),
        ('Name each thing that leaves the picture.', 'Tell me what leaves the view.')),
}

PRESENT = Phrases(
    ('Is {} in view?', 'Is there {} in view?', 'Can you see {}?', 'Is there {} in the picture?',
     'Do you see {}?', 'Is {} to be seen?', 'Is there {} in the frame?'),
    ('Is {} in the picture?', 'Can {} be seen?'))

SPOKEN = {
    'enter': (
        '{} (comes along|comes by|pops up|makes an appearance|drops in|gets in front of the lens'
        '|is in the picture|comes up|slides in|moves in|enters the scene|joins the scene|is there'
        '|is to be seen|gets into view|comes into the image|can be seen|strays into the picture)',
        '(there is|you spot|you see|you catch sight of|you find|we get|I get to see|you come'
        ' across) {}', '(suddenly|at last|again) there is'
                       ' {}', '{} (has come|has turned up|is here)',
        'what comes in is {}', 'the thing that comes in is {}'),
    'leave': (
        '{} (clears off|gets lost|drops out of sight|is no longer there|is missing|takes off'
        '|goes off|slides out|moves off|leaves the scene|has gone|slips away|is no longer to be'
        ' seen|is out of the picture|goes missing|leaves us|makes an exit)',
        '(you lose sight of|you no longer see|we lose|there is no longer|you lose) {}',
        'what goes out is {}', '{} (was there and|) is gone'),
}
"""Free words; {} is the kind with its article."""

NOUNS = {'enter': ('{}', '{}', '{} (coming in|in the picture|in view|entering|arriving)',
                   '(the arrival|the coming|any sign|a glimpse) of {}'),
         'leave': ('{} (going out|leaving|disappearing|going away)',
                   '(the loss|the departure|the disappearance) of {}')}

REASONS = (
    'I collect them', 'my daughter loves them', 'I have a bet running', 'I am making a list',
    'we are counting them', 'I lost one of these', "this is for a children's book", 'I draw them',
    'I am curious', 'somebody ordered one', 'they are rare here', 'I am afraid of those')

NAMING_FREELY = {
    'enter': (
        '(tell me|say|name|report|call out) (what|which thing|what sort of thing) (comes in|enters'
        '|turns up|shows up|comes into view|appears)(, please| each time| by its name|)',
        '(whenever|each time|when|as soon as|if) (something|a thing|anything) (comes in|turns up'
        '|appears|enters), (tell me what|say what it is|name it|what is it|give me its name)',
        'what (is it that|kinds of things) (comes|come) in? (Name them|Tell me|Say it each time)',
        '(make|keep) a list of (what comes in|the things that turn up|all that enters)',
        '(identify|recognise|name) (everything|every thing|each thing|all) that (comes in|enters'
        '|shows up)'),
    'leave': (
        '(tell me|say|name|report|call out) (what|which thing|what sort of thing) (goes out|leaves'
        '|disappears|goes away|gets lost)(, please| each time| by its name|)',
        '(whenever|each time|when|as soon as|if) (something|a thing|anything) (goes out|disappears'
        '|leaves|goes away), (tell me what|say what it was|name it|what was it)',
        '(identify|name) (everything|each thing|all) that (goes out|leaves|disappears)'),
}

PRESENT_FREELY = (
    'is there (still|now|by now|) {} (in there|in the picture|there|before you|)?',
    '(tell me|say) whether (there is {} in view|you see {}|{} is in the picture)',
    'have you got {} in view?', '(any sign of|do you spot|are you looking at) {}?')

# What painted places and the photographs of every day may show anyhow.
_SCENERY = frozenset((
    'tree', 'fir tree', 'palm tree', 'bush', 'fence', 'window', 'door', 'street lamp', 'lamp',
    'house', 'curtain', 'table', 'cup', 'plate', 'box', 'desk', 'chair', 'bookcase', 'sofa',
    'computer', 'monitor', 'television', 'car', 'tower', 'skyscraper', 'potted plant', 'carpet',
    'cloud', 'sun', 'star', 'moon', 'bridge', 'ship', 'rocket', 'cat', 'motorcycle', 'coin',
    'clock', 'flower', 'woman', 'man', 'spoon', 'church', 'mosque', 'fountain', 'leaf', 'rock',
    'log', 'bench', 'flag', 'eye', 'telescope', 'camera', 'button', 'light bulb', 'lantern'))

_CLASSES = 0.3  # share of what can be asked for by its class ('an animal') that is
_TASKS = {'tell': 0.44, 'either': 0.09, 'naming': 0.17, 'ground': 0.12, 'present': 0.08,
          'absent': 0.06, 'refused': 0.04}


class Asker:
    """
    Draws questions about one stream.

    :param stamps: when the frames of its ticks were taken
    :param rate: ticks per second
    :param free: share of the instructions that are put in free words
    """

    def __init__(
        self, world: CompositeWorld, split: str, stamps: Sequence[float], rate: float,
        free: float,
    ) -> None:
        self._world = world
        self.split = split
        self._stamps = stamps
        self._rate = rate
        self._free = free
        self._drafts: dict[str, Callable[[Rng, bool], Question | None]] = {
            'tell': self._tell, 'either': self._either, 'naming': self._naming,
            'ground': self._ground, 'present': self._present, 'absent': self._absent,
            'refused': self._refused}

    def ask(self, rng: Rng) -> Question | None:
        """Return a question; None where the one drawn has no clear truth here."""
        task = str(rng.choice(list(_TASKS), p=list(_TASKS.values())))
        if task in ('naming', 'present') and not self._world.bare:
            return None  # what is there besides has no name here
        free = bool(self._free) and rng.random() < self._free
        if task == 'refused' and not free:
            task = 'absent'
        return self._drafts[task](rng, free)

    # -- truth ------------------------------------------------------------------------------

    def _events(self, skill: str, *kinds: str) -> list[Event]:
        return [event for event in self._world.events
                if event.skill == skill and (event.name in kinds or not kinds)]

    def _told(self, events: Sequence[Event]) -> tuple[Truth, ...]:
        return happenings(events, self._stamps, say)

    def _question(
        self, task: str, skill: str, text: str, right: tuple[Truth, ...], *kinds: str,
        about: tuple[str, ...] = (),
    ) -> Question:
        kept = '_kept' if any(is_kept(kind) for kind in kinds) else ''
        return Question(task, skill + kept, text, self._rate, right, about or kinds)

    # -- drafts -----------------------------------------------------------------------------

    def _skill(self, rng: Rng) -> str | None:
        skill = 'enter' if rng.random() < 0.7 else 'leave'
        return skill if self._world.clear(skill) else None

    def _kind(self, rng: Rng) -> str:
        return str(rng.choice(self._world.cast))

    def _words(self, rng: Rng, free: bool, skill: str, kind: str) -> str:
        name = a(kind)
        if free:
            return said(rng, speech(skill, name))
        return word(rng, self.split, TELL, _filled(CLAUSES[skill], name))

    def _tell(self, rng: Rng, free: bool) -> Question | None:
        skill, kind = self._skill(rng), self._kind(rng)
        if skill is None:
            return None
        whole = next((
            (name, kinds) for name, kinds in load_kinds().classes.items() if kind in kinds), None)
        if whole is not None and rng.random() < _CLASSES and self._world.bare:
            name, kinds = whole
            return self._question(
                'event_caption', f'class_{skill}', self._words(rng, free, skill, name),
                self._told(self._events(skill, *kinds)), *{*kinds} & {*self._world.cast},
                about=(name,))
        return self._question(
            'event_caption', f'kind_{skill}', self._words(rng, free, skill, kind),
            self._told(self._events(skill, kind)), kind)

    def _either(self, rng: Rng, free: bool) -> Question | None:
        skill = self._skill(rng)
        if skill is None or len(self._world.cast) < 2:
            return None
        kinds = [str(kind) for kind in rng.permutation(self._world.cast)[:2]]
        names = [a(kind) for kind in kinds]
        if free and rng.random() < 0.3:
            text = framed(rng, EACH, *(speech(skill, name).clause(rng) for name in names))
        elif free and rng.random() < 0.5:
            text = said(rng, Speech((pick(rng, EITHER).format(*(
                speech(skill, name).clause(rng) for name in names)),)))
        elif free:
            text = said(rng, speech(skill, ' or '.join(names)))
        else:
            text = word(rng, self.split, TELL, _filled(CLAUSES[skill], ' or '.join(names)))
        return self._question(
            'event_caption', 'kinds_either', text, self._told(self._events(skill, *kinds)),
            *kinds)

    def _naming(self, rng: Rng, free: bool) -> Question | None:
        skill = self._skill(rng)
        if skill is None:
            return None
        text = (framed(rng, NAMING_FREELY[skill]) if free
                else NAMING[skill].draw(rng, self.split))
        return self._question(
            'event_caption', f'name_{skill}', text, self._told(self._events(skill)),
            *{event.name for event in self._events(skill)})

    def _ground(self, rng: Rng, free: bool) -> Question | None:
        skill, kind = self._skill(rng), self._kind(rng)
        if skill is None:
            return None
        right = grounding(self._events(skill, kind), self._stamps)
        if right is None:
            return None
        text = (framed(rng, GROUNDING, speech(skill, a(kind)).clause(rng)) if free
                else word(rng, self.split, GROUND, _filled(CLAUSES[skill], a(kind))))
        return self._question('grounding', f'kind_{skill}', text, right, kind)

    def _present(self, rng: Rng, free: bool) -> Question | None:
        kind = self._kind(rng)
        if load_kinds().alike[kind] & _SCENERY:
            return None
        answers: list[str | None] = []
        for stamp in self._stamps:
            shares = self._world.shares(kind, stamp)
            if shares is None:
                return None
            most = max(shares, default=0.0)
            answers.append('Yes.' if most >= SEEN else 'No.' if most < UNSEEN else None)
        text = (asked(rng, pick(rng, PRESENT_FREELY).format(*[a(kind)] * 3), True) if free
                else word(rng, self.split, ASK, _filled(PRESENT, a(kind))))
        return self._question('tsqa', 'kind_present', text, changing(answers), kind)

    def _absent(self, rng: Rng, free: bool) -> Question | None:
        """Return an instruction about a kind of which nothing comes or goes."""
        skill = 'enter' if rng.random() < 0.7 else 'leave'
        kinds = load_kinds()
        kind = kinds.all[int(rng.integers(len(kinds.all)))]
        if (is_kept(kind) and self.split != 'test'
                or any(kind in kinds.alike[other] for other in self._world.cast)):
            return None
        return self._question(
            'event_caption', 'kind_absent', self._words(rng, free, skill, kind),
            silence(self._world, self._stamps), kind)

    def _refused(self, rng: Rng, free: bool) -> Question:
        skill = 'enter' if rng.random() < 0.7 else 'leave'
        words = speech(skill, a(self._kind(rng)))
        text = (framed(rng, NOUN_REFUSALS, pick(rng, words.nouns)) if rng.random() < 0.4
                else framed(rng, REFUSALS, words.clause(rng)))
        return self._question(
            'event_caption', 'refused', text, silence(self._world, self._stamps))


def say(event: Event) -> str:
    """Return the sentence about an event."""
    name = a(event.name)
    return TELLING[event.skill].format(name[0].upper() + name[1:]).replace('  ', ' ')


def speech(skill: str, name: str) -> Speech:
    """Return the free words for a thing by its name, with its article."""
    def filled(templates: Sequence[str]) -> tuple[str, ...]:
        return tuple(template.replace('{}', name) for template in templates)
    return Speech(
        filled((*SPOKEN[skill], *CLAUSES[skill].train)), filled(NOUNS[skill]), REASONS,
        never=filled(CLAUSES[skill].test))


def _filled(phrases: Phrases, name: str) -> Phrases:
    return Phrases(
        tuple(phrase.format(name) for phrase in phrases.train),
        tuple(phrase.format(name) for phrase in phrases.test))
