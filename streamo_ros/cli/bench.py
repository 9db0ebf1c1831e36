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
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from streamo_ros.cli.arguments import add_backend
from streamo_ros.cli.arguments import add_threads
from streamo_ros.cli.arguments import add_window
from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.bench_options import add_batch
from streamo_ros.cli.bench_options import add_latency
from streamo_ros.cli.bench_options import add_serve
from streamo_ros.cli.measured_checkpoint import add_checkpoint
from streamo_ros.cli.measured_checkpoint import measured_checkpoint
from streamo_ros.number_arguments import positive
from streamo_ros.number_arguments import positive_count
from streamo_ros.number_arguments import ticks


def add_parser(commands: Commands) -> None:
    """Add the command, with a command for each thing that is measured."""
    benches = commands.add_parser('bench').add_subparsers(required=True, metavar='WHAT')

    def add(name: str, help: str, run: Callable[[argparse.Namespace], None]) -> (
            argparse.ArgumentParser):
        bench = benches.add_parser(
            name, help=help, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        bench.set_defaults(run=run)
        bench.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')
        return bench

    engine = add(
        'engine', 'a tick: over time, against re-reading the window, against the hardware',
        _run_engine)
    add_checkpoint(engine)
    add_backend(engine)
    add_threads(engine)
    add_window(engine)
    engine.add_argument(
        '--ticks', type=ticks, default=20000, help='how long to run for flatness, 2 or more')
    engine.add_argument(
        '--plot', type=Path, metavar='FILE', help="draw every tick's latency as PNG (matplotlib)")
    engine.add_argument(
        '--peer', choices=['llama.cpp'],
        help='what it takes for such a tick, in the same run (its error says how to install it)')
    latency = add(
        'latency', 'a tick at every frame rate, window, number of instructions and backend',
        _run_latency)
    add_checkpoint(latency)
    add_latency(latency)
    batch = add('batch', 'streams that share forwards, beside each on its own', _run_batch)
    add_checkpoint(batch)
    add_batch(batch)
    serve = add('serve', "streams of one server, over this machine's network", _run_serve)
    add_serve(serve)
    events = add('events', 'a full event log: to write, to list and to ask', _run_events)
    events.add_argument(
        '--events', type=positive_count, default=100_000, help='how many it holds')
    node = add(
        'node', "a camera's frames that reach the node, and what the node costs (needs ROS)",
        _run_node)
    node.add_argument(
        '--seconds', type=positive, default=20.0, help='for which the camera sends, in each run')


def _run_engine(options: argparse.Namespace) -> None:
    from streamo_ros.bench.engine import measure
    figures = asdict(measure(
        measured_checkpoint(options, [options.backend]), backend=options.backend,
        window_turns=options.window, ticks=options.ticks, plot=options.plot,
        threads=options.threads, llama_cpp=options.peer == 'llama.cpp'))
    _show(figures, {
        'shape': options.checkpoint or options.shape, 'backend': options.backend, **figures},
        options.json)


def _run_latency(options: argparse.Namespace) -> None:
    from streamo_ros.bench.latency import lines
    from streamo_ros.bench.latency import measure
    table = measure(
        options.checkpoint or options.shape, measured_checkpoint(options, options.backend),
        options.backend, options.fps, options.window, options.instructions, options.ticks)
    print('\n'.join(lines(table)))
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, asdict(table))


def _run_batch(options: argparse.Namespace) -> None:
    from streamo_ros.bench.batch import measure
    figures = asdict(measure(
        measured_checkpoint(options, [options.backend]), backend=options.backend,
        streams=options.streams, instructions=options.instructions, ticks=options.ticks,
        window_turns=options.window, answer_tokens=options.answer_tokens,
        threads=options.threads))
    _show(figures, {
        'shape': options.checkpoint or options.shape, 'backend': options.backend, **figures},
        options.json)


def _run_serve(options: argparse.Namespace) -> None:
    from streamo_ros.bench.serve import measure
    figures = asdict(measure(
        options.checkpoint, streams=options.streams, seconds=options.seconds, fps=options.fps,
        threads=options.threads))
    _show(figures, {'checkpoint': options.checkpoint, **figures}, options.json)


def _run_events(options: argparse.Namespace) -> None:
    from streamo_ros.bench.events import measure
    figures = asdict(measure(options.events))
    _show(figures, figures, options.json)


def _run_node(options: argparse.Namespace) -> None:
    from streamo_ros.bench.node import measure
    figures = asdict(measure(options.seconds))
    _show(figures, figures, options.json)


def _show(figures: dict[str, Any], written: dict[str, Any], json: Path | None) -> None:
    """Print figures, and write them with what they are of."""
    for name, value in figures.items():
        print(f'{name:34} {"not measured here" if value is None else value}')
    if json:
        from streamo_ros.output import write_json
        write_json(json, written)
