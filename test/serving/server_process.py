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

"""``streamo serve`` as a process, for tests, and what its operator asks of it."""

import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from waiting import wait_for

from streamo_ros.engine.remote.server import Server

SECRETS = {name: f'{name}-' + 24 * 'x' for name in ('operator', 'picker', 'packer', 'old')}
ROBOTS = {
    'picker': {'secret': SECRETS['picker'], 'streams': 32, 'fps': 30.0},
    'packer': {'secret': SECRETS['packer'], 'streams': 1, 'fps': 1.0, 'instructions': 1},
    'old': {'secret': SECRETS['old'], 'expires': '2020-01-01'}}
PROGRAM = '-c', 'import sys; from streamo_ros.cli.main import main; sys.exit(main())', 'serve'
_ADDRESS = re.compile(r'robots can come: (wss?://\S+)')


class ServerProcess:
    """
    A server of nano.

    :param folder: where its files are
    :param options: of the command, beside those that every test needs
    :param program: what is run in place of the command
    """

    def __init__(self, folder, *options, program=PROGRAM):
        self.robots_file = folder / 'robots.json'
        if not self.robots_file.exists():
            self.write_robots(ROBOTS)
        self._lines = []
        self._process = subprocess.Popen(
            [sys.executable, *program, 'nano', '--robots', str(self.robots_file), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.append(line)

    def write_robots(self, robots):
        """Have these robots known; a server that runs takes it over."""
        self.robots_file.touch(0o600)
        self.robots_file.write_text(json.dumps(
            {'operator': SECRETS['operator'], 'robots': robots}))

    @property
    def log(self):
        return ''.join(self._lines)

    @property
    def url(self):
        """Return its address, once robots can come."""
        def found():
            assert self._process.poll() is None, self.log
            return _ADDRESS.search(self.log)
        return wait_for(found, 'a server')[1]

    @property
    def port(self):
        return int(self.url.rpartition(':')[2])

    def server(self, robot='picker', port=None):
        return Server(f'ws://127.0.0.1:{port or self.port}', f'{robot}.{SECRETS[robot]}')

    def token_file(self, folder, robot='picker'):
        file = folder / f'{robot}.token'
        file.write_text(f'{robot}.{SECRETS[robot]}\n')
        return file

    def ask(self, path, secret=SECRETS['operator'], method='GET'):
        """Return status and content of a page."""
        request = urllib.request.Request(
            f'http://127.0.0.1:{self.port}/{path}', method=method,
            headers={'Authorization': f'Bearer {secret}'} if secret else {})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def fleet(self):
        """Return what is told of devices and streams."""
        status, text = self.ask('streams')
        assert status == 200, text
        return json.loads(text)

    def streams(self):
        return {f'{one["robot"]}/{one["stream"]}': one for one in self.fleet()['streams']}

    def stop(self):
        """End it as Ctrl-C does; return its exit code."""
        self._process.send_signal(2)
        try:
            return self._process.wait(60)
        finally:
            if self._process.poll() is None:
                self._process.kill()
