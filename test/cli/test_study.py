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

"""``streamo study``: every study has a name, a help and options of its own."""

from pathlib import Path

import pytest

from streamo_ros import studies
from streamo_ros.cli.main import main
from streamo_ros.cli.study import STUDIES

NEEDS_TORCH = {'ablation'}
WITHOUT_A_COMMAND = {'__init__', 'baselines', 'made_set', 'peak_memory'}  # what studies use


def test_every_study_is_listed(capsys):
    with pytest.raises(SystemExit) as ended:
        main(['study', '--help'])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    for name, summary in STUDIES.items():
        assert f'  {name} ' in printed and summary in printed
    (folder,) = (Path(path) for path in studies.__path__)
    modules = {file.stem for file in folder.glob('*.py')} - WITHOUT_A_COMMAND
    assert {name.replace('-', '_') for name in STUDIES} == modules


@pytest.mark.parametrize('name', STUDIES)
def test_a_study_shows_its_options(name, capsys):
    if name in NEEDS_TORCH:
        pytest.importorskip('torch')
        pytest.importorskip('transformers')
    with pytest.raises(SystemExit) as ended:
        main(['study', name, '--help'])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f'usage: streamo study {name} ')
    assert len(printed[printed.index('options:'):].splitlines()) > 2


@pytest.mark.parametrize('arguments', [
    [], ['dance'], ['scores', '--streams', 'many'], ['scores', 'more'], ['sample-bag']])
def test_wrong_usage_ends_with_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(['study', *arguments])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith('usage: streamo study ')
