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
Exceptions that nobody expected, reported without end or flood.

One bad message must not end the node, nor may thirty of them a second fill its log: of each kind,
which is a type of exception and the line that raised it, the 1st, 10th, 100th ... is logged.
"""

from collections import Counter
import threading
import traceback

from rclpy.impl.rcutils_logger import RcutilsLogger

from streamo_ros.nodes.printable import printable

MAX_TRACE = 8000
"""Characters of a traceback that are logged: its end, which names the exception."""


class Failures:
    """Counts failures by kind and logs them; safe to use from any thread."""

    def __init__(self, logger: RcutilsLogger) -> None:
        self.count = 0
        self._logger = logger
        self._lock = threading.Lock()
        self._kinds: Counter[tuple[str, str, int]] = Counter()

    def report(self, error: BaseException, what: str) -> None:
        """
        Count a failure, and log it if it is one of the first of its kind.

        :param what: has failed, in words
        """
        trace = traceback.extract_tb(error.__traceback__)
        place = (trace[-1].filename, trace[-1].lineno or 0) if trace else ('', 0)
        with self._lock:
            self.count += 1
            kind = type(error).__name__, *place
            self._kinds[kind] += 1
            number = self._kinds[kind]
        if str(number).strip('0') == '1':
            lines = ''.join(traceback.format_exception(error))[-MAX_TRACE:].splitlines()
            self._logger.error('\n'.join([
                f'{what} has failed (number {number} of its kind); the node goes on:',
                *(printable(line, MAX_TRACE) for line in lines)]))
