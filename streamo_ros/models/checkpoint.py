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
A checkpoint: a directory in Hugging Face's layout with safetensors, and nothing executable.

Beside the usual files it has ``system_prompt.txt``, the prompt it was trained with, and may have
``streamo.json``: ``window_turns`` (what it was trained on), ``response_threshold`` (chosen for it
on validation streams) and ``frame`` (``size``, for vision towers that take any; ``pair``). The
names ``nano`` and ``small`` stand for the built-in checkpoints.

A plain instruct model's directory has neither file; it can be used with ``zero_shot``. An export
remembers that in its ``streamo.json``.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
import os
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401 - gives numpy the bfloat16 that safetensors asks it for
import numpy as np
from numpy.typing import NDArray
from PIL.Image import Resampling
from safetensors import safe_open
from safetensors import SafetensorError

from streamo_ros.dialogue import zero_shot_chat
from streamo_ros.dialogue import ZERO_SHOT_PROMPT
from streamo_ros.models.config import CheckpointError
from streamo_ros.models.config import DecoderConfig
from streamo_ros.models.config import read_config
from streamo_ros.models.config import read_json
from streamo_ros.models.config import VisionConfig
from streamo_ros.models.confined import confine
from streamo_ros.models.confined import INDEX
from streamo_ros.models.family import FAMILIES
from streamo_ros.models.frame import FrameSpec
from streamo_ros.models.tokenizer import StreamTokenizer

NANO = Path(__file__).parent / 'nano'

# The authors' budget of visual tokens in a frame (train.sh: 3136 to 100352 pixels in 28x28 cells).
MIN_TOKENS, MAX_TOKENS = 4, 128
WINDOW_TURNS = 60


@dataclass(frozen=True)
class Checkpoint:
    """
    Everything that running a model takes.

    :param response_threshold: the probability from which a Response is decided where the user
        gives none; 0: where it is the likeliest state
    """

    directory: Path
    decoder: DecoderConfig
    vision: VisionConfig
    frame: FrameSpec
    tokenizer: StreamTokenizer
    system_prompt: str
    window_turns: int
    zero_shot: bool
    response_threshold: float = 0.0

    @cached_property
    def weights(self) -> Mapping[str, NDArray[np.float32]]:
        """
        Return all tensors as float32, named ``visual.*``, ``decoder.*`` and ``head``.

        :raises CheckpointError: when no safetensors file is there or one cannot be read
        """
        return _read_weights(self.directory)


def small_directory() -> Path:
    """Return where ``small`` is put together, and looked for, of this user."""
    data = os.environ.get('XDG_DATA_HOME') or Path.home() / '.local' / 'share'
    return Path(data) / 'streamo_ros' / 'small'


def named_directory(name: str | Path) -> Path:
    """Return the directory of a name or directory."""
    match str(name):
        case 'nano':
            return NANO
        case 'small':
            return small_directory()
    return Path(name)


def load_checkpoint(name: str | Path, *, zero_shot: bool = False) -> Checkpoint:
    """
    Return the checkpoint of a name or directory.

    :param name: ``nano``, ``small``, or a directory, from the working directory if relative
    :param zero_shot: take a model that was not trained for the protocol, and ask it in words
    :raises CheckpointError: with one sentence that names the file and the remedy
    """
    directory = named_directory(name)
    if str(name) == 'small' and not directory.is_dir():
        raise CheckpointError(
            f'{directory} is not there: put small together first (`streamo assemble small`)')
    if not directory.is_dir():
        raise CheckpointError(
            f"{directory} is no directory: give 'nano' or a checkpoint's directory")
    if directory != NANO:  # a build may have put links there itself
        confine(directory)
    decoder, vision = read_config(directory)
    extra = directory / 'streamo.json'
    streamo = read_json(extra) if extra.is_file() else {}
    family = FAMILIES[vision.family]
    zero_shot = zero_shot or bool(streamo.get('zero_shot', False))
    tokenizer = StreamTokenizer(
        directory / 'tokenizer.json', zero_shot_chat(family.chat) if zero_shot else family.chat)
    if zero_shot and tokenizer.knows_states:
        raise CheckpointError(
            f"{directory} was trained for Streamo's protocol: watch with it without zero-shot")
    prompt = ZERO_SHOT_PROMPT if zero_shot else _read_prompt(directory / 'system_prompt.txt')
    processor = _read_processor(directory)
    frame = streamo.get('frame', {})
    size = vision.image or frame.get('size')
    return Checkpoint(
        directory=directory,
        decoder=decoder,
        vision=vision,
        frame=FrameSpec(
            size=(int(size[0]), int(size[1])) if size else None,
            min_pixels=MIN_TOKENS * vision.cell ** 2,
            max_pixels=MAX_TOKENS * vision.cell ** 2,
            mean=tuple(processor.get('image_mean', family.mean)),
            std=tuple(processor.get('image_std', family.std)),
            resample=Resampling(processor.get('resample', family.resample)),
            pair=bool(frame.get('pair', False))),
        tokenizer=tokenizer,
        system_prompt=prompt,
        window_turns=int(streamo.get('window_turns', WINDOW_TURNS)),
        zero_shot=zero_shot,
        response_threshold=_read_threshold(extra, streamo))


