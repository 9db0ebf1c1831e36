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

"""The simulation of a fleet is right where its result is known."""

import numpy as np
import pytest

from streamo_ros.serving.admission import MOST
from streamo_ros.studies.fleet import Card
from streamo_ros.studies.fleet import held
from streamo_ros.studies.fleet import measured_card
from streamo_ros.studies.fleet import most_streams
from streamo_ros.studies.fleet import published_cards
from streamo_ros.studies.fleet import simulate


def rng():
    return np.random.default_rng(0)


def test_a_stream_alone_waits_for_its_own_tick():
    late = simulate(Card('one', 0.05, 0.01, around_s=0.002), 1, 1.0, rng())
    assert late == pytest.approx(np.full(len(late), 0.052))


def test_a_batch_is_what_waits_when_the_last_one_ends():
    late = simulate(Card('slow', 1.0, 0.0), 50, 1.0, rng())
    assert late.max() <= 2.0 + 1e-9     # the rest of one batch, and all of the next
    assert late.min() >= 1.0


def test_a_device_without_batches_holds_what_admission_lets_in():
    streams, gives_out = most_streams(Card('one by one', 0.01, 0.01), 1.0, rng())
    assert (streams, gives_out) == (int(MOST / 0.01), 'time')
    assert most_streams(Card('one by one', 0.01, 0.01), 2.0, rng())[0] == int(MOST / 0.02)


def test_what_gives_out_first_is_named():
    assert most_streams(Card('small', 1e-4, 1e-4, memory_streams=7), 1.0, rng()) == (7, 'memory')
    assert most_streams(Card('late', 0.6, 1e-6), 1.0, rng())[1] == 'lateness'
    one, = held([Card('fast', 1e-5, 1e-5)], [1.0], door_s=0.001, link_mbit=100)
    assert (one.door, one.network) == (800, 250)


def test_a_measured_device_is_taken_from_its_figures():
    card = measured_card({
        'streams': 16, 'tick_s': 0.01, 'batched_ticks_s': 200.0, 'paced_p50_s': 0.013})
    assert card.first_s == 0.01
    assert card.first_s + 15 * card.more_s == pytest.approx(16 / 200.0)
    assert card.around_s == pytest.approx(0.003)


def test_published_machines_rank_as_published():
    cards = {card.name: card for card in published_cards()}
    assert cards['Jetson AGX Thor 128GB'].first_s < cards['Jetson AGX Orin 64GB'].first_s
    assert cards['Jetson AGX Orin 64GB'].first_s < cards['Jetson Orin NX 16GB'].first_s
