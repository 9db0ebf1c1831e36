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

"""The commands that the README tells robots to run, with no package but those it names."""

import json

import cv2
import numpy as np
import pytest

ABSENT = ('av', 'rosbags', 'ruamel.yaml', 'torch', 'tqdm', 'transformers')


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a folder of pictures in it."""
    (tmp_path / 'pictures').mkdir()
    for number in range(3):
        picture = np.full((48, 64, 3), 80 * number, np.uint8)
        assert cv2.imwrite(str(tmp_path / 'pictures' / f'{number}.png'), picture)
    return tmp_path


@pytest.mark.parametrize('name', ABSENT)
def test_other_packages_are_not_there(robot, folder, name):
    run = robot.run('python', '-c', f'import {name}', folder=folder)
    assert run.returncode == 1 and 'ModuleNotFoundError' in run.stderr


def test_help_is_shown(robot, folder):
    run = robot.run('streamo', '--help', folder=folder)
    assert run.returncode == 0, run.stderr
    assert 'watch' in run.stdout


def test_a_folder_of_pictures_is_watched(robot, folder):
    run = robot.run(
        'streamo', 'watch', 'pictures', '-i', 'Tell me when the light goes on.',
        '--response-threshold', '1e-9', '--release-threshold', '1e-9', '--jsonl', 'decisions',
        folder=folder)
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) >= 1
    decisions = [json.loads(line) for line in (folder / 'decisions').read_text().splitlines()]
    assert [decision['stamp'] for decision in decisions] == [0, 1, 2]
    assert decisions[0]['state'] == 'response'


def test_engines_are_exported_as_far_as_it_goes(robot, folder):
    """There is no GPU and no TensorRT here: graphs are made, and one sentence says the rest."""
    run = robot.run('streamo', 'export', 'nano', '--to', 'tensorrt', '--out', 'new', folder=folder)
    assert run.returncode == 1
    assert run.stderr.startswith('streamo: TensorRT is not installed here: ')
    assert run.stderr.count('\n') == 1
    assert '(torch and transformers are not installed)' in run.stdout
    run = robot.run(
        'streamo', 'watch', 'pictures', '-i', 'Tell me.', '--checkpoint', 'new', folder=folder)
    assert run.returncode == 0, run.stderr
    assert {file.name for file in (folder / 'new').glob('*.onnx')} == {
        'vision.onnx', 'step.onnx', 'words.onnx'}


def test_graphs_are_exported_and_compared_with_the_default_backend(robot, folder):
    run = robot.run('streamo', 'export', 'nano', '--to', 'onnx', '--out', 'new', folder=folder)
    assert run.returncode == 0, run.stderr
    assert 'differs from ONNX Runtime (torch and transformers are not installed)' in run.stdout


@pytest.mark.parametrize('command, package', [
    (['watch', 'film.mp4', '-i', 'Tell me.'], 'pip install av'),
    (['watch', 'bag.mcap', '-i', 'Tell me.'], 'pip install rosbags'),
    (['evaluate', 'bag.mcap', '--out', 'new'], 'pip install tqdm'),
    (['study', 'scores'], 'pip install tqdm'),
    (['watch', 'pictures', '-i', 'Tell me.', '--backend', 'torch'], 'torch'),
    (['train', 'nano', 'streams.json', '--out', 'new'], 'train extras'),
])
def test_what_needs_another_package_says_which_in_one_sentence(robot, folder, command, package):
    for name in ('film.mp4', 'bag.mcap'):
        (folder / name).touch()
    run = robot.run('streamo', *command, folder=folder)
    assert run.returncode == 1
    assert run.stderr.startswith('streamo: ') and run.stderr.count('\n') == 1
    assert package in run.stderr
