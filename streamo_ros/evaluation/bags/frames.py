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

"""Pictures of a bag by their stamps, for those who show what was decided about them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import BagMessage
from streamo_ros.sources.bag import COMPRESSED_IMAGE
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.image import to_rgb
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.source_error import SourceError

_SLACK_NS = 10_000_000_000
"""By how much the delay between stamp and recording may change within a bag."""


def frames_at(
    bag: Path, camera: str, stamps: Sequence[int],
) -> list[NDArray[np.uint8] | None]:
    """
    Return the frames of a camera with these stamps; the bag is gone through once.

    :param camera: its topic
    :param stamps: of the headers, nanoseconds: ``start_ns + round(stamp * 1e9)`` of a report
    :returns: (H, W, 3) RGB each; None where there is none, or it cannot be decoded
    :raises SourceError: when the bag cannot be read, or has no such camera
    """
    found: dict[int, NDArray[np.uint8] | None] = {}
    wanted = set(stamps)
    with Bag(bag) as opened:
        topics = [(camera, type) for type in (IMAGE, COMPRESSED_IMAGE)
                  if type in opened.topics.get(camera, ())]
        if not topics:
            raise SourceError(f'{bag} has no camera {camera}')
        first = next(opened.messages(topics), None)
        if first is None or not wanted:
            return [None] * len(stamps)
        delay = first.logged - _stamp(first)
        # Only the part of the bag in which they should lie; all of it where they do not.
        for start, stop in ((min(wanted) + delay - _SLACK_NS, max(wanted) + delay + _SLACK_NS),
                            (None, None)):
            for message in opened.messages(topics, start, stop):
                stamp = _stamp(message)
                if stamp in wanted and stamp not in found:
                    found[stamp] = _picture(message)
                    if len(found) == len(wanted):
                        break
            if len(found) == len(wanted):
                break
    return [found.get(stamp) for stamp in stamps]


def _stamp(message: BagMessage) -> int:
    try:
        return message.stamp
    except MessageError:
        return -1


def _picture(message: BagMessage) -> NDArray[np.uint8] | None:
    try:
        return to_rgb(message.deserialize())
    except (ImageError, MessageError):
        return None
