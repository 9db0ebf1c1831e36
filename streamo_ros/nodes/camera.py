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
subscription is made to fit what is published (type, reliability, size), again whenever that
changes, and ``trouble`` says in a sentence what stands in the way.

Messages are checked and decoded in a thread of the camera's own (``picture_thread``); the executor
only hands them over.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import replace
import itertools
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.qos import HistoryPolicy
from rclpy.qos import QoSPolicyKind
from rclpy.qos import QoSProfile
from rclpy.qos import ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image

from streamo_ros.engine.stopwatch import Stopwatch
from streamo_ros.nodes.camera_match import Match
from streamo_ros.nodes.camera_match import match
from streamo_ros.nodes.camera_match import Offer
from streamo_ros.nodes.camera_match import RAW
from streamo_ros.nodes.camera_match import Source
from streamo_ros.nodes.failures import Failures
from streamo_ros.nodes.picture_thread import PictureThread
from streamo_ros.nodes.printable import printable
from streamo_ros.nodes.rate_limiter import RateLimiter
from streamo_ros.nodes.reader_depth import DEPTH
from streamo_ros.nodes.reader_depth import ReaderDepth
from streamo_ros.nodes.rounded_time import rounded_down
from streamo_ros.sources.camera_stream import Admission
from streamo_ros.sources.camera_stream import CameraStream
from streamo_ros.sources.camera_stream import Change
from streamo_ros.sources.camera_stream import ChangeKind
from streamo_ros.sources.camera_stream import Outcome
from streamo_ros.sources.image import check
from streamo_ros.sources.image import to_rgb
from streamo_ros.sources.image_error import ImageError
from streamo_ros.sources.one_clock import OneClock

NO_FRAMES_S = 2.0  # without a usable frame for so long, and for two periods, something is wrong
OVERRIDABLE = (
    QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY)


