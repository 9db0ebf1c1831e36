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
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.factory import holds_engines
from streamo_ros.engine.footprint import footprint
from streamo_ros.engine.footprint import GIB
from streamo_ros.engine.footprint import memory_here
from streamo_ros.nodes.parameters import REMOTE
from streamo_ros.nodes.parameters import Settings


def load_engine(
    make_engine: Callable[..., Engine], settings: Settings, node: str, ended: threading.Event,
    log: Callable[[str], None], on_end: Callable[[], None],
) -> AbstractContextManager[Engine]:
    """
    Return an engine: a server's or one of this machine, there in a process of its own if set so.

    :param make_engine: loads a checkpoint, as ``StreamEngine.from_pretrained`` does
    :param node: its full name, for the server
    :param ended: set when nobody wants it any more
    :param log: takes each line that its process prints, in a thread of its own
    :param on_end: called in that thread when its process is gone
    """
    if settings.backend != REMOTE:
        return _load_here(
            make_engine, settings.checkpoint, settings.backend, settings, ended, log, on_end)
    # What speaks to a server is not imported by robots that have none.
    from streamo_ros.engine.remote.client import RemoteEngine
    from streamo_ros.engine.remote.protocol import StreamOptions
    from streamo_ros.engine.remote.server import read_server
    from streamo_ros.engine.remote.stand_in import RemoteOrStandIn
    server = read_server(settings.server, settings.server_token, settings.server_certificate)
    first, *others = (
        f'{node}/{camera}'.replace('~', '').strip('/') for camera in settings.cameras)
    options = StreamOptions(
        fps=settings.fps, window_turns=settings.window_turns or None,
        max_answer_tokens=settings.max_answer_tokens, memory_tokens=_memory_tokens(settings),
        still_scene=settings.still_scene, response_threshold=settings.response_threshold,
        release_threshold=settings.release_threshold)

    def make_remote() -> RemoteEngine:
        return RemoteEngine(
            server, first, options, deadline_s=settings.deadline_s,
            bits_per_s=1e3 * settings.uplink_kbit_s, ended=ended, log=log, on_end=on_end,
            names=tuple(others))
    if not settings.stand_in:
        return make_remote()
    return RemoteOrStandIn(
        make_remote, lambda: _load_here(
            make_engine, settings.stand_in, 'auto', settings, ended, log, on_end),
        settings.stand_in, ended, log, on_end)


def _load_here(
    make_engine: Callable[..., Engine], checkpoint: str, backend: str, settings: Settings,
    ended: threading.Event, log: Callable[[str], None], on_end: Callable[[], None],
) -> AbstractContextManager[Engine]:
    make = functools.partial(
        make_engine, checkpoint, backend=backend, window_turns=settings.window_turns or None,
        fps=settings.fps, max_answer_tokens=settings.max_answer_tokens,
        still=StillScene() if settings.still_scene else None, zero_shot=settings.zero_shot,
        thresholds=settings.thresholds, memory_tokens=_memory_tokens(settings),
        threads=settings.threads)
    if not settings.engine_process:
        return nullcontext(_told(log, make))
    return EngineProcess(
        functools.partial(_told, print, make), settings.deadline_s, ended, log, on_end)


def _memory_tokens(settings: Settings) -> int | None:
    return None if settings.memory_tokens < 0 else settings.memory_tokens


def _told(tell: Callable[[str], None], make: Callable[[], Engine]) -> Engine:
    """Make an engine, and tell in one line what it takes; its process prints that."""
    engine = make()
    if isinstance(engine, StreamEngine):
        needed = footprint(
            engine.checkpoint, tensorrt=holds_engines(engine.checkpoint.directory),
            window_turns=engine.window_turns, fps=engine.fps)
        memory, free = memory_here()
        tell(f'{engine.checkpoint.vision.family}, {needed}; this machine has '
             f'{memory / GIB:.1f} GiB, {free / GIB:.1f} free')
    return engine


def check_engine(engine: Engine, *_: Engine) -> None:
    """
    Find out whether what an engine runs in is still there.

    :raises EngineFailure: when it is not
    """
    engine.check()
