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

"""Reports side by side: every figure with its count, and what those get who do not look."""

import json

from benchmark_records import interaction_item
from benchmark_records import write_interactionbench
import ovo_records
import pytest
from tiny_streams import write_streams

from streamo_ros.cli.main import main
from streamo_ros.evaluation.benchmarks import recorded
from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.interactionbench import run as interaction
from streamo_ros.evaluation.benchmarks.interactionbench.records import read_items
from streamo_ros.evaluation.benchmarks.offline import mvbench
from streamo_ros.evaluation.benchmarks.offline.scores import scores
from streamo_ros.evaluation.benchmarks.ovo_bench import run as ovo
from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
from streamo_ros.evaluation.benchmarks.proactive_videoqa import run as proactive
from streamo_ros.evaluation.benchmarks.summary import by_checkpoint
from streamo_ros.evaluation.benchmarks.summary import read_report
from streamo_ros.evaluation.pages.summary import summary_page
from streamo_ros.evaluation.spread import Spread

RUN = {'records': 2, 'watched': 1, 'absent_videos': [], 'left_out': {},
       'records_of_absent_videos': 1}


def offline(said, checkpoint):
    items = [
        mvbench._item('action_count', {
            'video': 'a.mp4', 'question': 'How often?', 'candidates': ['0', '1'], 'answer': '1'},
            index) for index in range(2)]
    found = scores(mvbench.MVBENCH, items, {item.key: said for item in items})
    return {'benchmark': 'mvbench', 'title': 'MVBench', 'checkpoint': checkpoint, **RUN,
            'scores': {**found, 'likeliest label': found['official']}}


def write(folder, figures):
    folder.mkdir(parents=True)
    (folder / 'report.json').write_text(json.dumps(figures))
    return folder


def test_a_figure_has_its_count_and_what_others_get_by_the_same_rule(tmp_path):
    rows = read_report(write(tmp_path / 'a', offline('(B)', 'nano'))).rows
    of = {(row.measure, row.part): row for row in rows}
    whole = of['official', '']
    assert (whole.value, whole.count) == (100.0, 2)
    assert whole.blind == {'always A': 0.0, 'longest option': 0.0, 'says nothing': 100.0}
    assert of['lmms-eval', ''].blind['says nothing'] is None
    assert of['official', 'task: action_count'].value == 100.0
    assert of['likeliest label', ''].blind == whole.blind


def test_every_benchmarks_report_has_figures(tmp_path):
    items = read_items(write_interactionbench(tmp_path / 'ib', interaction_item()))
    records = read_records(ovo_records.write(tmp_path, ovo_records.one_of_each()))
    write_streams(tmp_path, ('SBR',))
    over = Spread()
    made = {
        'interactionbench': {**interaction.figures(items, {}), 'checkpoint': 'nano', **RUN},
        'proactivevideoqa': {**proactive.figures([], {}), 'checkpoint': 'nano', **RUN},
        'ovo': ovo.run(records, tmp_path / 'gone', tmp_path / 'o', None, over,
                       {'checkpoint': 'nano'}),
        'streams': recorded.run(
            recorded.find_records(tmp_path / 'stream.json'), tmp_path / 'gone', tmp_path / 's',
            None, over, {'checkpoint': 'nano'})}
    for name, figures in made.items():
        report = read_report(write(tmp_path / 'runs' / name, figures))
        assert report.benchmark == name and any(not row.part for row in report.rows), name
    assert '"StreamPro-F1"' in summary_page(
        [read_report(tmp_path / 'runs' / name) for name in made])


def test_two_checkpoints_stand_side_by_side_on_one_page(tmp_path, capsys):
    runs = [write(tmp_path / 'a', offline('(B)', 'first')),
            write(tmp_path / 'b', offline('(A)', 'second'))]
    page = tmp_path / 'summary.html'
    assert main(['benchmark', 'summary', *map(str, runs), '--out', str(page)]) == 0
    text = page.read_text()
    assert 'Benchmarks of first and second' in text and 'B \\u2212 A' in text
    assert '"value":-100.0' in text and '1 of 2 records could be watched' in text
    assert capsys.readouterr().out.strip() == str(page)


def test_what_cannot_stand_side_by_side_is_told(tmp_path):
    reports = [read_report(write(tmp_path / name, offline('(B)', name))) for name in 'abc']
    with pytest.raises(BenchmarkError, match='of 3 checkpoints'):
        by_checkpoint(reports)
    again = read_report(write(tmp_path / 'again', offline('(B)', 'a')))
    with pytest.raises(BenchmarkError, match='of one benchmark'):
        by_checkpoint([reports[0], again])
    write(tmp_path / 'other', {'benchmark': 'mine'})
    with pytest.raises(BenchmarkError, match='is no report'):
        read_report(tmp_path / 'other')
