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
The engine: one frame in, one decision per standing instruction out.

A frame is encoded once for all instructions. Each instruction is a sequence of its own, with its
sink, window and answers, and takes one slot of the batch; occupied slots are neighbours.

``watch``, ``step``, ``reconfigure`` and ``restart`` belong to one thread. ``interrupt``, ``reset``
and a watch's ``cancel`` may come from any thread, at any time. They only leave a request: an
answer under way stops within one token, and the cache changes at the next ``watch`` or ``step``.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import math
from pathlib import Path
import threading
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import Text
from streamo_ros.dialogue import time_tag
from streamo_ros.engine.answering import Answer
from streamo_ros.engine.answering import decode_answer
from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.backends.factory import holds_engines
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.engine.batch import Batcher
from streamo_ros.engine.cache_layout import cache_layout
from streamo_ros.engine.cache_layout import CacheLayout
from streamo_ros.engine.constrained import AnswerGrammar
from streamo_ros.engine.decision import check_finite
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import MAX_ANSWER_TOKENS
from streamo_ros.engine.decision import MAX_INSTRUCTION_TOKENS
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.decision import StampError
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.footprint import check_fits
from streamo_ros.engine.footprint import footprint
from streamo_ros.engine.frame_encoder import FrameEncoder
from streamo_ros.engine.sequence import Sequence
from streamo_ros.engine.sink import Sinks
from streamo_ros.engine.static_scene import ImageFeatures
from streamo_ros.engine.static_scene import StillScene
from streamo_ros.engine.stopwatch import Stopwatch
from streamo_ros.engine.thresholds import LIKELIEST
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.models import Checkpoint
from streamo_ros.models import load_checkpoint

E = TypeVar('E', bound='StreamEngine')


