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


"""What is put around chunks of several streams; that it changes nothing is an oracle's."""

import numpy as np

from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.base import StepOutputs
from streamo_ros.engine.backends.padded_batch import padded_batch
from streamo_ros.engine.backends.padded_batch import unbatched


def chunk(batch, width, sink_rows, ring_rows):
    rotary = np.ones((batch, width, 2), np.float32)
    return StepInputs(
        embeds=np.ones((batch, width, 4), np.float32),
        deepstack=np.ones((2, batch, width, 4), np.float32), cos=rotary, sin=rotary,
        sink_cos=rotary, sink_sin=rotary, ring_mask=np.ones((batch, 2, ring_rows), np.bool_),
        is_new_turn=np.ones((batch, width), np.bool_),
        sink_chunk_mask=np.ones((batch, width, sink_rows + width), np.bool_),
        lengths=np.full(batch, width), cache_offsets=np.full(batch, ring_rows - width))


def test_padding_sees_itself_alone_and_is_seen_by_nobody():
    short, long = chunk(2, 3, 4, 9), chunk(1, 5, 2, 7)
    batch = padded_batch([short, long])
    mask = batch.sink_chunk_mask
    assert mask.shape == (3, 5, 4 + 5)
    assert (mask[:2, 3:] == np.eye(5, dtype=np.bool_)[3:] @ np.eye(5, 9, 4, np.bool_)).all()
    assert mask[:2, :3, :7].all() and not mask[:2, :3, 7:].any()
    assert mask[2, :, [0, 1, 4, 5, 6, 7, 8]].all() and not mask[2, :, 2:4].any()
    assert batch.ring_mask[:2].all() and batch.ring_mask[2, :, :7].all()
    assert not batch.ring_mask[2, :, 7:].any()
    for padded in (batch.embeds, batch.cos, batch.sink_sin, batch.is_new_turn[:, :, None]):
        assert padded[:2, :3].all() and padded[2].all() and not padded[:2, 3:].any()
    assert not batch.deepstack[:, :2, 3:].any() and batch.deepstack[:, 2].all()
    assert batch.lengths.tolist() == [3, 3, 5]
    assert batch.cache_offsets.tolist() == [6, 6, 2]


def test_a_lone_chunk_stays_as_it_is():
    alone = chunk(3, 5, 2, 7)
    assert padded_batch([alone]) is alone


def test_each_gets_its_own_rows():
    parts = [chunk(2, 3, 4, 9), chunk(1, 5, 2, 7)]
    states, hidden = np.arange(9.).reshape(3, 3), np.arange(12.).reshape(3, 4)
    first, second = unbatched(StepOutputs(states, hidden), parts)
    assert (first.states == states[:2]).all() and (second.states == states[2:]).all()
    assert (first.hidden == hidden[:2]).all() and (second.hidden == hidden[2:]).all()
