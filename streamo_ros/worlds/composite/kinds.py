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
The kinds of things that cut-out pictures are of, and the names that files have for them.

A tenth of the kinds is kept from training, by a hash of the name, so that no list can drift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
import re

from streamo_ros.worlds.pictures import hash_of

FILE = Path(__file__).parent / 'kinds.txt'
_KEPT = 10  # one kind of so many is never trained on
_VOWEL = re.compile(r'[aeiou]|hour', re.IGNORECASE)


@dataclass(frozen=True)
class Kinds:
    """
    All kinds.

    :param named: the kind that each name stands for, the kind's own name included
    :param alike: for each kind, those that could be taken for it, itself included
    :param classes: the kinds that are animals, and so on
    """

    named: Mapping[str, str]
    alike: Mapping[str, frozenset[str]]
    classes: Mapping[str, tuple[str, ...]]

    @property
    def all(self) -> tuple[str, ...]:
        """Return the kinds, in the order of the file."""
        return tuple(self.alike)


@cache
def load_kinds(file: Path = FILE) -> Kinds:
    """Read the file of kinds, whose head says how it is written."""
    named: dict[str, str] = {}
    alike: dict[str, frozenset[str]] = {}
    classes: dict[str, list[str]] = {}
    below = ''
    for line in file.read_text(encoding='utf-8').splitlines():
        if not line or line.startswith('#'):
            continue
        if line.startswith('@'):
            below = line[1:]
            continue
        group = []
        for part in line.split(' / '):
            kind, _, others = (text.strip() for text in part.partition('='))
            group.append(kind)
            for name in (kind, *(other.strip() for other in others.split(',') if other)):
                if named.setdefault(name.lower(), kind) != kind:
                    raise ValueError(f'{file.name}: {name!r} is a {named[name]} and a {kind}')
        for kind in group:
            alike[kind] = frozenset(group)
            if below:
                classes.setdefault(below, []).append(kind)
    return Kinds(named, alike, {name: tuple(kinds) for name, kinds in classes.items()})


def is_kept(kind: str) -> bool:
    """Say whether a kind is never trained on."""
    return hash_of(kind) % _KEPT == 0


def a(kind: str) -> str:
    """Return a kind with its article; what is named in the plural or by name has none."""
    if kind in _BARE:
        return kind
    return f'an {kind}' if _VOWEL.match(kind) else f'a {kind}'


_BARE = ('Santa Claus', 'cherries', 'grapes', 'blueberries', 'pancakes', 'french fries',
         'headphones', 'popcorn', 'chopsticks', 'scales', 'garlic', 'bread', 'corn', 'broccoli',
         'butter', 'cheese', 'sushi', 'candy', 'soap', 'salad')
