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
A process that hangs in native code ends, so that its launcher starts it anew.

Native code that never returns, with the interpreter's lock in hand, stops every thread of Python
at once: none of them could notice. It happens: a sample that cannot be read has Fast DDS 2.14 take
it again for ever (Fast-DDS issue 6500), as when a reader joins amid the pieces of a large picture.
So the kernel ends the process, by SIGPROF, once it has computed for ``HUNG_S`` without a word from
its main thread. What counts is processor time: a process that is stopped, suspended or merely
waits is not taken for one that hangs.
"""

import signal

HUNG_S = 60.0
"""Seconds of processor time, of all threads, in which the main thread must get to run."""


def go_on() -> None:
    """Say that the main thread runs."""
    signal.setitimer(signal.ITIMER_PROF, HUNG_S)


def forget() -> None:
    """Have the process not be ended any more."""
    signal.setitimer(signal.ITIMER_PROF, 0.0)
