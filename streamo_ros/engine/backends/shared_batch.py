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
Several streams over one cache: what they ask for at the same time is one forward.

A ``SharedBatch`` takes a backend and gives each stream a ``Backend`` of its own, to be called
from the stream's thread. Each equals a backend with a cache of its own, up to the rounding of
products of other sizes.

Slots
    The cache has slots for all streams. A stream's slot 0, 1 and so on lie in any of them: in
    whichever were free when it first used its own. A step names the slots it is for, so no slot
    has to be moved, and those of others are neither read nor written. A stream gives its slots
    back when it begins anew (``allocate``) and when it is closed. The slot of an instruction that
    was cancelled stays with the stream for its next one, as its memory does in a cache of its
    own: the backend is not told.
Rows
    Rings and sinks have as many rows as the stream that needs most (frame size, rate and window
    may all differ). A stream knows of its own rows alone: its masks end there, and it only writes
    there. Where one needs more, they are added behind the last; what others have stays.
Positions and masks
    Come with each chunk. Chunks of a like width are padded to the widest (``padded_batch``).
    Prefills of a sink, much longer than turns, run alone.
Threads
    One thread computes: the backend is called by no other, but for ``embed``, which only reads a
    table. A stream's thread puts down what it asks for and waits for that alone. What comes next
    says ``batch_queue``; in short, whatever is there when the last forward ends is the next
    batch. Only for streams that were just given their visual tokens does a batch wait, two
    milliseconds at most: without, the last one always came too late, and was a forward of its
    own.
No deadlock
    The computing thread waits for a request, and those milliseconds; streams' threads wait for
    nothing but it. So a stream that is slow, answers token by token, has no instruction, or
    whose thread died, holds up nobody. One that is interrupted while it waits takes its request
    back; if it is being computed already, nobody takes the result, and the rows it wrote count
    as empty, because the stream's window does not have them.
Failures
    Where a forward of several streams fails, each of them is run alone: only whose own fails is
    told. A step may be run again, since it writes only rows that were free.
