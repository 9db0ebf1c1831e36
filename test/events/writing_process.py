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
A process that logs answers as a node does, and says each one aloud, until somebody kills it.

Standard output is ``~/response`` here: a line is the stamp of an answer that was published.
"""

from pathlib import Path
import sys
import time

from streamo_ros.dialogue import State
from streamo_ros.events import release as release_module
from streamo_ros.events.event import Event
from streamo_ros.events.event_log import Bounds
from streamo_ros.events.event_writer import EventWriter

PICTURE = memoryview(bytes(200_000))


def publish(stamp):
    sys.stdout.write(f'{stamp}\n')
    sys.stdout.flush()


writer = EventWriter(
    Path(sys.argv[1]), Bounds(30.0, 2**30, 10**6), bytes, lambda event: None,
    lambda sentence: print(sentence, file=sys.stderr))
release_module.HOLD_S = 600.0  # however slow this machine is, the order is what is tested
release = release_module.Release(lambda error: print(error, file=sys.stderr))
while True:
    stamp = time.time_ns()
    done = release.hold(lambda stamp=stamp: publish(stamp), lambda: (lambda: None))
    writer.offer(
        Event(State.RESPONSE, stamp, stamp, 'front', 'i', 'Tell me.', 'Told.'),
        [(stamp, PICTURE)], done)
    while writer.figures.waiting > 20:  # so that the disk keeps up, and each may be held to it
        time.sleep(0.001)
