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
YAML whose aliases multiply: a kilobyte of it can stand for gigabytes.

An alias repeats what its anchor marks, aliases in it included. Programs that read on see all of
that, so a file is counted as they would see it before it is read.
"""

from pathlib import Path
from typing import Any

from streamo_ros.input import check_no_pipe

MOST_BYTES = 16_000_000
"""Of a text beside a bag: metadata of ten thousand files have a tenth of it."""

_NODES = 100_000


def read_bounded(file: Path) -> str:
    """
    Return a text that lies beside a bag.

    :raises ValueError: when it is larger than ``MOST_BYTES``, or is not UTF-8
    :raises OSError: when it cannot be read
    """
    check_no_pipe(file)
    with file.open('rb') as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f'it has more than {MOST_BYTES} bytes')
    return content.decode('utf-8')


def check_aliases(text: str) -> None:
    """
    Refuse YAML that its aliases make much larger than it is.

    :raises ValueError: when they do, or one stands within what it repeats
    :raises YAMLError: when it is no YAML
    """
    if '&' not in text or '*' not in text:
        return
    from ruamel.yaml import YAML
    sizes: dict[int, int] = {}
    whole = len(text)

    def size(node: Any) -> int:
        """Return how many nodes there are in a node, those behind aliases included."""
        known = sizes.get(id(node))
        if known is not None:
            if not known:
                raise ValueError('an alias in it stands within what it repeats')
            return known
        sizes[id(node)] = 0
        inner = node.value if isinstance(node.value, list) else []
        parts = [part for pair in inner for part in (pair if isinstance(pair, tuple) else (pair,))]
        sizes[id(node)] = count = 1 + sum(size(part) for part in parts)
        if count > max(_NODES, whole):
            raise ValueError('its aliases make it many times as large as it is')
        return count

    root = YAML(typ='safe').compose(text)
    if root is not None:
        size(root)