class StreamEngine(Engine):
    """
    A checkpoint that watches one stream.

    :param window_turns: turns that stay in view; None takes what the checkpoint was trained on
    :param fps: ticks per second; sets the time tags
    :param still: what to save in a static scene, which changes what is decided; None saves nothing
    :param thresholds: when a tick is a Response; by default as the checkpoint says, and where it
        says nothing the likeliest state is decided
    :param memory_tokens: for the text of what was answered, which stays in view; 0 has none, None
        takes what the checkpoint was trained with
    :raises AnswerMemoryError: when they are too few for any memory
    """

    _tick: int
    _visual_tokens: int
    _pruned_visual_tokens: int
    # Known from a stream's first frame on
    _encoder: FrameEncoder | None
    _layout: CacheLayout
    _batcher: Batcher

    def __init__(
        self, checkpoint: Checkpoint, backend: Backend, *, window_turns: int | None = None,
        fps: float = 1.0, max_answer_tokens: int = MAX_ANSWER_TOKENS,
        still: StillScene | None = None, thresholds: Thresholds = LIKELIEST,
        memory_tokens: int | None = None,
    ) -> None:
        if fps <= 0:
            raise ValueError(f'fps is {fps}: give ticks per second above 0')
        self.checkpoint = checkpoint
        self.window_turns = window_turns or checkpoint.window_turns
        self.memory_tokens = checkpoint.memory_tokens if memory_tokens is None else memory_tokens
        self.fps = fps
        self._thresholds = thresholds.over(checkpoint.response_threshold)
        self._still = still
        self._backend = backend
        self._max_answer_tokens = max_answer_tokens
        self._sequences: list[Sequence] = []  # by batch slot
        self._given = self._named = 0
        self._sinks = Sinks(checkpoint, backend, self.memory_tokens)
        self._stopwatch = Stopwatch()
        self._stop = threading.Event()
        self._reset_requested = threading.Event()
        tokenizer = checkpoint.tokenizer
        self._stop_ids = tokenizer.control_ids
        self._answer_close = tokenizer.encode(close_turn(None, tokenizer.chat))
        self._line_break = tokenizer.encode([Text('\n')])
        self._closes = {
            state: tokenizer.encode(close_turn(state, tokenizer.chat)) for state in State}
        self._begin_stream()

    @classmethod
    def from_pretrained(
        cls: type[E], name: str | Path, *, backend: str = 'auto', window_turns: int | None = None,
        fps: float = 1.0, max_answer_tokens: int = MAX_ANSWER_TOKENS,
        still: StillScene | None = None, zero_shot: bool = False,
        thresholds: Thresholds = LIKELIEST, memory_tokens: int | None = None, threads: int = 0,
    ) -> E:
        """
        Load a checkpoint.

        :param name: ``nano`` or a directory in Hugging Face's layout
        :param backend: one of ``BACKENDS``
        :param still: as above
        :param thresholds: as above
        :param memory_tokens: as above
        :param zero_shot: the checkpoint was not trained for this: ask it in words
        :param threads: to compute with, at most; 0 takes as many as the process was given cores
        :raises CheckpointError: when the checkpoint cannot be used
        """
        checkpoint = load_checkpoint(name, zero_shot=zero_shot)
        if backend in ('auto', 'onnxruntime') and not holds_engines(checkpoint.directory):
            check_fits(footprint(checkpoint, window_turns=window_turns, fps=fps), checkpoint)
        return cls(
            checkpoint, new_backend(backend, checkpoint, threads), window_turns=window_turns,
            fps=fps, max_answer_tokens=max_answer_tokens, still=still, thresholds=thresholds,
            memory_tokens=memory_tokens)

    def new_stream(self) -> 'StreamEngine':
        """Return an engine for another stream, over the same weights and for the same thread."""
        return StreamEngine(
            self.checkpoint, self._backend.new_stream(), window_turns=self.window_turns,
            fps=self.fps, max_answer_tokens=self._max_answer_tokens, still=self._still,
            thresholds=self._thresholds, memory_tokens=self.memory_tokens)

    @property
    def watches(self) -> tuple[Watch, ...]:
        """Return the standing instructions, oldest first."""
        return tuple(
            sequence.watch for sequence in sorted(self._sequences, key=_number)
            if not sequence.watch.cancelled)

    @property
    def visual_tokens_pruned(self) -> float:
        """Return the share of visual tokens that were left out since the stream began."""
        return self._pruned_visual_tokens / max(self._visual_tokens, 1)

    @property
    def skipped_frames(self) -> int:
        """Return how many frames since the stream began the vision tower was not run for."""
        return self._encoder.skipped_frames if self._encoder else 0

    @property
    def seconds(self) -> Mapping[str, float]:
        """Return what the seconds of all steps so far went into, by ``stopwatch.PARTS``."""
        return self._stopwatch.seconds

    def watch(
        self, text: str, instruction_id: str | None = None, *, look_back: bool = False,
        answer: AnswerFormat | None = None,
    ) -> Watch:
        """
        Add a standing instruction; it watches from the next frame on.

        :param instruction_id: a name of the caller's; None gives one
        :param look_back: see the window's earlier frames too, as if it had stood and been silent
            since; costs a tick of the language model for each of them, at once
        :param answer: what its answers have beside their words, which stay as they are
        :raises InstructionError: when it is empty, too long, one too many, or its id is taken,
            and when no answer can be of that format
        """
        self._apply_pending()
        text = clean_instruction(text)
        taken = {sequence.watch.instruction_id for sequence in self._sequences}
        if instruction_id in taken:
            raise InstructionError(
                f'instruction id {instruction_id!r} is taken: cancel it first or use another')
        if len(self._sequences) == MAX_INSTRUCTIONS:
            raise InstructionError(
                f'{MAX_INSTRUCTIONS} instructions stand already: cancel one first')
        ids = self._sinks.instruction_ids(text)
        if len(ids) > MAX_INSTRUCTION_TOKENS:
            raise InstructionError(
                f'the instruction has {len(ids)} tokens and may have {MAX_INSTRUCTION_TOKENS}: '
                'shorten it')
        grammar = AnswerGrammar(answer, self.checkpoint.tokenizer) if answer else None
        while instruction_id is None or instruction_id in taken:
            self._named += 1
            instruction_id = f'watch-{self._named}'
        self._given += 1
        sequence = Sequence(Watch(instruction_id, text, _cancel), self._given, ids, grammar)
        slot = len(self._sequences)
        if self._encoder:
            self._sinks.prefill(slot, sequence)
        self._sequences.append(sequence)
        if self._encoder and look_back:
            self._look_back(slot, self._encoder)
        return sequence.watch

    def step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        """
        Take one frame and decide.

        :param frame: (H, W, 3) RGB; the first frame after a reset fixes the size that later
            ones are scaled to
        :param stamp: seconds, growing from call to call
        :returns: one decision per standing instruction, in the order they were given; none for
            one that was cancelled meanwhile
        :raises StampError: when the stamp does not grow; ``reset`` starts a new stream
        :raises ModelError: when what the model computes is not finite
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or not frame.size:
            raise ValueError(
                f'a frame is (height, width, 3) uint8 RGB, not {frame.shape} {frame.dtype}')
        with self._stopwatch.part('other'):
            return self._step(frame, stamp)

    def _step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        self._stop.clear()
        self._apply_pending()
        self._advance(stamp)
        if self._encoder is None:
            self._encoder = self._open(frame)
        features = self._encoder.encode(frame, stamp, self._tick, self._turns_in_view())
        if not self._sequences:
            return []
        for slot, sequence in enumerate(self._sequences):
            self._sinks.refresh(slot, sequence)
        self._visual_tokens += len(features.kept)
        self._pruned_visual_tokens += int((~features.kept).sum())
        opening = self._opening(self._tick)
        with self._stopwatch.part('step'):
            outputs = self._run(
                0, [(sequence.close, opening) for sequence in self._sequences], features)
        decisions = []
        for slot, sequence in enumerate(self._sequences):
            probabilities = outputs.probabilities[slot]
            state = self._thresholds.decide(probabilities, sequence.latched)
            sequence.latched = self._thresholds.latches(probabilities, state, sequence.latched)
            answer = Answer([])
            sequence.close = self._closes[state]
            if state is State.RESPONSE:
                with self._stopwatch.part('sampling'):
                    answer = self._answer(slot)
            text = self.checkpoint.tokenizer.decode(answer.ids)
            sequence.remember(state, self._tick / self.fps, text)
            decisions.append((sequence, Decision(
                sequence.watch.instruction_id, state,
                (float(probabilities[0]), float(probabilities[1]), float(probabilities[2])),
                text, answer.complete, stamp, answer.data, answer.data_error)))
        decisions.sort(key=lambda decided: _number(decided[0]))
        return [decision for sequence, decision in decisions if not sequence.watch.cancelled]

    def reconfigure(self, fps: float, thresholds: Thresholds) -> None:
        """
        Go on at another rate and with other thresholds, from the next frame on.

        Nothing is lost: windows, answers and the stream's clock go on. Turns that were seen keep
        their time tags; those to come have tags as long as the new period, at whole multiples of
        it since the stream began, each beginning after the one before it (the first may begin
        before that one's end). The window shows as many turns as before, so it spans more seconds
        or fewer.

        :param fps: ticks per second
        :raises ValueError: when fps is not above 0
        :raises CheckpointError: when the new time tags are longer, and the backend's shapes fixed
        """
        if fps <= 0:
            raise ValueError(f'fps is {fps}: give ticks per second above 0')
        self._thresholds = thresholds.over(self.checkpoint.response_threshold)
        if self._tick >= 0:  # the latest tick of the new grid that has begun
            self._tick = math.floor(self._tick / self.fps * fps + 1e-6)
        self.fps = fps
        if self._encoder:  # what is in view has its room; only longer tags to come need more
            layout = self._layout_for(self._layout.frame)
            if layout.turn_rows > self._layout.turn_rows:
                self._backend.grow(layout.ring_rows)
                self._use(layout)
                for sequence in self._sequences:
                    sequence.window.grow(layout.turn_rows)

    def reset(self) -> None:
        """Start a new stream: windows and clock begin again, the instructions stay."""
        self._reset_requested.set()

    def restart(self, instructions: Iterable[str] = ()) -> list[Watch]:
        """
        Start a new stream with new instructions in place of those that stand.

        It belongs to the thread that steps.

        :raises InstructionError: when one of them cannot be taken
        """
        self.reset()
        for watch in self.watches:
            watch.cancel()
        return [self.watch(text) for text in instructions]

    def interrupt(self) -> None:
        """Cut the answers of the step under way, within one token."""
        self._stop.set()

    def _apply_pending(self) -> None:
        """Do what was requested since: begin a new stream, free the slots that were cancelled."""
        if self._reset_requested.is_set():
            self._reset_requested.clear()
            self._begin_stream()
        for slot in reversed(range(len(self._sequences))):
            if self._sequences[slot].watch.cancelled:
                last = self._sequences.pop()
                if slot < len(self._sequences):
                    # The last sequence moves into the freed slot: one copy, and no gap.
                    self._sequences[slot] = last
                    if self._encoder:
                        self._backend.copy(len(self._sequences), slot)

    def _begin_stream(self) -> None:
        self._start: float | None = None
        self._last_stamp = 0.0
        self._tick = -1
        self._encoder = None
        self._visual_tokens = self._pruned_visual_tokens = 0

    def _advance(self, stamp: float) -> None:
        """Take the tick that a stamp falls on: the nearest one, but after the last one."""
        if not math.isfinite(stamp):
            raise StampError(f'stamp {stamp} is no time: give seconds')
        if self._start is None:
            self._start = stamp
        elif stamp <= self._last_stamp:
            raise StampError(
                f'stamp {stamp} does not lie after {self._last_stamp}: call reset() when a '
                'stream begins anew')
        self._last_stamp = stamp
        self._tick = max(self._tick + 1, round((stamp - self._start) * self.fps))

    def _open(self, frame: NDArray[np.uint8]) -> FrameEncoder:
        """Fix all shapes by the first frame of a stream, and prefill every sequence."""
        spec, cell = self.checkpoint.frame, self.checkpoint.vision.cell
        layout = self._layout_for(spec.target(frame.shape[0], frame.shape[1], cell))
        self._use(layout)
        self._backend.allocate(layout.max_batch, layout.sink_rows, layout.ring_rows)
        self._sinks.forget()
        for slot, sequence in enumerate(self._sequences):
            self._sinks.prefill(slot, sequence)
        return FrameEncoder(self.checkpoint, self._backend, layout, self._still, self._stopwatch)

    def _layout_for(self, frame: tuple[int, int]) -> CacheLayout:
        return cache_layout(
            self.checkpoint, frame, self.fps, self.window_turns, self.memory_tokens)

    def _use(self, layout: CacheLayout) -> None:
        self._layout = layout
        self._batcher = Batcher(self.checkpoint, self._backend, layout)
        self._sinks.use(layout, self._batcher)

    def _opening(self, tick: int) -> list[int]:
        """Return the token ids of a turn up to where its state token is due."""
        rows, columns = self._layout.grid
        chat = self.checkpoint.tokenizer.chat
        return self.checkpoint.tokenizer.encode(
            open_turn(time_tag(tick, self.fps), chat), rows * columns)

    def _look_back(self, slot: int, encoder: FrameEncoder) -> None:
        """Run the window's turns for a new sequence, each of them silent."""
        sequence = self._sequences[slot]
        for tick, tokens in encoder.recent:
            # All visual tokens: those that are pruned for others are not in this window yet.
            features = ImageFeatures(tokens, np.ones(tokens.shape[1], np.bool_))
            self._run(slot, [(sequence.close, self._opening(tick))], features)
            sequence.close = self._closes[State.SILENCE]

    def _turns_in_view(self) -> int:
        """Return how many of the turns before the next are sure to be in view of it."""
        if not self._sequences:
            return 0
        live = [sequence.window.live_turns for sequence in self._sequences]
        return min(*live, self.window_turns - 1)

    def _run(
        self, first: int, parts: list[tuple[list[int], list[int]]],
        features: ImageFeatures | None,
    ) -> StepOutputs:
        """Run (close, opening) of slots from ``first`` on; no opening goes on with the turn."""
        windows = [sequence.window for sequence in self._sequences[first:first + len(parts)]]
        planned = self._batcher.plan(windows, parts, features)
        outputs = self._backend.step(first, self._batcher.inputs(planned, features))
        check_finite(outputs.states, outputs.hidden)
        for window, part in zip(windows, planned, strict=True):
            window.commit(part.chunk)
        return outputs

    def _answer(self, slot: int, opening: str = '') -> Answer:
        sequence, tokenizer = self._sequences[slot], self.checkpoint.tokenizer

        def feed(ids: list[int]) -> Floats:
            outputs = self._run(slot, [(ids, [])], None)
            logits: Floats = self._backend.compute_logits(outputs.hidden)[0]
            check_finite(logits)
            return logits

        def cut() -> bool:
            return (self._stop.is_set() or self._reset_requested.is_set()
                    or sequence.watch.cancelled)

        return decode_answer(
            feed, cut, sequence,
            tokenizer.encode([tokenizer.chat.states[State.RESPONSE], Text(opening)]),
            self._line_break, self._answer_close, self._stop_ids, self._max_answer_tokens)


def _number(sequence: Sequence) -> int:
    return sequence.number


def _cancel(watch: Watch) -> None:
    watch.cancelled = True
