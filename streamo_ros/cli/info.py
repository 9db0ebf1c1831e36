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

"""``streamo info``: what a checkpoint is, what it takes, and what machines can do with it."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

from streamo_ros.cli.arguments import add_window
from streamo_ros.cli.arguments import add_zero_shot
from streamo_ros.cli.arguments import Commands
from streamo_ros.number_arguments import frame_rate
from streamo_ros.number_arguments import positive_count
from streamo_ros.number_arguments import size

if TYPE_CHECKING:
    from streamo_ros.engine.footprint import Footprint
    from streamo_ros.models import Checkpoint


def add_parser(commands: Commands) -> None:
    """Add the command."""
    info = commands.add_parser('info', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    info.set_defaults(run=run)
    info.add_argument('checkpoint', metavar='CHECKPOINT', help='"nano" or a directory')
    add_zero_shot(info)
    add_window(info)
    info.add_argument(
        '--camera', type=size, default=(480, 640), metavar='WIDTHxHEIGHT',
        help='size of the frames as they come; 640x480 if not given')
    info.add_argument('--fps', type=frame_rate, default=1.0, help='frames sampled per second')
    info.add_argument(
        '--instructions', type=positive_count, default=1, help='how many stand at once')
    info.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def run(options: argparse.Namespace) -> None:
    """Print what the configuration says; no weights need be there yet."""
    from streamo_ros.models import read_checkpoint
    checkpoint = read_checkpoint(options.checkpoint, zero_shot=options.zero_shot)
    figures = _figures(checkpoint, options)
    print('\n'.join(_lines(figures)))
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, figures)


def _figures(checkpoint: 'Checkpoint', options: argparse.Namespace) -> dict[str, Any]:
    from dataclasses import asdict

    from streamo_ros.bench.engine import peak_gflops
    from streamo_ros.bench.latency import copy_rate
    from streamo_ros.engine.footprint import footprint
    from streamo_ros.engine.footprint import memory_here
    from streamo_ros.engine.machines import Machine
    from streamo_ros.engine.machines import MACHINES
    from streamo_ros.engine.machines import PUBLISHED
    from streamo_ros.engine.machines import SOURCE

    def needed(tensorrt: bool, bits: int) -> 'Footprint':
        return footprint(
            checkpoint, tensorrt=tensorrt, bits=bits, window_turns=options.window,
            instructions=options.instructions, fps=options.fps, camera=options.camera)

    memory, free = memory_here()
    here = Machine('this machine', memory, 1e9 * peak_gflops(), copy_rate(), tensorrt=False)
    kinds = (checkpoint.bits,) if checkpoint.bits else (0, 8, 4)
    rows = []
    for machine in (here, *MACHINES):
        for bits in kinds:
            takes = needed(machine.tensorrt, bits)
            rows.append({
                'machine': machine.name, 'numbers': takes.numbers,
                'needed_gib': _gib(takes.peak_bytes), 'memory_gib': _gib(machine.memory),
                'fits': takes.peak_bytes < machine.memory,
                'least_ms': _rounded(machine.least_ms(takes))})
    return {
        'checkpoint': str(checkpoint.directory), 'family': checkpoint.vision.family,
        'layers': checkpoint.decoder.layers, 'hidden': checkpoint.decoder.hidden,
        'vocabulary': checkpoint.decoder.vocab,
        'stored': checkpoint.layout.name if checkpoint.layout else 'floats',
        'onnxruntime': [
            {**asdict(takes), 'running_bytes': takes.running_bytes,
             'peak_bytes': takes.peak_bytes}
            for takes in (needed(False, bits) for bits in kinds)],
        'free_here_gib': _gib(free), 'machines': rows,
        'published': [asdict(row) for row in PUBLISHED], 'published_source': SOURCE}


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    yield (f'{figures["checkpoint"]}: {figures["family"]}, {figures["layers"]} layers of '
           f'{figures["hidden"]}, {figures["vocabulary"]} tokens, stored as {figures["stored"]}')
    yield ''
    yield 'on ONNX Runtime, MiB'
    yield (f'{"numbers":10}{"decoder":>9}{"tables":>9}{"vision":>9}{"cache":>9}{"running":>9}'
           f'{"peak":>9}{"GFLOP a tick":>14}{"MiB a tick":>12}')
    for row in figures['onnxruntime']:
        parts = ''.join(f'{row[f"{part}_bytes"] / 2 ** 20:9.0f}' for part in (
            'decoder', 'table', 'vision', 'cache', 'running', 'peak'))
        work = row['decoder_operations'] + row['vision_operations']
        yield (f'{row["numbers"]:10}{parts}{work / 1e9:14.1f}'
               f'{row["tick_bytes"] / 2 ** 20:12.0f}')
    yield ''
    yield (f'{"machine":34}{"numbers":>9}{"needs GiB":>11}{"has GiB":>9}  a tick takes at least '
           '(roofline)')
    for row in figures['machines']:
        bound = f'{row["least_ms"]:g} ms' if row['fits'] else 'does not fit'
        yield (f'{row["machine"]:34}{row["numbers"]:>9}{row["needed_gib"]:11.2f}'
               f'{row["memory_gib"]:9.1f}  {bound}')
    yield f'free here now: {figures["free_here_gib"]:.1f} GiB'
    yield ''
    yield f'published, int4 with the vision tower in float16 ({figures["published_source"]})'
    for row in figures['published']:
        yield (f'{row["machine"]:34}{row["model"]:14} image {row["vision_ms"]:6.1f} ms, '
               f'{row["prompt"]} tokens {row["prefill_ms"]:6.1f} ms, then '
               f'{row["tokens_per_second"]:.0f} tokens/s')


def _gib(size: int) -> float:
    return round(size / 2 ** 30, 3)


def _rounded(value: float) -> float:
    return float(f'{value:.3g}')
