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
``streamo bench latency``: a tick at every frame rate, window, number of instructions and backend.

The window is full, the frames are noise and nobody answers. Ticks follow one another at once: at
a frame rate that is kept, a tick that waits for its frame takes as long. The rate matters through
its time tags, which have decimals above 1 fps.

Beside it stands the roofline of the language model's part: what arithmetic and memory of this
machine allow at the least, whichever takes longer, for the weights and all rows in view read once
and every token multiplied once, in float32. Rates are those that a square product and a copy reach
in the same run. ``over_roofline`` is what that part took, in the median, as a multiple of it.
"""

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
import itertools
import statistics
import sys
import time

import numpy as np
from tqdm import tqdm

from streamo_ros.bench.engine import arithmetic
from streamo_ros.bench.engine import NoiseStream
from streamo_ros.bench.engine import peak_gflops
from streamo_ros.bench.shapes import random_checkpoint
from streamo_ros.engine.backend import Backend
from streamo_ros.engine.stream_engine import new_backend
from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError

BACKENDS = ('onnxruntime', 'torch', 'tensorrt')


@dataclass(frozen=True)
class Row:
    """
    One setting.

    :param turn_tokens: of a silent turn
    :param p50_ms: of a tick
    :param p95_ms: of a tick
    :param looking_ms: of a tick, the vision tower's part; median
    :param fps_kept: the highest frame rate at which 95 % of the ticks end before the next frame
    :param roofline_ms: of a tick less its looking
    :param bound_by: ``arithmetic`` or ``memory``
    """

    backend: str
    fps: float
    window_turns: int
    instructions: int
    turn_tokens: int
    p50_ms: float
    p95_ms: float
    looking_ms: float
    fps_kept: float
    roofline_ms: float
    bound_by: str
    over_roofline: float


@dataclass(frozen=True)
class Table:
    """
    All settings.

    :param peak_gflops: of a square product
    :param copy_gib_s: read and written by a copy
    :param absent: the backends that were asked for and cannot run, and why
    """

    shape: str
    ticks: int
    peak_gflops: float
    copy_gib_s: float
    rows: list[Row]
    absent: dict[str, str]


def measure(
    shape: str, backends: Sequence[str], rates: Sequence[float], windows: Sequence[int],
    instructions: Sequence[int], ticks: int,
) -> Table:
    """
    Return the table of a shape.

    :param shape: one of ``shapes.SHAPES``
    :param backends: of ``BACKENDS``
    :param ticks: measured of each setting
    """
    checkpoint = random_checkpoint(shape)
    peak, copied = peak_gflops(), _copy_rate()
    rows: list[Row] = []
    absent: dict[str, str] = {}
    settings = list(itertools.product(windows, instructions, rates))
    with tqdm(total=len(backends) * len(settings), unit=' setting', leave=False,
              disable=not sys.stderr.isatty()) as progress:
        for name in backends:
            try:
                if shape != 'nano' and name != 'onnxruntime':
                    raise CheckpointError('random weights are in no file for it to read')
                backend = new_backend(name, checkpoint)
            except CheckpointError as error:
                absent[name] = str(error)
                progress.update(len(settings))
                continue
            for window, standing, fps in settings:
                rows.append(_row(
                    name, backend, checkpoint, window, standing, fps, ticks, peak, copied))
                progress.update()
    return Table(shape, ticks, _rounded(peak), _rounded(copied / 2 ** 30), rows, absent)


def _row(
    name: str, backend: Backend, checkpoint: Checkpoint, window: int, standing: int, fps: float,
    ticks: int, peak: float, copied: float,
) -> Row:
    stream = NoiseStream(checkpoint, backend, window, standing, ticks, fps)
    measured = [stream.tick() for _ in range(ticks)]
    p50, p95 = np.percentile([tick.total for tick in measured], (50, 95)).tolist()
    language = statistics.median(tick.total - tick.see for tick in measured)
    turn = stream.turn_tokens
    context = stream.sink_length + window * turn
    bounds = {
        'arithmetic': standing * arithmetic(checkpoint, turn, context) / (1e9 * peak),
        'memory': _bytes(checkpoint, standing * context) / copied}
    bound_by = max(bounds, key=lambda kind: bounds[kind])
    return Row(
        backend=name, fps=fps, window_turns=window, instructions=standing, turn_tokens=turn,
        p50_ms=_rounded(1e3 * p50), p95_ms=_rounded(1e3 * p95),
        looking_ms=_rounded(1e3 * statistics.median(tick.see for tick in measured)),
        fps_kept=_rounded(1 / p95), roofline_ms=_rounded(1e3 * bounds[bound_by]),
        bound_by=bound_by, over_roofline=_rounded(language / bounds[bound_by]))


def _bytes(checkpoint: Checkpoint, rows: int) -> int:
    """Return the bytes of the decoder's weights and of some rows of the cache, in float32."""
    decoder = checkpoint.decoder
    weights = sum(
        value.size for name, value in checkpoint.weights.items() if '.layers.' in name
        and name.startswith('decoder.'))
    return 4 * (weights + 2 * rows * decoder.layers * decoder.kv_heads * decoder.head_dim)


def _copy_rate() -> float:
    """Return the bytes that a copy reads and writes, a second; larger than any cache."""
    source = np.zeros(2 ** 25, np.float64)
    target = np.ones_like(source)
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        np.copyto(target, source)
        seconds.append(time.perf_counter() - begin)
    return float(2 * source.nbytes / min(seconds))


def _rounded(value: float) -> float:
    return float(f'{value:.3g}')


def lines(table: Table) -> Iterator[str]:
    """Yield the table as it is printed."""
    yield (f'{table.shape}: {table.ticks} ticks each; this machine multiplies at '
           f'{table.peak_gflops:g} GFLOPS and copies at {table.copy_gib_s:g} GiB/s')
    yield (f'{"backend":12}{"fps":>5}{"turns":>6}{"instr.":>7}{"tokens":>7}{"p50 ms":>8}'
           f'{"p95 ms":>8}{"looking":>8}{"fps kept":>9}{"roofline ms":>12}{"over it":>8}')
    for row in table.rows:
        yield (f'{row.backend:12}{row.fps:5g}{row.window_turns:6}{row.instructions:7}'
               f'{row.turn_tokens:7}{row.p50_ms:8g}{row.p95_ms:8g}{row.looking_ms:8g}'
               f'{row.fps_kept:9g}{row.roofline_ms:12g}{row.over_roofline:8g}')
    for name, reason in table.absent.items():
        yield f'{name}: not measured: {reason}'
