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

"""A frame of a recording, and a recording of frames: what films, folders and bags give alike."""

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """
    One frame of a recording.

    :param stamp: nanoseconds; of a video or folder from 0, of a bag as in the message's header
    :param camera: the bag's topic; empty for other sources
    :param picture: makes the (H, W, 3) RGB picture, the right way up; raises ImageError for a bad
        frame
    :param check: raises ImageError for a frame that is seen to be bad without decoding it; its
        stamp means nothing then
    :param recorded: of a bag, when the message was, nanoseconds
    """

    stamp: int
    camera: str
    picture: Callable[[], NDArray[np.uint8]]
    check: Callable[[], None] = lambda: None
    recorded: int | None = None


@dataclass(frozen=True)
class Recording:
    """
    A source opened for reading.

    :param seconds: its length, None when only reading it through would tell
    :param frames: all frames in the order recorded; can be gone through once
    :param size: (height, width) of a video's pictures, the right way up; None for other sources
    :param notices: what is not as it should be and was passed over, a sentence each; more may
        come while the frames are gone through
    """

    seconds: float | None
    frames: Iterator[Frame]
    size: tuple[int, int] | None
    notices: list[str]
