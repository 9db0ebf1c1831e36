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

"""``streamo watch``: what it prints and writes."""

import itertools
import json
import re
import shutil
from types import SimpleNamespace

import av
import numpy as np
import pytest
from spoilt_checkpoints import becomes
from tiny_bags import TinyBag

from streamo_ros.cli import watched_camera
from streamo_ros.cli.main import main
from streamo_ros.engine.stopwatch import PARTS
from streamo_ros.models.checkpoint import NANO
from streamo_ros.worlds import SentryWorld


@pytest.fixture(scope='module')
def clip(tmp_path_factory):
    """Return a rendered clip of 8 s in which the light goes off and on."""
    file = tmp_path_factory.mktemp('clip') / 'room.mp4'
    world = SentryWorld(5, seconds=8.0, split='test', size=(112, 112), skills=['light_off'])
    with av.open(str(file), 'w') as container:
        video = container.add_stream('mpeg4', rate=10)
        video.width = video.height = 112
        video.pix_fmt = 'yuv420p'
        for index in range(80):
            container.mux(video.encode(
                av.VideoFrame.from_ndarray(world.render(index / 10), format='rgb24')))
        container.mux(video.encode())
    return file


def test_watch_writes_one_line_of_json_per_decision(clip, tmp_path, capsys):
    out = tmp_path / 'decisions.jsonl'
    assert main([
        'watch', str(clip), '-i', 'Tell me when the light goes off.',
        '-i', 'Tell me when something starts moving.', '--fps', '2', '--jsonl', str(out)]) == 0
    lines = [json.loads(line) for line in out.read_text(encoding='utf-8').splitlines()]
    assert len(lines) == 16 * 2
    assert [line['stamp'] for line in lines[::2]] == pytest.approx(np.arange(16) / 2)
    for line in lines:
        assert set(line) == {
            'stamp', 'camera', 'instruction_id', 'state', 'probabilities', 'text', 'latency_s'}
        assert line['state'] in ('silence', 'standby', 'response')
        assert len(line['probabilities']) == 3
        assert bool(line['text']) <= (line['state'] == 'response')


def test_thresholds_decide_offline_and_those_that_make_no_sense_are_wrong_usage(
        clip, tmp_path, capsys):
    out = tmp_path / 'decisions.jsonl'
    watch = ['watch', str(clip), '-i', 'Tell me when the light goes off.', '--jsonl', str(out)]
    assert main([*watch, '--response-threshold', '1e-9', '--release-threshold', '1e-9']) == 0
    states = [json.loads(line)['state'] for line in out.read_text(encoding='utf-8').splitlines()]
    assert states[0] == 'response'  # likeliest or not
    assert states.count('response') == 1  # and never released
    for command in (watch, ['evaluate', str(tmp_path), '--out', str(tmp_path)]):
        with pytest.raises(SystemExit) as ended:
            main([*command, '--release-threshold', '0.5'])
        assert ended.value.code == 2
        assert 'it must be 0 to response_threshold, which is 0' in capsys.readouterr().err


def test_as_fast_as_recorded_no_clock_that_is_set_meanwhile_is_waited_for(
        tmp_path, monkeypatch, capsys):
    decades = 11 * 365 * 86400
    with TinyBag(tmp_path / 'bag') as bag:
        for second in (0, 1, 2, decades, decades + 1, 3, 4):  # set by NTP, and set back
            bag.image(second, np.zeros((48, 64, 3), np.uint8), logged=len(bag.connections))
    slept, wall = [], itertools.count(0, decades)
    # Watching takes no time, and the clock of this machine jumps too.
    monkeypatch.setattr(watched_camera, 'time', SimpleNamespace(
        monotonic=lambda: 0.0, sleep=slept.append, time=lambda: float(next(wall))))
    assert main(['watch', str(tmp_path / 'bag'), '-i', 'Tell me.', '--realtime']) == 0
    assert 'in a new epoch' in capsys.readouterr().err
    assert slept == pytest.approx([0, 1, 2, 0, 1, 0, 1])


