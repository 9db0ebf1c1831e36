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
Loaded by every Python that finds this folder on its path: the node's, and its engine's.

Writes down, one JSON line each, what the process writes, connects to and starts; and has every
look at the network fail. DDS is native code, which Python's audit hooks do not see.
"""

import json
import os
import sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    f'os.{name}' for name in (
        'chmod', 'chown', 'link', 'mkdir', 'rename', 'rmdir', 'symlink', 'truncate',
        'utime')}
NETWORK = {
    f'socket.{name}' for name in (
        'bind', 'connect', 'getaddrinfo', 'gethostbyaddr', 'gethostbyname', 'getnameinfo',
        'sendmsg', 'sendto')}
PROGRAMS = {'os.exec', 'os.fork', 'os.forkpty', 'os.posix_spawn', 'os.system', 'subprocess.Popen'}

descriptor = os.open(os.environ['AUDIT'], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def hook(event, arguments):
    if event == 'socket.bind' and str(arguments[1]).startswith('\0'):
        return  # a name of the kernel's own (AF_UNIX, abstract): neither network nor file
    if event in NETWORK:
        kind, told = 'network', [event, *map(str, arguments)]
    elif event in PROGRAMS:
        kind, told = 'program', [event, *map(str, arguments)]
    elif event == 'os.remove':
        kind, told = 'removal', [os.path.abspath(os.fsdecode(arguments[0]))]
    elif event in CHANGES or (event == 'open' and arguments[2] & WRITING):
        two = event in ('os.link', 'os.rename', 'os.symlink')
        kind, told = 'file', [
            os.path.abspath(os.fsdecode(path)) for path in arguments[:1 + two]
            if not isinstance(path, int)]  # else it has been opened before
    else:
        return
    os.write(descriptor, json.dumps([os.getpid(), kind, told]).encode() + b'\n')
    if kind == 'network':
        raise PermissionError(f'{event} is denied here')


sys.addaudithook(hook)
