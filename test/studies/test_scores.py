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

"""`make scores`: the engine and the trivial answers, over the same streams."""

import json

from streamo_ros.studies.scores import PHRASINGS
from streamo_ros.studies.scores import run


def test_a_checkpoint_is_scored_by_the_engine_beside_the_baselines():
    scores, baselines = run('nano', 'test', streams=2, seed=0, world='sentry')
    figures, beside = scores.figures(), baselines.figures()
    assert figures['worlds'].keys() == {'sentry'}
    assert figures['events'] == sum(part['events'] for part in figures['skills'].values()) > 0
    assert beside['always_silent']['events'] == figures['events']
    assert beside['always_silent']['event_f1'] == 0


def test_a_strangers_words_ask_for_the_same_events():
    own, _ = run('nano', 'test', streams=3, seed=1, world='sentry')
    strange, _ = run('nano', 'test', streams=3, seed=1, world='sentry', strangers_words=True)
    asked = own.figures()['tasks']['event_caption']
    figures = strange.figures()
    assert figures['tasks'].keys() == {'event_caption'}
    assert figures['events'] == asked['events'] > 0
    phrasings = json.loads(PHRASINGS.read_text())
    assert all(len(set(texts)) == len(texts) >= 12 for texts in phrasings.values())
