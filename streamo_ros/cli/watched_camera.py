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
import io
import json
from pathlib import Path
import sys
from typing import TextIO

from streamo_ros.cli.progress import Progress
from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.output import lines_with
from streamo_ros.output import opened
from streamo_ros.sources.camera_stream import Admission
from streamo_ros.sources.camera_stream import CameraStream
from streamo_ros.sources.camera_stream import Outcome
from streamo_ros.sources.recording import Frame


class WatchedCamera:
    """One camera of a recording: its own engine, for streams never influence one another."""

    def __init__(
        self, name: str, options: argparse.Namespace, thresholds: Thresholds, progress: Progress,
    ) -> None:
        self._progress = progress
        self.frames = CameraStream(name, options.fps)
        self.engine = StreamEngine.from_pretrained(
            options.checkpoint, backend=options.backend, window_turns=options.window,
            fps=options.fps, still=StillScene() if options.still else None,
            zero_shot=options.zero_shot, thresholds=thresholds)
        for text in options.instruction:
            self.engine.watch(text)
        self._said = {watch.instruction_id: State.SILENCE for watch in self.engine.watches}

    def admit(self, frame: Frame, seconds: float) -> Admission:
        """Return the verdict on the next frame, and print what is amiss with it."""
        admission = self.frames.admit(frame.stamp, frame.check, frame.picture)
        change = admission.change
        if change is not None and change.begins_anew:
            self.engine.reset()
            self._warn(seconds, f'{change.sentence}: watching goes on in a new epoch')
        elif change is not None:
            self._warn(seconds, change.sentence)
        if admission.outcome is Outcome.BAD:
            self._warn(seconds, f'bad image: {admission.reason}')
        return admission

    def report(self, name: str, decision: Decision, seconds: float) -> None:
        """Print a decision that differs from the one before, or that says something."""
        if decision.state is self._said[decision.instruction_id] and not decision.text:
            return
        self._said[decision.instruction_id] = decision.state
        where = f'{name}  ' if name else ''
        self._progress.print(
            f'{seconds:8.2f} s  {where}{decision.instruction_id}  '
            f'{decision.state.name.lower():8}  {decision.probabilities[decision.state]:.2f}  '
            f'{decision.text}'.rstrip())

    def _warn(self, seconds: float, sentence: str) -> None:
        self._progress.print(f'{seconds:8.2f} s  {sentence}', sys.stderr)


def open_lines(file: str) -> TextIO:
    """
    Return the file that decisions are written to; "-" is the standard output.

    :raises OutputError: when it holds something else, or cannot be written
    """
    target = Path('/dev/stdout' if file == '-' else file)
    recognise = lines_with(
        'stamp', 'camera', 'instruction_id', 'state', 'probabilities', 'text', 'latency_s')
    return io.TextIOWrapper(opened(target, recognise), encoding='utf-8')


def write_line(file: TextIO, camera: str, decision: Decision, latency: float) -> None:
    """Write a decision as a line of JSON, at once."""
    file.write(json.dumps({
        'stamp': decision.stamp,
        'camera': camera,
        'instruction_id': decision.instruction_id,
        'state': decision.state.name.lower(),
        'probabilities': [round(share, 6) for share in decision.probabilities],
        'text': decision.text,
        'latency_s': round(latency, 6),
    }, ensure_ascii=False) + '\n')
    file.flush()
