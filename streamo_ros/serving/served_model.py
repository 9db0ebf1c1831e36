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

"""A checkpoint that is served: loaded once, with an engine for each stream."""

from contextlib import AbstractContextManager
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median
import sys
import threading
import time
from typing import Any
from typing import Protocol

import numpy as np

from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.engine.backends.shared_batch import SharedBatch
from streamo_ros.engine.backends.shared_batch import SharedBatchStream
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.footprint import check_fits
from streamo_ros.engine.footprint import footprint
from streamo_ros.engine.footprint import memory_here
from streamo_ros.engine.remote.protocol import Served
from streamo_ros.engine.remote.protocol import StreamOptions
from streamo_ros.engine.static_scene import StillScene
from streamo_ros.engine.stream_engine import StreamEngine
from streamo_ros.models import load_checkpoint

PROBE_TICKS = 7
"""Ticks that are run before there are streams; the first ones load networks and do not count."""
_UNCOUNTED = 3
_CAMERA = (480, 640)
_INSTRUCTION = 'Tell me when somebody comes in.'

MOST_STREAMS = 256
MEMORY = 0.8
"""Of the memory that is free once the checkpoint is loaded, for the streams' caches."""


class ServedModel(Protocol):
    """
    What a device serves.

    :param most_streams: that its memory holds
    :param turn: held while an engine is asked; engines that compute together hold nothing
    """

    served: Served
    most_streams: int
    turn: AbstractContextManager[Any]

    def probe(self) -> float:
        """Return the seconds that a tick with one instruction takes."""

    def new_engine(self, options: StreamOptions) -> Engine:
        """Return an engine for another stream, to be asked by one thread at a time."""

    def free(self, engine: Engine) -> None:
        """Give back what an engine holds."""


class ServedCheckpoint:
    """
    A checkpoint on this machine.

    Engines are asked from many threads. Where the backend allows it they share one cache, and
    those that tick at the same time are one forward; otherwise one at a time computes.

    :param batched: share forwards where the backend allows it
    :param threads: as in ``StreamEngine.from_pretrained``
    :raises CheckpointError: when it cannot be used
    """

    def __init__(self, name: str, backend: str, threads: int, batched: bool) -> None:
        self._checkpoint = checkpoint = load_checkpoint(name)
        needed = footprint(checkpoint, instructions=MAX_INSTRUCTIONS)
        check_fits(needed, checkpoint)
        self._backend = new_backend(backend, checkpoint, threads)
        room = int(MEMORY * _free_bytes(self._backend) / max(1, needed.cache_bytes))
        self.most_streams = max(1, min(room, MOST_STREAMS))
        self._shared: SharedBatch | None = None
        self.turn: AbstractContextManager[Any] = threading.Lock()
        if batched and not self._backend.static_shapes:
            self.turn = nullcontext()
            self._shared = SharedBatch(
                self._backend, (self.most_streams + 1) * MAX_INSTRUCTIONS)  # one more: the probe
        self._of: dict[Engine, Backend] = {}
        spec = checkpoint.frame
        self.served = Served(
            name, f'{checkpoint.vision.family}, {needed}', checkpoint.vision.cell, spec.size,
            spec.min_pixels, spec.max_pixels, int(spec.resample), checkpoint.window_turns,
            checkpoint.memory_tokens)

    def probe(self) -> float:
        """Return the seconds that a tick with one instruction takes."""
        engine = self.new_engine(StreamOptions())
        engine.watch(_INSTRUCTION)
        frame = np.random.default_rng(0).integers(0, 256, (*_CAMERA, 3), np.uint8)
        took = []
        for tick in range(PROBE_TICKS):
            began = time.monotonic()
            engine.step(frame, float(tick))
            took.append(time.monotonic() - began)
        self.free(engine)
        return median(took[_UNCOUNTED:])

    def new_engine(self, options: StreamOptions) -> Engine:
        """Return an engine for another stream."""
        backend = self._shared.new_stream() if self._shared else self._backend.new_stream()
        engine = StreamEngine(
            self._checkpoint, backend, window_turns=options.window_turns,
            fps=options.fps, max_answer_tokens=options.max_answer_tokens,
            still=StillScene() if options.still_scene else None, thresholds=options.thresholds,
            memory_tokens=options.memory_tokens)
        self._of[engine] = backend
        return engine

    def free(self, engine: Engine) -> None:
        """Give back what an engine holds."""
        backend = self._of.pop(engine)
        if isinstance(backend, SharedBatchStream):
            backend.close()


def _free_bytes(backend: Backend) -> int:
    """Return the free memory for caches: of the GPU where the backend has them there."""
    torch: Any = sys.modules.get('torch')   # where it is not loaded, a GPU cannot be asked
    if backend.static_shapes and torch is not None and torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    return memory_here()[1]


@dataclass(frozen=True)
class LoadCheckpoint:
    """
    Loads what a device serves, where that runs; picklable.

    :param name: ``nano``, or a directory that every machine sees at the same place
    """

    name: str
    backend: str = 'auto'
    threads: int = 0
    batched: bool = True

    def __call__(self) -> ServedModel:
        """Load it."""
        return ServedCheckpoint(self.name, self.backend, self.threads, self.batched)
