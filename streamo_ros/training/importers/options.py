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

"""Questions with options to choose from."""

from collections.abc import Sequence
import random
import zlib

LETTERS = 'ABCDEFGHIJ'


def lettered(question: str, answer: str, wrong: Sequence[str]) -> tuple[str, str]:
    """
    Return a question with its options in a random order, the same each time, and the right one.

    :param wrong: at most nine count
    """
    options = [answer, *(dict.fromkeys(text for text in wrong if text != answer))][:len(LETTERS)]
    random.Random(zlib.crc32(question.encode())).shuffle(options)
    return with_options(question, options), f'{LETTERS[options.index(answer)]}. {answer}'


def with_options(question: str, options: Sequence[str]) -> str:
    """Return a question with its options in their order."""
    listed = ' '.join(
        f'{letter}. {text}' for letter, text in zip(LETTERS, options, strict=False))
    return f'{question} {listed} Answer with the letter and the option.'
