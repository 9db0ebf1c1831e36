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
What free words ask of the sentry: its topics in many voices, and such as no list of topics holds.

Two things at once, all but one thing, the second time, one thing after or during another; and
instructions that must never be answered: told not to speak of something, or asked for what no
camera can know.
"""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streamo_ros.dialogue import State
from streamo_ros.worlds.labels import Event
from streamo_ros.worlds.labels import SKILLS
from streamo_ros.worlds.question import changing
from streamo_ros.worlds.question import Question
from streamo_ros.worlds.question import Truth
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.sentry_topics import doubted
from streamo_ros.worlds.sentry_topics import Rule
from streamo_ros.worlds.sentry_topics import tell
from streamo_ros.worlds.sentry_topics import Topic
from streamo_ros.worlds.sentry_topics import Watched
from streamo_ros.worlds.spoken import alternatives
from streamo_ros.worlds.spoken import framed
from streamo_ros.worlds.spoken import pick
from streamo_ros.worlds.spoken import said
from streamo_ros.worlds.spoken import Speech
from streamo_ros.worlds.spoken_sentry import ASKING
from streamo_ros.worlds.spoken_sentry import GROUNDING
from streamo_ros.worlds.spoken_sentry import NARRATING
from streamo_ros.worlds.spoken_sentry import QUESTIONS
from streamo_ros.worlds.spoken_sentry import SPEECH
from streamo_ros.worlds.spoken_sentry import YES_OR_NO
from streamo_ros.worlds.truth import due_tick
from streamo_ros.worlds.truth import happenings

Rng = np.random.Generator

NUMBERS = ('Never.', 'Once.', 'Twice.', 'Three times.', 'Four times.', 'Five times.', 'Six times.')

UNKNOWN = Speech(
    ('(the phone|the telephone|the doorbell|the alarm clock|a bell|the kettle|my mobile|the oven'
     ' timer|the church bell|a siren) (rings|goes off|is heard|beeps|can be heard|makes a noise)',
     '(someone|somebody|anyone|a child|the neighbour) (whistles|sings|shouts my name|snores|coughs'
     '|laughs out loud|says my name|mentions money|swears|hums a tune|tells a lie|whispers)',
     '(music|a song|thunder|a loud noise|a bang|the radio|an argument) (is heard|plays'
     '|can be heard|starts to play|gets louder|sounds through the wall)',
     'it (smells of gas|smells burnt|smells of coffee|stinks|gets colder|gets warmer|gets humid'
     "|is too hot in here|feels draughty|is past midnight|is five o'clock|is noon|is my"
     ' birthday)',
     '(the soup|the cake|the coffee|the milk|the tea) (tastes good|is sweet enough|has gone sour'
     '|is salty enough|is cold)',
     '(my mother|my boss|the bank|the landlord|my sister|the dentist|the school|the tax office)'
     ' (calls|writes|changes her mind|sends an e-mail|replies|is angry|forgets my birthday|lands'
     ' in'
     ' New York|gets promoted|is thinking of me)',
     '(the market|the price of gold|the share price|the exchange rate|the interest rate|the oil'
     ' price) (rises|falls|crashes|doubles|recovers)',
     '(our team|the home team|the other side) (scores|wins|loses the match|equalises)',
     '(the battery|the disk|the tank|the account|my tank|the printer cartridge) (is nearly empty'
     '|runs low|is full|needs changing)',
     '(the server|the network|the website|the database|the backup|the download) (goes down'
     '|is finished|fails|is slow|is hacked|comes back up)',
     '(someone|anyone|somebody) (in the next building|on the other side of town|behind the camera'
     '|in the cellar|upstairs|abroad) (falls asleep|opens a window|gets married|eats an apple'
     '|reads the paper)',
     '(the train|the ferry|the flight|the bus|the ship) (to|from) (Rome|Oslo|Lima|Cairo) (is late'
     '|is cancelled|arrives|departs)',
     '(war breaks out|the president resigns|a new pope is elected|it snows in Africa|the tide'
     ' turns'
     '|the moon is full|the election is decided|a volcano erupts|somebody wins the lottery)',
     '(he|she|the visitor|the stranger) (is lying|feels sad|has a headache|is hungry|is dreaming'
     '|changes his mind|remembers me|is thirsty|is in love)',
     '(the pressure|the humidity|the voltage|the air pressure|the noise level|the radiation|the'
     ' carbon dioxide) (rises|drops|is too high|passes the limit)',
     'a letter (with good news|from the court) is written', 'the password (is wrong|expires)',
     'my (parcel|order|ticket|visa) is (approved|shipped|confirmed|rejected)'),
    ('(a|any) (strange smell|loud noise|phone call|knock at the door|cry for help|creaking noise'
     '|drop in temperature|change in air pressure|rise in prices|e-mail from my boss|gas leak'
     '|software update|fever|change of heart)', '(thunder|music|birdsong|shouting|barking|bad news'
     '|a bad mood|laughter in the next room)'))
"""What a camera cannot know."""

REFUSALS = (
    "(don't|do not|never|please don't|you must not) (tell me|report|mention|say anything|speak"
    "|alert"
    ' me) (when|if|even if|whenever) {}',
    '(there is no need|no need|it is not necessary|you need not bother) to (tell me|say so|speak'
    '|report) when {}',
    "I (don't|do not) (want|need|wish|care) to (know|hear|be told) (when|if|whenever) {}",
    '(stay|keep|remain) (silent|quiet) (even if|when|also when|even when) {}',
    '(if|when|whenever) {}, (say nothing|stay quiet|keep it to yourself|ignore it|do not tell me'
    '|that is none of our business|let it be)',
    'not a word (when|if|even if) {}', 'it does not interest me (if|when|whether) {}',
    'spare me (the news|a message) (when|if) {}', '(stop|no longer|cease)'
    ' (reporting|telling me|alerting me) when {}', 'no (messages|alerts|reports|alarms) when {}')
"""Told not to speak of something; ``{}`` is a clause."""

NOUN_REFUSALS = (
    "(don't|do not|never|please don't) (tell me about|report|mention|warn me about|comment on"
    "|speak"
    ' of|bother me with) {}',
    '(ignore|disregard|overlook|forget about|pay no attention to|never mind|skip) {}',
    'no (news|reports|messages|alerts|word) (about|of) {}(, please|)',
    "I (don't|do not) (want|need|care) to (hear|know) (about|of) {}",
    'keep (quiet|silent) about {}', 'say nothing (about|of)'
    ' {}', 'nothing about {} is of interest to me',
    'I am (not interested in|sick of hearing about|tired of) {}', 'leave out {}')

HUSH = (
    '(say nothing|be quiet|stay silent|keep quiet|do not speak|hold your tongue|do not say'
    ' anything'
    '|hush|not a word)( at all|, whatever happens| today|, no matter what| until I ask you'
    '|, I am sleeping|, the baby sleeps|)',
    "(just|only) (watch|look) and (don't say anything|say nothing|keep it to yourself|be silent)",
    'no (comments|reports|messages|remarks)( for now|, please| at all|)',
    "I don't want to hear (anything|a thing|a word)( from you|)")
"""Told not to speak at all."""

THINGS = (
    '(people|visitors|anyone|persons|passers-by|pedestrians)', '(cars|vehicles|animals|things)'
    ' that (come|go|move)', 'the (light|lighting|lights|lamp)', 'the (camera|lens|view)',
    '(movement|motion)', '(what comes|what goes|comings and goings)')

OTHERWISE = (
    '(tell me|report|describe|say) (everything|all that happens|whatever happens|anything'
    ' that happens) (but|except|apart from|other than) {}',
    '(narrate|comment on) (everything|whatever happens)(, but not| except| apart from) {}',
    '(I want to hear|tell me) about everything that happens, (but leave out|only not|just not) {}',
    '(ignore|skip|leave out) {} and tell me (everything|all) else that happens',
    '{} (does not matter|is of no interest|can be left out), (report|tell me) all the rest')
"""All but one thing; ``{}`` is a noun."""

ONE_WAY = (
    '(tell me|say so|let me know) (when|whenever|if) {}, (but not when|not when|I do not care'
    ' whether) {}', 'only (tell me|speak|report) when {}, (never when|not when) {}',
    '(when|if) {}, (say so|tell me|speak up), but (when|if) {}, (say nothing|keep quiet|stay'
    ' silent)',
    "(don't say anything when|keep quiet when|say nothing if) {1}, (but tell me|only speak) when"
    " {0}")
"""One thing and not another; ``{}`` are clauses, the one asked for first."""

EITHER = (
    'either {} or {}', '{} or {}', '{}, or {}', '{} or if {}', '{} or else {}', '{} or when {}')
EACH = (
    '(tell me|let me know|say so|report) (when|if) {} and (when|if|also when|likewise if) {}',
    '(two things|there are two things|both of these): tell me when {}, and (when|if) {}',
    '(say it|speak up|shout) (when|if) {}, and the same (when|if) {}',
    'I (want|need) to know (when|if) {}, and (also|as well) (when|if) {}')
"""Two things; each is answered."""

ORDINALS = ('first', 'second', 'third')
NTH = (
    '(tell me|say so|speak|let me know|report|call me) the {} time( that| when|) {}',
    '(wait for|watch for|report) the {} time( that|) {}(, no other|, nothing else|, and say so|)',
    'only the {} time( that|) {} (matters|counts|interests me)(, tell me then|. Say so then)',
    '(speak|say it|tell me) (once|one single time): the {} time( that|) {}',
    'the {} time( that|) {}, (tell me|say so|speak|give me a shout)')
"""``{}`` are an ordinal and a clause."""

LATER = (
    'once {}, (tell me|say so|let me know) (each time|whenever|if|when) {}',
    '(after|when) {}, (start|begin) (watching and tell me|to report) (each time|whenever|when) {}',
    '(wait until|wait till) {}; from then on (tell me|report|say so) (when|whenever|each time) {}',
    '(say nothing|be quiet|stay silent) until {}, and (after that|from then on|thereafter) tell me'
    ' (when|whenever) {}', 'first {}; (after that|later|then) tell me (when|whenever) {}',
    '(only after|not before) {}, (tell me|report|say so) (when|if|whenever) {}')
"""``{}`` are clauses: of the thing that must have happened, and of what is asked for."""

DURING = (
    '{} (while|as|at a time when) (something moves|something is moving|someone is moving about'
    '|there is movement|things are moving|somebody walks about)',)
AT_REST = (
    '{} (while|although|at a time when) (nothing moves|nothing is moving|nobody moves|all is still'
    '|everything stands still|there is no movement)',)

COUNTING = (
    'how (many times|often) (has it happened that|did it happen so far that|does it happen that)'
    ' {}?',
    '(count|keep count of) how (many times|often) {}', 'how often so far: {}?',
    '(count|tally) for me: {}')
"""``{}`` is a clause."""

HAPPENING = {
    'event_caption': 0.6, 'either': 0.06, 'but': 0.05, 'nth': 0.06, 'after': 0.05,
    'during': 0.04, 'refused': 0.07, 'unknown': 0.07}
"""What an instruction to tell of events becomes, by share."""

_OPPOSITE = {
    'start': 'stop', 'enter': 'leave', 'light_off': 'light_on', 'cover': 'uncover'}
_OPPOSITE |= {other: one for one, other in _OPPOSITE.items()}


@dataclass(frozen=True)
class FreeTopic:
    """
    One instruction to the sentry in free words.

    :param skills: whose events must be beyond doubt
    :param words: draws the instruction
    :param besides: what else shall happen in the stream, doubtful or not
    """

    task: str
    skill: str
    skills: tuple[str, ...]
    words: Callable[[Rng], str]
    rule: Rule
    besides: tuple[str, ...] = ()

    def ask(
        self, rng: Rng, split: str, world: Watched, stamps: Sequence[float], rate: float,
    ) -> Question | None:
        """Return the question with its truth; None where the world gives it no clear one."""
        if not all(world.clear(skill) for skill in self.skills):
            return None
        right = self.rule(world, stamps)
        return None if right is None else Question(
            self.task, self.skill, self.words(rng), rate,
            doubted(world, self.skills, stamps, right))


def loosened(rng: Rng, topic: Topic) -> FreeTopic:
    """Return a topic in free words; of those that tell of events, some ask for more or less."""
    if topic.task == 'narration':
        return _but(rng) if rng.random() < 0.3 else FreeTopic(
            'narration', 'all', topic.skills, lambda rng: framed(rng, NARRATING), topic.rule)
    if topic.task == 'grounding':
        speech = SPEECH[topic.skill]
        return FreeTopic(
            'grounding', topic.skill, topic.skills,
            lambda rng: framed(rng, GROUNDING, speech.clause(rng)), topic.rule)
    if topic.task == 'tsqa':
        return _counting(rng) if rng.random() < 0.15 else FreeTopic(
            'tsqa', topic.skill, topic.skills,
            lambda rng: asked(rng, pick(rng, QUESTIONS[topic.skill]), True), topic.rule)
    kind = str(rng.choice(list(HAPPENING), p=list(HAPPENING.values())))
    if kind == 'event_caption' and (len(topic.skills) == 1 or rng.random() < 0.4):
        return _plain(rng, topic.skills[int(rng.integers(len(topic.skills)))])
    if kind == 'refused':
        return _refused(rng, topic.skills[0])
    if kind == 'unknown':
        return unknown()
    made = {'but': _one_way, 'nth': _nth, 'after': _after, 'during': _during}.get(kind)
    if made is not None:
        return made(rng, topic.skills[int(rng.integers(len(topic.skills)))])
    first = topic.skills[0]
    other = topic.skills[1] if len(topic.skills) > 1 else _another(rng, first)
    return _either(first, other)


def unknown() -> FreeTopic:
    """Return an instruction for what no camera can know."""
    return FreeTopic('event_caption', 'unknown', (), lambda rng: said(rng, UNKNOWN), silence)


def silence(world: object, stamps: Sequence[float]) -> tuple[Truth, ...]:
    """Return the truth of what must never be answered."""
    return (Truth(State.SILENCE),) * len(stamps)


def asked(rng: Rng, question: str, yes_or_no: bool) -> str:
    """Return a question to be answered whenever its answer changes."""
    question = question[0].upper() + question[1:] + ('' if question[-1] == '?' else '.')
    return framed(rng, (*ASKING, *YES_OR_NO) if yes_or_no else ASKING, question)


def _another(rng: Rng, *skills: str) -> str:
    return str(rng.choice([skill for skill in SKILLS if skill not in skills]))


def _noun(rng: Rng, *skills: str) -> str:
    """Return a noun for something that none of some skills could be taken for."""
    related = {*skills, *(_OPPOSITE.get(skill, skill) for skill in skills)}
    if related & {'start', 'stop', 'enter', 'leave'}:  # who comes in moves, too
        related |= {'start', 'stop', 'enter', 'leave'}
    return pick(rng, SPEECH[_another(rng, *related)].nouns)


def _plain(rng: Rng, skill: str) -> FreeTopic:
    def words(rng: Rng) -> str:
        return said(rng, SPEECH[skill], _noun(rng, skill) if rng.random() < 0.08 else '')
    return FreeTopic('event_caption', skill, (skill,), words, tell((skill,)))


def _either(one: str, other: str) -> FreeTopic:
    def words(rng: Rng) -> str:
        pair = [SPEECH[skill].clause(rng) for skill in rng.permutation([one, other])]
        if rng.random() < 0.3:
            return framed(rng, EACH, *pair)
        return said(rng, Speech((pick(rng, EITHER).format(*pair),)))
    return FreeTopic(
        'event_caption', 'either', (one, other), words, tell((one, other)))


def _but(rng: Rng) -> FreeTopic:
    """Return narration of all but one skill and its opposite."""
    left = str(rng.choice(('light_off', 'cover', 'move')))
    out = {left, _OPPOSITE.get(left, left)}
    kept = tuple(skill for skill in SKILLS if skill not in out)
    noun = {'light_off': '(the light|the lighting|changes of the light|the lamp being switched)',
            'cover': '(what happens to the lens|covers over the lens|the lens being covered or'
            ' not)',
            'move': '(moves of the camera|the camera being moved|knocks at the camera)'}[left]
    return FreeTopic(
        'narration', 'but', kept, lambda rng: framed(rng, OTHERWISE, pick(rng, (noun,))),
        tell(kept), besides=(left,))


def _one_way(rng: Rng, skill: str) -> FreeTopic:
    other = _OPPOSITE.get(skill) or _another(rng, skill)

    def words(rng: Rng) -> str:
        return framed(rng, ONE_WAY, SPEECH[skill].clause(rng), SPEECH[other].clause(rng))
    return FreeTopic('event_caption', 'one_way', (skill,), words, tell((skill,)), besides=(other,))


def _nth(rng: Rng, skill: str) -> FreeTopic:
    place = int(rng.choice(3, p=(0.45, 0.4, 0.15)))

    def rule(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...] | None:
        asked = in_order(world, skill, stamps)
        if asked is None:
            return None
        return happenings(
            asked[place:place + 1], stamps,
            lambda event: f'{ANSWERS[skill][:-1]} for the {ORDINALS[place]} time.')

    return FreeTopic(
        'event_caption', 'nth', (skill,),
        lambda rng: framed(rng, NTH, ORDINALS[place], SPEECH[skill].clause(rng)), rule)


def in_order(world: Watched, skill: str, stamps: Sequence[float]) -> list[Event] | None:
    """Return a skill's events in order; None where the ticks do not show them one by one."""
    asked = [event for event in world.events if event.skill == skill]
    if any(event.start < stamps[0] for event in asked):
        return None
    due = [due_tick(event, stamps) for event in asked]
    seen = [tick for tick in due if tick is not None]
    ordered = len(set(seen)) == len(seen) and seen == sorted(seen)
    return asked if ordered and due[:len(seen)] == seen else None


