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
A checkpoint may not reach out of its directory, whoever made it.

Otherwise links and the names in an index could make the loader read any file of the machine as
weights, and an export copy it to where others can read it.
"""

from pathlib import Path

from streamo_ros.models.errors import CheckpointError
from streamo_ros.models.json_file import is_there
from streamo_ros.models.json_file import read_json
from streamo_ros.models.json_file import shown

INDEX = 'model.safetensors.index.json'


def confine(directory: Path) -> None:
    """
    Refuse a checkpoint whose links or index lead out of its directory.

    A snapshot in Hugging Face's cache consists of links to the ``blobs`` of its repository, two
    levels above; those may be followed.

    :raises CheckpointError: naming what leads out, or that the index makes no sense
    """
    root = directory.resolve()
    allowed = [root]
    if root.parent.name == 'snapshots':
        allowed.append(root.parents[1] / 'blobs')

    def leads_out(path: Path) -> bool:
        try:
            target = path.resolve()
        except (OSError, RuntimeError, ValueError):  # a loop, or not the name of a file
            return True
        return not any(target.is_relative_to(home) for home in allowed)

    try:
        entries = sorted(directory.iterdir())
    except OSError as error:
        raise CheckpointError(
            f'{directory} cannot be read ({error.strerror or error}): make it readable') from error
    for path in entries:
        if path.is_symlink() and leads_out(path):
            raise CheckpointError(
                f'{path} is a link that leads out of the checkpoint: put the file itself there')
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise CheckpointError(
                f'{path} is neither a file nor a directory: take it out of the checkpoint')
    index = directory / INDEX
    if not is_there(index):
        return
    for name in sorted(set(read_index(index).values())):
        if leads_out(directory / name) or not name.endswith('.safetensors'):
            raise CheckpointError(
                f'{index} names {shown(name)}, which is no safetensors file of the checkpoint: '
                'get the checkpoint from a source you trust')


def read_index(index: Path) -> dict[str, str]:
    """
    Return the file that holds each tensor, by the tensor's published name.

    :raises CheckpointError: when the index makes no sense
    """
    shards = read_json(index).get('weight_map')
    if not isinstance(shards, dict) or not shards or not all(
            isinstance(name, str) for name in shards.values()):
        raise CheckpointError(f'{index} has no weight_map of file names: copy it again')
    return shards
