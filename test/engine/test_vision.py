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

"""The vision graphs see what Hugging Face's towers see, on frames of several sizes."""

import numpy as np
import pytest
from random_model import new_model
from random_model import RandomModel
from random_model import SHAPES
from random_model import write_checkpoint

from streamo_ros.engine.backends.silent_onnxruntime import ort
from streamo_ros.engine.graphs.vision import vision_graph
from streamo_ros.models import load_checkpoint


def seen(checkpoint, patches, grid):
    """Return the graph's (1 + D, rows * columns, hidden)."""
    graph = vision_graph(
        checkpoint.vision, checkpoint.frame, checkpoint.weights, grid).SerializeToString()
    session = ort.InferenceSession(graph, providers=['CPUExecutionProvider'])
    return session.run(None, {'patches': patches})[0]


# 117 and 120 tokens are what Qwen2.5-VL makes of 640x480 and 1280x720.
@pytest.mark.parametrize('grid', [(9, 13), (8, 15), (3, 2)])
@pytest.mark.parametrize('family', ['qwen2_5_vl', 'qwen3_vl'])
def test_towers_for_frames_of_any_size(family, grid, tmp_path):
    torch = pytest.importorskip('torch', reason='the reference towers need torch')
    model = new_model(family)
    write_checkpoint(family, model, tmp_path)
    checkpoint = load_checkpoint(tmp_path)
    vision = checkpoint.vision
    patches = np.random.default_rng(0).integers(0, 256, (
        grid[0] * grid[1] * 4, 3 * 2 * vision.patch ** 2), np.uint8)
    with torch.no_grad():
        expected = model.model.visual(
            torch.from_numpy(checkpoint.frame.normalise(patches, vision)),
            grid_thw=torch.tensor([[1, grid[0] * 2, grid[1] * 2]]))
    layers = [expected.pooler_output, *getattr(expected, 'deepstack_features', [])]
    assert len(layers) == 1 + len(vision.deepstack)
    np.testing.assert_allclose(
        seen(checkpoint, patches, grid), np.stack(layers), atol=1e-4)


@pytest.mark.parametrize('image, patch, grid', [(224, 28, (4, 4)), (128, 16, (4, 4)),
                                                (192, 16, (6, 6))])
def test_the_built_in_eyes_see_the_frame_and_what_changed(image, patch, grid, tmp_path):
    torch = pytest.importorskip('torch', reason='the reference tower needs torch')
    model = new_model('streamo_small', image_size=image, patch_size=patch)
    write_checkpoint('streamo_small', model, tmp_path)
    checkpoint = load_checkpoint(tmp_path)
    before, frame = np.random.default_rng(0).integers(0, 256, (2, image, image, 3), np.uint8)
    patches = checkpoint.frame.cut(before, frame, checkpoint.vision)
    with torch.no_grad():
        expected = model.model.visual(
            torch.from_numpy(checkpoint.frame.normalise(patches, checkpoint.vision)),
            torch.tensor([[1, grid[0] * 2, grid[1] * 2]])).pooler_output
    np.testing.assert_allclose(seen(checkpoint, patches, grid)[0], expected, atol=1e-4)
    still = checkpoint.frame.cut(frame, frame, checkpoint.vision)
    assert np.abs(seen(checkpoint, still, grid)[0] - expected.numpy()).max() > 0.1


@pytest.mark.parametrize('family, image, patch, more, grid', [
    ('internvl', 448, 14, {}, (16, 16)),
    ('internvl', 112, 14, {'attention_bias': False}, (4, 4)),
    ('smolvlm', 512, 16, {}, (8, 8)),
    ('smolvlm', 170, 14, {}, (3, 3)),  # with a rest that is no whole patch
])
def test_towers_for_frames_of_one_size(family, image, patch, more, grid, tmp_path, monkeypatch):
    monkeypatch.setitem(SHAPES, family, ((image, image), SHAPES[family][1]))
    model = new_model(family, **{
        'num_hidden_layers': 2, 'image_size': image, 'patch_size': patch, **more})
    write_checkpoint(family, model, tmp_path)
    checkpoint = load_checkpoint(tmp_path)
    frames = np.random.default_rng(0).integers(0, 256, (1, image, image, 3), np.uint8)
    expected = RandomModel(family, tmp_path, model).encode_image(frames)[0]
    assert checkpoint.frame.target(480, 640, checkpoint.vision.cell) == (image, image)
    patches = checkpoint.frame.cut(frames[0], frames[0], checkpoint.vision)
    np.testing.assert_allclose(
        seen(checkpoint, patches, grid)[0], expected.detach().numpy(), atol=1e-4)
