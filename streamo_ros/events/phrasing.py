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
Ways of asking brought to a few plain ones, and what is asked beyond them.

"Wasn't the door opened at least twice?" is "was the door opened", at least two times; "which
camera saw a man come in" is "did a man come in", by camera. What a way of asking adds is kept in a
``Twist``; it is never dropped, so nothing is answered that was not asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
import re

from streamo_ros.events.amounts import SMALL

_EVENT = (r'(?:events?|answers?|responses?|alerts?|notifications?|reports?|entries|messages?|'
          r'incidents?|detections?|things|happenings?|ones)')
_COUNTS = {'once': 1, 'twice': 2, **SMALL}
_ORDINALS = {word: number for number, word in enumerate(
    'first second third fourth fifth sixth seventh eighth ninth tenth'.split(), 1)}
_NUMBER = rf'(?:\d{{1,3}}|{"|".join(SMALL)})'
_TIMES = rf'(?:once|twice|{_NUMBER} times?)'
_SEE = (r'(?:see|saw|seen|notice|noticed|record|recorded|log|logged|catch|caught|observe|observed|'
        r'detect|detected|register|registered|film|filmed|capture|captured|report|reported|show|'
        r'showed|shown|pick up|picked up)')
_ASKS = r'(?:did|has|have|had|was|were)'
_STATES = r'(?:open|closed|shut|on|off|out|locked|unlocked|dark|bright|lit)'
_NOW = r'(?: (?:right now|now|currently|at the moment|at present|presently|at this moment))'


@dataclass(frozen=True)
class Twist:
    """
    What is asked beyond a plain question.

    :param negated: whether it did not happen
    :param least: whether it happened at least so often; 0: that is not asked
    :param most: whether it happened at most so often; None: that is not asked
    :param ordinal: which of them, from 1 on; 0: that is not asked
    :param newest: the last so many; 0: all
    :param oldest: the first so many; 0: all
    :param per_s: how often in so many seconds; 0: in all
    :param cameras: by which cameras
    :param most_of: which ``camera``, ``hour`` or ``day`` had most of them
    :param bare: whether a number was said that may be meant as "at least"
    """

    negated: bool = False
    least: int = 0
    most: int | None = None
    ordinal: int = 0
    newest: int = 0
    oldest: int = 0
    per_s: int = 0
    cameras: bool = False
    most_of: str = ''
    bare: bool = False


PLAIN = Twist()

