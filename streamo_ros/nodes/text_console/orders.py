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

"""What is typed: an instruction as it is, or a command that begins with a slash."""

from collections.abc import Callable
from dataclasses import dataclass
import re

from streamo_ros.errors import UserError
from streamo_ros.nodes.console.calls import Done
from streamo_ros.nodes.console.link import Link

HELP = """\
TEXT               watch for it until it is withdrawn; // begins a text with a slash
/once TEXT         watch for it until its first answer
/on CAMERA TEXT    watch for it on one camera
/choose A, B: TEXT watch for it, and have each answer say which of these it is;
                   in quotes, as "a, b", it may hold commas and colons
/withdraw ID       withdraw an instruction; the beginning of its id is enough
/clear             withdraw all
/ask QUESTION      ask what has been, where the node keeps an event log
/reset             forget what was seen
/pause, /go        stop watching, and watch again
/node NAME         talk to another node
/help, /quit"""

MOST = 4096
"""Characters of a line."""

# Up to a comma, or the colon before the text; in quotes, which begin a choice, both are its own.
_CHOICE = re.compile(r'(?:\s*"((?:[^"\\]|\\.)*)"\s*|(?!\s*")([^,:]*))([,:])')


class OrderError(UserError):
    """What was typed cannot be followed; the message says why."""


@dataclass(frozen=True)
class Order:
    """
    What one line asks for.

    :param carry_out: does it, in the executor's thread
    :param about: it, in a word, for what comes of it
    """

    carry_out: Callable[[Link, Done], None]
    about: str


def read_order(text: str, ids: list[str]) -> Order:
    """
    Return what a line asks of a node.

    :param ids: of what stands
    :raises OrderError: when it makes no sense
    """
    if len(text) > MOST:
        raise OrderError(f'that is too long: say it in at most {MOST} characters')
    if not text.startswith('/') or text.startswith('//'):
        return _instruct(text.removeprefix('/'), '', False)
    word, _, rest = text.partition(' ')
    rest = rest.strip()
    match word:
        case '/once' if rest:
            return _instruct(rest, '', True)
        case '/on' if len(parts := rest.split(' ', 1)) == 2:
            return _instruct(parts[1].strip(), parts[0], False)
        case '/choose' if rest:
            return _choose(rest)
        case '/withdraw' if rest:
            id = _whole(rest, ids)
            return Order(lambda link, done: link.withdraw(id, done), 'withdraw')
        case '/ask' if rest:
            return Order(lambda link, done: link.log.ask(rest, '', 0.0, done), 'ask')
        case '/clear' if not rest:
            return Order(lambda link, done: link.clear(done), 'clear')
        case '/reset' if not rest:
            return Order(lambda link, done: link.reset(done), 'reset')
        case '/pause' | '/go' if not rest:
            return Order(lambda link, done: link.enable(word == '/go', done), word[1:])
    raise OrderError(f'{word} cannot be followed: /help says what can be typed')


def _instruct(text: str, camera: str, once: bool) -> Order:
    return Order(lambda link, done: link.instruct(text, camera, once, done), 'instruct')


def _choose(rest: str) -> Order:
    found: list[str] = []
    at, end = 0, ''
    while end != ':' and (one := _CHOICE.match(rest, at)):
        quoted, plain, end = one.groups()
        found.append(plain.strip() if quoted is None else re.sub(r'\\(.)', r'\1', quoted))
        at = one.end()
    choices, text = list(filter(None, found)), rest[at:].strip()
    if end != ':' or not choices or not text:
        raise OrderError(
            'say it as in /choose open, "ajar, a bit": Tell me when the door moves.')
    return Order(
        lambda link, done: link.instruct(text, '', False, done, choices=choices), 'choose')


def _whole(beginning: str, ids: list[str]) -> str:
    if beginning in ids:
        return beginning
    found = [id for id in ids if id.startswith(beginning)]
    if len(found) != 1:
        raise OrderError(
            f'{len(found)} instructions have an id that begins with {beginning!r}: '
            + (', '.join(ids) or 'none stands'))
    return found[0]
