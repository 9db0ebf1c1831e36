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
What the field does to a node during a soak, beside what its users do.

Hostile pictures come on a second camera, which no instruction is about. A publisher whose clock is
an hour ahead sends beside the first camera's. Somebody drags a slider of ``fps``, up and down and
back to where it was. The disk of the state file stops answering, and so does whoever reads what
the node prints. None of it may change what is decided about the first camera.
"""

from collections.abc import Mapping
import os
from pathlib import Path
import random
import threading
import time

import numpy as np
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage
from std_srvs.srv import Trigger

from streamo_ros.nodes.tools.console import Console
from streamo_ros.nodes.tools.graph_runner import GraphRunner
from streamo_ros.nodes.tools.hostile_pictures import hostile_pictures
from streamo_ros.nodes.tools.picture_attack import message_of
from streamo_ros.nodes.tools.picture_attack import stamped
from streamo_ros.nodes.tools.picture_publisher import PicturePublisher
from streamo_ros.nodes.tools.soak_camera import SoakCamera

HOSTILE = 'packed'
"""The camera that the hostile pictures come from."""

AHEAD_NS = 3600 * 10**9
STALLED_S = (0.5, 4.0)  # for which disk and output stop
SLID = 50               # values of the slider in one go

# Loaded by the node's Python: a disk that is told by a file to wait.
_DISK = """
import os
import time

sync = os.fsync


def fsync(descriptor):
    with open({until!r}) as file:
        until = float(file.read() or 0)
    time.sleep(max(0.0, until - time.monotonic()))
    sync(descriptor)


os.fsync = fsync
"""


class SlowDisk:
    """
    A disk under the node's state file that can be made to wait.

    :param folder: for the state file, and for what makes the node's disk slow
    """

    def __init__(self, folder: Path) -> None:
        self.state_file = folder / 'state.json'
        self._folder = folder / 'slow_disk'
        self._until = folder / 'stalled_until'     # steady time
        self._until.touch()
        self._folder.mkdir()
        (self._folder / 'sitecustomize.py').write_text(_DISK.format(until=str(self._until)))

    @property
    def environment(self) -> Mapping[str, str]:
        """Return what the node needs."""
        return {'PYTHONPATH': os.pathsep.join(
            filter(None, (str(self._folder), os.environ.get('PYTHONPATH', ''))))}

    def stall(self, seconds: float) -> None:
        """Have it wait for so long."""
        self._until.write_text(str(time.monotonic() + seconds))


class Reader:
    """Reads what the node prints into a log, but for pauses."""

    def __init__(self, log: Path) -> None:
        source, self.end = os.pipe()
        self._log = log
        self._until = 0.0
        threading.Thread(target=self._read, args=(source,), name='reader', daemon=True).start()

    def pause(self, seconds: float) -> None:
        """Read nothing for so long."""
        self._until = time.monotonic() + seconds

    def _read(self, source: int) -> None:
        with self._log.open('ab') as log:
            while text := os.read(source, 1 << 16):
                time.sleep(max(0.0, self._until - time.monotonic()))
                log.write(text)
                log.flush()


class SoakFaults:
    """
    Each of these things, to be had one at a time.

    :param fps: of the node, to which the slider returns
    """

    def __init__(
        self, runner: GraphRunner, console: Console, camera: SoakCamera, disk: SlowDisk,
        reader: Reader, fps: float, chance: random.Random,
    ) -> None:
        self.happened = {
            'hostile pictures': 0, 'clocks': 0, 'slid': 0, 'disk stalled': 0, 'unread': 0}
        self.strange = 0    # frames of the other clock
        self._console = console
        self._camera = camera
        self._disk = disk
        self._reader = reader
        self._fps = fps
        self._chance = chance
        self._hostile = [
            message_of(True, one.fields) for one in hostile_pictures() if one.compressed]
        self._packed = runner.node.create_publisher(
            CompressedImage, f'/{HOSTILE}/compressed', 10)
        self._other = PicturePublisher(runner.node, 'image', depth=10)

    def introduce(self) -> None:
        """Send the first frame of the other clock: once both are known, one is followed."""
        self._other.publish(np.zeros((48, 64, 3), np.uint8), time.time_ns() + AHEAD_NS)
        self.strange += 1

    def happen(self) -> None:
        """Have one of them happen."""
        what = self._chance.choice(list(self.happened))
        self.happened[what] += 1
        if what == 'hostile pictures':
            for message in self._chance.sample(self._hostile, 3):
                self._packed.publish(stamped(message))
        elif what == 'clocks':
            # While the camera is silent its clock would not be followed any more.
            if not self._camera.silent:
                for number in range(3):
                    self._other.publish(
                        np.zeros((48, 64, 3), np.uint8),
                        time.time_ns() + AHEAD_NS + number * 10**6)
                    self.strange += 1
        elif what == 'slid':
            self._slide()
        elif what == 'disk stalled':
            self._disk.stall(self._chance.uniform(*STALLED_S))
        else:
            self._reader.pause(self._chance.uniform(*STALLED_S))

    def _slide(self) -> None:
        """Drag the slider while the camera is held, since at another rate others are due."""
        console = self._console
        with self._camera.held():
            for value in (*(self._chance.uniform(0.1, 30.0) for _ in range(SLID)), self._fps):
                # One after the other: DDS keeps ten requests of a client, and as many responses.
                console.call(SetParameters, 'set_parameters', SetParameters.Request(
                    parameters=[Parameter('fps', value=value).to_parameter_msg()]))
            console.call(Trigger, 'reset')
            console.await_report()  # by then the rate is the old one again
