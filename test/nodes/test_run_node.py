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

"""A node's process ends as it should: with the right exit code, and nothing cut off."""

import os
import signal
import subprocess
import sys

import pytest

from streamo_ros.nodes.run_node import STOP_S
from streamo_ros.nodes.tools.domain import own_domain
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S

NODE = """
import sys, time
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from streamo_ros.nodes import run_node

run_node.STOP_S = {stop_s}

class Example(Node):
    def __init__(self, group):
        super().__init__('example')
        self.timer = self.create_timer(0.0, self.run, callback_group=group)

    def end(self):
        print('ends', flush=True)

    def run(self):
        self.timer.cancel()
        print('runs', flush=True)
        {body}
        print('has run', flush=True)

sys.exit(run_node.run_node('example', lambda: Example({group}), None, Example.end))
"""
QUICK, SLOW = 'MutuallyExclusiveCallbackGroup()', 'None'


@pytest.fixture
def start():
    processes = []
    with own_domain() as domain:
        def start(group, body, stop_s=PATIENCE_S):
            processes.append(subprocess.Popen(
                [sys.executable, '-c', NODE.format(group=group, body=body, stop_s=stop_s)],
                env={**os.environ, 'ROS_DOMAIN_ID': str(domain)}, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE))
            assert processes[-1].stdout.readline() == 'runs\n'
            return processes[-1]

        yield start
        for process in processes:
            process.kill()
            process.communicate()


def outcome(process):
    """Return the exit code, what else it printed, and its problems."""
    said, problems = process.stdout.read(), process.stderr.read()
    return process.wait(), said, problems


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_good_order(start, number):
    process = start(QUICK, 'pass')
    process.send_signal(number)
    code, said, problems = outcome(process)
    assert (code, sorted(said.splitlines()), problems) == (0, ['ends', 'has run'], '')


def test_a_callback_that_fails_ends_it_with_1_and_its_traceback(start):
    process = start(QUICK, 'raise ValueError("a bad frame")')
    code, said, problems = outcome(process)
    assert (code, said) == (1, 'ends\n')
    assert problems.strip().endswith('ValueError: a bad frame')


@pytest.mark.parametrize('group', [QUICK, SLOW])
def test_a_callback_under_way_at_the_end_gets_to_its_own_end(start, group):
    process = start(group, 'time.sleep(0.5)')
    process.send_signal(signal.SIGTERM)
    assert outcome(process) == (0, 'ends\nhas run\n', '')


@pytest.mark.parametrize('group', [QUICK, SLOW])
def test_a_callback_that_hangs_does_not_keep_it(start, group):
    process = start(group, 'time.sleep(3600)', STOP_S)
    process.send_signal(signal.SIGTERM)
    assert outcome(process) == (0, 'ends\n', '')
