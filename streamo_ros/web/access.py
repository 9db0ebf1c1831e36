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
Who may speak with a page's server: by which name, from whose pages, and with which token.

A page of another site that a browser shows must neither read what the server says nor make it do
anything, though the server listens where that browser can reach it. So a request must name this
machine (a name that somebody else's DNS has pointed here is refused), and must not come from
another page. A token tells this machine's users apart, and lets in nobody else beyond it.
"""

import hashlib
import hmac
import ipaddress
import secrets
import socket
from urllib.parse import urlsplit

from aiohttp import web

MAX_BODY = 16 << 10
"""Bytes of a request, unless a server takes more."""

HEADERS = {
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
    'Cache-Control': 'no-store',
}
"""Of every response, beside the content security policy."""


def policy(request: web.Request) -> str:
    """Return the content security policy: nothing inline, nothing from elsewhere."""
    own = f'{"wss" if request.secure else "ws"}://{request.host}'
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        f"connect-src 'self' {own}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'")


def is_loopback(host: str) -> bool:
    """Return whether an address to listen at can be reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


class Access:
    """
    The rules of one server.

    :param name: of what it serves, in a word
    :param host: the address that it listens at
    :param token: that is needed; empty: none
    :param most: bytes of a request
    """

    def __init__(self, name: str, host: str, token: str = '', most: int = MAX_BODY) -> None:
        self._name = name
        self._most = most
        self._token = token
        self._local = is_loopback(host)
        self._names = {'localhost'} if self._local else _names_of_this_machine()
        # One that a guess of the token cannot be tried on without asking, and new at each start.
        self._session = hmac.new(
            secrets.token_bytes(32), token.encode(), hashlib.sha256).hexdigest()

    def check(self, request: web.Request) -> None:
        """
        Let a request pass, or raise the response that refuses it.

        :raises web.HTTPException: which says why
        """
        if not self._is_ours(request.headers.get('Host', '')):
            raise web.HTTPForbidden(text=(
                'This page does not go by that name: use the address of its machine.'))
        origin = request.headers.get('Origin')
        ours = f'{request.scheme}://{request.host}'
        from_a_page = request.method not in ('GET', 'HEAD') or 'Upgrade' in request.headers
        if (origin is None and from_a_page) or (origin is not None and origin != ours):
            raise web.HTTPForbidden(text='Requests of other pages are refused.')
        site = request.headers.get('Sec-Fetch-Site', 'none')
        opens = (request.headers.get('Sec-Fetch-Mode') == 'navigate'
                 and request.headers.get('Sec-Fetch-Dest') == 'document'
                 and request.method == 'GET')
        if site not in ('same-origin', 'none') and not opens:
            raise web.HTTPForbidden(text='Requests of other pages are refused.')
        if (request.content_length or 0) > self._most:
            raise web.HTTPRequestEntityTooLarge(self._most, request.content_length or 0)

    def has_token(self, request: web.Request) -> bool:
        """Return whether a request comes from a browser that has shown the token."""
        given = request.cookies.get(self._cookie(request), '')
        return not self._token or hmac.compare_digest(
            given.encode('utf-8', 'replace'), self._session.encode())

    def admit(self, request: web.Request, token: str) -> web.Response:
        """
        Return the response to a token: with it, a browser is known from then on.

        :raises web.HTTPException: when it is wrong
        """
        if not hmac.compare_digest(
                token.encode('utf-8', 'replace'), self._token.encode()):
            raise web.HTTPUnauthorized(text='That is not the token.')
        response = web.Response(status=204)
        response.set_cookie(
            self._cookie(request), self._session, httponly=True, samesite='Strict',
            secure=request.secure, path='/')
        return response

    def _cookie(self, request: web.Request) -> str:
        # Cookies know no ports: two servers on one machine must not log each other out.
        return f'streamo_{self._name}_{urlsplit(f"//{request.host}").port or request.scheme}'

    def _is_ours(self, host: str) -> bool:
        try:
            split = urlsplit(f'//{host}')
            name, _ = split.hostname or '', split.port
        except ValueError:
            return False
        if '@' in host or '/' in host:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name.rstrip('.') in self._names
        return address.is_loopback or not self._local


def _names_of_this_machine() -> set[str]:
    name = socket.gethostname().lower()
    return {'localhost', name, f'{name.partition(".")[0]}.local', socket.getfqdn().lower()}
