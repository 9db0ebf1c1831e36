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

"""Tools that run for minutes know at once where their figures may not go."""

from importlib import import_module

import pytest


@pytest.mark.parametrize('name', ['demo', 'soak', 'picture_attack', 'bench_console'])
def test_where_figures_go_is_judged_before_the_work(name, tmp_path, capsys):
    (tmp_path / 'foreign').write_text('of somebody else')
    tool = import_module(f'streamo_ros.nodes.tools.{name}')
    assert tool.main(['--json', str(tmp_path / 'foreign')]) == 1
    assert 'was not written by this command' in capsys.readouterr().err
    assert (tmp_path / 'foreign').read_text() == 'of somebody else'
