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

"""One camera of a recording as ``streamo watch`` watches it, and how its decisions are shown."""

import argparse
from functools import cached_property
import sys
import time

from streamo_ros.cli.progress import Progress
from streamo_ros.dialogue import answer_format
from streamo_ros.dialogue import AnswerFormat
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.errors import one_line
from streamo_ros.sources.camera_stream import Admission
from streamo_ros.sources.camera_stream import CameraStream
from streamo_ros.sources.camera_stream import Outcome
from streamo_ros.sources.frame import Frame


class WatchedCamera:
    """One camera of a recording: its own engine, for streams never influence one another."""

    def __init__(
        self, name: str, options: argparse.Namespace, thresholds: Thresholds,
        answer: AnswerFormat | None, progress: Progress,
    ) -> None:
        self.name = name
        self.frames = CameraStream(name, options.fps)
        self._options = options
        self._thresholds = thresholds
        self._answer = answer
        self._progress = progress
        self._said: dict[str, State] = {}
        self._first: int | None = None
        self._began = 0.0

    @cached_property
    def engine(self) -> StreamEngine:
        """Return the camera's engine; one that never shows a picture needs none."""
        options = self._options
        engine = StreamEngine.from_pretrained(
            options.checkpoint, backend=options.backend, window_turns=options.window,
            fps=options.fps, still=StillScene() if options.still else None,
            zero_shot=options.zero_shot, thresholds=self._thresholds,
            memory_tokens=options.memory, threads=options.threads)
        for text in options.instruction:
            engine.watch(text, answer=self._answer)
        self._said = {watch.instruction_id: State.SILENCE for watch in engine.watches}
        return engine

    def admit(self, frame: Frame, seconds: float) -> Admission:
        """Return the verdict on the next frame, and print what is amiss with it."""
        admission = self.frames.admit(frame.stamp, frame.check, frame.picture, frame.recorded)
        change = admission.change
        if change is not None and change.begins_anew:
            if self.frames.sampled:
                self.engine.reset()
            self._warn(seconds, f'{change.sentence}: watching goes on in a new epoch')
        elif change is not None:
            self._warn(seconds, change.sentence)
        if admission.outcome is Outcome.BAD and self.frames.bad[admission.cause] == 1:
            # The others of this kind are counted: a camera sends 30 a second.
            self._warn(
                seconds, f'{self.name}: bad image ({admission.cause}): {admission.reason}')
        return admission

    def wait(self, stamp: int, anew: bool) -> None:
        """
        Wait until a frame is due, as fast as it was recorded.

        :param anew: whether time jumped: what lies between is no time to wait for
        """
        if anew or self._first is None:
            self._first, self._began = stamp, time.monotonic()
        passed = time.monotonic() - self._began
        time.sleep(max(0.0, (stamp - self._first) * 1e-9 - passed))

    def report(self, name: str, decision: Decision, seconds: float) -> None:
        """Print a decision that differs from the one before, or that says something."""
        if decision.state is self._said[decision.instruction_id] and not decision.text:
            return
        self._said[decision.instruction_id] = decision.state
        where = f'{name}  ' if name else ''
        self._progress.print(
            f'{seconds:8.2f} s  {where}{decision.instruction_id}  '
            f'{decision.state.name.lower():8}  {decision.probabilities[decision.state]:.2f}  '
            f'{decision.text}'.rstrip() + (f'  {decision.data}' if decision.data else ''))
        if decision.data_error:
            self._warn(seconds, f'{decision.instruction_id}: no data: {decision.data_error}')

    def _warn(self, seconds: float, sentence: str) -> None:
        self._progress.print(f'{seconds:8.2f} s  {one_line(sentence)}', sys.stderr)


def read_format(options: argparse.Namespace) -> AnswerFormat | None:
    """
    Return what the options ask of answers beside their words.

    :raises InstructionError: when it makes no sense
    """
    schema = ''
    if options.schema:
        try:
            schema = options.schema.read_text(encoding='utf-8')
        except UnicodeDecodeError as error:
            raise InstructionError(f'{options.schema} is no text: {error}') from error
    return answer_format(options.choice or (), schema)
