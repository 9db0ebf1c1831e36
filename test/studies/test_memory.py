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

"""What a study of the memory says of who sees all and remembers nothing."""

import numpy as np
import pytest

from streamo_ros.evaluation.tally import tally
from streamo_ros.studies.memory import figures
from streamo_ros.worlds.recall import draw_recall


@pytest.mark.parametrize('kind', ['limited', 'since', 'numbered'])
def test_perfect_sight_without_memory_is_not_enough(kind):
    stream, recall = draw_recall(
        np.random.default_rng(2), split='test', turns=40, apart=8, kind=kind)
    seen, right = (
        tally(recall.question, [truth.state for truth in truths],
              [truth.text for truth in truths], 40.0)
        for truths in (recall.plain, recall.question.right))
    assert right.events.f1 == 1 and right.right_words == right.events.true
    assert seen.events.f1 < 1 if kind != 'numbered' else not seen.right_words


def test_the_figures_say_what_was_set():
    found = figures({}, {'tick_ratio': 1.1}, checkpoint='nano', memory_tokens=128)
    assert found == {'checkpoint': 'nano', 'memory_tokens': 128, 'tick_ratio': 1.1}
