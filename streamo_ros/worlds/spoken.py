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
Instructions as people speak: many voices, and many words for each thing that can be asked.

These are for training and validation only. What is tested in free words is written apart, by a
writer who does not read this file; and nothing here is a wording of the test split.

Alternatives are written ``(a|b|)``; ``alternatives`` writes them out. ``{}`` in a frame is a
clause ('the light goes off'), ``{noun}`` the same as a noun ('a power cut').
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
import itertools
import re

import numpy as np
from numpy.typing import NDArray

from streamo_ros.worlds.phrases import TELL

Rng = np.random.Generator


@cache
def alternatives(*templates: str) -> tuple[str, ...]:
    """Return every text that templates stand for, in their order, each once."""
    found: dict[str, None] = {}
    for template in templates:
        parts = [part.split('|') for part in re.split(r'[()]', template)]
        for choice in itertools.product(*parts):
            found[_tidied(choice)] = None
    return tuple(found)


def pick(rng: Rng, templates: Sequence[str]) -> str:
    """Return one of the texts that templates stand for; rich templates come more often."""
    richness = _richness(tuple(templates))
    template = templates[int(np.searchsorted(richness, rng.random() * richness[-1], 'right'))]
    parts = [part.split('|') for part in re.split(r'[()]', template)]
    chosen = [part[int(rng.integers(len(part)))] if len(part) > 1 else part[0] for part in parts]
    return _tidied(chosen)


def _tidied(parts: Sequence[str]) -> str:
    text = re.sub(r'\s+', ' ', ''.join(parts)).strip()
    return re.sub(r' ([,.?!])', r'\1', text)


@cache
def _richness(templates: tuple[str, ...]) -> NDArray[np.float64]:
    counts = [len(alternatives(template)) for template in templates]
    return np.cumsum(np.sqrt(counts))


# -- voices -------------------------------------------------------------------------------------

WHEN = '(when|if|whenever|as soon as|once|the moment|each time|every time|the second|in case)'

