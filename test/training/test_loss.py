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
"""The loss, held against the paper's and the authors' figures."""

import math

import pytest

torch = pytest.importorskip('torch', reason='training needs torch')

from tokenizers import Tokenizer  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402

from streamo_ros.models import CheckpointError  # noqa: E402
from streamo_ros.models.checkpoint import NANO  # noqa: E402
from streamo_ros.training.loss import balance  # noqa: E402
from streamo_ros.training.loss import class_balance  # noqa: E402
from streamo_ros.training.loss import FIXED  # noqa: E402
from streamo_ros.training.loss import registered_state_ids  # noqa: E402
from streamo_ros.training.loss import StreamLoss  # noqa: E402

STATES = (5, 6, 7)
VOCAB = 12


@pytest.fixture
def batch():
    """Return logits and labels of nine tokens, four of which are no states."""
    torch.manual_seed(2)
    labels = torch.tensor([5, 1, 5, 6, 2, 7, 5, 1, 3])
    return 2 * torch.randn(len(labels), VOCAB, dtype=torch.float64), labels


def sure(token: int, probability: float):
    """Return (1, VOCAB), logits that give a token this probability."""
    rest = (1 - probability) / (VOCAB - 1)
    logits = torch.full((1, VOCAB), math.log(rest), dtype=torch.float64)
    logits[0, token] = math.log(probability)
    return logits


@pytest.mark.parametrize('counts, over, alphas', [
    ((12, 3, 2), 'present', (0.4722, 1.8889, 2.8333)),
    ((12, 3, 2), 'three', (0.4722, 1.8889, 2.8333)),
    ((58, 0, 2), 'present', (0.5172, 0, 15.0)),
    ((58, 0, 2), 'three', (0.3448, 0, 10.0)),
    ((40, 0, 0), 'present', (1.0, 0, 0)),
    ((40, 0, 0), 'three', (0.3333, 0, 0)),
    ((0, 0, 0), 'present', (0, 0, 0)),
])
def test_alpha_of_a_micro_batch(counts, over, alphas):
    assert balance(torch.tensor(counts), over).tolist() == pytest.approx(alphas, abs=5e-5)


@pytest.mark.parametrize('counts', [(12, 3, 2), (58, 0, 2), (40, 0, 0), (0, 5, 1), (1, 1, 1)])
def test_the_states_that_occur_keep_their_weight_in_all(counts):
    counts = torch.tensor(counts)
    assert float((counts * balance(counts, 'present')).sum()) == pytest.approx(
        float(counts.sum()))


@pytest.mark.parametrize('probability, weight', [(.99, 1e-4), (.9, .01), (.5, .25), (.1, .81)])
def test_the_surer_a_state_the_less_it_counts(probability, weight):
    loss = StreamLoss(STATES)(sure(6, probability), torch.tensor([6]))
    assert float(loss) == pytest.approx(weight * -math.log(probability))


def test_words_and_ends_of_messages_are_plain(batch):
    logits, labels = batch
    words = torch.tensor([1, 4, 7, 8])
    plain = cross_entropy(logits[words], labels[words].clamp(max=4))
    for kind in ('focal', 'fixed'):
        assert float(StreamLoss(STATES, kind)(logits[words], labels[words].clamp(max=4))
                     ) == pytest.approx(float(plain))


def test_each_token_by_hand(batch):
    logits, labels = batch
    total = 0.0
    for row, label in zip(logits, labels.tolist(), strict=True):
        probability = float(row.softmax(0)[label])
        alpha = {5: 5 / 3 / 3, 6: 5 / 3, 7: 5 / 3}.get(label)
        weight = 1.0 if alpha is None else alpha * (1 - probability) ** 2
        total -= weight * math.log(probability)
    assert float(StreamLoss(STATES)(logits, labels)) == pytest.approx(total / 9)
    assert float(StreamLoss(STATES)(logits, labels, items=50)) == pytest.approx(total / 50)


def test_fixed_weights_are_those_of_the_papers_ablation(batch):
    logits, labels = batch
    weights = torch.tensor([
        dict(zip(STATES, FIXED)).get(label, 1.0) for label in labels.tolist()])
    expected = (weights * cross_entropy(logits, labels, reduction='none')).sum() / 9
    assert FIXED == (0.3, 1.3, 2.0)
    assert float(StreamLoss(STATES, 'fixed')(logits, labels)) == pytest.approx(float(expected))


