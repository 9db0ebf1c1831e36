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

"""``streamo watch`` of a live camera: over real sockets, killed in the middle, ended by Ctrl-C."""

import json
import re
import signal
import socket
import subprocess
import sys
import time

from live_servers import encode
from live_servers import ended
from live_servers import file_server
from live_servers import mjpeg_camera
from live_servers import rtsp_camera
from live_servers import SECRET
import pytest

from streamo_ros.cli.main import main

PATIENCE_S = 60.0
PROGRAM = 'import sys; from streamo_ros.cli.main import main; sys.exit(main())'


class Watch:
    """The command as a process, what it prints in files."""

    def __init__(self, folder, source):
        self.said = folder / 'said'
        self.lines = folder / 'lines'
        with self.said.open('w') as said:
            self.process = subprocess.Popen(
                [sys.executable, '-c', PROGRAM, 'watch', source, '-i', 'Tell me.', '--fps', '5',
                 '--jsonl', str(self.lines)], stderr=said, stdout=said)

    def stamps(self):
        text = self.lines.read_text() if self.lines.exists() else ''
        return [json.loads(line)['stamp'] for line in text.splitlines(keepends=True)
                if line.endswith('\n')]

    def wait(self, condition):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end and self.process.poll() is None, self.said.read_text()
            time.sleep(0.05)


@pytest.mark.parametrize('make', [mjpeg_camera, rtsp_camera])
def test_a_camera_is_watched_lost_found_again_and_left_with_ctrl_c(make, tmp_path):
    server, url = make(locked=True)
    began = time.time()
    watch = Watch(tmp_path, url.replace('//', f'//{SECRET}@'))
    try:
        with ended(server):
            watch.wait(lambda: len(watch.stamps()) >= 3)
        watch.wait(lambda: 'connecting again' in watch.said.read_text())
        before = len(watch.stamps())
        server, _ = make(port=server.server_address[1], locked=True)
        with ended(server):
            watch.wait(lambda: len(watch.stamps()) >= before + 3)
            watch.process.send_signal(signal.SIGINT)
            assert watch.process.wait(PATIENCE_S) == 130
    finally:
        watch.process.kill()
        watch.process.wait()
    stamps = watch.stamps()
    assert stamps == sorted({*stamps}) and began < stamps[0] <= stamps[-1] <= time.time()
    said = watch.said.read_text()
    assert f'streamo: {url}: pictures come again' in said
    assert 'cctv' not in said and 'p%40ss' not in said and 'Traceback' not in said


def test_ctrl_c_ends_it_though_the_camera_says_nothing(tmp_path):
    with socket.create_server(('127.0.0.1', 0)) as silent:
        watch = Watch(tmp_path, f'http://127.0.0.1:{silent.getsockname()[1]}/')
        connection, _ = silent.accept()
        connection.recv(1)  # it asks, and waits
        watch.process.send_signal(signal.SIGINT)
        assert watch.process.wait(PATIENCE_S) == 130
        assert 'Traceback' not in watch.said.read_text()


def test_a_film_at_an_address_is_watched_to_its_end(tmp_path, capsys):
    encode(tmp_path / 'film.mp4', range(10), movflags='faststart')
    server, url = file_server(tmp_path)
    with ended(server):
        lines = tmp_path / 'lines'
        assert main(['watch', f'{url}film.mp4', '-i', 'Tell me.', '--fps', '5', '--jsonl',
                     str(lines)]) == 0
    assert 1 <= len(lines.read_text().splitlines()) <= 5
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize('source, says', [
    ('rtsp://u:hidden@127.0.0.1:{port}/x', r'rtsp://127.0.0.1:\d+/x: .*refused'),
    ('http://u:hidden@127.0.0.1:{port}/x?a=hidden', r'http://127.0.0.1:\d+/x\?\.\.\.: .*refused'),
    ('ftp://u:hidden@host/x', 'an address begins with'),
    ('/dev/video0?zoom=hi', "'zoom=hi' is none of them"),
    ('/dev/video77', '/dev/video77: '),
])
def test_what_cannot_be_watched_ends_with_a_sentence_and_no_password(source, says, capsys):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        source = source.format(port=taken.getsockname()[1])
        assert main(['watch', source, '-i', 'Tell me.']) == 1
    error = capsys.readouterr().err
    assert re.search(f'^streamo: .*{says}', error) and error.count('\n') == 1
    assert 'hidden' not in error
