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


"""The runner says why a graph cannot go on, and leaves no process behind."""

import os
import signal
import sys

import pytest
from waiting import wait_for

from streamo_ros.nodes.tools import graph_runner
from streamo_ros.nodes.tools.console import Console
from streamo_ros.nodes.tools.graph_runner import GraphError
from streamo_ros.nodes.tools.graph_runner import GraphRunner

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('runs', flush=True)
time.sleep(3600)
"""


def test_a_wait_returns_what_it_waited_for_and_callbacks_run_meanwhile():
    with GraphRunner() as runner:
        runner.start_node('-p', 'autostart:=false', '--log-level', 'warn')
        console = Console(runner)
        assert runner.wait(lambda: console.latest.get(''), 'a state').camera == 'image'
        console.await_report()
        assert console.values('model')['lifecycle'] == 'unconfigured'
        assert console.values('nothing') == {}
        assert console.frame_counts()['frames_received'] == 0
        assert not console.ready


def test_a_node_that_ends_is_an_error_with_what_it_printed(tmp_path):
    with GraphRunner() as runner:
        runner.start_node('-p', 'fps:=99.0', log=tmp_path / 'log')
        with pytest.raises(GraphError, match=r'ended with 2; the processes printed:\n(?s:.*)fps'):
            runner.wait(lambda: False, 'nothing')


def test_a_wait_in_vain_is_an_error_that_names_it():
    with GraphRunner() as runner:
        with pytest.raises(GraphError, match='waited 0.1 s in vain for rain: see above'):
            runner.wait(lambda: False, 'rain', 0.1)


def test_a_camera_that_fails_is_an_error(capfd):
    with GraphRunner() as runner:
        with pytest.raises(GraphError, match='the camera has failed: see above'):
            next(runner.start_camera('demo_camera', '--seed', 'none'))
    assert 'invalid int value' in capfd.readouterr().err


def test_what_it_started_ends_with_it_though_it_will_not(tmp_path):
    with GraphRunner() as runner:
        process = runner.run(sys.executable, '-c', STUBBORN, log=tmp_path / 'log')
        wait_for(lambda: 'runs' in process.log, 'the process')
        assert os.getsid(process.pid) == process.pid  # no signal of the terminal reaches it
    assert not process.runs
    assert process.wait() == -signal.SIGKILL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler  # as it was


def test_without_the_package_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', '')
    with pytest.raises(GraphError, match='make build'):
        GraphRunner()


@pytest.mark.parametrize('error, code, said', [
    (GraphError('nobody listens'), 1, 'soak: nobody listens'), (KeyboardInterrupt(), 130, '')])
def test_a_tool_that_cannot_go_on_says_why_and_one_that_is_interrupted_ends(
        monkeypatch, capsys, error, code, said):
    monkeypatch.setattr(graph_runner, 'interrupt_on_signals', lambda: None)

    def run():
        raise error
    assert graph_runner.run_tool('soak', run) == code
    assert graph_runner.run_tool('soak', lambda: 3) == 3
    assert capsys.readouterr().err.strip() == said
