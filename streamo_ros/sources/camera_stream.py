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
Which frames of a camera are watched: one rule for the node, for bags and for ``streamo watch``.

Every frame goes through these steps, in this order:

1. The message is checked without being decoded. A bad one is counted by its cause and nothing in
   it is believed, not even its stamp.
2. Of several clocks on one topic that of one publisher is followed (``one_clock``): the frames
   of any other are bad. The node, which knows the publishers, sees to that in its check.
3. The stamp is judged (``sampler``). A frame whose stamp does not advance is stale and passed
   over. With one whose stamp jumps the stream begins anew: the grid of due times starts at it,
   and a picture of any size may follow. That holds even when the frame cannot be decoded.
4. Only a due frame is decoded. One that cannot be is bad, and the next frame is due in its place.
5. A picture whose aspect differs from the one before begins the stream anew as well; the engine
   scales one that differs in size alone. The size of frames that are not due is not looked at.

A stamp of zero is a stamp like any other: of a driver that never sets it the first frame is used,
and all others are stale. (In a bag, which knows when each was recorded, that takes its place.) A
stamp that no clock of ROS has makes the frame bad. Where the stream begins anew, the caller resets
its engine and begins an epoch before it uses the frame.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from streamo_ros.sources.image import check
from streamo_ros.sources.image import CompressedImage
from streamo_ros.sources.image import RawImage
from streamo_ros.sources.image import to_rgb
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.one_clock import OneClock
from streamo_ros.sources.sampler import Sampler
from streamo_ros.sources.sampler import Verdict

END_OF_TIME_NS = 2**31 * 10**9
"""Seconds are signed numbers of 32 bits in messages: here they end, in 2038."""


class Outcome(Enum):
    """What becomes of a frame."""

    SAMPLED = 'sampled'     # due, and decoded
    SKIPPED = 'skipped'     # usable, but not due
    STALE = 'stale'         # its stamp does not advance
    BAD = 'bad'             # no picture can be had from it


class ChangeKind(Enum):
    """In what a frame breaks with those before it."""

    TIME = 'time'           # its stamp jumps
    ASPECT = 'aspect'       # its picture is of another shape
    SIZE = 'size'           # its picture is of the same shape and another size


@dataclass(frozen=True)
class Change:
    """A break in a camera's stream, and a sentence about it."""

    kind: ChangeKind
    sentence: str

    @property
    def begins_anew(self) -> bool:
        """Say whether the stream begins anew with this frame."""
        return self.kind is not ChangeKind.SIZE


@dataclass(frozen=True)
class Admission:
    """
    The verdict on one frame.

    :param change: in what it breaks with those before it, whatever becomes of it
    :param cause: of a bad frame, what is wrong in a word (``ImageError.cause``)
    :param reason: why it cannot be used, in a sentence; empty if it can
    :param picture: (height, width, 3) RGB of a sampled frame
    """

    outcome: Outcome
    change: Change | None = None
    cause: str = ''
    reason: str = ''
    picture: NDArray[np.uint8] | None = None


class CameraStream:
    """
    Admits the frames of one camera, and counts them.

    :param name: of the camera, for sentences
    :param fps: frames per second to sample
    """

    def __init__(self, name: str, fps: float) -> None:
        self.received = 0
        self.sampled = 0
        self.stale = 0
        self.bad: Counter[str] = Counter()  # by cause
        self._name = name
        self._sampler = Sampler(fps)
        self._recorded = 0
        self._clock = OneClock(None, lambda: self._recorded * 1e-9)
        self.reset()

    def reset(self) -> None:
        """Begin anew: the next frame is due and may be of any size. The counts stay."""
        self._sampler.reset()
        self._newest: int | None = None
        self._size: tuple[int, int] | None = None

    def reconfigure(self, fps: float) -> None:
        """Sample at another rate from the next frame on, without a new beginning."""
        self._sampler.reconfigure(fps)

    def admit_message(
        self, message: RawImage | CompressedImage, stamp: int, recorded: int
    ) -> Admission:
        """Return the verdict on a bag's image message, as of ``admit``."""
        return self.admit(stamp, lambda: check(message), lambda: to_rgb(message), recorded)

    def admit(
        self, stamp: int, check_image: Callable[[], None],
        decode: Callable[[], NDArray[np.uint8]], recorded: int | None = None,
    ) -> Admission:
        """
        Return the verdict on the next frame.

        :param stamp: nanoseconds
        :param check_image: raises ImageError when the frame is seen to be bad without decoding it
        :param decode: returns its picture (height, width, 3; RGB) or raises ImageError; called
            only when the frame is due
        :param recorded: of a bag, when the frame was, nanoseconds
        """
        self.received += 1
        change = picture = None
        try:
            check_image()
            if not 0 <= stamp < END_OF_TIME_NS:
                raise ImageError(
                    'bad stamp', f'the stamp {stamp / 1e9:.3f} s on {self._name} is none that a '
                    'clock of ROS has (0 to 2^31 s): the driver must set header.stamp')
            if recorded is not None:
                self._check_clock(stamp, recorded)
            verdict = self._sampler.judge(stamp)
            if verdict is Verdict.JUMP:
                change = self._jump(stamp)
                verdict = self._sampler.judge(stamp)
            if verdict is Verdict.STALE:
                self.stale += 1
                return Admission(Outcome.STALE, reason=(
                    f'the stamps on {self._name} do not advance (the last is {stamp / 1e9:.3f} '
                    's): the driver must set header.stamp'))
            self._newest = stamp
            if verdict is Verdict.DUE:
                picture = decode()
        except ImageError as error:
            self.bad[error.cause] += 1
            return Admission(Outcome.BAD, change, error.cause, str(error))
        if picture is None:
            return Admission(Outcome.SKIPPED, change)
        change = self._follow_size(picture.shape[0], picture.shape[1], stamp) or change
        self._sampler.take(stamp)
        self.sampled += 1
        return Admission(Outcome.SAMPLED, change, picture=picture)

    def _check_clock(self, stamp: int, recorded: int) -> None:
        self._recorded = recorded
        if not self._clock.admits(stamp):
            raise ImageError(
                'another clock', f'the stamp {stamp / 1e9:.3f} s on {self._name} is not of the '
                'clock that is followed: of several publishers one is watched')

    def _jump(self, stamp: int) -> Change:
        newest = stamp if self._newest is None else self._newest
        self.reset()
        return Change(ChangeKind.TIME, (
            f'the stamps on {self._name} jumped by {(stamp - newest) / 1e9:+.3f} s'))

    def _follow_size(self, height: int, width: int, stamp: int) -> Change | None:
        before, size = self._size or (height, width), (height, width)
        self._size = size
        if size == before:
            return None
        sentence = (f'the pictures on {self._name} are {width}x{height} now, '
                    f'and were {before[1]}x{before[0]}')
        if height * before[1] == width * before[0]:
            return Change(ChangeKind.SIZE, sentence)
        self._sampler.reset()
        self._sampler.judge(stamp)
        return Change(ChangeKind.ASPECT, sentence)
