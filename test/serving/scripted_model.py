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

"""A served model without weights, for tests of where streams are placed; and one that hangs."""

from contextlib import nullcontext
import os
from pathlib import Path
import threading

from streamo_ros.engine.remote.protocol import Served
from streamo_ros.mock.engine import MockEngine
from streamo_ros.models import CheckpointError

SIZE = 112, 112
HANGS = 5.0
"""Frames a second of a stream whose engine hangs."""

HANGS_FILE = 'STREAMO_HANGS_FILE'
"""The variable that names the file which is there once it does."""


class Hanging(MockEngine):
    """An engine whose step never returns."""

    def step(self, frame, stamp):
        Path(os.environ[HANGS_FILE]).touch()
        threading.Event().wait()


class ScriptedModel:
    """Scripts for some streams, whose ticks take a hundredth of a second by the probe."""

    served = Served('script', 'a script', 28, SIZE, 1, 10**6, 3, 8, 0)
    turn = nullcontext()

    def __init__(self, most_streams=2):
        self.most_streams = most_streams

    def probe(self):
        return 0.01

    def new_engine(self, options):
        return Hanging() if options.fps == HANGS else MockEngine()

    def free(self, engine):
        pass


def breaks():
    """Load nothing, for a reason that nobody foresaw."""
    raise OSError('the disk is gone')


def refuses():
    """Load nothing, and say why."""
    raise CheckpointError('there is no decoder in it')
