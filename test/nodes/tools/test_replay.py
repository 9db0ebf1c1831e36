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

"""The node decides what the evaluation decided of the same bag, and what differs is found out."""

import json

import pytest
from tiny_bags import TinyBag

from streamo_ros.dialogue import State
from streamo_ros.engine import Thresholds
from streamo_ros.evaluation.bags.evaluate import evaluate
from streamo_ros.evaluation.bags.evaluate import REPORT
from streamo_ros.evaluation.bags.report_data import SCHEMA
from streamo_ros.evaluation.bags.run import Watching
from streamo_ros.nodes.tools import graph_runner
from streamo_ros.nodes.tools import replay
from streamo_ros.nodes.tools.replay import differences
from streamo_ros.nodes.tools.replay import EVALUATED
from streamo_ros.nodes.tools.replay import main
from streamo_ros.nodes.tools.replay import REPLAYED
from streamo_ros.worlds import SentryWorld

LIGHT = 'Tell me when the light goes off or on.'
MOTION = 'Tell me when something starts moving.'
WORLD = SentryWorld(5, seconds=12.0, split='test', size=(112, 112), skills=['light_off'])


@pytest.fixture(scope='module')
def room(tmp_path_factory):
    """Return a bag: two cameras, instructions that come and go, and time that jumps back."""
    path = tmp_path_factory.mktemp('room') / 'room'
    with TinyBag(path) as bag:
        bag.image(0.0, WORLD.render(0.0))
        bag.instruction(0.3, 'ADD', LIGHT, 'light', once=True)
        for index in range(1, 40):
            if index == 13:
                bag.instruction(index / 4, 'ADD', MOTION, 'motion')
            if index == 25:
                bag.instruction(index / 4, 'REPLACE', LIGHT, 'motion')
            if index == 33:
                bag.instruction(index / 4, 'CANCEL', id='motion')
                bag.instruction(index / 4, 'ADD', MOTION, 'more')
            bag.image(index / 4, WORLD.render(index / 4))
            if index % 2:
                bag.jpeg(index / 4, WORLD.render(index / 4), topic='/rear/compressed')
        for index in range(8):
            bag.image(index / 4, WORLD.render(index / 4), logged=10.0 + index / 4)
    return path


def replayed(out, monkeypatch):
    monkeypatch.setattr('sys.argv', ['replay', str(out)])
    return main()


def test_offline_twice_and_through_the_node_once_it_is_the_same(
        room, tmp_path, monkeypatch, capsys):
    for name in ('once', 'again'):
        evaluate([room], tmp_path / name, Watching(fps=2.0, thresholds=Thresholds(0.25, 0.2)))
    assert replayed(tmp_path / 'once', monkeypatch) == 0, capsys.readouterr()
    first, second = (
        (tmp_path / name / 'bags' / 'room' / EVALUATED).read_text() for name in ('once', 'again'))
    through_node = (tmp_path / 'once' / 'bags' / 'room' / REPLAYED).read_text()
    assert first == second == through_node
    rows = [json.loads(line) for line in first.splitlines()]
    assert capsys.readouterr().out == (
        f'room: {len(rows)} decisions through the node, 0 of them not as evaluated\n')
    # There was something to agree on.
    assert {row['epoch'] for row in rows} == {0, 1}
    assert len({(row['camera'], row['instruction_id']) for row in rows}) == 6
    assert any(row['state'] == State.RESPONSE.name.lower() and row['text'] for row in rows)


