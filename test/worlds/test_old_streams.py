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

"""The streams that the published scores were measured on are drawn today as they were then."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamo_ros.worlds.streams import draw_stream

ROWS = json.loads((Path(__file__).parent / 'streams_of_old.json').read_text(encoding='utf-8'))


@pytest.mark.parametrize(
    'row', ROWS, ids=lambda row: f'{row["split"]}-{row["world"]}-{row["seed"]}')
def test_an_old_seed_gives_the_old_words_and_frames(row):
    if row['world'] == 'tabletop':
        pytest.importorskip('pybullet', reason='the tabletop is rendered by pybullet')
    stream = draw_stream(
        np.random.default_rng([row['seed'], 5]), split=row['split'], turns=12, questions=2,
        world=row['world'], contrast=0.0 if row['split'] == 'test' else 0.4)
    told = [
        (question.task, question.skill, question.text,
         [(truth.state.name, truth.text, truth.counted) for truth in question.truths()])
        for question in stream.questions]
    words = json.dumps([told, [round(stamp, 6) for stamp in stream.stamps], stream.rate])
    assert hashlib.sha256(words.encode()).hexdigest()[:16] == row['words']
    for tick, frame in zip((0, 6, 11), row['frames'], strict=True):
        small = cv2.resize(stream.frame(tick), (4, 4), interpolation=cv2.INTER_AREA).mean(-1)
        # Within a level: other processors round their pixels otherwise.
        assert np.abs(small.ravel() - np.asarray(frame.split(), float)).max() <= 1.0