def test_what_overflows_is_no_line_of_json_but_a_sentence(clip, tmp_path, capsys):
    checkpoint, out = shutil.copytree(NANO, tmp_path / 'checkpoint'), tmp_path / 'decisions.jsonl'
    becomes('model.norm.weight', lambda norm: np.full(norm.shape, 3e38, np.float32))(checkpoint)
    assert main(['watch', str(clip), '-i', 'Tell me when the light goes off.',
                 '--checkpoint', str(checkpoint), '--jsonl', str(out)]) == 1
    assert 'the model computed what is not a number' in capsys.readouterr().err
    assert not out.exists() or not out.read_text()


def test_watching_twice_decides_the_same(clip, tmp_path):
    outs = []
    for name in ('one', 'two'):
        out = tmp_path / name
        assert main(['watch', str(clip), '-i', 'Say so when it gets dark.', '--jsonl', str(out)]
                    ) == 0
        outs.append([
            {**json.loads(line), 'latency_s': 0} for line in out.read_text().splitlines()])
    assert outs[0] == outs[1]


def test_a_still_scene_is_spared_when_asked_for_and_says_how_much(clip, capsys):
    assert main(['watch', str(clip), '-i', 'Tell me.', '--fps', '10', '--still']) == 0
    said = re.search(
        r'room.mp4: (\d+) frames were not looked at, (\d+)% of visual tokens left out',
        capsys.readouterr().err)
    assert said and int(said[2]) > 0
    assert main(['watch', str(clip), '-i', 'Tell me.']) == 0
    assert 'not looked at' not in capsys.readouterr().err


def test_what_the_time_went_into_is_said_when_asked_for(clip, capsys):
    assert main(['watch', str(clip), '-i', 'Tell me.', '--profile']) == 0
    rows = [line.split() for line in capsys.readouterr().err.splitlines() if 'a tick' in line]
    assert [row[0] for row in rows] == list(PARTS)
    assert sum(float(row[1].rstrip('%')) for row in rows) == pytest.approx(100, abs=0.5)
    spent = {row[0]: float(row[1].rstrip('%')) for row in rows}
    assert spent['decode'] > 0 and spent['image_encoder'] > 0 and spent['step'] > 0


def test_a_plain_instruct_model_is_watched_with_when_that_is_meant(
        clip, plain_model, tmp_path, capsys):
    out = tmp_path / 'decisions.jsonl'
    arguments = [
        'watch', str(clip), '-i', 'Tell me.', '--checkpoint', str(plain_model.directory),
        '--jsonl', str(out)]
    assert main(arguments) == 1
    assert '--zero-shot' in capsys.readouterr().err
    assert main([*arguments, '--zero-shot']) == 0
    assert len(out.read_text().splitlines()) == 8


def test_answers_have_data_where_that_is_asked_for(clip, tmp_path, capsys):
    out = tmp_path / 'decisions.jsonl'
    watch = ['watch', str(clip), '-i', 'Tell me.', '--response-threshold', '1e-9', '--jsonl',
             str(out)]
    assert main([*watch, '--choice', 'dark', '--choice', 'light']) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines[0]['state'] == 'response' and lines[0]['data'] in ('dark', 'light')
    assert {line['data'] for line in lines if line['state'] != 'response'} <= {None}
    assert f'  "{lines[0]["data"]}"\n' in capsys.readouterr().out

    schema = tmp_path / 'schema.json'
    schema.write_text('{"type": "strin"}')
    assert main([*watch, '--schema', str(schema)]) == 1
    assert 'Invalid type: strin' in capsys.readouterr().err
    assert main([*watch, '--schema', str(tmp_path / 'nowhere')]) == 1
    assert main([*watch, '--schema', str(schema), '--choice', 'dark']) == 1
    assert 'either choices or a JSON schema' in capsys.readouterr().err


def test_an_instruction_that_cannot_be_taken_ends_with_its_reason(clip, capsys):
    assert main(['watch', str(clip), '-i', ' \n ']) == 1
    assert 'no text' in capsys.readouterr().err
