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
What a question asks for: its kind, and what is left of it as the topic, without times.

Only forms that are known are understood. What remains of a question after its form and its times
are taken out is what it is about, every word of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import auto
from enum import Enum
import re

from streamo_ros.events.phrasing import PLAIN
from streamo_ros.events.phrasing import Twist
from streamo_ros.events.words import is_deed


class Form(Enum):
    """What is asked for."""

    COUNT = auto()
    WHEN = auto()
    FIRST = auto()
    LAST = auto()
    AGO = auto()
    WHETHER = auto()
    LIST = auto()
    STATE = auto()      # whether it was open, off
    NOW = auto()        # whether it is
    STAY = auto()       # how long it was that
    SPAN = auto()       # how long something took


@dataclass(frozen=True)
class Question:
    """
    A question without its times.

    :param topic: the words of what it is about
    :param than: of a comparison, the words of what it is compared with; None: it is none
    :param fewer: of a comparison: asked is what happened less often
    :param lasting: asked is what still lasts: "how long has it been open?"
    :param still: no deed is named: "was somebody in the room?"
    :param each: asked is how many did it, which is how often only if each event is of one
    :param things: asked is what did it, and not who
    :param twist: what is asked beyond that
    """

    form: Form
    topic: Sequence[str]
    than: Sequence[str] | None = None
    fewer: bool = False
    lasting: bool = False
    still: bool = False
    each: bool = False
    things: bool = False
    twist: Twist = PLAIN


_POLITE = re.compile(
    r'^(?:(?:please|hey|hi|hello|ok|okay|so|and|well|robot|streamo|then|tell me|can you|could you|'
    r'would you|will you|do you know|do you remember|i wonder|i want to know|i would like to know|'
    r'i like to know|i need to know|let me know|say|tell|check|give me|show me|list|in total|'
    r'in all|overall|,) +)*')
_EVENTS = (r'(?:events?|answers?|responses?|alerts?|notifications?|reports?|entries|messages?|'
           r'incidents?|detections?|things)')
_REFUSED = re.compile(
    r'\b(?:not|never|nobody|nothing|none|neither|nor|without|except|only|besides|apart|why|'
    r'because|if|'
    r'would|should|average|averages|mean|per|each|every|usually|normally|typically|mostly|most|'
    r'least|'
    r'rarely|both|either|other|others|another|else|twice|where|which|whose|tomorrow|next|going '
    r'to|will|'
    r'how much|how fast|how far|how big|how many more|how come|percent|percentage|share|than|same|'
    r'second time|third time|as often|as many|almost|nearly|total duration|longest|shortest|'
    r'longer|'
    r'shorter|busiest|busier|in a row|consecutive|color|colour|rate|interval|apart|simultaneously|'
    r'same time|together|alone|enough|too|normal|again and again|everybody|everyone|all of|and|'
    r'instead|rather|still|usual|unusual|anything but|once)\b')
_COUNTED = (
    r'(?:people|persons|visitors|guests|strangers|men|women|children|kids|boys|girls|workers|'
    r'customers|couriers|dogs|cats|birds|animals|vehicles|cars|trucks|vans|lorries|buses|taxis|'
    r'bikes|bicycles|motorcycles|packages|parcels|boxes|balls|cups|lights)')
_DEEDS = (
    r'(?:openings?|closings?|closures?|entries|entry|exits?|arrivals?|departures?|deliveries|'
    r'delivery|falls?|visits?)')
_FORMS: tuple[tuple[Form, str], ...] = (
    (Form.NOW, r'^(?:is|are) (?=(?:the |my |our |all )?(?:\w+ ){1,3}(?:open|closed|shut|on|off|'
               r'out|locked|unlocked|dark|bright|lit)\b)'),
    (Form.AGO, r'^(?:how long ago|how long (?:is|has) it(?: been)? since|how long since|how '
               r'much time '
               r'(?:has )?(?:passed|gone by|elapsed)? ?since|how many (?:seconds|minutes|hours|'
               r'days) ago|'
               r'how long back)\b'),
    (Form.SPAN, r'^how long did it take (?:for )?(?:to )?'),
    (Form.SPAN, r'^how long (?:did|does)(?= .* (?:take|last)\b)'),
    (Form.STAY, r'^(?:for )?how long (?:was|were|has|have|had|did|is|are)\b(?! it\b)'),
    (Form.COUNT, rf'^how many (?={_COUNTED}\b(?! (?:are|is)\b))'),
    (Form.COUNT, rf'^how many (?=(?:\w+ ){{0,2}}{_DEEDS}\b)'),
    (Form.COUNT, rf'^(?:how often|how many times|how frequently|how many {_EVENTS}|'
                 rf'(?:what is |what was )?the number of (?:times|{_EVENTS})|number of (?:times|'
                 rf'{_EVENTS})|'
                 r'count (?:of |how often |how many times |the times )?|how many instances)\b'),
    (Form.LAST, r'^(?:when|at what time|what time) (?:was|is) the (?:last|latest|most recent) '
                rf'(?:time|occasion|occurrence|{_EVENTS})\b'),
    (Form.LAST, r'^(?:when|at what time|what time)\b(?=.*\b(?:last|most recently|latest)\b)'),
    (Form.FIRST, r'^(?:when|at what time|what time) (?:was|is) the (?:first|earliest) '
                 rf'(?:time|occasion|occurrence|{_EVENTS})\b'),
    (Form.FIRST, r'^(?:when|at what time|what time)\b(?=.*\b(?:first|earliest)\b)'),
    (Form.LAST, rf'^(?:what (?:was|is) )?the (?:last|latest|most recent) (?:time|{_EVENTS}|'
                rf'thing)\b'),
    (Form.FIRST, rf'^(?:what (?:was|is) )?the (?:first|earliest) (?:time|{_EVENTS}|thing)\b'),
    (Form.WHEN, r'^(?:when|at what times?|what times?|on what occasions)\b'),
    (Form.WHETHER, r'^(?:anything|something) (?:has )?(?:happen(?:ed)?|occur(?:red)?)\b'),
    (Form.LIST, r'^(?:what (?:all )?(?:has |have |had |is )?(?:been )?(?:happen(?:ed|ing)?|'
                r'occurred|took place|'
                r'taken place|went on|gone on|going on)|what (?:was|is|has been) (?:happening|'
                r'going on|'
                r'logged|reported|seen|new)|what did i miss|what have i missed|what did you '
                r'(?:see|notice|report|log|observe)|what have you (?:seen|noticed|reported|'
                r'logged)|'
                r'what do you (?:have|know)|summari[sz]e|a summary|report|everything|what was '
                r'there)\b'),
    (Form.LIST, rf'^(?:all |the |all the |me )*(?:{_EVENTS}|times)\b'),
    (Form.WHETHER, r'^(?:did i miss|has there been|have there been|was there|were there|did you '
                   r'(?:see|'
                   r'notice|observe)|have you (?:seen|noticed))\b'),
    (Form.WHETHER, r'^(?:did|has|have|had|was|were)\b'),
    (Form.LIST, r'^(?:who|what)\b(?! (?:is|are|was|were|do|does|did|can|could|has been|have been|'
                r'kind|sort|type|colou?r)\b)'),
)
_HAPPEN = re.compile(
    r'\b(?:happen(?:ed|s|ing)?|occur(?:red|s|ring)?|take place|took place|taken place|there|'
    r'that|times?|'
    rf'occasions?|so far|ever|at all|{_EVENTS}|of|in the log|the log)\b')
