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
Every command runs with every option as users run it: the installed program, from elsewhere.

What a command does is tested where it is written; here it is held that the program takes each
option and ends well, and that no option is forgotten when one is added.
"""

import argparse
from importlib import import_module
import json
import os
from pathlib import Path
import subprocess

from ament_index_python.packages import get_package_prefix
import benchmark_records
import ovo_records
import pytest
from random_model import new_model
from random_model import write_checkpoint
from rendered_video import write_room
from tiny_bags import TinyBag
from tiny_streams import write_streams

from streamo_ros.cli.build import SOURCES
from streamo_ros.cli.main import COMMANDS
from streamo_ros.cli.study import STUDIES
from streamo_ros.worlds import SentryWorld

STREAMO = Path(get_package_prefix('streamo_ros'), 'bin', 'streamo')
ASKED = 'Tell me when the light goes off.'

RUNS = {
    'watch': 'watch room.mp4 -i ASKED --checkpoint nano --backend onnxruntime --fps 2 --window 4 '
             '--response-threshold 0.6 --release-threshold 0.5 --still --jsonl decided.jsonl '
             '--realtime --memory 128 --threads 1 --profile',
    'watch a plain model': 'watch room.mp4 -i ASKED --checkpoint plain --zero-shot',
    'watch for choices': 'watch room.mp4 -i ASKED --checkpoint nano --choice dark --choice light',
    'watch for data': 'watch room.mp4 -i ASKED --checkpoint nano --schema data.json',
    'evaluate': 'evaluate one two --out OUT --annotations asked.json --checkpoint nano --fps 1 '
                '--backend onnxruntime --window 4 --response-threshold 0.6 '
                '--release-threshold 0.5 --jobs 2 --seed 1 --json scores.json --memory 128 '
                '--threads 1',
    'evaluate, compared': 'evaluate --compare before after --out OUT',
    'annotate': 'annotate one --annotations asked.json --check',
    'build bag': 'build bag one --annotations asked.json --videos OUT --out OUT.json --fps 2',
    'build': 'build charades-sta charades.txt --videos . --out OUT.json --durations long.json',
    'build mix': 'build mix built.json --out OUT --videos . --records 2 --tasks grounding=1 '
                 '--sources Charades=1 --held-out 0.1 --seed 1',
    'convert': 'convert raw.json stream.json --fps 1 --videos . --durations long.json '
               '--system-prompt prompt.txt --question ASKED --json mended.json',
    'convert as the authors do': 'convert raw.json again.json --compat --question ASKED',
    'convert the other way': 'convert stream/stream.json back.json --back --checkpoint nano',
    'info': 'info plain --zero-shot --window 4 --camera 64x48 --fps 2 --instructions 2 '
            '--json figures.json',
    'quantize': 'quantize plain --zero-shot --weights int8 --out OUT --source room.mp4 '
                '--instruction ASKED --fps 1 --json figures.json',
    'quantize by streams': 'quantize nano --weights int4 --out OUT --streams 1',
    'export': 'export plain --zero-shot --to onnx --out OUT --precision float32 '
              '--camera 64x48 --window 4 --fps 2 --memory 128 --json figures.json',
    'benchmark ovo': 'benchmark ovo ovo.json --videos videos --out OUT --checkpoint plain '
                     '--zero-shot --backend onnxruntime --window 4 --jobs 2 --threads 1 '
                     '--json figures.json',
    'benchmark ovo, predicted': 'benchmark ovo ovo.json --predictions said.json',
    'benchmark streams': 'benchmark streams stream/stream.json --videos stream --out OUT '
                         '--checkpoint plain --zero-shot --backend onnxruntime --window 4 '
                         '--jobs 2 --threads 1 --json figures.json',
    'benchmark interactionbench': 'benchmark interactionbench interaction --videos . --out OUT '
                                  '--checkpoint plain --zero-shot --backend onnxruntime '
                                  '--window 4 --jobs 2 --threads 1 --json figures.json',
    'benchmark interactionbench, predicted': 'benchmark interactionbench interaction '
                                             '--predictions preds.jsonl',
    'benchmark videomme': 'benchmark videomme rows.json --videos . --out OUT --checkpoint plain '
                          '--zero-shot --backend onnxruntime --window 4 --frames 3 --jobs 2 '
                          '--threads 1 --json figures.json',
    'benchmark videomme, predicted': 'benchmark videomme rows.json --predictions letters.json',
    'benchmark summary': 'benchmark summary watched --out OUT.html',
    'bench latency': 'bench latency --shape nano --backend onnxruntime --fps 1 --window 2 '
                     '--instructions 1 --ticks 2 --json figures.json',
    'bench latency of a checkpoint': 'bench latency --checkpoint model --backend onnxruntime '
                                     '--fps 1 --window 2 --instructions 1 --ticks 2',
    'bench batch': 'bench batch --shape nano --backend onnxruntime --window 2 --streams 2 '
                   '--instructions 2 --answer-tokens 1 --ticks 2 --threads 1 --json figures.json',
    'bench batch of a checkpoint': 'bench batch --checkpoint model --streams 2 --ticks 2',
    'bench events': 'bench events --events 50 --json figures.json',
    'bench node': 'bench node --seconds 1 --json figures.json',
    'train': 'train model stream/stream.json --out OUT --videos stream --steps 1 --window 4 '
             '--evaluation stream/stream.json --learning-rate 1e-4 --accumulate 2 '
             '--max-tokens 2000 --loss focal --gamma 1 --alpha present --save-every 1 --seed 2 '
             '--precision float32 --workers 1 --gradient-checkpointing --memory 128 '
             '--json figures.json',
    'train on transitions': 'train model stream/stream.json --out OUT --videos stream --steps 1 '
                            '--loss class_balanced --beta 0.9 --state-share 0.5 --workers 0',
    'train adapters': 'train model stream/stream.json --out OUT --videos stream --epochs 1 '
                      '--lora 2 --workers 0',
    'study agreement': 'study agreement --checkpoint nano --split validation --streams 1 '
                       '--seed 3 --json figures.json',
    'study differencing': 'study differencing --streams 2 --seed 3',
    'study fleet': 'study fleet served.json --fps 1 --gpus 2 --link-mbit 100 --json figures.json',
    'study footprint': 'study footprint nano --window 4 --ticks 2 --json figures.json',
    'study importers': 'study importers --sources charades-sta --records 5 --json figures.json',
    'study memory': 'study memory --checkpoint nano --split validation --streams 1 --window 4 '
                    '--memory 128 --ticks 4 --seed 3 --json figures.json',
    'study quantised': 'study quantised nano --checkpoint nano --split validation --streams 1 '
                       '--seed 3 --json figures.json',
    'study questions': 'study questions --all',
    'study sample-bag': 'study sample-bag bag --seconds 4 --seed 3',
    'study scores': 'study scores --checkpoint nano --split test --world sentry --streams 1 '
                    '--seed 3 --strangers-words --json figures.json',
    'study split-bags': 'study split-bags OUT --checkpoint nano --world sentry --streams 1 '
                        '--seed 3 --jobs 1',
    'study static-scene': 'study static-scene --checkpoint nano --split validation --streams 1 '
                          '--seed 3 --json figures.json',
    'study thresholds': 'study thresholds --checkpoint nano --split validation --world sentry '
                        '--streams 1 --seed 3 --json figures.json',
    'study throughput': 'study throughput --minutes 0.1 --json figures.json'}

TRIED_ELSEWHERE = {
    **{(f'build {source}', None): 'its options are those of charades-sta'
       for source in SOURCES if source != 'charades-sta'},
    ('bench engine', None): 'test/bench/test_engine.py runs it as a process, with all of them',
    ('study ablation', None): 'it trains for hours',
    ('study film', None): 'it takes films that are not everywhere: test/studies/test_film.py',
    ('annotate', '--port'): 'it serves until it is ended: test/annotate/test_in_browser.py',
    ('bench serve', None): 'no other test may have Ray meanwhile: test/serving/test_bench.py',
    ('serve', None): 'it runs until it is ended: test/serving/server_process.py',
    ('console', None): 'it runs until it is ended: test/nodes/text_console/test_main.py',
    ('assemble', None): 'it takes two wheels of 110 MB',
    ('evaluate', '--ray'): 'test/evaluation/bags/test_evaluate.py starts the cluster it takes',
    **{(f'benchmark {which}', '--ray'): 'test/evaluation/benchmarks/ovo_bench/test_run.py does it'
       for which in ('ovo', 'streams', 'interactionbench', 'videomme')},
    **{(f'benchmark {which}', None): 'its options are those of videomme'
       for which in ('mvbench', 'tempcompass', 'longvideobench')},
    ('benchmark proactivevideoqa', None): 'its options are those of interactionbench',
    ('study made-benchmarks', None): 'it takes its time: test/studies/test_made_benchmarks.py'}
"""Command and option (or all of its options), and why they do not run here."""


@pytest.fixture(scope='module')
def field(tmp_path_factory):
    """Return a folder with everything that the runs name."""
    folder = tmp_path_factory.mktemp('field')
    write_room(folder / 'room.mp4', 2)
    world = SentryWorld(5, seconds=4.0, split='test', size=(112, 112), skills=['light_off'])
    for name in ('one', 'two'):
        with TinyBag(folder / name) as bag:
            for index in range(4):
                bag.image(index, world.render(index))
    (folder / 'asked.json').write_text(json.dumps({'instructions': [
        {'text': ASKED, 'skill': 'light', 'events': []}]}))
    (folder / 'raw.json').write_text(json.dumps([{
        'video_name': 'room.mp4', 'video_path': 'room.mp4', 'task_type': 'QA', 'source': 'made',
        'question': [{'content': '', 'time': '0'}],
        'response': [{'content': 'Dark.', 'st_time': 1.0, 'end_time': 2, 'time': ''}]}]))
    (folder / 'charades.txt').write_text('room 0.0 1.0##a person turns off the light.')
    streamo('build charades-sta charades.txt --videos . --out built.json', folder, folder)
    (folder / 'long.json').write_text(json.dumps({'room.mp4': 4}))
    (folder / 'served.json').write_text(json.dumps({
        'streams': 4, 'batched_ticks_s': 60.0, 'paced_fps': 1.0, 'paced_in_time': 1.0,
        'paced_p50_s': 0.02, 'paced_p95_s': 0.03, 'door_s': 0.001, 'tick_s': 0.015}))
    (folder / 'data.json').write_text('{"type": "boolean"}')
    (folder / 'prompt.txt').write_text('Watch.')
    (folder / 'stream').mkdir()
    write_streams(folder / 'stream')
    ovo_records.write(folder, ovo_records.one_of_each()[:1])
    (folder / 'videos' / 'EPM').mkdir(parents=True)
    os.link(folder / 'room.mp4', folder / 'videos' / 'EPM' / 'a.mp4')
    (folder / 'said.json').write_text(json.dumps({'id': 0, 'responses': ['B']}) + '\n')
    benchmark_records.write(folder / 'rows.json', [benchmark_records.videomme()])
    (folder / 'letters.json').write_text(json.dumps({'key': '001-1', 'response': 'C'}) + '\n')
    benchmark_records.write_interactionbench(
        folder / 'interaction', benchmark_records.interaction_item(), seconds=2.0)
    (folder / 'preds.jsonl').write_text(json.dumps({'video_id': 'v', 'item_index': 0}) + '\n')
    torch = pytest.importorskip('torch', reason='random checkpoints are made by it')
    assert torch
    for name, plain in (('model', False), ('plain', True)):
        (folder / name).mkdir()
        write_checkpoint('qwen2_5_vl', new_model('qwen2_5_vl'), folder / name, plain=plain)
    return folder


def streamo(run: str, folder: Path, out: Path) -> subprocess.CompletedProcess:
    words = {'ASKED': ASKED, 'OUT': str(out), 'OUT.json': f'{out}.json',
             'OUT.html': f'{out}.html'}
    return subprocess.run(
        [STREAMO, *(words.get(word, word) for word in run.split())], cwd=folder,
        capture_output=True, text=True)


def options_of(parser: argparse.ArgumentParser, name: str):
    """Yield (command, option) for all that a parser takes."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below, its in action.choices.items():
                yield from options_of(its, f'{name} {below}'.strip())
        elif action.option_strings and action.dest != 'help':
            yield name, tuple(action.option_strings)


