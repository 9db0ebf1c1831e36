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
The node over the mock engine, but that pictures and files take as long as the test wants.

While ``hold pictures`` is in the folder that it runs in, no picture is decoded; while ``hold
writes`` or ``hold reads`` is, the state file is neither written nor read; and while ``hold
commits`` is, nothing gets into the event log.
"""

from pathlib import Path
import sys
import time

from streamo_ros.events.event_log import EventLog
from streamo_ros.nodes import camera
from streamo_ros.nodes import state_file
from streamo_ros.nodes import streamo_node


def held(name, function):
    """Return the function, but that it waits while the file of that name is there."""
    def wait(*arguments, **options):
        while Path(name).exists():
            time.sleep(0.01)
        return function(*arguments, **options)
    return wait


if __name__ == '__main__':
    import fake_engine

    camera.to_rgb = held('hold pictures', camera.to_rgb)
    state_file.write_text = held('hold writes', state_file.write_text)
    state_file._parse = held('hold reads', state_file._parse)
    EventLog.add = held('hold commits', EventLog.add)
    sys.exit(streamo_node.main(make_engine=fake_engine.FakeEngine.from_pretrained))
