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

"""Chunks of one batch are padded to one width, and each keeps what is its own."""

from types import SimpleNamespace

import numpy as np
import pytest

from streamo_ros.engine.batch import Batcher
from streamo_ros.engine.cache_layout import cache_layout
from streamo_ros.engine.static_scene import ImageFeatures
from streamo_ros.engine.window import WindowPlan
from streamo_ros.models import load_checkpoint

SINKS = (5, 9)


@pytest.fixture(scope='module')
def checkpoint():
    return load_checkpoint('nano')


@pytest.fixture(scope='module')
def layout(checkpoint):
    return cache_layout(checkpoint, (112, 112), 1.0, 4)


def batcher(checkpoint, layout, static=False):
    hidden = checkpoint.decoder.hidden
    return Batcher(checkpoint, SimpleNamespace(
        static_shapes=static, dtype=np.dtype(np.float32),
        embed=lambda ids: np.repeat(ids[:, None], hidden, 1).astype(np.float32)), layout)


def plans(layout):
    return [
        WindowPlan(window_turns=4, turn_rows=layout.turn_rows, sink_length=sink, grid=layout.grid)
        for sink in SINKS]


def frame(checkpoint, kept):
    """Return a frame's features, token by token -1, -2, ..., and an opening that contains it."""
    tokens = -np.arange(1.0, len(kept) + 1, dtype=np.float32)[kept]
    features = ImageFeatures(
        np.repeat(tokens[None, :, None], checkpoint.decoder.hidden, 2), kept)
    return features, [7, *[checkpoint.tokenizer.image_id] * len(kept), 8]


def test_a_shorter_chunk_is_padded_with_tokens_that_see_themselves_alone(checkpoint, layout):
    features, opening = frame(checkpoint, np.ones(16, np.bool_))
    batch = batcher(checkpoint, layout)
    inputs = batch.inputs(
        batch.plan(plans(layout), [([], opening), ([1, 2, 3], opening)], features), features)
    assert inputs.lengths.tolist() == [18, 21]
    assert inputs.embeds.shape[:2] == (2, 21)
    sink_rows = max(SINKS)
    padding = inputs.sink_chunk_mask[0, 18:]
    assert padding.sum() == 3 and padding[:, sink_rows + 18:].trace() == 3
    assert not inputs.sink_chunk_mask[0, :18, sink_rows + 18:].any()
    # Each sees the rows of its own sink.
    for index, sink in enumerate(SINKS):
        assert inputs.sink_chunk_mask[index, :18, :sink].all()
        assert not inputs.sink_chunk_mask[index, :18, sink:sink_rows].any()
    assert inputs.is_new_turn[1].tolist() == [False] * 3 + [True] * 18


def test_visual_tokens_take_the_places_of_the_frame_less_those_left_out(checkpoint, layout):
    kept = np.ones(16, np.bool_)
    kept[[2, 5]] = False
    features, opening = frame(checkpoint, kept)
    batch = batcher(checkpoint, layout)
    planned = batch.plan(plans(layout)[:1], [([], opening)], features)
    inputs = batch.inputs(planned, features)
    assert inputs.embeds[0, :, 0].tolist() == [
        7.0, *(-number for number in range(1, 17) if number not in (3, 6)), 8.0]
    # The others stand where they would if none were left out.
    all_of_it, _ = frame(checkpoint, np.ones(16, np.bool_))
    (whole,) = batch.plan(plans(layout)[:1], [([], opening)], all_of_it)
    np.testing.assert_array_equal(
        planned[0].chunk.positions, np.delete(whole.chunk.positions, [3, 6], 1))


def test_where_shapes_are_static_a_batch_is_as_wide_as_few_others(checkpoint, layout):
    features, opening = frame(checkpoint, np.ones(16, np.bool_))
    batch = batcher(checkpoint, layout, static=True)
    inputs = batch.inputs(batch.plan(plans(layout)[:1], [([], opening)], features), features)
    assert inputs.embeds.shape[1] % -(-layout.turn_rows // 4) == 0
    assert inputs.sink_chunk_mask.shape[2] == layout.sink_rows + inputs.embeds.shape[1]
    one = batch.inputs(batch.plan(plans(layout)[:1], [([9], [])], None), None)
    assert one.embeds.shape[1] == 1
