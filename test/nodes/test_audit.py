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

"""
What the node does to the machine: from configuring to an answer, no network and few files.

The node runs with nano in its own process, without capabilities, in a home that it could write to.
"""

import array
import json
import os
from pathlib import Path
import re
import shutil
import signal

from graph import Graph
import pytest

from streamo_ros.msg import StreamState
from streamo_ros.nodes.tools.demo_camera import SIZE
from streamo_ros.nodes.tools.demo_camera import SKILLS
from streamo_ros.nodes.tools.demo_camera import SPLIT
from streamo_ros.worlds import SentryWorld

FPS = 2.0
SECONDS = 60.0
SECOND = 10**9
LIGHT = 'Tell me when the light goes off or on.'
FOLDERS = ('home', 'log', 'ros', 'temporary')


class Watched:
    """A node that has watched until its first answer, and all that it did."""

    def __init__(self, folder):
        self.folder = folder
        for name in FOLDERS:
            (folder / name).mkdir()
        audit = folder / 'audit.jsonl'
        graph = Graph(folder, {
            'AUDIT': str(audit), 'HOME': str(folder / 'home'), 'TMPDIR': str(folder / 'temporary'),
            'ROS_HOME': str(folder / 'ros'), 'ROS_LOG_DIR': str(folder / 'log'),
            'PYTHONPATH': os.pathsep.join(
                [str(Path(__file__).parent / 'audit'), os.environ.get('PYTHONPATH', '')])})
        try:
            self._watch(graph)
        finally:
            graph.close()
        lines = [json.loads(line) for line in audit.read_text().splitlines()]
        self.audited = {pid for pid, _, _ in lines}
        self._lines = lines

    def _watch(self, graph):
        # Root would be let do anything; an ordinary user has no capabilities anyway.
        drop = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs']
        self.process = graph.start(
            before=drop if os.geteuid() == 0 and shutil.which('setpriv') else (),
            fps=FPS, state_file='streamo/state.json')
        console = graph.console()
        console.ask(LIGHT, 'light')
        console.await_any('readiness', lambda s: s.status == StreamState.STATUS_NO_FRAMES)
        camera = graph.camera()
        camera.await_reader()
        world = SentryWorld(0, SECONDS, SPLIT, SIZE, SKILLS)
        tick = 0
        while not console.responses:
            assert tick < FPS * SECONDS, 'the light went off and on, and nothing was said'
            picture = world.render(tick / FPS)
            camera.send(1000 * SECOND + round(tick / FPS * SECOND), **fields(picture))
            tick += 1
            state = graph.wait(
                lambda tick=tick: next(iter(console.fresh[tick - 1:]), None), 'a decision')
            if state.state == StreamState.RESPONSE:
                graph.wait(lambda: console.responses, 'the answer')
        self.answer = console.responses[0].text
        self.pids = session(self.process.pid)
        self.privileges = {
            line for pid in self.pids
            for line in Path(f'/proc/{pid}/status').read_text().splitlines()
            if line.startswith('CapEff:')}
        self.connections = {
            line.split()[9] for kind in ('tcp', 'tcp6')
            for line in Path(f'/proc/net/{kind}').read_text().splitlines()[1:]
        } & {inode for pid in self.pids for inode in sockets(pid)}
        self.process.send(signal.SIGINT)
        assert self.process.wait() == 0

    def deeds(self, kind):
        """Return what Python code of both processes did, of a kind of the audit's."""
        return [told for _, found, told in self._lines if found == kind]


def fields(picture):
    height, width, _ = picture.shape
    return {'height': height, 'width': width, 'encoding': 'rgb8', 'step': 3 * width,
            'data': array.array('B', picture.tobytes())}


def session(parent):
    """Return the process and its children."""
    return [parent, *(
        int(file.parent.name) for file in Path('/proc').glob('[0-9]*/stat')
        if file.exists() and int(file.read_text().rpartition(')')[2].split()[1]) == parent)]


def sockets(pid):
    for descriptor in Path(f'/proc/{pid}/fd').iterdir():
        target = os.readlink(descriptor)
        if target.startswith('socket:['):
            yield target[8:-1]


@pytest.fixture(scope='module')
def watched(tmp_path_factory):
    return Watched(tmp_path_factory.mktemp('audit'))


def test_node_and_engine_were_both_looked_at_and_an_answer_came(watched):
    assert watched.answer
    assert len(watched.pids) == 2
    assert set(watched.pids) <= watched.audited


def test_nothing_asks_for_the_network(watched):
    assert watched.deeds('network') == []
    assert watched.connections == set()  # neither does native code, by TCP


def test_nothing_is_started_but_the_engine(watched):
    (started,) = watched.deeds('program')
    assert started[0] == 'subprocess.Popen' and 'streamo_ros.engine.process' in started[2]


def test_it_writes_to_its_log_and_state_directories_alone(watched):
    state = watched.folder / 'ros' / 'streamo'

    def elsewhere(kind):
        return {
            path for deed in watched.deeds(kind) for path in deed if not any(
                Path(path).is_relative_to(folder) for folder in (watched.folder / 'log', state))
            # Python's own cache of what it compiled, and what is no file at all
            and '__pycache__' not in path and not path.startswith(('/proc/self/', '/dev/null'))}

    assert elsewhere('file') == set()
    # What killed nodes of other tests have left of Fast DDS, and nothing else, may be removed.
    assert all(
        re.fullmatch('/dev/shm/fast(rtps|dds)_[0-9a-f]{16}(_el)?', path)
        for path in elsewhere('removal'))
    # Native code does not show in the audit: whatever it wrote would lie here.
    assert [path.name for path in state.iterdir()] == ['state.json']
    assert {path.name: [inner.name for inner in path.iterdir()]
            for path in watched.folder.iterdir() if path.name in ('home', 'ros', 'temporary')
            } == {'home': [], 'ros': ['streamo'], 'temporary': []}
    assert {path.name.split('-')[0] for path in watched.folder.iterdir()} == {
        'audit.jsonl', *FOLDERS}


def test_it_needs_no_privileges(watched):
    assert watched.privileges == {'CapEff:\t0000000000000000'}
