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

"""The options that several commands share."""

import argparse
from pathlib import Path
from typing import Any
from typing import TYPE_CHECKING

from streamo_ros.number_arguments import count
from streamo_ros.number_arguments import positive_count

if TYPE_CHECKING:
    from streamo_ros.engine import Thresholds

Commands = Any  # argparse has no public name for what add_subparsers() returns


def add_zero_shot(command: argparse.ArgumentParser) -> None:
    """Add ``--zero-shot``."""
    command.add_argument(
        '--zero-shot', action='store_true',
        help='the checkpoint was never trained for this: ask it in words, an untrained stopgap')


def add_backend(command: argparse.ArgumentParser) -> None:
    """Add ``--backend``."""
    from streamo_ros.engine import BACKENDS
    command.add_argument('--backend', default='auto', choices=BACKENDS, help='what runs the model')


def add_threads(command: argparse.ArgumentParser) -> None:
    """Add ``--threads``."""
    command.add_argument(
        '--threads', type=count, default=0, metavar='N',
        help='of a processor that the model may use, never more than the cores that the command '
        'was given; 0: as many')


def add_window(command: argparse.ArgumentParser) -> None:
    """Add ``--window``."""
    command.add_argument(
        '--window', type=positive_count, metavar='TURNS',
        help="turns kept in view; the checkpoint's own number if not given")


def add_memory(command: argparse.ArgumentParser) -> None:
    """Add ``--memory``."""
    command.add_argument(
        '--memory', type=count, metavar='TOKENS',
        help='for a text of what was answered, which stays in view; 0 has none, and what the '
             'checkpoint was trained with is taken if not given')


def add_annotations_out(command: argparse.ArgumentParser) -> None:
    """Add ``--out`` of a command that writes raw annotations."""
    command.add_argument(
        '--out', type=Path, required=True, metavar='FILE',
        help='written as JSON, or as lines if *.jsonl')


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


def add_spread(command: argparse.ArgumentParser, what: str) -> None:
    """Add ``--jobs`` and ``--ray``; ``what`` is spread, such as bags."""
    parallel = command.add_mutually_exclusive_group()
    parallel.add_argument(
        '--jobs', type=positive_count, default=1,
        help=f'{what} watched at a time, each by a process')
    parallel.add_argument(
        '--ray', metavar='ADDRESS',
        help='watch them on a Ray cluster, "auto" for the one that this machine is part of')