def _counting(rng: Rng) -> FreeTopic:
    skill = str(rng.choice(('enter', 'leave', 'light_off', 'light_on', 'cover', 'move')))

    def rule(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...] | None:
        asked = in_order(world, skill, stamps)
        if asked is None or len(asked) >= len(NUMBERS):
            return None
        answers: list[str | None] = [NUMBERS[0]] * len(stamps)
        for count, event in enumerate(asked, 1):
            due = due_tick(event, stamps)
            first = next((tick for tick, stamp in enumerate(stamps) if stamp >= event.start),
                         len(stamps))
            answers[first:due] = [None] * len(answers[first:due])
            if due is not None:
                answers[due:] = [NUMBERS[count]] * (len(stamps) - due)
        return changing(answers)

    return FreeTopic(
        'tsqa', 'count', (skill,),
        lambda rng: framed(rng, COUNTING, SPEECH[skill].clause(rng)), rule)


def _after(rng: Rng, skill: str) -> FreeTopic:
    other = _another(rng, skill, *(['stop'] if skill == 'start' else []))

    def rule(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...] | None:
        first = next((event for event in world.events
                      if event.skill == other and event.start >= stamps[0]), None)
        if any(event.skill == other and event.start < stamps[0] for event in world.events):
            return None
        asked = [event for event in world.events if event.skill == skill]
        if first is not None and any(
                event.start < first.end and event.end > first.start for event in asked):
            return None
        return happenings(
            [] if first is None else [event for event in asked if event.start >= first.end],
            stamps, lambda event: ANSWERS[skill])

    return FreeTopic(
        'event_caption', 'after', (skill, other),
        lambda rng: framed(rng, LATER, SPEECH[other].clause(rng), SPEECH[skill].clause(rng)), rule)


