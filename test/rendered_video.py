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

"""A rendered room in which the light goes off, as a video."""

from functools import cache

import av

from streamo_ros.worlds import SentryWorld

TELL = 'Notify me whenever the lights go off.'
SECONDS = 12


@cache
def world():
    return SentryWorld(4, seconds=SECONDS, split='test', size=(112, 112), skills=['light_off'])


def light_off():
    """Return the second from which the light is off."""
    return next(event.end for event in world().events if event.skill == 'light_off')


def write_room(file, seconds=SECONDS):
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), 'w') as container:
        video = container.add_stream('mpeg4', rate=5)
        video.width = video.height = 112
        video.pix_fmt = 'yuv420p'
        video.bit_rate = 2_000_000
        for index in range(seconds * 5):
            container.mux(video.encode(
                av.VideoFrame.from_ndarray(world().render(index / 5), format='rgb24')))
        container.mux(video.encode())
