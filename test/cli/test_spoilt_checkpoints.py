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


"""Every command that takes a checkpoint refuses a spoilt one in one sentence, with code 1."""

import json
import os
from pathlib import Path
import re
import shutil
import subprocess

from ament_index_python.packages import get_package_prefix
import numpy as np
from PIL import Image
import pytest
from spoilt_checkpoints import rows
from tiny_bags import TinyBag

from streamo_ros.cli.main import main
from streamo_ros.models.checkpoint import NANO

STREAMO = Path(get_package_prefix('streamo_ros'), 'bin', 'streamo')
ROWS = {row.name: row for row in rows()}
SPOILT = (
    'quantised: projections int8', 'weights: nan in embed_tokens.weight', 'tokenizer: cut',
    'config.json deep', 'streamo.json cut')
COMMANDS = {
    'watch': ('watch', 'pictures', '-i', 'Tell me.', '--checkpoint', 'spoilt'),
    'watch with torch': (
        'watch', 'pictures', '-i', 'Tell me.', '--checkpoint', 'spoilt', '--backend', 'torch'),
    'evaluate': ('evaluate', 'bag', '--out', 'out', '--checkpoint', 'spoilt'),
    'export': ('export', 'spoilt', '--to', 'onnx', '--out', 'out'),
    'train': ('train', 'spoilt', 'streams.json', '--out', 'out', '--steps', '1'),
    'bench engine': ('bench', 'engine', '--checkpoint', 'spoilt'),
    'bench latency': ('bench', 'latency', '--checkpoint', 'spoilt'),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a working directory with pictures, a bag and a sound checkpoint to be spoilt."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(NANO, 'spoilt')
    Path('pictures').mkdir()
    Image.new('RGB', (64, 48)).save('pictures/0.png')
    Path('streams.json').write_text('[]')
    with TinyBag(tmp_path / 'bag') as bag:
        for index in range(2):
            bag.image(index, np.zeros((48, 64, 3), np.uint8))
    return tmp_path


@pytest.mark.parametrize('command', COMMANDS)
@pytest.mark.parametrize('name', SPOILT)
def test_a_command_ends_with_the_sentence(command, name, folder, capsys):
    if command in ('train', 'watch with torch'):
        pytest.importorskip('transformers')
    ROWS[name].spoil(folder / 'spoilt')
    assert main(COMMANDS[command]) == 1
    printed = capsys.readouterr()
    sentence, = printed.err.splitlines()
    assert sentence.startswith('streamo: ') and re.search(ROWS[name].gist, sentence), sentence
    assert not printed.out and not (folder / 'out').exists()


def test_a_prompt_is_not_taken_from_a_spoilt_checkpoint(folder, capsys):
    ROWS['prompt empty'].spoil(folder / 'spoilt')
    assert main(['convert', 'streams.json', 'out.json', '--checkpoint', 'spoilt']) == 1
    assert re.search(ROWS['prompt empty'].gist, capsys.readouterr().err)


@pytest.mark.parametrize('name', ['quantised: projections int8', 'streamo.json pipe'])
def test_so_does_the_installed_program(name, folder):
    ROWS[name].spoil(folder / 'spoilt')
    run = subprocess.run(
        [STREAMO, *COMMANDS['watch']], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 1
    sentence, = run.stderr.splitlines()
    assert re.search(ROWS[name].gist, sentence)


def test_a_directory_whose_name_is_no_text_is_watched_with_and_its_faults_are_told(folder):
    name = os.fsdecode(b'spoil\xff')
    (folder / 'spoilt').rename(folder / name)
    watch = [STREAMO, 'watch', 'pictures', '-i', 'Tell me.', '--checkpoint', name, '--json', '-']
    run = subprocess.run(watch, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    line = json.loads(run.stdout.splitlines()[0], parse_constant=pytest.fail)
    assert sum(line['probabilities']) == pytest.approx(1, abs=1e-5)
    ROWS['tokenizer: cut'].spoil(folder / name)
    run = subprocess.run(watch, cwd=folder, capture_output=True, text=True)
    assert run.returncode == 1 and 'Traceback' not in run.stderr
    assert r'spoil\udcff' in run.stderr and 'cut short' in run.stderr
