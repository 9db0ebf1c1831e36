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

"""What the event log keeps of a frame: a JPEG of moderate size, blurred if somebody says how."""

from collections.abc import Callable
from importlib import import_module

import cv2
import numpy as np
from numpy.typing import NDArray

from streamo_ros.nodes.parameters import ParameterError

LONGEST_SIDE = 640
QUALITY = 85        # of the JPEG, of 100

Blur = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def find_blur(name: str) -> Blur | None:
    """
    Return the function that the parameter ``event_log_blur`` names; None where it is empty.

    :param name: ``module:function``
    :raises ParameterError: when there is no such function
    """
    if not name:
        return None
    module, _, function = name.partition(':')
    try:
        found = getattr(import_module(module), function)
        if not callable(found):
            raise TypeError('it is no function')
    except Exception as error:  # whatever the module does when it is imported
        raise ParameterError(
            f'parameter event_log_blur is {name!r}, which cannot be used ({error}): give it as '
            'module:function') from error
    return found


def jpeg(picture: NDArray[np.uint8], blur: Blur | None = None) -> bytes:
    """
    Return a picture as a JPEG file of at most ``LONGEST_SIDE`` pixels a side.

    :param picture: (height, width, 3), RGB
    :param blur: applied to a copy, which is scaled already
    :raises ValueError: when the blur returns no such picture
    """
    height, width = picture.shape[:2]
    scale = min(1.0, LONGEST_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    if blur is not None:
        small = np.ascontiguousarray(blur(small.copy()))
        if small.dtype != np.uint8 or small.ndim != 3 or small.shape[2] != 3 or not small.size:
            raise ValueError('event_log_blur did not return a picture (height, width, 3; uint8)')
    done, data = cv2.imencode(
        '.jpg', cv2.cvtColor(small, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not done:
        raise ValueError('the picture cannot be made a JPEG')
    return data.tobytes()