_SAME: tuple[tuple[str, str], ...] = (
    (r'\b(?:most recently|most recent|latest|newest)\b', 'last'),
    (rf'\bstill (?={_STATES}\b)', ''),
    (rf'^(did|has|have) {_SEE} ', 'did '),
    (r'\b(?:in|on|for|during) the whole\b', 'all'),
    (r'\bfor the (last|first) time\b', r'\1'),
    (r'^(?:is|are|was|were|has|have|did) there (?:been |be )?(?:anything|something)(?: new)?\b',
     'did anything happen'),
    (r'^(?:is |was )?(?:there )?(?:anything|something|any news|something new|anything new)'
     r'(?: new| to report| of note| interesting)?(?= |$)(?! (?:happen|occur))',
     'did anything happen'),
    (r'^(?:(?:was|were|has|have|is|are) there (?:been )?)?(?:any|some) '
     r'(?:activity|activities|events?|incidents?|alerts?|action)\b', 'did anything happen'),
    (r'\b(did|have|has|were|do) (?:they|we)\b', r'\1 somebody'),
    (r'^(?:any|some)(?:body|one) gone\b', 'did anybody go'),
    (r'\bppl\b', 'people'), (r'\bbtw\b', 'between'), (r'\bhit the (?:floor|ground)\b', 'fell'),
    (r'\bhow many (minutes|seconds|hours) (was|were|has|did)\b', r'how long \2'),
    (r'^(?:list )?(?:all|every|each|which)(?: of)?(?: the)? times?(?: that)? (?:did |has |was )?',
     'when did '),
    (r'^(?:list )?(?:all|every|each)(?: of)?(?: the)? (?=\w)(?!events|entries|day|things)',
     'what '),
    (r'^the number of (?=\w)(?!times|events)', 'how many '),
    (r'^number of (?=\w)(?!times|events)', 'how many '),
    (r'^any (?:deliveries|delivery|parcels?|packages?)\b', 'did a package arrive'),
    (r'^(?:any|some)(?:body|one) (come|came|enter|entered|leave|left|go|went|here|there)\b',
     r'did anybody \1'),
    (r'^any (?=\w)', 'was there any '),
    (r'^(?:when was )?(?:the )?(last|first) time\b', r'when was the \1 time'),
    (r'\b(?:what|which) (?:was|is) the (last|first) time\b', r'when was the \1 time'),
    (r'^who (?:was|is) the (last|first)(?: (?:person|one|to be seen|visitor))?'
     r'(?: (?:to|who|that))? ', r'who \1 '),
    (r'^(?:what|which|on which|on what|at which|at what|in which) '
     r'(?:day|date|time|hour|moment|days|times)(?: of (?:the )?day)? (?=was|were|did|has|have|is)',
     'when '),
    (r'^(?:since|from) when (?:has|have|is|are|was|were|had) ', 'how long has '),
    (r'\b(?:gotten|getting|gets|turned|turning|grown|gone|fallen) (dark|bright)\b', r'get \1'),
    (rf'^what(?: all)? (?:did|has|have|could|was|were) (?:the robot|you|it|the robots|robot|'
     rf'the system|the cameras?|we|they)?(?: been)? ?{_SEE}\b', 'what happened'),
    (rf'^what (?:was|has been|got|were|is) (?:there to )?{_SEE}\b', 'what happened'),
    (r'^what (?:all )?(?:was|has been) (?:going on|happening|up|new)\b', 'what happened'),
    (r'^what (?:went|was going) (?:on|down)\b', 'what happened'),
    (r'^(?:what|which) (?:events?|things|incidents?|alerts?) '
     r'(?:were there|are there|happened|occurred|took place|have there been|did you have|'
     rf'were {_SEE}|have been {_SEE}|did you {_SEE}|have you {_SEE})\b', 'what happened'),
    (rf'\bhow many (_E_) (?:have|has|did|were|are) (?:you |the robot |it )?(?:been )?{_SEE}\b'
     .replace('_E_', _EVENT), r'how many \1 were there'),
    (rf'^(have|did|has) (?:you|the robot|it|the cameras?|anyone|anybody)(?: ever)? {_SEE} '
     r'(?=(?:any|some|a|an|the)\w* \w+ \w)', 'did '),
    (r'\b(lights?|lamps?) (?:(?:was|were|has been|have been|get|got) )?(?:change|changed|changes|'
     r'toggle|toggled|switch|switched)(?! (?:on|off|out))\b', r'\1 go on or off'),
    (r'\b(?:go|come|came|went|turn|turned|switch|switched) back (on|off)\b', r'go \1'),
    (r'\bback (on|off)\b', r'\1'),
    (rf'\b{_ASKS} more (people|persons|visitors|guests|men|women|cars|vehicles|dogs|cats|trucks|'
     r'children|kids|animals|parcels|packages) (.+?) than\b', r'did \1 \2 more often than'),
    (r'^(?:what|which) happened (?:right|directly|immediately|just|straight|next) after\b',
     'what happened first after'),
    (r'^(?:what|which) (?:was|is) (?:the )?(?:next|first) thing (?:that happened )?after\b',
     'what happened first after'),
    (r'^what happened (?:right|directly|immediately|just|straight|last) before\b',
     'what happened last before'),
    (r'\bhow (?:many times|often) (?:in total |in all |altogether )', 'how often '),
    (r'\bthe (?:number|count|total) of times\b', 'how often'),
    (r'^(?:in )?(?:total|altogether|overall|all in all) , ', ''),
    (r'\bentries (?:and|or) exits\b', 'arrivals or departures'),
    (r'\barrivals and departures\b', 'arrivals or departures'),
    (rf'^what (?:was|were|got|has been|have been) (?=\w+(?:ed|en)\b)(?!(?:{_SEE}|open)\b)',
     'what '),
    (r'\bcome and go\b', 'come in or leave'), (r'\bcame and went\b', 'came in or left'),
)


