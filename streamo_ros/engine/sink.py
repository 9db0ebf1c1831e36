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
The sink of each batch slot: the system prompt, the instruction, and the memory of answers.

Prompt and instruction are prefilled when a sequence begins, the prompt once for all of them. The
memory behind them has rows and positions of its own from the start, and is prefilled again after
an answer; where it is not full, the rows behind its end are masked.
"""

import numpy as np

from streamo_ros.dialogue import AnswerMemory
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import system_segments
from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.batch import Batcher
from streamo_ros.engine.batch import PlannedChunk
from streamo_ros.engine.cache_layout import CacheLayout
from streamo_ros.engine.sequence import Sequence
from streamo_ros.engine.window import WindowPlan
from streamo_ros.models import Checkpoint


class Sinks:
    """
    Prefills the sinks of one stream's sequences.

    :param memory_tokens: rows and positions for each memory; 0 has none
    :raises AnswerMemoryError: when they are too few for any memory
    """

    def __init__(self, checkpoint: Checkpoint, backend: Backend, memory_tokens: int) -> None:
        self._checkpoint, self._backend = checkpoint, backend
        self._memory_tokens = memory_tokens
        tokenizer = checkpoint.tokenizer
        self._system_ids = tokenizer.encode(
            system_segments(checkpoint.system_prompt, tokenizer.chat))
        self._system_prefilled = False
        self.new_memory()

    def use(self, layout: CacheLayout, batcher: Batcher) -> None:
        """Take what plans the stream's chunks from now on."""
        self._layout, self._batcher = layout, batcher

    def forget(self) -> None:
        """Know that the cache is empty: a new stream begins."""
        self._system_prefilled = False

    def new_memory(self) -> AnswerMemory:
        """Return a memory that holds no answer yet."""
        encode = self._checkpoint.tokenizer.encode
        return AnswerMemory(self._memory_tokens, lambda segments: len(encode(segments)))

    def instruction_ids(self, text: str) -> list[int]:
        """Return the token ids of an instruction, which follow those of the system prompt."""
        return self._checkpoint.tokenizer.encode(instruction_segments(text))

    def prefill(self, slot: int, sequence: Sequence) -> None:
        """Begin a sequence: run the prompt and its instruction, with nothing remembered."""
        own = len(self._system_ids) + len(sequence.instruction_ids)
        layout = self._layout
        sequence.begin(WindowPlan(
            window_turns=layout.window_turns, turn_rows=layout.turn_rows,
            sink_length=own + self._memory_tokens,
            grid=layout.grid if self._checkpoint.decoder.mrope else None), self.new_memory())
        if self._system_prefilled:
            if slot:
                self._backend.copy_sink(0, slot)
            self._run(slot, sequence, sequence.instruction_ids, len(self._system_ids))
        else:
            self._run(slot, sequence, self._system_ids + sequence.instruction_ids, 0)
        self._system_prefilled = True

    def refresh(self, slot: int, sequence: Sequence) -> None:
        """Run what a sequence remembers behind its instruction, if it has changed since."""
        if sequence.remembered_more:
            self._run(
                slot, sequence, self._checkpoint.tokenizer.encode(sequence.memory.segments()),
                len(self._system_ids) + len(sequence.instruction_ids))
            sequence.remembered_more = False

    def _run(self, slot: int, sequence: Sequence, ids: list[int], start: int) -> None:
        """Run tokens behind the first ``start`` of the sink; they are its last ones in use."""
        window = sequence.window
        step = self._layout.turn_rows if self._backend.static_shapes else max(len(ids), 1)
        for at in range(0, len(ids), step):
            prefill_chunk = np.asarray(ids[at:at + step])
            planned = PlannedChunk(
                prefill_chunk, window.plan_sink(start + at, len(prefill_chunk)))
            self._backend.step(slot, self._batcher.inputs([planned], None, into_sink=True))
        window.visible_sink_rows = start + len(ids)
