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
A camera for the demo: plays a rendered world or a video file on the topic ``image``, once.

A process of its own, as a camera driver is. It starts when somebody listens, and says on its
standard output, in JSON, when that was and how many frames it has sent in the end.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import functools
import json
from pathlib import Path
import signal
import sys
import threading
import time

import cv2
import numpy as np
from numpy.typing import NDArray
import rclpy
from rclpy.signals import SignalHandlerOptions

from streamo_ros.nodes.tools.picture_publisher import PicturePublisher
from streamo_ros.sources.frame import Frame
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.recording import open_recording
from streamo_ros.worlds import SentryWorld

SIZE = (480, 640)
"""Height and width of the rendered frames; videos are scaled to fit."""

RATE = 15.0
KEPT = 15  # frames that wait for a reader that is held up: a second of them
WARM_UP_S = 0.5  # what the two ends need, from having found one another until nothing is lost
SPLIT = 'test'
SKILLS = ('light_off', 'light_on', 'start', 'stop')

Shot = tuple[float, Callable[[], NDArray[np.uint8]]]
"""When a frame is due, in seconds after the start, and what makes its picture."""


def rendered(seed: int, seconds: float) -> Iterator[Shot]:
    """Return the frames of a rendered world."""
    world = SentryWorld(seed, seconds, SPLIT, SIZE, SKILLS)
    for number in range(int(seconds * RATE)):
        yield number / RATE, functools.partial(world.render, number / RATE)


def _fitted_picture(frame: Frame) -> NDArray[np.uint8]:
    return fitted(frame.picture())


def filmed(file: Path) -> Iterator[Shot]:
    """Return the frames of a video file, those that are too large scaled down."""
    for frame in open_recording(file, RATE).frames:
        try:
            frame.check()
        except ImageError:
            continue  # a damaged packet: the film goes on behind it
        yield frame.stamp / 1e9, functools.partial(_fitted_picture, frame)


def fitted(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture at a camera's size: raw video of a film's would not get through."""
    height, width, _ = picture.shape
    share = min(SIZE[0] / height, SIZE[1] / width, 1.0)
    if share == 1.0:
        return picture
    size = max(1, round(width * share)), max(1, round(height * share))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def play(camera: PicturePublisher, shots: Iterator[Shot], ended: threading.Event) -> int:
    """
    Publish each picture when it is due; return how many were.

    A picture that is late by more than the next one's time is left out, as a camera would.
    """
    start = time.time_ns()
    origin = time.monotonic()
    print(json.dumps({'start_ns': start}), flush=True)
    sent = 0
    for due, picture in shots:
        late = time.monotonic() - origin - due
        if late > 1 / RATE:
            continue
        if ended.wait(max(0.0, -late)):
            break
        camera.publish(picture(), start + round(due * 1e9))
        sent += 1
    return sent


def main(args: list[str] | None = None) -> int:
    """Play once, from the moment somebody listens."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--video', type=Path, help='play this file; else a rendered world')
    parser.add_argument('--seed', type=int, default=0, help='of the rendered world')
    parser.add_argument('--seconds', type=float, default=60.0, help='of the rendered world')
    options, remaining = parser.parse_known_args(args)

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    rclpy.init(args=remaining, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('demo_camera')
    camera = PicturePublisher(node, 'image', depth=KEPT)
    shots = (filmed(options.video) if options.video
             else rendered(options.seed, options.seconds))
    while not camera.readers and not ended.wait(0.05):
        pass
    ended.wait(WARM_UP_S)
    if not ended.is_set():
        sent = play(camera, shots, ended)
        if not ended.is_set():
            camera.finish()
        print(json.dumps({'frames_sent': sent}), flush=True)
    node.destroy_node()
    rclpy.shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
