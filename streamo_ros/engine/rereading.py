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
Reading a window anew, with what a sliding cache has fed: the same tokens behind an empty cache.

What stays in a sliding cache remembers what it saw of turns that have gone; a window that is read
anew does not. Studies compare the two.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.static_scene import ImageFeatures
from streamo_ros.engine.stream_engine import StreamEngine

Parts = list[tuple[list[int], list[int]]]


@dataclass(frozen=True)
class Run:
    """What a stream engine ran at once: (close, opening) of instructions from ``first`` on."""

    first: int
    parts: Parts
    features: ImageFeatures | None


class RecordingEngine(StreamEngine):
    """A stream engine that keeps all that it ran, in ``runs``."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.runs: list[Run] = []

    def _run(self, first: int, parts: Parts, features: ImageFeatures | None) -> StepOutputs:
        self.runs.append(Run(first, parts, features))
        return super()._run(first, parts, features)


class RereadingEngine(StreamEngine):
    """A stream engine that reads what another one ran; a first ``step`` makes its cache."""

    def reread(self, runs: list[Run]) -> NDArray[np.float64]:
        """Return the probabilities, (B, 3), behind runs from an empty window; the first opens."""
        for slot, sequence in enumerate(self._sequences):
            self._sinks.prefill(slot, sequence)
        # What closes the turn before is gone with that turn.
        outputs = self._run(0, [([], opening) for _, opening in runs[0].parts], runs[0].features)
        for run in runs[1:]:
            outputs = self._run(run.first, run.parts, run.features)
        return outputs.probabilities
