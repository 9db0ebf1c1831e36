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

"""Types of arguments, and the options that several commands share."""

import argparse
from typing import Any
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamo_ros.engine import Thresholds

Commands = Any  # argparse has no public name for what add_subparsers() returns


def positive(text: str) -> float:
    """Return a number above 0."""
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not above 0')
    return value


def not_negative(text: str) -> float:
    """Return a number from 0."""
    value = float(text)
    if not 0 <= value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is below 0')
    return value


def count(text: str) -> int:
    """Return a whole number from 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f'{text} is below 0')
    return value


def positive_count(text: str) -> int:
    """Return a whole number from 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'{text} is not 1 or more')
    return value


def ticks(text: str) -> int:
    """Return a number of ticks whose first and last can be compared."""
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError(f'{text} is not 2 or more')
    return value


def size(text: str) -> tuple[int, int]:
    """Return (height, width) of WIDTHxHEIGHT."""
    width, height = (int(side) for side in text.split('x'))
    if min(width, height) < 1:
        raise argparse.ArgumentTypeError(f'{text} is no size in pixels')
    return height, width


def add_zero_shot(command: argparse.ArgumentParser) -> None:
    """Add ``--zero-shot``."""
    command.add_argument(
        '--zero-shot', action='store_true',
        help='the checkpoint was never trained for this: ask it in words, an untrained stopgap')


def add_backend(command: argparse.ArgumentParser) -> None:
    """Add ``--backend``."""
    from streamo_ros.engine import BACKENDS
    command.add_argument('--backend', default='auto', choices=BACKENDS, help='what runs the model')


def add_window(command: argparse.ArgumentParser) -> None:
    """Add ``--window``."""
    command.add_argument(
        '--window', type=positive_count, metavar='TURNS',
        help="turns kept in view; the checkpoint's own number if not given")


def add_thresholds(command: argparse.ArgumentParser) -> None:
    """Add the thresholds of decisions, and ``refuse``, which ``thresholds`` ends with."""
    command.set_defaults(refuse=command.error)
    command.add_argument(
        '--response-threshold', type=float, default=0.0, metavar='P',
        help="decide Response from this probability on; 0: the checkpoint's own, or where it is "
        'the likeliest state')
    command.add_argument(
        '--release-threshold', type=float, default=0.0, metavar='P',
        help='after a Response, none until its probability has been below this; 0: at once')


def thresholds(options: argparse.Namespace) -> 'Thresholds':
    """Return the thresholds that were given; those that make no sense are wrong usage."""
    from streamo_ros.engine import Thresholds
    try:
        return Thresholds(options.response_threshold, options.release_threshold)
    except ValueError as error:
        options.refuse(str(error))
        raise
