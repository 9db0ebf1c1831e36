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

"""What engines have in common that compute elsewhere: in a process of their own, on a server."""

from abc import ABC
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from streamo_ros.engine.decision import Decision
from streamo_ros.engine.decision import Engine
from streamo_ros.engine.decision import Watch
from streamo_ros.engine.process.protocol import read_decision


class CalledEngine(Engine, ABC):
    """An engine that is called: it keeps the watches, and what the latest answer said."""

    def __init__(self) -> None:
        self._visual_tokens_pruned = 0.0
        self._skipped_frames = 0
        self._seconds: dict[str, float] = {}
        self._watches: dict[str, Watch] = {}

    @abstractmethod
    def _control(self, name: str, instruction_id: str = '') -> None:
        """Send ``reset``, ``interrupt`` or ``cancel``, which have no answer, from any thread."""

    @property
    def visual_tokens_pruned(self) -> float:
        """Return the share of visual tokens that were left out since the stream began."""
        return self._visual_tokens_pruned

    @property
    def skipped_frames(self) -> int:
        """Return how many frames since the stream began the vision tower was not run for."""
        return self._skipped_frames

    @property
    def seconds(self) -> Mapping[str, float]:
        """Return what the seconds of all steps so far went into, by ``stopwatch.PARTS``."""
        return self._seconds

    def reset(self) -> None:
        """Start a new stream: windows and clock begin again, the instructions stay."""
        self._control('reset')

    def interrupt(self) -> None:
        """Cut the answers of the step under way, within one token."""
        self._control('interrupt')

    def _add(self, reply: Mapping[str, Any]) -> Watch:
        """Return the watch that an answer to ``watch`` tells of."""
        watch = Watch(str(reply['instruction_id']), str(reply['text']), self._cancel)
        self._watches[watch.instruction_id] = watch
        return watch

    def _decided(
        self, before: Mapping[str, Watch], stamp: float, reply: Mapping[str, Any],
    ) -> list[Decision]:
        """
        Return the decisions of an answer to ``step``, without those cancelled meanwhile.

        :param before: the watches that stood when the frame was sent, by id
        :raises ValueError: or another of Python's own errors, when the answer is garbage
        """
        decisions = [read_decision(stamp, fields) for fields in reply['decisions']]
        decided = [decision.instruction_id for decision in decisions]
        expected = [id for id, watch in before.items() if not watch.cancelled or id in decided]
        if decided != expected:
            raise ValueError(f'decisions about {decided}, not about {expected}')
        self._visual_tokens_pruned = float(reply['visual_tokens_pruned'])
        self._skipped_frames = int(reply['skipped_frames'])
        self._seconds = {part: float(reply['seconds'][part]) for part in reply['seconds']}
        return [decision for decision in decisions
                if not before[decision.instruction_id].cancelled]

    def _cancel(self, watch: Watch) -> None:
        watch.cancelled = True
        if self._watches.pop(watch.instruction_id, None) is watch:
            self._control('cancel', watch.instruction_id)
