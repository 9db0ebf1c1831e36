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

"""The pictures of a folder as frames, in the order of the numbers in their names."""

from functools import partial
from pathlib import Path
import re

import numpy as np
from numpy.typing import NDArray

from streamo_ros.sources.decode import decode
from streamo_ros.sources.decode import KEPT
from streamo_ros.sources.decode import LIMITS
from streamo_ros.sources.frame import Frame
from streamo_ros.sources.frame import Recording
from streamo_ros.sources.image import grey_to_rgb
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.orientation import upright
from streamo_ros.sources.source_error import SourceError

PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.ppm', '.tif', '.tiff')


def open_folder(folder: Path, fps: float) -> Recording:
    """
    Open a folder of pictures; hidden files, such as those that a Mac leaves, are none.

    :param fps: they follow one another at this rate
    :raises SourceError: when it holds no picture
    """
    files = sorted((
        file for file in folder.iterdir()
        if file.suffix.lower() in PICTURES and not file.name.startswith('.') and file.is_file()),
        key=_order)
    if not files:
        raise SourceError(
            f'{folder} holds neither images ({", ".join(PICTURES)}) nor a bag\'s metadata.yaml')
    frames = (
        Frame(round(index * 1e9 / fps), '', partial(read_picture, file))
        for index, file in enumerate(files))
    return Recording(len(files) / fps, frames, None, [])


def read_picture(file: Path) -> NDArray[np.uint8]:
    """
    Return the picture of a file, the right way up.

    :returns: (H, W, 3), RGB
    :raises ImageError: when it cannot be used
    """
    try:
        size = file.stat().st_size
        if size > LIMITS.encoded:
            raise ImageError('too large', f'{size} bytes are more than {LIMITS.encoded}')
        decoded = decode(file.read_bytes(), KEPT)
    except OSError as error:
        raise ImageError('unreadable', f'{file} cannot be read ({error})') from error
    except ImageError as error:
        raise ImageError(error.cause, f'{file}: {error}') from error
    pixels = decoded.pixels
    return upright(
        grey_to_rgb(pixels) if pixels.ndim == 2 else pixels.astype(np.uint8, copy=False),
        decoded.orientation)


def _order(file: Path) -> tuple[list[str | int], str]:
    """Return what sorts frame_2 before frame_10: text and numbers take turns."""
    parts = re.split(r'([0-9]+)', file.name)  # each second one is a number
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], file.name
