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
A camera of ``streamo bench node``: raw pictures, best effort, at 30 Hz.

A process of its own, as a camera driver is. Nothing is sent before its readers are found, so that
what does not arrive was lost on the way. It says on its standard output, in JSON, when it starts
and how many frames it has sent in the end.
"""

import argparse
import array
import json
import signal
import sys
import threading
import time

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

RATE = 30.0
WARM_UP_S = 0.5  # the camera has found its readers; they need a moment more to find the camera


class BenchCamera(Node):
    """Publishes one picture of noise again and again, stamped just before it is sent."""

    def __init__(self, topic: str, width: int, height: int) -> None:
        super().__init__(f'bench_camera_{topic}')
        self._publisher = self.create_publisher(Image, topic, qos_profile_sensor_data)
        self._message = Image(height=height, width=width, encoding='rgb8', step=3 * width)
        self._message.header.frame_id = 'bench_camera_optical'
        noise = np.random.default_rng(0).integers(0, 256, 3 * width * height, np.uint8)
        # rclpy takes an array as it is; a numpy array it would copy byte by byte.
        self._message.data = array.array('B', noise.tobytes())

    @property
    def readers(self) -> int:
        """Return how many listen."""
        return int(self._publisher.get_subscription_count())

    def publish(self) -> None:
        """Send the picture."""
        stamp = self._message.header.stamp
        stamp.sec, stamp.nanosec = divmod(time.time_ns(), 10**9)
        self._publisher.publish(self._message)


def play(camera: BenchCamera, seconds: float, ended: threading.Event) -> int:
    """Publish at the rate; return how many were sent. One that is a whole period late is left."""
    begin = time.monotonic()
    sent = 0
    for number in range(round(seconds * RATE)):
        late = time.monotonic() - begin - number / RATE
        if late > 1 / RATE:
            continue
        if ended.wait(max(0.0, -late)):
            break
        camera.publish()
        sent += 1
    return sent


def main(args: list[str] | None = None) -> int:
    """Send for so long, from the moment all listen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('topic')
    parser.add_argument('width', type=int)
    parser.add_argument('height', type=int)
    parser.add_argument('--readers', type=int, default=1, help='to wait for')
    parser.add_argument('--seconds', type=float, default=10.0)
    options = parser.parse_args(args)

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    camera = BenchCamera(options.topic, options.width, options.height)
    while camera.readers < options.readers and not ended.wait(0.05):
        pass
    ended.wait(WARM_UP_S)
    print(json.dumps({'started': True}), flush=True)
    print(json.dumps({'sent': play(camera, options.seconds, ended)}), flush=True)
    camera.destroy_node()
    rclpy.shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
