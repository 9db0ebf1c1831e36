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

"""Which server, and by what it and the robot know each other."""

from dataclasses import dataclass
from dataclasses import field
import hashlib
import ipaddress
from pathlib import Path
import re
import ssl
from urllib.parse import urlsplit

from streamo_ros.errors import UserError

NAME = re.compile(r'[A-Za-z0-9_-]{1,64}')
"""Of a robot: what may stand in a path and in a token."""

_TOKEN = re.compile(rf'({NAME.pattern})\.([A-Za-z0-9_-]{{16,1024}})')
_PEM = re.compile(r'-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----', re.DOTALL)


class ServerAddressError(UserError, ValueError):
    """A server that cannot be spoken to like this; the message says what would help."""


@dataclass(frozen=True)
class Server:
    """
    A server of streams.

    :param url: ``wss://HOST:PORT``, or ``ws://`` to this machine alone
    :param token: of this robot, ``NAME.SECRET``
    :param pin: SHA-256 of the one certificate that is trusted; empty: any that the system's
        authorities vouch for
    :raises ServerAddressError: when they make no sense, or the token could be read on its way
    """

    url: str
    token: str = field(repr=False)
    pin: bytes = b''

    def __post_init__(self) -> None:
        """Refuse what cannot be reached, or not in secret."""
        try:
            split = urlsplit(self.url)
            host, _ = split.hostname, split.port
        except ValueError as error:
            raise ServerAddressError(f'server {self.url!r} is no address: {error}') from error
        if split.scheme not in ('ws', 'wss') or not host or split.username or split.query:
            raise ServerAddressError(
                f'server {self.url!r} is none: give one like wss://workstation:8430')
        if split.scheme == 'ws' and not is_loopback(host):
            raise ServerAddressError(
                f'server {self.url} would be told the token, and shown what the camera sees, for '
                'all to read: use wss://, with a certificate at the server')
        if not _TOKEN.fullmatch(self.token):
            raise ServerAddressError(
                'the token is none of streamo serve, which look like NAME.SECRET')

    @property
    def robot(self) -> str:
        """Return the name by which the server knows this robot."""
        return self.token.partition('.')[0]

    def stream_url(self, stream: str) -> str:
        """Return where a stream of this robot is watched."""
        return f'{self.url.rstrip("/")}/robots/{self.robot}/streams/{stream}'


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from its own machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def read_server(url: str, token_file: str, certificate_file: str = '') -> Server:
    """
    Return a server whose token, and certificate to be pinned, are in files.

    :raises ServerAddressError: when one of them cannot be used
    """
    if not url:
        raise ServerAddressError(
            "backend 'remote' needs a server: give one, such as wss://workstation:8430")
    if not token_file:
        raise ServerAddressError(
            'a server needs a token: give the file with the line that streamo serve wrote for '
            'this robot')
    return Server(
        url, _read(token_file, 'token').strip(),
        _fingerprint(certificate_file) if certificate_file else b'')


def _read(file: str, what: str) -> str:
    try:
        return Path(file).read_text(encoding='utf-8')
    except (OSError, ValueError) as error:
        raise ServerAddressError(f'the {what} cannot be read: {error}') from error


def _fingerprint(file: str) -> bytes:
    match = _PEM.search(_read(file, 'certificate'))
    try:
        if match is None:
            raise ValueError('it holds none in PEM')
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(match[0])).digest()
    except ValueError as error:
        raise ServerAddressError(f'{file} is no certificate: {error}') from error
