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

"""A node's process begins and ends as it should: exit code, a sentence, and nothing cut off."""

import fcntl
import os
import signal
import subprocess
import sys

import pytest

from streamo_ros.nodes.process.run_node import STOP_S
from streamo_ros.nodes.process.standard_streams import HELD_BYTES
from streamo_ros.nodes.tools.domain import own_domain
from streamo_ros.nodes.tools.graph_runner import PATIENCE_S

NODE = """
import sys, time
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from streamo_ros.nodes.process import run_node

run_node.STOP_S = {stop_s}

def say(line):
    sys.stdout.write(line + '\\n')  # at once: another thread may print meanwhile
    sys.stdout.flush()

class Example(Node):
    def __init__(self, group):
        super().__init__('example')
        self.timer = self.create_timer(0.0, self.run, callback_group=group)

    def fail(self):
        self.count += 1
        if self.count == 120:
            say('120 times')
        raise ValueError('again')

    def chatter(self):
        self.get_logger().warning('x' * 65536)
        say('logged')

    def end(self):
        say('ends')

    def run(self):
        self.timer.cancel()
        say('runs')
        {body}
        say('has run')

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
            for line in processes[-1].stdout:  # Fast DDS may have something to say before
                if line == 'runs\n':
                    break
            else:
                pytest.fail(processes[-1].stderr.read())
            return processes[-1]

        yield start
        for process in processes:
            process.kill()
            process.communicate()


def outcome(process):
    """Return the exit code, what else it printed, and its problems."""
    said, problems = process.stdout.read(), process.stderr.read()
    return process.wait(), said, problems


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(start, number):
    process = start(QUICK, 'pass')
    process.send_signal(number)
    code, said, problems = outcome(process)
    assert (code, sorted(said.splitlines()), problems) == (0, ['ends', 'has run'], '')


@pytest.mark.parametrize('group', [QUICK, SLOW])
def test_a_callback_that_fails_is_told_and_the_node_goes_on(start, group):
    process = start(group, 'self.create_timer(0.01, lambda: say("goes on")); '
                           'raise ValueError("a bad \\x1b[31mframe")')
    assert process.stdout.readline() == 'goes on\n'
    process.send_signal(signal.SIGTERM)
    code, said, problems = outcome(process)
    assert code == 0 and 'ends\n' in said
    assert problems.count('the node goes on') == 1
    assert problems.strip().endswith('ValueError: a bad \N{REPLACEMENT CHARACTER}[31mframe')


HANG = 'from streamo_ros.nodes.process import hang; hang.HUNG_S = 1.0; hang.go_on(); '


def test_one_that_hangs_with_the_interpreters_lock_is_ended_and_says_where(start, tmp_path):
    read = tmp_path / 'read'    # what was printed before would hang as well
    process = start(QUICK, f'import os, re\n        while not os.path.exists({str(read)!r}): '
                    f'time.sleep(0.01)\n        {HANG}re.match("(a+)+$", 60 * "a" + "b")')
    read.touch()
    code, said, problems = outcome(process)
    assert (code, said) == (-signal.SIGPROF, '')
    assert 're/__init__.py' in problems


def test_one_that_computes_long_goes_on(start):
    process = start(QUICK, HANG + 'begin = time.process_time()\n'
                    '        while time.process_time() < begin + 3 * hang.HUNG_S:\n'
                    '            pass')
    assert process.stdout.readline() == 'has run\n'
    process.send_signal(signal.SIGTERM)
    assert outcome(process)[0] == 0


def test_a_callback_that_fails_again_and_again_is_told_now_and_then(start):
    process = start(QUICK, 'self.count = 0; self.create_timer(0.001, self.fail)')
    assert process.stdout.readline() == 'has run\n'
    assert process.stdout.readline() == '120 times\n'
    process.send_signal(signal.SIGTERM)
    code, _, problems = outcome(process)
    assert code == 0
    assert [f'(number {number} of' in problems for number in (1, 2, 10, 11, 100)] == [
        True, False, True, False, True]


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


def test_a_hang_up_that_is_to_be_ignored_is(start):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        process = start(QUICK, 'self.create_timer(0.01, lambda: say("goes on"))')
    finally:
        signal.signal(signal.SIGHUP, before)
    process.send_signal(signal.SIGHUP)
    assert process.stdout.readline() == 'has run\n'
    for _ in range(20):
        assert process.stdout.readline() == 'goes on\n'
    process.send_signal(signal.SIGTERM)
    assert outcome(process)[0] == 0


@pytest.mark.parametrize('numbers', [
    (signal.SIGTERM, signal.SIGINT), (signal.SIGINT, signal.SIGTERM),
    (signal.SIGHUP, signal.SIGINT)])
def test_signals_until_the_very_end_leave_the_exit_code_0(start, numbers):
    process = start(QUICK, 'pass')
    process.send_signal(numbers[0])
    while process.poll() is None:
        process.send_signal(numbers[1])
    code, said, problems = outcome(process)
    assert (code, problems) == (0, '') and 'ends\n' in said


def test_no_handler_of_signals_is_uninstalled_for_then_one_counts_as_by_default(start):
    process = start(QUICK, 'import rclpy; rclpy.uninstall_signal_handlers = '
                           "lambda: say('uninstalled')")
    process.send_signal(signal.SIGINT)
    code, said, problems = outcome(process)
    assert (code, problems) == (0, '') and 'ends\n' in said and 'uninstalled' not in said


def test_a_signal_that_a_thread_gets_to_tell_of_too_late_is_ignored_too():
    # As if another thread had taken it before, and run its handler only now.
    process = subprocess.run([sys.executable, '-c', f"""
import ctypes, signal
from streamo_ros.nodes.process import run_node
signal.signal({signal.SIGTERM}, print)
ctypes.pythonapi.PyOS_getsig.restype = ctypes.c_void_p
handler = ctypes.c_void_p(ctypes.pythonapi.PyOS_getsig({signal.SIGTERM}))
run_node._ignore_signals()
ctypes.pythonapi.PyOS_setsig({signal.SIGTERM}, handler)
signal.raise_signal({signal.SIGTERM})

class Other:
    def __del__(self):
        raise ValueError('of another kind')

Other()
"""], capture_output=True, text=True)
    assert (process.returncode, process.stdout) == (0, '')
    assert 'race condition' not in process.stderr
    assert 'ValueError: of another kind' in process.stderr


def test_standard_streams_that_nobody_reads_hold_up_neither_callbacks_nor_the_end(start):
    process = start(QUICK, 'self.create_timer(0.0, self.chatter)')
    assert process.stdout.readline() == 'has run\n'
    for _ in range(2 * (HELD_BYTES + fcntl.fcntl(process.stderr, fcntl.F_GETPIPE_SZ)) // 65536):
        assert process.stdout.readline() == 'logged\n'  # when there is no room any more, too
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0


def test_what_was_printed_last_arrives(start):
    process = start(QUICK, 'print("x" * 200_000)')
    process.send_signal(signal.SIGTERM)
    code, said, problems = outcome(process)
    assert (code, problems) == (0, '')
    assert said.count('x') == 200_000 and 'has run' in said