class CameraSubscription:
    """
    One camera: delivers its sampled frames, counts all others.

    Which frames those are is the rule of ``sources.camera_stream``; the counts are in ``frames``.
    ``poll`` and the subscription's callbacks run in one mutually exclusive callback group, and
    subscriptions are made and destroyed there alone. ``on_frame`` and ``on_jump`` are called in
    the camera's own thread, to which ``frames`` belongs. The rest may be used from any thread.

    :param node: the node that subscribes
    :param name: the node's name for the camera, also the relative topic to subscribe to
    :param fps: frames per second to sample
    :param transport: 'auto', 'raw' or 'compressed'
    :param reliability: 'auto', 'reliable' or 'best_effort'
    :param on_frame: called with a sampled picture (height, width, 3; RGB), its header and its
        stamp in nanoseconds
    :param on_jump: called with the reason, in a sentence, when the stream begins anew: the stamps
        jump, or the pictures have another shape; before the first frame after it
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
        on_jump: Callable[[str], None],
        group: CallbackGroup,
    ) -> None:
        self.name = name
        self.topic = node.resolve_topic_name(name)
        compressed = f'{name}/compressed'
        self.compressed_topic = node.resolve_topic_name(compressed)
        if self.compressed_topic == node.resolve_topic_name(compressed, only_expand=True):
            # Not remapped itself, it lies beside the image, wherever that was remapped to.
            self.compressed_topic = f'{self.topic}/compressed'
        self.frames = CameraStream(self.topic, fps)
        self.stopwatch = Stopwatch()
        self.incompatible = 0       # publishers that offered another quality of service
        self.publishers = 0         # of what is subscribed to, now
        self._node = node
        self._transport = transport
        self._reliability = reliability
        self._on_frame = on_frame
        self._on_jump = on_jump
        self._group = group
        self._fps = self._sampled_fps = fps
        self._restarts = itertools.count(1)
        self._restart = self._restarted = 0     # the latest that was asked for, and that was made
        self._taking: int | None = None         # the one that the message at hand came after
        self._patience_s = max(NO_FRAMES_S, 2 / fps)
        self._clock = OneClock(self._publishers_now)
        self._pictures = PictureThread(
            self.topic, self._take, Failures(node.get_logger()))
        self._aloud = RateLimiter(20, 0.2)
        self._subscription: Any = None
        self._match = Match(None)
        self._incompatible = ''
        self._open = False
        self._advanced_at = 0.0     # steady time of the last usable frame, or of opening
        self._last_problem = ''
        self._no_frames = ''        # as it was logged last
        self._no_frames_since = 0.0
        self._overridden: dict[str, list[QoSPolicyKind]] = {}
        self._reliable = False      # what is asked for, overrides included
        self._depth = ReaderDepth()

    @property
    def no_frames_s(self) -> float:
        """Return the seconds since the last usable frame, or since the camera was opened."""
        return time.monotonic() - self._advanced_at

    @property
    def source(self) -> Source | None:
        """Return what is subscribed to."""
        source = self._match.source
        if self._subscription is None or source is None:
            return None
        return replace(source, reliable=self._reliable)

    @property
    def no_frames(self) -> str:
        """
        Return in a sentence for how long no usable frame has come and why; empty while they come.

        The time in it is rounded down to 1, 2, 5, 10 ..., so that the sentence seldom changes.
        """
        no_frames_s = self.no_frames_s
        if no_frames_s <= self._patience_s:
            return ''
        return (f'no usable frame for {rounded_down(no_frames_s):g} s on {self.topic} because '
                f'{self.trouble}')

    @property
    def trouble(self) -> str:
        """Return in a sentence why no usable frame arrives, as far as can be known."""
        if self._match.trouble or self._incompatible:
            return self._match.trouble or self._incompatible
        if self._pictures.busy_s > NO_FRAMES_S:
            return 'one of its pictures takes that long to decode: let the camera send others'
        if self._last_problem:
            return self._last_problem
        return f'{self.topic} has a publisher, but it sends nothing (or nothing gets through)'

    @property
    def restarting(self) -> bool:
        """Return whether what is being decoded now is of before a restart: not to be used."""
        taking = self._taking
        return taking is not None and taking != self._restart

    @property
    def clocks(self) -> str:
        """Return in a sentence that frames of several clocks come; empty while they do not."""
        if not self._clock.several:
            return ''
        return (f'{self.publishers} publishers on {self.topic} have clocks that differ: one of '
                'them is followed; remap all but one')

    @property
    def passed_over(self) -> int:
        """Return how many messages were not looked at, since others before them took long."""
        return self._pictures.passed_over

    def open(self) -> None:
        """Start listening."""
        self._advanced_at = time.monotonic()
        self._last_problem = self._no_frames = ''
        self._clock.reset()
        self.restart()
        self._open = True
        self._pictures.open()

    def close(self) -> None:
        """Stop listening; the counters stay."""
        self._open = False
        self.restart()
        self._pictures.close()

    def reconfigure(self, fps: float) -> None:
        """Sample at another rate from the next frame on, without a new beginning."""
        self._fps = fps
        self._patience_s = max(NO_FRAMES_S, 2 / fps)

    def restart(self) -> None:
        """Sample the next frame, as the first of a new grid and of whatever size."""
        self._restart = next(self._restarts)

    def poll(self) -> None:
        """Fit the subscription to what is published now; to be called every now and then."""
        if not self._open:
            self._subscribe(Match(None))
            return
        self._log_no_frames()
        offers = [
            Offer(topic, info.topic_type,
                  info.qos_profile.reliability == ReliabilityPolicy.RELIABLE)
            for topic in (self.topic, self.compressed_topic)
            for info in self._node.get_publishers_info_by_topic(topic)]
        found = match(
            self.topic, self.compressed_topic, offers, self._transport, self._reliability)
        self._subscribe(replace(found, source=found.source and self._fitted(found.source)))
        self._count_publishers(found.source, offers)

    def _log_no_frames(self) -> None:
        before, self._no_frames = self._no_frames, self.no_frames
        if self._no_frames and self._no_frames != before:
            self._no_frames_since = self._advanced_at
            self._node.get_logger().warning(self._no_frames)
        elif before and not self._no_frames:
            self._node.get_logger().info(
                f'frames come again on {self.topic}, after '
                f'{self._advanced_at - self._no_frames_since:.1f} s')

    def _count_publishers(self, source: Source | None, offers: Sequence[Offer]) -> None:
        before, self.publishers = self.publishers, 0 if source is None else sum(
            (offer.topic, offer.type) == (source.topic, source.type) for offer in offers)
        if self.publishers > max(before, 1) and source is not None and self._aloud.take():
            self._node.get_logger().warning(
                f'{source.topic} has {self.publishers} publishers: their frames are taken as one '
                "stream; unless they are one camera's, remap all but one")

    def _fitted(self, source: Source) -> Source:
        """Return the source with as many messages waiting as fits their size."""
        before = self._match.source
        if before is None or (before.topic, before.type) != (source.topic, source.type):
            self._depth.reset()
        given = self._overridden.get(source.topic, ())
        if QoSPolicyKind.DEPTH in given or QoSPolicyKind.HISTORY in given:
            return source
        return replace(source, depth=self._depth.messages)

    def _subscribe(self, found: Match) -> None:
        source, before = found.source, self._match.source
        # A camera that goes leaves the subscription standing: it may come back as it was.
        if source == before or (source is None and self._open):
            self._match = Match(source or before, found.trouble)
            return
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
        if source is not None:
            try:
                self._create(source)
            except Exception as error:  # of whatever kind: each policy has its own
                found = Match(None, f'it cannot be subscribed to ({error})' + (
                    ': mend its qos_overrides' if self._overridden.get(source.topic) else ''))
                if found != self._match:  # tried again with the next poll, and said once
                    self._node.get_logger().error(f'{source.topic}: {found.trouble}')
        self._match = found

    def _create(self, source: Source) -> None:
        profile = QoSProfile(
            history=HistoryPolicy.KEEP_LAST, depth=source.depth,
            durability=DurabilityPolicy.VOLATILE,
            reliability=(ReliabilityPolicy.RELIABLE if source.reliable
                         else ReliabilityPolicy.BEST_EFFORT))
        self._incompatible = ''
        self._subscription = self._node.create_subscription(
            Image if source.type == RAW else CompressedImage, source.topic,
            self._receive,  # type: ignore[arg-type]  # rclpy takes those of two arguments, too
            profile, callback_group=self._group,
            event_callbacks=SubscriptionEventCallbacks(incompatible_qos=self._refuse_qos),
            qos_overriding_options=QoSOverridingOptions(self._overrides(source.topic)))
        self._reliable = profile.reliability == ReliabilityPolicy.RELIABLE  # maybe overridden
        self._node.get_logger().info(
            f'subscribed to {source.topic} ({source.type}), '
            f'{"reliable" if self._reliable else "best effort"}'
            + (', of large messages one may wait' if source.depth < DEPTH else ''))

    def _overrides(self, topic: str) -> list[QoSPolicyKind]:
        """
        Return the policies of the subscription that parameters override.

        Only those are left to rclpy: it would declare the others too, with what fits the present
        publishers, and hold on to that when others come.
        """
        if topic not in self._overridden:
            self._overridden[topic] = []
            for kind in OVERRIDABLE:
                name = f'qos_overrides.{topic}.subscription.{kind.name.lower()}'
                given = self._node.declare_parameter(
                    name, None, ParameterDescriptor(dynamic_typing=True))
                self._node.undeclare_parameter(name)
                if given.value is not None:
                    self._overridden[topic].append(kind)
        return self._overridden[topic]

    def _refuse_qos(self, event: Any) -> None:
        self.incompatible += event.total_count_change
        policy = QoSPolicyKind(event.last_policy_kind).name.lower()
        self._incompatible = (
            f'a publisher of {self.topic} does not offer the {policy} that is asked for: let the '
            'parameter reliability be auto, or mend the qos_overrides')
        if self._aloud.take():
            self._node.get_logger().warning(
                f'incompatible quality of service: {self._incompatible}')

    def _publishers_now(self) -> int:
        source = self._match.source
        return 0 if source is None else int(self._node.count_publishers(source.topic))

    def _receive(self, message: Image | CompressedImage, about: Mapping[str, int]) -> None:
        if self._open:
            self._depth.take(len(message.data))
            self._pictures.put(message, about['publication_sequence_number'] or 0)

    # In the camera's thread

    def _take(self, message: Image | CompressedImage, number: int) -> None:
        self._taking = self._restart
        try:
            self._admit(message, number)
        finally:
            self._taking = None

    def _admit(self, message: Image | CompressedImage, number: int) -> None:
        if self._taking is not None and self._taking != self._restarted:
            self._restarted = self._taking
            self.frames.reset()
        if self._fps != self._sampled_fps:
            self._sampled_fps = self._fps
            self.frames.reconfigure(self._sampled_fps)
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        with self.stopwatch.part('decode'):
            admission = self.frames.admit(
                stamp, lambda: self._check(message, stamp, number), lambda: to_rgb(message))
        if admission.change is not None:
            self._take_change(admission.change)
        if admission.outcome is Outcome.BAD:
            self._log_bad(admission)
        elif admission.outcome is Outcome.STALE:
            self._last_problem = admission.reason
        else:
            self._advanced_at = time.monotonic()
            self._last_problem = ''
        if admission.picture is not None:
            self._on_frame(admission.picture, message.header, stamp)

    def _check(
        self, message: Image | CompressedImage, stamp: int, number: int
    ) -> None:
        check(message)
        if not self._clock.admits(stamp, number):
            raise ImageError(
                'another clock', f'its stamp, {stamp / 1e9:.3f} s, is not of the clock that is '
                'followed: remap all publishers of the topic but one')

    def _take_change(self, change: Change) -> None:
        sentence = change.sentence
        if change.kind is ChangeKind.TIME and self.publishers > 1:
            sentence += f' ({self.publishers} publishers)'  # whose clocks may differ
        if change.begins_anew:
            self._on_jump(sentence)
        elif self._aloud.take():
            self._node.get_logger().info(sentence)

    def _log_bad(self, admission: Admission) -> None:
        count = self.frames.bad[admission.cause]
        reason = printable(admission.reason, 2 * len(admission.reason))
        self._last_problem = f'the images on {self.topic} cannot be used: {reason}'
        if str(count).strip('0') == '1':  # the 1st, 10th, 100th ...: a camera sends 30 a second
            self._node.get_logger().warning(
                f'bad image on {self.topic} ({admission.cause}, number {count}): {reason}')
