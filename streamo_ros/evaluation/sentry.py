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
``make scores``: a checkpoint on streams of the sentry world that it was never trained on.

By the engine that the node runs, from frames alone, its own answers in its context. Objects,
textures and words are the test split's.
"""

import argparse
from collections import Counter
from dataclasses import dataclass
from dataclasses import field
import json
from pathlib import Path
import statistics
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamo_ros.dialogue import State
from streamo_ros.dialogue.events import EventScore
from streamo_ros.dialogue.events import match
from streamo_ros.engine import StreamEngine
from streamo_ros.worlds.streams import draw_stream
from streamo_ros.worlds.streams import RATES
from streamo_ros.worlds.truth import truths

TASKS_A_STREAM = 3
TURNS = 30


@dataclass
class Tally:
    """What was counted over the streams."""

    events: dict[str, EventScore] = field(default_factory=dict)
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((3, 3), np.int64))
    delays: list[int] = field(default_factory=list)
    right_words: int = 0
    seconds: float = 0.0
    blank_seconds: float = 0.0
    blank_answers: int = 0

    def figures(self) -> dict[str, Any]:
        """Return the scores by name."""
        total = sum(self.events.values(), EventScore())
        found = np.diag(self.confusion)
        both = self.confusion.sum(0) + self.confusion.sum(1)
        return {
            'state_macro_f1': round(float(np.mean(2 * found / np.maximum(both, 1))), 4),
            'event_f1': round(total.f1, 4),
            'event_precision': round(total.precision, 4),
            'event_recall': round(total.recall, 4),
            'events': total.true,
            'delay_ticks_median': statistics.median(self.delays) if self.delays else None,
            'answer_accuracy': round(self.right_words / max(total.hits, 1), 4),
            'false_alarms_per_5min': round(
                (total.said - total.hits) / self.seconds * 300, 3),
            'false_alarms_per_5min_of_nothing': round(
                self.blank_answers / max(self.blank_seconds, 1e-9) * 300, 3),
            'tasks': {
                name: {'event_f1': round(score.f1, 4), 'events': score.true,
                       'answers': score.said, 'hits': score.hits}
                for name, score in sorted(self.events.items())},
        }


def run(checkpoint: str, split: str, streams: int, seed: int) -> Tally:
    """
    Watch streams and count.

    An answer meets an event when it is given at the tick that is due or one beside it.
    """
    engines = {rate: StreamEngine.from_pretrained(checkpoint, fps=rate) for rate in set(RATES)}
    tally = Tally()
    for index in tqdm(range(streams), unit=' stream'):
        rng = np.random.default_rng([seed, index])
        stream = draw_stream(rng, split=split, turns=TURNS, tasks=TASKS_A_STREAM)
        engine = engines[stream.rate]
        engine.reset()
        for watch in engine.watches:
            watch.cancel()
        for task in stream.tasks:
            engine.watch(task.wording(rng, split))
        ticks = [engine.step(stream.world.render(stamp), stamp) for stamp in stream.stamps]
        for place, task in enumerate(stream.tasks):
            right = truths(stream.world.events, task.skills, stream.stamps)
            got = [decisions[place] for decisions in ticks]
            for truth, decision in zip(right, got):
                if truth.counted:
                    tally.confusion[truth.state, decision.state] += 1
            due = [at for at, truth in enumerate(right) if truth.state is State.RESPONSE]
            said = [at for at, decision in enumerate(got) if decision.state is State.RESPONSE]
            pairs = match(due, said, tolerance=1)
            name = '/'.join(task.skills)
            tally.events[name] = tally.events.get(name, EventScore()) + EventScore(
                len(due), len(said), len(pairs))
            for one, two in pairs:
                tally.delays.append(said[two] - due[one])
                tally.right_words += got[said[two]].text == right[due[one]].text
            span = stream.stamps[-1] - stream.stamps[0]
            tally.seconds += span
            if not due:
                tally.blank_seconds += span
                tally.blank_answers += len(said)
    return tally


def main() -> None:
    """Print the scores, and write them if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n\n')[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--checkpoint', default='nano')
    parser.add_argument('--split', default='test', choices=('validation', 'test'))
    parser.add_argument('--streams', type=int, default=200)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--json', type=Path, help='write the scores here')
    options = parser.parse_args()
    tally = run(options.checkpoint, options.split, options.streams, options.seed)
    figures = tally.figures()
    for name, value in figures.items():
        if name != 'tasks':
            print(f'{name:34} {value}')
    for name, score in figures['tasks'].items():
        print(f'{name:22} event F1 {score["event_f1"]:.2f}  '
              f'({score["hits"]} of {score["events"]} events, {score["answers"]} answers)')
    print('delays in ticks:', dict(sorted(Counter(tally.delays).items())))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