@pytest.mark.parametrize('loss', [
    StreamLoss(STATES, gamma=0.0, alpha=(1.0, 1.0, 1.0)), StreamLoss(STATES, 'cross_entropy')])
def test_without_gamma_and_alpha_it_is_plain_cross_entropy(batch, loss):
    logits, labels = batch
    one, two = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss(one, labels).backward()
    plain = cross_entropy(two, labels)
    plain.backward()
    assert float(loss(logits, labels)) == pytest.approx(plain.item())
    torch.testing.assert_close(one.grad, two.grad)


@pytest.mark.parametrize('loss', [
    StreamLoss(STATES), StreamLoss(STATES, gamma=0.5), StreamLoss(STATES, alpha='three'),
    StreamLoss(STATES, alpha=(0.2, 3.0, 1.0)), StreamLoss(STATES, 'fixed'),
    StreamLoss(STATES, 'class_balanced'), StreamLoss(STATES, 'class_balanced', beta=0.5),
    StreamLoss(STATES, 'cross_entropy')])
def test_the_gradient_is_the_slope_focal_factor_included(batch, loss):
    logits, labels = batch
    assert torch.autograd.gradcheck(
        lambda logits: loss(logits, labels), logits.requires_grad_())


@pytest.mark.parametrize('counts, beta, weights', [
    # (1 - 0.9^n) / 0.1 is 7.175705, 2.71 and 1.9.
    ((12, 3, 2), 0.9, (0.404065, 1.069908, 1.526027)),
    ((12, 3, 2), 0.0, (1, 1, 1)),
    ((12, 0, 2), 0.9, (0.418700, 0, 1.581300)),
    ((40, 0, 0), 0.9999, (1, 0, 0)),
    ((0, 0, 0), 0.9999, (0, 0, 0)),
])
def test_weights_by_effective_numbers(counts, beta, weights):
    assert class_balance(torch.tensor(counts), beta).tolist() == pytest.approx(weights, abs=2e-6)


def test_with_beta_near_one_weights_go_by_counts():
    counts = torch.tensor((1200, 300, 200))
    weights = class_balance(counts, 1 - 1e-12)
    assert (weights * counts).tolist() == pytest.approx([float(weights[0]) * 1200] * 3, rel=1e-6)


def test_class_balanced_states_and_other_tokens_by_hand(batch):
    logits, labels = batch
    number = {5: (1 - 0.9999 ** 3) / 1e-4, 6: 1.0, 7: 1.0}
    whole = sum(1 / value for value in number.values())
    total = 0.0
    for row, label in zip(logits, labels.tolist(), strict=True):
        weight = 3 / number[label] / whole if label in number else 2.0
        total -= weight * math.log(float(row.softmax(0)[label]))
    assert float(StreamLoss(STATES, 'class_balanced')(logits, labels)) == pytest.approx(total / 9)


def test_a_state_that_is_wholly_sure_has_a_finite_gradient():
    logits = torch.zeros(2, VOCAB)
    logits[0, 5] = logits[1, 1] = 200.0
    logits.requires_grad_()
    StreamLoss(STATES)(logits, torch.tensor([5, 1])).backward()
    assert torch.isfinite(logits.grad).all()


def test_half_precision_is_summed_in_single():
    logits = sure(5, 0.99).to(torch.bfloat16)
    assert StreamLoss(STATES)(logits, torch.tensor([5])).dtype == torch.float32


def test_state_ids_are_looked_up():
    tokenizer = Tokenizer.from_file(str(NANO / 'tokenizer.json'))
    assert registered_state_ids(tokenizer) == tuple(
        tokenizer.token_to_id(token) for token in ('</Silence>', '</Standby>', '</Response>'))


def test_state_tokens_that_come_apart_are_refused():
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from tokenizers.trainers import BpeTrainer
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator([], BpeTrainer(
        initial_alphabet=ByteLevel.alphabet(), show_progress=False))
    with pytest.raises(CheckpointError, match=r'</Silence> for 10 tokens: register'):
        registered_state_ids(tokenizer)