def test_data_is_asked_of_the_node_and_compared_as_words_are(tmp_path, monkeypatch, capsys):
    pytest.importorskip('llguidance')
    path = tmp_path / 'room'
    schema = {'type': 'object', 'required': ['dark'], 'properties': {'dark': {'type': 'boolean'}}}
    with TinyBag(path) as bag:
        for index in range(24):
            if index == 2:
                bag.instruction(index / 4, 'ADD', LIGHT, 'light', choices=['dark', 'light'])
                bag.instruction(index / 4, 'ADD', MOTION, 'other')
            if index == 12:     # and of the same name, one that asks for words alone
                bag.instruction(index / 4, 'REPLACE', LIGHT, 'light')
                bag.instruction(index / 4, 'REPLACE', MOTION, 'other', schema=json.dumps(schema))
            bag.image(index / 4, WORLD.render(index / 4))
    out = tmp_path / 'out'
    evaluate([path], out, Watching(fps=2.0, thresholds=Thresholds(1e-9, 1e-9)))
    assert replayed(out, monkeypatch) == 0, capsys.readouterr()
    first, through_node = (
        (out / 'bags' / 'room' / name).read_text() for name in (EVALUATED, REPLAYED))
    assert first == through_node
    rows = [json.loads(line) for line in first.splitlines()]
    data = {row['instruction_id']: row['data'] for row in rows if row.get('data')}
    assert data['light'] in ('dark', 'light') and data['other'].keys() == {'dark'}
    for id in data:
        assert {'data' in row for row in rows if row['instruction_id'] == id} == {True, False}
    capsys.readouterr()

    report = json.loads((out / REPORT).read_text())
    for one in report['bags'][0]['cameras'][0]['instructions']:
        one['choices'] = ['neither'] if one['choices'] else []
    (out / REPORT).write_text(json.dumps(report))
    assert replayed(out, monkeypatch) == 1
    assert '"data": "neither"' in capsys.readouterr().out


def test_a_node_that_watches_otherwise_is_found_out(room, tmp_path, monkeypatch, capsys):
    evaluate([room], tmp_path, Watching(fps=2.0))
    report = json.loads((tmp_path / REPORT).read_text())
    report['configuration']['fps'] = 4.0
    (tmp_path / REPORT).write_text(json.dumps(report))
    assert replayed(tmp_path, monkeypatch) == 1
    said = capsys.readouterr().out
    assert '- no decision\n+ {"stamp_ns"' in said or '- {"stamp_ns"' in said


def test_a_node_that_says_nothing_is_not_waited_for_for_ever(
        room, tmp_path, monkeypatch, capsys):
    evaluate([room], tmp_path, Watching(fps=2.0))
    monkeypatch.setattr(graph_runner, 'PATIENCE_S', 0.0)
    assert replayed(tmp_path, monkeypatch) == 1
    said = capsys.readouterr()
    assert 'waited 0 s in vain for a reader of /streamo_0/instruction; the processes' in said.err
    assert not said.out


def test_every_difference_counts(tmp_path):
    def row(stamp, **more):
        return json.dumps({
            'stamp_ns': stamp, 'camera': '/a', 'epoch': 0, 'tick': stamp, 'instruction_id': '1',
            'state': 'silence', 'probabilities': [1.0, 0.0, 0.0], **more}) + '\n'
    one, other = tmp_path / 'one', tmp_path / 'other'
    one.write_text(row(0) + row(1) + row(2) + row(3))
    other.write_text(row(0) + row(1, probabilities=[0.999999, 1e-6, 0.0]) + row(2) + row(4))
    count, found = differences(one, other)
    assert count == 5
    assert found == [
        f'- {row(1)}+ {row(1, probabilities=[0.999999, 1e-6, 0.0])}'.rstrip(),
        f'- {row(3)}+ no decision', f'- no decision\n+ {row(4)}'.rstrip()]
    assert differences(one, one) == (4, [])


def test_other_data_is_a_difference(tmp_path):
    row = {'camera': 'a', 'stamp_ns': 1, 'epoch': 0, 'instruction_id': 'i', 'text': 'Über'}
    one, other = tmp_path / 'one', tmp_path / 'other'
    one.write_text(json.dumps({**row, 'data': 'dark', 'data_error': ''}, ensure_ascii=False))
    other.write_text(json.dumps({**row, 'data': 'light', 'data_error': ''}, ensure_ascii=False))
    assert differences(one, one) == (1, [])
    count, (found,) = differences(one, other)
    assert count == 1 and '"data": "dark"' in found and '"data": "light"' in found


def test_a_folder_without_an_evaluation_is_said_to_be_one(tmp_path, monkeypatch, capsys):
    assert replayed(tmp_path, monkeypatch) == 1
    assert 'give a folder that `streamo evaluate` wrote' in capsys.readouterr().err


def test_it_reads_the_reports_that_are_written():
    assert replay.SCHEMA == SCHEMA
