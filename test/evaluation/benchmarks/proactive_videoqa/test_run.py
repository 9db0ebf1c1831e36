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

"""ProactiveVideoQA from its folder to PAUC, over a room rendered on the spot, by nano."""

import json
import math

from benchmark_records import proactive
from benchmark_records import write
import pytest
from rendered_video import light_off
from rendered_video import write_room

from streamo_ros.cli.main import main
from streamo_ros.evaluation.benchmarks.fields import BenchmarkError
from streamo_ros.evaluation.benchmarks.proactive_videoqa.records import read_records
from streamo_ros.evaluation.benchmarks.proactive_videoqa.run import session


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('proactive')
    write_room(root / 'EGO' / 'videos' / 'room.mp4')
    off = round(light_off(), 1)
    write(root / 'EGO' / 'anno.json', [
        proactive(1, ((off, off + 4),), 'The light went off.'), proactive(2, video='gone.mp4')])
    return root


def test_nano_is_above_silence_which_has_25(root, tmp_path, capsys):
    out = tmp_path / 'out'
    arguments = ['benchmark', 'proactivevideoqa', str(root)]
    assert main([*arguments, '--videos', str(root), '--out', str(out)]) == 0
    printed = capsys.readouterr()
    assert 'a turn without replies has 25' in printed.out
    assert 'absent: EGO/videos/gone.mp4' in printed.err
    report = json.loads((out / 'report.json').read_text())
    assert report['scores']['mean']['omega 0'] > 50 and report['watched'] == 1
    assert report['baselines']['always silent']['mean']['omega 0'] == 25
    assert main([*arguments, '--predictions', str(out / 'predictions.jsonl'),
                 '--json', str(tmp_path / 'again.json')]) == 0
    assert json.loads((tmp_path / 'again.json').read_text())['scores'] == report['scores']


def test_a_later_turn_of_the_user_takes_the_place_of_the_first(root, tmp_path):
    said = [{'role': 'user', 'content': 'One?'}, {'role': 'assistant', 'content': 'No.'},
            {'role': 'user', 'content': 'Two?', 'time': 5.5}]
    write(tmp_path / 'TV' / 'anno.json', [proactive(conversation=said)])
    watched = session(read_records(tmp_path)[0], root)
    assert [(one.text, one.first, one.last) for one in watched.questions] == [
        ('One?', 0, 4), ('Two?', 5, math.inf)]
    assert len(watched.starts) == 8  # to the end of the last span


@pytest.mark.parametrize('fields, sentence', [
    ({'spans': ((8.0, 4.0),)}, 'reply_timespan'), ({'conversation': []}, 'conversation'),
    ({'content': ''}, 'content')])
def test_what_is_not_as_published_is_named(tmp_path, fields, sentence):
    write(tmp_path / 'WEB' / 'anno.json', [proactive(**fields)])
    with pytest.raises(BenchmarkError, match=f'record 0: .*{sentence}'):
        read_records(tmp_path)


def test_a_folder_without_the_sets_is_told(tmp_path):
    with pytest.raises(BenchmarkError, match='holds none of EGO/anno.json'):
        read_records(tmp_path)
