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
Data of answers: which tokens may come next, so that what comes out is JSON of a schema.

The grammar is llguidance's, over the checkpoint's own tokenizer. What is decoded is greedy: the
likeliest of the tokens that the grammar allows.
"""

from functools import lru_cache
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import InstructionError
from streamo_ros.engine.backends.base import Floats
from streamo_ros.models.tokenizer import StreamTokenizer

_LAYOUT = {'whitespace_flexible': False, 'item_separator': ', ', 'key_separator': ': '}
_REASON = 300   # characters of the library's own words


class AnswerGrammar:
    """
    An answer's format over a tokenizer.

    :raises InstructionError: when no answer can be of it, with the reason
    """

    def __init__(self, answer: AnswerFormat, tokenizer: StreamTokenizer) -> None:
        try:
            import llguidance
        except ImportError as error:
            raise InstructionError(
                'choices and JSON schemas need the Python package llguidance, which is not '
                'installed: pip install llguidance') from error
        self._library: Any = llguidance
        self._tokenizer = _library_tokenizer(tokenizer)
        # Of the added tokens, only the one that ends a turn: no other is text.
        self._barred = np.asarray(sorted(tokenizer.control_ids - {tokenizer.end_id}), np.int64)
        self._end = tokenizer.end_id
        try:
            self._grammar = self._library.LLMatcher.grammar_from_json_schema(
                json.dumps(answer.bounded()), overrides=_LAYOUT)
        except ValueError as error:
            raise _refusal(str(error)) from error
        if trouble := llguidance.LLMatcher.validate_grammar(self._grammar, self._tokenizer):
            raise _refusal(trouble)
        if not self.begin().allowed().any():
            raise _refusal("the checkpoint's tokenizer cannot spell any answer")

    def begin(self) -> 'ConstrainedAnswer':
        """Return an answer that has no token yet."""
        return ConstrainedAnswer(
            self._library.LLMatcher(self._tokenizer, self._grammar, log_level=0),
            self._tokenizer, self._barred, self._end)


class ConstrainedAnswer:
    """One answer, token by token."""

    def __init__(
        self, matcher: Any, tokenizer: Any, barred: NDArray[np.int64], end: int,
    ) -> None:
        self._matcher = matcher
        self._tokenizer = tokenizer
        self._barred = barred
        self._end = end
        self._ids: list[int] = []
        self._ended = False

    @property
    def complete(self) -> bool:
        """Return whether nothing can follow."""
        return self._ended or bool(self._matcher.is_stopped() and not self._matcher.is_error())

    def allowed(self) -> NDArray[np.bool_]:
        """Return (tokens,) whether each may come next; none where the grammar gives up."""
        count = self._tokenizer.vocab_size
        if self._matcher.is_error():
            return np.zeros(count, np.bool_)
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        allowed = np.unpackbits(bits, count=count, bitorder='little').astype(np.bool_)
        allowed[self._barred] = False
        return allowed

    def choose(self, logits: Floats) -> int | None:
        """
        Take the likeliest token that may come next; return it, or None where none may.

        :param logits: (rows of the embedding table,)
        """
        allowed = self.allowed()
        known = logits[:len(allowed)]
        if not allowed[:len(known)].any():
            return None
        token = int(np.where(allowed[:len(known)], known, -np.inf).argmax())
        if token == self._end:
            self._ended = True
        elif self._matcher.consume_token(token):
            self._ids.append(token)
        else:
            return None
        return token

    @property
    def text(self) -> str:
        """
        Return what was decided so far.

        :raises ValueError: when it is no JSON, as before it is complete
        """
        text = str(self._tokenizer.decode_bytes(self._ids).decode('utf-8').strip())
        json.loads(text)
        return text


@lru_cache(maxsize=2)
def _library_tokenizer(tokenizer: StreamTokenizer) -> Any:
    """Return llguidance's view of a tokenizer, which takes a moment: once for all streams."""
    import llguidance
    try:
        return llguidance.LLTokenizer(
            tokenizer.definition, n_vocab=tokenizer.vocab_size, eos_token=tokenizer.end_id)
    except ValueError as error:
        raise _refusal(f"the checkpoint's tokenizer cannot be used for it: {error}") from error


def _refusal(reason: str) -> InstructionError:
    words = ' '.join(reason.split())[:_REASON]
    return InstructionError(f'no answer can be of this format ({words}): change the schema')
