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

"""Calls of services that wait for nothing: what comes of each is given to a callback."""

from collections.abc import Callable
import time
from typing import Any

from rclpy.client import Client

ANSWER_S = 8.0
"""After which a service is taken not to answer."""

Done = Callable[[Any, str], None]
"""Takes what a call came to, or in a sentence why to nothing."""


class Calls:
    """The calls of one node's services that are under way; all in one callback group."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, Client, Any]] = []

    def call(self, client: Client, request: Any, done: Done) -> None:
        """Call a service; ``done`` gets its response."""
        service = client.srv_name
        if not client.service_is_ready():
            done(None, f'{service} is not there: does the node run?')
            return

        def take(future: Any) -> None:
            if future.cancelled():
                done(None, f'{service} did not answer within {ANSWER_S:g} s')
            elif future.exception() is not None:
                done(None, f'{service} failed: {future.exception()}')
            else:
                done(future.result(), '')

        future = client.call_async(request)
        self._waiting.append((time.monotonic() + ANSWER_S, client, future))
        future.add_done_callback(take)

    def look_after(self) -> None:
        """Give up, once a second, on those that are not answered."""
        now = time.monotonic()
        for due, client, future in list(self._waiting):
            if now > due and not future.done():
                client.remove_pending_request(future)
                future.cancel()
        self._waiting = [one for one in self._waiting if not one[2].done()]
