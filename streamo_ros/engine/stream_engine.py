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

Instructions share one look at the frame and are neighbouring places of one batch; each has its
own sink, window and answers.

``watch`` and ``step`` belong to one thread. ``interrupt``, ``reset`` and a watch's ``cancel`` may
come from any, at any time: they only ask, and the thread that steps obeys, an answer under way
within one token, and in the cache before its next ``watch`` or ``step``.
"""

from collections import deque
from dataclasses import dataclass
from dataclasses import field
import math
from pathlib import Path
import threading

import numpy as np
from numpy.typing import NDArray

from streamo_ros.dialogue import clean_instruction
from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import instruction_pieces
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_pieces
from streamo_ros.dialogue import time_tag
from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.engine.batch import Batcher
from streamo_ros.engine.batch import PlannedChunk
from streamo_ros.engine.cache_layout import cache_layout
from streamo_ros.engine.cache_layout import CacheLayout
from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import MAX_ANSWER_TOKENS
from streamo_ros.engine.decision import MAX_INSTRUCTION_TOKENS
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.decision import StampError
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.static_scene import ImageFeatures
from streamo_ros.engine.static_scene import SceneMemory
from streamo_ros.engine.static_scene import StillScene
from streamo_ros.engine.thresholds import LIKELIEST
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.engine.window import WindowPlan
from streamo_ros.models import Checkpoint
from streamo_ros.models import load_checkpoint


@dataclass
class _Place:
    """
    One instruction's part of the engine: its plan, and the close it still has to feed.

    :param latched: whether the next Response waits for its probability to be released
    """

    watch: Watch
    given: int
    instruction: list[int]
    plan: WindowPlan | None = None
    close: list[int] = field(default_factory=list)
    latched: bool = False


class StreamEngine(Engine):
    """
    A checkpoint that watches one stream.

    :param window_turns: turns that stay in view; None takes what the checkpoint was trained on
    :param fps: ticks per second; sets the time tags
    :param still: what to save when little happens, which changes what is decided; None saves
        nothing
    :param thresholds: what makes a Response; as they come, the likeliest state is decided
    """

    _tick: int
    _layout: CacheLayout | None
    _batcher: Batcher

    def __init__(
        self, checkpoint: Checkpoint, backend: Backend, *, window_turns: int | None = None,
        fps: float = 1.0, max_answer_tokens: int = MAX_ANSWER_TOKENS,
        still: StillScene | None = None, thresholds: Thresholds = LIKELIEST,
    ) -> None:
        if fps <= 0:
            raise ValueError(f'fps is {fps}: give ticks per second above 0')
        self.checkpoint = checkpoint
        self.window_turns = window_turns or checkpoint.window_turns
        self.fps = fps
        self._rates = {fps}  # there is room for the time tags of each
        self._thresholds = thresholds
        self._still = still
        self._backend = backend
        self._max_answer_tokens = max_answer_tokens
        self._places: list[_Place] = []
        self._issued = self._given = 0
        self._primed = False
        self._stop = threading.Event()
        self._reset_requested = threading.Event()
        tokenizer = checkpoint.tokenizer
        self._system = tokenizer.encode(
            system_pieces(checkpoint.system_prompt, tokenizer.chat))
        self._ends = tokenizer.control_ids
        self._end = tokenizer.encode(close_turn(None, tokenizer.chat))
        self._closes = {
            state: tokenizer.encode(close_turn(state, tokenizer.chat)) for state in State}
        self._begin_stream()

    @classmethod
    def from_pretrained(
        cls, name: str | Path, *, backend: str = 'auto', window_turns: int | None = None,
        fps: float = 1.0, max_answer_tokens: int = MAX_ANSWER_TOKENS,
        still: StillScene | None = None, zero_shot: bool = False,
        thresholds: Thresholds = LIKELIEST,
    ) -> 'StreamEngine':
        """
        Load a checkpoint.

        :param name: ``nano`` or a directory in Hugging Face's layout
        :param backend: one of ``BACKENDS``
        :param still: as above
        :param thresholds: as above
        :param zero_shot: the checkpoint was not trained for this: ask it in words
        :raises CheckpointError: when the checkpoint cannot be used
        """
        checkpoint = load_checkpoint(name, zero_shot=zero_shot)
        return cls(
            checkpoint, new_backend(backend, checkpoint), window_turns=window_turns, fps=fps,
            max_answer_tokens=max_answer_tokens, still=still, thresholds=thresholds)

    def new_stream(self) -> 'StreamEngine':
        """Return an engine for another stream, over the same weights and for the same thread."""
        return StreamEngine(
            self.checkpoint, self._backend.new_stream(), window_turns=self.window_turns,
            fps=self.fps, max_answer_tokens=self._max_answer_tokens, still=self._still,
            thresholds=self._thresholds)

    @property
    def watches(self) -> tuple[Watch, ...]:
        """Return the standing instructions, oldest first."""
        return tuple(
            place.watch for place in sorted(self._places, key=lambda place: place.given)
            if not place.watch.cancelled)

    @property
    def visual_tokens_pruned(self) -> float:
        """Return the share of visual tokens that were left out since the stream began."""
        return self._dropped_tokens / max(self._given_tokens, 1)

    @property
    def skipped_frames(self) -> int:
        """Return how many frames since the stream began the vision tower was not run for."""
        return self._skipped_frames

    def watch(
        self, text: str, instruction_id: str | None = None, *, look_back: bool = False,
    ) -> Watch:
        """
        Add a standing instruction; it watches from the next frame on.

        :param instruction_id: a name of the caller's; None gives one
        :param look_back: see the window's earlier frames too, as if it had stood and been silent
            since; costs a tick of the language model for each of them, at once
        :raises InstructionError: when it is empty, too long, one too many, or its id is taken
        """
        self._apply_pending()
        text = clean_instruction(text)
        taken = {place.watch.instruction_id for place in self._places}
        if instruction_id in taken:
            raise InstructionError(
                f'instruction id {instruction_id!r} is taken: cancel it first or use another')
        if len(self._places) == MAX_INSTRUCTIONS:
            raise InstructionError(
                f'{MAX_INSTRUCTIONS} instructions stand already: cancel one first')
        ids = self.checkpoint.tokenizer.encode(instruction_pieces(text))
        if len(ids) > MAX_INSTRUCTION_TOKENS:
            raise InstructionError(
                f'the instruction has {len(ids)} tokens and may have {MAX_INSTRUCTION_TOKENS}: '
                'shorten it')
        while instruction_id is None or instruction_id in taken:
            self._issued += 1
            instruction_id = f'watch-{self._issued}'
        self._given += 1
        place = _Place(Watch(instruction_id, text, _cancel), self._given, ids)
        self._places.append(place)
        if self._layout:
            self._begin(len(self._places) - 1)
            if look_back:
                self._look_back(len(self._places) - 1)
        return place.watch

    def step(self, frame: NDArray[np.uint8], stamp: float) -> list[Decision]:
        """
        Take one frame and decide.

        :param frame: (H, W, 3) RGB; the first frame after a reset fixes the size that later
            ones are scaled to
        :param stamp: seconds, growing from call to call
        :returns: one decision per standing instruction, in the order they were given; none for
            one that was cancelled meanwhile
        :raises StampError: when the stamp does not grow; ``reset`` starts a new stream
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or not frame.size:
            raise ValueError(
                f'a frame is (height, width, 3) uint8 RGB, not {frame.shape} {frame.dtype}')
        self._stop.clear()
        self._apply_pending()
        self._advance(stamp)
        sight = self._encode_image(frame, stamp)
        if not self._places:
            return []
        self._given_tokens += len(sight.kept)
        self._dropped_tokens += int((~sight.kept).sum())
        opening = self._opening(self._tick)
        chunks = [(place.close, opening) for place in self._places]
        outputs = self._run(0, chunks, sight)
        decisions = []
        for index, place in enumerate(self._places):
            probabilities = outputs.probabilities[index]
            state = self._thresholds.decide(probabilities, place.latched)
            place.latched = self._thresholds.latches(probabilities, state, place.latched)
            text, complete = '', True
            place.close = self._closes[state]
            if state is State.RESPONSE:
                text, complete = self._answer(index)
            decisions.append(Decision(
                place.watch.instruction_id, state,
                (float(probabilities[0]), float(probabilities[1]), float(probabilities[2])),
                text, complete, stamp))
        order = sorted(range(len(decisions)), key=lambda index: self._places[index].given)
        return [
            decisions[index] for index in order if not self._places[index].watch.cancelled]

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
        self._thresholds = thresholds
        if self._tick >= 0:  # the latest tick of the new grid that has begun
            self._tick = math.floor(self._tick / self.fps * fps + 1e-6)
        self.fps = fps
        self._rates.add(fps)
        if self._layout:
            layout = self._layout_for(self._layout.frame)
            if layout.turn_rows > self._layout.turn_rows:
                self._backend.grow(layout.ring_rows)
                self._take(layout)
                for place in self._places:
                    if place.plan:
                        place.plan.grow(layout.turn_rows)

    def reset(self) -> None:
        """Start a new stream: windows and clock begin again, the instructions stay."""
        self._reset_requested.set()

    def interrupt(self) -> None:
        """Cut the answers of the step under way, within one token."""
        self._stop.set()

    def _apply_pending(self) -> None:
        """Carry out what was asked for since: a new stream, cancelled rows freed."""
        if self._reset_requested.is_set():
            self._reset_requested.clear()
            self._begin_stream()
        for index in reversed(range(len(self._places))):
            if self._places[index].watch.cancelled:
                last = self._places.pop()
                if index < len(self._places):
                    # The last takes the freed place: one copy, and places stay neighbours.
                    self._places[index] = last
                    if self._layout:
                        self._backend.copy(len(self._places), index)

    def _begin_stream(self) -> None:
        self._layout = None
        self._start: float | None = None
        self._last_stamp = 0.0
        self._tick = -1
        self._previous: NDArray[np.uint8] | None = None
        self._memory: SceneMemory | None = None
        self._encoded: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]] | None
        self._encoded = None
        # (tick, visual tokens) of the turns that the next one's window still shows
        self._seen: deque[tuple[int, NDArray[np.float32]]] = deque(maxlen=self.window_turns - 1)
        self._given_tokens = self._dropped_tokens = self._skipped_frames = 0

    def _advance(self, stamp: float) -> None:
        if self._start is None:
            self._start = stamp
        elif stamp <= self._last_stamp:
            raise StampError(
                f'stamp {stamp} does not lie after {self._last_stamp}: call reset() when a '
                'stream begins anew')
        self._last_stamp = stamp
        self._tick = max(self._tick + 1, round((stamp - self._start) * self.fps))

    def _encode_image(self, frame: NDArray[np.uint8], stamp: float) -> ImageFeatures:
        spec, vision = self.checkpoint.frame, self.checkpoint.vision
        layout = self._layout
        if layout is None:
            layout = self._layout_for(spec.target(frame.shape[0], frame.shape[1], vision.cell))
            self._memory = SceneMemory(self._still, vision.cell) if self._still else None
            self._allocate(layout)
        # A copy: the caller may fill the same array again.
        scaled = np.array(spec.scale(frame, layout.frame))
        if self._memory:
            scaled = self._memory.show(scaled, stamp, self._turns_in_view())
        before = self._previous if spec.pair and self._previous is not None else scaled
        self._previous = scaled
        if self._encoded and before is self._encoded[0] and scaled is self._encoded[1]:
            self._skipped_frames += 1
        else:
            tokens = self._backend.encode_image(spec.cut(before, scaled, vision), layout.grid)
            self._encoded = before, scaled, tokens
        tokens = self._encoded[2]
        self._seen.append((self._tick, tokens))
        kept = self._memory.keep(before, scaled) if self._memory else np.ones(
            tokens.shape[1], np.bool_)
        return ImageFeatures(tokens[:, kept], kept)

    def _opening(self, tick: int) -> list[int]:
        assert self._layout is not None
        rows, columns = self._layout.grid
        chat = self.checkpoint.tokenizer.chat
        return self.checkpoint.tokenizer.encode(
            open_turn(time_tag(tick, self.fps), chat), rows * columns)

    def _look_back(self, index: int) -> None:
        """Run the turns of the window for a new instruction, each of them silent."""
        place = self._places[index]
        for tick, tokens in self._seen:
            # Whole, whatever others were spared: it has none of what they already hold.
            sight = ImageFeatures(tokens, np.ones(tokens.shape[1], np.bool_))
            self._run(index, [(place.close, self._opening(tick))], sight)
            place.close = self._closes[State.SILENCE]

    def _turns_in_view(self) -> int:
        """Return how many of the turns before the next are sure to be in view of it."""
        live = [place.plan.live_turns if place.plan else 0 for place in self._places]
        return min([*live, self.window_turns - 1]) if live else 0

    def _layout_for(self, frame: tuple[int, int]) -> CacheLayout:
        return cache_layout(self.checkpoint, frame, self._rates, self.window_turns)

    def _take(self, layout: CacheLayout) -> None:
        self._layout = layout
        self._batcher = Batcher(self.checkpoint, self._backend, layout)

    def _allocate(self, layout: CacheLayout) -> None:
        self._take(layout)
        self._backend.allocate(layout.max_batch, layout.sink_rows, layout.ring_rows)
        self._primed = False
        for index in range(len(self._places)):
            self._begin(index)

    def _begin(self, index: int) -> None:
        """Run an instruction's sink; the system prompt's part is the same in every place."""
        place, layout = self._places[index], self._layout
        assert layout is not None
        place.close, place.latched = [], False
        place.plan = WindowPlan(
            window_turns=self.window_turns, turn_rows=layout.turn_rows,
            sink_length=len(self._system) + len(place.instruction),
            grid=layout.grid if self.checkpoint.decoder.mrope else None)
        if self._primed:
            if index:
                self._backend.copy_sink(0, index)
            ids, start = place.instruction, len(self._system)
        else:
            ids, start = self._system + place.instruction, 0
        piece = place.plan.turn_rows if self._backend.static_shapes else len(ids)
        for at in range(0, len(ids), piece):
            part = ids[at:at + piece]
            planned = PlannedChunk(np.asarray(part), place.plan.plan_sink(start + at, len(part)))
            self._backend.step(index, self._batcher.inputs([planned], None, into_sink=True))
        self._primed = True

    def _run(
        self, first: int, chunks: list[tuple[list[int], list[int]]], sight: ImageFeatures | None,
    ) -> StepOutputs:
        """Run (close, opening) of neighbouring places; an empty opening goes on with a turn."""
        plans = [_begun(place) for place in self._places[first:first + len(chunks)]]
        planned = self._batcher.plan(plans, chunks, sight)
        outputs = self._backend.step(first, self._batcher.inputs(planned, sight))
        for plan, part in zip(plans, planned, strict=True):
            plan.commit(part.chunk)
        return outputs

    def _answer(self, index: int) -> tuple[str, bool]:
        """Write an answer; what is said last stands in the cache with the turn's close."""
        place = self._places[index]
        plan = _begun(place)
        tokenizer = self.checkpoint.tokenizer
        said: list[int] = []
        unfed = tokenizer.encode([tokenizer.chat.states[State.RESPONSE]])
        room = min(self._max_answer_tokens, plan.answer_room - len(unfed))
        complete = False
        while len(said) < room and not (
                self._stop.is_set() or self._reset_requested.is_set() or place.watch.cancelled):
            outputs = self._run(index, [(unfed, [])], None)
            token = int(self._backend.compute_logits(outputs.hidden)[0].argmax())
            if token in self._ends:
                complete, unfed = True, []
                break
            said.append(token)
            unfed = [token]
        place.close = [*unfed, *self._end]
        return tokenizer.decode(said), complete


def _begun(place: _Place) -> WindowPlan:
    assert place.plan is not None
    return place.plan


def _cancel(watch: Watch) -> None:
    watch.cancelled = True
