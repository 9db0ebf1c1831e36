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
Which topics of a bag are cameras to be watched: one rule for all who go through a bag.

As the node does, raw comes before compressed. What ``image_transport`` published beside a camera
shows the same again, and maps of depth are no pictures.
"""

from collections.abc import Collection

from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import COMPRESSED_IMAGE
from streamo_ros.sources.bag import IMAGE
from streamo_ros.sources.source_error import SourceError


def bag_cameras(
    bag: Bag, named: Collection[str] = ('',),
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """
    Return the type of each topic to watch; and what is passed over, its kind and a sentence.

    :param named: the cameras that are meant; '' for all of them
    :raises SourceError: when the bag has no camera, or none of those
    """
    topics = bag.topics
    notices: list[tuple[str, str]] = []
    cameras: dict[str, str] = {}
    for topic, types in topics.items():
        if len(types) > 1:
            notices.append((
                'mixed topics', f'{topic} carries {" and ".join(sorted(types))}: one is watched'))
        if IMAGE in types:
            cameras[topic] = IMAGE
        elif COMPRESSED_IMAGE in types and not topic.endswith('/compressedDepth'):
            cameras[topic] = COMPRESSED_IMAGE
    if not cameras:
        raise SourceError(
            f'{bag.path} has no camera; its topics: {", ".join(topics) or "none"}')
    for camera in sorted(set(named) - {''} - set(cameras)):
        notices.append((
            'unknown cameras', f'the annotations name {camera}, which is no camera here'))
    if '' not in named:
        cameras = {topic: type for topic, type in cameras.items() if topic in named}
        if not cameras:
            raise SourceError(
                f'{bag.path} has none of the cameras that the annotations name, '
                f'{", ".join(sorted(named))}; its topics: {", ".join(topics)}')
        return cameras, notices
    for topic in [one for one in cameras if one.endswith('/compressed')
                  and one.removesuffix('/compressed') in cameras and one not in named]:
        notices.append((
            'repeated cameras', f'{topic} shows what {topic.removesuffix("/compressed")} does'))
        del cameras[topic]
    return cameras, notices
