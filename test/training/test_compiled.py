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

"""The faster paths of a training run compute what the slow ones do."""

import pytest

torch = pytest.importorskip('torch', reason='training needs torch')
pytest.importorskip('transformers', reason='training needs transformers')

from streamo_ros.models import read_checkpoint  # noqa: E402
from streamo_ros.training.compiled import speed_up  # noqa: E402
from streamo_ros.training.nano import nano_config  # noqa: E402
from streamo_ros.training.nano import new_model  # noqa: E402
from streamo_ros.training.nano import write_nano  # noqa: E402
from streamo_ros.training.streams import StreamDataset  # noqa: E402
from streamo_ros.training.train import answer_weights  # noqa: E402
from streamo_ros.training.train import collate  # noqa: E402
from streamo_ros.training.train import encode_images  # noqa: E402
from streamo_ros.training.train import stream_loss  # noqa: E402


def test_losses_and_gradients_stay_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, 'compile', lambda forward, **how: forward)  # it takes a minute
    write_nano(tmp_path)
    checkpoint = read_checkpoint(tmp_path)
    dataset = StreamDataset(checkpoint, seed=1, count=2, turns=3, questions=(2,))
    batch = collate([dataset[0], dataset[1]])
    found = []
    for faster in (False, True):
        torch.manual_seed(1)
        model = new_model(nano_config(checkpoint.tokenizer))
        if faster:
            speed_up(model)
        losses = stream_loss(
            model, encode_images(model, batch), batch.rows, answer_weights(checkpoint.tokenizer))
        sum(losses).backward()
        found.append((losses, {
            name: weight.grad for name, weight in model.named_parameters()}))
    (slow, slow_slopes), (fast, fast_slopes) = found
    for one, other in zip(slow, fast, strict=True):
        torch.testing.assert_close(one, other)
    for name, slope in slow_slopes.items():
        torch.testing.assert_close(slope, fast_slopes[name], rtol=1e-3, atol=1e-6)