"""

from collections.abc import Callable
from contextlib import suppress
import heapq
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import InstructionError
from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import SlotBackend
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.backends.batch_queue import BatchQueue
from streamo_ros.engine.backends.batch_queue import Request
from streamo_ros.engine.backends.padded_batch import padded_batch
from streamo_ros.engine.backends.padded_batch import unbatched
from streamo_ros.models import CheckpointError

_LINGER_S = 0.002
"""
Longest that waiting steps wait for streams that were just served; from its visual tokens to its
step it is a matter of planning one chunk.
"""


class ClosedError(RuntimeError):
    """A stream, or what computes for it, is closed."""


class SharedBatch:
    """
    One backend for the streams of many threads.

    ``forwards`` and ``chunks`` count what was run together so far: steps of the backend, and
    those of the streams in them.

    :param backend: taken over with its cache; nobody else may call it
    :param slots: at most, of all streams together; ``MAX_INSTRUCTIONS`` for each is always enough
    :param linger_s: how long waiting steps wait for streams that were just served, at most
    :raises CheckpointError: when the backend's shapes are fixed
    """

    def __init__(
        self, backend: Backend, slots: int, linger_s: float = _LINGER_S,
    ) -> None:
        if backend.static_shapes or not isinstance(backend, SlotBackend):
            raise CheckpointError(
                'this backend runs shapes that are fixed, for one stream: give each stream its '
                'own, or choose the backend onnxruntime to run several in one batch')
        self._backend = backend
        self._limit = slots
        self._linger_s = linger_s
        self.forwards = self.chunks = 0
        # Of the computing thread alone
        self._free: list[int] = []
        self._slots = self._sink_rows = self._ring_rows = 0
        # Of all threads
        self._changed = threading.Condition()
        self._queue = BatchQueue()
        self._streams = self._made = 0
        self._closed = False
        self._thread = threading.Thread(target=self._compute, name='shared batch', daemon=True)
        self._thread.start()

    def new_stream(self) -> 'SharedBatchStream':
        """
        Return a backend for another stream; its ``close`` ends it.

        :raises ClosedError: when this is closed
        """
        with self._changed:
            if self._closed:
                raise ClosedError('the shared batch is closed')
            self._streams += 1
            self._made += 1
            return SharedBatchStream(self, self._backend, self._made)

    def close(self) -> None:
        """End the computing thread; who still waits gets a ``ClosedError``."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def ask(self, request: Request) -> Any:
        """
        Have the computing thread do something, and return what comes of it.

        :raises ClosedError: when the stream or this is closed
        """
        with self._changed:
            if self._closed:
                raise ClosedError('the shared batch is closed')
            self._queue.add(request)
            self._changed.notify()
        try:
            return request.future.result()
        except BaseException:
            request.future.cancel()  # of an interrupted thread; of others it has ended
            raise

    # What follows runs in the computing thread.

    def hold_rows(self, sink_rows: int, ring_rows: int) -> None:
        """Have so many rows in every slot."""
        before = self._sink_rows, self._ring_rows
        sink_rows, ring_rows = max(before[0], sink_rows), max(before[1], ring_rows)
        if self._slots and (sink_rows, ring_rows) != before:
            self._backend.enlarge(self._slots, sink_rows, ring_rows)
        self._sink_rows, self._ring_rows = sink_rows, ring_rows

    def claim(self, slots: list[int], count: int) -> list[int]:
        """
        Add free slots to a stream's until it has so many, and return them.

        :raises InstructionError: when too few are free
        """
        while len(slots) < count:
            if not self._free:
                self._add_slots()
            slots.append(heapq.heappop(self._free))
        return slots

    def _add_slots(self) -> None:
        slots = min(max(1, 2 * self._slots), self._limit)
        if slots == self._slots:
            raise InstructionError(
                f'all {slots} batch slots are taken, one by each instruction: cancel some of '
                'another stream and reset it, or close it')
        if self._slots:
            self._backend.enlarge(slots, self._sink_rows, self._ring_rows)
        else:
            self._backend.allocate(slots, self._sink_rows, self._ring_rows)
        self._free = list(range(self._slots, slots))  # in order, so a heap
        self._slots = slots

    def give_back(self, slots: list[int]) -> None:
        """Take a stream's slots from it."""
        for slot in slots:
            heapq.heappush(self._free, slot)
        slots.clear()

    def end(self, stream: 'SharedBatchStream', slots: list[int]) -> None:
        """Forget a stream."""
        self.give_back(slots)
        with self._changed:
            self._streams -= 1
            self._queue.served.discard(stream)

    def run_step(self, slots: list[int], inputs: StepInputs) -> StepOutputs:
        """Run a chunk for some slots of the cache."""
        self.forwards += 1
        self.chunks += 1
        return self._backend.step_slots(slots, inputs)

    def _run_together(self, requests: list[Request]) -> list[StepOutputs] | list[Floats]:
        return self._run_steps(requests) if requests[0].inputs else self._run_head(requests)

    def _run_head(self, requests: list[Request]) -> list[Floats]:
        hidden = [request.hidden for request in requests if request.hidden is not None]
        ends = np.cumsum([len(rows) for rows in hidden])[:-1]
        return np.split(self._backend.compute_logits(np.concatenate(hidden)), ends)

    def _run_steps(self, requests: list[Request]) -> list[StepOutputs]:
        parts = [request.inputs for request in requests if request.inputs]
        slots = [
            slot for request, part in zip(requests, parts, strict=True)
            for slot in request.stream.take_slots(request.first, len(part.embeds))]
        outputs = unbatched(self._backend.step_slots(slots, padded_batch(parts)), parts)
        self.forwards += 1
        self.chunks += len(parts)
        return outputs

    def _compute(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closed)
                if self._closed:
                    for request in self._queue.empty():
                        if request.future.set_running_or_notify_cancel():
                            request.future.set_exception(
                                ClosedError('the shared batch was closed'))
                    return
                self._changed.wait_for(
                    lambda: self._closed or self._queue.ready(), self._linger_s)
                taken = self._queue.take(self._streams)
            self._answer([
                request for request in taken if request.future.set_running_or_notify_cancel()])

    def _answer(self, requests: list[Request]) -> None:
        """Do what was asked for; whatever goes wrong is for whoever asked."""
        if len(requests) > 1:
            # In one order, however they came: what is kept of the sinks from tick to tick stays.
            requests.sort(key=lambda request: request.stream.number)
            try:
                outputs = self._run_together(requests)
            except Exception:  # each alone, below, to find whose it is
                pass
            else:
                for request, output in zip(requests, outputs, strict=True):
                    request.future.set_result(output)
                return
        for request in requests:
            try:
                result = request.run()
            except BaseException as error:
                request.future.set_exception(error)
            else:
                request.future.set_result(result)


