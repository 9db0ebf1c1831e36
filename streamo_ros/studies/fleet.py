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
How many streams a device, a cluster and its door hold, simulated from what ticks take.

A device takes all frames that wait together: a batch of ``n`` takes ``first_s + (n - 1) more_s``.
Streams send at a steady rate and begin anywhere in their period; their frames arrive a little
earlier or later. A stream is held where 95 % of all frames are decided before the next one comes,
and no more than ``admission.MOST`` of the device's time is asked for.

``streamo bench serve --json`` on this machine gives a device to hold the simulation against. For a
model of 3 B there are published ticks of Jetsons, between those of Qwen3-VL 2B and 4B, in 4 bits;
and for one GPU of a data centre a bound, three times the roofline of its data sheet, which is what
published ticks take. Neither was measured here.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from streamo_ros.engine.machines import PUBLISHED
from streamo_ros.number_arguments import positive
from streamo_ros.number_arguments import positive_count
from streamo_ros.output import write_json
from streamo_ros.serving.admission import MOST
from streamo_ros.strict_json import parse_json

SIMULATED_S = 120.0
JITTER = 0.1        # of a period, by which frames come earlier or later
IN_TIME = 0.95
TURN_TOKENS, TURN_VISUAL_TOKENS = 141, 128
PUBLISHED_VISUAL_TOKENS = 265
FRAME_KBIT = 320.0  # JPEG at quality 85 of the 100,000 pixels that a model of 3 B is shown
MOST_STREAMS = 4096


@dataclass(frozen=True)
class Card:
    """
    A device.

    :param first_s: seconds of a batch of one tick
    :param more_s: that each further tick adds
    :param around_s: seconds of a tick outside of the device
    :param memory_streams: that its memory holds
    """

    name: str
    first_s: float
    more_s: float
    around_s: float = 0.0
    memory_streams: int = MOST_STREAMS


@dataclass(frozen=True)
class Held:
    """How many streams are held, by what is given out first."""

    card: str
    fps: float
    streams: int
    gives_out: str
    door: int
    network: int


def simulate(
    card: Card, streams: int, fps: float, rng: np.random.Generator,
    seconds: float = SIMULATED_S,
) -> np.ndarray:
    """Return for how many seconds each frame waited for its decision, in their order."""
    ticks = max(1, int(seconds * fps))
    arrivals = np.sort((
        np.arange(ticks)[:, None] + rng.random(streams) + JITTER * rng.random((ticks, streams))
    ).ravel() / fps)
    late = np.empty(len(arrivals))
    now, taken = 0.0, 0
    while taken < len(arrivals):
        now = max(now, arrivals[taken])
        waiting = int(np.searchsorted(arrivals, now, side='right')) - taken
        now += card.first_s + (waiting - 1) * card.more_s
        late[taken:taken + waiting] = now - arrivals[taken:taken + waiting]
        taken += waiting
    return late + card.around_s


def most_streams(card: Card, fps: float, rng: np.random.Generator) -> tuple[int, str]:
    """Return how many streams a device holds, and what gives out with one more."""
    def refusal(streams: int) -> str:
        if streams > card.memory_streams:
            return 'memory'
        if streams * fps * card.more_s > MOST:
            return 'time'
        late = simulate(card, streams, fps, rng)
        return 'lateness' if np.mean(late <= 1 / fps) < IN_TIME else ''
    low, high = 0, 1
    while not refusal(high) and high < MOST_STREAMS:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if refusal(middle) else (middle, high)
    return low, refusal(high)


def measured_card(figures: dict[str, float]) -> Card:
    """Return the device of ``streamo bench serve``: nano's, on the machine it ran on."""
    streams, first_s = figures['streams'], figures['tick_s']
    all_s = streams / figures['batched_ticks_s']
    return Card(
        'measured here', first_s, max(1e-6, (all_s - first_s) / (streams - 1)),
        max(0.0, figures['paced_p50_s'] - first_s))


