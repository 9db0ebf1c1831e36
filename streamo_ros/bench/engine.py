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
``streamo bench engine``: what a tick costs, in ratios measured within one run.

``flatness``, ``flatness_of_machine``
    Median tick of the last thousand over that of the first thousand after the window filled, with
    time tags of one length throughout (one digit more makes each turn two tokens longer); and the
    same for a fixed sum on one thread after each of these ticks: how much the machine drifted.
``rss_growth_mib``
    Growth of the process's resident memory over the same span.
``gemm_fraction``
    Arithmetic that a tick needs (masked rows and padding do not count), per second of the
    decoder's graph, over the machine's rate at a square float32 product.
``reprefill_ratio``, ``incremental_ratio``
    Hugging Face's forward over the whole window, and over one turn after its ``DynamicCache``,
    each over the engine's tick without vision. Needs torch and transformers.
``host_overhead_ms``
    The part of a tick that is outside the graphs (with backends other than ONNX Runtime: outside
    the backend), for a frame of the checkpoint's size; median of the long run. ``scaling_ms`` is
    the time to scale a camera's 640x480 to that size.
``instructions4_overhead``
    A tick of four instructions over one encoding of the image and four ticks of the language
    model.
``llama_cpp_f16_ms``, ``llama_cpp_f16_ratio``, and so for ``q8_0`` and ``q4_0``
    With ``--peer llama.cpp``: what llama.cpp takes to decode one turn behind the rest of a full
    window (flash attention, float16 cache, as many threads) and to forget it again; and that over
    the engine's tick without vision right after it, the median of such pairs. Weights of the same
    shape are drawn anew in its format. Of the last layer's MLP it computes the last token alone.
