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
The sentence of a text that asks, with what the others add to it.

People say why they ask, when they were out, and how they want the answer: "I left at two. How many
parcels came while I was away?" Of what is no question only the times are taken, and only where
somebody tells of himself; a sentence that could narrow the question leaves it unanswered.
"""

from collections.abc import Sequence
import re

from streamo_ros.events.words import tokens

_ASKS = re.compile(
    r'^(?:please |so |and |then |now |ok |tell me |say |can you |could you |do you know )*'
    r'(?:how|when|what|which|who|where|did|do|does|was|were|has|have|had|is|are|since when|'
    r'at what|'
    r'on which|in which|list|show|give|tell|count|number|any|anything|anyone|anybody|summari[sz]e|'
    r'all|every|everything|last|first)\b')
_OF_ONESELF = re.compile(
    r"^(?:i|we|my|our|i'm|i've|was|were|been)\b|\b(?:i|we) (?:was|were|am|are|have|had|smelled|"
    r'left|'
    r'went|heard|think|thought|need|want)\b')
_FORMAT = re.compile(
    r'^(?:please|thanks|thank you|(?:just |only )?(?:the )?(?:number|count)(?: of (?:times|'
    r'them))?|'
    r'in minutes|in hours|in seconds|all of them|list (?:it|them)|count (?:them|the times)|'
    r'describe (?:it|them)(?: all)?|show (?:me )?(?:the |all )?(?:entry|entries|them|it)|'
    r'(?:i mean )?everything(?: you (?:noted|saw|logged|have))?|what did they look like|when|'
    r'(?:a )?real(?: \w+)?(?: i mean)?|i mean|(?:at )?which times?|as far as you know|'
    r'both (?:rooms|cameras) together|all (?:cameras|rooms)(?: together)?|exactly|ever|'
    r'going by your (?:entries|log)|one by one|with times?|two \w+ together count as once?|'
    r'no matter (?:which|what) \w+|over all days|of all of them|in (?:total|all)|by your log)$')
_THEN = re.compile(
    r'\b(?:that (?:day|night|morning|afternoon|evening|time)|there and then|by then)\b')
_ASIDE = re.compile(
    r'\b(?:as far as you know|no matter (?:which|what) (?:room|camera|one)|in either room|'
    r'(?:in )?both rooms together|(?:in |on )?all cameras(?: together)?|over all days|anywhere|'
    r'in (?:all this time|your (?:whole |entire )?log|the (?:whole |entire )?log)|i mean|'
    r'going by your (?:entries|log)|for me|please|exactly|at all|'
    r'in the past days|while (?:we|i|they|everybody|everyone) (?:slept|were asleep|was asleep))\b')


def asked(text: str) -> tuple[list[str], list[str]]:
    """
    Return the words in which somebody tells of himself, and those of the question.

    A sentence that is neither, and that might narrow the question, stands before it.
    """
    text = re.sub(r"\b(before|after|since) (yesterday|today)['\u2019]s (\w+)",
                  r'\1 the \3 \2', text, flags=re.IGNORECASE)
    parts = re.split(
        r'(?<=[a-zA-Z0-9)])[.?!;:]+(?=\s|$)|\s[-\u2013\u2014]\s',
        re.sub(r'(\d)\s*([ap])\.\s?m\b\.?', r'\1 \2m', text))
    sentences = [_without_asides(tokens(re.sub(r'\((.*?)\)', r' , \1 , ', part)))
                 for part in parts if part]
    sentences = [sentence for sentence in sentences if {*sentence} - {','}]
    ending = [_without_asides(tokens(part)) for part in re.findall(r'[^.!?;]*(?=\?)', text)
              if tokens(part)]
    asking = [sentence for sentence in sentences if _ASKS.match(' '.join(sentence))
              and not _FORMAT.match(' '.join(sentence))]
    if len(asking) > 1:
        asking = [sentence for sentence in asking if sentence in ending]
    if len(asking) != 1:
        return [], _turned([word for at, sentence in enumerate(sentences)
                            for word in ([','] if at else []) + sentence])
    told: list[str] = []
    question = asking[0]
    for sentence in sentences:
        said = ' '.join(sentence)
        if sentence is asking[0] or _FORMAT.match(said):
            continue
        if _OF_ONESELF.search(said):
            told += [*sentence, ',']
        else:
            question = [*sentence, ',', *question]
    if told:
        question = _THEN.sub(' ', ' '.join(question)).split()
    return told, _turned(question)


def _without_asides(words: Sequence[str]) -> list[str]:
    text = ' '.join(words)
    clauses = [clause.strip() for clause in _ASIDE.sub(' ', text).split(',')]
    kept = [re.sub(' +', ' ', clause) for clause in clauses if clause]
    if len(kept) > 1:
        kept = [clause for clause in kept if not _FORMAT.match(clause)] or kept
    return ' , '.join(kept).split()


def _turned(words: Sequence[str]) -> list[str]:
    """Bring "drilling yesterday, how often?" into the order of a question."""
    text = ' '.join(words)
    found = re.match(
        r'^(?P<what>[^,]+) , (?P<asks>how often|how many times|when|at what time)$', text)
    if found is None:
        return [*words]
    what = re.sub(r'^(?:the )?(last|first) ', r'the \1 ', found['what'])
    if what.startswith('the ') and found['asks'] in ('when', 'at what time'):
        return f'when was {what}'.split()
    return f'{found["asks"]} was there {what}'.split()
