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

"""``streamo export``: a checkpoint as ONNX graphs, or as TensorRT engines."""

import argparse
from dataclasses import asdict
from pathlib import Path

from streamo_ros.cli.arguments import add_memory
from streamo_ros.cli.arguments import add_zero_shot
from streamo_ros.cli.arguments import Commands
from streamo_ros.number_arguments import frame_rate
from streamo_ros.number_arguments import positive_count
from streamo_ros.number_arguments import size


def add_parser(commands: Commands) -> None:
    """Add the command."""
    from streamo_ros.engine.precision import PRECISIONS
    export = commands.add_parser('export', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    export.set_defaults(run=run)
    export.add_argument('checkpoint', metavar='CHECKPOINT', help='"nano" or a directory')
    add_zero_shot(export)
    export.add_argument(
        '--to', choices=('onnx', 'tensorrt'), required=True,
        help="graphs; or graphs and the engines for this machine's GPU")
    export.add_argument(
        '--out', type=Path, required=True, metavar='DIR',
        help='a new directory: the checkpoint and what is written, to be used as a checkpoint')
    export.add_argument(
        '--precision', choices=tuple(PRECISIONS),
        help='of weights and cache; float32 for graphs, float16 for engines if not given')
    export.add_argument(
        '--camera', type=size, default=(480, 640), metavar='WIDTHxHEIGHT',
        help='size of the frames as they come; 640x480 if not given')
    export.add_argument(
        '--window', type=positive_count, metavar='TURNS',
        help="of engines: turns kept in view; the checkpoint's own number if not given")
    add_memory(export)
    export.add_argument(
        '--fps', type=frame_rate, default=1.0, help='of engines: frames sampled per second')
    export.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def run(options: argparse.Namespace) -> None:
    """Write graphs or engines, and print what was written."""
    from streamo_ros.engine.backends.tensorrt.engine_export import export_tensorrt
    from streamo_ros.engine.graphs.onnx_export import export_onnx
    from streamo_ros.models import load_checkpoint
    checkpoint = load_checkpoint(options.checkpoint, zero_shot=options.zero_shot)
    if options.to == 'onnx':
        export = export_onnx(
            checkpoint, options.out, precision=options.precision or 'float32',
            camera=options.camera)
        figures = asdict(export)
    else:
        export, manifest = export_tensorrt(
            checkpoint, options.out, precision=options.precision or 'float16',
            camera=options.camera, window_turns=options.window, fps=options.fps,
            memory_tokens=options.memory)
        figures = {**asdict(export), 'engines': asdict(manifest)}
    print(f'{options.out}: {export.grid[0]} by {export.grid[1]} visual tokens, '
          f'{sum(export.megabytes.values()):.1f} MB of graphs')
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, figures)
