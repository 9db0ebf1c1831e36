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
What engines were built from and for, as ``manifest.json`` beside them.

An engine runs only with the TensorRT and on the GPU that it was built with, and the engine itself
does not show that the weights or the window have changed since: its manifest does, and a stale
engine is refused.
"""

from dataclasses import asdict
from dataclasses import dataclass
import json
from pathlib import Path
import shlex
from typing import Any
from typing import NoReturn

from streamo_ros.engine.backends.tensorrt.engine_shapes import EngineShapes
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.models.digest import files_digest
from streamo_ros.models.json_file import read_json

EMBEDDINGS = 'embed_tokens.npy'
ENGINES = ('vision', 'step', 'words')
FLAVOURS = ('tensorrt', 'tensorrt_rtx')
MANIFEST = 'manifest.json'
# Fields of ``EngineShapes`` that have another name in the file
_FIELDS = {'max_batch': 'places'}


@dataclass(frozen=True)
class Manifest:
    """
    What a directory of engines is.

    :param flavour: the TensorRT module they were built with, one of ``FLAVOURS``
    :param version: of that module
    :param device: the GPU's name; empty when built for any of a capability
    :param capability: compute capability, (major, minor)
    :param precision: one of ``PRECISIONS``, of weights and cache
    :param in_place: the step writes keys and values into the ring itself
    :param weights: SHA-256 over the checkpoint's safetensors files
    :param seconds: what each engine took to build
    :param sizes: bytes of each engine
    """

    flavour: str
    version: str
    device: str
    capability: tuple[int, int]
    precision: str
    in_place: bool
    shapes: EngineShapes
    weights: str
    seconds: dict[str, float]
    sizes: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return it as the file holds it."""
        fields = asdict(self)
        shapes = fields['shapes']
        fields['shapes'] = {_FIELDS.get(name, name): value for name, value in shapes.items()}
        return fields

    def write(self, directory: Path) -> None:
        """Write it beside the engines."""
        text = json.dumps(self.to_json(), indent=2)
        (directory / MANIFEST).write_text(text + '\n', encoding='utf-8')

    def check(
        self, directory: Path, *, version: str, device: str, capability: tuple[int, int],
    ) -> None:
        """
        Refuse engines that do not fit what runs them now.

        :param version: of the TensorRT module at hand
        :param device: name of the GPU at hand
        :param capability: its compute capability
        :raises TensorRtError: naming what differs and the command that rebuilds
        """
        if version != self.version:
            self.refuse(
                directory, f'were built with TensorRT {self.version}, and this is {version}')
        if capability != self.capability or self.device not in ('', device):
            self.refuse(
                directory,
                f'were built for {self.device or "a GPU"} of compute capability '
                f'{_dotted(self.capability)}, and this is {device} of {_dotted(capability)}')
        if weights_digest(directory) != self.weights:
            self.refuse(directory, 'were built from other weights than its safetensors hold now')

    def check_cache(
        self, directory: Path, max_batch: int, sink_rows: int, ring_rows: int
    ) -> None:
        """
        Refuse engines whose cache has other rows than a stream engine asks for.

        :raises TensorRtError: as ``check``
        """
        shapes = self.shapes
        if (max_batch, sink_rows) != (shapes.max_batch, shapes.sink_rows):
            self.refuse(
                directory, f'hold {shapes.max_batch} instructions of {shapes.sink_rows} rows, and '
                f'{max_batch} of {sink_rows} are asked for, with another memory of answers',
                memory='TOKENS')
        if ring_rows != shapes.ring_rows:
            turns, rest = divmod(ring_rows, shapes.chunk)
            window = turns - shapes.ring_rows // shapes.chunk + shapes.window_turns
            difference = (f'hold a window of {shapes.window_turns} turns of {shapes.chunk} rows, '
                          f'and {ring_rows} rows are asked for')
            if not rest and window > 0:
                self.refuse(directory, difference, window=window)
            self.refuse(
                directory, f'{difference}, for frames of another size or ticks at another rate',
                camera='WIDTHxHEIGHT', fps='FPS')

    def check_grid(self, directory: Path, grid: tuple[int, int]) -> None:
        """
        Refuse engines for frames of another size.

        :param grid: (rows, columns) of visual tokens at hand
        :raises TensorRtError: as ``check``
        """
        shapes = self.shapes
        if grid != shapes.grid:
            cell = shapes.frame[0] // shapes.grid[0]
            frame = (grid[0] * cell, grid[1] * cell)
            self.refuse(
                directory, f'see frames of {_crossed(shapes.frame)} pixels, and these are of '
                f'{_crossed(frame)}', camera=_crossed(frame))

    def refuse(
        self, directory: Path, difference: str, *, window: int | None = None,
        camera: str | None = None, fps: str | None = None, memory: str | None = None,
    ) -> NoReturn:
        """Raise the error of stale engines, with the command that makes fitting ones."""
        shapes = self.shapes
        raise TensorRtError(f'the engines in {directory} {difference}: ' + export_command(
            directory, '--precision', self.precision,
            '--window', str(window or shapes.window_turns),
            '--camera', camera or _crossed(shapes.frame), '--fps', fps or f'{shapes.fps:g}',
            *(('--memory', memory) if memory else ())))


def read_manifest(directory: Path) -> Manifest:
    """
    Return the manifest of a directory of engines.

    :raises TensorRtError: when it has none, or one of another version of this package
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise TensorRtError(
            f'{directory} holds no TensorRT engines: {export_command(directory)}')
    try:
        fields = read_json(path)
        if fields['flavour'] not in FLAVOURS:
            raise ValueError(f'no TensorRT is called {fields["flavour"]!r}')
        shapes = fields.pop('shapes')
        for name, written in _FIELDS.items():
            shapes[name] = shapes.pop(written)
        for name in ('frame', 'grid'):
            shapes[name] = tuple(shapes[name])
        major, minor = fields.pop('capability')
        return Manifest(**fields, capability=(major, minor), shapes=EngineShapes(**shapes))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TensorRtError(
            f'{path} cannot be read ({error}): {export_command(directory)}') from error


def export_command(directory: Path, *options: str) -> str:
    """Return the part of a sentence that says how to build a checkpoint's engines."""
    command = ('streamo', 'export', str(directory), '--to', 'tensorrt', '--out',
               f'{directory}-new', *options)
    return f'build them here with `{shlex.join(command)}`'


def weights_digest(directory: Path) -> str:
    """Return the SHA-256, in hexadecimal, over a checkpoint's safetensors files, by name."""
    return files_digest(sorted(directory.glob('*.safetensors')))


def _dotted(capability: tuple[int, int]) -> str:
    return '.'.join(map(str, capability))


def _crossed(frame: tuple[int, ...]) -> str:
    height, width = frame
    return f'{width}x{height}'
