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

"""``streamo evaluate``: what it prints, writes and returns."""

import json
import re

from tiny_bags import TinyBag

from streamo_ros.cli.main import main
from streamo_ros.worlds import SentryWorld


def test_evaluate_prints_scores_writes_a_report_and_fails_for_a_bag_that_cannot_be_read(
        tmp_path, capsys):
    world = SentryWorld(5, seconds=6.0, split='test', size=(112, 112), skills=['light_off'])
    with TinyBag(tmp_path / 'room') as bag:
        for index in [*range(0, 30), *range(45, 60)]:
            bag.image(index / 10, world.render(index / 10))
    asked = tmp_path / 'asked.json'
    asked.write_text(json.dumps({'instructions': [
        {'text': 'Tell me when the light goes off.', 'skill': 'light',
         'events': [{'start': 4.6, 'end': 4.7}]}]}))
    out = tmp_path / 'out'
    command = ['evaluate', str(tmp_path / 'room'), '--out', str(out), '--fps', '2',
               '--annotations', str(asked), '--json', str(tmp_path / 'scores.json')]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert re.search(r'^light +1 ', printed.out, re.MULTILINE)
    assert str(out / 'report.json') in printed.out
    assert 'room: 1 gaps: /camera/image_raw has no frame for 2.000 s' in printed.err
    assert json.loads((tmp_path / 'scores.json').read_bytes()) == {
        'streamo_ros': 'figures', **json.loads((out / 'scores.json').read_bytes())}
    (tmp_path / 'bad.mcap').write_bytes(b'no bag')
    assert main([*command[:2], str(tmp_path / 'bad.mcap'), *command[2:]]) == 1
    assert '1 of 2 bags could not be watched: bad: ' in capsys.readouterr().err
    asked.write_text('{}')
    assert main(command) == 1
    assert 'no list named instructions' in capsys.readouterr().err
