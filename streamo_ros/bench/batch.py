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
``streamo bench batch``: several streams whose ticks share forwards, beside each on its own.

Rounds of a few ticks of every stream, in three ways by turns; each ratio is the median of those
of the rounds. In the first two ways, each stream has a thread of its own.

``together``
    Streams of one ``SharedBatch``; ``chunks_per_forward`` says how many ticks (or tokens of
    answers) of different streams were one forward of the decoder, on average.
``apart``
    Each stream has a cache of its own, and its ticks are forwards of their own.
``one_by_one``
    The same, all in one thread.
``..._ticks_s``
    Ticks a second, of all streams together; the frames come as fast as they are taken.
``throughput_over_...``
    Those of ``together`` over another way's: above 1, the shared batch is faster.
``processor_time_over_...``
    Processor time of a tick, likewise: below 1, the shared batch takes less.
"""

from collections.abc import Callable
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
import statistics
import sys
import time

from tqdm import tqdm

from streamo_ros.bench.engine import NoiseStream
from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.engine.backends.shared_batch import SharedBatch
from streamo_ros.models import Checkpoint

_ROUND = 4  # ticks of each stream


@dataclass(frozen=True)
class BatchFigures:
    """The figures; ratios are of ``together`` over another way."""

    streams: int
    instructions: int
    answer_tokens: int
    ticks: int
    chunks_per_forward: float
    together_ticks_s: float
    apart_ticks_s: float
    one_by_one_ticks_s: float
    throughput_over_apart: float
    throughput_over_one_by_one: float
    processor_time_over_apart: float
    processor_time_over_one_by_one: float


@dataclass(frozen=True)
class _Cost:
    """Seconds of a round, and of all cores together."""

    wall: float
    processor: float


def measure(
    checkpoint: Checkpoint, *, backend: str, streams: int, instructions: int, ticks: int,
    window_turns: int | None = None, answer_tokens: int = 0, threads: int = 0,
) -> BatchFigures:
    """
    Return the figures of a checkpoint.

    :param backend: one of ``BACKENDS``
    :param instructions: of each stream
    :param ticks: of each stream in each way, at least
    :param window_turns: None takes the checkpoint's own
    :param answer_tokens: of an answer to each instruction at every tick; 0 never answers
    :param threads: as in ``given_threads``
    :raises CheckpointError: when the backend's shapes are fixed
    """
    rounds = -(-ticks // _ROUND)

    def watching(backends: Iterable[Backend]) -> list[NoiseStream]:
        return [NoiseStream(
            checkpoint, each, window_turns, instructions, 2 * (rounds + 1) * _ROUND,
            answer_tokens=answer_tokens) for each in backends]

    with (closing(SharedBatch(
            new_backend(backend, checkpoint, threads), streams * instructions)) as shared,
          ThreadPoolExecutor(streams) as pool):
        alone = new_backend(backend, checkpoint, threads)
        of_one = watching(shared.new_stream() for _ in range(streams))
        of_their_own = watching(alone.new_stream() for _ in range(streams))

        def at_once(watched: list[NoiseStream]) -> None:
            list(pool.map(_tick, watched))

        def in_turn() -> None:
            for _ in range(_ROUND):
                for stream in of_their_own:
                    stream.tick()

        ways: list[Callable[[], None]] = [
            lambda: at_once(of_one), lambda: at_once(of_their_own), in_turn]
        for way in ways:  # until everything is made
            way()
        forwards, chunks = shared.forwards, shared.chunks
        costs: list[list[_Cost]] = [[], [], []]
        for turn in tqdm(
                range(rounds), unit=' round', leave=False, disable=not sys.stderr.isatty()):
            for place in range(len(ways)):
                which = (turn + place) % len(ways)
                costs[which].append(_cost(ways[which]))
        together, apart, one_by_one = costs
        return BatchFigures(
            streams=streams, instructions=instructions, answer_tokens=answer_tokens,
            ticks=rounds * _ROUND,
            chunks_per_forward=_rounded(
                (shared.chunks - chunks) / (shared.forwards - forwards)),
            together_ticks_s=_rate(together, streams), apart_ticks_s=_rate(apart, streams),
            one_by_one_ticks_s=_rate(one_by_one, streams),
            throughput_over_apart=_ratio(apart, together, 'wall'),
            throughput_over_one_by_one=_ratio(one_by_one, together, 'wall'),
            processor_time_over_apart=_ratio(together, apart, 'processor'),
            processor_time_over_one_by_one=_ratio(together, one_by_one, 'processor'))


def _tick(stream: NoiseStream) -> None:
    for _ in range(_ROUND):
        stream.tick()


def _cost(way: Callable[[], None]) -> _Cost:
    begin, before = time.perf_counter(), time.process_time()
    way()
    return _Cost(time.perf_counter() - begin, time.process_time() - before)


def _rate(costs: list[_Cost], streams: int) -> float:
    return _rounded(streams * _ROUND / statistics.median(cost.wall for cost in costs))


def _ratio(costs: list[_Cost], others: list[_Cost], of: str) -> float:
    """Return the median of the ratios of each round."""
    return _rounded(statistics.median(
        getattr(one, of) / getattr(other, of)
        for one, other in zip(costs, others, strict=True)))


def _rounded(value: float) -> float:
    return float(f'{value:.3g}')
