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
Words of questions, instructions and answers as concepts.

"The lamp is out" is "light, off". A small exact vocabulary: words that mean the same here share a
concept; a man is a person, but not the other way round; on is the opposite of off. A word that is
not listed is a concept of its own, by its stem. What is dropped says nothing about what happened.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
import re

from streamo_ros.events.vocabulary import ASKED
from streamo_ros.events.vocabulary import CLOSING
from streamo_ros.events.vocabulary import DEED_WORDS
from streamo_ros.events.vocabulary import DROPPED
from streamo_ros.events.vocabulary import HEDGES
from streamo_ros.events.vocabulary import IRREGULAR
from streamo_ros.events.vocabulary import KINDS
from streamo_ros.events.vocabulary import NEGATIONS
from streamo_ros.events.vocabulary import NUMBERS
from streamo_ros.events.vocabulary import OPPOSITES
from streamo_ros.events.vocabulary import SHINING
from streamo_ros.events.vocabulary import SOUNDING
from streamo_ros.events.vocabulary import VAGUE

DETERMINERS = frozenset('the a an my your our his her their this that some any'.split())


def tokens(text: str) -> list[str]:
    """Return the words of a text, in small letters; sentences and clauses end in a comma."""
    text = text.lower().replace('\N{RIGHT SINGLE QUOTATION MARK}', "'")
    text = re.sub(r'\b([ap])\s?\.\s?m\b\.?', r'\1m', text)
    text = re.sub(r"o'\s?clock\b", 'oclock', text)
    text = re.sub(r"\b(can)'t\b|\bcan(not)\b", 'can not', text)
    text = re.sub(r"\bwon't\b", 'will not', text)
    text = re.sub(r"n't\b", ' not', text)
    text = re.sub(r"\b(what|who|when|where|how|it|that|there|here|he|she)'s\b", r'\1 is', text)
    text = re.sub(r"\b(i|you|we|they|who|what)'(ve|d|ll|re|m)\b", r'\1 ', text)
    text = re.sub(r"'s\b|s'(?=\s)", ' ', text)
    text = re.sub(r'\bno one\b', 'nobody', text)
    text = re.sub(r'(\d)(am|pm|h|th|st|nd|rd|min|mins|s|sec|secs|hrs?|hours?|minutes?|seconds?)\b',
                  r'\1 \2', text)
    text = re.sub(r'[;!?,]|\.(?!\d)|\s[-\u2013\u2014]\s', ' , ', text)
    return [word.strip('.:\'"-') or ',' for word in re.findall(
        r"\d{4}-\d\d-\d\d|\d+[:.]\d+(?::\d\d)?|[^\W_]+(?:['\-][^\W_]+)*|,", text)]


def is_deed(word: str) -> bool:
    """Return whether a word of a question is the form of a verb."""
    return word.endswith(('ed', 'ing')) or word in IRREGULAR and IRREGULAR[word] not in (
        'man', 'woman', 'child', 'person', 'mouse', 'knife', 'shelf', 'bus', 'light', 'dark')


def said(text: str) -> list[str]:
    """Return the words of an answer, without times and measures: they belong to no happening."""
    return [word for word in tokens(text)
            if not re.fullmatch(r'\d+[.:]\d+(:\d+)?|\d{4}-\d\d-\d\d', word)]


def stem(word: str) -> str:
    """Return what the forms of a regular English word have in common."""
    if word in NUMBERS:
        return NUMBERS[word]
    if word in IRREGULAR:
        word = IRREGULAR[word]
        return word[:-1] if word.endswith('e') and len(word) > 3 else word
    if len(word) > 4 and word.endswith('ies'):
        return word[:-3] + 'y'
    if len(word) > 4 and word.endswith('ied'):
        return word[:-3] + 'y'
    if re.search(r'(s|x|z|ch|sh)es$', word):
        word = word[:-2]
    elif word.endswith('s') and len(word) > 3 and not word.endswith(('ss', 'us', 'is')):
        word = word[:-1]
    for ending in ('ing', 'ed'):
        if word.endswith(ending) and re.search(r'[aeiouy]', word[:-len(ending)]) and (
                len(word) - len(ending) >= 3) and not word.endswith('eed'):
            word = word[:-len(ending)]
            if re.search(r'([bdfgmnprt])\1$', word):
                word = word[:-1]
            break
    return word[:-1] if word.endswith('e') and len(word) > 3 else word


