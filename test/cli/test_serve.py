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

"""What cannot be served is said before anything is written."""

import pytest

from streamo_ros.cli.main import main


@pytest.mark.parametrize('options', [
    ['nothere'], ['.'], ['nano', '--host', '0.0.0.0'], ['nano', '--certificate', 'c.pem']])
def test_what_cannot_be_served_leaves_no_file_behind(options, tmp_path, monkeypatch, capsys):
    pytest.importorskip('ray', reason='`pip install ray` runs the tests of the server')
    monkeypatch.chdir(tmp_path)
    assert main(['serve', *options]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not list(tmp_path.iterdir())
