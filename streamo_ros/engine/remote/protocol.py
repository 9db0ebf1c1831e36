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
What a robot and a server say to each other over a stream's WebSocket.

Both send JSON as text. The robot begins with ``open``; then it makes calls, one at a time, each of
which is answered, and sends control messages, which are not answered and may be sent during a
call. They are heeded in their order. A frame is a call too, and the only binary message:
``FRAME_HEAD``, then a JPEG. A stream that the server will never have is answered by ``refused``
with the reason; the server says ``end`` with a reason before it closes.
"""

from dataclasses import asdict
from dataclasses import dataclass
import math
import struct
from typing import Any

from PIL import Image

from streamo_ros.engine.decision import MAX_ANSWER_TOKENS
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.models.frame import FrameSpec

PROTOCOL = 1
"""Its number; both ends must speak the same one."""

MESSAGE_BYTES = 2**18
PICTURE_BYTES = 2**23
"""Most that a message of text, and a frame, may have."""

OPEN_S = 10.0
"""Seconds that may pass until a stream is opened, or until its first frame's model is found."""

FRAME_HEAD = struct.Struct('<dHH')
"""Stamp in seconds; height and width at which the model is shown the picture."""

MOST_SIDE = 4096
"""Pixels of the longer side at which the model may be shown a picture."""

MOST_FPS = 30.0
MOST_TURNS = 10_000
MOST_TOKENS = 4096


class ProtocolError(ValueError):
    """A message that makes no sense; the text says why."""


@dataclass(frozen=True)
class StreamOptions:
    """
    How a stream is to be watched; the fields are those of ``StreamEngine``.

    :raises ProtocolError: for values that make no sense
    """

    fps: float = 1.0
    window_turns: int | None = None
    max_answer_tokens: int = MAX_ANSWER_TOKENS
    memory_tokens: int | None = None
    still_scene: bool = False
    response_threshold: float = 0.0
    release_threshold: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no engine could be asked for."""
        check_fps(self.fps)
        _check(self.window_turns is None or _is_int(self.window_turns, 1, MOST_TURNS),
               'window_turns', self.window_turns)
        _check(_is_int(self.max_answer_tokens, 1, MOST_TOKENS), 'max_answer_tokens',
               self.max_answer_tokens)
        _check(self.memory_tokens is None or _is_int(self.memory_tokens, 0, MOST_TOKENS),
               'memory_tokens', self.memory_tokens)
        _check(isinstance(self.still_scene, bool), 'still_scene', self.still_scene)
        _ = self.thresholds

    @property
    def thresholds(self) -> Thresholds:
        """Return the engine's thresholds."""
        return read_thresholds([self.response_threshold, self.release_threshold])

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Any) -> 'StreamOptions':
        """
        Return what ``to_json`` wrote.

        :raises ProtocolError: when it is none
        """
        if not isinstance(fields, dict):
            raise ProtocolError(f'{fields!r} are no options of a stream')
        try:
            return cls(**fields)
        except TypeError as error:
            raise ProtocolError(f'options of a stream: {error}') from error


@dataclass(frozen=True)
class Served:
    """
    What a server answers to ``open``.

    :param checkpoint: what it serves
    :param description: of the checkpoint, in a line
    :param cell: pixels of a side of a visual token
    :param size: (height, width) of every frame; None: by the budget of pixels
    :param resample: the filter that scales frames, by its number in Pillow
    :param window_turns: most turns that a stream may keep in view
    :param memory_tokens: most that it may have for what is remembered of answers
    """

    checkpoint: str
    description: str
    cell: int
    size: tuple[int, int] | None
    min_pixels: int
    max_pixels: int
    resample: int
    window_turns: int
    memory_tokens: int

    @property
    def frame(self) -> FrameSpec:
        """Return how frames are scaled."""
        return FrameSpec(
            self.size, self.min_pixels, self.max_pixels, (), (),
            Image.Resampling(self.resample), pair=False)

    def refusal(self, options: StreamOptions) -> str:
        """Return why no stream is watched like that, whatever room there is; empty if it is."""
        for name, asked, most in (
                ('window_turns', options.window_turns, self.window_turns),
                ('memory_tokens', options.memory_tokens, self.memory_tokens)):
            if asked is not None and asked > most:
                return f'{name} is {asked}, and the server gives {most} at most: lower it'
        return ''

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Any) -> 'Served':
        """
        Return what ``to_json`` wrote.

        :raises ProtocolError: when it is none
        """
        try:
            size = fields['size']
            served = cls(
                str(fields['checkpoint']), str(fields['description']), int(fields['cell']),
                None if size is None else (int(size[0]), int(size[1])),
                int(fields['min_pixels']), int(fields['max_pixels']), int(fields['resample']),
                int(fields['window_turns']), int(fields['memory_tokens']))
            _ = served.frame
        except (LookupError, TypeError, ValueError) as error:
            raise ProtocolError(f'the server describes no model: {error!r}') from error
        _check(served.cell > 0 and served.max_pixels > 0 and (
            served.size is None or all(0 < side <= MOST_SIDE for side in served.size)),
            'size', served.size)
        return served


def check_fps(fps: Any) -> float:
    """
    Return ticks per second.

    :raises ProtocolError: when they make no sense
    """
    _check(_is_number(fps) and 0 < fps <= MOST_FPS, 'fps', fps)
    return float(fps)


def read_thresholds(numbers: Any) -> Thresholds:
    """
    Return an engine's thresholds.

    :raises ProtocolError: when they are none
    """
    if not isinstance(numbers, list) or len(numbers) != 2 or not all(map(_is_number, numbers)):
        raise ProtocolError(f'thresholds are {numbers!r}: give two numbers')
    try:
        return Thresholds(*numbers)
    except ValueError as error:
        raise ProtocolError(str(error)) from error


def _is_number(value: Any) -> bool:
    return (isinstance(value, int | float) and not isinstance(value, bool)
            and math.isfinite(value))


def _is_int(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _check(holds: bool, name: str, value: Any) -> None:
    if not holds:
        raise ProtocolError(f'{name} is {value!r}, which makes no sense')
