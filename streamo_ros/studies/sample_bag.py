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
A small bag of a rendered room, with annotations: what is asked and what is true.

As a robot records it: compressed images at a camera's rate, in MCAP.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
import sys
import tempfile

import cv2
import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer
from tqdm import tqdm

from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive
from streamo_ros.output import OutputError
from streamo_ros.sources.bag import COMPRESSED_IMAGE
from streamo_ros.sources.bag import typestore
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_annotation import Expected
from streamo_ros.sources.bag_annotation import NAMES
from streamo_ros.sources.bag_annotation import write_annotations
from streamo_ros.worlds import SentryWorld
from streamo_ros.worlds.sentry_topics import ANSWERS
from streamo_ros.worlds.textures import Image

START_NS = 1_700_000_000_000_000_000
TOPIC = '/camera/image_raw/compressed'
RECORDED_NS = 4_000_000
"""From a frame's stamp to its recording."""

_TEXTS = {
    ('start', 'stop'): 'Tell me when something starts or stops moving.',
    ('light_off', 'light_on'): 'Tell me when the light goes off or on.',
    ('cover', 'uncover'): 'Tell me when the camera is covered or uncovered.'}
_STILL_S = 0.5
"""Seconds of stillness that tell a stop from a pause."""


def write_sample_bag(
    path: Path, *, seconds: float = 180.0, fps: float = 10.0, size: tuple[int, int] = (240, 320),
    seed: int = 0, topic: str = TOPIC,
) -> None:
    """
    Render a room into a new bag, with its annotations beside.

    :param fps: of the camera
    :param size: (height, width) of its frames
    :param seed: of the room; the next is tried while an event that is asked for is hard to see
    """
    skills = [skill for pair in _TEXTS for skill in pair]
    while True:
        world = SentryWorld(seed, seconds=seconds, split='test', size=size, skills=skills)
        if all(world.clear(skill) for skill in skills):
            break
        seed += 1
    jpegs = (
        _encoded('.jpg', world.render(index / fps)) for index in tqdm(
            range(max(1, round(seconds * fps))), unit=' frame', leave=False,
            disable=not sys.stderr.isatty()))
    _write(path, jpegs, fps, topic, 'jpeg')
    # Written last: a bag without it was not finished.
    write_annotations(Annotations(tuple(
        Asked(
            id=' or '.join(pair).replace('_', ' '), text=text, task='event_caption',
            skill='/'.join(pair), events=tuple(
                Expected(round(max(event.start, 0.0), 3), round(end, 3), ANSWERS[event.skill])
                for event in world.events
                if event.skill in pair
                and 0 < (end := max(event.end, (event.settled or 0.0) + _STILL_S)) < seconds))
        for pair, text in _TEXTS.items())), path / NAMES[0])


def write_pictures(path: Path, frames: Iterable[Image], fps: float) -> None:
    """Write frames, (H, W, 3) RGB, into a new bag exactly as they are."""
    _write(path, (_encoded('.png', frame) for frame in frames), fps, TOPIC, 'png')


def _write(
    path: Path, encoded: Iterable[NDArray[np.uint8]], fps: float, topic: str, kind: str,
) -> None:
    """
    Write compressed frames of one camera into a new bag.

    :param encoded: of each frame, the bytes
    :param kind: jpeg or png
    """
    types = typestore().types
    image, header = types[COMPRESSED_IMAGE], types['std_msgs/msg/Header']
    time = types['builtin_interfaces/msg/Time']
    if path.exists() and any(path.iterdir()):
        raise OutputError(f'{path} is there already: give another folder, or move it away')
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside it and then renamed: a bag that is there is a whole one.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix='.bag-') as folder:
        new = Path(folder) / path.name
        with Writer(new, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            camera = writer.add_connection(topic, COMPRESSED_IMAGE, typestore=typestore())
            for index, data in enumerate(encoded):
                stamp = START_NS + round(index * 1e9 / fps)
                message = image(
                    header=header(
                        stamp=time(*divmod(stamp, 10**9)), frame_id='camera_optical'),
                    format=f'rgb8; {kind} compressed bgr8', data=data)
                writer.write(
                    camera, stamp + RECORDED_NS,
                    typestore().serialize_cdr(message, COMPRESSED_IMAGE))
        new.rename(path)


def _encoded(suffix: str, frame: Image) -> NDArray[np.uint8]:
    data = cv2.imencode(suffix, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))[1]
    return np.asarray(data, np.uint8).reshape(-1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument('path', type=Path, help='where the bag is, or goes')
    parser.add_argument('--seconds', type=positive, default=180.0, help='its length')
    parser.add_argument('--seed', type=count, default=0, help='of the room')


def main(options: argparse.Namespace) -> None:
    """Write the bag unless it is there, and print its path."""
    if not (options.path / NAMES[0]).is_file():
        write_sample_bag(options.path, seconds=options.seconds, seed=options.seed)
    print(options.path.resolve())