def _table() -> tuple[dict[str, str], dict[str, str], dict[tuple[str, str], str]]:
    """Return words by their stems, what a kind is a kind of, and verbs with particles."""
    words: dict[str, str] = {}
    parents: dict[str, str] = {}
    phrases: dict[tuple[str, str], str] = {}
    for line in KINDS.split('\n'):
        if not line:
            continue
        head, _, rest = line.partition(':')
        names = rest.split()
        if names and (rest[0] != ' '):
            parents[head] = names.pop(0)
        for word in (head, *(name for name in names if name != '=')):
            words[stem(word)] = head
    for concept, verbs in DEED_WORDS.items():
        for verb in verbs.split():
            head, _, particle = verb.partition('-')
            if particle:
                phrases[stem(head), particle] = concept
            else:
                words[stem(head)] = concept
    words[stem('gray')] = 'grey'
    words[stem('back')] = 'rear'
    return words, parents, phrases


_WORDS, PARENTS, _PHRASES = _table()
_PHRASE_VERBS = {verb for verb, _ in _PHRASES}
_PARTICLES = {particle for _, particle in _PHRASES}
_SHINES, _SOUNDS = (
    {_WORDS.get(stem(word), stem(word)) for word in names} for names in (SHINING, SOUNDING))
GENERAL_VERBS = frozenset({'go', 'com', 'get'})
"""Verbs that, by themselves, may tell of very different deeds."""

VERBS = frozenset({*DEED_WORDS, *GENERAL_VERBS})
GROUPS = {
    concept: frozenset(group) for group in (
        [word if word in DEED_WORDS or word == 'left' else _WORDS.get(stem(word), stem(word))
         for word in words]
        for words in OPPOSITES)
    for concept in group}
"""Of each concept that excludes others: it and those."""


@dataclass(frozen=True)
class Meaning:
    """
    What a text is about.

    :param concepts: in the order of the text, each once
    :param alternatives: it names several things with "or" or "and"
    :param doubtful: it is not sure of what it says
    :param denied: what it says did not happen
    :param denies: whether a whole clause of it denies something
    :param passive: it tells what was done and not who did it
    """

    concepts: tuple[str, ...]
    alternatives: bool = False
    doubtful: bool = False
    denied: tuple[str, ...] = ()
    denies: bool = False
    passive: bool = False

    def __contains__(self, concept: object) -> bool:
        return concept in self.concepts

    @property
    def nouns(self) -> list[str]:
        """Return what is no verb of the vocabulary."""
        return [concept for concept in self.concepts if concept not in VERBS]


def meaning(words: Sequence[str], *, asks: bool = False) -> Meaning:
    """
    Return what words are about.

    :param words: of ``tokens``
    :param asks: they are those of an instruction, which may say "tell me when"
    """
    said, denied, denies = ([*words], [], False) if asks else _apart(words)
    pairs = {f'{one}-{other}' for one, other in zip(words, words[1:])}
    return Meaning(
        tuple(dict.fromkeys(_resolve([*_concepts(said, asks)]))),
        alternatives=bool({'or', 'and'} & {*words}),
        doubtful=bool((VAGUE | HEDGES) & ({*said} | pairs)) and not asks,
        denied=tuple(dict.fromkeys(_resolve([*_concepts(denied, asks)]))) or (
            ('',) if denied else ()), denies=denies,
        passive=any(
            one in ('was', 'were', 'been', 'being', 'is', 'are') and is_deed(other)
            for one, other in zip(said, said[1:])))


def _apart(words: Sequence[str]) -> tuple[list[str], list[str], bool]:
    """Return what a text says, what it denies, and whether a whole clause of it does."""
    said: list[str] = []
    denied: list[str] = []
    clause: list[str] = []
    denies = False
    for word in [*words, ',']:
        if word not in (',', 'but'):
            clause.append(word)
            continue
        at = next((at for at, one in enumerate(clause) if one in ('without', 'instead')), None)
        if at is not None:
            denied += clause[at + 1:]
            clause = clause[:at]
        negated = bool(NEGATIONS & {*clause})
        denies = denies or negated
        (denied if negated else said).extend([*clause, ','])
        clause = []
    return said, [word for word in denied if word not in NEGATIONS], denies


def animate(concept: str) -> bool:
    """Return whether something acts by itself."""
    return any(satisfies(concept, kind) for kind in ('person', 'animal', 'vehicle'))


def satisfies(concept: str, wanted: str) -> bool:
    """Return whether a concept is what is wanted, or a kind of it."""
    at: str | None = concept
    while at is not None:
        if at == wanted:
            return True
        at = PARENTS.get(at)
    return False


