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
A checkpoint is a directory in Hugging Face's layout with safetensors, and nothing executable.

Beside the usual files it holds ``system_prompt.txt``, the prompt it was trained with, and may
hold ``streamo.json``: ``window_turns`` (what it was trained on) and ``frame`` (``size``,
``pair``). The name ``nano`` stands for the built-in one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors import SafetensorError

from streamo_ros.models.config import CheckpointError
from streamo_ros.models.config import DecoderConfig
from streamo_ros.models.config import read_config
from streamo_ros.models.config import read_json
from streamo_ros.models.config import VisionConfig
from streamo_ros.models.frame import FrameSpec
from streamo_ros.models.tokenizer import StreamTokenizer

NANO = Path(__file__).parent / 'nano'

# The authors' budget, 4 to 128 visual tokens (train.sh: MIN_PIXELS, MAX_PIXELS).
MIN_PIXELS, MAX_PIXELS = 3136, 100352
# The normalisation of CLIP, which Qwen2.5-VL's processor uses when its file says nothing.
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
WINDOW_TURNS = 60


@dataclass(frozen=True)
class Checkpoint:
    """Everything that running a model takes."""

    directory: Path
    decoder: DecoderConfig
    vision: VisionConfig
    frame: FrameSpec
    tokenizer: StreamTokenizer
    system_prompt: str
    window_turns: int

    @cached_property
    def weights(self) -> Mapping[str, NDArray[np.float32]]:
        """
        Return all tensors as float32, named ``visual.*``, ``decoder.*`` and ``head``.

        :raises CheckpointError: when no safetensors file is there or one cannot be read
        """
        return _read_weights(self.directory)


def load_checkpoint(name: str | Path) -> Checkpoint:
    """
    Return the checkpoint of a name or directory.

    :param name: ``nano``, or a directory; a relative one is taken from the working directory
    :raises CheckpointError: with one sentence that names the file and the remedy
    """
    directory = NANO if str(name) == 'nano' else Path(name)
    if not directory.is_dir():
        raise CheckpointError(
            f"{directory} is no directory: give 'nano' or a checkpoint's directory")
    decoder, vision = read_config(directory)
    prompt = directory / 'system_prompt.txt'
    if not prompt.is_file():
        raise CheckpointError(
            f'{prompt} is missing: put the system prompt that the checkpoint was trained with '
            'into that file, to the letter')
    extra = directory / 'streamo.json'
    streamo = read_json(extra) if extra.is_file() else {}
    processor_file = directory / 'preprocessor_config.json'
    processor = read_json(processor_file) if processor_file.is_file() else {}
    frame = streamo.get('frame', {})
    size = frame.get('size')
    return Checkpoint(
        directory=directory,
        decoder=decoder,
        vision=vision,
        frame=FrameSpec(
            size=(int(size[0]), int(size[1])) if size else None,
            min_pixels=MIN_PIXELS,
            max_pixels=MAX_PIXELS,
            mean=tuple(processor.get('image_mean', MEAN)),
            std=tuple(processor.get('image_std', STD)),
            pair=bool(frame.get('pair', False))),
        tokenizer=StreamTokenizer(directory / 'tokenizer.json'),
        system_prompt=prompt.read_text(encoding='utf-8'),
        window_turns=int(streamo.get('window_turns', WINDOW_TURNS)))


def _read_weights(directory: Path) -> dict[str, NDArray[np.float32]]:
    files = sorted(directory.glob('*.safetensors'))
    if not files:
        raise CheckpointError(
            f'{directory} has no *.safetensors: pickled weights are not read; save the model '
            'with safetensors')
    weights: dict[str, NDArray[np.float32]] = {}
    for file in files:
        try:
            # torch-free reading of bfloat16 needs the names that ml_dtypes registers in numpy.
            with safe_open(str(file), framework='numpy') as tensors:
                for name in tensors.keys():
                    tensor = tensors.get_tensor(name)
                    weights[_plain_name(name)] = tensor.astype(np.float32)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f'{file} cannot be read as safetensors ({error})') from error
    return weights


def _plain_name(name: str) -> str:
    # Three spellings are about: as published, as transformers 5 holds it, and without `model.`.
    name = name.removeprefix('model.')
    if name.startswith('visual.'):
        return name
    if name.startswith('lm_head.'):
        return 'head'
    return 'decoder.' + name.removeprefix('language_model.').removeprefix('model.')