CORES = (
    # plain and curt
    f'tell me {WHEN} {{}}', f'let me know {WHEN} {{}}', f'say so {WHEN} {{}}',
    f'say something {WHEN} {{}}', f'speak up {WHEN} {{}}', f'call me {WHEN} {{}}',
    f'report {WHEN} {{}}', f'report it {WHEN} {{}}', f'report back {WHEN} {{}}',
    f'alert me {WHEN} {{}}', f'warn me {WHEN} {{}}', f'sound the alarm {WHEN} {{}}',
    f'give the alarm {WHEN} {{}}', f'raise an alarm {WHEN} {{}}', f'send word {WHEN} {{}}',
    f'give notice {WHEN} {{}}', f'message me {WHEN} {{}}', f'ping me {WHEN} {{}}',
    f'notify (us|the operator|me) {WHEN} {{}}', f'announce it {WHEN} {{}}',
    f'flag it {WHEN} {{}}', f'make a note {WHEN} {{}}', f'log it {WHEN} {{}}',
    # colloquial
    f'(give me|gimme) a (shout|heads-up|holler|yell|nudge|buzz) {WHEN} {{}}',
    f'shout {WHEN} {{}}', f'holler {WHEN} {{}}', f'sing out {WHEN} {{}}', f'yell {WHEN} {{}}',
    f'drop me a line {WHEN} {{}}', f'tip me off {WHEN} {{}}', f'give me a sign {WHEN} {{}}',
    f'keep me posted and speak {WHEN} {{}}', f'be a dear and tell me {WHEN} {{}}',
    f'do me a favour and (say so|tell me|speak up) {WHEN} {{}}', f'wake me {WHEN} {{}}',
    # polite, as questions and wishes
    f'(could|would|can|will) you (please|kindly|) (tell me|let me know|say so|inform me|warn me'
    f'|call me|speak up|alert me|mention it) {WHEN} {{}}?',
    f'would you mind (telling me|letting me know|saying so|speaking up) {WHEN} {{}}?',
    f'might I ask you to (tell me|say so|let me know) {WHEN} {{}}?',
    f'may I ask you to watch and (tell me|say so) {WHEN} {{}}?',
    f'please (be so kind as to|be so good as to|) (tell me|say so|let me know|speak) {WHEN} {{}}',
    f'kindly (inform me|report|say so|let us know) {WHEN} {{}}',
    f"I('d| would) (be grateful|appreciate it|be glad) if you (told me|let me know|said so)"
    f' {WHEN} {{}}',
    f"I('d| would) (like|love|prefer) to (know|hear|be told|hear from you|find out) {WHEN} {{}}",
    # indirect
    f'I (want|need|have|wish) to (know|hear|be told|be informed|be warned) {WHEN} {{}}',
    f'I (need|want) you to (tell me|speak up|say it|call out|report) {WHEN} {{}}',
    f'I (must|should) (know|hear|be told) {WHEN} {{}}',
    f"I('ll| will) need (a word|a warning|a message|a note|word) from you {WHEN} {{}}",
    f'it (matters|is important) to me to (know|hear) {WHEN} {{}}',
    f'make sure (I know|I am told|I hear of it|that I am told) {WHEN} {{}}',
    "I (wonder|am curious|can't see|cannot see) whether {}, so (say so|tell me|speak) when it"
    ' (does|happens)',
    f'(someone|somebody) should (tell|warn) me {WHEN} {{}}, and that is you',
    f'your (job|task|only job) is to (tell me|report|say so|speak up|call out) {WHEN} {{}}',
    f'you are (here|asked) to (report|tell me|speak up|say it) {WHEN} {{}}',
    f'(a word|a short message|one sentence|a quick message) {WHEN} {{}} (is enough|is all I need'
    '|would be nice|would help)',
    # the clause first
    '(when|if|whenever|as soon as|once|the moment|each time|every time|should it be that) {},'
    ' (tell me|let me know|say so|say it|speak up|shout|I want to know|I need to hear about it'
    '|give me a shout|report it|call me|sound the alarm|please say so|please tell me|warn me'
    "|I'd like to be told|don't keep it to yourself|out with it|do not hesitate to tell me)",
    'the (instant|minute|moment) {}, (I want to hear it|say it|let me hear about it|speak)',
    'suppose {}: then (tell me|speak up|say so), (otherwise be quiet|else nothing|each time)',
    # watching
    '(watch|look|wait|stand by|keep watching|keep looking|stay here|stay on guard|be on the watch)'
    f' and (tell me|say so|report|speak up|shout|let me know|call out) {WHEN} {{}}',
    f'(keep an eye on things|keep an eye on this|keep an eye on the place|keep a lookout|stand'
    f' guard|take the watch|guard this place|mind this place) and (tell me|report|say so|let me'
    f' know) {WHEN} {{}}',
    'wait (for the moment when|for the time when|until) {} and then (tell me|say so|speak|report)',
    '(see|look out|watch) whether {} and (tell me|say so|report it) if (so|it does|that happens)',
    'check all the time whether {} and (say so|tell me) (if it does|when it happens|if so)',
    # negated
    "(don't|do not) (say anything|speak|bother me|disturb me|talk|interrupt me|make a sound)"
    " unless"
    ' {}',
    '(stay|keep|be|remain) (silent|quiet|still) unless {}',
    '(say nothing|no word|not a word|not a sound|silence), (except when|unless|except if) {}',
    "you (don't need|do not have|need not|don't have) to say (a thing|anything|a word) (unless"
    '|except when|as long as it is not that) {}',
    "(I don't care about anything else|nothing else matters|leave out all the rest|forget the"
    f' rest|skip everything else), (only|just) (tell me|say so|speak) {WHEN} {{}}',
    f'never (fail|forget|neglect) to (tell me|say so|speak up) {WHEN} {{}}',
    f"don't (forget|fail) to (tell me|say so|speak up|let me know|call me) {WHEN} {{}}",
    f"don't let me miss it {WHEN} {{}}", f"I don't want to miss it {WHEN} {{}}",
    "it must not happen that {} and I don't (know|hear of it), so tell me",
    # commands to a machine
    '(trigger|condition|alarm condition|event|watch for|alert me if|notify if|rule)( :|:) {}',
    'new (task|instruction|order|job): (report|speak|tell me|alert) (when|if|whenever) {}',
    'set (an alert|an alarm|a notification|a trigger|a watch) for when {}',
    'from now on (tell me|report|say so|speak up) (when|whenever|each time|if) {}',
    'start a (watch|log|monitor) and (say it|write a line|report) (when|whenever|each time) {}',
    # a manager, a foreman
    f'I expect (a report|word|a message|a call) from you {WHEN} {{}}',
    f'(put it on my desk|bring it to my attention|escalate it|keep me in the loop) {WHEN} {{}}',
    f'I hold you responsible for (telling me|reporting to me|calling me) {WHEN} {{}}',
    f'please make it a priority to (tell me|inform the team|report) {WHEN} {{}}',
    '(action item|your assignment|your duty|the brief|standing order): (speak up|report) when {}',
    f'(give us|give the crew|give the lads|give me) (a whistle|a call|the word) {WHEN} {{}}',
    f'(down tools and shout|blow the whistle|sing out loud|bang the gong) {WHEN} {{}}',
    f"you there, (I want to be told|I'll hear from you|you report to me) {WHEN} {{}}",
    # a child, a teacher
    f'(pretty please|please please|can you pretty please) (tell me|say it|shout) {WHEN} {{}}',
    f'(say beep|say boo|go beep|say hooray|say bingo|make a noise) {WHEN} {{}}',
    "let's play a game: you (say it|shout|speak up) when {}",
    'I bet you will not notice when {}, so (tell me|say it) when you do',
    f'(raise your hand|put your hand up|speak out) {WHEN} {{}}',
    'pay attention, and (tell the class|tell us|say it aloud) when {}',
    'your homework is to (tell me|say so|speak) when {}',
    f'(teach yourself to speak|remember to speak|learn to speak) only {WHEN} {{}}',
    # a nurse, a night guard
    f'(page me|buzz me|come and get me|fetch me|get hold of me) {WHEN} {{}}',
    f'(the nurse|the ward|the doctor|the night shift|the staff) must be told {WHEN} {{}}',
    f'be an angel and (call|tell me|say so) {WHEN} {{}}',
    f'I am going to rest my eyes, (wake me up|poke me|nudge me|give me a kick) {WHEN} {{}}',
    f'long night ahead. (Wake me up|Speak up|Give me a nudge|Say it loud) {WHEN} {{}}',
    f'(radio me|radio in|call it in|get on the radio|give me a bell|ring the bell) {WHEN} {{}}',
    f'let me doze, but (wake me|speak up|say so) {WHEN} {{}}',
    # a technician, a developer who tests
    f'(emit|publish|send|output|print|post) (a message|an event|a line|an alert) {WHEN} {{}}',
    f'(fire|trigger|raise|throw) (an event|a callback|an alert|a notification) {WHEN} {{}}',
    '(subscribe me to|event filter|trigger condition|callback on|assert that you speak when): {}',
    'just testing: (say something|respond|speak|output a sentence) when {}',
    'test case: {}. (Expected|Wanted|Desired): (you say so|a message from you|one sentence)',
    '(precondition|condition): {}. (Action|Reaction|Then): (tell me|speak|alert the operator)',
    'if {} then (report|speak|alert) else (stay silent|do nothing|wait)',
    'while true: (watch|wait), and (speak|report) when {}',
    f'for the protocol, (state it|note it aloud|record it|make an entry) {WHEN} {{}}',
    f'(enter it in the log|write it down and tell me|time to report is) {WHEN} {{}}',
    # in chains
    'stay quiet. Only when {} do I want to hear from you',
    '(hush|quiet now|shush|not a peep). Only when {} (may you speak|should you speak|do you talk)',
    'I only want one kind of message: {}',
    '(there is just one thing to report|I care for one thing only|one thing only): {}',
    '(react to this|respond to this|speak on this|this is what to look for|look for this): {}',
    '{}? (Tell me right then|Say so at once|Then I want to know|Speak up|Let me hear it|Call me)',
    '(your cue|your cue to speak|your signal|the sign to speak) is when {}',
    'wait for your cue: {}. (Then speak|Then tell me|That is when you speak|Speak then)',
    'the time to (speak|report|call me|raise your voice|say something) (is|comes) when {}',
    "(here is|here's) what I need. When {}, (tell me|you say so|I get a message)",
    "(here is|here's) the deal: when {}, you (tell me|speak up|give me a shout)",
    'watch closely. (When|If|Once|As soon as) {}, (tell me|speak up|say the word|I must know)',
    'I will be off now. (When|If|Once) {}, (call me|send me a message|I want to be called)',
    'say nothing yet. (When|Once|As soon as) {}, (you may speak|say so|open your mouth)',
    'only (when|if|once) {} (should you say something|will you speak|do I need a word from you)',
    '(not until|not before) {} (do I want|will I need) to hear from you',
    '(nothing to report|no news|no message) (until|unless) {}',
    '{}, and (I want to know it|you tell me|I hear from you) (at once|right away|on the spot)',
    '{}: (that is your cue|that is when you speak|then you speak up|tell me then)',
    'what I (wait for|look out for|want to hear of|need to learn of) is (this|simple): {}',
    # asked, wished, hoped
    f'(can|could|may) I (count on|rely on|trust) you to (tell me|speak up|say so) {WHEN} {{}}?',
    f'is it possible (for you|) to (tell me|warn me|say so|give a sign) {WHEN} {{}}?',
    f'how about (telling me|you tell me|you speak up|giving me a sign) {WHEN} {{}}?',
    f'are you able to (tell me|notice and say so|alert me|give a warning) {WHEN} {{}}?',
    f'I hope you (tell me|will tell me|speak up|will not be silent) {WHEN} {{}}',
    f'it would (help|be good|be great|make my day|be useful) to (know|hear|be told) {WHEN} {{}}',
    f'you would do me a (favour|kindness|service) by (telling me|speaking up) {WHEN} {{}}',
    f'I trust you to (tell me|speak up|say so|call me) {WHEN} {{}}',
    f'I rely on you to (tell me|speak up|let me know of it) {WHEN} {{}}',
    f'me, I want (you to say|you should tell me|that you tell me) {WHEN} {{}}',
    f'(make to me|give to me|send to me) (a message|a sign|an information) {WHEN} {{}}',
    f'(please to inform|please to say|please give information) {WHEN} {{}}',
    f'(heads-up|alert|message|notice|word|shout) {WHEN} {{}}(, please|, that is all|)',
    f'(I leave it to you to tell me|it is up to you to say so) {WHEN} {{}}',
    f'(spill the beans|pipe up|chime in|break your silence|open your mouth|squeak) {WHEN} {{}}',
)
"""What to do and when; ``{}`` is a clause."""

