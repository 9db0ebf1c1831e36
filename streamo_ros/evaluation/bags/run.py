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
One bag through the engine: what the node would have decided, frame by frame, as fast as it goes.

Frames are admitted by the node's rule (``sources.camera_stream``), instructions stand in the same
table (``engine.instruction_table``), and every camera has its own engine. Nothing here looks at a
clock but to say how long it took, so what is decided does not depend on speed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
import json
from pathlib import Path
import time
from typing import TextIO

import numpy as np

from streamo_ros.dialogue import answer_format
from streamo_ros.dialogue import EventSpan
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import Decision
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.engine.decision import MAX_ANSWER_TOKENS
from streamo_ros.engine.instruction_table import InstructionTable
from streamo_ros.engine.instruction_table import StandingInstruction
from streamo_ros.engine.thresholds import LIKELIEST
from streamo_ros.engine.thresholds import Thresholds
from streamo_ros.evaluation.bags import report_data
from streamo_ros.evaluation.bags.decisions_bag import DecisionsBag
from streamo_ros.models import Checkpoint
from streamo_ros.models import read_checkpoint
from streamo_ros.sources.bag import Bag
from streamo_ros.sources.bag import BagMessage
from streamo_ros.sources.bag import INSTRUCTION
from streamo_ros.sources.bag import MessageError
from streamo_ros.sources.bag import STRING
from streamo_ros.sources.bag import STRUCTURED_INSTRUCTION
from streamo_ros.sources.bag_annotation import Annotations
from streamo_ros.sources.bag_annotation import Asked
from streamo_ros.sources.bag_cameras import bag_cameras
from streamo_ros.sources.camera_stream import CameraStream
from streamo_ros.sources.camera_stream import Change
from streamo_ros.sources.camera_stream import ChangeKind
from streamo_ros.sources.camera_stream import Outcome
from streamo_ros.sources.source_error import SourceError

TEXT_TOPIC = 'instruction_text'
WRITTEN = 'streamo'
DECISIONS = 'decisions.jsonl'
NOTICES = {
    ChangeKind.TIME: 'jumps of time',
    ChangeKind.ASPECT: 'changes of aspect',
    ChangeKind.SIZE: 'changes of size',
}


@dataclass(frozen=True)
class Watching:
    """
    How a bag is watched.

    :param fps: frames sampled per second
    :param window_turns: turns in view; None takes the checkpoint's own number
    :param thresholds: the engine's, and so those of the node's parameters
    :param memory_tokens: for what was answered; None takes the checkpoint's own number
    :param threads: as in ``given_threads``
    """

    checkpoint: str = 'nano'
    backend: str = 'auto'
    fps: float = 1.0
    window_turns: int | None = None
    max_answer_tokens: int = MAX_ANSWER_TOKENS
    thresholds: Thresholds = LIKELIEST
    memory_tokens: int | None = None
    threads: int = 0


@dataclass
class _Notices:
    """What was passed over, by kind."""

    found: dict[str, report_data.Notice] = field(default_factory=dict)

    def add(self, kind: str, sentence: str, count: int = 1) -> None:
        notice = self.found.setdefault(kind, report_data.Notice(kind, 0, sentence))
        notice.count += count

    def list(self) -> list[report_data.Notice]:
        return [self.found[kind] for kind in sorted(self.found)]


@dataclass(eq=False)
class _Standing:
    """An instruction that stands on a camera."""

    found: report_data.Instruction
    span: EventSpan[int] = field(default_factory=EventSpan)