class SharedBatchStream:
    """
    The backend of one stream.

    :param number: of this stream among all that were ever made
    """

    static_shapes = False

    def __init__(self, shared: SharedBatch, backend: SlotBackend, number: int) -> None:
        self.dtype = backend.dtype
        self.number = number
        self._shared = shared
        self._backend = backend
        # Of the computing thread alone
        self._slots: list[int] = []
        self._closed = False

    def close(self) -> None:
        """Give the slots back; what is asked for later is refused with a ``ClosedError``."""
        with suppress(ClosedError):
            self._ask(self._end)

    def new_stream(self) -> 'SharedBatchStream':
        """Return the backend of another stream, for any thread."""
        return self._shared.new_stream()

    def encode_image(self, patches: NDArray[np.uint8], grid: tuple[int, int]) -> Floats:
        """Return the visual tokens of a frame's cut patches, (1 + D, rows * columns, hidden)."""
        tokens: Floats = self._ask(lambda: self._backend.encode_image(patches, grid))
        return tokens

    def embed(self, ids: NDArray[np.int64]) -> Floats:
        """Return the embeddings, (S, hidden), of token ids."""
        return self._backend.embed(ids)

    def compute_logits(self, hidden: Floats) -> Floats:
        """Return the logits of the whole vocabulary, (B, vocabulary)."""
        logits: Floats = self._ask(
            lambda: self._backend.compute_logits(hidden), hidden=hidden)
        return logits

    def allocate(self, max_batch: int, sink_rows: int, ring_rows: int) -> None:
        """Begin anew, without slots; each is taken when it is first used."""
        def begin() -> None:
            self._shared.give_back(self._slots)
            self._shared.hold_rows(sink_rows, ring_rows)

        self._ask(begin)

    def grow(self, ring_rows: int) -> None:
        """Add empty rows behind the last one of the rings; what is in the cache stays."""
        self._ask(lambda: self._shared.hold_rows(0, ring_rows))

    def step(self, first: int, inputs: StepInputs) -> StepOutputs:
        """
        Run a chunk for the slots from ``first`` on, and write its keys and values.

        :raises InstructionError: when a slot is used for the first time and none is free
        """
        outputs: StepOutputs = self._ask(
            lambda: self._shared.run_step(self.take_slots(first, len(inputs.embeds)), inputs),
            first, None if inputs.into_sink else inputs)
        return outputs

    def copy(self, source: int, target: int) -> None:
        """Copy the cache of one slot to another."""
        self._ask(lambda: self._backend.copy(*self._both(source, target)))

    def copy_sink(self, source: int, target: int) -> None:
        """Copy the sink of one slot to another, whose ring stays."""
        self._ask(lambda: self._backend.copy_sink(*self._both(source, target)))

    def take_slots(self, first: int, count: int) -> list[int]:
        """
        Return where the slots from ``first`` on lie; for the computing thread.

        :raises InstructionError: when one is used for the first time and none is free
        :raises ClosedError: when this is closed
        """
        self._check_open()
        return self._shared.claim(self._slots, first + count)[first:first + count]

    def _both(self, source: int, target: int) -> tuple[int, int]:
        self.take_slots(0, max(source, target) + 1)
        return self._slots[source], self._slots[target]

    def _end(self) -> None:
        self._closed = True
        self._shared.end(self, self._slots)

    def _ask(
        self, run: Callable[[], Any], first: int = 0, inputs: StepInputs | None = None,
        hidden: Floats | None = None,
    ) -> Any:
        def unless_closed() -> Any:
            self._check_open()
            return run()

        return self._shared.ask(Request(self, unless_closed, first, inputs, hidden))

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError('the stream is closed')
