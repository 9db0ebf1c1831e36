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


"""The bench of shared batches has streams tick together, and says what each way took."""

import json

import pytest

from streamo_ros.bench import batch as bench
from streamo_ros.bench.engine import NoiseStream
from streamo_ros.cli.main import main
from streamo_ros.engine.backends.factory import new_backend
from streamo_ros.models import load_checkpoint


def test_the_command_writes_every_figure(tmp_path, capsys):
    figures = tmp_path / 'figures.json'
    assert main(['bench', 'batch', '--streams', '3', '--window', '2', '--ticks', '6',
                 '--answer-tokens', '2', '--json', str(figures)]) == 0
    written = json.loads(figures.read_text())
    assert set(written) == {
        'streamo_ros', 'shape', 'backend', *bench.BatchFigures.__annotations__}
    printed = capsys.readouterr().out
    for name in bench.BatchFigures.__annotations__:
        assert f'{name} ' in printed
        assert written[name] > 0
    assert (written['streams'], written['ticks'], written['answer_tokens']) == (3, 8, 2)


def test_ratios_are_of_the_same_round_and_above_one_where_the_batch_is_faster():
    together = [bench._Cost(1.0, 2.0), bench._Cost(4.0, 1.0), bench._Cost(3.0, 1.0)]
    alone = [bench._Cost(2.0, 4.0), bench._Cost(12.0, 1.0), bench._Cost(3.0, 4.0)]
    assert bench._ratio(alone, together, 'wall') == 2.0
    assert bench._ratio(together, alone, 'processor') == 0.5
    assert bench._rate(together, streams=6) == 8.0


@pytest.mark.parametrize('tokens', [0, 5])
def test_answers_are_as_long_as_asked_for(tokens):
    nano = load_checkpoint('nano')
    stream = NoiseStream(nano, new_backend('auto', nano), 2, 1, 100, answer_tokens=tokens)
    widths, step = [], stream.backend.step
    stream.backend.step = lambda first, inputs: (
        widths.append(inputs.embeds.shape[1]), step(first, inputs))[1]
    stream.tick()
    assert len(widths) == 1 + tokens and widths[1:] == [1] * tokens


def test_engines_of_fixed_shapes_are_refused_before_anything_is_measured(monkeypatch, capsys):
    nano = load_checkpoint('nano')
    backend = new_backend('auto', nano)
    backend.static_shapes = True
    monkeypatch.setattr(bench, 'new_backend', lambda *_: backend)
    assert main(['bench', 'batch']) == 1
    assert 'give each stream its own' in capsys.readouterr().err