NOUN_CORES = (
    '(watch|look|keep watching|keep looking|be on the lookout|stay alert|watch out|look out)'
    ' for {noun}(, and tell me|, and say so|, then speak| and report it| and call out|)',
    'keep (an eye|your eyes) (open|peeled|out) for {noun}(, please| and tell me|)',
    '(report|announce|call out|mention|flag|signal|tell me of|tell me about|let me know of'
    '|let me know about|inform me of|warn me of|warn me about|alert me to) {noun}',
    'please (report|mention|announce|tell me about|note) {noun}( to me|, each time|)',
    "(I'm|I am) (interested in|looking for|waiting for|worried about|only interested in|here for"
    '|anxious about) {noun}(, so speak up|, so tell me|. Tell me|. Say so when you see it|)',
    '(at|upon|on|in case of|in the event of) {noun}, (tell me|say so|speak up|call me|alert me'
    '|sound the alarm|report)',
    'if there is {noun}, (tell me|say so|I want to know|let me hear it|speak)',
    '(alert|alarm|warning|notice|message|heads-up) (on|upon|at) {noun}(, please|)',
    'nothing but {noun} (interests me|matters|counts)(. Tell me about that|, so report that|)',
    'I (want|need|would like|expect) (a word|a message|a warning|word|notice|to hear) (of|about'
    ') {noun}',
    'say (something|a word|one sentence) about {noun} (when it happens|as it happens|each time)',
    '(your task|the job|what I need): (detect|notice|spot|report) {noun}',
    "don't (miss|overlook|let me miss) {noun}(, and tell me| - say so|, speak up)",
    '{noun}: (tell me|say so|report it|that is what I am after, tell me|let me know)',
    '(detect|spot|catch|notice) {noun} (and tell me|and say so|for me and speak up|and report)',
    'has there been {noun}? (Say so the moment there is|Tell me when there is)',
    'I only want one kind of message: {noun}',
    '(react to|respond to|act on|speak on|pipe up at|chime in at) {noun}(, please|)',
    '{noun}? (Tell me right then|Say so at once|Then speak up|Call me|I want to know)',
    '(your cue|your signal|the cue to speak|the sign to speak) is {noun}',
    '(stay quiet|hush|be quiet). Only {noun} (is worth a word|should make you speak)',
    '(subscribe me to|event of interest|event filter|trigger on|alert type|callback on): {noun}',
    '(publish|emit|send|raise|post) (a message|an alert|an event) (on|upon) {noun}',
    '(page me|wake me|buzz me|fetch me|radio me) (at|upon|in case of) {noun}',
    'I (expect|demand|insist on) (a report|word|a message) of {noun}',
    '(bring|escalate) {noun} to my attention',
    '(put down|note down|write up|take down) {noun} and (tell me|say so)',
    '(for the log|for the protocol|for the record): {noun}, (please|as soon as you see it|aloud)',
    '(who can spot|who will be first to spot|can you spot) {noun}? (Tell us|Say so) when you do',
    '(could|would|can|will) you (please|) (look out|watch) for {noun} and (tell me|say so)?',
    '(is there|do you see|do you notice) {noun}? (Tell me|Say so|Speak) when (there is|you do)',
    "I (mustn't|must not|cannot|would hate to) miss {noun}(, so speak up|, so tell me|)",
    'what (I look out for|I wait for|matters here|counts here) is {noun}(, so tell me of it|)',
    '(all I need to hear of|the one thing I care about|the only news I want) is {noun}',
    '(you|the robot) must (report|announce|never fail to report|always report) {noun}',
    '(please to report|make to me a report of|give to me notice of|inform about) {noun}',
    '(not a peep|not a word|no message) except (for|about|on) {noun}',
    '(sound off|give a shout|give a whistle|ring the bell) (at|upon) {noun}',
    '(your only job|your duty|your assignment) (here is to|is to) (report|announce|spot) {noun}',
    '(test|test case|condition): {noun}. (Then speak|Expected: you say so|Then alert me)',
)
"""The same with ``{noun}``."""

