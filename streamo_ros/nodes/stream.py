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

"""One camera of the node, what is said about it, and how far its stream has come."""

from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
import time

from streamo_ros.engine.stopwatch import Stopwatch
from streamo_ros.nodes.camera import CameraSubscription
from streamo_ros.nodes.state_publisher import StatePublisher
from streamo_ros.nodes.worker import Step


@dataclass(eq=False)
class Stream:
    """
    One camera's stream.

    :param number: its place among the node's cameras, from 0
    :param epoch: grows when the stream begins anew
    :param tick: frames sampled in this epoch
    :param dropped: sampled frames that were dropped since the node started
    :param late: those of them that a state has reported
    :param sampled_at: steady time at which a frame was last given to the model
    :param decided_at: steady time at which the model was last through with one, or the stream
        was opened
    :param visual_tokens_pruned: share of visual tokens that a static scene spared in this epoch
    :param skipped_frames: frames of this epoch that the vision tower was not run for
    :param seconds: what those of the engine went into since it was made, by part
    :param link: how the link to its engine is; empty where that runs here
    :param stopwatch: counts publication
    """

    number: int
    camera: CameraSubscription
    reports: StatePublisher
    epoch: int = 0
    tick: int = 0
    dropped: int = 0
    late: int = 0
    sampled_at: float = 0.0
    decided_at: float = 0.0
    visual_tokens_pruned: float = 0.0
    skipped_frames: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    link: Mapping[str, str] = field(default_factory=dict)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def name(self) -> str:
        """Return the node's name for the camera."""
        return self.camera.name

    def note(self, outcome: Step) -> None:
        """Note what the engine made of a frame."""
        self.decided_at = time.monotonic()
        self.visual_tokens_pruned = outcome.visual_tokens_pruned
        self.skipped_frames = outcome.skipped_frames
        self.seconds = outcome.seconds
        self.link = outcome.link

    @staticmethod
    def checkpoint_of(streams: Iterable['Stream'], asked: str) -> str:
        """
        Return the checkpoint that decides: a server's, one that stands in, or what was asked for.

        :param asked: the parameter
        """
        return next(
            (one.link['checkpoint'] for one in streams if 'checkpoint' in one.link), asked)
