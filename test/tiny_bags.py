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

"""Small bags for tests: what a robot recorded, and what went wrong while it did."""

from pathlib import Path

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin
from rosbags.rosbag2 import Writer

from streamo_ros.sources.bag import COMPRESSED_IMAGE
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.bag import INSTRUCTION
from streamo_ros.sources.bag import STRING
from streamo_ros.sources.bag import STRUCTURED_INSTRUCTION
from streamo_ros.sources.bag import typestore

CAMERA = '/camera/image_raw'
START = 1_700_000_000_000_000_000
DELAY = 3_000_000  # from a stamp to its recording


def grey(value: int):
    """Return a small picture of one shade, (H, W, 3)."""
    return np.full((24, 32, 3), value, np.uint8)


def header(stamp: int):
    types = typestore().types
    return types['std_msgs/msg/Header'](
        stamp=types['builtin_interfaces/msg/Time'](*divmod(stamp, 10**9)), frame_id='optical')


class TinyBag:
    """Writes a bag message by message; ``seconds`` count from START."""

    def __init__(self, path: Path, plugin=StoragePlugin.MCAP, compression=None) -> None:
        self.path = path
        self.writer = Writer(path, version=9, storage_plugin=plugin)
        if compression is not None:
            self.writer.set_compression(*compression)
        self.connections = {}

    def __enter__(self):
        self.writer.open()
        return self

    def __exit__(self, *error):
        self.writer.__exit__(*error)

    def write(self, topic, type, message, logged: int) -> None:
        raw = message if isinstance(message, bytes) else typestore().serialize_cdr(message, type)
        if (topic, type) not in self.connections:
            self.connections[topic, type] = self.writer.add_connection(
                topic, type, typestore=typestore())
        self.writer.write(self.connections[topic, type], logged, raw)

    def image(self, seconds, picture, topic=CAMERA, logged=None) -> None:
        """Write a raw image, (H, W, 3) RGB."""
        stamp = START + round(seconds * 1e9)
        height, width, _ = picture.shape
        self.write(topic, IMAGE, typestore().types[IMAGE](
            header=header(stamp), height=height, width=width, encoding='rgb8', is_bigendian=0,
            step=3 * width, data=picture.reshape(-1)),
            START + round(logged * 1e9) if logged is not None else stamp + DELAY)

    def jpeg(self, seconds, picture, topic=f'{CAMERA}/compressed') -> None:
        stamp = START + round(seconds * 1e9)
        data = cv2.imencode('.jpg', cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
        self.write(topic, COMPRESSED_IMAGE, typestore().types[COMPRESSED_IMAGE](
            header=header(stamp), format='rgb8; jpeg compressed bgr8',
            data=np.asarray(data).reshape(-1)), stamp + DELAY)

    def instruction(
        self, seconds, action, text='', id='', camera='', once=False, choices=(), schema='',
    ) -> None:
        """
        Write what was sent to a node; ``action`` is the name of one.

        With choices or a schema it is one that asks for data.
        """
        types = typestore().types
        type, logged = types[INSTRUCTION], START + round(seconds * 1e9)
        asked = type(
            header=header(0), action=getattr(type, action), id=id, text=text, source='test',
            camera=camera, once=once)
        if choices or schema:
            self.write(
                '/streamo/structured_instruction', STRUCTURED_INSTRUCTION,
                types[STRUCTURED_INSTRUCTION](
                    instruction=asked, choices=list(choices), json_schema=schema), logged)
        else:
            self.write('/streamo/instruction', INSTRUCTION, asked, logged)

    def text(self, seconds, text) -> None:
        self.write('/streamo/instruction_text', STRING, typestore().types[STRING](data=text),
                   START + round(seconds * 1e9))
