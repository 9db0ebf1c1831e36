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
Which robots may come, with which token, and what each may have.

They are in a JSON file that its owner alone may read:

    {"operator": "SECRET",
     "robots": {"picker-1": {"secret": "SECRET", "streams": 2, "fps": 2, "instructions": 4,
                             "priority": 1, "expires": "2027-06-30"}}}

It is read again when it has changed, so that a token is taken back without a restart. All but the
secrets may be left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import date
import hmac
import json
from pathlib import Path
import secrets
import stat
from typing import Any

from streamo_ros.engine.decision import MAX_INSTRUCTIONS
from streamo_ros.engine.remote.protocol import MOST_FPS
from streamo_ros.engine.remote.server import NAME
from streamo_ros.errors import UserError
from streamo_ros.output import written
from streamo_ros.strict_json import parse_json

LEAST_SECRET, MOST_SECRET = 16, 1024
MOST_STREAMS = 64


class RobotsError(UserError, ValueError):
    """A file of robots that cannot be used; the message says what would help."""


@dataclass(frozen=True)
class Robot:
    """
    One robot.

    :param streams: that it may have at once
    :param fps: ticks a second that each of them may have
    :param instructions: that may stand in each of them
    :param priority: a higher one takes the place of a lower one where there is no room for both
    :param expires: the last day on which its token holds; None: it always does
    :raises RobotsError: for values that make no sense
    """

    name: str
    secret: str = field(repr=False)
    streams: int = 2
    fps: float = 2.0
    instructions: int = MAX_INSTRUCTIONS
    priority: int = 0
    expires: date | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not NAME.fullmatch(self.name):
            raise RobotsError(f'robot {self.name!r}: a name has 1 to 64 letters, digits, - and _')
        _check_secret(f'robot {self.name}: its secret', self.secret)
        for name, least, most in (
                ('streams', 1, MOST_STREAMS), ('instructions', 1, MAX_INSTRUCTIONS),
                ('priority', -1000, 1000)):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise RobotsError(
                    f'robot {self.name}: {name} is {value!r}, not {least} to {most}')
        if type(self.fps) not in (int, float) or not 0 < self.fps <= MOST_FPS:
            raise RobotsError(f'robot {self.name}: fps is {self.fps!r}, not 0 to {MOST_FPS:g}')

    @property
    def token(self) -> str:
        """Return what it must show."""
        return f'{self.name}.{self.secret}'

    @property
    def stale(self) -> bool:
        """Return whether its token holds no more."""
        return self.expires is not None and date.today() > self.expires


class Robots:
    """
    The robots of a file.

    :raises RobotsError: when it cannot be used
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at: tuple[int, int] | None = None
        self._robots: Mapping[str, Robot] = {}
        self._operator = ''
        self.refresh()

    def refresh(self) -> None:
        """
        Read the file again, if it has changed.

        :raises RobotsError: when it cannot be used; those of before then still hold
        """
        try:
            found = self._file.stat()
            if (found.st_mtime_ns, found.st_size) == self._read_at:
                return
            content = parse_json(self._file.read_text(encoding='utf-8'))
        except (OSError, ValueError) as error:
            raise RobotsError(f'{self._file} holds no robots: {error}') from error
        operator, robots = _parse(self._file, content)
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise RobotsError(
                f'{self._file} holds secrets that others can read: chmod 600 {self._file}')
        self._operator, self._robots = operator, robots
        self._read_at = (found.st_mtime_ns, found.st_size)

    def find(self, authorization: str) -> Robot | None:
        """
        Return the robot whose token a request shows; None if it shows none that holds.

        :param authorization: the header, ``Bearer NAME.SECRET``
        """
        name, _, secret = _bearer(authorization).partition('.')
        robot = self._robots.get(name)
        # Compared even where there is no such robot, so that time does not tell who there is.
        same = hmac.compare_digest(
            secret.encode(), (robot.secret if robot else 'x' * LEAST_SECRET).encode())
        return robot if robot and same and not robot.stale else None

    def still_holds(self, robot: Robot) -> bool:
        """Return whether a robot that came in may stay."""
        now = self._robots.get(robot.name)
        return now is not None and now.secret == robot.secret and not now.stale

    def is_operator(self, authorization: str) -> bool:
        """Return whether a request shows the operator's secret."""
        return bool(self._operator) and hmac.compare_digest(
            _bearer(authorization).encode(), self._operator.encode())


def write_robots(file: Path, name: str) -> Robot:
    """
    Write a file with one robot and an operator, each with a new secret; return the robot.

    :raises OutputError: when it cannot be written, or is there already
    """
    robot = Robot(name, secrets.token_urlsafe(24))
    with written(file, private=True) as out:
        out.write(json.dumps({
            'operator': secrets.token_urlsafe(24),
            'robots': {name: {'secret': robot.secret}}}, indent=2).encode() + b'\n')
    return robot


def _parse(file: Path, content: Any) -> tuple[str, dict[str, Robot]]:
    try:
        given = dict(content)
        operator = given.pop('operator', '')
        robots = {name: _robot(name, fields) for name, fields in given.pop('robots').items()}
    except RobotsError as error:
        raise RobotsError(f'{file}: {error}') from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise RobotsError(
            f'{file} holds no robots ({error!r}): see streamo serve --help') from error
    if given:
        raise RobotsError(f'{file}: {", ".join(given)} is nothing that it may say')
    if operator:
        try:
            _check_secret('the secret of the operator', operator)
        except RobotsError as error:
            raise RobotsError(f'{file}: {error}') from error
    return operator, robots


def _robot(name: str, fields: Any) -> Robot:
    given = dict(fields)
    try:
        if 'expires' in given:
            given['expires'] = date.fromisoformat(given['expires'])
        return Robot(name, **given)
    except (TypeError, ValueError) as error:
        if isinstance(error, RobotsError):
            raise
        raise RobotsError(f'robot {name}: {error}') from error


def _check_secret(what: str, secret: Any) -> None:
    if not isinstance(secret, str) or not LEAST_SECRET <= len(secret) <= MOST_SECRET or not (
            secret.replace('-', '').replace('_', '').isalnum() and secret.isascii()):
        raise RobotsError(
            f'{what} is not {LEAST_SECRET} to {MOST_SECRET} letters, digits, - and _')


def _bearer(authorization: str) -> str:
    kind, _, token = authorization.partition(' ')
    return token.strip() if kind.lower() == 'bearer' else ''
