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
Pictures that were fetched by ``make pictures``: photographs, films, and cut-outs by their kind.

They lie in ``build/pictures`` of the project that is worked in, or where STREAMO_PICTURES says;
without them worlds are painted from what is installed. Which split a picture belongs to follows
from a hash of its name.
"""

from functools import cache
import hashlib
import os
from pathlib import Path

FILM_RATE = 8
_FEW = 3  # pictures of a kind, from which each split has its own


def folder() -> Path:
    """Return where pictures lie, whether they do or not."""
    return Path(os.environ.get('STREAMO_PICTURES') or Path('build') / 'pictures').absolute()


def fetched_photographs(split: str) -> tuple[Path, ...]:
    """Return the photographs of a split."""
    def its(file: Path) -> str:
        place = hash_of(file.stem.removesuffix('-2')) % 20  # a second picture of one place
        return 'train' if place < 16 else 'validation' if place < 18 else 'test'
    return tuple(
        file for file in sorted((folder() / 'photographs').glob('*.jpg')) if its(file) == split)


def fetched_films() -> tuple[Path, ...]:
    """Return the films, each (frames, H, W, 3) uint8 RGB in a .npy file, FILM_RATE a second."""
    return tuple(sorted((folder() / 'films').glob('*.npy')))


def cut_outs(split: str) -> dict[str, tuple[Path, ...]]:
    """Return the cut-outs of a split by their kind; a kind with few of them has all in each."""
    return _cut_outs(folder(), split)


@cache
def _cut_outs(where: Path, split: str) -> dict[str, tuple[Path, ...]]:
    found = {}
    for kind in sorted(where.glob('cutouts/*')):
        files = sorted(kind.glob('*.png'), key=lambda file: hash_of(f'{kind.name}/{file.stem}'))
        if len(files) >= _FEW:
            fifth = max(len(files) // 5, 1)
            parts = {'test': files[:fifth], 'validation': files[fifth:2 * fifth],
                     'train': files[2 * fifth:]}
            files = parts[split]
        found[kind.name] = tuple(files)
    return found


def hash_of(name: str) -> int:
    """Return a number that belongs to a name, on any machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], 'big')
