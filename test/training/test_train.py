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

"""A training run learns, and can be cut off anywhere."""

import json

import pytest

torch = pytest.importorskip('torch', reason='training needs torch')
pytest.importorskip('transformers', reason='training needs transformers')

from safetensors.torch import load_file  # noqa: E402

from streamo_ros.dialogue import State  # noqa: E402
from streamo_ros.dialogue import Text  # noqa: E402
from streamo_ros.engine import StreamEngine  # noqa: E402
from streamo_ros.models import load_checkpoint  # noqa: E402
from streamo_ros.training import train  # noqa: E402


class Cut(Exception):
    """Stands for a kill in the middle of a run."""


@pytest.fixture(autouse=True)
def short_streams(monkeypatch):
    """Make streams and batches small, so that a step takes a fraction of a second."""
    monkeypatch.setattr(train, 'TURNS', 3)
    monkeypatch.setattr(train, 'QUESTIONS', {'vision': (0, 0), 'stream': (1, 1, 0)})


def test_a_run_that_was_cut_off_goes_on_to_the_same_weights(tmp_path):
    plan = train.TrainingPlan(seed=3, vision_steps=3, steps=4, save_every=1)
    train.train_nano(tmp_path / 'whole', plan, log=lambda line: None)
    for cut_at in ({'stage': 'vision', 'step': 1}, {'stage': 'stream', 'step': 2}):
        def kill(line, cut_at=cut_at):
            figures = json.loads(line)
            if {name: figures[name] for name in cut_at} == cut_at:
                raise Cut
        with pytest.raises(Cut):
            train.train_nano(tmp_path / 'cut', plan, log=kill, log_every=1)
    train.train_nano(tmp_path / 'cut', plan, log=lambda line: None)
    whole = load_file(tmp_path / 'whole' / 'model.safetensors')
    cut = load_file(tmp_path / 'cut' / 'model.safetensors')
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    engine = StreamEngine.from_pretrained(tmp_path / 'cut')
    engine.watch('Tell me when the light goes off.')
    import numpy as np
    assert engine.step(np.zeros((112, 112, 3), np.uint8), 0.0)[0].state in State


def test_a_run_goes_on_from_the_weights_of_another(tmp_path):
    train.train_nano(
        tmp_path / 'first', train.TrainingPlan(seed=3, vision_steps=1, steps=1),
        log=lambda line: None)
    plan = train.TrainingPlan(
        seed=4, vision_steps=0, steps=0, begin=str(tmp_path / 'first'))
    train.train_nano(tmp_path / 'second', plan, log=lambda line: None)
    first, second = (load_file(tmp_path / name / 'model.safetensors')
                     for name in ('first', 'second'))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_does_not_go_on_from_weights_with_other_words(tmp_path):
    train.write_nano(tmp_path / 'first')
    plan = train.TrainingPlan(
        seed=3, vision_steps=0, steps=0, begin=str(tmp_path / 'first'))
    words = tmp_path / 'first' / 'tokenizer.json'
    train.train_nano(tmp_path / 'whole', train.TrainingPlan(3, 0, 0), log=lambda line: None)
    (tmp_path / 'whole' / 'model.safetensors').rename(words.parent / 'model.safetensors')
    words.write_text(words.read_text().replace('"merges"', '"merges" '))
    with pytest.raises(ValueError, match='tokenizer'):
        train.train_nano(tmp_path / 'second', plan, log=lambda line: None)


def test_a_name_counts_where_its_thing_lies_and_by_how_much_that_covers():
    logits = torch.tensor([[[2.0, 0.0], [0.0, 3.0], [5.0, -5.0]]])
    shares = torch.tensor([[[0.5, 0.0], [0.25, 0.25], [0.0, 0.0]]])
    odds = [-logits[0, place].log_softmax(-1) for place in range(2)]
    expected = (0.5 * odds[0][0] + 0.25 * odds[1].sum()) / 1.0
    assert train.naming_loss(logits, shares) == pytest.approx(float(expected))
    assert train.naming_loss(logits, torch.full((1, 3, 2), torch.nan)) == 0


def test_of_an_answer_the_digits_weigh_most_and_its_end_least():
    tokenizer = load_checkpoint('nano').tokenizer
    weights = train.answer_weights(tokenizer)
    told = tokenizer.encode([Text(' Given event occurred between 3s to 12s.')])
    digits = [token for token in told if weights[token] == train.DIGIT_WEIGHT]
    assert digits == [tokenizer.encode([Text(digit)])[-1] for digit in '312']
    assert all(weights[token] == 1 for token in set(told) - set(digits))
    assert weights[tokenizer.end_id] == train.END_WEIGHT


def test_the_losses_fall(tmp_path):
    plan = train.TrainingPlan(seed=1, vision_steps=120, steps=40)
    train.train_nano(tmp_path, plan, log=lambda line: None)
    lines = [json.loads(line) for line in (tmp_path / 'train.jsonl').read_text().splitlines()]
    sight = [line['sight'] for line in lines if line['stage'] == 'vision']
    state = [line['state'] for line in lines if line['stage'] == 'stream']
    assert sum(sight[-20:]) / 4 < 0.8 * sum(sight[:5])  # they are noisy
    assert sum(state[-5:]) < 0.5 * sum(state[:5])


def test_the_command_behind_make_nano_trains_as_it_is_told(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(train, 'train_nano', lambda *arguments: told.append(arguments))
    monkeypatch.setattr('sys.argv', [
        'train', '--out', str(tmp_path), '--seed', '4', '--vision-steps', '5', '--steps', '6',
        '--threads', str(torch.get_num_threads())])
    train.main()
    assert told == [(tmp_path, train.TrainingPlan(seed=4, vision_steps=5, steps=6))]