"""

from array import array
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
from contextlib import closing
from contextlib import ExitStack
import ctypes
from dataclasses import dataclass
import os
from pathlib import Path
import statistics
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from streamo_ros.bench.llama_cpp import check_shape
from streamo_ros.bench.llama_cpp import LlamaCppDecoder
from streamo_ros.bench.llama_cpp import open_library
from streamo_ros.bench.random_gguf import FORMATS
from streamo_ros.dialogue import close_turn
from streamo_ros.dialogue import instruction_segments
from streamo_ros.dialogue import open_turn
from streamo_ros.dialogue import State
from streamo_ros.dialogue import system_segments
from streamo_ros.dialogue import time_tag
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.engine.footprint import arithmetic
from streamo_ros.models import Checkpoint
from streamo_ros.output import check_replaceable
from streamo_ros.output import WRITER
from streamo_ros.output import written

SPAN = 1000
_INSTRUCTION = 'Tell me when the light goes off.'
# How long the threads of another library's product keep a core busy after it
_SETTLE_S = 0.2
_PAIRS = 15


@dataclass(frozen=True)
class EngineFigures:
    """The figures; one that could not be measured here, or was not asked for, is None."""

    window_turns: int
    turn_tokens: int
    ticks: int
    tick_ms: float
    vision_ms: float
    flatness: float
    flatness_of_machine: float
    rss_growth_mib: float
    gemm_fraction: float
    peak_gflops: float
    reprefill_ratio: float | None
    incremental_ratio: float | None
    host_overhead_ms: float
    scaling_ms: float
    instructions4_overhead: float
    llama_cpp_f16_ms: float | None = None
    llama_cpp_f16_ratio: float | None = None
    llama_cpp_q8_0_ms: float | None = None
    llama_cpp_q8_0_ratio: float | None = None
    llama_cpp_q4_0_ms: float | None = None
    llama_cpp_q4_0_ratio: float | None = None


@dataclass(frozen=True)
class Tick:
    """Seconds of one tick: in all, encoding the image, and inside the two graphs."""

    total: float
    encode_image: float
    graph: float
    step_graph: float


class _Metered:
    """
    A real backend that is timed; it never responds, because answers would cost time.

    :param mute: token ids; where there are some it always responds, and never with these
    """

    def __init__(self, backend: Backend, mute: Collection[int] = ()) -> None:
        self._backend = backend
        self._mute = sorted(mute)
        self.encode_seconds = self.encode_graph_seconds = self.step_graph_seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def encode_image(self, patches: NDArray[np.uint8], grid: tuple[int, int]) -> Floats:
        """Encode an image and note how long it took."""
        begin, inside = time.perf_counter(), self._inside()
        tokens = self._backend.encode_image(patches, grid)
        self.encode_seconds = time.perf_counter() - begin
        self.encode_graph_seconds = self._inside() - inside or self.encode_seconds
        return tokens

    def step(self, first: int, inputs: StepInputs) -> StepOutputs:
        """Run a step and note how long it took."""
        begin, inside = time.perf_counter(), self._inside()
        outputs = self._backend.step(first, inputs)
        total = time.perf_counter() - begin
        self.step_graph_seconds = self._inside() - inside or total
        outputs.states[:, State.RESPONSE] = 1e9 if self._mute else -1e9
        return outputs

    def compute_logits(self, hidden: Floats) -> Floats:
        """Return the logits, with what is mute out of the question."""
        logits = self._backend.compute_logits(hidden)
        logits[:, self._mute] = -1e9
        return logits

    def _inside(self) -> float:
        # Only the ONNX Runtime backend times its graphs apart.
        return float(getattr(self._backend, 'graph_seconds', 0.0))


class NoiseStream:
    """
    An engine that watches noise for ever, with a full window.

    :param ticks: for which time tags must have one length
    :param answer_tokens: of an answer at every tick; 0 never answers
    """

    def __init__(
        self, checkpoint: Checkpoint, backend: Backend, window_turns: int | None,
        instructions: int, ticks: int, fps: float = 1.0, answer_tokens: int = 0,
    ) -> None:
        self.backend = _Metered(
            backend, checkpoint.tokenizer.control_ids if answer_tokens else ())
        self.engine = StreamEngine(
            checkpoint, self.backend, window_turns=window_turns, fps=fps,
            max_answer_tokens=answer_tokens)
        for _ in range(instructions):
            self.engine.watch(_INSTRUCTION)
        size = checkpoint.frame.size or checkpoint.frame.target(480, 640, checkpoint.vision.cell)
        self._frames = np.random.default_rng(0).integers(0, 256, (8, *size, 3), np.uint8)
        self.engine.step(self._frames[0], 0.0)
        # Each digit of a time tag is a token, so stamps begin where their number stays the same.
        ticks += self.engine.window_turns + 2
        self._ticks = self._first = next(
            power for power in (10 ** digits for digits in range(2, 20)) if 9 * power > ticks)
        for _ in range(self.engine.window_turns + 2):
            self.tick()

    @property
    def sink_length(self) -> int:
        """Return the tokens of prompt and instruction."""
        checkpoint = self.engine.checkpoint
        return len(checkpoint.tokenizer.encode([
            *system_segments(checkpoint.system_prompt, checkpoint.tokenizer.chat),
            *instruction_segments(_INSTRUCTION)]))

    @property
    def frame_size(self) -> tuple[int, int]:
        """Return (height, width) of the frames."""
        return self._frames.shape[1], self._frames.shape[2]

    @property
    def turn_tokens(self) -> int:
        """Return the tokens of a silent turn."""
        tokenizer, cell = self.engine.checkpoint.tokenizer, self.engine.checkpoint.vision.cell
        return len(tokenizer.encode(
            [*close_turn(State.SILENCE, tokenizer.chat),
             *open_turn(time_tag(self._first + 1, self.engine.fps), tokenizer.chat)],
            self.frame_size[0] // cell * (self.frame_size[1] // cell)))

    def tick(self) -> Tick:
        """Show the next frame."""
        frame = self._frames[self._ticks % len(self._frames)]
        begin = time.perf_counter()
        self.engine.step(frame, self._ticks / self.engine.fps)
        total = time.perf_counter() - begin
        self._ticks += 1
        backend = self.backend
        return Tick(total, backend.encode_seconds,
                    backend.encode_graph_seconds + backend.step_graph_seconds,
                    backend.step_graph_seconds)


def measure(
    checkpoint: Checkpoint, *, backend: str, window_turns: int | None, ticks: int,
    plot: Path | None = None, threads: int = 0, llama_cpp: bool = False,
) -> EngineFigures:
    """
    Return the figures of a checkpoint.

    :param backend: one of ``BACKENDS``
    :param window_turns: None takes the checkpoint's own
    :param ticks: how many; the first and the last ``SPAN`` of them are compared
    :param plot: where to draw each tick's latency
    :param threads: as in ``given_threads``
    :param llama_cpp: measure it as well
    :raises OutputError: when the plot may not be written there
    :raises PeerError: when llama.cpp is not installed, or does not take such a decoder
    """
    if plot:
        check_replaceable(plot, _own_plot)
    library = open_library() if llama_cpp else None
    if library:
        check_shape(checkpoint.decoder)
    stream = NoiseStream(
        checkpoint, new_backend(backend, checkpoint, threads), window_turns, 1, ticks)
    long = _run_long(stream, ticks)
    if plot:
        _draw(long.latencies, plot)

    peaks, sample = [], []
    for _ in range(15):
        peaks.append(peak_gflops())
        time.sleep(_SETTLE_S)
        sample += [stream.tick() for _ in range(4)]
    window, turn, sink = stream.engine.window_turns, stream.turn_tokens, stream.sink_length
    work = 1e-9 * arithmetic(checkpoint, turn, sink + window * turn)

    ratios: list[float | None] = [None, None]
    for index, reference in enumerate(
            _hugging_face(checkpoint, turn, sink + (window - 1) * turn)):
        reference()
        theirs, ours = [], []
        for _ in range(5 if index == 0 else 15):
            theirs.append(_seconds(reference))
            time.sleep(_SETTLE_S)
            ours += [tick.total - tick.encode_image for tick in (stream.tick(), stream.tick())]
        ratios[index] = _median(theirs) / _median(ours)
    beside = _beside_llama_cpp(library, stream, threads) if library else {}

    four = NoiseStream(
        checkpoint, new_backend(backend, checkpoint, threads), window_turns, 4, ticks)
    alone, together = [], []
    for _ in range(60):
        alone.append(stream.tick())
        together.append(four.tick())
    vision = _median(tick.encode_image for tick in alone)
    language = _median(tick.total - tick.encode_image for tick in alone)

    camera = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    scaling = _median(
        _seconds(lambda: checkpoint.frame.scale(camera, stream.frame_size)) for _ in range(20))
    return EngineFigures(
        window_turns=window, turn_tokens=turn, ticks=ticks,
        tick_ms=_rounded(1e3 * _median(long.latencies)), vision_ms=_rounded(1e3 * vision),
        flatness=_rounded(_drift(long.latencies)),
        flatness_of_machine=_rounded(_drift(long.fixed)),
        rss_growth_mib=_rounded(long.resident_mib[-1] - long.resident_mib[0]),
        gemm_fraction=_rounded(
            work / _median(tick.step_graph for tick in sample) / max(peaks)),
        peak_gflops=_rounded(max(peaks)),
        reprefill_ratio=ratios[0] and _rounded(ratios[0]),
        incremental_ratio=ratios[1] and _rounded(ratios[1]),
        host_overhead_ms=_rounded(1e3 * _median(long.outside)),
        scaling_ms=_rounded(1e3 * scaling),
        instructions4_overhead=_rounded(
            _median(tick.total for tick in together) / (vision + 4 * language)),
        **beside)


@dataclass(frozen=True)
class _LongRun:
    """
    Seconds of each tick, of each tick outside the graphs, and of a fixed sum at both ends.

    :param resident_mib: resident memory after the first ``SPAN`` and in the end
    """

    latencies: 'array[float]'
    outside: 'array[float]'
    fixed: list[float]
    resident_mib: list[float]


def _run_long(stream: NoiseStream, ticks: int) -> _LongRun:
    run = _LongRun(array('d', bytes(8 * ticks)), array('d', bytes(8 * ticks)), [], [])
    span = _span(ticks)
    # On one thread: a product's threads would go on spinning into the next tick.
    fixed = np.random.default_rng(0).standard_normal(2 ** 16, np.float32)
    for index in tqdm(range(ticks), unit=' tick', leave=False, disable=not sys.stderr.isatty()):
        tick = stream.tick()
        run.latencies[index] = tick.total
        run.outside[index] = tick.total - tick.graph
        if index < span or index >= ticks - span:
            run.fixed.append(_seconds(lambda: np.tanh(fixed).sum()))
        if index in (span - 1, ticks - 1):
            run.resident_mib.append(_resident_mib())
    return run


def _span(ticks: int) -> int:
    return min(SPAN, ticks // 2)


def _drift(values: Sequence[float]) -> float:
    """Return the median of the last span over that of the first."""
    span = _span(len(values))
    return _median(values[-span:]) / _median(values[:span])


def _hugging_face(checkpoint: Checkpoint, turn: int, context: int) -> list[Callable[[], object]]:
    if checkpoint.vision.family != 'qwen2_5_vl':
        return []
    try:
        from streamo_ros.bench.hugging_face import HuggingFaceDecoder
    except ImportError:
        return []
    decoder = HuggingFaceDecoder(checkpoint)
    return [decoder.window(context + turn), decoder.turn(turn, context)]


def _beside_llama_cpp(
    library: ctypes.CDLL, stream: NoiseStream, threads: int,
) -> dict[str, float]:
    """Return its figures: a tick of each format, then one of the engine's, again and again."""
    engine, turn = stream.engine, stream.turn_tokens
    context = stream.sink_length + (engine.window_turns - 1) * turn
    pairs: dict[str, list[tuple[float, float]]] = {stored: [] for stored in FORMATS}
    with ExitStack() as opened:
        decoders = {stored: opened.enter_context(closing(LlamaCppDecoder(
            library, engine.checkpoint.decoder, stored, context=context, turn=turn,
            threads=threads))) for stored in FORMATS}
        for decoder in decoders.values():
            decoder.tick()
        # Its threads end with each tick, and ours do not spin: neither has to settle.
        for _ in range(_PAIRS):
            for stored, decoder in decoders.items():
                theirs, ours = _seconds(decoder.tick), stream.tick()
                pairs[stored].append((theirs, ours.total - ours.encode_image))
    figures = {}
    for stored, measured in pairs.items():
        name = f'llama_cpp_{stored.lower()}'
        figures[f'{name}_ms'] = _rounded(1e3 * _median(theirs for theirs, _ in measured))
        figures[f'{name}_ratio'] = _rounded(_median(theirs / ours for theirs, ours in measured))
    return figures


def peak_gflops() -> float:
    """Return the rate of one square product, in 1e9 multiplications and additions a second."""
    side = 2048
    matrix = np.random.default_rng(0).standard_normal((side, side), np.float32)
    matrix @ matrix
    return 2e-9 * side ** 3 / min(_seconds(lambda: matrix @ matrix) for _ in range(3))


def _seconds(run: Callable[[], object]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _rounded(value: float) -> float:
    return float(f'{value:.4g}')


def _resident_mib() -> float:
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 2 ** 20


def _draw(latencies: Sequence[float], file: Path) -> None:
    from matplotlib.figure import Figure
    figure = Figure(figsize=(9, 3), layout='constrained')
    axes = figure.subplots()
    axes.plot(1e3 * np.asarray(latencies), linewidth=0, marker='.', markersize=1)
    axes.set(xlabel='tick', ylabel='latency, ms', ylim=(0, None))
    with written(file, _own_plot) as image:
        figure.savefig(image, dpi=120, format='png', metadata={'Software': WRITER})


def _own_plot(head: bytes) -> bool:
    return head.startswith(b'\x89PNG') and f'Software\0{WRITER}'.encode() in head