def published_cards() -> list[Card]:
    """Return devices for a model of 3 B."""
    ticks: dict[str, dict[str, float]] = {}
    for one in PUBLISHED:
        ticks.setdefault(one.machine, {})[one.model] = 1e-3 * (
            one.prefill_ms * TURN_TOKENS / one.prompt
            + one.vision_ms * TURN_VISUAL_TOKENS / PUBLISHED_VISUAL_TOKENS)
    cards = [
        Card(machine, tick_s, tick_s) for machine, models in ticks.items()
        if {'Qwen3-VL-2B', 'Qwen3-VL-4B'} <= set(models)
        for tick_s in [(models['Qwen3-VL-2B'] + models['Qwen3-VL-4B']) / 2]]
    # H200: 989 TFLOP/s dense in float16, 4.8 TB/s, 141 GB. A tick of Qwen2.5-VL 3B: 0.87 TFLOP of
    # the language model, 0.68 of the tower; 7.5 GB of weights once a batch, 0.31 GB of cache.
    operations_s, bandwidth_s = 1.55 / 989, 7.8 / 4800
    cards.append(Card(
        'H200 (three times its roofline)', 3 * max(operations_s, bandwidth_s),
        3 * max(operations_s, 0.31 / 4800), memory_streams=int(0.8 * (141 - 8) / 0.31)))
    return cards


def held(
    cards: Sequence[Card], rates: Sequence[float], door_s: float, link_mbit: float,
) -> list[Held]:
    """
    Return what devices hold, beside the door and the network.

    :param door_s: processor time of the door for a tick; it has one core
    """
    rng = np.random.default_rng(0)
    return [
        Held(card.name, fps, *most_streams(card, fps, rng), int(MOST / (door_s * fps)),
             int(MOST * 1e3 * link_mbit / (FRAME_KBIT * fps)))
        for card in cards for fps in rates]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument(
        'measured', type=Path, nargs='+', metavar='FILE',
        help='of streamo bench serve --json; the first one gives the device, the others, at '
        'other rates, are held against the simulation')
    parser.add_argument(
        '--fps', type=positive, nargs='+', default=(1.0, 2.0), help='ticks a second of a stream')
    parser.add_argument('--gpus', type=positive_count, default=8, help='of the cluster')
    parser.add_argument(
        '--link-mbit', type=positive, default=1000.0, help='of the network before the door')
    parser.add_argument('--json', type=Path, help='write the figures here')


def main(options: argparse.Namespace) -> None:
    """Print the figures, and write them if asked."""
    runs = [parse_json(file.read_text(encoding='utf-8')) for file in options.measured]
    card = measured_card(runs[0])
    rng = np.random.default_rng(0)
    checks = []
    print('streams   fps   simulated p50, p95, in time      measured')
    for run in runs:
        late = simulate(card, run['streams'], run['paced_fps'], rng)
        check = {
            'streams': run['streams'], 'fps': run['paced_fps'],
            'p50_s': float(np.median(late)), 'p95_s': float(np.quantile(late, 0.95)),
            'in_time': float(np.mean(late <= 1 / run['paced_fps'])),
            'measured_p50_s': run['paced_p50_s'], 'measured_p95_s': run['paced_p95_s'],
            'measured_in_time': run['paced_in_time']}
        checks.append(check)
        print(f'{check["streams"]:7d} {check["fps"]:5g}   '
              f'{check["p50_s"]:.4f} {check["p95_s"]:.4f} {check["in_time"]:.3f}          '
              f'{check["measured_p50_s"]:.4f} {check["measured_p95_s"]:.4f} '
              f'{check["measured_in_time"]:.3f}')
    table = held([card, *published_cards()], options.fps, runs[0]['door_s'], options.link_mbit)
    for one in table:
        cluster = min(options.gpus * one.streams, one.door, one.network)
        print(f'{one.card:36} {one.fps:g} fps: {one.streams} streams, then its {one.gives_out}; '
              f'{options.gpus} of them {cluster} (the door {one.door}, the link {one.network})')
    if options.json:
        write_json(options.json, {'checks': checks, 'held': [asdict(one) for one in table]})
