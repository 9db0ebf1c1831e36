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
Prompt segments to token ids and back.

The rule held here: only a ``Control``, or the checkpoint's own prompt, becomes a control token.
Text from outside that spells one (``</Response>``, ``<|im_end|>``) stays text.
"""

from collections.abc import Iterable
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
import re

from tokenizers import Tokenizer

from streamo_ros.dialogue import Chat
from streamo_ros.dialogue import Control
from streamo_ros.dialogue import Image
from streamo_ros.dialogue import PromptSegment
from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.dialogue import Text
from streamo_ros.models.errors import CheckpointError
from streamo_ros.models.json_file import is_there
from streamo_ros.models.json_file import read_bytes
from streamo_ros.models.json_file import shown


def open_tokenizer(file: Path) -> Tokenizer:
    """
    Return a file's tokenizer.

    :raises CheckpointError: when it is missing, or nothing that the library can read
    """
    if not is_there(file):
        raise CheckpointError(f'{file} is missing: a checkpoint needs its tokenizer.json')
    content = read_bytes(file)
    try:
        return Tokenizer.from_buffer(content)
    except BaseException as error:  # the library's panics are no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise CheckpointError(
            f'{file} cannot be read ({shown(str(error))}): it is cut short, or of a newer format '
            f'than tokenizers {version("tokenizers")} reads; copy it again, or update the package'
        ) from error


class StreamTokenizer:
    """
    A checkpoint's ``tokenizer.json``, used for the stream's protocol.

    :param chat: of the checkpoint's family
    :raises CheckpointError: when the file is missing, a control token is not registered, or two
        states begin with the same token
    """

    def __init__(self, file: Path, chat: Chat) -> None:
        self.chat = chat
        self._file = file
        self._tokenizer = open_tokenizer(file)
        ids = {token: self._tokenizer.token_to_id(token) for token in chat.control_tokens}
        missing = [token for token, index in ids.items() if index is None]
        if missing and set(missing) <= set(STATE_TOKENS):
            raise CheckpointError(
                f'{file} does not know {", ".join(missing)}: this checkpoint was not trained for '
                "Streamo's protocol; add the tokens and train it (`streamo train`), or watch "
                'with it as it is (`--zero-shot`, `zero_shot`)')
        if missing:
            raise CheckpointError(
                f'{file} does not know {", ".join(missing)}, which its family puts around '
                'messages and frames: copy the tokenizer.json that belongs to config.json')
        self._ids = {token: index for token, index in ids.items() if index is not None}
        for token, index in self._ids.items():
            # One in the vocabulary alone would be spelled out wherever the prompt has it.
            if list(self._encode_plain(token)) != [index]:
                raise CheckpointError(
                    f'{file} has {token}, but not among its added_tokens: copy the '
                    'tokenizer.json that belongs to config.json')
        self.image_id = self._ids[chat.image_pad]
        self.end_id = self._ids[chat.end]
        # The library would take any added token in running text for that token, not only ours.
        self._added = {
            token.content: index
            for index, token in self._tokenizer.get_added_tokens_decoder().items()}
        literals = sorted(self._added, key=len, reverse=True)
        self._literal = re.compile('|'.join(re.escape(token) for token in literals))
        # A cache, because most of a turn's text is the same at every tick
        self._plain = lru_cache(maxsize=256)(self._encode_plain)
        # A state is recognised by the first token of how it is written.
        self.state_ids: tuple[int, ...] = tuple(
            self.encode([state])[0] for state in chat.states)
        if len(set(self.state_ids)) < len(self.state_ids):
            words = ', '.join(
                segment.text.strip() for segment in chat.states if isinstance(segment, Text))
            raise CheckpointError(
                f'{file} begins two of the words {words} with the same token, so they cannot '
                'stand for states: this checkpoint has to be trained (`streamo train`)')

    @property
    def knows_states(self) -> bool:
        """Return whether Streamo's state tokens are registered, however states are written."""
        return all(token in self._added for token in STATE_TOKENS)

    @property
    def vocab_size(self) -> int:
        """Return the number of tokens, added ones included."""
        return int(self._tokenizer.get_vocab_size())

    @property
    def definition(self) -> str:
        """Return the tokenizer as the library writes it, for those that read it themselves."""
        return str(self._tokenizer.to_str())

    def check_table(self, rows: int) -> None:
        """
        Refuse a tokenizer whose tokens the embedding table does not have.

        :param rows: of the embedding table
        :raises CheckpointError: naming a token
        """
        token, last = max(
            self._tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda item: item[1])
        if last >= rows:
            raise CheckpointError(
                f'{self._file} numbers the token {shown(token)} {last}, and the embedding table '
                f'has {rows} rows: copy the tokenizer.json that belongs to the weights, or '
                'resize the table and train')

    @property
    def control_ids(self) -> frozenset[int]:
        """Return the ids of all added tokens: an answer ends where one of them would follow."""
        return frozenset(self._added.values())

    def encode(self, segments: Iterable[PromptSegment], image_tokens: int = 0) -> list[int]:
        """
        Return the token ids of prompt segments.

        :param image_tokens: how many tokens stand for one ``Image``
        """
        ids: list[int] = []
        for segment in segments:
            match segment:
                case Control(token):
                    ids.append(self._ids[token])
                case Image():
                    ids += [self.image_id] * image_tokens
                case Text(text, trusted=True):
                    ids += self._plain(text)
                case Text(text):
                    ids += self._data(text)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return an answer's text, without control tokens and the space after a state."""
        return str(self._tokenizer.decode(
            list(ids), skip_special_tokens=True)).strip() if len(ids) else ''

    def _encode_plain(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _data(self, text: str) -> list[int]:
        ids: list[int] = []
        start = 0
        for literal in self._literal.finditer(text):
            # Cut after the first character, so that neither part spells the token.
            ids += self._plain(text[start:literal.start() + 1])
            start = literal.start() + 1
        return [*ids, *self._plain(text[start:])]
