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
Who may speak with the console: as with any page's server, and the token may not be guessed.

Beyond this machine a token is needed.
"""

from pathlib import Path

from aiohttp import web

from streamo_ros.nodes.parameters import ParameterError
from streamo_ros.nodes.rate_limiter import RateLimiter
from streamo_ros.web import access

LEAST_TOKEN = 16    # characters
MOST_TOKEN = 1024
TRY_BURST, TRY_PER_S = 10, 0.2      # tokens that one address may try at once, and a second
ADDRESSES = 1024                    # that this is remembered of


def read_token(file: str) -> str:
    """
    Return the token in a file.

    :raises ParameterError: when it cannot be read, or is too easy to guess
    """
    make = ('make one with: (umask 077; python3 -c "import secrets; '
            f'print(secrets.token_urlsafe())" > {file})')
    try:
        token = Path(file).read_text(encoding='utf-8').strip()
    except (OSError, ValueError) as error:
        raise ParameterError(f'token_file: {file} cannot be read ({error}): {make}') from error
    if not LEAST_TOKEN <= len(token) <= MOST_TOKEN or not token.isascii():
        raise ParameterError(
            f'token_file: {file} does not hold {LEAST_TOKEN} to {MOST_TOKEN} characters of ASCII: '
            f'{make}')
    return token


class Access(access.Access):
    """
    The rules of one console.

    :param host: the address that it listens at
    :param token: that is needed; empty: none
    """

    def __init__(self, host: str, token: str = '') -> None:
        super().__init__('console', host, token)
        self._tries: dict[str, RateLimiter] = {}

    def admit(self, request: web.Request, token: str) -> web.Response:
        """
        Return the response to a token: with it, a browser is known from then on.

        :raises web.HTTPException: when it is wrong, or too many came from there of late
        """
        tries = self._tries.setdefault(request.remote or '', RateLimiter(TRY_BURST, TRY_PER_S))
        if len(self._tries) > ADDRESSES:
            del self._tries[next(iter(self._tries))]
        if not tries.take():
            raise web.HTTPTooManyRequests(
                text='Too many tokens were tried from here: wait a minute.',
                headers={'Retry-After': '60'})
        return super().admit(request, token)
