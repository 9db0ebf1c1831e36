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

"""The command that users call: the installed program, as a process, from any directory."""

import json
from pathlib import Path
import subprocess

from ament_index_python.packages import get_package_prefix
import numpy as np
import pytest
from tiny_bags import TinyBag

from streamo_ros.worlds import SentryWorld

STREAMO = Path(get_package_prefix('streamo_ros'), 'bin', 'streamo')


def streamo(*arguments, folder):
    return subprocess.run([STREAMO, *arguments], cwd=folder, capture_output=True, text=True)


def test_bags_are_evaluated_by_several_processes(tmp_path):
    world = SentryWorld(5, seconds=4.0, split='test', size=(112, 112), skills=['light_off'])
    for name in ('one', 'two'):
        with TinyBag(tmp_path / name) as bag:
            for index in range(4):
                bag.image(index, world.render(index))
    (tmp_path / 'asked.json').write_text(json.dumps({'instructions': [
        {'text': 'Tell me when the light goes off.', 'skill': 'light', 'events': []}]}))
    run = streamo(
        'evaluate', 'one', 'two', '--out', 'out', '--annotations', 'asked.json', '--jobs', '2',
        folder=tmp_path)
    assert run.returncode == 0, run.stderr
    report = json.loads((tmp_path / 'out' / 'report.json').read_text())
    assert [bag['name'] for bag in report['bags']] == ['one', 'two']
    assert [bag['error'] for bag in report['bags']] == ['', '']


def test_its_exit_code_is_that_of_the_command(tmp_path):
    assert streamo('--help', folder=tmp_path).returncode == 0
    assert streamo('watch', 'nowhere.mp4', '-i', 'Tell me.', folder=tmp_path).returncode == 1
    assert streamo('fly', folder=tmp_path).returncode == 2


@pytest.mark.parametrize('closed', ['<&-', '>&-', '2>&-', '<&- >&- 2>&-'])
def test_closed_standard_streams_are_no_obstacle_and_no_file_takes_their_place(tmp_path, closed):
    with TinyBag(tmp_path / 'bag') as bag:
        bag.image(0, np.full((48, 64, 3), 90, np.uint8))
    run = subprocess.run(
        ['bash', '-c', f'"$0" watch bag -i "Tell me." --jsonl out.jsonl {closed}', STREAMO],
        cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, '', '')
    assert len((tmp_path / 'out.jsonl').read_text().splitlines()) == 1
    run = subprocess.run(
        ['bash', '-c', f'"$0" watch nowhere.mp4 -i "Tell me." {closed}', STREAMO],
        cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1 and 'Traceback' not in run.stderr
