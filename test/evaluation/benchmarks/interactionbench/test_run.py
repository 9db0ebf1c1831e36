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

"""InteractionBench from the command line, over a room rendered on the spot, by nano."""

import json

from benchmark_records import interaction_item
from benchmark_records import write_interactionbench
import pytest
from rendered_video import light_off
from rendered_video import write_room

from streamo_ros.cli.main import main
from streamo_ros.evaluation.benchmarks.interactionbench.records import read_items
from streamo_ros.evaluation.benchmarks.interactionbench.run import session


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('interaction')
    write_room(root / 'room.mp4')
    return write_interactionbench(
        root, interaction_item(answers=((round(light_off(), 1), 'The light went off.'),)),
        interaction_item('LVM', 'A', ((9.0, 'Dark.'),), question_time_s=8.5,
                         question='Is it dark?'))


def test_what_nano_says_in_time_is_scored_and_written_in_the_benchmarks_form(
        root, tmp_path, capsys):
    out = tmp_path / 'out'
    assert main(['benchmark', 'interactionbench', str(root), '--videos', str(root),
                 '--out', str(out)]) == 0
    report = json.loads((out / 'report.json').read_text())
    assert report['scores']['parts']['task']['Alert']['total'] > 70
    assert report['baselines']['always silent']['overall']['total'] == 0
    assert 'always speaking' in capsys.readouterr().out
    lines = [json.loads(line) for line in (out / 'preds.jsonl').read_text().splitlines()]
    assert [(line['video_id'], line['item_index'], line['model']) for line in lines] == [
        ('v', 0, 'nano'), ('v', 1, 'nano')]
    assert all(said['t'] >= 9 for said in lines[1]['emissions'])
    assert main(['benchmark', 'interactionbench', str(root), '--predictions',
                 str(out / 'preds.jsonl'), '--json', str(tmp_path / 'again.json')]) == 0
    assert json.loads((tmp_path / 'again.json').read_text())['scores'] == report['scores']


def test_a_question_that_is_asked_late_is_not_given_away(root):
    standing, asked = (session(item, root / 'room.mp4') for item in read_items(root))
    assert (standing.questions[0].first, len(standing.starts)) == (0, 13)
    assert (asked.questions[0].first, asked.questions[0].last, len(asked.starts)) == (9, 19, 20)


@pytest.mark.parametrize('line, sentence', [
    ('{"video_id": "w"}', 'w#0 is no item'), ('{"video_id": "v", "emissions": [{"t": -1}]}',
                                              r'emissions: \[0\]: t: '),
    ('{"video_id": "v"}\n{"video_id": "v"}', 'was given before')])
def test_predictions_that_cannot_be_used_are_named(root, tmp_path, line, sentence, capsys):
    import re
    (tmp_path / 'preds.jsonl').write_text(line)
    assert main(['benchmark', 'interactionbench', str(root), '--predictions',
                 str(tmp_path / 'preds.jsonl')]) == 1
    assert re.search(sentence, capsys.readouterr().err)