def _read_threshold(file: Path, streamo: Mapping[str, Any]) -> float:
    value = streamo.get('response_threshold', 0.0)
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise CheckpointError(f'{file} says response_threshold {value!r}: it must be 0 to 1')
    return float(value)


def _read_prompt(file: Path) -> str:
    if not file.is_file():
        raise CheckpointError(
            f'{file} is missing: put the system prompt that the checkpoint was trained with '
            'into that file, to the letter')
    return file.read_text(encoding='utf-8')


def _read_processor(directory: Path) -> dict[str, Any]:
    # transformers 5 writes the image processor's fields into the processor's file.
    own, shared = directory / 'preprocessor_config.json', directory / 'processor_config.json'
    if own.is_file():
        return read_json(own)
    return dict(read_json(shared).get('image_processor', {})) if shared.is_file() else {}


class _Weights(Mapping[str, NDArray[np.float32]]):
    """
    Tensors by name, as float32; a missing one is an error that says what to do.

    They are held as they are stored, mostly in half the bytes, and widened at each access.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stored: dict[str, NDArray[Any]] = {}

    def put(self, name: str, tensor: NDArray[Any]) -> None:
        """Add a tensor."""
        self._stored[name] = tensor

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """Return a tensor."""
        if name not in self._stored:
            raise CheckpointError(
                f'{self._directory} has no tensor {name!r}: its safetensors are not all there, or '
                'are of another model than its config.json; copy the checkpoint again')
        return self._stored[name].astype(np.float32)

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a tensor."""
        return name in self._stored

    def __iter__(self) -> Iterator[str]:
        """Return the names."""
        return iter(self._stored)

    def __len__(self) -> int:
        """Return how many tensors there are."""
        return len(self._stored)


def _read_weights(directory: Path) -> _Weights:
    files = sorted(directory.glob('*.safetensors'))
    if not files:
        raise CheckpointError(
            f'{directory} has no *.safetensors: pickled weights are not read; save the model '
            'with safetensors')
    index = directory / INDEX
    if index.is_file():
        files = sorted({directory / name for name in read_json(index)['weight_map'].values()})
    weights = _Weights(directory)
    for file in files:
        if not file.is_file():
            raise CheckpointError(f'{file} is missing: copy all files of the checkpoint')
        try:
            with safe_open(str(file), framework='numpy') as tensors:
                for name in tensors.keys():
                    weights.put(_plain_name(name), tensors.get_tensor(name))
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f'{file} cannot be read as safetensors ({error})') from error
    return weights


# Prefixes of tensor names, and what they are called here; the first that fits counts.
_PARTS = {
    'language_model.lm_head.weight': 'head',
    'language_model.model.': 'decoder.',
    'language_model.': 'decoder.',
    'text_model.': 'decoder.',
    'lm_head.weight': 'head',
    'visual.': 'visual.',
    'vision_tower.': 'visual.',
    'vision_model.': 'visual.',
    'multi_modal_projector.': 'visual.projector.',
    'connector.': 'visual.connector.',
    '': 'decoder.',
}


def _plain_name(name: str) -> str:
    # Names come as first published, as transformers 5 writes them, and without `model.`.
    name = name.removeprefix('model.')
    part = next(part for part in _PARTS if name.startswith(part))
    return _PARTS[part] + name.removeprefix(part)
