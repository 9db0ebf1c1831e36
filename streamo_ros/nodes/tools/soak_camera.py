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


"""The camera of a soak: a rendered room in a loop, in time, but while it drops out."""

from collections.abc import Iterator
from contextlib import contextmanager
import threading
import time

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node

from streamo_ros.nodes.tools.picture_publisher import PicturePublisher
from streamo_ros.worlds import SentryWorld

RATE = 15
SIZE = (240, 320)
FILM_S = 20
SPEED = 5.0
"""Seconds of the rendered room in a second: nano was made for two pictures of one a second."""

SKILLS = ('light_off', 'light_on', 'start', 'stop')


class SoakFilm:
    """A rendered room, played round and round: a picture for every stamp."""

    def __init__(self, seed: int) -> None:
        world = SentryWorld(seed, FILM_S * SPEED, 'test', SIZE, SKILLS)
        self._pictures = [
            world.render(number * SPEED / RATE) for number in range(FILM_S * RATE)]
        self.start = time.time_ns()

    def stamp(self, number: int) -> int:
        """Return the stamp of the picture of that number, in nanoseconds."""
        return self.start + number * 10**9 // RATE

    def picture(self, stamp: int) -> NDArray[np.uint8]:
        """Return the picture, (height, width, 3), of a stamp."""
        number = round((stamp - self.start) * RATE / 1e9)
        return self._pictures[number % len(self._pictures)]


class SoakCamera:
    """
    A thread that publishes the film, reliable, in time, but while it is out.

    :param node: carries the publisher
    """

    def __init__(self, node: Node, film: SoakFilm) -> None:
        self._publisher = PicturePublisher(node, 'image', depth=RATE)
        self._film = film
        self._ended = threading.Event()
        self._silent_until = 0.0
        self._publishing = threading.Lock()
        self._thread = threading.Thread(target=self._play, name='camera', daemon=True)
        self.sent = 0

    @property
    def readers(self) -> int:
        """Return how many listen."""
        return self._publisher.readers

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def drop_out(self, seconds: float) -> None:
        """Publish nothing for a while; the film goes on."""
        self._silent_until = time.monotonic() + seconds

    @property
    def silent(self) -> bool:
        """Return whether it is out, or has been a moment ago."""
        return time.monotonic() < self._silent_until + 1.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Publish nothing for as long as the context lasts."""
        self._silent_until = float('inf')
        with self._publishing:
            pass  # what was being published is out
        try:
            yield
        finally:
            self._silent_until = 0.0

    def end(self) -> None:
        """Stop."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _play(self) -> None:
        self._film.start = time.time_ns()
        begin, number = time.monotonic(), 0
        while not self._ended.wait(max(0.0, begin + number / RATE - time.monotonic())):
            with self._publishing:
                if time.monotonic() >= self._silent_until:
                    stamp = self._film.stamp(number)
                    self._publisher.publish(self._film.picture(stamp), stamp)
                    self.sent += 1
            number += 1