def _concepts(words: Sequence[str], asks: bool) -> Iterator[str]:
    used: set[int] = set()
    for at, word in enumerate(words):
        if at in used or word == ',':
            continue
        base = stem(word)
        if base in _PHRASE_VERBS and (where := _particle(words, at, base)):
            used.add(where)
            yield _PHRASES[base, words[where]]
        elif word in ('on', 'off', 'out') and _is_state(words, at):
            yield {'on': 'ON', 'off': 'OFF', 'out': 'GO OUT'}[word]
        elif word in ('from', 'to') and (end := _direction(words, at)):
            yield f'{word} {end}'
        elif word in ('dark', 'darkness') and _is_told(words, at):
            yield from ('light', 'OFF')
        elif word in ('bright', 'lit', 'illuminated') and _is_told(words, at):
            yield from ('light', 'ON')
        elif base == 'delivery' and stem(words[at + 1] if at + 1 < len(words) else '') not in (
                'van', 'truck', 'car', 'man', 'woman', 'person', 'driver', 'bike', 'servic'):
            yield from ('package', 'BRING')
        elif word == 'left' and _is_side(words, at):
            yield 'left'
        elif word in DROPPED or (asks and word in ASKED) or (
                base in ('go', 'com', 'get') and _becomes(words, at)):
            continue
        else:
            yield _WORDS.get(base, base)


def _particle(words: Sequence[str], at: int, verb: str) -> int:
    """Return where the particle of a verb stands, at once or behind what it is about; 0: none."""
    for where in range(at + 1, min(at + 6, len(words))):
        word = words[where]
        if word == ',':
            return 0
        if (verb, word) in _PHRASES:
            after = words[where + 1] if where + 1 < len(words) else ','
            if where == at + 1:
                # "came on Monday", "walked in circles": with a particle that belongs to the verb
                # nothing follows, or something with an article.
                return where
            if after in DETERMINERS and word in ('on', 'in', 'off'):
                return 0
            return where
        if stem(word) in _PHRASE_VERBS and where > at + 1 and word != 'light':
            return 0
    return 0


def _is_state(words: Sequence[str], at: int) -> bool:
    """Return whether a particle says how something is: "it is off", "the light on again"."""
    before = words[at - 1] if at else ''
    after = words[at + 1] if at + 1 < len(words) else ','
    linked = stem(before) in (
        'be', 'is', 'are', 'was', 'wer', 'were', 'been', 'stand', 'go',
        'or', 'and', 'light', 'leav', 'than') or (
            _WORDS.get(stem(before), stem(before)) in _SHINES)
    return linked and after not in DETERMINERS


def _is_told(words: Sequence[str], at: int) -> bool:
    """Return whether a word says how it is: "it is dark now", not "a dark coat"."""
    after = words[at + 1] if at + 1 < len(words) else ','
    return after in DROPPED or after in (',', 'today', 'yesterday', 'since', 'after', 'before',
                                          'inside', 'outside', 'during', 'on', 'often')


def _becomes(words: Sequence[str], at: int) -> bool:
    """Return whether a verb only leads to how something is then: "went dark", "comes open"."""
    after = words[at + 1] if at + 1 < len(words) else ','
    return after in ('dark', 'bright', 'black', 'open', 'shut', 'closed', 'missing', 'lit')


def _direction(words: Sequence[str], at: int) -> str:
    """Return where something comes from or goes to; empty: "to" belongs to a verb."""
    rest = words[at + 1:at + 4]
    if rest and rest[0] in DETERMINERS and len(rest) > 1:
        base = stem(rest[1])
        return _WORDS.get(base, base)
    return rest[0] if rest and rest[0] in ('left', 'right') else ''


def _is_side(words: Sequence[str], at: int) -> bool:
    before = words[at - 1] if at else ''
    return before in ('the', 'from', 'to', 'on', 'of') or (
        at + 1 < len(words)
        and words[at + 1] in ('side', 'hand', 'door', 'arm', 'window', 'light'))


def _resolve(concepts: Sequence[str]) -> Iterator[str]:
    """Decide what "go off" and the like mean, by what does it."""
    shines = bool({*concepts} & _SHINES)
    sounds = bool({*concepts} & _SOUNDS)
    for concept in concepts:
        if concept == 'GO OFF' and shines != sounds:
            yield 'OFF' if shines else 'SOUND'
        elif concept == 'GO OUT':
            yield 'OFF' if shines else 'LEAVE'
        elif concept == 'GO ON' and shines:
            yield 'ON'
        elif concept in ('GO UP', 'GO DOWN') and {*concepts} & CLOSING:
            yield 'OPEN' if concept == 'GO UP' else 'CLOSE'
        elif 'package' in concepts and concept in (
                'ENTER', 'LEAVE', 'PUT DOWN', 'FALL', 'APPEAR', 'com', 'get', 'lean'):
            yield 'BRING'
        else:
            yield concept
