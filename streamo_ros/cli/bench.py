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

"""``streamo bench``: what things cost on this machine."""

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_window
from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.arguments import positive
from streamo_ros.cli.arguments import positive_count
from streamo_ros.cli.arguments import ticks

if TYPE_CHECKING:
    from streamo_ros.models import Checkpoint


def add_parser(commands: Commands) -> None:
    """Add the command, with a command for each thing that is measured."""
    benches = commands.add_parser('bench').add_subparsers(required=True, metavar='WHAT')
    engine = benches.add_parser(
        'engine', help='a tick: over time, against re-reading the window, against the hardware',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    engine.set_defaults(run=_run_engine)
    _add_checkpoint(engine)
    add_backend(engine)
    add_window(engine)
    engine.add_argument(
        '--ticks', type=ticks, default=20000, help='how long to run for flatness, 2 or more')
    engine.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')
    engine.add_argument(
        '--plot', type=Path, metavar='FILE', help="draw every tick's latency as PNG (matplotlib)")
    latency = benches.add_parser(
        'latency', help='a tick at every frame rate, window, number of instructions and backend',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    latency.set_defaults(run=_run_latency)
    _add_checkpoint(latency)
    _add_latency(latency)
    node = benches.add_parser(
        'node', help="a camera's frames that reach the node, and what the node costs (needs ROS)",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    node.set_defaults(run=_run_node)
    node.add_argument(
        '--seconds', type=positive, default=20.0, help='for which the camera sends, in each run')
    node.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def _add_checkpoint(command: argparse.ArgumentParser) -> None:
    from streamo_ros.bench.random_checkpoints import SHAPES
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        '--shape', default='nano', choices=SHAPES, help='of random weights, or nano itself')
    what.add_argument('--checkpoint', metavar='DIR', help='measure this one instead')


def _add_latency(latency: argparse.ArgumentParser) -> None:
    from streamo_ros.bench.latency import BACKENDS
    from streamo_ros.engine.decision import MAX_INSTRUCTIONS

    def standing(text: str) -> int:
        value = positive_count(text)
        if value > MAX_INSTRUCTIONS:
            raise argparse.ArgumentTypeError(f'{text} is more than {MAX_INSTRUCTIONS}')
        return value

    latency.add_argument(
        '--backend', nargs='+', default=BACKENDS, choices=BACKENDS,
        help='what runs the model; those that cannot are named')
    latency.add_argument(
        '--fps', nargs='+', type=positive, default=(1.0, 2.0, 10.0), help='frame rates')
    latency.add_argument(
        '--window', nargs='+', type=positive_count, default=(8, 60), metavar='TURNS',
        help='windows')
    latency.add_argument(
        '--instructions', nargs='+', type=standing, default=(1, 4), metavar='N',
        help=f'how many stand, up to {MAX_INSTRUCTIONS}')
    latency.add_argument('--ticks', type=ticks, default=60, help='measured of each, 2 or more')
    latency.add_argument('--json', type=Path, metavar='FILE', help='write the table here')


def _checkpoint(options: argparse.Namespace, backends: Iterable[str]) -> 'Checkpoint':
    from streamo_ros.bench.random_checkpoints import random_checkpoint
    from streamo_ros.models import CheckpointError
    from streamo_ros.models import load_checkpoint
    if options.checkpoint:
        return load_checkpoint(options.checkpoint)
    for backend in backends:
        if options.shape != 'nano' and backend not in ('auto', 'onnxruntime'):
            raise CheckpointError(
                f'random weights are in no file for {backend} to read: give a checkpoint, or '
                '--backend onnxruntime')
    return random_checkpoint(options.shape)


def _run_engine(options: argparse.Namespace) -> None:
    from streamo_ros.bench.engine import measure
    figures = asdict(measure(
        _checkpoint(options, [options.backend]), backend=options.backend,
        window_turns=options.window, ticks=options.ticks, plot=options.plot))
    for name, value in figures.items():
        print(f'{name:24} {"not measured here" if value is None else value}')
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, {
                'shape': options.checkpoint or options.shape, 'backend': options.backend,
                **figures})


def _run_latency(options: argparse.Namespace) -> None:
    from streamo_ros.bench.latency import lines
    from streamo_ros.bench.latency import measure
    table = measure(
        options.checkpoint or options.shape, _checkpoint(options, options.backend),
        options.backend, options.fps, options.window, options.instructions, options.ticks)
    print('\n'.join(lines(table)))
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, asdict(table))


def _run_node(options: argparse.Namespace) -> None:
    from streamo_ros.bench.node import measure
    figures = asdict(measure(options.seconds))
    for name, value in figures.items():
        print(f'{name:34} {value}')
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, figures)