ADDRESSES = (
    '(robot|hey robot|hello robot|hi there|hey|hey you|ok robot|okay|hello|listen|attention'
    '|excuse me|computer|dear robot|assistant|buddy|watchman|guard|Streamo|hi|right|alright|so'
    '|well|now|look|my friend|sir|good morning|good evening),',
    '(mate|pal|dear|chief|folks|machine|camera|officer|team|now then|okay then|good afternoon'
    '|hello again|listen up|little robot|my dear|right then|hey there|one more thing|say|quick'
    ' one|yo|ahem),',
)
POLITE = ('please', 'kindly', 'if you can,', 'when you have a moment,', 'if it is no trouble,',
          'if possible,')
COURTESIES = (
    ', please', ', thanks', ', thank you', '. Thank you', '. Thanks a lot', ', will you', ', ok',
    '. Be brief', '. Keep it short', '. I am in the next room', '. I will be listening',
    ', all right', ". I can't look myself", '. It is important', '. This is urgent',
    '. Be quick about it', ', would you', ". I'm counting on you",
    ', would you please', ', if you would', ', much obliged', '. Cheers', '. Many thanks',
    '. Thanks in advance', '. Over', '. Over and out', ', got it', '. Understood', ', understand',
    '. I am off to lunch', '. I am next door', '. Plain words, please', '. I owe you one',
    '. Best regards', '. I trust you', '. No essays', ". I'll be around", '. You know what to do',
    ', there is a good robot', '. It is not a joke', '. I mean it', '. Good luck')
