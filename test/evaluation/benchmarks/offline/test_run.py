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

"""Offline benchmarks from the command line, over a room rendered on the spot, by nano."""

import json

from benchmark_records import longvideobench
from benchmark_records import mvbench
from benchmark_records import write
import pytest
from rendered_video import write_room

from streamo_ros.cli.main import main
from streamo_ros.evaluation.benchmarks.offline import answering
from streamo_ros.evaluation.benchmarks.offline.answering import AskedEngineOptions
from streamo_ros.evaluation.benchmarks.offline.run import run
from streamo_ros.evaluation.benchmarks.offline.tempcompass import TEMPCOMPASS
from streamo_ros.evaluation.spread import Spread


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('offline')
    write_room(folder / 'videos' / 'room.mp4', 5)
    write(folder / 'mvbench' / 'action_count.json', [
        mvbench(), mvbench('bright'), mvbench(video='gone.mp4'),
        mvbench(candidates=['dark', 'very ' * 1500])])
    write(folder / 'mvbench' / 'action_sequence.json', [mvbench(start=0.0, end=3.0)])
    return folder


def evaluate(folder, out, *more):
    return main(['benchmark', 'mvbench', str(folder / 'mvbench'), '--videos',
                 str(folder / 'videos'), '--out', str(out), *more])


@pytest.fixture(scope='module')
def done(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp('out')
    assert evaluate(folder, out) == 0
    return out


def test_every_question_is_answered_and_what_was_not_is_named(folder, done, capsys):
    report = json.loads((done / 'report.json').read_text())
    assert (report['records'], report['watched']) == (5, 3)
    assert report['absent_videos'] == ['perception/videos/gone.mp4']
    assert 'tokens and may have 2048' in report['left_out']['action_count 3']
    assert sum(report['decided_unasked'].values()) == 3
    scores = report['scores']
    for name in ('official', 'lmms-eval', 'likeliest label', 'last 4 frames: official',
                 'last 4 frames: likeliest label', 'always A: lmms-eval'):
        assert scores[name]['parts']['task'].keys() == {'action_count', 'action_sequence'}, name
    assert scores['likeliest label']['questions'] == 3
    assert scores['says nothing: official']['total'] == 100  # "" is a part of all
    assert scores['says nothing: lmms-eval']['total'] is None
    assert evaluate(folder, done) == 0
    printed = capsys.readouterr()
    assert '3 of 5 questions answered' in printed.out and 'action_sequence' in printed.out
    assert 'absent: perception/videos/gone.mp4' in printed.err


def test_labels_are_weighed_and_answers_begin_as_the_notebook_has_them(done):
    entries = [json.loads(line) for line in (done / 'watched.jsonl').read_text().splitlines()]
    assert sorted(entry['key'] for entry in entries) == ['room.mp4', 'room.mp4 0-3 s']
    for entry in entries:
        for answer in entry['answers'].values():
            for view in answer.values():
                if not isinstance(view, str):
                    assert view['text'].startswith('(') and view['state'] in 'SBR'
                    assert sum(view['labels']) == pytest.approx(1, abs=1e-5)


def test_predictions_of_a_run_score_as_the_run_did(folder, done, tmp_path):
    assert main(['benchmark', 'mvbench', str(folder / 'mvbench'), '--predictions',
                 str(done / 'predictions.jsonl'), '--json', str(tmp_path / 'again.json')]) == 0
    again = json.loads((tmp_path / 'again.json').read_text())['scores']
    report = json.loads((done / 'report.json').read_text())['scores']
    assert {name: report[name] for name in again} == again


def test_a_run_that_was_cut_off_asks_only_what_is_left(folder, done, tmp_path, monkeypatch):
    for name in ('.streamo_ros.json', 'settings.json'):
        (tmp_path / name).write_text((done / name).read_text())
    lines = (done / 'watched.jsonl').read_text().splitlines(keepends=True)
    (tmp_path / 'watched.jsonl').write_text(lines[0])
    asked = []
    clip_of = answering.clip_of
    monkeypatch.setattr(answering, 'clip_of', lambda video: asked.append(video) or clip_of(video))
    assert evaluate(folder, tmp_path) == 0
    assert len(asked) == 1
    assert (tmp_path / 'report.json').read_text() == (done / 'report.json').read_text()


class Oracle:
    """A stand-in for an engine, that answers what it is told."""

    def __init__(self, said):
        self.said = said

    def tokens_of(self, question):
        return [1]

    def ask_after(self, frames, questions, labels, opening, window_turns):
        from streamo_ros.dialogue import State
        from streamo_ros.engine.asked_engine import Reply
        shares = [tuple(float(label == 'no') for label in names) for names in labels]
        return [Reply(self.said[len(frames)], share, State.SILENCE) for share in shares]


def test_each_view_is_scored_by_what_was_said_with_it(folder, tmp_path):
    write_room(tmp_path / 'videos' / '7.mp4', 6)
    from streamo_ros.evaluation.benchmarks.offline.tempcompass import read
    items = read(write(tmp_path / 'yes_no.json', {'7': {'action': [
        {'question': 'Dark?', 'answer': 'yes'}, {'question': 'Dark now?', 'answer': 'no'},
        {'question': 'Bright?', 'answer': 'yes'}]}}))
    scores = run(
        TEMPCOMPASS, items, tmp_path / 'videos', tmp_path / 'out',
        lambda: Oracle({6: 'Yes.', 4: 'well'}), Spread(), {'checkpoint': 'told'})['scores']
    assert scores['official']['total'] == 66.67
    assert scores['last 4 frames: official']['total'] == 0.0
    assert scores['last 4 frames: official']['unread'] == 3
    assert scores['likeliest label']['total'] == 33.33
    assert scores['always A, yes, first: official']['total'] == 66.67


@pytest.mark.parametrize('line, sentence', [
    ('{"key": "x", "response": "A"}', "key: 'x' is no question"),
    ('{"key": "v_0"}', 'is not of the form'), ('{"key"', 'line 1: no JSON')])
def test_predictions_that_cannot_be_used_are_named(tmp_path, line, sentence, capsys):
    write(tmp_path / 'lvb_val.json', [longvideobench()])
    (tmp_path / 'said.jsonl').write_text(line)
    assert main(['benchmark', 'longvideobench', str(tmp_path / 'lvb_val.json'), '--predictions',
                 str(tmp_path / 'said.jsonl')]) == 1
    assert sentence in capsys.readouterr().err


def test_an_engine_is_made_once_a_process():
    options = AskedEngineOptions('nano', 'onnxruntime')
    assert options() is options()
