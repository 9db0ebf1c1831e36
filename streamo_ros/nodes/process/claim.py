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
A name that one process at a time may have; whoever has it and dies, however, gives it up.

The name is that of a socket of the kernel's own (abstract, AF_UNIX): no file is left behind, and
none has to be written. It holds among the processes that share a network namespace, which are
those that meet in a ROS domain of this machine as well.
"""

import errno
import hashlib
import socket

from streamo_ros.errors import UserError


class TakenError(UserError):
    """Another process has the name; the message says what to do."""


class Claim:
    """
    A name that is held until ``release``, or until the process ends.

    :param name: of any length
    :param sentence: of the error, when another holds it
    :raises TakenError: when another holds it
    """

    def __init__(self, name: str, sentence: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        digest = hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()
        try:
            self._socket.bind(f'\0streamo_ros {digest}')
        except OSError as error:
            self._socket.close()
            if error.errno == errno.EADDRINUSE:
                raise TakenError(sentence) from None
            # Where the kernel has no such sockets, nothing is claimed, and nobody kept from it.

    def release(self) -> None:
        """Give the name up."""
        self._socket.close()
