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
A soak: the node watches for long, much happens to it, and nothing may get lost or grow.

``python -m streamo_ros.nodes.tools.soak --minutes 20 --json FILE``. The node runs as on a robot,
with the checkpoint that is built in. Beside an instruction that stands throughout, others come at
random, are replaced and withdrawn; the stream is reset; the camera falls silent for a while. What
the field does is in ``soak_faults``: hostile pictures, clocks, sliders, slow disks, unread output.
The chances are seeded; what is there to be replaced at the moment is up to the machine, too.
Afterwards everything that was published is compared with what was due: see ``soak_record``.

``growth_node_percent``, ``growth_engine_percent``: resident memory (median) in the last tenth
after the warm-up over that in the first, the warm-up being the first quarter of the run.
``descriptors`` and ``threads`` of the node: the least of the same two tenths.

Returns 0 when nothing was lost, doubled or wrong; of memory, the figures speak.
"""

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
import os
from pathlib import Path
import random
from statistics import median
import sys
import tempfile
import time
from typing import Any

from rcl_interfaces.srv import SetParameters
from std_srvs.srv import Trigger
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.tools.console import Console
from streamo_ros.nodes.tools.graph_runner import GraphRunner
from streamo_ros.nodes.tools.graph_runner import run_tool
from streamo_ros.nodes.tools.soak_camera import SoakCamera
from streamo_ros.nodes.tools.soak_camera import SoakFilm
from streamo_ros.nodes.tools.soak_faults import HOSTILE
from streamo_ros.nodes.tools.soak_faults import Reader
from streamo_ros.nodes.tools.soak_faults import SlowDisk
from streamo_ros.nodes.tools.soak_faults import SoakFaults
from streamo_ros.nodes.tools.soak_record import Answer
from streamo_ros.nodes.tools.soak_record import differences
from streamo_ros.nodes.tools.soak_record import faults
from streamo_ros.nodes.tools.soak_record import Heard
from streamo_ros.nodes.tools.soak_record import Life
from streamo_ros.nodes.tools.soak_record import Record
from streamo_ros.output import check_figures
from streamo_ros.output import write_json

ANCHOR = ('anchor', 'Tell me when the light goes off or on.')
TEXTS = (
    'Tell me when something starts or stops moving.',
    'Tell me when the light goes off.',
    'Say when something starts moving.',
    'Tell me when everything has stopped moving.',
)
BESIDE = 2
"""Instructions that stand beside the anchor, at most: two cores keep up with three at 10 fps."""

CAMERA = 'image'
"""The one that is asked about."""

FAULTS = 0.3            # of all that happens, what the field does
PAUSE_S = (0.3, 3.0)    # between one thing that happens and the next
SILENCE_S = (0.5, 4.0)  # for which the camera drops out
SETTLE_S = 2.0
SAMPLE_S = 1.0
WARM_UP = 0.25
SHOWN = 5


class SoakConsole(Console):
    """Hears and records everything, and asks for what happens."""

    def __init__(self, runner: GraphRunner) -> None:
        super().__init__(runner)
        self.record = Record(ANCHOR, lives={ANCHOR: Life(since=0)})
        self.trouble: list[str] = []
        self.happened = {'asked': 0, 'replaced': 0, 'withdrawn': 0, 'reset': 0, 'dropped out': 0}

    def take_state(self, message: StreamState) -> None:
        """Record a state."""
        super().take_state(message)
        record = self.record
        record.numbers.append(message.seq)
        if message.camera != CAMERA:
            return  # that of the hostile pictures, of which nothing is asked
        if message.status in (StreamState.STATUS_REFUSED, StreamState.STATUS_ERROR):
            self.trouble.append(f'{message.instruction_id!r}: {message.detail}')
            return
        key = message.instruction_id, message.instruction
        life = record.lives.get(key)
        if life is not None and life.since is None:
            life.since = record.ticks
        if message.age_s == 0:
            record.add(Heard(
                message.seq, message.epoch, message.tick, _stamp(message), key,
                State(message.state),
                (message.probability_silence, message.probability_standby,
                 message.probability_response), message.response_seq))

    def take_response(self, message: Response) -> None:
        """Record an answer."""
        key = message.instruction_id, message.instruction
        self.record.answers.append(Answer(
            message.seq, message.epoch, _stamp(message), key, message.text, message.complete))
        life = self.record.lives.get(key)
        if life is not None and life.once:
            life.until = self.record.ticks

    def happen(self, chance: random.Random, camera: SoakCamera) -> None:
        """Have one thing happen."""
        standing = [key for key, life in self.record.lives.items()
                    if key != ANCHOR and life.until is None]
        # One that goes by itself with its answer may be gone when others would end it.
        endable = [key for key in standing if not self.record.lives[key].once]
        weights = {'reset': 1.0, 'dropped out': 0.4}
        if len(standing) < BESIDE:
            weights['asked'] = 5.0
        if endable:
            weights['replaced'] = weights['withdrawn'] = 2.0
        (what,) = chance.choices(list(weights), list(weights.values()))
        number = self.happened[what] = self.happened[what] + 1
        if what == 'reset':
            self.client(Trigger, 'reset').call_async(Trigger.Request())
        elif what == 'dropped out':
            camera.drop_out(chance.uniform(*SILENCE_S))
        elif what == 'asked':
            self._stand(Instruction.ADD, f'random-{number}', chance.choice(TEXTS),
                        once=chance.random() < 0.3)
        else:
            id, text = chance.choice(endable)
            self.record.lives[id, text].until = self.record.ticks
            if what == 'replaced':
                # The number makes it another text, and is nothing to watch for.
                self._stand(Instruction.REPLACE, id, f'{chance.choice(TEXTS)} ({number})')
            else:
                self.ask(id=id, action=Instruction.CANCEL)

    def _stand(self, action: int, id: str, text: str, once: bool = False) -> None:
        self.record.lives[id, text] = Life(once)
        self.ask(text, id, action, once=once, camera=CAMERA)


class Soak:
    """
    The node, the console and the camera.

    :param runner: of the graph that they are in
    :param log: receives what the node prints
    :param disk: of its state file
    """

    def __init__(
        self, runner: GraphRunner, fps: float, seed: int, log: Path, disk: SlowDisk
    ) -> None:
        self.console = SoakConsole(runner)
        self.film = SoakFilm(seed)
        self.camera = SoakCamera(runner.node, self.film)
        self.memory: list[tuple[int, int]] = []     # node and engine, KiB, each second
        self.held: list[tuple[int, int]] = []       # descriptors and threads of the node
        self._chance = random.Random(seed)
        self._runner = runner
        reader = Reader(log)
        self._node = runner.start_node(
            '-p', f'fps:={fps}', '-p', f'cameras:=[{CAMERA}, {HOSTILE}]',
            '-p', f'state_file:={disk.state_file}', output=reader.end)
        self.faults = SoakFaults(
            runner, self.console, self.camera, disk, reader, fps, self._chance)

    def run(self, seconds: float) -> None:
        """
        Let things happen.

        :raises GraphError: when the node ends, or does not begin
        """
        console, camera, runner = self.console, self.camera, self._runner
        console.await_ready()
        runner.wait(lambda: camera.readers, 'a reader of the camera')
        console.client(Trigger, 'reset')
        console.client(SetParameters, 'set_parameters')
        console.ask(ANCHOR[1], ANCHOR[0], camera=CAMERA)
        runner.wait(lambda: ANCHOR[0] in console.latest, 'the first instruction to stand')
        self.faults.introduce()
        runner.wait(lambda: int(console.values(f'stream {CAMERA}').get(
            'frames_received', 0)), 'the other clock to be known')
        camera.start()
        begin = time.monotonic()
        end, happens, sampled = begin + seconds, begin + PAUSE_S[1], begin
        with tqdm(total=round(seconds), unit=' s', leave=False,
                  disable=not sys.stderr.isatty()) as bar:
            while (now := time.monotonic()) < end:
                due = min(happens, sampled, end)
                if now < due:
                    runner.listen(due - now)
                if now >= sampled:
                    self.memory.append(memory(self._node.pid))
                    self.held.append(held(self._node.pid))
                    sampled += SAMPLE_S
                    bar.n = round(now - begin)
                    bar.refresh()
                if now >= happens:
                    if self._chance.random() < FAULTS:
                        self.faults.happen()
                    else:
                        console.happen(self._chance, camera)
                    happens = time.monotonic() + self._chance.uniform(*PAUSE_S)
        camera.end()
        quiet = time.monotonic() + SETTLE_S
        runner.wait(lambda: time.monotonic() > quiet, 'the last answers')
        console.await_report()


def _stamp(message: StreamState | Response) -> int:
    return int(message.header.stamp.sec * 10**9 + message.header.stamp.nanosec)


def memory(node: int) -> tuple[int, int]:
    """Return the resident memory (KiB) of a process and of its children together (Linux)."""
    def resident(status: str) -> int:
        return next((int(line.split()[1]) for line in status.splitlines()
                     if line.startswith('VmRSS:')), 0)

    children = 0
    for folder in Path('/proc').glob('[0-9]*'):
        try:
            status = (folder / 'status').read_text()
        except OSError:
            continue  # it has just ended
        if f'\nPPid:\t{node}\n' in status:
            children += resident(status)
    return resident(Path(f'/proc/{node}/status').read_text()), children


def held(node: int) -> tuple[int, int]:
    """Return how many descriptors and threads a process has (Linux)."""
    process = Path(f'/proc/{node}')
    return len(os.listdir(process / 'fd')), len(os.listdir(process / 'task'))


def ends(samples: Sequence[int]) -> list[int]:
    """Return the least of the first and of the last tenth after the warm-up; [] of too few."""
    warm = samples[round(len(samples) * WARM_UP):]
    tenth = len(warm) // 10
    return [min(warm[:tenth]), min(warm[-tenth:])] if tenth else []


def growth(samples: Sequence[float]) -> float | None:
    """Return by how many percent the samples grow after the warm-up; None of too few."""
    warm = samples[round(len(samples) * WARM_UP):]
    tenth = len(warm) // 10
    if not tenth:
        return None
    first, last = median(warm[:tenth]), median(warm[-tenth:])
    return round(100 * (last / first - 1), 3)


def soak(minutes: float, fps: float, seed: int) -> tuple[dict[str, Any], list[str]]:
    """
    Return the figures, and what is wrong: nothing, or a sentence each.

    :raises GraphError: when the node does not do its part
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='soak-')))
        disk = SlowDisk(folder)
        runner = stack.enter_context(GraphRunner(
            {'ROS_LOG_DIR': str(folder), **disk.environment}))
        run = Soak(runner, fps, seed, folder / 'node.log', disk)
        run.run(60 * minutes)
    console, record = run.console, run.console.record
    values = {
        **console.values(f'stream {CAMERA}'), **console.values('inference'),
        **console.values('model'), **console.values('instructions')}
    counts = {name: int(values[name]) for name in (
        'frames_received', 'frames_passed_over', 'frames_sampled', 'frames_dropped', 'failures',
        'restarts', 'refused')}
    found = faults(record)
    wrong = [f'{count} {kind.replace("_", " ")}' for kind, count in found.items()]
    sent = run.camera.sent + run.faults.strange
    received = counts['frames_received'] + counts['frames_passed_over']
    if received != sent:
        wrong.append(f'{sent} frames sent, {received} received')
    judged = counts['frames_sampled'] - counts['frames_dropped']
    if record.ticks != judged:
        wrong.append(f'{judged} frames judged, {record.ticks} of them heard of')
    wrong += [f'{counts[name]} {name}' for name in ('failures', 'restarts', 'refused')
              if counts[name]]
    wrong += console.trouble[:SHOWN]
    descriptors, threads = (ends(samples) for samples in zip(*run.held, strict=True))
    wrong += [f'{before} {name} of the node became {after}' for name, counted in (
        ('descriptors', descriptors), ('threads', threads)) if counted
        for before, after in [counted] if after > before]
    differing = 0
    engine = StreamEngine.from_pretrained('nano', fps=fps)
    for state, why in tqdm(
            differences(record, engine, run.film.picture), unit=' difference', leave=False,
            disable=not sys.stderr.isatty()):
        differing += 1
        if differing <= SHOWN:
            wrong.append(f'{state.key}, epoch {state.epoch}, tick {state.tick}: {why}')
    node, children = zip(*run.memory, strict=True)
    figures = {
        'minutes': minutes, 'fps': fps, 'seed': seed, 'frames_sent': sent, **counts,
        'ticks': record.ticks, 'states': len(record.states), 'answers': len(record.answers),
        'instructions': len(record.lives), **{
            name.replace(' ', '_'): count for name, count in (
                *console.happened.items(), *run.faults.happened.items())},
        **{kind: found[kind] for kind in (
            'lost_messages', 'missing_states', 'doubled_states', 'lost_answers',
            'stray_answers')},
        'differing_states': differing,
        'descriptors': descriptors, 'threads': threads,
        'growth_node_percent': growth(node), 'growth_engine_percent': growth(children),
        'rss_node_mib': _each_minute(node), 'rss_engine_mib': _each_minute(children)}
    return figures, wrong


def _each_minute(samples: Sequence[int]) -> list[float]:
    return [round(sample / 1024, 2) for sample in [*samples[::60], samples[-1]]]


def main(args: list[str] | None = None) -> int:
    """Soak; return 0 when all was in order, 1 when not or it could not be done, 130 at Ctrl-C."""
    parser = argparse.ArgumentParser(prog='soak', description=__doc__.split('\n\n')[0].strip())
    parser.add_argument('--minutes', type=float, default=20.0)
    parser.add_argument('--fps', type=float, default=10.0, help='of the node; the camera has 15')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures there')
    options = parser.parse_args(args)

    def run() -> int:
        check_figures(options.json)
        figures, wrong = soak(options.minutes, options.fps, options.seed)
        for name, value in figures.items():
            print(f'{name:22} {value}')
        if options.json:
            write_json(options.json, figures)
        for fault in wrong:
            print(f'soak: {fault}', file=sys.stderr)
        return int(bool(wrong))

    return run_tool('soak', run)


if __name__ == '__main__':
    sys.exit(main())
