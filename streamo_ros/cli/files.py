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

"""The files that a command is given, judged before it begins: what waits, what is not ours."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from streamo_ros.input import check_no_pipe
from streamo_ros.output import check_figures

WRITTEN = frozenset({'out', 'json', 'jsonl', 'plot', 'target', 'path'})
"""Arguments that name what is written; all other paths are read."""

_NAMED = ('checkpoint', 'source', 'eyes', 'quantised')  # paths, or something else


def check_files(options: argparse.Namespace) -> None:
    """
    See that no input is a pipe without end, and that figures may be written where they go.

    :raises InputError: or ``OutputError``, when not
    """
    for name, value in vars(options).items():
        if name not in WRITTEN:
            for path in _paths(value, name in _NAMED):
                check_no_pipe(path)
    figures = getattr(options, 'json', None)
    if isinstance(figures, Path):  # of `streamo console` it says whether
        check_figures(figures, getattr(options, 'out', None))


def _paths(value: object, named: bool) -> Iterator[str | Path]:
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, Path) or named and isinstance(one, str):
            yield one
