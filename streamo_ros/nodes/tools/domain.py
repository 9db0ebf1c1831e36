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

"""ROS domains for graphs that run beside others on one machine: of tools and of tests."""

from collections.abc import Iterator
from contextlib import contextmanager
import random
import socket

DOMAINS = range(1, 102)
"""Those whose ports are free of Linux's ephemeral ones."""

_FIRST_PORT = 26400


class DomainError(RuntimeError):
    """No domain is free."""


@contextmanager
def own_domain() -> Iterator[int]:
    """
    Reserve a ROS_DOMAIN_ID among all who ask here on this machine, for as long as it is used.

    A bound port of the loopback interface reserves each; a process that dies frees it.

    :raises DomainError: when all are taken
    """
    for domain in random.sample(DOMAINS, len(DOMAINS)):
        with socket.socket() as reservation:
            try:
                reservation.bind(('127.0.0.1', _FIRST_PORT + domain))
            except OSError:
                continue
            yield domain
            return
    raise DomainError('all ROS domains of this machine are taken: end some demos or tests')
