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

"""What all commands have in common: exit codes, one sentence for an error, a quick start."""

import json
import subprocess
import sys

from PIL import Image
import pytest

from streamo_ros.cli import export
from streamo_ros.cli.main import COMMANDS
from streamo_ros.cli.main import main
from streamo_ros.errors import UserError

LOADED = """
import sys
before = set(sys.modules)
from streamo_ros.cli.main import main
try:
    main(['--help'])
except SystemExit:
    pass
import json
print(json.dumps([name for name in sys.modules if name not in before]))
"""


def test_help_names_every_command_and_loads_none():
    run = subprocess.run(
        [sys.executable, '-c', LOADED], check=True, capture_output=True, text=True)
    *printed, loaded = run.stdout.splitlines()
    for name, summary in COMMANDS.items():
        assert any(name in line.split() for line in printed)
        assert summary in ' '.join(' '.join(printed).split())
    others = {
        name for name in json.loads(loaded)
        if name.partition('.')[0] not in sys.stdlib_module_names}
    assert others == {
        'streamo_ros', 'streamo_ros.cli', 'streamo_ros.cli.main', 'streamo_ros.closed_streams',
        'streamo_ros.errors'}


@pytest.mark.parametrize('name', COMMANDS)
def test_every_command_has_a_help_of_its_own(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, '--help'])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f'usage: streamo {name} ')


EXPORT = ['export', 'nano', '--to', 'onnx', '--out', 'new']


@pytest.mark.parametrize('module, sentence', [
    ('rosbags', 'the Python package rosbags is needed for this and not installed here: '
     'pip install rosbags'),
    ('ruamel.yaml', 'the Python package ruamel is needed for this and not installed here: '
     'pip install ruamel.yaml')])
def test_a_package_that_is_missing_is_named_with_its_remedy(
        module, sentence, capsys, monkeypatch):
    def run(options):
        raise ModuleNotFoundError(f'No module named {module!r}', name=module)
    monkeypatch.setattr(export, 'run', run)
    assert main(EXPORT) == 1
    assert capsys.readouterr().err == f'streamo: {sentence}\n'


def test_a_module_of_this_package_that_is_missing_is_a_defect_and_keeps_its_traceback(monkeypatch):
    def run(options):
        from streamo_ros import nowhere  # noqa: F401

    def import_module(options):
        raise ModuleNotFoundError(name='streamo_ros.nowhere')
    for broken, error in ((run, ImportError), (import_module, ModuleNotFoundError)):
        monkeypatch.setattr(export, 'run', broken)
        with pytest.raises(error):
            main(EXPORT)


@pytest.mark.parametrize('error, code, printed', [
    (UserError('give another.'), 1, 'streamo: give another.\n'), (KeyboardInterrupt(), 130, ''),
    (MemoryError(), 1, 'streamo: there is not enough memory for this: end other programs, or '
     'raise the limit (ulimit -v)\n')])
def test_how_a_command_ends_is_its_exit_code(error, code, printed, capsys, monkeypatch):
    def run(options):
        raise error
    monkeypatch.setattr(export, 'run', run)
    assert main(EXPORT) == code
    assert capsys.readouterr().err == printed


@pytest.mark.parametrize('arguments, sentence', [
    (['watch', 'nowhere.mp4', '-i', 'Tell me.'], 'nowhere.mp4 does not exist'),
    (['watch', 'nowhere.mp4', '-i', '  '], 'does not exist'),
    (['watch', '.', '-i', 'Tell me.', '--checkpoint', 'nowhere'], ''),
])
def test_what_cannot_be_done_ends_with_one_sentence_and_code_1(
        arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    printed = capsys.readouterr().err.strip()
    assert printed.startswith('streamo: ') and '\n' not in printed
    assert sentence in printed


@pytest.mark.parametrize('arguments', [
    [], ['watch'], ['watch', 'a.mp4'], ['watch', 'a.mp4', '-i', 'x', '--fps', '0'],
    ['watch', 'a.mp4', '-i', 'x', '--window', '0'], ['fly'],
    ['train', 'nano'], ['train', 'nano', 'a.json'],
    *(['train', 'nano', 'a.json', '--out', 'b', *wrong] for wrong in (
        ['--alpha', '1,2'], ['--alpha', 'half'], ['--gamma', '-1'], ['--loss', 'hinge'],
        ['--epochs', '2', '--steps', '2'], ['--workers', '-1'], ['--lora', '0']))])
def test_wrong_usage_ends_with_code_2(arguments):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2


@pytest.mark.parametrize('more', [[], ['--jsonl', '-']])
def test_a_reader_that_has_seen_enough_ends_the_command_in_silence(tmp_path, more):
    for index in range(60):
        Image.new('RGB', (64, 48), (250 * (index // 5 % 2),) * 3).save(
            tmp_path / f'{index:02}.png')
    streamo = subprocess.Popen(
        ['streamo', 'watch', str(tmp_path), '-i', 'Tell me when the light goes off or on.', *more],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert streamo.stdout.readline()
    streamo.stdout.close()
    assert streamo.wait() in (0, 141)
    assert streamo.stderr.read() == ''


def test_a_full_disk_is_one_sentence(tmp_path):
    Image.new('RGB', (64, 48)).save(tmp_path / '1.png')
    with open('/dev/full', 'w') as full:
        run = subprocess.run(
            ['streamo', 'watch', str(tmp_path), '-i', 'Tell me when it rains.', '--jsonl', '-'],
            stdout=full, stderr=subprocess.PIPE, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith('streamo: ') and 'Traceback' not in run.stderr