CLOSERS = (
    *COURTESIES, '. One sentence is enough', '. That is all', '. Nothing'
    ' else', '. Ignore the rest',
    ', every time', '. Each time, please', ', and only then', ', nothing more',
    ', no matter what else', '. Otherwise be silent', '. Until then say nothing',
    '. You can stay quiet for the rest',
    '. Apart from that, silence', '. Save your breath for that', '. Leave me in peace till then',
    '. I need no other news', ', not before and not after', '. No small talk besides',
    '. Never mind what else goes on')
"""What may follow an instruction; courtesies say nothing of what is asked for."""

REASONS = (
    'I have to leave the room for a while', 'my hands are'
    ' full', "I can't see the screen from here",
    'I am on the phone', 'I am busy with something else', 'this is for the log',
    'I need to write a report about it', 'my boss wants to know', 'we are running a test',
    'the insurance asks for it', 'I am responsible for this place', 'I am a little worried',
    'it is my turn to keep watch', 'we had trouble with this yesterday', 'I am new here',
    'I fell asleep last time', 'there were complaints', 'I have only one pair of eyes',
    'it happened twice last week', 'I am cooking', 'I am working with my back to it',
    'the others depend on it', 'I am making a record', 'my eyes are not what they were',
    'I am repairing something upstairs',
    'the night shift is short of people', 'I am doing my rounds', 'the ward is full tonight',
    'I have a class to teach', 'I have a meeting in a minute', 'mum told me to watch',
    'I cannot be everywhere at once', 'we have an audit this week', 'the client asked for it',
    'I am at the other end of the building', 'I am checking the software', 'this is a dry run',
    'I need it for my thesis', 'the monitor in the office is broken', 'I am too tired to watch',
    'nobody else is on duty', 'my shift is nearly over', 'I am wearing headphones',
    'we keep a record of such things', 'the crew is counting on us', 'I am up on a ladder',
    'I want to be sure', 'my grandson set this up for me', 'I keep dozing off',
    'the rules say so', 'it is part of the demo', 'I forgot my glasses', 'I have a bet running',
    'we are debugging a node', 'the inspector may ask about it')