def watch_bag(
    path: Path, name: str, watching: Watching, annotations: Annotations | None, out: Path,
    progress: Callable[[float], None] = lambda seconds: None,
) -> report_data.Bag:
    """
    Watch a bag and write what was decided: ``decisions.jsonl`` and a bag, ``streamo``.

    :param name: of the bag
    :param annotations: what is asked; None: what was sent to the node while it was recorded
    :param out: an empty directory
    :param progress: called with the seconds of the bag that are done
    :returns: the decisions; whether they are right is not yet in it
    :raises SourceError: when nothing of the bag can be watched
    """
    began = time.perf_counter()
    with Bag(path) as bag, (out / DECISIONS).open('w', encoding='utf-8') as lines, \
            DecisionsBag(out / WRITTEN, name) as written:
        run = _Run(bag, watching, annotations, lines, written)
        for message in bag.messages(run.topics):
            run.take(message)
            progress((message.logged - bag.start) * 1e-9)
        found = run.finish(name)
    found.elapsed_s = round(time.perf_counter() - began, 3)
    return found


class _Run:
    """A bag under way."""

    def __init__(
        self, bag: Bag, watching: Watching, annotations: Annotations | None, lines: TextIO,
        written: DecisionsBag,
    ) -> None:
        self.notices = _Notices()
        self.lines, self.written = lines, written
        self.watching = watching
        self.start: int | None = None
        self.newest = 0
        self._bag = bag
        self._annotations = annotations
        cameras, passed_over = bag_cameras(
            bag, {one.camera for one in annotations.instructions} if annotations else {''})
        for kind, sentence in passed_over:
            self.notices.add(kind, sentence)
        checkpoint = read_checkpoint(watching.checkpoint)
        self._cameras = {
            topic: _BagCamera(self, topic, type, checkpoint) for topic, type in cameras.items()}
        self.topics = set(cameras.items())
        if annotations is None:
            self.topics |= {
                (topic, type) for topic, types in bag.topics.items() for type in types
                if type in (INSTRUCTION, STRUCTURED_INSTRUCTION)
                or (type == STRING and topic.rsplit('/', 1)[-1] == TEXT_TOPIC)}
        if annotations is None and self.topics == set(cameras.items()):
            raise SourceError(
                f'{bag.path} holds no instructions: give annotations, or record '
                'streamo/instruction')

    def take(self, message: BagMessage) -> None:
        """Take the next message of the bag."""
        camera = self._cameras.get(message.topic)
        if camera is not None:
            try:
                camera.take(message)
            except MessageError as error:
                camera.notices.add('unreadable messages', str(error))
            return
        try:
            sent = message.deserialize()
        except MessageError as error:
            self.notices.add('unreadable messages', str(error))
            return
        structured = message.type == STRUCTURED_INSTRUCTION
        asked = sent.instruction if structured else sent
        addressed = [
            camera for camera in self._cameras.values()
            if message.type == STRING or self._names(asked.camera, camera.found.topic)]
        if not addressed:
            self.notices.add(
                'instructions to no camera',
                f'there is no camera {asked.camera[:40]!r} in the bag')
        for camera in addressed:
            try:
                if structured and asked.action in (asked.ADD, asked.REPLACE):
                    camera.table.apply(replace(asked, camera=''), answer=answer_format(
                        sent.choices, sent.json_schema))
                elif message.type != STRING:
                    camera.table.apply(replace(asked, camera=''))
                elif sent.data.strip():
                    camera.table.add(TEXT_TOPIC, sent.data, TEXT_TOPIC)
                else:
                    camera.table.cancel(TEXT_TOPIC)
            except InstructionError as error:
                camera.notices.add('refused instructions', str(error))
            else:
                camera.origin = message.topic
                camera.reconcile(message.logged)

    def _names(self, camera: str, topic: str) -> bool:
        """Say whether an instruction's camera, the node's name for it, is this topic's."""
        named, known = camera.strip('/'), topic.strip('/')
        return not named or len(self._cameras) == 1 or f'{known}/'.startswith(f'{named}/')

    def begin(self, stamp: int) -> None:
        """Take the stamp of a first frame: all seconds are counted from the very first."""
        if self.start is not None:
            return
        self.start = stamp
        for asked in self._annotations.instructions if self._annotations else ():
            at = asked.asked if self._annotations and self._annotations.absolute else None
            due = stamp + round(asked.asked * 1e9) if at is None else round(at * 1e9)
            for camera in self._cameras.values():
                if asked.camera in ('', camera.found.topic):
                    camera.awaited.append((due, asked))
        for camera in self._cameras.values():
            camera.awaited.sort(key=lambda one: one[0])

    def seconds(self, stamp: int) -> float:
        """Return a stamp as reports have it."""
        assert self.start is not None
        return round((stamp - self.start) * 1e-9, 9)

    def finish(self, name: str) -> report_data.Bag:
        """Return what was found."""
        for kind, sentence in self._bag.troubles:
            self.notices.add(kind, sentence)
        if self.start is None:
            raise SourceError(f'{self._bag.path} holds no frame that can be used' + ''.join(
                f'; {notice.sentence}' for notice in self.notices.list()))
        for camera in self._cameras.values():
            camera.finish()
        return report_data.Bag(
            name=name, path=str(self._bag.path.resolve()), error='', start_ns=self.start,
            duration_s=self.seconds(max(self.newest, self.start)), elapsed_s=0.0, written=WRITTEN,
            cameras=[camera.found for camera in self._cameras.values()],
            notices=self.notices.list())


