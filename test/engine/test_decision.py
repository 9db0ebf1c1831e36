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

"""Every engine has the same face, in this process and in one of its own."""

import inspect

import pytest

from streamo_ros.engine import Engine
from streamo_ros.engine import StreamEngine
from streamo_ros.engine import Watch
from streamo_ros.engine.process.stream import ProcessStream
from streamo_ros.engine.remote.client import RemoteEngine
from streamo_ros.engine.remote.stand_in import StandInStream

FACE = [name for name in vars(Engine) if not name.startswith('_')]


# What an engine says of where it runs is the contract's own word: it runs in this process.
HERE = {'link', 'check'}


@pytest.mark.parametrize('engine', [StreamEngine, ProcessStream, RemoteEngine, StandInStream])
def test_an_engine_has_all_of_the_contract_with_the_same_parameters(engine):
    assert {'watch', 'step', 'reset', 'interrupt', 'skipped_frames'} <= set(FACE)
    for name in FACE:
        ours, theirs = inspect.getattr_static(engine, name), vars(Engine)[name]
        assert name in HERE or ours is not theirs, name
        assert type(ours) is type(theirs), name
        if not isinstance(ours, property):
            assert inspect.signature(ours).parameters == inspect.signature(theirs).parameters, name


def test_a_watch_that_is_cancelled_tells_its_engine():
    cancelled = []
    watch = Watch('light', 'Tell me when the light goes off.', cancelled.append)
    watch.cancel()
    assert cancelled == [watch]
