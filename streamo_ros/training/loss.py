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
"""
The loss of a stream: every supervised token's cross-entropy, state tokens weighted.

Streamo's focal loss (paper, Eq. 3 and 4, and its code, whose alpha differs from the paper's). A
stream is mostly silence, so a state has more weight the rarer it is and the less certain the model
is of it. Beside it, StreamPro's: states weighted by their effective numbers, without focus.
"""

from dataclasses import dataclass
import math

from tokenizers import Tokenizer
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.models import CheckpointError

KINDS = ('focal', 'fixed', 'class_balanced', 'cross_entropy')
BALANCES = ('present', 'three')
FIXED = (0.3, 1.3, 2.0)
"""The weights of Silence, Standby and Response in the paper's ablation (Table 4, Loss Scale)."""
TEXT = 2.0
"""The weight of other tokens beside class-balanced states (StreamPro, arXiv 2605.16381)."""


def registered_state_ids(tokenizer: Tokenizer) -> tuple[int, ...]:
    """
    Return the ids of the three state tokens.

    :raises CheckpointError: when one is not registered: it would be split into tokens such as
        ``</``, and the loss would weigh the first of them
    """
    ids = []
    for token in STATE_TOKENS:
        pieces = tokenizer.encode(token, add_special_tokens=False).ids
        if len(pieces) != 1:
            raise CheckpointError(
                f'the tokenizer takes {token} for {len(pieces)} tokens: register '
                f'{", ".join(STATE_TOKENS)} as special tokens first')
        ids.append(pieces[0])
    return tuple(ids)


def balance(counts: Tensor, over: str) -> Tensor:
    """
    Return (3,), the alpha of each state, in inverse proportion to its count.

    :param counts: (3,) how often each state is due in the micro-batch
    :param over: ``present`` divides by how many states occur, as the authors' code does: the
        mean alpha of all tokens is 1. ``three`` divides by three, as the paper writes
    """
    states = (counts > 0).sum() if over == 'present' else len(STATE_TOKENS)
    # A state that does not occur has weight 0, not an infinite one.
    return torch.where(counts > 0, counts.sum() / (counts.clamp(min=1) * states), 0.0)


def class_balance(counts: Tensor, beta: float) -> Tensor:
    """
    Return (3,), the weight of each state, in inverse proportion to its effective number.

    The effective number of n is (1 - beta^n) / (1 - beta): it grows ever more slowly (Cui et al.,
    arXiv 1901.05555; for streams StreamPro, arXiv 2605.16381). The weights of the states that
    occur have the mean 1.

    :param counts: (3,) how often each state is due in the micro-batch
    :param beta: from 0, all states alike, to below 1, where weights go by counts
    """
    # 1 - beta^n by expm1 and in double precision: near 1 its digits are lost otherwise.
    numbers = counts.double()
    effective = 1 - beta ** numbers if beta == 0 else -torch.expm1(numbers * math.log(beta))
    inverse = torch.where(counts > 0, 1 / effective.where(counts > 0, torch.ones_like(effective)),
                          0.0)
    return inverse * ((counts > 0).sum() / inverse.sum().clamp(min=1e-300))


@dataclass(frozen=True)
class StreamLoss:
    """
    The loss of one micro-batch.

    :param state_ids: of Silence, Standby and Response, as ``registered_state_ids`` finds them
    :param kind: one of ``KINDS``: ``focal``; ``fixed``, the weights ``FIXED``;
        ``class_balanced``, those of ``class_balance`` and ``TEXT``; or plain ``cross_entropy``
    :param gamma: of ``focal``, the exponent of (1 - probability): how little a state counts of
        which the model is certain
    :param alpha: of ``focal``, one of ``BALANCES``, or the weights of the three states themselves
    :param beta: of ``class_balanced``
    """

    state_ids: tuple[int, ...]
    kind: str = 'focal'
    gamma: float = 2.0
    alpha: str | tuple[float, ...] = 'present'
    beta: float = 0.9999

    def __call__(
        self, logits: Tensor, labels: Tensor, items: Tensor | int | None = None
    ) -> Tensor:
        """
        Return the weighted sum of all tokens' cross-entropies over ``items``.

        The gradient flows through the focal factor; alpha is a constant.

        :param logits: (M, vocabulary), those that stand before the supervised tokens
        :param labels: (M,) the supervised tokens
        :param items: supervised tokens of the whole optimizer step; None takes M
        """
        if logits.dtype != torch.float64:
            logits = logits.float()
        losses = cross_entropy(logits, labels, reduction='none')
        return (self._weights(losses, labels) * losses).sum() / (
            max(len(labels), 1) if items is None else items)

    def _weights(self, losses: Tensor, labels: Tensor) -> Tensor:
        if self.kind == 'cross_entropy':
            return torch.ones_like(losses)
        is_state = labels[:, None] == torch.tensor(self.state_ids, device=labels.device)
        if self.kind == 'fixed':
            return self._spread(losses, is_state, losses.new_tensor(FIXED))
        if self.kind == 'class_balanced':
            weights = class_balance(is_state.sum(0), self.beta).to(losses.dtype)
            return self._spread(losses, is_state, weights, TEXT)
        if isinstance(self.alpha, str):
            alpha = balance(is_state.sum(0), self.alpha).to(losses.dtype)
        else:
            alpha = losses.new_tensor(self.alpha)
        # exp(-loss) is the probability of the right token. The gradient of the power at 0 is not
        # finite for every gamma, so other tokens than states must not pass through it.
        error = -torch.expm1(-losses)
        focal = torch.where(is_state.any(1), error, 1.0) ** self.gamma
        return self._spread(losses, is_state, alpha) * focal

    @staticmethod
    def _spread(
        losses: Tensor, is_state: Tensor, weights: Tensor, elsewhere: float = 1.0
    ) -> Tensor:
        """Return (M,), a state's weight where it is due, and what other tokens have."""
        return torch.where(is_state.any(1), is_state.to(losses.dtype) @ weights, elsewhere)
