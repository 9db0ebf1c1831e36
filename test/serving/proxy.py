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

"""A network between robots and their server, which delays, cuts and swallows what it carries."""

import contextlib
import socket
import threading


class Proxy:
    """
    Carries connections to a port of this machine.

    ``delay_s`` is how long each piece of what is sent is held back, each way.
    """

    def __init__(self, target):
        self.target = target
        self._listening = socket.create_server(('127.0.0.1', 0))
        self.port = self._listening.getsockname()[1]
        self.delay_s = 0.0
        self.connections = 0
        self._lock = threading.Lock()
        self._pairs = []
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Break all connections, as a cable that is pulled at the server's end."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            pair.close()

    def swallow(self):
        """Carry nothing any more of the connections there are, and tell neither end."""
        with self._lock:
            for pair in self._pairs:
                pair.swallows = True

    def close(self):
        self._ended.set()
        self._listening.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(('127.0.0.1', self.target))
            except OSError:
                near.close()
                continue
            pair = _Pair(near, far)
            with self._lock:
                self._pairs.append(pair)
                self.connections += 1
            for source, sink in ((near, far), (far, near)):
                threading.Thread(
                    target=self._carry, args=(pair, source, sink), daemon=True).start()

    def _carry(self, pair, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.delay_s:
                    self._ended.wait(self.delay_s)
                if not pair.swallows:
                    sink.sendall(data)
        if not pair.swallows:
            pair.close()


class _Pair:
    def __init__(self, near, far):
        self._ends = near, far
        self.swallows = False
        for end in self._ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
