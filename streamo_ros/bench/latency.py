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

The window is full, the frames are noise and there are no answers. Ticks follow one another at
once: at a frame rate that is kept, a tick that waits for its frame takes as long. The rate matters
because of its time tags, which have decimals above 1 fps.

With it goes the roofline of the language model's part: the least time that this machine's
arithmetic or memory needs, whichever is longer, to read the weights and all rows in view once and
to multiply every token once, in float32. The machine's rates are those of a square product and a
copy in the same run. ``over_roofline`` is the median of that part as a multiple of the roofline.
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

from streamo_ros.bench.engine import NoiseStream
from streamo_ros.bench.engine import peak_gflops
from streamo_ros.bench.engine import Tick
from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.engine.backends.tensorrt.cuda import CudaDevice
from streamo_ros.engine.footprint import arithmetic
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
    :param roofline_ms: of a tick without the vision tower
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

    checkpoint: str
    ticks: int
    peak_gflops: float
    copy_gib_s: float
    rows: list[Row]
    absent: dict[str, str]


def measure(
    name: str, checkpoint: Checkpoint, backends: Sequence[str], rates: Sequence[float],
    windows: Sequence[int], instructions: Sequence[int], ticks: int,
) -> Table:
    """
    Return the table of a checkpoint.

    :param name: what it is called in the table
    :param backends: of ``BACKENDS``
    :param ticks: measured of each setting
    """
    settings = list(itertools.product(windows, instructions, rates))
    runs: list[_Run] = []
    absent: dict[str, str] = {}
    peak = copied = 0.0
    with tqdm(total=len(backends) * len(settings), unit=' setting', leave=False,
              disable=not sys.stderr.isatty()) as progress:
        for kind in backends:
            try:
                if kind == 'tensorrt':
                    CudaDevice()  # without a GPU, that is the reason to give first
                backend = new_backend(kind, checkpoint)
                for setting in settings:
                    # The best of several: other programs may slow down one of them.
                    peak, copied = max(peak, peak_gflops()), max(copied, copy_rate())
                    runs.append(_run(kind, backend, checkpoint, *setting, ticks))
                    progress.update()
            except CheckpointError as error:
                absent[kind] = str(error)
    return Table(
        name, ticks, _rounded(peak), _rounded(copied / 2 ** 30),
        [_row(run, 1e9 * peak, copied) for run in runs], absent)


@dataclass(frozen=True)
class _Run:
    """
    A setting's ticks, and the least work of the language model in each.

    :param work: multiplications and additions
    :param traffic: bytes
    """

    backend: str
    fps: float
    window: int
    standing: int
    turn_tokens: int
    ticks: list[Tick]
    work: int
    traffic: int


def _run(
    kind: str, backend: Backend, checkpoint: Checkpoint, window: int, standing: int, fps: float,
    ticks: int,
) -> _Run:
    stream = NoiseStream(checkpoint, backend, window, standing, ticks, fps)
    turn = stream.turn_tokens
    context = stream.sink_length + window * turn
    return _Run(
        kind, fps, window, standing, turn, [stream.tick() for _ in range(ticks)],
        standing * arithmetic(checkpoint, turn, context), _bytes(checkpoint, standing * context))


def _row(run: _Run, work_rate: float, traffic_rate: float) -> Row:
    p50, p95 = np.percentile([tick.total for tick in run.ticks], (50, 95)).tolist()
    language = statistics.median(tick.total - tick.encode_image for tick in run.ticks)
    bounds = {'arithmetic': run.work / work_rate, 'memory': run.traffic / traffic_rate}
    bound_by = max(bounds, key=lambda kind: bounds[kind])
    return Row(
        backend=run.backend, fps=run.fps, window_turns=run.window, instructions=run.standing,
        turn_tokens=run.turn_tokens, p50_ms=_rounded(1e3 * p50), p95_ms=_rounded(1e3 * p95),
        looking_ms=_rounded(1e3 * statistics.median(tick.encode_image for tick in run.ticks)),
        fps_kept=_rounded(1 / p95), roofline_ms=_rounded(1e3 * bounds[bound_by]),
        bound_by=bound_by, over_roofline=_rounded(language / bounds[bound_by]))


def _bytes(checkpoint: Checkpoint, rows: int) -> int:
    """Return the bytes of the decoder's weights and of some rows of the cache, in float32."""
    decoder = checkpoint.decoder
    weights = sum(
        value.size for name, value in checkpoint.weights.items() if '.layers.' in name
        and name.startswith('decoder.'))
    return 4 * (weights + 2 * rows * decoder.layers * decoder.kv_heads * decoder.head_dim)


def copy_rate() -> float:
    """Return the bytes that a copy reads and writes in a second."""
    source = np.zeros(2 ** 24, np.float64)  # 128 MiB: larger than a cache
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
    yield (f'{table.checkpoint}: {table.ticks} ticks each; this machine multiplies at '
           f'{table.peak_gflops:g} GFLOPS and copies at {table.copy_gib_s:g} GiB/s')
    yield (f'{"backend":12}{"fps":>5}{"turns":>6}{"instr.":>7}{"tokens":>7}{"p50 ms":>8}'
           f'{"p95 ms":>8}{"looking":>8}{"fps kept":>9}{"roofline ms":>12}{"over it":>8}  '
           'bound by')
    for row in table.rows:
        yield (f'{row.backend:12}{row.fps:5g}{row.window_turns:6}{row.instructions:7}'
               f'{row.turn_tokens:7}{row.p50_ms:8g}{row.p95_ms:8g}{row.looking_ms:8g}'
               f'{row.fps_kept:9g}{row.roofline_ms:12g}{row.over_roofline:8g}  '
               f'{row.bound_by}')
    for name, reason in table.absent.items():
        yield f'{name}: not measured: {reason}'
