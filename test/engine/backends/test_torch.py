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

"""The torch backend, on a processor and, where there is one, on a GPU."""

import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file
from safetensors.numpy import save

from streamo_ros.engine import StreamEngine
from streamo_ros.models import CheckpointError
from streamo_ros.models import load_checkpoint
from streamo_ros.models import read_checkpoint

torch = pytest.importorskip('torch', reason='the torch backend needs torch')
pytest.importorskip('transformers')


def decisions(engine, frames):
    engine.watch('Tell me when something starts moving.')
    engine.watch('Tell me when the light goes off.')
    return [engine.step(frame, float(stamp)) for stamp, frame in enumerate(frames)]


@pytest.fixture
def frames():
    return np.random.default_rng(0).integers(0, 256, (20, 120, 160, 3), np.uint8)


def test_nano_decides_with_torch_as_with_onnxruntime(frames):
    one, two = (
        decisions(StreamEngine.from_pretrained('nano', backend=backend), frames)
        for backend in ('onnxruntime', 'torch'))
    for left, right in zip(sum(one, []), sum(two, []), strict=True):
        assert (left.state, left.text) == (right.state, right.text)
        np.testing.assert_allclose(left.probabilities, right.probabilities, atol=1e-5)


def test_two_streams_over_the_same_weights_decide_as_each_would_alone(frames):
    streams = frames[:4], frames[4:8]
    engine = StreamEngine.from_pretrained('nano', backend='torch', window_turns=2)
    alone = []
    for stream in streams:
        alone.append(decisions(engine, stream))
        engine.restart()
    together = [[], []]
    engines = [engine, engine.new_stream()]
    for one in engines:
        one.watch('Tell me when something starts moving.')
        one.watch('Tell me when the light goes off.')
    for stamp in range(4):
        for index, one in enumerate(engines):
            together[index].append(one.step(streams[index][stamp], float(stamp)))
    assert [[d.probabilities for tick in ticks for d in tick] for ticks in together] == [
        [d.probabilities for tick in ticks for d in tick] for ticks in alone]


def test_what_unused_rows_hold_changes_nothing(frames):
    from streamo_ros.engine.backends.torch import TorchBackend

    class Poisoned(TorchBackend):
        def allocate(self, max_batch, sink_rows, ring_rows):
            super().allocate(max_batch, sink_rows, ring_rows)
            for cache in (*self.sink, *self.ring):
                cache.fill_(torch.nan)

    checkpoint = load_checkpoint('nano')
    clean, poisoned = (
        decisions(StreamEngine(checkpoint, backend(checkpoint, device='cpu')), frames)
        for backend in (TorchBackend, Poisoned))
    assert clean == poisoned


def without(weights):
    del weights['model.layers.1.mlp.up_proj.weight']
    return save(weights)


@pytest.mark.parametrize('spoil, sentence', [
    (without, 'has no tensor .*layers.1.mlp.up_proj'),
    (lambda weights: b'junk', 'cannot load .*header too small.*copy'),
    (lambda weights: save({name: weight[:1] for name, weight in weights.items()}),
     'cannot load .*copy'),
])
def test_a_checkpoint_that_is_not_whole_is_refused_instead_of_filled_with_noise(
        spoil, sentence, tmp_path):
    copy = shutil.copytree(load_checkpoint('nano').directory, tmp_path / 'nano')
    (copy / 'model.safetensors').write_bytes(spoil(load_file(copy / 'model.safetensors')))
    from streamo_ros.engine.backends.torch import TorchBackend

    # Without what `load_checkpoint` checks: transformers itself would run on.
    with pytest.raises(CheckpointError, match=sentence):
        TorchBackend(read_checkpoint(copy), 'cpu')


def test_in_half_precision_the_towers_frequencies_stay_whole():
    from streamo_ros.engine.backends.torch import TorchBackend
    half = TorchBackend(load_checkpoint('nano'), 'cpu', torch.bfloat16)
    frequencies = half._model.model.visual.rotary_pos_emb.inv_freq
    assert frequencies.dtype == torch.float32
    patches = np.random.default_rng(0).integers(0, 256, (64, 1176), np.uint8)
    whole = TorchBackend(load_checkpoint('nano'), 'cpu').encode_image(patches, (4, 4))
    assert np.abs(half.encode_image(patches, (4, 4)) - whole).max() < 0.01 * np.abs(whole).max()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device here')
def test_on_cuda_one_graph_a_shape_is_captured_and_decides_alike(frames):
    from streamo_ros.engine.backends.torch import TorchBackend
    checkpoint = load_checkpoint('nano')
    backend = TorchBackend(checkpoint, device='cuda', dtype=torch.float32)
    on_gpu = decisions(StreamEngine(checkpoint, backend), frames)
    captured = dict(backend._graphs)
    assert 0 < len(captured) < 12
    expected = decisions(StreamEngine.from_pretrained('nano', backend='onnxruntime'), frames)
    for left, right in zip(sum(on_gpu, []), sum(expected, []), strict=True):
        assert left.state == right.state
        np.testing.assert_allclose(left.probabilities, right.probabilities, atol=1e-3)