_ORDER = re.compile(r'\b(?:last|most recently|latest|first|earliest|the last time|the first '
                    r'time)\b')
_STATE = re.compile(
    r'^(?:was|were|(?:has|have|had)(?=.* been)) .*\b(?:on|off|out|open|closed|shut|dark|bright|'
    r'locked|unlocked|lit)$')
_SEEN = re.compile(
    r'\b(did|have|has) (?:you|the robot|the camera)(?: ever)?((?: last| first)?) '
    r'(?:see|seen|notice|noticed|detect|detected|observe|observed)\b')


def read(words: Sequence[str]) -> Question | None:
    """
    Return what a question asks for; None where its form is not known.

    :param words: the question's, without its times
    """
    text = ' '.join(word for word in words if word != ',')
    text = re.sub(r'^(?:in that time|during that time) ', '', text)
    text = _SEEN.sub(r'did\2', _POLITE.sub('', text + ' ').strip())
    match = re.search(
        r'\b(more|less|fewer)( often| frequently| times)?\b(.*?)\bthan\b(.*)$', text)
    if match:
        return _comparison(text, match)
    if _REFUSED.search(re.sub(r'\bor\b', '', text)):
        return None
    for form, pattern in _FORMS:
        found = re.search(pattern, text)
        if found is None:
            continue
        rest = text[found.end():].strip()
        if form is Form.WHETHER and re.search(r'\bagain\b', rest):
            return None  # "has the van left again?": since it came, or for the second time
        if form in (Form.WHETHER, Form.LIST) and _ORDER.search(rest):
            order = _ORDER.search(rest)
            assert order is not None
            if form is Form.WHETHER:
                return None
            form = Form.FIRST if re.search('first|earliest', order[0]) else Form.LAST
        elif form in (Form.COUNT, Form.WHEN) and _ORDER.search(rest):
            return None
        each = form is Form.COUNT and bool(re.match(rf'how many {_COUNTED}\b', text))
        lasting = re.search(r'^(?:(?:for )?how long )?(?:has|have|is|are)\b', text)
        if form is not Form.SPAN:
            rest = _ORDER.sub(' ', rest)
        if found[0] == 'who':
            rest = f'person {rest}'
        rest = _HAPPEN.sub(' ', rest)
        if form is Form.WHETHER and _STATE.search(text) and not any(
                is_deed(word) for word in text.split()[1:-1] if word != 'been'):
            form = Form.STATE
        still = ' did ' not in f' {text} ' and not any(is_deed(word) for word in rest.split())
        if form is Form.SPAN:
            rest = re.sub(r'\b(?:take|last)\b', ' ', rest)
        if form is Form.STAY:
            rest = re.sub(r'\b(?:stay|stayed|remain|remained|kept|keep|been)\b', ' ', rest)
        if form is Form.NOW:
            rest = re.sub(r'\b(?:right now|now|currently|at present|presently)\b', ' ', rest)
        return Question(form, rest.split(), lasting=bool(lasting), still=still, each=each,
                        things=found[0] == 'what')
    return None


def _comparison(text: str, match: 're.Match[str]') -> Question | None:
    """Return "did A happen more often than B?"."""
    if match[2] is None and not re.search(r'\b(?:times|often)\b', text):
        return None
    before, middle, after = text[:match.start()].strip(), match[3].strip(), match[4].strip()
    asked = re.search(r'^(?:did|has|have|had|was|were)\b', before)
    if asked is None or _REFUSED.search(f'{before[asked.end():]} {middle} {after}'):
        return None
    topic = _HAPPEN.sub(' ', f'{before[asked.end():]} {middle}').split()
    than = _HAPPEN.sub(' ', re.sub(r'\b(?:did|was|were|it|has|had)\b', ' ', after)).split()
    return Question(Form.COUNT, topic, than, fewer=match[1] != 'more')
