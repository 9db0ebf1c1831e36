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
The frames of a bag's cameras, each looked up when it is asked for.

Nothing is indexed and little is kept, so that a bag of hours opens at once and takes no more
memory than one of seconds: the storage seeks to where a frame should lie, and the frames from
there on are read until it comes.
"""

from collections.abc import Collection
from collections.abc import Generator
from dataclasses import dataclass
import itertools
from pathlib import Path
from statistics import median

import cv2

from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import BagMessage
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.bag_cameras import bag_cameras
from streamo_ros.sources.camera_stream import CameraStream
from streamo_ros.sources.camera_stream import Outcome
from streamo_ros.sources.image import to_rgb
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.source_error import SourceError

WIDTH = 1280        # pixels at most
QUALITY = 85        # of the JPEG, of 100
_BEGINNING = 8      # messages that a camera's period is taken from
_PERIOD_NS = 100_000_000
_AHEAD_NS = 5_000_000_000
"""Up to so much later a frame is read up to; beyond, it is looked for anew."""
_LATE_NS = 10_000_000_000
"""By how much the delay between stamp and recording may change within a bag."""


@dataclass(frozen=True)
class ShownFrame:
    """
    A frame as a page shows it.

    :param stamp: nanoseconds
    :param jpeg: empty where it cannot be shown
    :param trouble: why not, in a sentence
    """

    stamp: int
    jpeg: bytes
    trouble: str = ''


@dataclass(frozen=True)
class Shot:
    """
    What a camera has in a bag.

    :param first: stamp of its first frame that can be used, nanoseconds
    :param last: of its last one
    :param logged: when the first was recorded
    :param period: nanoseconds between frames, about
    """

    topic: str
    type: str
    first: int
    last: int
    logged: int
    period: int


class BagFilm:
    """
    A bag opened to be looked at, by one thread; to be closed.

    :param named: cameras that are meant beside those that are watched by themselves
    :raises SourceError: when it has no camera with a frame
    """

    def __init__(self, path: Path, named: Collection[str] = ()) -> None:
        self.path = path
        self._bag = Bag(path)
        self._cursors: dict[str, _Cursor] = {}
        self.shots: dict[str, Shot] = {}
        try:
            cameras = dict(bag_cameras(self._bag)[0])
            types = self._bag.topics
            cameras.update({
                topic: bag_cameras(self._bag, (topic,))[0][topic]
                for topic in named if topic in types and topic not in cameras})
            for topic, type in cameras.items():
                if (shot := self._shot(topic, type)) is not None:
                    self.shots[topic] = shot
            if not self.shots:
                raise SourceError(f'{path} holds no frame that can be used')
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the bag."""
        self._bag.__exit__(None, None, None)

    @property
    def zero(self) -> int:
        """Return the earliest stamp of all cameras, nanoseconds."""
        return min(shot.first for shot in self.shots.values())

    def first_stamp(self, named: Collection[str]) -> int:
        """
        Return what relative stamps are counted from when these cameras are watched, nanoseconds.

        :param named: topics; '' among them, or none at all: every camera
        """
        try:
            cameras, _ = bag_cameras(self._bag, named or ('',))
        except SourceError:  # none of them is there
            cameras = {}
        watched = [shot for topic, shot in self.shots.items() if topic in cameras]
        return min(watched or self.shots.values(), key=lambda shot: shot.logged).first

    def frame(self, camera: str, stamp: int, step: int) -> ShownFrame | None:
        """
        Return the frame that is to be seen at a stamp, or its neighbour; None beyond the ends.

        :param step: 0: the last one up to the stamp, 1: the first one after it, -1: the last one
            before it
        :raises SourceError: when there is no such camera
        """
        if camera not in self.shots:
            raise SourceError(f'there is no camera {camera!r:.80} in the bag')
        shot = self.shots[camera]
        cursor = self._cursor(shot, stamp if step >= 0 else stamp - 1)
        found = cursor.after if step == 1 else cursor.now
        if found is None and step == 0:
            found = cursor.after
        if found is None:
            return None
        try:
            pixels = to_rgb(found.deserialize())
        except (ImageError, MessageError) as error:
            return ShownFrame(found.stamp, b'', f'this frame cannot be shown: {error}')
        height, width = pixels.shape[:2]
        if width > WIDTH:
            pixels = cv2.resize(
                pixels, (WIDTH, max(1, round(height * WIDTH / width))),
                interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(
            '.jpg', cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        return ShownFrame(found.stamp, data.tobytes())

    def _cursor(self, shot: Shot, stamp: int) -> '_Cursor':
        """Return a cursor at the last frame up to a stamp."""
        cursor = self._cursors.pop(shot.topic, None)
        if cursor is not None:
            if cursor.now is not None and 0 <= stamp - cursor.now.stamp <= _AHEAD_NS:
                cursor.go_to(stamp)
                self._cursors[shot.topic] = cursor
                return cursor
            cursor.messages.close()
        delay = shot.logged - shot.first
        back = 3 * shot.period
        while True:
            start = stamp + delay - back
            cursor = _Cursor(
                self._bag.messages([(shot.topic, shot.type)], max(start, self._bag.start)), delay)
            cursor.go_to(stamp)
            if cursor.now is not None or start <= self._bag.start:
                self._cursors[shot.topic] = cursor
                return cursor
            cursor.messages.close()
            back *= 4

    def _shot(self, topic: str, type: str) -> Shot | None:
        stream = CameraStream(topic, 1.0)
        messages = self._bag.messages([(topic, type)])
        for message in messages:
            try:
                admission = stream.admit_message(
                    message.deserialize(), message.stamp, message.logged)
            except MessageError:
                continue
            if admission.outcome is Outcome.SAMPLED:
                break
        else:
            return None
        following = [message.logged for message in itertools.islice(messages, _BEGINNING)]
        messages.close()
        periods = [after - before for before, after in itertools.pairwise(
            [message.logged, *following])]
        period = int(median(periods)) if periods else _PERIOD_NS
        return Shot(
            topic, type, message.stamp, self._last(topic, type, message.stamp), message.logged,
            max(period, 1_000_000))

    def _last(self, topic: str, type: str, first: int) -> int:
        """Return the latest stamp of a camera."""
        end = self._bag.start + self._bag.duration
        back = 1_000_000_000
        while True:
            stamps = [first]
            for message in self._bag.messages([(topic, type)], max(end - back, self._bag.start)):
                try:
                    stamps.append(message.stamp)
                except MessageError:
                    continue
            if len(stamps) > 1 or end - back <= self._bag.start:
                return max(stamps)
            back *= 4


class _Cursor:
    """
    Where a camera is looked at.

    :param delay: nanoseconds from a stamp to its recording
    """

    def __init__(
        self, messages: Generator[BagMessage, None, None], delay: int,
    ) -> None:
        self.messages = messages
        self._delay = delay
        self.now: BagMessage | None = None
        self.after = self._read()

    def go_to(self, stamp: int) -> None:
        """Go on to the last message up to a stamp."""
        while (self.after is not None and self.after.stamp <= stamp
               and self.after.logged - self._delay <= stamp + _LATE_NS):
            self.now, self.after = self.after, self._read()

    def _read(self) -> BagMessage | None:
        """Return the next message whose stamp is later than the newest; None at the end."""
        for message in self.messages:
            try:
                if self.now is None or message.stamp > self.now.stamp:
                    return message
            except MessageError:
                continue
        return None
