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


"""How the node's parameters become an engine."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextlib import nullcontext
import functools
import threading

from streamo_ros.engine import Engine
from streamo_ros.engine import EngineProcess
from streamo_ros.engine import StillScene
from streamo_ros.nodes.parameters import Settings


def load_engine(
    make_engine: Callable[..., Engine], settings: Settings, ended: threading.Event,
    log: Callable[[str], None], on_end: Callable[[], None],
) -> AbstractContextManager[Engine]:
    """
    Return an engine, in a process of its own where the settings say so.

    :param make_engine: loads a checkpoint, as ``StreamEngine.from_pretrained`` does
    :param ended: set when nobody wants it any more
    :param log: takes each line that its process prints, in a thread of its own
    :param on_end: called in that thread when its process is gone
    """
    make = functools.partial(
        make_engine, settings.checkpoint, backend=settings.backend,
        window_turns=settings.window_turns or None, fps=settings.fps,
        max_answer_tokens=settings.max_answer_tokens,
        still=StillScene() if settings.still_scene else None, zero_shot=settings.zero_shot,
        thresholds=settings.thresholds)
    if not settings.engine_process:
        return nullcontext(make())
    return EngineProcess(make, settings.deadline_s, ended, log, on_end)
