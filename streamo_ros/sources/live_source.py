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
A live stream, read in a thread of its own: the newest picture is what there is.

Whoever takes pictures never waits for a network, and a network that brings more than is taken
fills no memory: one decoded picture is kept, in place of the one before. A stream that breaks off,
or brings nothing, is connected to again, at first soon and then less and less often. A film of
known length that is fetched over the network ends with its last picture.
"""

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
import threading
import time
from typing import TYPE_CHECKING

from streamo_ros.sources.decode import LIMITS
from streamo_ros.sources.film import moving_stream
from streamo_ros.sources.film import to_pixels
from streamo_ros.sources.frame import Frame
from streamo_ros.sources.frame import Recording
from streamo_ros.sources.live_address import LiveAddress
from streamo_ros.sources.live_address import SOCKET_S
from streamo_ros.sources.source_error import SourceError
from streamo_ros.sources.stream_clock import StreamClock

if TYPE_CHECKING:
    import av

SHORTEST_S, LONGEST_S = 0.5, 30.0
"""What is waited before a stream is connected to again; each time twice as long."""

REFUSED_S = 120.0
"""The same where user or password are refused: cameras lock out who tries often."""

BLIND_S = 5.0
"""For so long nothing that arrives could be decoded until that is said."""

ENDED = 'the film has ended'
"""The trouble with a film of known length, or a single picture, that has come to its end."""

_END_S = 0.2    # what the thread gets to end: the library cannot be interrupted from outside
_FETCHED = ('hls', 'dash')
_TIMELESS = ('mpjpeg', 'mjpeg')     # what has no times, and gets invented ones


class _Lost(Exception):
    """
    A connection that cannot be made, or is lost.

    :param final: whether there is nothing to connect to again
    :param refused: whether user or password were not accepted
    """

    def __init__(self, reason: str, final: bool = False, refused: bool = False) -> None:
        super().__init__(reason)
        self.final = final
        self.refused = refused


@dataclass(frozen=True)
class LiveFigures:
    """
    What became of a live stream so far.

    :param connections: that were made
    :param received: pictures that were decoded
    :param damaged: packets and pictures that could not be
    :param passed_over: pictures in whose place a newer one was taken
    :param kind: container and codec; empty before the first connection
    :param size: (width, height) of the pictures; (0, 0) before the first
    """

    connections: int
    received: int
    damaged: int
    passed_over: int
    kind: str
    size: tuple[int, int]


class LiveSource:
    """
    A live stream.

    :param report: is told in a sentence what goes wrong and when that is over; in the thread
    :param now: the clock that pictures are stamped by, in nanoseconds
    :param patient: whether the first connection is tried again, too
    """

    def __init__(
        self, address: LiveAddress, report: Callable[[str], None],
        now: Callable[[], int] = time.time_ns, patient: bool = False,
    ) -> None:
        self.trouble = 'no connection yet'
        """In a sentence why no pictures come; empty while they do."""
        self._address = address
        self._report = report
        self._now = now
        self._patient = patient
        self._clock = StreamClock()
        self._closed = threading.Event()
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._over = False          # nothing comes any more
        self._failed = False        # and that is no good end
        self._connections = self._received = self._damaged = self._passed_over = 0
        self._kind = ''
        self._size = 0, 0
        self._said = ''             # the trouble that was told
        self._seen_at = 0.0         # steady time of the latest picture, or of the connection
        self._wait_s = SHORTEST_S
        self._thread = threading.Thread(target=self._run, name='live source', daemon=True)

    @property
    def figures(self) -> LiveFigures:
        """Return what became of it so far."""
        return LiveFigures(
            self._connections, self._received, self._damaged, self._passed_over, self._kind,
            self._size)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self) -> None:
        """Take no more pictures, and wait for nothing."""
        self._closed.set()
        with self._changed:
            self._over = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(_END_S)

    def frames(self) -> Iterator[Frame]:
        """
        Yield the newest picture, again and again; each at most once.

        :raises SourceError: when no more will come, and the stream has not come to a good end
        """
        while (frame := self._next()) is not None:
            yield frame
        if self._failed and not self._closed.is_set():
            raise SourceError(f'{self._address.shown}: {self.trouble}')

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._over)
            frame, self._newest = self._newest, None
            return None if self._closed.is_set() else frame

    def _run(self) -> None:
        try:
            while not self._closed.is_set():
                try:
                    self._read()
                    self.trouble = ENDED
                    return
                except _Lost as loss:
                    if loss.final or not (self._connections or self._patient):
                        self.trouble = str(loss)
                        self._failed = True
                        return
                    self._say(str(loss), 'connecting again')
                    wait_s = REFUSED_S if loss.refused else self._wait_s
                self._wait_s = min(2 * self._wait_s, LONGEST_S)
                self._closed.wait(wait_s)
        except BaseException as error:  # a defect: whoever takes pictures must not wait for ever
            self.trouble = type(error).__name__
            self._failed = True
            raise
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()

    def _read(self) -> None:
        """
        Connect, and read until the end.

        :raises _Lost: when that is no good end
        """
        import av
        film = False
        last = 0.0
        try:
            with av.open(
                    self._address.url, format=self._address.format,
                    options=self._address.options, timeout=(SOCKET_S, SOCKET_S),
                    metadata_errors='replace') as container:
                video = moving_stream(self._address.shown, container)
                name = container.format.name
                film = self._address.url.startswith('http') and container.duration is not None
                self._clock.reconnect(film or name in _FETCHED)
                self._connections += 1
                self._kind = f'{name} {video.codec_context.name}'
                self._seen_at = time.monotonic()
                for packet in container.demux(video):
                    for picture in self._decode(packet):
                        last = picture.time or last
                        self._take(picture, name not in _TIMELESS)
                    if self._closed.is_set():
                        return
        except SourceError as error:
            raise _Lost(str(error).removeprefix(f'{self._address.shown} ')) from error
        except (av.FFmpegError, OSError, ValueError) as error:
            reason = _reason(error)
            if film:
                reason = f'it breaks off after {last:.3f} s: {reason}'
            raise _Lost(reason, film, isinstance(error, (
                av.HTTPUnauthorizedError, av.HTTPForbiddenError))) from error
        if not film:
            raise _Lost('the stream has ended')

    def _decode(self, packet: 'av.Packet[av.VideoStream]') -> 'list[av.VideoFrame]':
        """Return the pictures of a packet that can be used; the others are counted."""
        import av
        if packet.size > LIMITS.encoded:
            self._miss(f'{packet.size} bytes are more than {LIMITS.encoded}')
            return []
        try:
            pictures = packet.decode()
        except (av.FFmpegError, ValueError) as error:
            self._miss(_reason(error))
            return []
        whole = [picture for picture in pictures if not picture.is_corrupt]
        for _ in range(len(pictures) - len(whole)):
            self._miss('they are damaged')
        return whole

    def _miss(self, reason: str) -> None:
        self._damaged += 1
        if time.monotonic() - self._seen_at > BLIND_S:
            self._say(f'no picture can be decoded ({reason})', 'waiting for one that can')

    def _take(self, picture: 'av.VideoFrame', timed: bool) -> None:
        """Put a picture in the place of the one before; of what is fetched, when it is due."""
        timed = timed and picture.time is not None
        now = self._now()
        stamp = self._clock.stamp(round(picture.time * 1e9) if timed else None, now)
        if self._clock.fetched:
            self._closed.wait(max(0.0, (stamp - now) * 1e-9))
        self._received += 1
        self._size = picture.width, picture.height
        self._seen_at = time.monotonic()
        self._wait_s = SHORTEST_S
        if not self._clock.settled:
            self._passed_over += 1
            return
        with self._changed:
            self._passed_over += self._newest is not None
            self._newest = Frame(stamp, '', partial(to_pixels, picture))
            self._changed.notify_all()
        if self.trouble:
            self.trouble = ''
            if self._said:
                self._said = ''
                self._report(f'{self._address.shown}: pictures come again')

    def _say(self, trouble: str, remedy: str) -> None:
        self.trouble = trouble
        if trouble != self._said:
            self._said = trouble
            self._report(f'{self._address.shown}: {trouble}: {remedy}')


def open_live(address: LiveAddress, report: Callable[[str], None]) -> Recording:
    """
    Return a live stream as what is gone through frame by frame; it is connected to with the first.

    :param report: is told in a sentence when it is lost, and when it is back
    """
    source = LiveSource(address, report)

    def frames() -> Iterator[Frame]:
        source.start()
        try:
            yield from source.frames()
        finally:
            source.close()
    return Recording(None, frames(), None, [])


def _reason(error: Exception) -> str:
    """Return what an error of the library says, but for the address: that may hold a password."""
    import av
    if isinstance(error, av.ExitError):
        return f'nothing came for {SOCKET_S:g} s'
    return str(getattr(error, 'strerror', None) or type(error).__name__)
