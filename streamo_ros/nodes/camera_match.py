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

"""What of a camera to subscribe to, and how, among all that is published; or why nothing fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from streamo_ros.nodes.reader_depth import DEPTH

RAW = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'


@dataclass(frozen=True)
class Offer:
    """One publisher that was found: its topic, its type and whether it is reliable."""

    topic: str
    type: str
    reliable: bool


@dataclass(frozen=True)
class Source:
    """What to subscribe to, and how."""

    topic: str
    type: str
    reliable: bool
    depth: int = DEPTH


@dataclass(frozen=True)
class Match:
    """The source to subscribe to, and what stands in the way of its frames ('' if nothing)."""

    source: Source | None
    trouble: str = ''


def match(
    topic: str, compressed_topic: str, offers: Sequence[Offer], transport: str, reliability: str
) -> Match:
    """
    Choose among what is published.

    Raw comes before compressed. Reliable delivery is asked for only where every publisher of the
    topic offers it, because one that does not would otherwise never be heard.

    :param transport: 'auto', 'raw' or 'compressed'
    :param reliability: 'auto', 'reliable' or 'best_effort'
    """
    types = {'raw': (RAW,), 'compressed': (COMPRESSED,), 'auto': (RAW, COMPRESSED)}[transport]
    for candidate in ((topic, RAW), (topic, COMPRESSED), (compressed_topic, COMPRESSED)):
        found = [offer for offer in offers if (offer.topic, offer.type) == candidate]
        if not found or candidate[1] not in types:
            continue
        all_reliable = all(offer.reliable for offer in found)
        reliable = all_reliable if reliability == 'auto' else reliability == 'reliable'
        trouble = ''
        if reliable and not all_reliable:
            trouble = (f'a publisher of {candidate[0]} offers best effort only and the parameter '
                       "reliability demands 'reliable': set it to 'auto'")
        return Match(Source(*candidate, reliable), trouble)
    if not offers:
        return Match(None, f'nobody publishes {topic} or {compressed_topic}: is the camera '
                           'running, and the topic image remapped to its name?')
    if any(offer.type in (RAW, COMPRESSED) for offer in offers):
        return Match(None, f'{topic} is there, but not as the parameter image_transport demands '
                           f"({transport!r}): set it to 'auto'")
    return Match(None, f'{offers[0].topic} carries {offers[0].type}, which is not an image: '
                       'remap the topic image to a camera')
