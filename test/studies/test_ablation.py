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

"""An ablation trains every variant, tests it by the engine, and goes on where it was cut off."""

import json

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='training needs torch')
pytest.importorskip('transformers', reason='training needs transformers')

from streamo_ros.dialogue import close_turn  # noqa: E402
from streamo_ros.dialogue import Control  # noqa: E402
from streamo_ros.dialogue import State  # noqa: E402
from streamo_ros.models import load_checkpoint  # noqa: E402
from streamo_ros.studies import ablation  # noqa: E402

PLAN = ablation.Plan(
    streams=4, turns=3, steps=2, rows=3, long_streams=1, long_turns=17, long_steps=1,
    windows=(15,), tested=4, tested_turns=4)


@pytest.fixture
def slowly(monkeypatch):
    """Compile nothing: it takes longer than the test."""
    monkeypatch.setattr(ablation, 'speed_up', lambda model: None)


def test_all_variants_are_tested_and_none_is_trained_twice(tmp_path, slowly, monkeypatch):
    ablation.Ablation('nano', tmp_path, PLAN).run(seeds=1)
    figures = json.loads((tmp_path / 'figures.json').read_text())
    assert set(figures) == {variant.name for variant in ablation.VARIANTS} | {
        'tested at 2 fps', 'window of 15 turns'}
    for name, seeds in figures.items():
        assert set(seeds['0']) == set(ablation.FIGURES), name
        assert seeds['0']['state_macro_f1'] is not None
    trained = []
    monkeypatch.setattr(
        ablation.Ablation, '_variant', lambda self, variant, seed, streams:
        trained.append((variant.name, seed)))
    del figures['focal']
    (tmp_path / 'figures.json').write_text(json.dumps(figures))
    ablation.Ablation('nano', tmp_path, PLAN).run(seeds=2)
    assert trained == [
        ('focal', 0), *((variant.name, 1) for variant in ablation.VARIANTS)]


def test_the_vision_tower_is_nanos_and_stays_frozen_while_the_decoder_learns(tmp_path, slowly):
    run = ablation.Ablation('nano', tmp_path, PLAN)
    model, checkpoint = run._fresh(1), run._checkpoint
    before = {name: value.clone() for name, value in model.state_dict().items()}
    nano = load_checkpoint('nano').weights
    for name in nano:
        if name.startswith('visual.'):
            np.testing.assert_array_equal(before[f'model.{name}'].numpy(), nano[name])
    streams = [ablation.encode_stream(
        model, checkpoint, ablation.draw('train', 1, index, 3, 1, 1.0)) for index in range(2)]
    loss = ablation.StreamLoss(checkpoint.tokenizer.state_ids, kind='focal')
    ablation.train(model, checkpoint, streams, loss, steps=1, rows=2, windows=(3,), seed=1)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) == ('.visual.' in name), name


@pytest.mark.parametrize(('states', 'written'), [
    (3, ('</Silence>', '</Standby>', '</Response>')),
    (2, ('</Silence>', '</Silence>', '</Response>')),
    (1, ('<|im_end|>', '<|im_end|>', '</Response>'))])
def test_states_that_a_variant_lacks_are_written_and_read_as_others(states, written):
    checkpoint = load_checkpoint('nano')
    fewer = ablation.with_states(checkpoint, states).tokenizer
    ids = tuple(checkpoint.tokenizer.encode([Control(token)])[0] for token in written)
    assert fewer.state_ids == ids
    for state in State:
        assert fewer.encode(close_turn(state, fewer.chat))[0] == ids[state]


def test_the_table_gives_mean_and_spread():
    row = dict.fromkeys(ablation.FIGURES)
    figures = {'focal': {'0': row | {'event_f1': 0.5}, '1': row | {'event_f1': 0.7}}}
    line = ablation.table(figures).splitlines()[-1]
    assert line.startswith('| focal | - | 0.60 (0.20) |')
