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

"""A made set in the published forms, and a checkpoint that goes through all of it."""

import json
from pathlib import Path

import pytest

from streamo_ros.cli.main import main
from streamo_ros.evaluation.benchmarks.interactionbench.records import read_items
from streamo_ros.evaluation.benchmarks.ovo_bench.records import read_records
from streamo_ros.evaluation.benchmarks.proactive_videoqa import records as proactive
from streamo_ros.evaluation.benchmarks.recorded import find_records
from streamo_ros.evaluation.benchmarks.summary import _ROWS
from streamo_ros.evaluation.spread import Spread
from streamo_ros.studies.made_benchmarks import runs_of
from streamo_ros.studies.made_set import answered
from streamo_ros.studies.made_set import films
from streamo_ros.worlds.sentry_topics import ANSWERS


@pytest.fixture(scope='module')
def out(tmp_path_factory):
    out = tmp_path_factory.mktemp('made') / 'out'
    assert main(['study', 'made-benchmarks', str(out), '--films', '1', '--seed', '1',
                 '--checkpoint', 'nano', '--jobs', '1', '--benchmarks', 'videomme',
                 'proactivevideoqa']) == 0
    return out


def test_what_is_asked_is_what_the_world_knows(out):
    film = next(films(1, 1))
    made = out / 'set'
    row = json.loads((made / 'videomme' / 'rows.json').read_text())[0]
    right = row['options']['ABCD'.index(row['answer'])][3:]
    assert right in [ANSWERS[skill] for skill in film.once]
    wrong = {option[3:] for option in row['options']} - {right}
    assert wrong <= {ANSWERS[skill] for skill in film.absent}
    items = read_items(made / 'interactionbench')
    assert [len(item.due) for item in items[:-1]] == [
        len(answered(question)) for question in film.stream.questions]
    assert items[-1].kind == 'A' and items[-1].right is not None
    assert len(read_records(made / 'ovo' / 'ovo.json')) >= 2
    assert len(find_records(made / 'streams')) == 4
    for record in proactive.read_records(made / 'proactivevideoqa'):
        assert (made / 'sets' / record.video).is_file()


def test_every_path_ends_in_a_report_and_one_page(out):
    runs = out / 'checkpoint-1'
    reports = {folder.name: json.loads((folder / 'report.json').read_text())
               for folder in runs.iterdir()}
    assert reports.keys() == {'videomme', 'proactivevideoqa'}
    assert all(report['watched'] == report['records'] for report in reports.values())
    assert 'Benchmarks of nano' in (out / 'summary.html').read_text()


def test_all_benchmarks_have_a_run():
    assert runs_of(Path('made'), 'nano', {}, Spread()).keys() == _ROWS.keys()
