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

"""The sample bag: a camera's rate, a truth beside it, made once."""

import numpy as np

from streamo_ros.cli.main import main
from streamo_ros.sources.bag_annotation import read_annotations
from streamo_ros.sources.recording import open_recording
from streamo_ros.studies import sample_bag
from streamo_ros.studies.sample_bag import START_NS
from streamo_ros.studies.sample_bag import TOPIC
from streamo_ros.studies.sample_bag import write_sample_bag
from streamo_ros.worlds.sentry_topics import ANSWERS


def test_it_holds_a_room_and_what_is_true_of_it(tmp_path):
    write_sample_bag(tmp_path / 'bag', seconds=20.0, fps=4.0, size=(48, 64))
    frames = list(open_recording(tmp_path / 'bag', 1.0).frames)
    assert [frame.stamp - START_NS for frame in frames] == [
        index * 250_000_000 for index in range(80)]
    assert {frame.camera for frame in frames} == {TOPIC}
    annotations = read_annotations(tmp_path / 'bag' / 'annotations.yaml')
    assert len(annotations.instructions) == 3
    events = [event for one in annotations.instructions for event in one.events]
    assert events and all(0 <= event.start <= event.end < 20 for event in events)
    dark = next(event for event in events if event.answer == ANSWERS['light_off'])
    brightness = {frame.stamp: frame.picture().mean() for frame in frames}
    at = [brightness[START_NS + round(second * 4) * 250_000_000]
          for second in (dark.start - 0.5, dark.end + 0.5)]
    assert at[1] < 0.7 * at[0]
    assert np.isfinite(at).all()


def test_it_is_made_once_and_its_path_printed(tmp_path, monkeypatch, capsys):
    made = []
    command = ['study', 'sample-bag', str(tmp_path / 'bag'), '--seconds', '3']
    real = write_sample_bag
    monkeypatch.setattr(sample_bag, 'write_sample_bag', lambda path, **more: (
        made.append(path), real(path, fps=2.0, size=(24, 32), **more)))
    assert main(command) == 0
    assert main(command) == 0
    assert made == [tmp_path / 'bag']
    assert capsys.readouterr().out == f'{tmp_path / "bag"}\n' * 2