"""Why one asks; says nothing of what is asked for."""


_TESTED = frozenset(frame[:1].lower() + frame[1:-1] for frame in TELL.test)


@dataclass(frozen=True)
class Speech:
    """
    The words for one thing that can be asked for.

    :param clauses: finite clauses, such as 'the light goes off'
    :param nouns: the same as nouns, such as 'a power cut'
    :param reasons: why one might ask for it
    :param whole: whole instructions
    :param never: clauses that are kept for the test split
    """

    clauses: tuple[str, ...]
    nouns: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def clause(self, rng: Rng) -> str:
        """Return one of the clauses."""
        while (found := pick(rng, self.clauses)) in self.never:
            pass
        return found


def said(rng: Rng, speech: Speech, aside: str = '') -> str:
    """
    Return an instruction to tell of something, in one of many voices.

    :param aside: something named that is not asked for, as a noun
    """
    draw = rng.random()
    if speech.whole and draw < 0.07:
        return _written(rng, pick(rng, speech.whole))
    if speech.nouns and draw < 0.3:
        core = pick(rng, NOUN_CORES).replace('{noun}', pick(rng, speech.nouns))
    else:
        core = _core(rng).replace('{}', speech.clause(rng))
    return _voiced(rng, core, (*REASONS, *speech.reasons * 3), CLOSERS, aside)


def _core(rng: Rng) -> str:
    while (core := pick(rng, CORES)) in _TESTED:
        pass
    return core


def framed(rng: Rng, frames: Sequence[str], *parts: str) -> str:
    """Return a sentence of some frames, now and then with an address and a closing word."""
    return _voiced(rng, pick(rng, frames).format(*parts), (), COURTESIES, '')


def _voiced(
    rng: Rng, core: str, reasons: Sequence[str], closers: Sequence[str], aside: str,
) -> str:
    draws = rng.random(6)
    question = core.endswith('?')
    if draws[0] < 0.25 and reasons and ':' not in core:
        reason = pick(rng, reasons)
        core = (f'{reason}, so {core}', f'since {reason}, {core}', f'{reason}. {_capital(core)}',
                f'{reason} - {core}', f'as {reason}, {core}', f'because {reason}, {core}')[
                    int(rng.integers(6))] if question or draws[1] < 0.7 else (
                f'{core}, because {reason}', f'{core}: {reason}', f'{core}. {_capital(reason)}')[
                    int(rng.integers(3))]
    elif draws[0] < 0.3 and not core.startswith(('please', 'kindly')) and not question:
        core = f'{pick(rng, POLITE)} {_small(core)}'
    if aside:
        core = pick(rng, (
            f'never mind {aside}, {core}', f'(ignore|forget about|skip) {aside}, but {core}',
            f'{core}, but (not about|leave out|say nothing about|skip) {aside}',
            f'{core}. (I do not care about|Do not bother me with|No need to mention) {aside}',
            f'not {aside}: {core}', f'{aside} (is fine|is nothing new|can be ignored), but'
            f' {core}'))
    if draws[2] < 0.25:
        core = f'{pick(rng, ADDRESSES)} {_small(core)}'
    if draws[3] < 0.2 and not core.endswith('?'):
        core = f'{core}{pick(rng, closers)}'
    return _written(rng, core)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    return text if re.match(r'I\b', text) else text[:1].lower() + text[1:]


def _written(rng: Rng, text: str) -> str:
    """Return a text as somebody types it: with care, or in a hurry."""
    hurry = rng.random()
    if hurry < 0.1:
        return text.lower().rstrip('.')
    if hurry < 0.115:
        return text.upper()
    text = _capital(text)
    if hurry < 0.2:
        return text
    if text[-1] not in '.?!':
        text += '!' if hurry > 0.95 else '.'
    return text
