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


"""The node's parameters reach the engine, in this process and in one of its own."""

from dataclasses import replace
import threading

from fake_engine import FakeEngine
import pytest

from streamo_ros.engine import footprint
from streamo_ros.engine import StillScene
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Thresholds
from streamo_ros.models import CheckpointError
from streamo_ros.nodes.engine_loader import load_engine
from streamo_ros.nodes.parameters import Settings
from streamo_ros.nodes.parameters import SPECIFICATION
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S

SETTINGS = Settings(**{name: parameter.default for name, parameter in SPECIFICATION.items()})


class Made:
    """What was asked for, in place of an engine."""

    def __init__(self, checkpoint, **options):
        self.checkpoint = checkpoint
        self.options = options


def load(make_engine, settings, log=lambda line: None):
    return load_engine(make_engine, settings, '/streamo', threading.Event(), log, lambda: None)


@pytest.mark.parametrize('settings, name, value', [
    ({'backend': 'torch'}, 'backend', 'torch'),
    ({'window_turns': 0}, 'window_turns', None),  # as many as the checkpoint was made for
    ({'window_turns': 9}, 'window_turns', 9),
    ({'fps': 5.0}, 'fps', 5.0),
    ({'memory_tokens': -1}, 'memory_tokens', None),  # as it was trained
    ({'memory_tokens': 0}, 'memory_tokens', 0),
    ({'memory_tokens': 128}, 'memory_tokens', 128),
    ({'max_answer_tokens': 7}, 'max_answer_tokens', 7),
    ({'still_scene': True}, 'still', StillScene()),
    ({'still_scene': False}, 'still', None),
    ({'zero_shot': True}, 'zero_shot', True),
    ({'threads': 1}, 'threads', 1),
    ({'response_threshold': 0.5, 'release_threshold': 0.25}, 'thresholds', Thresholds(0.5, 0.25)),
])
def test_what_is_set_is_asked_of_the_engine(settings, name, value):
    given = replace(SETTINGS, engine_process=False, checkpoint='small', **settings)
    with load(Made, given) as made:
        assert made.checkpoint == 'small'
        assert made.options[name] == value


def test_with_a_process_of_its_own_it_is_made_there():
    lines, printed = [], threading.Event()

    def log(line):
        lines.append(line)
        printed.set()

    with load(FakeEngine.from_pretrained, replace(SETTINGS, fps=5.0), log) as engine:
        assert engine.watch('Tell me when it rains.').text == 'Tell me when it rains.'
        assert printed.wait(PATIENCE_S)
    assert lines[0].startswith('made with 5.0')  # what this process prints is not logged


def test_what_it_takes_is_logged_in_one_line_and_what_cannot_fit_is_refused(monkeypatch):
    lines = []
    given = replace(SETTINGS, engine_process=False, checkpoint='nano', window_turns=20)
    with load(StreamEngine.from_pretrained, given, lines.append):
        line, = lines
    assert 'GiB of memory at most' in line
    assert 'over 20 turns' in line
    assert 'this machine has' in line
    monkeypatch.setattr(footprint, 'memory_here', lambda: (2 ** 20, 2 ** 20))
    with pytest.raises(CheckpointError, match='does not fit'):
        load(StreamEngine.from_pretrained, given)


def test_a_process_of_its_own_says_what_it_takes():
    lines, printed = [], threading.Event()

    def log(line):
        lines.append(line)
        printed.set()

    with load(StreamEngine.from_pretrained, replace(SETTINGS, checkpoint='nano'), log):
        assert printed.wait(PATIENCE_S)
    assert 'GiB of memory at most' in lines[0]
