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


"""What can be asked of the tabletop: questions drawn with what happens in a stream in view."""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streamo_ros.worlds.free_topics import asked
from streamo_ros.worlds.free_topics import EACH
from streamo_ros.worlds.free_topics import EITHER
from streamo_ros.worlds.free_topics import HUSH
from streamo_ros.worlds.free_topics import NOUN_REFUSALS
from streamo_ros.worlds.free_topics import REFUSALS
from streamo_ros.worlds.free_topics import silence
from streamo_ros.worlds.free_topics import UNKNOWN
from streamo_ros.worlds.names import COLOURS
from streamo_ros.worlds.names import KINDS
from streamo_ros.worlds.phrases import ASK
from streamo_ros.worlds.phrases import GROUND
from streamo_ros.worlds.phrases import NARRATE
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
from streamo_ros.worlds.spoken_sentry import NARRATING
from streamo_ros.worlds.tabletop import spoken
from streamo_ros.worlds.tabletop.simulation import Event
from streamo_ros.worlds.tabletop.simulation import EVENTS
from streamo_ros.worlds.tabletop.words import ACT
from streamo_ros.worlds.tabletop.words import ANYTHING
from streamo_ros.worlds.tabletop.words import AWAY
from streamo_ros.worlds.tabletop.words import clauses
from streamo_ros.worlds.tabletop.words import filled
from streamo_ros.worlds.tabletop.words import HELD
from streamo_ros.worlds.tabletop.words import listed
from streamo_ros.worlds.tabletop.words import NAMED
from streamo_ros.worlds.tabletop.words import NEW
from streamo_ros.worlds.tabletop.words import NUMBERS
from streamo_ros.worlds.tabletop.words import QUESTIONS
from streamo_ros.worlds.tabletop.words import TABLE
from streamo_ros.worlds.tabletop.words import tell
from streamo_ros.worlds.tabletop.world import ARM
from streamo_ros.worlds.tabletop.world import TabletopWorld
from streamo_ros.worlds.truth import due_tick
from streamo_ros.worlds.truth import grounding
from streamo_ros.worlds.truth import happenings

_SHOWN = 0.4  # of a thing, from which a person can name it
_FEW = 3  # things that a list may have and still be short
_ASKED = {'count': 0.17, 'contents': 0.2, 'holding': 0.17, 'held_colour': 0.14, 'where': 0.14,
          'present': 0.13, 'arm': 0.05}
_PLAIN, _TRACE = 0.02, 0.002  # shares of the frame from which the arm is, and below which is not

Rng = np.random.Generator

_FREE = {'one': 0.68, 'either': 0.1, 'absent': 0.08, 'refused': 0.07, 'unknown': 0.07}
"""What an instruction to tell of events becomes in free words, by share."""


@dataclass(frozen=True)
class _Draft:
    """
    A question before it is worded.

    :param speech: free words for its clauses, or of a question
    :param about: the names of the things that it is about
    """

    skill: str
    frames: Phrases
    phrases: Phrases
    right: tuple[Truth, ...] | None
    speech: Speech
    about: tuple[str, ...] = ()


def clear(world: TabletopWorld, stamps: Sequence[float]) -> bool:
    """Say whether a person could name all that is there and judge all that happens."""
    for thing in range(len(world.things)):
        if world.state(thing, stamps[0])[0] == 'table' and world.shown(thing, stamps[0]) < _SHOWN:
            return False
    for event in world.events:
        if event.start > stamps[-1]:
            continue
        if event.kind in ('fall', 'take_away'):
            before = [stamp for stamp in stamps if stamp < event.start]
            if not before or world.shown(event.thing, before[-1]) < _SHOWN:
                return False
        due = due_tick(event, stamps)
        if due is None:
            continue
        shown = world.shown(event.thing, stamps[due])
        if event.kind == 'take_away' and shown > 0.1:
            return False
        if event.kind not in ('fall', 'take_away') and shown < _SHOWN:
            return False
    return True


