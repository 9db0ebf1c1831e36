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

"""A video file, a folder of pictures or a bag, opened to go through its frames."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn

from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import BagMessage
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.bag import storage_files
from streamo_ros.sources.bag import STORAGES
from streamo_ros.sources.bag_cameras import bag_cameras
from streamo_ros.sources.film import open_film
from streamo_ros.sources.folder import open_folder
from streamo_ros.sources.frame import Frame as Frame
from streamo_ros.sources.frame import Recording
from streamo_ros.sources.image import check
from streamo_ros.sources.image import to_rgb
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.source_error import SourceError


def open_recording(source: Path, folder_fps: float) -> Recording:
    """
    Open a video file, a folder of images, or a bag (directory, ``.mcap`` or ``.db3``).

    Pictures are made only when asked for: a recording has many more frames than are sampled.

    :param folder_fps: images of a folder follow one another at this rate
    :raises SourceError: when the source is missing or of no known kind
    """
    if not source.exists():
        raise SourceError(f'{source} does not exist: give a video, an image folder or a bag')
    if source.suffix in STORAGES:
        return _open_bag(source)
    if source.is_dir():
        if (source / 'metadata.yaml').is_file() or storage_files(source):
            return _open_bag(source)
        return open_folder(source, folder_fps)
    return open_film(source)


def _open_bag(path: Path) -> Recording:
    bag = Bag(path)
    cameras, passed_over = bag_cameras(bag)
    notices = [sentence for _, sentence in passed_over]

    def frames() -> Iterator[Frame]:
        with bag:
            for message in bag.messages(list(cameras.items())):
                yield _frame(message)
        notices.extend(sentence for kind, sentence in bag.troubles if kind != 'no metadata')

    return Recording(bag.duration * 1e-9, frames(), None, notices)


def _frame(message: BagMessage) -> Frame:
    try:
        image = message.deserialize()
        return Frame(
            message.stamp, message.topic, partial(to_rgb, image), partial(check, image),
            message.logged)
    except MessageError as error:
        sentence = str(error)

    def refuse() -> NoReturn:
        raise ImageError('unreadable', sentence)
    return Frame(0, message.topic, refuse, refuse)
