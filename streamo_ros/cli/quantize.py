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

"""``streamo quantize``: a checkpoint in few bits, calibrated on streams."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
import sys
from typing import Any
from typing import TYPE_CHECKING

from streamo_ros.cli.arguments import add_zero_shot
from streamo_ros.cli.arguments import Commands
from streamo_ros.cli.progress import Progress
from streamo_ros.number_arguments import frame_rate
from streamo_ros.number_arguments import positive_count

if TYPE_CHECKING:
    from streamo_ros.quantisation.calibration import CalibrationStream
    from streamo_ros.quantisation.calibration import Flow

_TURNS, _QUESTIONS, _SEED = 24, 2, 20_000


def add_parser(commands: Commands) -> None:
    """Add the command."""
    quantize = commands.add_parser(
        'quantize', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    quantize.set_defaults(run=run, refuse=quantize.error)
    quantize.add_argument('checkpoint', metavar='CHECKPOINT', help='"nano" or a directory')
    add_zero_shot(quantize)
    quantize.add_argument(
        '--weights', choices=('int8', 'int4', 'fp8', 'nvfp4'), required=True,
        help="of the language model's matrices; fp8 and nvfp4 are for TensorRT on GPUs that have "
        'them, others compute in floats')
    quantize.add_argument(
        '--out', type=Path, required=True, metavar='DIR',
        help='a new directory, to be used as a checkpoint')
    quantize.add_argument(
        '--source', type=Path, action='append', default=[], metavar='SOURCE',
        help='calibrate on this video, image folder or bag, with -i; on rendered streams if not '
        'given')
    quantize.add_argument(
        '-i', '--instruction', action='append', default=[], metavar='TEXT',
        help='what is watched for in the sources')
    quantize.add_argument('--fps', type=frame_rate, default=1.0, help='of the sources')
    quantize.add_argument(
        '--streams', type=positive_count, default=6,
        help=f'rendered streams of {_TURNS} turns; of sources, as many times as many turns')
    quantize.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def run(options: argparse.Namespace) -> None:
    """Calibrate, write, and print what was written."""
    if bool(options.source) != bool(options.instruction):
        options.refuse('--source and -i belong together')
    from streamo_ros.models import load_checkpoint
    from streamo_ros.quantisation.calibration import listen
    from streamo_ros.quantisation.write import quantise
    from streamo_ros.sources.source_error import SourceError
    checkpoint = load_checkpoint(options.checkpoint, zero_shot=options.zero_shot)
    ticks, layers = options.streams * _TURNS, checkpoint.decoder.layers
    streams = _recorded(options, ticks) if options.source else _rendered(options.streams)

    def listened() -> 'dict[str, Flow]':
        with Progress(ticks, unit=' tick') as bar:
            flows = listen(checkpoint, streams, bar.advance_to)
        if not flows:
            raise SourceError('the sources hold no frame that can be used: give others')
        return flows

    with Progress(layers, unit=' layer') as bar:
        written = quantise(
            checkpoint, options.out, options.weights, listened, bar.advance_to)
    for name in written.kept:
        print(f'streamo: {name} does not come in blocks and stays as it was', file=sys.stderr)
    print(f'{options.out}: {written.megabytes:.1f} MB in {written.weights}, and '
          f'{written.megabytes_before:.1f} MB before')
    if options.json:
        from streamo_ros.output import write_json
        write_json(options.json, asdict(written))


def _rendered(streams: int) -> 'Iterator[CalibrationStream]':
    import numpy as np

    from streamo_ros.quantisation.calibration import CalibrationStream
    from streamo_ros.worlds.streams import draw_stream
    for index in range(streams):
        stream = draw_stream(
            np.random.default_rng([_SEED, index]), split='train', turns=_TURNS,
            questions=_QUESTIONS, world='sentry')
        yield CalibrationStream(
            ((stream.frame(tick), stamp) for tick, stamp in enumerate(stream.stamps)),
            tuple(question.text for question in stream.questions), stream.rate)


def _recorded(options: argparse.Namespace, ticks: int) -> 'Iterator[CalibrationStream]':
    from streamo_ros.quantisation.calibration import CalibrationStream
    for source in options.source:
        yield CalibrationStream(
            _frames(source, options.fps, ticks // len(options.source) or 1),
            tuple(options.instruction), options.fps)


def _frames(source: Path, fps: float, most: int) -> Iterator[tuple[Any, float]]:
    """Yield the frames that are due, as ``streamo watch`` takes them, of the first camera."""
    from streamo_ros.sources.camera_stream import CameraStream
    from streamo_ros.sources.recording import open_recording
    stream: CameraStream | None = None
    name, taken = '', 0
    for frame in open_recording(source, fps).frames:
        if stream is None:
            name = frame.camera
            stream = CameraStream(name or str(source), fps)
        if frame.camera != name:
            continue
        admission = stream.admit(frame.stamp, frame.check, frame.picture, frame.recorded)
        if taken and admission.change is not None and admission.change.begins_anew:
            return  # what was seen up to here is one stream
        if admission.picture is not None:
            yield admission.picture, frame.stamp / 1e9
            taken += 1
            if taken == most:
                return
