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

"""``streamo build``: files and folders, what is written where, and what is trained on it."""

import json
from pathlib import Path
import subprocess
import sys

import pytest
from random_model import write_random
from rendered_video import write_room

from streamo_ros.cli.build import SOURCES
from streamo_ros.cli.main import main
from streamo_ros.training.importers.build import importer_of

MADE = {'v_a': {'duration': 12, 'timestamps': [[2, 5], [6, 9.5]],
                'sentences': ['It is dark.', 'It is light.']}}


def build(folder: Path, *options: str, given: str = 'given', out: str = 'raw.json') -> int:
    (folder / 'videos').mkdir(exist_ok=True)
    return main(['build', 'activitynet', str(folder / given), '--videos',
                 str(folder / 'videos'), '--out', str(folder / out), *options])


@pytest.mark.parametrize('source', SOURCES)
def test_every_source_has_an_importer_and_says_its_format(source):
    importer_of(source)
    module = sys.modules[f'streamo_ros.training.importers.{source.replace("-", "_")}']
    assert '::' in module.__doc__


def test_help_is_light():
    code = (
        'import sys\nfrom streamo_ros.cli.main import main\n'
        'try:\n    main(["build", *sys.argv[1:], "--help"])\n'
        'except SystemExit:\n    print(*sys.modules)')
    for words in ([], ['coin'], ['mix']):
        printed = subprocess.run(
            [sys.executable, '-c', code, *words], check=True, capture_output=True,
            text=True).stdout
        loaded = {name.split('.')[0] for name in printed.splitlines()[-1].split()}
        assert loaded & {'numpy', 'cv2', 'av', 'sqlite3', 'torch'} == set()
        assert 'usage: streamo build' in printed


def test_nested_folders_of_files_are_read_in_order_and_hidden_ones_are_not(tmp_path, capsys):
    for name in ('b/deep/two', 'a/one', 'a/.hidden/three', '.four'):
        file = tmp_path / 'given' / f'{name}.json'
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({f'v_{file.stem}': MADE['v_a']}))
    (tmp_path / 'given' / 'note.md').write_text('x')
    assert build(tmp_path) == 0
    names = [record['video_name'] for record in json.loads((tmp_path / 'raw.json').read_bytes())]
    assert list(dict.fromkeys(names)) == ['v_one.mp4', 'v_two.mp4']
    printed = capsys.readouterr().out
    for line in ('2  files', '2  records', '0  bad ones', '10  annotations', '4  grounding',
                 '10  0-30 s', 'findings: no-video', 'raw.findings.json'):
        assert line in printed, line
    # Of 12 turns each: in three of five 7 stand by and 2 answer; 3 or 4, and 1, in the others.
    for share in ('40.0%  silence', '46.7%  standby', '13.3%  response'):
        assert share in printed, share


def test_lines_are_written_where_the_name_asks_for_them(tmp_path):
    (tmp_path / 'given').write_text(json.dumps(MADE))
    assert build(tmp_path, out='raw.jsonl') == 0
    lines = (tmp_path / 'raw.jsonl').read_text(encoding='utf-8').splitlines()
    assert [json.loads(line)['task_type'] for line in lines] == [
        'narration', 'event_caption', 'tsqa', 'grounding', 'grounding']


@pytest.mark.parametrize('name', ['raw.json', 'raw.findings.json'])
def test_what_is_there_already_stays(tmp_path, capsys, name):
    (tmp_path / 'given').write_text(json.dumps(MADE))
    (tmp_path / name).write_text('mine')
    assert build(tmp_path) == 1
    assert (tmp_path / name).read_text() == 'mine'
    assert f'{name} is there already' in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {'given', 'videos', name}


def test_a_target_without_a_name_is_a_sentence(tmp_path, capsys):
    (tmp_path / 'given').write_text(json.dumps(MADE))
    for out in ('.', '..', '/'):
        assert build(tmp_path, '--out', out) == 1
        assert 'is a folder' in capsys.readouterr().err


@pytest.mark.parametrize('arrange, sentence', [
    (lambda folder: None, 'given cannot be read'),
    (lambda folder: (folder / 'given').mkdir(), 'holds no file that ends in'),
    (lambda folder: (folder / 'given').write_text(' '), 'given is empty')])
def test_what_cannot_be_read_ends_with_one_sentence(tmp_path, capsys, arrange, sentence):
    arrange(tmp_path)
    assert build(tmp_path) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / 'raw.json').exists()


def test_an_empty_file_among_others_is_a_bad_record(tmp_path):
    (tmp_path / 'given').mkdir()
    (tmp_path / 'given' / 'a.json').write_text('')
    (tmp_path / 'given' / 'b.json').write_text(json.dumps(MADE))
    assert build(tmp_path) == 1
    assert len(json.loads((tmp_path / 'raw.json').read_bytes())) == 5
    report = json.loads((tmp_path / 'raw.findings.json').read_bytes())
    assert report['bad'] == 1 and 'is empty' in report['findings'][0]['what']


def test_what_was_built_is_converted_and_trained_on(tmp_path):
    for name in ('torch', 'accelerate', 'peft', 'tensorboard', 'transformers'):
        pytest.importorskip(name, reason='training needs the train extras')
    (tmp_path / 'given').write_text(json.dumps(MADE))
    write_room(tmp_path / 'videos' / 'v_a.mp4')
    write_random('qwen2_5_vl', tmp_path / 'model')
    assert build(tmp_path) == 0
    prompt = tmp_path / 'prompt.txt'
    prompt.write_text('Say </Silence>, </Standby> or </Response>.')
    stream = tmp_path / 'videos' / 'stream.json'
    assert main(['convert', str(tmp_path / 'raw.json'), str(stream), '--videos',
                 str(tmp_path / 'videos'), '--system-prompt', str(prompt)]) == 0
    turns = json.loads(stream.read_bytes())[1]['messages'][2::2]
    assert [turn['content'] for turn in turns] == [
        *['</Silence>'] * 2, *['</Standby>'] * 3, '</Response> It is dark.',
        *['</Standby>'] * 4, '</Response> It is light.', '</Silence>']
    assert main(['train', str(tmp_path / 'model'), str(stream), '--out', str(tmp_path / 'out'),
                 '--steps', '3', '--accumulate', '1', '--max-tokens', '1000', '--workers', '0',
                 '--precision', 'float32', '--json', str(tmp_path / 'figures.json')]) == 0
    figures = json.loads((tmp_path / 'figures.json').read_text())
    assert figures['steps'] == 3 and figures['refused'] == []