def all_options():
    for name in COMMANDS:
        parser = argparse.ArgumentParser()
        import_module(f'streamo_ros.cli.{name}').add_parser(parser.add_subparsers())
        yield from options_of(parser, '')
    for name in STUDIES:
        parser = argparse.ArgumentParser()
        import_module(f'streamo_ros.studies.{name.replace("-", "_")}').add_arguments(parser)
        yield from options_of(parser, f'study {name}')


@pytest.mark.parametrize('name', RUNS)
def test_a_run_ends_well(name, field, tmp_path):
    if name == 'evaluate, compared':
        for out in ('before', 'after'):
            run = streamo(RUNS['evaluate'], field, field / out)
            assert run.returncode == 0, run.stderr
    if name == 'benchmark summary':
        run = streamo(RUNS['benchmark videomme'], field, field / 'watched')
        assert run.returncode == 0, run.stderr
    run = streamo(RUNS[name], field, tmp_path / 'out')
    assert run.returncode == 0, run.stderr
    assert 'Traceback' not in run.stderr


def test_no_option_is_forgotten():
    forgotten = [
        (command, names[-1]) for command, names in all_options()
        if not {(command, None), (command, names[-1])} & TRIED_ELSEWHERE.keys()
        and not any(run.startswith(f'{command} ') and {*names} & {*run.split()}
                    for run in RUNS.values())]
    assert forgotten == []
