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
Whether simulated time runs, by steady time.

Nothing in the node waits for simulated time: frames are sampled by their own stamps, and all
watchdogs use steady time. But a paused bag is a reason why no frames come, and without a clock
there is no latency, so both are reported. Times that ROS cannot hold are passed over where they
enter: rclpy would raise in the callback of ``/clock``.
"""

import time
from typing import Any

from rclpy.clock import Clock
from rclpy.clock import ROSClock
from rclpy.node import Node

from streamo_ros.nodes.rate_limiter import RateLimiter

STANDS_S = 2.0
"""Simulated time that has not advanced for so long stands still; less may be a slow clock."""


def check_clock(node: Node) -> None:
    """Have a node pass over the times on ``/clock`` that are none."""
    source: Any = node._time_source  # rclpy has no other way to its subscription
    take, aloud = source.clock_callback, RateLimiter(1, 0.1)

    def take_checked(message: Any) -> None:
        sec, nanosec = message.clock.sec, message.clock.nanosec
        if sec >= 0 and nanosec < 1_000_000_000:
            take(message)
        elif aloud.take():
            node.get_logger().warning(
                f'a time on /clock is passed over: {sec} s and {nanosec} ns is none')

    source.clock_callback = take_checked
    if source._clock_sub is not None:
        source._clock_sub.callback = take_checked


class SimTime:
    """
    Watches a node's clock.

    :param clock: simulated where the parameter ``use_sim_time`` is true
    """

    def __init__(self, clock: Clock) -> None:
        assert isinstance(clock, ROSClock)  # a node's own clock always is
        self._clock = clock
        self._now = 0
        self._since = time.monotonic()

    @property
    def trouble(self) -> str:
        """Return in a sentence why simulated time does not run; call it about once a second."""
        now = self._clock.now().nanoseconds if self._clock.ros_time_is_active else 0
        if now != self._now or not self._clock.ros_time_is_active:
            self._now, self._since = now, time.monotonic()
        if time.monotonic() - self._since < STANDS_S:
            return ''
        if not now:
            return ('simulated time has not begun: nobody publishes /clock; play the bag with '
                    '--clock, or set use_sim_time to false')
        return f'simulated time stands still at {now / 1e9:.3f} s: is the bag paused, or over?'