def plainly(words: str) -> tuple[str, Twist]:
    """
    Return a question in plain words, and what is asked beyond them.

    :param words: of ``tokens``, joined by spaces
    """
    words = re.sub(rf'^({_ASKS}|is|are|do|does) not\b', r'\1', words)  # "didn't it open?"
    words = re.sub(r'^(?:(?:please|hey|hi|hello|ok|okay|so|and|well|robot|then|also|streamo|now|'
                   r'tell me|can you tell me|could you tell me|can you say|do you know|'
                   r'do you remember|do you recall|i wonder|i am wondering|'
                   r'i want to know|i would like to know|i like to know|i need to know|'
                   r'let me know|say|give me|show me|please list|list|,) )+', '', words)
    for pattern, plain in _SAME:
        words = re.sub(pattern, plain, words)
    twist = PLAIN
    for read in (_most, _cameras, _rate, _some, _ordinal, _quantity, _negation):
        words, twist = read(words, twist)
    return re.sub(r' +', ' ', words).strip(), twist


def _most(words: str, twist: Twist) -> tuple[str, Twist]:
    """Take "which hour was the busiest", "which camera saw most"."""
    unit = r'(camera|hour|day)'
    for pattern, plain in (
            (rf'^(?:(?:on|at|in) )?(?:which|what) {unit} (?:was|is|had been) (?:the )?'
             r'(?:busiest|most active|most eventful|liveliest)', 'what happened'),
            (rf'^(?:what|which|when) (?:was|is) the busiest {unit}(?: of the day)?',
             'what happened'),
            (rf'^(?:(?:on|at|in) )?(?:which|what) {unit} (?:had|has|saw|reported|logged|recorded) '
             rf'(?:the )?most (?:{_EVENT}|activity|action)', 'what happened'),
            (rf'^(?:on|at|in|by) (?:which|what) {unit} did (?:the )?most (?:{_EVENT}) '
             r'(?:happen|occur|take place)', 'what happened')):
        found = re.search(pattern, words)
        if found is not None:
            return plain + words[found.end():], replace(twist, most_of=found[1])
    found = re.search(
        rf'^(?:on|at|in|by) (?:which|what) {unit} (did .*?) (?:the )?most(?: often|'
        r' frequently)?\b',
        words)
    if found is not None:
        return f'when {found[2]}{words[found.end():]}', replace(twist, most_of=found[1])
    return words, twist


def _cameras(words: str, twist: Twist) -> tuple[str, Twist]:
    done = re.match(
        rf'^(?:which|what) cameras? (?:was|were|got|has been|have been|had been) (?!{_SEE}\b)'
        r'(?=\w+(?:ed|en)\b)', words)
    if done is not None:
        return f'was the camera {words[done.end():]}', replace(twist, cameras=True)
    words = re.sub(r'^(?:where|in which room|in which place) (did|was|were|has|have) (?=\w)',
                   r'which camera \1 ', words)
    found = re.search(
        rf'^(?:(?:by|on|in|at|from|with) )?(?:which|what) cameras? (?:(?:did|has|have|was|were) )?'
        rf'(?:it that )?(?:{_SEE} )?', words)
    if found is None:
        return words, twist
    rest = re.sub(rf' (?:was|were|got|been)? ?{_SEE}$', '', words[found.end():])
    return f'did {rest}', replace(twist, cameras=True)


def _rate(words: str, twist: Twist) -> tuple[str, Twist]:
    if not re.search(r'\b(?:how often|how many|how frequently)\b', words):
        return words, twist
    found = re.search(r' (?:per|an|a|each|every) (hour|day|minute)\b(?! (?:ago|and))', words)
    if found is None or re.search(r'\b(?:usually|normally|typically|in)$', words[:found.start()]):
        return words, twist
    words = words[:found.start()] + words[found.end():]
    words = re.sub(r'\b(?:on average|in the mean|averaged),?\b', '', words)
    return words.strip(' ,'), replace(
        twist, per_s={'hour': 3600, 'day': 86400, 'minute': 60}[found[1]])


