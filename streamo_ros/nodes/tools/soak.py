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
random, are replaced and withdrawn; the stream is reset; the camera falls silent for a while. The
chances are seeded; what is there to be replaced at the moment is up to the machine, too.
Afterwards everything that was said is held against what was due: see ``soak_record``.

``growth_node_percent``, ``growth_engine_percent``: resident memory (median) in the last tenth
after the warm-up over that in the first, the warm-up being the first quarter of the run.

Returns 0 when nothing was lost, doubled or wrong; of memory, the figures speak.
"""

import argparse
import array
from collections.abc import Callable
from collections.abc import Sequence
from contextlib import ExitStack
import json
import os
from pathlib import Path
import random
import signal
from statistics import median
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from numpy.typing import NDArray
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.msg import Instruction
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.tools.domain import DomainError
from streamo_ros.nodes.tools.domain import own_domain
from streamo_ros.nodes.tools.graph_runner import GraphError
from streamo_ros.nodes.tools.graph_runner import installed
from streamo_ros.nodes.tools.soak_record import Answer
from streamo_ros.nodes.tools.soak_record import differences
from streamo_ros.nodes.tools.soak_record import faults
from streamo_ros.nodes.tools.soak_record import Heard
from streamo_ros.nodes.tools.soak_record import Life
from streamo_ros.nodes.tools.soak_record import Record
from streamo_ros.worlds import SentryWorld

ANCHOR = ('parameter', 'Tell me when the light goes off or on.')
TEXTS = (
    'Tell me when something starts or stops moving.',
    'Tell me when the light goes off.',
    'Say when something starts moving.',
    'Tell me when everything has stopped moving.',
)
BESIDE = 2
"""Instructions that stand beside the anchor, at most: two cores keep up with three at 10 fps."""

RATE = 15
SIZE = (240, 320)
FILM_S = 20
SPEED = 5.0
"""Seconds of the rendered room in a second: nano was made for two pictures of one a second."""

SKILLS = ('light_off', 'light_on', 'start', 'stop')
PAUSE_S = (0.3, 3.0)    # between one thing that happens and the next
SILENCE_S = (0.5, 4.0)  # for which the camera drops out
SETTLE_S = 2.0
PATIENCE_S = 60.0
END_S = 5.0
SAMPLE_S = 1.0
WARM_UP = 0.25
SHOWN = 5
LOG_CHARACTERS = 2000


class Film:
    """A rendered room, played round and round: a picture for every stamp."""

    def __init__(self, seed: int) -> None:
        world = SentryWorld(seed, FILM_S * SPEED, 'test', SIZE, SKILLS)
        self._pictures = [
            world.render(number * SPEED / RATE) for number in range(FILM_S * RATE)]
        self.start = time.time_ns()

    def stamp(self, number: int) -> int:
        """Return the stamp of the picture of that number, in nanoseconds."""
        return self.start + number * 10**9 // RATE

    def picture(self, stamp: int) -> NDArray[np.uint8]:
        """Return the picture, (height, width, 3), of a stamp."""
        number = round((stamp - self.start) * RATE / 1e9)
        return self._pictures[number % len(self._pictures)]


class Camera:
    """
    A thread that publishes the film, reliable, in time, but while it is out.

    :param node: carries the publisher
    """

    def __init__(self, node: Node, film: Film) -> None:
        self._publisher = node.create_publisher(Image, 'image', QoSProfile(depth=RATE))
        self._film = film
        self._ended = threading.Event()
        self._silent_until = 0.0
        self._thread = threading.Thread(target=self._play, name='camera', daemon=True)
        self.sent = 0

    @property
    def readers(self) -> int:
        """Return how many listen."""
        return int(self._publisher.get_subscription_count())

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def drop_out(self, seconds: float) -> None:
        """Publish nothing for a while; the film goes on."""
        self._silent_until = time.monotonic() + seconds

    def end(self) -> None:
        """Stop."""
        self._ended.set()
        self._thread.join()

    def _play(self) -> None:
        self._film.start = time.time_ns()
        begin, number = time.monotonic(), 0
        while not self._ended.wait(max(0.0, begin + number / RATE - time.monotonic())):
            if time.monotonic() >= self._silent_until:
                self._publish(self._film.stamp(number))
            number += 1

    def _publish(self, stamp: int) -> None:
        height, width = SIZE
        message = Image(height=height, width=width, encoding='rgb8', step=3 * width)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp, 10**9)
        # rclpy takes an array as it is; a numpy array it would copy byte by byte.
        message.data = array.array('B', self._film.picture(stamp).tobytes())
        self._publisher.publish(message)
        self.sent += 1


class Console(Node):
    """Hears and records everything, and asks for what happens."""

    def __init__(self) -> None:
        super().__init__('soak_console')
        self.record = Record(ANCHOR, lives={ANCHOR: Life(since=0)})
        self.ready = False
        self.trouble: list[str] = []
        self.counts: dict[str, str] = {}
        self.reports = 0
        self.happened = {'asked': 0, 'replaced': 0, 'withdrawn': 0, 'reset': 0, 'dropped out': 0}
        self.create_subscription(
            StreamState, '/streamo/state', self._take_state,
            QoSProfile(depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self.create_subscription(Response, '/streamo/response', self._take_response, 1000)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._take_diagnostics, 10)
        self.instructions = self.create_publisher(Instruction, '/streamo/instruction', 10)
        self.resetter = self.create_client(Trigger, '/streamo/reset')

    def _take_state(self, message: StreamState) -> None:
        record = self.record
        record.numbers.append(message.seq)
        if message.status in (StreamState.STATUS_OK, StreamState.STATUS_NO_FRAMES):
            self.ready = True
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

    def _take_response(self, message: Response) -> None:
        key = message.instruction_id, message.instruction
        self.record.answers.append(Answer(
            message.seq, message.epoch, _stamp(message), key, message.text, message.complete))
        life = self.record.lives.get(key)
        if life is not None and life.once:
            life.until = self.record.ticks

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.startswith('/streamo: '):
                self.counts.update({value.key: value.value for value in status.values})
        self.reports += 1

    def happen(self, chance: random.Random, camera: Camera) -> None:
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
            self.resetter.call_async(Trigger.Request())
        elif what == 'dropped out':
            camera.drop_out(chance.uniform(*SILENCE_S))
        elif what == 'asked':
            self._ask(Instruction.ADD, f'random-{number}', chance.choice(TEXTS),
                      once=chance.random() < 0.3)
        else:
            id, text = chance.choice(endable)
            self.record.lives[id, text].until = self.record.ticks
            if what == 'replaced':
                # The number makes it another text, and is nothing to watch for.
                self._ask(Instruction.REPLACE, id, f'{chance.choice(TEXTS)} ({number})')
            else:
                self.instructions.publish(Instruction(action=Instruction.CANCEL, id=id))

    def _ask(self, action: int, id: str, text: str, once: bool = False) -> None:
        self.record.lives[id, text] = Life(once)
        self.instructions.publish(Instruction(action=action, id=id, text=text, once=once))


class Soak:
    """
    The node, the console and the camera, until ``close``.

    :param log: receives what the node prints
    """

    def __init__(self, fps: float, seed: int, log: Path) -> None:
        executable = installed() / 'lib' / 'streamo_ros' / 'streamo_node'
        self._log = log
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self.console = Console()
        self.film = Film(seed)
        self.camera = Camera(self.console, self.film)
        self.memory: list[tuple[int, int]] = []     # node and engine, KiB, each second
        self._chance = random.Random(seed)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.console)
        with log.open('wb') as file:
            self._node = subprocess.Popen(
                [str(executable), '--ros-args', '-p', f'fps:={fps}',
                 '-p', f'instruction:="{ANCHOR[1]}"'],
                stdout=file, stderr=file, start_new_session=True)

    def _spin(self) -> None:
        self._executor.spin_once(timeout_sec=0.05)
        if self._node.poll() is not None:
            raise GraphError(
                f'the node has ended with {self._node.returncode}; it said:\n'
                + self._log.read_text(errors='replace')[-LOG_CHARACTERS:])

    def _await(self, condition: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            self._spin()
            if time.monotonic() > end:
                raise GraphError(f'waited {PATIENCE_S:g} s in vain for {what}')

    def run(self, seconds: float) -> None:
        """
        Let things happen.

        :raises GraphError: when the node ends, or does not begin
        """
        console, camera = self.console, self.camera
        self._await(lambda: console.ready, 'the node to load its checkpoint')
        self._await(lambda: camera.readers, 'a reader of the camera')
        self._await(console.resetter.service_is_ready, 'the service ~/reset')
        self._await(
            console.instructions.get_subscription_count, 'a reader of ~/instruction')
        camera.start()
        begin = now = time.monotonic()
        happens, sampled = begin + PAUSE_S[1], begin
        with tqdm(total=round(seconds), unit=' s', leave=False,
                  disable=not sys.stderr.isatty()) as bar:
            while (now := time.monotonic()) < begin + seconds:
                self._spin()
                if now >= sampled:
                    self.memory.append(memory(self._node.pid))
                    sampled += SAMPLE_S
                    bar.n = round(now - begin)
                    bar.refresh()
                if now >= happens:
                    console.happen(self._chance, camera)
                    happens = now + self._chance.uniform(*PAUSE_S)
        camera.end()
        quiet = time.monotonic() + SETTLE_S
        self._await(lambda: time.monotonic() > quiet, 'the last answers')
        reports = console.reports
        self._await(lambda: console.reports > reports + 1, 'diagnostics')

    def close(self) -> None:
        """End all."""
        self._node.terminate()
        try:
            self._node.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._node.pid, signal.SIGKILL)
            self._node.wait()
        self._executor.shutdown()
        self.console.destroy_node()
        rclpy.shutdown()


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
        os.environ['ROS_LOG_DIR'] = str(folder)
        run = Soak(fps, seed, folder / 'node.log')
        stack.callback(run.close)
        run.run(60 * minutes)
    console, record = run.console, run.console.record
    counts = {name: int(console.counts[name]) for name in (
        'frames_received', 'frames_sampled', 'frames_dropped', 'failures', 'restarts', 'refused')}
    found = faults(record)
    wrong = [f'{count} {kind.replace("_", " ")}' for kind, count in found.items()]
    if counts['frames_received'] != run.camera.sent:
        wrong.append(f'{run.camera.sent} frames sent, {counts["frames_received"]} received')
    judged = counts['frames_sampled'] - counts['frames_dropped']
    if record.ticks != judged:
        wrong.append(f'{judged} frames judged, {record.ticks} of them heard of')
    wrong += [f'{counts[name]} {name}' for name in ('failures', 'restarts', 'refused')
              if counts[name]]
    wrong += console.trouble[:SHOWN]
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
        'minutes': minutes, 'fps': fps, 'seed': seed, 'frames_sent': run.camera.sent, **counts,
        'ticks': record.ticks, 'states': len(record.states), 'answers': len(record.answers),
        'instructions': len(record.lives), **{
            name.replace(' ', '_'): count for name, count in console.happened.items()},
        **{kind: found[kind] for kind in (
            'lost_messages', 'missing_states', 'doubled_states', 'lost_answers',
            'stray_answers')},
        'differing_states': differing,
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with own_domain() as domain:
            # Away from every other graph, and from the network.
            os.environ['ROS_DOMAIN_ID'] = str(domain)
            os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
            figures, wrong = soak(options.minutes, options.fps, options.seed)
    except KeyboardInterrupt:
        return 130
    except (DomainError, GraphError) as error:
        print(f'soak: {error}', file=sys.stderr)
        return 1
    for name, value in figures.items():
        print(f'{name:22} {value}')
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + '\n')
    for fault in wrong:
        print(f'soak: {fault}', file=sys.stderr)
    return int(bool(wrong))


if __name__ == '__main__':
    sys.exit(main())
