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

"""By what a run, or engines, know whether a checkpoint is the one that they were made with."""

from collections.abc import Iterable
import hashlib
from pathlib import Path

from streamo_ros.models.errors import CheckpointError

_BLOCK_BYTES = 1 << 20


def files_digest(files: Iterable[Path]) -> str:
    """Return the SHA-256, in hexadecimal, over the names and contents of files, in their order."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        with path.open('rb') as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def checkpoint_digest(directory: Path) -> str:
    """
    Return that of all files of a checkpoint.

    :raises CheckpointError: when one cannot be read
    """
    try:
        return files_digest(file for file in sorted(directory.iterdir()) if file.is_file())
    except OSError as error:
        raise CheckpointError(
            f'{error.filename or directory} cannot be read ({error.strerror or error})') from error
