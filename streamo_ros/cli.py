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
The command line, ``streamo``.

Exit codes: 0 done, 1 failed (with one sentence on the error output), 2 wrong usage.
"""

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import asdict
import hashlib
import json
from pathlib import Path
import sys
import time
from typing import Any
from typing import TextIO

from tqdm import tqdm

from streamo_ros.bench import latency as bench_latency
from streamo_ros.bench import node as bench_node
from streamo_ros.bench.engine import measure
from streamo_ros.bench.node import BenchError
from streamo_ros.bench.random_checkpoints import random_checkpoint
from streamo_ros.bench.random_checkpoints import SHAPES
from streamo_ros.dialogue import InstructionError
from streamo_ros.dialogue import State
from streamo_ros.engine import BACKENDS
from streamo_ros.engine import Decision
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.precision import PRECISIONS
from streamo_ros.evaluation.bags.annotation import AnnotationError
from streamo_ros.evaluation.bags.cluster import ClusterError
from streamo_ros.evaluation.bags.report_data import ReportError
from streamo_ros.evaluation.benchmarks import recorded
from streamo_ros.evaluation.benchmarks.journal import JournalError
from streamo_ros.evaluation.benchmarks.ovo_bench import official
from streamo_ros.evaluation.benchmarks.ovo_bench import report as ovo_report
from streamo_ros.evaluation.benchmarks.ovo_bench import run as ovo_run
from streamo_ros.evaluation.benchmarks.ovo_bench.official import read_predictions
from streamo_ros.evaluation.benchmarks.ovo_bench.records import BenchmarkError
from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.sources.image import ImageError
from streamo_ros.sources.recording import open_recording
from streamo_ros.sources.recording import SourceError
from streamo_ros.sources.sampler import Sampler
from streamo_ros.sources.sampler import Verdict
from streamo_ros.sources.stream_file import DataError
from streamo_ros.training.conversion.files import convert_file
from streamo_ros.training.conversion.files import read_durations
from streamo_ros.training.conversion.files import to_annotation
from streamo_ros.training.conversion.files import ToStream
from streamo_ros.training.json_records import FileError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (AnnotationError, BenchError, BenchmarkError, CheckpointError, ClusterError, DataError,
            FileError, InstructionError, JournalError, ReportError, SourceError) as error:
        print(f'streamo: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='streamo', description='Watch a stream with a model that decides when to speak.')
    commands = parser.add_subparsers(required=True, metavar='COMMAND')

    watch = commands.add_parser(
        'watch', help='watch a video, an image folder or a bag, without ROS',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    watch.set_defaults(run=_watch)
    watch.add_argument(
        'source', type=Path, metavar='SOURCE',
        help='video file, image folder, or bag (directory, .mcap, .db3)')
    watch.add_argument(
        '-i', '--instruction', action='append', required=True, metavar='TEXT',
        help='what to watch for; several may be given')
    watch.add_argument(
        '--checkpoint', default='nano', help='"nano" or a checkpoint\'s directory')
    _take_zero_shot(watch)
    watch.add_argument('--backend', default='auto', choices=BACKENDS, help='what runs the model')
    watch.add_argument('--fps', type=_positive, default=1.0, help='frames sampled per second')
    watch.add_argument(
        '--window', type=_turns, metavar='TURNS',
        help="turns kept in view; the checkpoint's own number if not given")
    _take_thresholds(watch)
    watch.add_argument(
        '--still', action='store_true',
        help='spare what has not changed; changes some decisions, and says how much it spared')
    watch.add_argument(
        '--jsonl', type=argparse.FileType('w', encoding='utf-8'), metavar='FILE',
        help='write one line of JSON per decision; "-" for the standard output')
    watch.add_argument(
        '--realtime', action='store_true', help='as fast as recorded, not as fast as possible')

    bench = commands.add_parser('bench', help='measure what things cost on this machine')
    benches = bench.add_subparsers(required=True, metavar='WHAT')
    engine = benches.add_parser(
        'engine', help='a tick: over time, against re-reading the window, against the hardware',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    engine.set_defaults(run=_bench_engine)
    what = engine.add_mutually_exclusive_group()
    what.add_argument(
        '--shape', default='nano', choices=SHAPES, help='of random weights, or nano itself')
    what.add_argument('--checkpoint', metavar='DIR', help='measure this one instead')
    engine.add_argument('--backend', default='auto', choices=BACKENDS, help='what runs the model')
    engine.add_argument(
        '--window', type=_turns, metavar='TURNS',
        help="turns kept in view; the checkpoint's own number if not given")
    engine.add_argument(
        '--ticks', type=_ticks, default=20000, help='how long to run for flatness, 2 or more')
    engine.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')
    engine.add_argument(
        '--plot', type=Path, metavar='FILE', help="draw every tick's latency as PNG (matplotlib)")
    latency = benches.add_parser(
        'latency', help='a tick at every frame rate, window, number of instructions and backend',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    latency.set_defaults(run=_bench_latency)
    what = latency.add_mutually_exclusive_group()
    what.add_argument(
        '--shape', default='nano', choices=SHAPES, help='of random weights, or nano itself')
    what.add_argument('--checkpoint', metavar='DIR', help='measure this one instead')
    latency.add_argument(
        '--backend', nargs='+', default=bench_latency.BACKENDS, choices=bench_latency.BACKENDS,
        help='what runs the model; those that cannot are named')
    latency.add_argument(
        '--fps', nargs='+', type=_positive, default=(1.0, 2.0, 10.0), help='frame rates')
    latency.add_argument(
        '--window', nargs='+', type=_turns, default=(8, 60), metavar='TURNS', help='windows')
    latency.add_argument(
        '--instructions', nargs='+', type=_standing, default=(1, 4), metavar='N',
        help=f'how many stand, up to {MAX_INSTRUCTIONS}')
    latency.add_argument(
        '--ticks', type=_ticks, default=60, help='measured of each, 2 or more')
    latency.add_argument('--json', type=Path, metavar='FILE', help='write the table here')
    node = benches.add_parser(
        'node', help="a camera's frames that reach the node, and what the node costs (needs ROS)",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    node.set_defaults(run=_bench_node)
    node.add_argument(
        '--seconds', type=_positive, default=20.0, help='for which the camera sends, in each run')
    node.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')

    export = commands.add_parser(
        'export', help='write a checkpoint as ONNX, held against torch, or as TensorRT engines',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    export.set_defaults(run=_export)
    export.add_argument('checkpoint', metavar='CHECKPOINT', help='"nano" or a directory')
    _take_zero_shot(export)
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
        '--camera', type=_size, default=(480, 640), metavar='WIDTHxHEIGHT',
        help='size of the frames as they come; 640x480 if not given')
    export.add_argument(
        '--window', type=_turns, metavar='TURNS',
        help="of engines: turns kept in view; the checkpoint's own number if not given")
    export.add_argument(
        '--fps', type=_positive, default=1.0, help='of engines: frames sampled per second')
    export.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')

    _add_convert(commands)
    _add_benchmark(commands)
    _add_evaluate(commands)

    train = commands.add_parser(
        'train', help='train a checkpoint on streams, as the paper does',
        description='Train a checkpoint on streams that `streamo convert` wrote: the connector '
                    'and the language model, the vision tower frozen. A run that was cut off is '
                    'resumed by the same command.',
        epilog='On several devices: `accelerate launch ... $(command -v streamo) train ...`; '
               '`python -m pydoc streamo_ros.training.fine_tune` shows the lines for FSDP and '
               "DeepSpeed with the paper's settings. nano's own recipe is `make nano`.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    train.set_defaults(run=_train)
    train.add_argument(
        'checkpoint', metavar='CHECKPOINT',
        help='"nano" or a directory; state tokens that it lacks are added')
    train.add_argument('data', type=Path, metavar='DATA', help='streams, as JSON')
    train.add_argument(
        '--out', type=Path, required=True, metavar='DIR', help='where the new checkpoint goes')
    train.add_argument(
        '--videos', type=Path, metavar='DIR',
        help="where the data's video paths start from; the data's own directory if not given")
    train.add_argument(
        '--evaluation', type=Path, metavar='DATA', help='streams to score the states on')
    length = train.add_mutually_exclusive_group()
    length.add_argument('--epochs', type=_turns, default=1, help='times through the data')
    length.add_argument('--steps', type=_turns, help='optimizer steps')
    train.add_argument('--learning-rate', type=_positive, default=1e-5, help='at its highest')
    train.add_argument(
        '--accumulate', type=_turns, default=64, metavar='ROWS',
        help='rows that each process goes through for one step')
    train.add_argument(
        '--max-tokens', type=_turns, default=32768, metavar='TOKENS',
        help='of a row: streams are packed into one while they fit; longer ones are left out')
    train.add_argument(
        '--window', type=_turns, metavar='TURNS',
        help='turns in sight while training; the whole stream if not given')
    train.add_argument(
        '--loss', default='focal', choices=('focal', 'fixed', 'cross_entropy'),
        help='how states weigh: focal; 0.3, 1.3 and 2.0; or like any token')
    train.add_argument('--gamma', type=_not_negative, default=2.0, help='of the focal loss')
    train.add_argument(
        '--alpha', type=_alpha, default='present', metavar='present|three|S,B,R',
        help="of the focal loss: balance over the states that occur (the authors' code), over "
             'three (the paper), or these weights')
    train.add_argument(
        '--lora', type=_turns, metavar='RANK', help='train adapters, and merge them at the end')
    train.add_argument(
        '--gradient-checkpointing', action='store_true', help='less memory, more time')
    train.add_argument(
        '--save-every', type=_turns, default=100, metavar='STEPS', help='and evaluate')
    train.add_argument('--seed', type=int, default=1, help='of the order of the data')
    train.add_argument(
        '--precision', default='auto', choices=('auto', 'bf16', 'float32'),
        help='auto is bf16 where the machine has it')
    train.add_argument(
        '--workers', type=_count, default=2, help='processes that read videos, in each process')
    train.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')
    return parser


def _take_zero_shot(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        '--zero-shot', action='store_true',
        help='the checkpoint was never trained for this: ask it in words, an untrained stopgap')


def _add_convert(commands: Any) -> None:
    convert = commands.add_parser(
        'convert', help='raw annotations to the stream format that models train on, or back')
    convert.set_defaults(run=_convert)
    convert.add_argument(
        'source', type=Path, metavar='RAW', help='a JSON array, one object, or JSON lines')
    convert.add_argument(
        'target', type=Path, metavar='STREAM', help='written as JSON, or as lines if *.jsonl')
    how = convert.add_mutually_exclusive_group()
    how.add_argument(
        '--compat', action='store_true',
        help="exactly as the authors' converter does, defects included")
    how.add_argument(
        '--back', action='store_true', help='the other way: RAW is read as a stream file')
    convert.add_argument(
        '--fps', type=_positive, default=1.0, help='turns per second; 1 if not given')
    convert.add_argument(
        '--videos', type=Path, default=Path(), metavar='DIR',
        help="what the records' paths are relative to; the working directory if not given")
    convert.add_argument(
        '--durations', type=Path, metavar='FILE',
        help='for videos that are not there: JSON, {"path or name": seconds}; a record may also '
        'have a field "duration"')
    prompt = convert.add_mutually_exclusive_group()
    prompt.add_argument(
        '--system-prompt', type=Path, metavar='FILE', help='a text, taken to the letter')
    prompt.add_argument(
        '--checkpoint', default='nano', help='take its system prompt; "nano" if not given')
    convert.add_argument(
        '--question', default='', metavar='TEXT', help='asked where a record asks nothing')
    convert.add_argument(
        '--json', type=Path, metavar='FILE', help='write every correction and bad record here')


def _add_benchmark(commands: Any) -> None:
    benchmark = commands.add_parser('benchmark', help='score a model on a published benchmark')
    benchmarks = benchmark.add_subparsers(required=True, metavar='WHICH')
    ovo = benchmarks.add_parser(
        'ovo', help='OVO-Bench: watch its videos, or score predictions as it does',
        description='OVO-Bench from its own annotations. Videos are watched as streams, and the '
                    'decisions turned into responses by a rule of our own; predictions are scored '
                    'as they are.')
    ovo.set_defaults(run=_benchmark_ovo)
    ovo.add_argument('annotations', type=Path, metavar='JSON', help='ovo_bench_new.json')
    what = ovo.add_mutually_exclusive_group(required=True)
    what.add_argument(
        '--videos', type=Path, metavar='DIR', help="where the records' paths start from")
    what.add_argument(
        '--predictions', type=Path, metavar='FILE',
        help='lines of JSON: {"id": 0, "responses": ["B"]}, one response a test point')
    streams = benchmarks.add_parser(
        'streams', help="a file or folder in the authors' stream format",
        description="States and answers held against those of streams in the authors' format.")
    streams.set_defaults(run=_benchmark_streams)
    streams.add_argument('data', type=Path, metavar='DATA', help='a .json, .jsonl, or folder')
    streams.add_argument(
        '--videos', type=Path, required=True, metavar='DIR',
        help="where the records' paths start from")
    for command in (ovo, streams):
        command.add_argument(
            '--out', type=Path, metavar='DIR', required=command is streams,
            help='what is watched and the report go here; a run that was cut off goes on')
        command.add_argument(
            '--checkpoint', default='nano', help='"nano", if not given, or a directory')
        _take_zero_shot(command)
        command.add_argument(
            '--backend', default='auto', choices=BACKENDS, help='what runs the model')
        command.add_argument(
            '--window', type=_turns, metavar='TURNS',
            help="turns kept in view; the checkpoint's own number if not given")
        command.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')


def _add_evaluate(commands: Any) -> None:
    evaluate = commands.add_parser(
        'evaluate', help='watch recorded bags, and say how good what was decided is',
        description='Watch bags as the node would have, and score it where the truth is known. '
                    'A run that was cut off is taken up by the same command.',
        epilog='`python -m pydoc streamo_ros.evaluation.bags.annotation` shows how '
               'annotations are written; `make sample-bag` makes a bag to try it on.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument(
        'bags', type=Path, nargs='*', metavar='BAG', help='a directory, .mcap or .db3')
    evaluate.add_argument(
        '--out', type=Path, metavar='DIR',
        help='receives report.html, report.json, scores.json, decisions.jsonl, and a bag of the '
             'decisions; with --compare the page, comparison.html if not given')
    evaluate.add_argument(
        '--compare', type=Path, nargs=2, metavar=('A', 'B'),
        help='watch nothing; two folders that --out received become a page that compares them')
    evaluate.add_argument(
        '--annotations', type=Path, metavar='FILE',
        help='what is asked and what is true, YAML or JSON; if not given, annotations.yaml in '
             "each bag's directory, or else the instructions that were recorded")
    evaluate.add_argument(
        '--checkpoint', default='nano', help='"nano" or a checkpoint\'s directory')
    evaluate.add_argument(
        '--backend', default='auto', choices=BACKENDS, help='what runs the model')
    evaluate.add_argument('--fps', type=_positive, default=1.0, help='frames sampled per second')
    evaluate.add_argument(
        '--window', type=_turns, metavar='TURNS',
        help="turns kept in view; the checkpoint's own number if not given")
    _take_thresholds(evaluate)
    parallel = evaluate.add_mutually_exclusive_group()
    parallel.add_argument(
        '--jobs', type=_turns, default=1, help='bags watched at a time, each by a process')
    parallel.add_argument(
        '--ray', metavar='ADDRESS',
        help='watch them on a Ray cluster, "auto" for the one that this machine is part of')
    evaluate.add_argument('--seed', type=int, default=0, help='of the intervals')
    evaluate.add_argument('--json', type=Path, metavar='FILE', help='write the scores here, too')


def _take_thresholds(command: argparse.ArgumentParser) -> None:
    command.set_defaults(refuse=command.error)
    command.add_argument(
        '--response-threshold', type=float, default=0.0, metavar='P',
        help='decide Response from this probability on; 0: where it is the likeliest state')
    command.add_argument(
        '--release-threshold', type=float, default=0.0, metavar='P',
        help='after a Response, none until its probability has been below this; 0: at once')


def _thresholds(options: argparse.Namespace) -> Thresholds:
    try:
        return Thresholds(options.response_threshold, options.release_threshold)
    except ValueError as error:
        options.refuse(str(error))
        raise


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not above 0')
    return value


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is below 0')
    return value


def _alpha(text: str) -> str | tuple[float, ...]:
    if text in ('present', 'three'):
        return text
    weights = tuple(_not_negative(part) for part in text.split(','))
    if len(weights) != 3:
        raise argparse.ArgumentTypeError(f'{text} is neither present, three nor three weights')
    return weights


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f'{text} is below 0')
    return value


def _turns(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not 1 or more')
    return value


def _standing(text: str) -> int:
    value = _turns(text)
    if value > MAX_INSTRUCTIONS:
        raise argparse.ArgumentTypeError(f'{text} is more than {MAX_INSTRUCTIONS}')
    return value


def _ticks(text: str) -> int:
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError(f'{text} is not 2 or more')
    return value


def _size(text: str) -> tuple[int, int]:
    width, height = (int(side) for side in text.split('x'))
    if min(width, height) < 1:
        raise argparse.ArgumentTypeError(f'{text} is no size in pixels')
    return height, width


class _Camera:
    """One camera of a recording: its own engine, for streams never influence one another."""

    def __init__(self, options: argparse.Namespace, thresholds: Thresholds) -> None:
        self.sampler = Sampler(options.fps)
        self.engine = StreamEngine.from_pretrained(
            options.checkpoint, backend=options.backend, window_turns=options.window,
            fps=options.fps, still=StillScene() if options.still else None,
            zero_shot=options.zero_shot, thresholds=thresholds)
        for text in options.instruction:
            self.engine.watch(text)
        self._said = {watch.instruction_id: State.SILENCE for watch in self.engine.watches}

    def due(self, stamp: int) -> bool:
        """Say whether to sample the frame; a stream whose time jumps begins anew."""
        verdict = self.sampler.judge(stamp)
        if verdict is Verdict.JUMP:
            self.sampler.reset()
            self.engine.reset()
            verdict = self.sampler.judge(stamp)
        return verdict is Verdict.DUE

    def report(self, name: str, decision: Decision, seconds: float) -> None:
        """Print a decision that differs from the one before, or that says something."""
        if decision.state is self._said[decision.instruction_id] and not decision.text:
            return
        self._said[decision.instruction_id] = decision.state
        where = f'{name}  ' if name else ''
        tqdm.write(
            f'{seconds:8.2f} s  {where}{decision.instruction_id}  '
            f'{decision.state.name.lower():8}  {decision.probabilities[decision.state]:.2f}  '
            f'{decision.text}'.rstrip())


def _watch(options: argparse.Namespace) -> None:
    thresholds = _thresholds(options)
    cameras: dict[str, _Camera] = {}
    recording = open_recording(options.source, options.fps)
    bad = 0
    began = time.monotonic()
    first: int | None = None
    with tqdm(total=recording.seconds, disable=not sys.stderr.isatty(), leave=False,
              bar_format='{l_bar}{bar}| {n:.0f} s [{elapsed}]') as progress:
        for frame in recording.frames:
            camera = cameras.get(frame.camera)
            if camera is None:
                camera = cameras[frame.camera] = _Camera(options, thresholds)
            first = frame.stamp if first is None else first
            if not camera.due(frame.stamp):
                continue
            seconds = (frame.stamp - first) * 1e-9
            if options.realtime:
                time.sleep(max(0.0, seconds - (time.monotonic() - began)))
            try:
                picture = frame.picture()
            except ImageError as error:
                bad += 1
                tqdm.write(f'{seconds:8.2f} s  bad image: {error}', sys.stderr)
                continue
            before = time.perf_counter()
            decisions = camera.engine.step(picture, frame.stamp * 1e-9)
            latency = time.perf_counter() - before
            camera.sampler.take(frame.stamp)
            for decision in decisions:
                if options.jsonl:
                    _write(options.jsonl, frame.camera, decision, latency)
                camera.report(frame.camera, decision, seconds)
            progress.update(max(0.0, seconds - progress.n))
    if options.jsonl:
        options.jsonl.close()
    if first is None:
        raise SourceError(f'{options.source} holds no frame')
    if options.still:
        for name, camera in cameras.items():
            print(
                f'streamo: {name or options.source}: {camera.engine.skipped_frames} frames were '
                f'not looked at, {camera.engine.visual_tokens_pruned:.0%} of visual tokens left '
                'out',
                file=sys.stderr)
    if bad:
        print(f'streamo: {bad} bad images were passed over', file=sys.stderr)


def _write(file: TextIO, camera: str, decision: Decision, latency: float) -> None:
    file.write(json.dumps({
        'stamp': decision.stamp,
        'camera': camera,
        'instruction_id': decision.instruction_id,
        'state': decision.state.name.lower(),
        'probabilities': [round(share, 6) for share in decision.probabilities],
        'text': decision.text,
        'latency_s': round(latency, 6),
    }, ensure_ascii=False) + '\n')
    file.flush()


def _bench_checkpoint(options: argparse.Namespace, backends: Iterable[str]) -> Checkpoint:
    if options.checkpoint:
        return load_checkpoint(options.checkpoint)
    for backend in backends:
        if options.shape != 'nano' and backend not in ('auto', 'onnxruntime'):
            raise CheckpointError(
                f'random weights are in no file for {backend} to read: give a checkpoint, or '
                '--backend onnxruntime')
    return random_checkpoint(options.shape)


def _bench_engine(options: argparse.Namespace) -> None:
    checkpoint = _bench_checkpoint(options, [options.backend])
    figures = asdict(measure(
        checkpoint, backend=options.backend, window_turns=options.window, ticks=options.ticks,
        plot=options.plot))
    for name, value in figures.items():
        print(f'{name:24} {"not measured here" if value is None else value}')
    if options.json:
        options.json.write_text(json.dumps(
            {
                'shape': options.checkpoint or options.shape, 'backend': options.backend,
                **figures}, indent=2) + '\n')


def _bench_latency(options: argparse.Namespace) -> None:
    checkpoint = _bench_checkpoint(options, options.backend)
    table = bench_latency.measure(
        options.checkpoint or options.shape, checkpoint, options.backend, options.fps,
        options.window, options.instructions, options.ticks)
    print('\n'.join(bench_latency.lines(table)))
    if options.json:
        options.json.write_text(json.dumps(asdict(table), indent=2) + '\n')


def _bench_node(options: argparse.Namespace) -> None:
    figures = asdict(bench_node.measure(options.seconds))
    for name, value in figures.items():
        print(f'{name:34} {value}')
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + '\n')


def _export(options: argparse.Namespace) -> None:
    try:
        from streamo_ros.engine.backends.tensorrt.engine_export import export_tensorrt
        from streamo_ros.engine.graphs.onnx_export import export_onnx
    except ImportError as error:
        raise CheckpointError(
            f'an export is held against torch and transformers ({error}): install them') from error
    checkpoint = load_checkpoint(options.checkpoint, zero_shot=options.zero_shot)
    if options.to == 'onnx':
        export = export_onnx(
            checkpoint, options.out, precision=options.precision or 'float32',
            camera=options.camera)
        figures = asdict(export)
    else:
        export, manifest = export_tensorrt(
            checkpoint, options.out, precision=options.precision or 'float16',
            camera=options.camera, window_turns=options.window, fps=options.fps)
        figures = {**asdict(export), 'engines': manifest.to_json()}
    print(f'{options.out}: {export.grid[0]} by {export.grid[1]} visual tokens, '
          f'{sum(export.megabytes.values()):.1f} MB of graphs')
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + '\n')


def _convert(options: argparse.Namespace) -> None:
    if options.back:
        convert = to_annotation
    else:
        convert = ToStream(
            system_prompt=_system_prompt(options),
            fps=options.fps,
            compat=options.compat,
            videos=options.videos,
            durations=read_durations(options.durations) if options.durations else {},
            question=options.question)
    size = options.source.stat().st_size if options.source.is_file() else None
    with tqdm(total=size, unit='B', unit_scale=True, leave=False,
              disable=not sys.stderr.isatty()) as progress:
        summary = convert_file(
            options.source, options.target, convert, options.json, progress.update,
            lambda sentence: tqdm.write(f'bad record: {sentence}', sys.stderr))
    print('\n'.join(summary.lines(options.source)))
    if summary.bad:
        raise FileError(
            f'{summary.bad} of {summary.records} records were bad: {options.target} is without '
            'them')


def _evaluate(options: argparse.Namespace) -> None:
    if options.compare:
        if options.bags:
            options.refuse('--compare takes two folders and no bags')
        _compare(*options.compare, options.out or Path('comparison.html'))
        return
    if not options.bags or options.out is None:
        options.refuse('give bags, and --out DIR')
    # Here, for it takes a while and no other command needs it.
    from streamo_ros.evaluation.bags.evaluate import evaluate
    from streamo_ros.evaluation.bags.evaluate import table
    from streamo_ros.evaluation.bags.evaluate import write_scores
    from streamo_ros.evaluation.bags.run import Watching
    from streamo_ros.evaluation.pages.report import write_report_page
    report = evaluate(
        options.bags, options.out, Watching(
            options.checkpoint, options.backend, options.fps, options.window,
            thresholds=_thresholds(options)),
        annotations=options.annotations, jobs=options.jobs, ray=options.ray,
        seed=options.seed)
    for bag in report.bags:
        for notice in [*bag.notices, *(one for camera in bag.cameras for one in camera.notices)]:
            print(f'{bag.name}: {notice.count} {notice.kind}: {notice.sentence}', file=sys.stderr)
    print('\n'.join(table(report) if report.groups else ['nothing is known of what is true']))
    write_report_page(report, options.out / 'report.html')
    print(options.out / 'report.json')
    print(options.out / 'report.html')
    if options.json:
        write_scores(report, options.json)
    failed = [bag for bag in report.bags if bag.error]
    if failed:
        raise SourceError(
            f'{len(failed)} of {len(report.bags)} bags could not be watched: '
            + '; '.join(f'{bag.name}: {bag.error}' for bag in failed))


def _compare(first: Path, second: Path, out: Path) -> None:
    from streamo_ros.evaluation.bags.evaluate import REPORT
    from streamo_ros.evaluation.bags.report_data import read_report
    from streamo_ros.evaluation.pages.comparison import write_comparison_page
    write_comparison_page(
        *(read_report(path / REPORT if path.is_dir() else path) for path in (first, second)), out)
    print(out)


def _system_prompt(options: argparse.Namespace) -> str:
    if not options.system_prompt:
        return load_checkpoint(options.checkpoint).system_prompt
    try:
        return options.system_prompt.read_bytes().decode()
    except (OSError, ValueError) as error:
        raise FileError(f'{options.system_prompt} cannot be read as text ({error})') from error


def _train(options: argparse.Namespace) -> None:
    try:
        from streamo_ros.training.fine_tune import fine_tune
        from streamo_ros.training.fine_tune import FineTuning
    except ImportError as error:
        raise CheckpointError(
            f'training needs the train extras ({error}): `make test` installs them') from error
    figures = fine_tune(FineTuning(
        checkpoint=options.checkpoint, data=options.data, out=options.out, videos=options.videos,
        evaluation=options.evaluation, epochs=options.epochs, steps=options.steps,
        learning_rate=options.learning_rate, accumulate=options.accumulate,
        max_tokens=options.max_tokens, window_turns=options.window, loss=options.loss,
        gamma=options.gamma, alpha=options.alpha, lora=options.lora,
        gradient_checkpointing=options.gradient_checkpointing, save_every=options.save_every,
        seed=options.seed, precision=options.precision, workers=options.workers))
    if figures is None:
        return
    print(f'{options.out}: {figures["steps"]} steps over {figures["streams"]} streams in '
          f'{figures["rows"]} rows; {len(figures["refused"])} left out')
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + '\n')


def _benchmark_ovo(options: argparse.Namespace) -> None:
    records = read_records(options.annotations)
    if options.predictions:
        predictions = read_predictions(options.predictions, records)
        figures = {
            'official': official.score(records, predictions),
            'baselines': official.baselines(
                [record for record in records if record.id in predictions])}
    else:
        if not options.out:
            raise BenchmarkError('--videos takes --out: give a folder for what is watched')
        engine = _benchmark_engine(options, 1.0)
        figures = ovo_run.run(
            records, options.videos, options.out, engine,
            {**_benchmark_settings(options, [options.annotations]),
             'window_turns': engine.window_turns}, _progress)
    _report(options, figures, ovo_report.lines(figures))


def _benchmark_streams(options: argparse.Namespace) -> None:
    records = recorded.find_records(options.data)
    files = dict.fromkeys(record.file.file for record in records)
    figures = recorded.run(
        records, options.videos, options.out, lambda fps: _benchmark_engine(options, fps),
        {**_benchmark_settings(options, files), 'window_turns': options.window}, _progress)
    _report(options, figures, (
        f'{name:34} {value}' for name, value in figures.items()
        if not isinstance(value, dict | list)))


def _benchmark_engine(options: argparse.Namespace, fps: float) -> StreamEngine:
    return StreamEngine.from_pretrained(
        options.checkpoint, backend=options.backend, window_turns=options.window, fps=fps,
        zero_shot=options.zero_shot)


def _benchmark_settings(options: argparse.Namespace, files: Iterable[Path]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return {
        'data_sha256': digest.hexdigest(), 'checkpoint': options.checkpoint,
        'zero_shot': options.zero_shot, 'backend': options.backend, 'look_back': True}


def _progress(records: list[Any]) -> Iterable[Any]:
    return tqdm(records, unit=' record', leave=False, disable=not sys.stderr.isatty())


def _report(options: argparse.Namespace, figures: dict[str, Any], lines: Iterable[str]) -> None:
    """Write the figures, name what was not watched, and print the lines if anything was."""
    for video in figures.get('absent_videos', ()):
        print(f'absent: {video}', file=sys.stderr)
    for record, reason in figures.get('left_out', {}).items():
        print(f'left out: {record}: {reason}', file=sys.stderr)
    text = json.dumps(figures, indent=2, ensure_ascii=False) + '\n'
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / 'report.json').write_text(text, encoding='utf-8')
    if options.json:
        options.json.write_text(text, encoding='utf-8')
    if figures.get('watched') == 0:
        raise BenchmarkError(
            f'none of {figures["records"]} records could be watched: '
            f'{len(figures["absent_videos"])} videos are not below {options.videos}, '
            f'{len(figures["left_out"])} records cannot be used')
    print('\n'.join(lines))