def _some(words: str, twist: Twist) -> tuple[str, Twist]:
    found = re.search(
        rf'\bthe (?:(?P<order>last|first) (?P<n>{_NUMBER})|(?P<m>{_NUMBER}) (?P<or>last|first)) '
        rf'(?={_EVENT}\b|times\b)', words)
    if found is None:
        return words, twist
    number = _number(found['n'] or found['m'])
    words = f'{words[:found.start()]} {words[found.end():]}'
    words = re.sub(rf'^(?:what|which) (?:were|are|was|is) +(?:{_EVENT}|times)(?: that happened| '
                   r'logged)?|^when (?:were|was) +times(?: that)?|^ *times(?: that)?',
                   lambda match: 'when did' if 'times' in match[0] else 'what happened', words)
    newest = (found['order'] or found['or']) == 'last'
    return words, replace(
        twist, **{'newest' if newest else 'oldest': number})  # type: ignore[arg-type]


def _ordinal(words: str, twist: Twist) -> tuple[str, Twist]:
    if not words.startswith('when ') or re.search(r'\b(?:to last|but one|last)\b', words):
        return words, twist
    names = '|'.join(word for word in _ORDINALS if word != 'first')
    found = re.search(
        rf'(?: for)? the ({names}|[2-9] (?:nd|rd|th)) '
        r'(?:time(?: that)?\b|(?=person|man|woman|visitor|car|dog|cat))', words)
    if found is None:
        return words, twist
    number = _ORDINALS.get(found[1]) or int(found[1][0])
    before = re.sub(r'^when (?:was|is)$', 'when did', words[:found.start()])
    after = words[found.end():]
    return f'{before} {"a " if after[:1].isalpha() and not found[0].endswith("time") else ""}' \
        f'{after}', replace(twist, ordinal=number)


def _quantity(words: str, twist: Twist) -> tuple[str, Twist]:
    if not re.match(rf'{_ASKS}\b', words):
        return words, twist
    rules: tuple[tuple[str, Callable[[int], Twist]], ...] = (
        (rf'more than ({_TIMES})', lambda n: replace(twist, least=n + 1)),
        (rf'(?:at least|no less than|no fewer than|not less than) ({_TIMES})',
         lambda n: replace(twist, least=n)),
        (rf'({_TIMES}) or more(?: often| times)?', lambda n: replace(twist, least=n)),
        (rf'(?:at most|no more than|not more than|up to) ({_TIMES})',
         lambda n: replace(twist, most=n)),
        (rf'(?:less|fewer) than ({_TIMES})', lambda n: replace(twist, most=n - 1)),
        (rf'(?:exactly|only|just|precisely) ({_TIMES})',
         lambda n: replace(twist, least=n, most=n)),
        (rf'(twice|{_NUMBER} times)', lambda n: replace(twist, least=n, most=n, bare=True)))
    for pattern, twisted in rules:
        found = re.search(rf'(?<!\w ago )\b{pattern}\b', words)
        if found is not None:
            words = words[:found.start()] + words[found.end():]
            return words, twisted(_number(found[1].split()[0]))
    found = re.search(r'\b(?:several times|multiple times|repeatedly)\b', words)
    if found is not None:
        return words[:found.start()] + words[found.end():], replace(twist, least=2)
    return words, twist


def _negation(words: str, twist: Twist) -> tuple[str, Twist]:
    for pattern, plain in (
            (rf'^({_ASKS}) (?:nobody|no one|noone)\b', r'\1 anybody'),
            (rf'^({_ASKS}) (?:nothing|none)\b', r'\1 anything'),
            (rf'^({_ASKS}) there (?:been )?(?:nobody|no one)\b', r'\1 there anybody'),
            (rf'^({_ASKS}) there (?:been )?no (?:activity|events?)\b', 'did anything happen'),
            (rf'^({_ASKS}) there (?:been )?nothing\b', 'did anything happen'),
            (r'^(?:was|has) (?:it|everything|all|the (?:house|place|room|night|day))(?: been)? '
             r'(?:all )?(?:quiet|calm|still|uneventful|peaceful)\b', 'did anything happen'),
            (rf'^({_ASKS}) (the \w+) not\b', r'\1 \2')):
        changed = re.sub(pattern, plain, words)
        if changed != words:
            return changed, replace(twist, negated=True)
    return words, twist


def _number(word: str) -> int:
    return int(word) if word.isdecimal() else _COUNTS[word]
