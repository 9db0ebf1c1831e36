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
there is no latency, so both are reported.
"""

import time

from rclpy.clock import Clock
from rclpy.clock import ROSClock

STANDS_S = 2.0
"""Simulated time that has not advanced for so long stands still; less may be a slow clock."""


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