def _during(rng: Rng, skill: str) -> FreeTopic:
    skill = skill if skill in ('light_off', 'cover') else str(rng.choice(('light_off', 'cover')))
    moving = rng.random() < 0.6

    def rule(world: Watched, stamps: Sequence[float]) -> tuple[Truth, ...] | None:
        asked = []
        for event in world.events:
            if event.skill != skill or event.start > stamps[-1]:
                continue
            before = [stamp for stamp in stamps if stamp < event.start][-3:]
            if len(before) < 3:
                return None
            seen = {world.observe(one, other).motion
                    for one, other in zip(before, before[1:], strict=False)}
            if len(seen) > 1:
                return None
            if moving in seen:
                asked.append(event)
        return happenings(asked, stamps, lambda event: ANSWERS[skill])

    frames = DURING if moving else AT_REST
    return FreeTopic(
        'event_caption', 'during', (skill,),
        lambda rng: said(rng, Speech((pick(rng, frames).format(SPEECH[skill].clause(rng)),))),
        rule, besides=('start',))


def _refused(rng: Rng, skill: str) -> FreeTopic:
    def words(rng: Rng) -> str:
        draw = rng.random()
        if draw < 0.12:
            return framed(rng, HUSH)
        if draw < 0.3:
            return framed(rng, NOUN_REFUSALS, pick(rng, THINGS))
        if draw < 0.55:
            return framed(rng, NOUN_REFUSALS, pick(rng, SPEECH[skill].nouns))
        return framed(rng, REFUSALS, SPEECH[skill].clause(rng))
    return FreeTopic('event_caption', 'refused', (), words, silence, besides=(skill,))


def variety() -> dict[str, int]:
    """Return how many different texts there are, by what they are."""
    from streamo_ros.worlds import spoken
    return {
        'frames of a clause': len(alternatives(*spoken.CORES)),
        'frames of a noun': len(alternatives(*spoken.NOUN_CORES)),
        'other frames': len(alternatives(
            *NARRATING, *GROUNDING, *ASKING, *REFUSALS, *NOUN_REFUSALS, *HUSH, *OTHERWISE,
            *ONE_WAY, *EACH, *NTH, *LATER, *COUNTING)),
        'what cannot be known': len(alternatives(*UNKNOWN.clauses, *UNKNOWN.nouns)),
        **{skill: len(alternatives(*speech.clauses, *speech.nouns))
           for skill, speech in SPEECH.items()}}
