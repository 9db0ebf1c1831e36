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
Watching with a checkpoint that was not trained for it: the prompt asks for one of three words.

A plain instruct model has no state tokens, so its chat writes states as words. Their
probabilities are those of the words' first tokens among the three, whatever else the model would
rather say. The rest of a word is fed, so that the stream contains it whole, and the turn ends as
after a state token. In the tokenizers of Qwen2.5 (which Qwen3-VL and InternVL3 share) and SmolLM2
each word is one token, alone and after a space, so its probability is that of the word; a
tokenizer in which two of the words begin with the same token is refused (``models.tokenizer``).

This is a stopgap: such a model was never trained when to speak.
"""

from dataclasses import replace

from streamo_ros.dialogue.chat import Chat
from streamo_ros.dialogue.segment import Text

WORDS = ('No', 'Wait', 'Yes:')
"""How the states are written, in State's order; the colon leads to the answer."""

ZERO_SHOT_PROMPT = f"""\
You are watching through a camera, live. The user first says what to look out for; after that you
are shown one picture after the other, each behind the seconds it covers, like <4s-5s>. Judge only
by what has been shown so far. Reply to each picture with one of these:
{WORDS[0]} (what the user asks about is not happening)
{WORDS[1]} (it has begun and is not over, or too little of it can be seen yet)
{WORDS[2]} and one short sentence that answers the user (it has just become complete)
{WORDS[0]} is right for most pictures. What you have reported once, do not report again."""
"""The system prompt, instead of the one that comes with a trained checkpoint."""


def zero_shot_chat(chat: Chat) -> Chat:
    """
    Return a family's chat with words for states.

    A space at the end of the answer's opening is moved to the words: untrained models have tokens
    for words together with the space before them.
    """
    *before, opening = chat.assistant or (Text(''),)
    assert isinstance(opening, Text)
    stem = opening.text.rstrip(' ')
    space = opening.text[len(stem):]
    return replace(
        chat, assistant=(*before, Text(stem)), states=tuple(Text(space + word) for word in WORDS))