class _BagCamera:
    """One camera of a bag: its own engine, for streams never influence one another."""

    def __init__(self, run: _Run, topic: str, type: str, checkpoint: Checkpoint) -> None:
        self.found = report_data.Camera(
            topic=topic, type=type, width=0, height=0, frames=0,
            ticks=report_data.Ticks([], [], []), instructions=[])
        self.notices = _Notices()
        self.table = InstructionTable(topic)
        self.awaited: list[tuple[int, Asked]] = []
        self.origin = ''
        self._run = run
        watching = run.watching
        self._engine = StreamEngine(
            checkpoint, new_backend(watching.backend, checkpoint, watching.threads),
            window_turns=watching.window_turns, fps=watching.fps,
            max_answer_tokens=watching.max_answer_tokens, thresholds=watching.thresholds,
            memory_tokens=watching.memory_tokens)
        self._frames = CameraStream(topic, watching.fps)
        self._standing: dict[StandingInstruction, _Standing] = {}
        self._asked: dict[str, Asked] = {}
        self._epoch = self._tick = 0
        self._newest: int | None = None
        self._last: int | None = None

    def take(self, message: BagMessage) -> None:
        """
        Take a frame.

        :raises MessageError: when it is no image
        """
        self.found.frames += 1
        image = message.deserialize()
        stamp = message.stamp
        admission = self._frames.admit_message(image, stamp, message.logged)
        if admission.change is not None:
            self._take_change(admission.change)
        if admission.outcome is Outcome.BAD:
            self.notices.add(f'bad images ({admission.cause})', admission.reason)
            return
        if admission.outcome is Outcome.STALE:
            self.notices.add('stale stamps', admission.reason)
            return
        self._run.begin(stamp)
        self._newest = stamp
        self._run.newest = max(self._run.newest, stamp)
        picture = admission.picture
        if picture is None:
            return
        if not self.found.height:
            self.found.height, self.found.width = picture.shape[:2]
        self._ask(stamp, message.logged)
        self._count_gap(stamp)
        before = time.perf_counter()
        decisions = self._engine.step(picture, stamp / 1e9)
        ticks = self.found.ticks
        ticks.latencies_s.append(round(time.perf_counter() - before, 6))
        ticks.stamps.append(self._run.seconds(stamp))
        ticks.epochs.append(self._epoch)
        for decision in decisions:
            request = self.table.request_of(decision.instruction_id)
            if request is not None:
                self._report(request, decision, image.header.frame_id, stamp, message.logged)
        self._tick += 1

    def _take_change(self, change: Change) -> None:
        kind, sentence = NOTICES[change.kind], change.sentence
        if not change.begins_anew:
            self.notices.add(kind, sentence)
            return
        self.notices.add(kind, f'{sentence}: watching went on in a new epoch')
        self._epoch += 1
        self._tick = 0
        if change.kind is ChangeKind.TIME:
            self._last = None  # what lies between is no gap
        self._engine.reset()
        for standing in self._standing.values():
            standing.span.begin_epoch()

    def _count_gap(self, stamp: int) -> None:
        period = 1e9 / self._run.watching.fps
        if self._last is not None and stamp - self._last > 2 * period:
            self.notices.add(
                'gaps', f'{self.found.topic} has no frame for {(stamp - self._last) / 1e9:.3f} s '
                f'after {self._run.seconds(self._last):.3f} s')
        self._last = stamp

    def _ask(self, stamp: int, logged: int) -> None:
        while self.awaited and self.awaited[0][0] <= stamp:
            _, asked = self.awaited.pop(0)
            self._asked[asked.id] = asked
            self.origin = 'annotation'
            try:
                self.table.add(
                    asked.id, asked.text, 'annotation', taken=False, answer=asked.answer)
            except InstructionError as error:
                self.notices.add('refused instructions', f'{asked.id!r}: {error}')
            else:
                self.reconcile(logged)

    def reconcile(self, logged: int) -> None:
        """Make the engine's watches equal to the table, and keep what stands from now on."""
        for refusal in self.table.reconcile(self._engine):
            self.notices.add('refused instructions', f'{refusal.request.id!r}: {refusal.reason}')
        now = 0.0 if self._newest is None else self._run.seconds(self._newest)
        standing = self.table.standing
        for request in [one for one in self._standing if one not in standing]:
            self._standing.pop(request).found.withdrawn = now
        for request in standing:
            if request in self._standing:
                continue
            asked = self._asked.get(request.id) if self.origin == 'annotation' else None
            found = report_data.Instruction(
                id=request.id, text=request.text, asked=now, withdrawn=None, origin=self.origin,
                task=asked.task if asked else '', skill=asked.skill if asked else '', events=None,
                first_tick=len(self.found.ticks.stamps), states=[], probabilities=[],
                true_states=None, answers=[], scored=None,
                choices=list(request.answer.choices) if request.answer else [],
                json_schema=request.answer.json_schema if request.answer else '')
            self._standing[request] = _Standing(found)
            self.found.instructions.append(found)
            self._run.written.ask(request, self.found.topic, logged)

    def _report(
        self, request: StandingInstruction, decision: Decision, frame_id: str, stamp: int,
        logged: int,
    ) -> None:
        standing = self._standing[request]
        found = standing.found
        # As precise as the node's messages are, so that both give the same lines.
        probabilities = [round(float(np.float32(share)), 6) for share in decision.probabilities]
        event_start = standing.span.follow(decision.state, stamp)
        self._run.written.decide(
            request, decision, self.found.topic, frame_id, stamp, logged, self._epoch, self._tick,
            standing.span, event_start)
        found.states.append(int(decision.state))
        found.probabilities.append(probabilities)
        if event_start is not None:
            found.answers.append(report_data.Answer(
                tick=len(self.found.ticks.stamps) - 1, stamp=self._run.seconds(stamp),
                started=self._run.seconds(event_start),
                text=decision.text, complete=decision.complete,
                probability=probabilities[State.RESPONSE]))
            if request.once:
                self.table.cancel(request.id)
                self.reconcile(logged)
        self._run.lines.write(json.dumps({
            'stamp_ns': stamp, 'camera': self.found.topic, 'epoch': self._epoch,
            'tick': self._tick, 'instruction_id': request.id,
            'state': decision.state.name.lower(), 'probabilities': probabilities,
            'text': decision.text, 'complete': decision.complete,
            **({'data': json.loads(decision.data) if decision.data else None,
                'data_error': decision.data_error} if request.answer else {})},
            ensure_ascii=False, allow_nan=False) + '\n')

    def finish(self) -> None:
        """Note what was left over."""
        for _, asked in self.awaited:
            self.notices.add(
                'asked too late', f'{asked.id!r} was to be asked after the last frame')
        if not self.found.ticks.stamps:
            self.notices.add('no frames', f'{self.found.topic} has no frame that can be used')
        self.found.notices = self.notices.list()
