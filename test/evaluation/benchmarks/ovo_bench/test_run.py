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

"""OVO-Bench run over videos rendered on the spot, by nano, from the command line."""

import json
import shutil

from ovo_records import choice
from ovo_records import clue
from ovo_records import count
from ovo_records import steps
from ovo_records import write
import pytest
from rendered_video import light_off
from rendered_video import TELL
from rendered_video import write_room
from safetensors.numpy import load_file
from safetensors.numpy import save_file

from streamo_ros.cli.main import main
from streamo_ros.evaluation.benchmarks import watching
from streamo_ros.evaluation.benchmarks.journal import benchmark_folder
from streamo_ros.evaluation.benchmarks.watching import Heard
from streamo_ros.evaluation.benchmarks.watching import watch
from streamo_ros.evaluation.spread import Spread
from streamo_ros.evaluation.spread import spread
from streamo_ros.models import CheckpointError
from streamo_ros.models import read_checkpoint
from streamo_ros.models.checkpoint import NANO
from streamo_ros.output import MARK


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Return a folder with annotations and videos of some of them."""
    folder = tmp_path_factory.mktemp('ovo')
    off = round(light_off())
    seen = clue(0, asked=2, shown=off, points=(
        (2, 0), (4, 0), (off + 2, 1), (off + 4, 1), (off + 6, 1)))
    long = choice(3, 'EPM', realtime=4, options=('very ' * 400, 'no'))
    write(folder, [
        {**seen, 'question': TELL}, count(1), steps(2), long, choice(4, 'HLD', realtime=30),
        choice(5, 'ASI'), choice(6, 'ASI')])
    for name in ('CRR', 'REC', 'SSR', 'EPM', 'HLD'):
        write_room(folder / 'videos' / name / 'a.mp4')
    return folder


def evaluate(folder, out, *more):
    return main(['benchmark', 'ovo', str(folder / 'ovo.json'), '--videos',
                 str(folder / 'videos'), '--out', str(out), *more])


@pytest.fixture(scope='module')
def done(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp('out')
    assert evaluate(folder, out, '--json', str(out / 'figures.json')) == 0
    return out


def test_what_nano_answers_in_time_is_right_and_said_to_be_of_our_projection(done):
    report = json.loads((done / 'report.json').read_text())
    figures = json.loads((done / 'figures.json').read_text())
    assert figures == {'streamo_ros': 'figures', **report}
    assert report['projected']['tasks']['CRR'] == 100.0
    assert 'a rule of our own' in report['projected']['how']
    assert report['timing']['crr_first_answer']['hit'] == 1
    assert report['baselines']['always A, 1, Yes']['tasks']['CRR'] == 60.0
    assert report['projected']['points']['CRR'] == [5, 5]
    assert report['baselines']['always A, 1, Yes']['points']['ASI'] == [0, 0]


def test_what_could_not_be_watched_is_named_and_counted(folder, done, capsys):
    report = json.loads((done / 'report.json').read_text())
    assert (report['records'], report['watched']) == (7, 4)
    assert report['absent_videos'] == ['ASI/a.mp4']
    assert report['records_of_absent_videos'] == 2
    assert list(report['left_out']) == ['3'] and 'shorten it' in report['left_out']['3']
    assert report['cut_short'] == [4]      # asked at second 30 of 12
    assert report['projected']['points']['ASI'] == [0, 2]
    assert report['projected']['tasks']['ASI'] is None
    assert evaluate(folder, done) == 0
    printed = capsys.readouterr()
    assert 'absent: ASI/a.mp4' in printed.err and 'left out: 3: ' in printed.err
    assert 'a rule of our own' in printed.out and '2 wait for 1 absent' in printed.out


def test_predictions_are_written_as_the_official_scores_take_them(folder, done, capsys):
    assert main(['benchmark', 'ovo', str(folder / 'ovo.json'), '--predictions',
                 str(done / 'predictions.jsonl'), '--json', str(done / 'again.json')]) == 0
    again = json.loads((done / 'again.json').read_text())['official']
    projected = json.loads((done / 'report.json').read_text())['projected']
    assert {**again, 'how': projected['how']} == projected
    assert 'rule of our own' not in capsys.readouterr().out


def test_a_run_that_was_cut_off_goes_on_and_ends_the_same(folder, done, tmp_path, monkeypatch):
    whole = (done / 'watched.jsonl').read_text()
    for name in (MARK, 'settings.json'):
        (tmp_path / name).write_text((done / name).read_text())
    lines = whole.splitlines(keepends=True)
    (tmp_path / 'watched.jsonl').write_text(''.join(lines[:2]) + lines[2][:9])
    watched = []

    def counted(engine, video, *more):
        watched.append(video.parent.name)
        return watch(engine, video, *more)

    monkeypatch.setattr(watching, 'watch', counted)
    assert evaluate(folder, tmp_path) == 0
    assert watched == ['SSR', 'EPM', 'HLD']    # EPM's question is too long, and is tried again
    assert (tmp_path / 'watched.jsonl').read_text() == whole
    assert (tmp_path / 'report.json').read_text() == (done / 'report.json').read_text()


def test_every_turn_up_to_the_last_point_has_a_state(done):
    entries = {entry['key']: [Heard.from_json(one) for one in entry['heard']] for entry in map(
        json.loads, (done / 'watched.jsonl').read_text().splitlines())}
    assert [len(one.states) for one in entries['1']] == [9]
    assert [len(one.states) for one in entries['2']] == [8, 8, 8]
    assert (entries['0'][0].first, len(entries['0'][0].states)) == (2, 10)
    assert entries['4'][0].states == ()


@pytest.mark.parametrize('arguments, sentence', [
    (['--videos', 'nowhere', '--out', 'new'], 'none of 7 records could be watched: 6 videos'),
    (['--videos', 'videos'], '--videos takes --out'),
    (['--predictions', 'nowhere'], 'nowhere cannot be read'),
    (['--videos', 'videos', '--out', 'other'], "checkpoint 'mine'"),
])
def test_what_cannot_be_done_ends_with_a_sentence(
        folder, tmp_path, arguments, sentence, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with benchmark_folder(tmp_path / 'other'):
        pass
    (tmp_path / 'other' / 'settings.json').write_text(json.dumps({'checkpoint': 'mine'}))
    (tmp_path / 'other' / 'watched.jsonl').touch()
    assert main(['benchmark', 'ovo', str(folder / 'ovo.json'), *arguments]) == 1
    assert sentence in capsys.readouterr().err


def test_a_run_does_not_go_on_with_a_checkpoint_that_was_trained_further(
        folder, tmp_path, capsys):
    checkpoint = shutil.copytree(NANO, tmp_path / 'checkpoint')
    (tmp_path / 'none').mkdir()
    asked = ['benchmark', 'ovo', str(folder / 'ovo.json'), '--videos', str(tmp_path / 'none'),
             '--checkpoint', str(checkpoint), '--out', str(tmp_path / 'out')]
    for _ in range(2):
        assert main(asked) == 1
        assert 'none of 7 records could be watched' in capsys.readouterr().err
    weights = load_file(checkpoint / 'model.safetensors')
    save_file({name: value * 2 for name, value in weights.items()},
              checkpoint / 'model.safetensors')
    assert main(asked) == 1
    assert 'holds a run with checkpoint_sha256' in capsys.readouterr().err


def test_videos_watched_side_by_side_give_the_same_report(folder, done, tmp_path):
    assert evaluate(folder, tmp_path, '--jobs', '2') == 0
    assert (tmp_path / 'report.json').read_text() == (done / 'report.json').read_text()
    assert (tmp_path / 'predictions.jsonl').read_text() == (done / 'predictions.jsonl').read_text()
    assert sorted((tmp_path / 'watched.jsonl').read_text().splitlines()) == sorted(
        (done / 'watched.jsonl').read_text().splitlines())


def test_a_cluster_gives_the_same_report_and_hands_back_what_was_raised(
        ray, folder, done, tmp_path, monkeypatch):
    from ray.cluster_utils import Cluster
    monkeypatch.setenv('RAY_USAGE_STATS_ENABLED', '0')
    cluster = Cluster()
    try:
        cluster.add_node(num_cpus=1, object_store_memory=80 * 2 ** 20, include_dashboard=False)
        # Here nothing may be watched, and paths are not those of the worker's directory.
        monkeypatch.setattr(watching, 'watch', lambda *_: pytest.fail('watched here'))
        monkeypatch.chdir(folder)
        assert main(['benchmark', 'ovo', 'ovo.json', '--videos', 'videos', '--out',
                     str(tmp_path), '--ray', cluster.address]) == 0
        with pytest.raises(CheckpointError, match='nowhere'):
            list(spread(read_checkpoint, ['nowhere'], Spread(ray=cluster.address)))
    finally:
        cluster.shutdown()
    assert (tmp_path / 'report.json').read_text() == (done / 'report.json').read_text()