class Asker:
    """
    Draws questions about one stream.

    :param stamps: of the stream's ticks
    :param rate: ticks per second
    :param free: share of the instructions that are put in free words
    """

    def __init__(
        self, world: TabletopWorld, split: str, stamps: Sequence[float], rate: float,
        free: float = 0.0,
    ) -> None:
        self._world = world
        self._split = split
        self._stamps = stamps
        self._rate = rate
        self._free = free
        self._drafts: dict[str, Callable[[Rng], _Draft | None]] = {
            'narration': self._narration, 'event_caption': self._event_caption,
            'action_caption': self._action_caption, 'grounding': self._grounding,
            'tsqa': self._tsqa}

    def ask(self, rng: Rng, task: str) -> Question | None:
        """Return a question of a task; None where the one drawn has no clear truth here."""
        free = bool(self._free) and rng.random() < self._free
        if free and task == 'event_caption':
            kind = str(rng.choice(list(_FREE), p=list(_FREE.values())))
            if kind != 'one':
                return {'either': self._either, 'absent': self._absent,
                        'refused': self._refused, 'unknown': self._unknown}[kind](rng)
        draft = self._drafts[task](rng)
        if draft is None or draft.right is None:
            return None
        text = (_spoken(rng, draft) if free
                else word(rng, self._split, draft.frames, draft.phrases))
        return Question(task, draft.skill, text, self._rate, draft.right, draft.about)

    def _either(self, rng: Rng) -> Question | None:
        """Return an instruction for two kinds of event, or for two things."""
        kinds = [self._kind(rng), self._kind(rng)]
        chosen = [self._one(rng, kind) for kind in kinds]
        if kinds[0] == kinds[1] and chosen[0][0] == chosen[1][0]:
            return None
        if not all(self._one_way(kind, thing)
                   for kind, (thing, *_) in zip(kinds, chosen, strict=True)):
            return None
        clauses_ = [speech.clause(rng) for _, _, _, speech in chosen]
        text = (framed(rng, EACH, *clauses_) if rng.random() < 0.3
                else said(rng, Speech((pick(rng, EITHER).format(*clauses_),))))
        return Question('event_caption', 'either', text, self._rate, self._told(
            lambda event: any(fits(event) for _, _, fits, _ in chosen)))

    def _absent(self, rng: Rng) -> Question | None:
        """Return an instruction about a thing that is never there."""
        name = f'{rng.choice(COLOURS)} {rng.choice(KINDS)}'
        if any(name == thing.name for thing in self._world.things):
            return None
        kind = str(rng.choice(EVENTS))
        speech = spoken.speech(kind, (f'the {name}',))
        return Question('event_caption', 'absent', said(rng, speech), self._rate, silence(
            self._world, self._stamps))

    def _refused(self, rng: Rng) -> Question:
        name = f'the {self._name(self._thing(rng))}'
        speech = spoken.speech(self._kind(rng), (name, 'something'))
        draw = rng.random()
        text = (framed(rng, HUSH) if draw < 0.15
                else framed(rng, NOUN_REFUSALS, name) if draw < 0.35
                else framed(rng, NOUN_REFUSALS, pick(rng, speech.nouns)) if draw < 0.55
                else framed(rng, REFUSALS, speech.clause(rng)))
        return Question(
            'event_caption', 'refused', text, self._rate, silence(self._world, self._stamps))

    def _unknown(self, rng: Rng) -> Question:
        return Question('event_caption', 'unknown', said(rng, UNKNOWN), self._rate, silence(
            self._world, self._stamps))

    # -- what happens -----------------------------------------------------------------------

    def _name(self, thing: int) -> str:
        return self._world.things[thing].name

    def _tell(self, event: Event, kind: str | None = None) -> str:
        on = None if event.on is None else self._name(event.on)
        return tell(kind or event.kind, self._name(event.thing), on)

    def _told(
        self, fits: Callable[[Event], bool], say: Callable[[Event], str] | None = None,
    ) -> tuple[Truth, ...]:
        asked = [event for event in self._world.events if fits(event)]
        return happenings(asked, self._stamps, say or self._tell)

    def _narration(self, rng: Rng) -> _Draft:
        return _Draft('all', NARRATE, _WHOLE, self._told(lambda event: True), Speech(NARRATING))

    def _action_caption(self, rng: Rng) -> _Draft:
        return _Draft('all', ACT, _WHOLE, self._told(
            lambda event: event.by_arm,
            lambda event: self._tell(event, 'push_off' if event.kind == 'fall' else None)),
            Speech(spoken.ACTING))

    def _event_caption(self, rng: Rng) -> _Draft | None:
        draw = rng.random()
        if draw < 0.2:
            thing = self._thing(rng)
            if any(event.on == thing for event in self._world.events):
                return None  # does it happen to what carries, too?
            name = f'the {self._name(thing)}'
            named = filled(NAMED, name)
            return _Draft(
                'named', TELL, named, self._told(lambda event: event.thing == thing), Speech(
                    (*(about.replace('{}', name) for about in spoken.ABOUT), *named.train),
                    (f'(what happens to|news of|any change with) {name}',), spoken.REASONS),
                (self._name(thing),))
        kind = self._kind(rng)
        if draw < 0.6:
            if not self._one_way(kind, None):
                return None
            things = NEW if kind == 'arrive' else ANYTHING
            return _Draft(kind, TELL, clauses(kind, things), self._told(
                lambda event: _is(event, kind)), spoken.speech(kind, things))
        thing, phrases, fits, speech = self._one(rng, kind)
        if not self._one_way(kind, thing):
            return None
        return _Draft(
            f'{kind}_named', TELL, phrases, self._told(fits), speech, (self._name(thing),))

    def _grounding(self, rng: Rng) -> _Draft | None:
        kind = self._kind(rng)
        thing, phrases, fits, speech = self._one(rng, kind)
        if not self._one_way(kind, thing):
            return None
        return _Draft(kind, GROUND, phrases, grounding(
            [event for event in self._world.events if fits(event)], self._stamps), speech,
            (self._name(thing),))

    def _one_way(self, kind: str, thing: int | None) -> bool:
        """Say whether the words for a kind of event can be read in one way here."""
        events = [event for event in self._world.events if thing in (None, event.thing)]
        if kind == 'bump':  # what is pushed off is pushed, too
            return not any(event.kind == 'fall' and event.by_arm for event in events)
        if kind == 'arrive' and thing is not None:  # it may come onto the table a second time
            return not any(
                event.kind in ('put_down', 'stack') and not event.new for event in events)
        return True

    def _kind(self, rng: Rng) -> str:
        """Draw a kind of event, mostly one that happens."""
        there = sorted({event.kind for event in self._seen()})
        return str(rng.choice(there if there and rng.random() < 0.7 else EVENTS))

    def _seen(self) -> list[Event]:
        return [event for event in self._world.events
                if due_tick(event, self._stamps) is not None]

    def _thing(self, rng: Rng) -> int:
        """Draw a thing, mostly one that something happens to."""
        there = sorted({event.thing for event in self._seen()})
        if there and rng.random() < 0.7:
            return int(rng.choice(there))
        return int(rng.integers(len(self._world.things)))

    def _one(
        self, rng: Rng, kind: str,
    ) -> tuple[int, Phrases, Callable[[Event], bool], Speech]:
        """Draw one thing for a kind of event: clauses, and which events they describe."""
        real = [event for event in self._seen() if _is(event, kind)]
        event = real[rng.integers(len(real))] if real and rng.random() < 0.75 else None
        thing = self._thing(rng) if event is None else event.thing
        below: int | None = None
        if kind == 'stack':
            others = [index for index in range(len(self._world.things)) if index != thing]
            below = int(rng.choice(others)) if event is None else event.on
        on = ('',) if below is None else (f'the {self._name(below)}',)
        return thing, clauses(kind, (f'the {self._name(thing)}',), on), (
            lambda event: _is(event, kind) and event.thing == thing
            and (below is None or event.on == below)), spoken.speech(
                kind, (f'the {self._name(thing)}',), on[0])

    # -- what is ----------------------------------------------------------------------------

    def _tsqa(self, rng: Rng) -> _Draft | None:
        skill = str(rng.choice(list(_ASKED), p=list(_ASKED.values())))
        if skill in ('where', 'present'):
            thing = self._thing(rng)
            answers = self._where(thing) if skill == 'where' else self._present(thing)
            if answers is None:
                return None
            name = f'the {self._name(thing)}'
            phrases = filled(QUESTIONS[skill], name)
            return _Draft(skill, ASK, phrases, changing(answers), Speech(
                tuple(question.replace('{}', name) for question in spoken.QUESTIONS[skill])),
                (self._name(thing),))
        rule = {
            'count': self._count, 'contents': self._contents, 'holding': self._holding,
            'held_colour': self._held_colour, 'arm': self._arm}[skill]
        answers = rule()
        return None if answers is None else _Draft(
            skill, ASK, QUESTIONS[skill], changing(answers), Speech(spoken.QUESTIONS[skill]))

    def _everywhere(self, stamp: float) -> list[str | None]:
        return [self._world.state(thing, stamp)[0] for thing in range(len(self._world.things))]

    def _on_table(self, stamp: float) -> list[int] | None:
        """Return the things on the table; None while one comes or goes."""
        states = self._everywhere(stamp)
        if None in states:
            return None
        return [thing for thing, state in enumerate(states) if state == 'table']

    def _count(self) -> list[str | None]:
        there = [self._on_table(stamp) for stamp in self._stamps]
        return [None if things is None else NUMBERS[len(things)] for things in there]

    def _contents(self) -> list[str | None] | None:
        there = [self._on_table(stamp) for stamp in self._stamps]
        if any(things is not None and len(things) > _FEW for things in there):
            return None
        return [None if things is None else listed([self._name(thing) for thing in things])
                for things in there]

    def _held(self, stamp: float) -> int | str | None:
        """Return the held thing, '' for none; None while the arm takes or lets go."""
        states = self._everywhere(stamp)
        if 'held' in states:
            return states.index('held')
        changes = any(
            event.start <= stamp < event.end and event.kind in _HANDLING
            for event in self._world.events)
        return None if changes or self._brings(stamp) else ''

    def _brings(self, stamp: float) -> bool:
        """Say whether the arm is coming into view with a thing."""
        return any(
            state is None and not any(
                event.thing == thing and event.start <= stamp < event.end
                for event in self._world.events)
            for thing, state in enumerate(self._everywhere(stamp)))

    def _holding(self) -> list[str | None]:
        held = [self._held(stamp) for stamp in self._stamps]
        return [thing if thing is None else listed(
            [self._name(thing)] if isinstance(thing, int) else []) for thing in held]

    def _held_colour(self) -> list[str | None]:
        held = [self._held(stamp) for stamp in self._stamps]
        return [self._world.things[thing].colour.capitalize() + '.' if isinstance(thing, int)
                else thing for thing in held]

    def _where(self, thing: int) -> list[str | None] | None:
        answers: list[str | None] = []
        for stamp in self._stamps:
            state, on = self._world.state(thing, stamp)
            if state == 'table':
                answers.append(TABLE if on is None else f'On the {self._name(on)}.')
            elif state == 'away':
                if self._world.shown(thing, stamp) > 0.05:
                    return None  # it lies on the floor, in view
                answers.append(AWAY)
            else:
                answers.append(HELD if state == 'held' else None)
        return answers

    def _present(self, thing: int) -> list[str | None]:
        states = [self._world.state(thing, stamp)[0] for stamp in self._stamps]
        return [None if state is None else 'Yes.' if state == 'table' else 'No.'
                for state in states]

    def _arm(self) -> list[str | None]:
        shares = [self._world.shown(ARM, stamp) for stamp in self._stamps]
        return ['Yes.' if share > _PLAIN else 'No.' if share < _TRACE else None
                for share in shares]


_YES_OR_NO = ('present', 'arm')
_WHOLE = Phrases(('',), ('',))
_HANDLING = ('pick_up', 'put_down', 'stack', 'take_away')


def _spoken(rng: Rng, draft: _Draft) -> str:
    """Return a draft's instruction in free words."""
    if draft.frames in (NARRATE, ACT):
        return framed(rng, draft.speech.clauses)
    if draft.frames == GROUND:
        return framed(rng, GROUNDING, draft.speech.clause(rng))
    if draft.frames == ASK:
        return asked(rng, draft.speech.clause(rng), draft.skill in _YES_OR_NO)
    return said(rng, draft.speech)


def _is(event: Event, kind: str) -> bool:
    """Say whether an event is one of a kind as people speak: what is stacked is put down, too."""
    return (event.kind == kind or kind == 'put_down' and event.kind == 'stack'
            or kind == 'arrive' and event.new)
