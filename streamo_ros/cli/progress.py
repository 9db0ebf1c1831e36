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

"""How far a command is, on a terminal and where tqdm is installed; and lines that go with it."""

import sys
from typing import Any
from typing import TextIO


class Progress:
    """
    A bar, to be used in a ``with``; without tqdm or a terminal it is not drawn.

    :param total: None where it is not known
    :param look: what else tqdm takes
    """

    def __init__(self, total: float | None, **look: Any) -> None:
        try:
            from tqdm import tqdm
        except ModuleNotFoundError:
            self._bar = None
        else:
            self._bar = tqdm(
                total=total, leave=False, disable=not sys.stderr.isatty(), **look)

    def __enter__(self) -> 'Progress':
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()

    def advance(self, by: float) -> None:
        """Say how much more is done."""
        if self._bar is not None:
            self._bar.update(by)

    def advance_to(self, done: float) -> None:
        """Say how much is done in all; a bar never goes back."""
        if self._bar is not None:
            self.advance(max(0.0, done - self._bar.n))

    def print(self, line: str, file: TextIO | None = None) -> None:
        """Print a line above the bar."""
        if self._bar is None:
            print(line, file=file)
        else:
            self._bar.write(line, file)
