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
What a score is worth: the trivial answers to the same streams.

Always silent; always the state that is most often right for what is asked; and frame differencing.
``python -m streamo_ros.evaluation.baselines`` measures them on the streams of ``make scores``.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.dialogue.events import EventScore
from streamo_ros.dialogue.events import match
from streamo_ros.evaluation.differencing import combined
from streamo_ros.evaluation.differencing import Differencing
from streamo_ros.worlds.sentry import Event
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.truth import truths


@dataclass
class _Task:
    """What was counted of one task; ``confusion`` is (true, differencing's) over counted ticks."""

    events: EventScore = EventScore()
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((3, 3), np.int64))


@dataclass
class Baselines:
    """The trivial answers, counted over streams."""

    tasks: dict[str, _Task] = field(default_factory=dict)

    def add(
        self, frames: Sequence[NDArray[np.uint8]], stamps: Sequence[float],
        events: Sequence[Event], asked: Sequence[Sequence[str]],
    ) -> None:
        """
        Watch one stream.

        :param frames: (H, W, 3) RGB each, at the stamps (seconds)
        :param events: all of the stream
        :param asked: for each task asked, its skills
        """
        differencing = Differencing()
        states = [differencing.step(frame) for frame in frames]
        for skills in asked:
            task = self.tasks.setdefault('/'.join(skills), _Task())
            right = truths(events, skills, stamps)
            got = [combined(state, skills) for state in states]
            for truth, state in zip(right, got, strict=True):
                if truth.counted:
                    task.confusion[truth.state, state] += 1
            due = [at for at, truth in enumerate(right) if truth.state is State.RESPONSE]
            said = [at for at, state in enumerate(got) if state is State.RESPONSE]
            task.events += EventScore(len(due), len(said), len(match(due, said, tolerance=1)))

    def figures(self) -> dict[str, Any]:
        """Return the scores by baseline, named as those of ``make scores``."""
        silent, majority = {}, {}
        for name, task in self.tasks.items():
            true = task.confusion.sum(1)
            # Neither ever answers: Response is not the most frequent truth of anything.
            unanswered = EventScore(true=task.events.true)
            constants = (State.SILENCE, silent), (State(int(true.argmax())), majority)
            for constant, found in constants:
                confusion = np.zeros((3, 3), np.int64)
                confusion[:, constant] = true
                found[name] = _Task(unanswered, confusion)
        return {
            'always_silent': _figures(silent), 'majority_state': _figures(majority),
            'frame_differencing': _figures(self.tasks)}


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Return the mean F1 of the three states of a (true, decided) confusion."""
    both = confusion.sum(0) + confusion.sum(1)
    return float(np.mean(2 * np.diag(confusion) / np.maximum(both, 1)))


def _figures(tasks: dict[str, _Task]) -> dict[str, Any]:
    total = sum((task.events for task in tasks.values()), EventScore())
    confusion = sum((task.confusion for task in tasks.values()), np.zeros((3, 3), np.int64))
    return {
        'state_macro_f1': round(macro_f1(confusion), 4),
        'event_f1': round(total.f1, 4),
        'tasks': {
            name: {'state_macro_f1': round(macro_f1(task.confusion), 4),
                   'event_f1': round(task.events.f1, 4), 'events': task.events.true,
                   'answers': task.events.said, 'hits': task.events.hits}
            for name, task in sorted(tasks.items())},
    }


def run(split: str, streams: int, seed: int) -> Baselines:
    """Watch the streams that ``make scores`` draws."""
    found = Baselines()
    for index in tqdm(range(streams), unit=' stream'):
        rng = np.random.default_rng([seed, index])
        stream = draw_stream(rng, split=split, turns=30, tasks=3)
        found.add(
            [stream.world.render(stamp) for stamp in stream.stamps], stream.stamps,
            stream.world.events, [task.skills for task in stream.tasks])
    return found


def table(figures: dict[str, Any]) -> str:
    """Return the figures, one row a task, one column a baseline."""
    names = list(figures)
    lines = [f'{"":22}' + ''.join(f'{name.replace("_", " "):>28}' for name in names),
             f'{"":22}' + f'{"macro-F1  event F1":>28}' * len(names)]
    tasks = [*figures[names[0]]['tasks'], 'all']
    for task in tasks:
        cells = ''
        for name in names:
            row = figures[name] if task == 'all' else figures[name]['tasks'][task]
            cells += f'{row["state_macro_f1"]:18.2f}{row["event_f1"]:10.2f}'
        lines.append(f'{task:22}{cells}')
    return '\n'.join(lines)


def main() -> None:
    """Print the scores, and write them if asked."""
    parser = argparse.ArgumentParser(
        description='The trivial answers to the streams of `make scores`.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--split', default='test', choices=('validation', 'test'))
    parser.add_argument('--streams', type=int, default=200)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', type=Path, help='write the scores here')
    options = parser.parse_args()
    figures = run(options.split, options.streams, options.seed).figures()
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
