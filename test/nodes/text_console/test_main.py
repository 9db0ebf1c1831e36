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

"""The console in a pseudo terminal and in pipes, over a node and real DDS."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading

import pytest

COMMAND = [sys.executable, '-c', 'import sys; from streamo_ros.cli.main import main; '
           'sys.exit(main(sys.argv[1:]))', 'console']
CODE = re.compile(r'\x1b\[[0-9;?]*[A-Za-z]')


class Console:
    """
    A console, and what it prints.

    :param terminal: whether it has one, or pipes
    """

    def __init__(self, graph, *options, terminal=False):
        self._graph = graph
        self.text = ''
        if terminal:
            self._keys, self.terminal = pty.openpty()
            self.resize(24, 100)
            self.before = termios.tcgetattr(self.terminal)
            ends, reading = dict.fromkeys(('stdin', 'stdout', 'stderr'), self.terminal), self._keys
        else:
            ends, reading = {'stdin': subprocess.PIPE, 'stdout': subprocess.PIPE}, None
        self.process = subprocess.Popen(
            [*COMMAND, *options], **ends, env=graph._environment, start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if terminal else None)
        if not terminal:
            self._keys, reading = self.process.stdin.fileno(), self.process.stdout.fileno()
        threading.Thread(target=self._read, args=(reading,), daemon=True).start()

    def _read(self, descriptor):
        try:
            while data := os.read(descriptor, 65536):
                self.text += data.decode('utf-8', 'replace')
        except OSError:  # a terminal whose program has ended
            pass

    def resize(self, rows, columns):
        fcntl.ioctl(self._keys, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def type(self, text):
        os.write(self._keys, text.encode())

    def wait(self, pattern, since=0):
        return self._graph.wait(
            lambda: re.search(pattern, CODE.sub('', self.text[since:])),
            f'{pattern!r} in what the console prints: {self.text[-2000:]!r}')

    def objects(self, kind):
        whole = self.text[:self.text.rfind('\n') + 1]
        return [one for one in map(json.loads, whole.splitlines()) if one['kind'] == kind]

    def end(self):
        self._graph.wait(lambda: self.process.poll() is not None, 'the end of the console')
        return self.process.returncode


@pytest.fixture
def console(graph):
    made = []

    def make(*options, **more):
        made.append(Console(graph, *options, **more))
        return made[-1]
    yield make
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def node(graph):
    return graph.start(fault='well', fps=10.0, max_instructions=2)


def test_in_a_terminal_states_and_answers_are_seen_and_instructions_typed(graph, console, node):
    shown = console(terminal=True)
    shown.wait('/streamo is here')
    with graph.camera().running(10):
        shown.type('Tell me when the door opens.\r')
        (id,) = shown.wait(r'instruct: (console-\w+)').groups()
        shown.wait(rf'(STANDBY|RESPONSE) +0\.80  {id} \(image\)  Tell me when the door opens\.')
        shown.wait(rf'answer  {id} \(image\)  It happened at')

        since = len(shown.text)
        shown.resize(12, 30)    # narrower, and drawn anew
        shown.wait(r'(?<!─)─{29}(?!─)', since)
        drawn = shown.text[shown.text.rindex('\x1b[2J'):]
        assert f'{id}' in drawn or 'streamo' in drawn

        since = len(shown.text)
        shown.type('\x1b[A\x7f!\r')     # the last line again, and another end of it
        shown.wait('instruct: console-', since)
        shown.type('One too many.\r')
        shown.wait('refused  One too many.: 2 instructions stand already', since)
        shown.type('/withdraw nobody\r')
        shown.wait('/withdraw failed: 0 instructions', since)
        shown.type(f'/withdraw {id}\r')
        shown.wait(f'withdrawn  {id}', since)

    node.kill()
    since = len(shown.text)
    graph.start(fault='well', fps=10.0)
    shown.wait('/streamo (was started again|is here)', since)
    shown.type('Tell me again.\r')
    with graph.camera().running(10):
        shown.wait(r'answer  console-\w+ \(image\)', since)

    assert termios.tcgetattr(shown.terminal) != shown.before
    shown.type('\x03')     # Ctrl-C
    assert shown.end() == 0
    assert termios.tcgetattr(shown.terminal) == shown.before


def test_in_a_pipe_it_can_be_read_and_told(graph, console, node):
    piped = console()
    piped.type('/once Tell me.\n/ask What happened?\n')
    with graph.camera().running(10):
        piped.wait(r'answer  console-\w+ \(image\)  It happened')
        piped.wait('withdrawn  console-')
    piped.wait('ask failed:|log')
    piped.process.stdin.close()     # it goes on
    piped.process.send_signal(signal.SIGTERM)
    assert piped.end() == 0
    assert '\x1b' not in piped.text
    assert all(re.match(r'\d\d:\d\d:\d\d  \S', line) for line in piped.text.splitlines())


def test_choices_are_asked_for_and_the_data_of_answers_is_shown(graph, console, node):
    shown = console(terminal=True)
    shown.wait('/streamo is here')
    with graph.camera().running(10):
        shown.type('/choose open, open: Tell me.\r')
        shown.wait('choose failed: there are 2 choices: give at most 64, each once')
        shown.type('/choose wide open, shut: Tell me when the door moves.\r')
        (id,) = shown.wait(r'choose: (console-\w+)').groups()
        shown.wait(rf'{id} \(image\)  Tell me when the door moves\.')
        shown.wait(rf'(answer  {id} \(image\)  It happened at \S+|data  {id} \(image\))'
                   '  "wide open"')


def test_as_json_each_line_is_an_event(graph, console, node):
    piped = console('--json', 'streamo')
    piped.type('Tell me.\n')
    with graph.camera().running(10):
        graph.wait(lambda: piped.objects('answer'), 'an answer')
    (reply,) = piped.objects('reply')
    answer = piped.objects('answer')[0]
    assert answer['node'] == '/streamo' and answer['answer']['id'] == reply['value']
    states = [one for one in piped.objects('state') if one['id'] == reply['value']]
    assert [one['state'] for one in states[:3]] == [0, 1, 2]
    assert piped.objects('presence')[0]['present'] is True


def test_whoever_reads_no_further_ends_it(graph, console, node):
    piped = console('--json')
    piped.type('Tell me.\n')
    graph.wait(lambda: piped.objects('presence'), 'the node')
    piped.process.stdout.close()
    with graph.camera().running(10):
        assert piped.end() != 0


def test_a_name_that_is_none_is_refused_in_one_sentence(graph, console):
    wrong = subprocess.run(
        [*COMMAND, 'no name'], env=graph._environment, capture_output=True, text=True)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith('streamo: that is no name of a node')
    assert wrong.stderr.count('\n') == 1
