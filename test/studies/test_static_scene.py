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

"""What saving does is told against the same streams with nothing saved."""

from streamo_ros.dialogue import State
from streamo_ros.engine import StillScene
from streamo_ros.studies.static_scene import run
from streamo_ros.studies.static_scene import Saving


def test_the_first_setting_is_what_others_are_compared_with():
    plain, nothing, saving = (saving.figures() for saving in run(
        'nano', 'test', streams=1, seed=1,
        scenes=(None, StillScene(gate=0, drop=0), StillScene(gate=4, drop=4))))
    assert plain == {**nothing, 'scene': None}
    assert plain['agreement'] == 1 and plain['drop_ratio'] == plain['skipped_frames'] == 0
    assert 0 < saving['drop_ratio'] < 1 and 0 < saving['skipped_frames'] < 1


def test_what_is_counted():
    silence, standby, response = State
    found = Saving(None, visual_tokens_pruned=[0.5, 0.0], skipped=[0.0, 0.2], pairs=[
        (silence, silence), (silence, silence), (standby, standby), (silence, response)])
    figures = found.figures()
    assert figures['agreement'] == 0.75 and figures['agreement_not_both_silence'] == 0.5
    assert figures['drop_ratio'] == 0.25 and figures['skipped_frames'] == 0.1
