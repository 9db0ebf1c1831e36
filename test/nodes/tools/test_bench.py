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

"""A run of the bench counts what of a camera's frames reaches the real node."""

import json
import os
import subprocess
import sys
from xml.etree import ElementTree

from waiting import wait_for

from streamo_ros.nodes.process.large_pictures import VARIABLE
from streamo_ros.nodes.process.large_pictures import VARIABLES
from streamo_ros.nodes.tools import bench

XML = '{http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles}'


def test_a_run_has_every_figure_and_they_go_together(shared_memory, tmp_path):
    def run():
        run = subprocess.run(
            [sys.executable, '-m', 'streamo_ros.nodes.tools.bench', '640', '480', '--profile',
             '--reader', '--instructions', '2', '--seconds', '2'],
            env={**os.environ, 'ROS_LOG_DIR': str(tmp_path)}, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    def most_arrive():
        figures = run()
        assert figures['received'] <= figures['sent'] <= 60
        return figures['received'] > 2 / 3 * figures['sent'] and figures

    # All, where the cores have time, which may take some runs; without the profile little more
    # than half.
    figures = wait_for(most_arrive, 'a run in which most frames arrive')
    assert 0 < figures['decided'] + figures['dropped'] <= 5
    assert 0 < figures['cpu_share'] < 2 * os.cpu_count()
    assert 0 < figures['transport_ms']['p50'] <= figures['transport_ms']['p95']
    assert figures['overhead_ms']['p50'] <= figures['overhead_ms']['p95']


def test_the_profile_is_named_to_fast_dds_and_holds_several_large_frames(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.setenv(variable, 'mine.xml')  # so that it is put back
    bench.choose_profile(True)
    file = os.environ[VARIABLE]
    (memory,) = [
        transport for transport in ElementTree.parse(file).iter(f'{XML}transport_descriptor')
        if transport.findtext(f'{XML}type') == 'SHM']
    frame = 1920 * 1080 * 3
    assert int(memory.findtext(f'{XML}maxMessageSize')) > frame
    assert int(memory.findtext(f'{XML}segment_size')) >= 8 * frame


def test_default_means_that_no_profile_of_the_user_counts(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.setenv(variable, 'mine.xml')
    bench.choose_profile(False)
    assert not any(variable in os.environ for variable in VARIABLES)


def test_processor_time_is_that_of_a_process_and_its_children():
    # The child of a shell counts, and it alone is at work: in a session of its own, as an engine.
    busy = 'import os; parent = os.getppid()\nwhile os.getppid() == parent: pass'
    shell = subprocess.Popen(['sh', '-c', f"setsid {sys.executable} -c '{busy}'; true"])
    try:
        wait_for(lambda: bench.cpu_seconds(shell.pid) >= 0.1, 'processor time')
    finally:
        shell.kill()
        shell.wait()
