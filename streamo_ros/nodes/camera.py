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
A camera topic: found, matched, checked and sampled; and a reason whenever nothing comes of it.

Most trouble with cameras in ROS 2 is a subscription that silently never matches. So the
subscription is made to fit what is published (type, reliability), again whenever that changes,
and ``trouble`` says in a sentence what stands in the way.
"""

from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.qos import HistoryPolicy
from rclpy.qos import QoSProfile
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from streamo_ros.sources.image import check
from streamo_ros.sources.image import ImageError
from streamo_ros.sources.image import to_rgb
from streamo_ros.sources.sampler import Sampler
from streamo_ros.sources.sampler import Verdict

DEPTH = 10  # frames that wait while the executor is held up: a third of a second at 30 Hz
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


class Camera:
    """
    One camera: delivers its sampled frames, counts all others.

    All callbacks and ``poll`` run in one mutually exclusive callback group, and subscriptions are
    made and destroyed there alone; the rest may be used from any thread.

    :param node: the node that subscribes
    :param name: the node's name for the camera, also the relative topic to subscribe to
    :param fps: frames per second to sample
    :param transport: 'auto', 'raw' or 'compressed'
    :param reliability: 'auto', 'reliable' or 'best_effort'
    :param on_frame: called with a sampled picture (height, width, 3; RGB), its header and its
        stamp in nanoseconds
    :param on_jump: called when the stamps jump, before the first frame after the jump
    :param group: the callback group to run in
    """

    def __init__(
        self,
        node: Node,
        name: str,
        fps: float,
        transport: str,
        reliability: str,
        on_frame: Callable[[NDArray[np.uint8], Any, int], None],
        on_jump: Callable[[], None],
        group: CallbackGroup,
    ) -> None:
        self.topic = node.resolve_topic_name(name)
        compressed = f'{name}/compressed'
        self.compressed_topic = node.resolve_topic_name(compressed)
        if self.compressed_topic == node.resolve_topic_name(compressed, only_expand=True):
            # Not remapped itself, it lies beside the image, wherever that was remapped to.
            self.compressed_topic = f'{self.topic}/compressed'
        self.received = 0
        self.sampled = 0
        self.stale = 0
        self.bad: Counter[str] = Counter()
        self._node = node
        self._transport = transport
        self._reliability = reliability
        self._on_frame = on_frame
        self._on_jump = on_jump
        self._group = group
        self._sampler = Sampler(fps)
        self._subscription: Any = None
        self._match = Match(None)
        self._incompatible = ''
        self._open = False
        self._advanced_at = 0.0     # steady time of the last usable frame, or of opening
        self._last_problem = ''

    @property
    def silent_s(self) -> float:
        """Return the seconds since the last usable frame, or since the camera was opened."""
        return time.monotonic() - self._advanced_at

    @property
    def source(self) -> Source | None:
        """Return what is subscribed to."""
        return self._match.source if self._subscription is not None else None

    @property
    def trouble(self) -> str:
        """Return in a sentence why no usable frame arrives, as far as can be known."""
        if self._match.trouble or self._incompatible:
            return self._match.trouble or self._incompatible
        if self._last_problem:
            return self._last_problem
        return f'{self.topic} has a publisher, but it sends nothing (or nothing gets through)'

    def open(self) -> None:
        """Start listening."""
        self._advanced_at = time.monotonic()
        self._last_problem = ''
        self._sampler.reset()
        self._open = True

    def close(self) -> None:
        """Stop listening; the counters stay."""
        self._open = False

    def tune(self, fps: float) -> None:
        """Sample at another rate from the next frame on, without a new beginning."""
        self._sampler.tune(fps)

    def restart(self) -> None:
        """Sample the next frame, as the first of a new grid."""
        self._sampler.reset()

    def poll(self) -> None:
        """Fit the subscription to what is published now; to be called every now and then."""
        if not self._open:
            self._subscribe(Match(None))
            return
        offers = [
            Offer(topic, info.topic_type,
                  info.qos_profile.reliability == ReliabilityPolicy.RELIABLE)
            for topic in (self.topic, self.compressed_topic)
            for info in self._node.get_publishers_info_by_topic(topic)]
        self._subscribe(match(
            self.topic, self.compressed_topic, offers, self._transport, self._reliability))

    def _subscribe(self, found: Match) -> None:
        before, self._match = self._match, found
        # A camera that goes leaves the subscription standing: it may come back as it was.
        if found.source == before.source or (found.source is None and self._open):
            self._match = Match(found.source or before.source, found.trouble)
            return
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
        if found.source is None:
            return
        source = found.source
        profile = QoSProfile(
            history=HistoryPolicy.KEEP_LAST, depth=DEPTH, durability=DurabilityPolicy.VOLATILE,
            reliability=(ReliabilityPolicy.RELIABLE if source.reliable
                         else ReliabilityPolicy.BEST_EFFORT))
        self._incompatible = ''
        self._subscription = self._node.create_subscription(
            Image if source.type == RAW else CompressedImage, source.topic, self._receive,
            profile, callback_group=self._group,
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._refuse_qos))
        self._node.get_logger().info(
            f'subscribed to {source.topic} ({source.type}), '
            f'{"reliable" if source.reliable else "best effort"}')

    def _refuse_qos(self, event: Any) -> None:
        self._incompatible = (
            f'a publisher of {self.topic} offers a quality of service that does not match '
            f'(policy {event.last_policy_kind})')
        self._node.get_logger().warning(self._incompatible)

    def _receive(self, message: Image | CompressedImage) -> None:
        if not self._open:
            return
        self.received += 1
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        try:
            check(message)
            verdict = self._sampler.judge(stamp)
            if verdict is Verdict.JUMP:
                self._on_jump()
                self._sampler.reset()
                verdict = self._sampler.judge(stamp)
            if verdict is Verdict.STALE:
                self.stale += 1
                self._last_problem = (
                    f'the stamps on {self.topic} do not advance (the last is {stamp / 1e9:.3f} '
                    's): the driver must set header.stamp')
                return
            picture = to_rgb(message) if verdict is Verdict.DUE else None
        except ImageError as error:
            self._count_bad(error)
            return
        self._advanced_at = time.monotonic()
        self._last_problem = ''
        if picture is not None:
            self._sampler.take(stamp)
            self.sampled += 1
            self._on_frame(picture, message.header, stamp)

    def _count_bad(self, error: ImageError) -> None:
        self.bad[error.cause] += 1
        count = self.bad[error.cause]
        self._last_problem = f'the images on {self.topic} cannot be used: {error}'
        if str(count).strip('0') == '1':  # the 1st, 10th, 100th ...: a camera sends 30 a second
            self._node.get_logger().warning(
                f'bad image on {self.topic} ({error.cause}, number {count}): {error}')
