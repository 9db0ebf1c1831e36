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
When the pictures of a live stream were taken, by the clock of whoever watches.

A stream counts time from a beginning of its own. What is sent as it is taken (``rtsp``, a webcam)
cannot arrive before it was: the arrivals that are earliest, compared with the stream's times, tell
where the two clocks meet, and those that were held up in the network keep their distances. What is
fetched (HLS, a film) arrives as fast as the network is, and is due at its own pace.

Stamps never go back and never lie in the future. Where the stream's times jump, where it has none,
or where they and the arrivals no longer fit together, the moment of arrival takes their place.
"""

JUMP_NS = 10 * 10**9
"""Times of a stream that leap that far have nothing to do with those before."""

DRIFT = 1e-3
"""How fast the clocks may run apart: ten times what quartz does."""


class StreamClock:
    """
    Stamps the pictures of one stream, over all of its connections.

    :ivar fetched: whether pictures arrive as fast as they are asked for, and not as they are taken
    :ivar settled: whether the stamps hold: a connection may begin with pictures that waited for it
    """

    def __init__(self) -> None:
        self.fetched = False
        self.settled = False
        self._offset: int | None = None     # of the clock's time from the stream's
        self._untimed = False               # whether the picture before had no time
        self._time = 0                      # of the stream's latest picture
        self._last: int | None = None       # the latest stamp

    def reconnect(self, fetched: bool) -> None:
        """Begin a connection: the stream's times have nothing to do with those before."""
        self.fetched = self.settled = fetched
        self._offset = None

    def stamp(self, time: int | None, arrived: int) -> int:
        """
        Return the stamp of the next picture.

        Of a stream that is fetched it may lie ahead: the picture is due then.

        :param time: the stream's, in nanoseconds; None: it says none
        :param arrived: the clock's, in nanoseconds
        """
        if time is None:
            self._offset = None
            self.settled, self._untimed = self.settled or self._untimed, True
            return self._advance(arrived, arrived)
        step = time - self._time
        self._time, self._untimed = time, False
        late = 0 if self._offset is None else arrived - (time + self._offset)
        if self._offset is None or not 0 < step <= JUMP_NS or abs(late) > JUMP_NS:
            self._offset = arrived - time
        elif self.fetched:
            if late > 0:    # the network has stalled: all that follows is as late
                self._offset += late
        else:
            self._offset += min(late, round(DRIFT * step))
            self.settled = self.settled or late > -step / 2     # as it is taken, not as it waited
        return self._advance(time + self._offset, arrived)

    def _advance(self, stamp: int, arrived: int) -> int:
        """Return a stamp behind the last one, unless the clock itself was put back."""
        if self._last is not None and stamp <= self._last:
            stamp = self._last + 1 if self._last - arrived < JUMP_NS else arrived
        self._last = stamp
        return stamp
