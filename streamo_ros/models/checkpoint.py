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
``streamo.json``: ``window_turns`` (what it was trained on), ``memory_tokens`` (likewise, 0 without
a memory of answers), ``response_threshold`` (chosen for it on validation streams) and ``frame``
(``size``, for vision towers that take any; ``pair``). The
names ``nano`` and ``small`` stand for the built-in checkpoints.

Whoever runs a checkpoint takes ``load_checkpoint``, the one entrance that looks at all of it;
``read_checkpoint`` is for directories without weights, or of which only the rest is needed.

A plain instruct model's directory has neither file; it can be used with ``zero_shot``. An export
remembers that in its ``streamo.json``.
"""

from dataclasses import dataclass
from functools import cached_property
import os
from pathlib import Path
from typing import Any

from PIL.Image import Resampling

from streamo_ros.dialogue import MAX_MEMORY_TOKENS
from streamo_ros.dialogue import zero_shot_chat
from streamo_ros.dialogue import ZERO_SHOT_PROMPT
from streamo_ros.models.config import DecoderConfig
from streamo_ros.models.config import read_config
from streamo_ros.models.config import VisionConfig
from streamo_ros.models.confined import confine
from streamo_ros.models.errors import CheckpointError
from streamo_ros.models.family import FAMILIES
from streamo_ros.models.frame import FrameSpec
from streamo_ros.models.json_file import Fields
from streamo_ros.models.json_file import is_there
from streamo_ros.models.json_file import read_json
from streamo_ros.models.json_file import read_text
from streamo_ros.models.packed import Layout
from streamo_ros.models.quantised import read_layout
from streamo_ros.models.tokenizer import StreamTokenizer
from streamo_ros.models.weights import Weights

NANO = Path(__file__).parent / 'nano'

# The authors' budget of visual tokens in a frame (train.sh: 3136 to 100352 pixels in 28x28 cells).
MIN_TOKENS, MAX_TOKENS = 4, 128
WINDOW_TURNS = 60

STREAMO, PROMPT = 'streamo.json', 'system_prompt.txt'
_MOST_TURNS = 100_000
_MOST_PROMPT_BYTES = 1 << 16
_MOST_PIXELS = 4096  # of a frame's side


@dataclass(frozen=True)
class Checkpoint:
    """
    Everything that running a model takes.

    :param response_threshold: the probability from which a Response is decided where the user
        gives none; 0: where it is the likeliest state
    :param memory_tokens: for the memory of answers that it was trained with; 0: with none
    :param layout: how matrices are stored where they are quantised
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
    memory_tokens: int = 0
    layout: Layout | None = None

    @property
    def bits(self) -> int:
        """Return the bits of the decoder's matrices where they are in our blocks; otherwise 0."""
        return self.layout.bits if self.layout else 0

    @cached_property
    def weights(self) -> Weights:
        """
        Return all tensors as float32, named ``visual.*``, ``decoder.*`` and ``head``.

        :raises CheckpointError: when no safetensors file is there or one cannot be read
        """
        return Weights(self.directory, self.layout)


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


def absolute_name(name: str) -> str:
    """Return a name or directory that means the same in every working directory."""
    return name if name in ('nano', 'small') else os.path.abspath(name)


def load_checkpoint(name: str | Path, *, zero_shot: bool = False) -> Checkpoint:
    """
    Return the checkpoint of a name or directory, whole and checked: what it holds can be run.

    :param name: ``nano``, ``small``, or a directory, from the working directory if relative
    :param zero_shot: take a model that was not trained for the protocol, and ask it in words
    :raises CheckpointError: with one sentence that names the file and the remedy
    """
    checkpoint = read_checkpoint(name, zero_shot=zero_shot)
    checkpoint.weights.check(checkpoint.decoder, checkpoint.vision)
    checkpoint.tokenizer.check_table(checkpoint.decoder.vocab)
    return checkpoint


def read_checkpoint(name: str | Path, *, zero_shot: bool = False) -> Checkpoint:
    """
    Return a checkpoint whose weights nobody has looked at, or that has none yet.

    :param name: as above
    :param zero_shot: as above
    :raises CheckpointError: as above
    """
    directory = checkpoint_directory(name)
    decoder, vision = read_config(directory)
    streamo = Fields(directory / STREAMO, read_streamo(directory))
    family = FAMILIES[vision.family]
    zero_shot = streamo.flag('zero_shot', False) or zero_shot
    tokenizer = StreamTokenizer(
        directory / 'tokenizer.json', zero_shot_chat(family.chat) if zero_shot else family.chat)
    if zero_shot and tokenizer.knows_states:
        raise CheckpointError(
            f"{directory} was trained for Streamo's protocol: watch with it without zero-shot")
    return Checkpoint(
        directory=directory,
        decoder=decoder,
        vision=vision,
        frame=_read_frame(directory, vision, streamo.inner('frame')),
        tokenizer=tokenizer,
        system_prompt=ZERO_SHOT_PROMPT if zero_shot else read_prompt(directory),
        window_turns=streamo.integer('window_turns', WINDOW_TURNS, most=_MOST_TURNS),
        zero_shot=zero_shot,
        response_threshold=streamo.number(
            'response_threshold', 0.0, above=-1e-9, most=1.0),
        memory_tokens=streamo.integer('memory_tokens', 0, least=0, most=MAX_MEMORY_TOKENS),
        layout=read_layout(directory))


def checkpoint_directory(name: str | Path) -> Path:
    """
    Return the directory of a checkpoint, which does not reach out of itself.

    :param name: as above
    :raises CheckpointError: when there is none, or it leads elsewhere
    """
    directory = named_directory(name)
    try:
        is_directory = directory.is_dir()
    except OSError as error:
        raise CheckpointError(
            f"{directory} cannot be read ({error.strerror or error}): give 'nano' or a "
            "checkpoint's directory") from error
    if str(name) == 'small' and not is_directory:
        raise CheckpointError(
            f'{directory} is not there: put small together first (`streamo assemble small`)')
    if not is_directory:
        is_gguf = directory.suffix.lower() == '.gguf'
        raise CheckpointError(
            f"{directory} is no directory: give 'nano' or a checkpoint's directory"
            + (' in safetensors, for GGUF files are not read' if is_gguf else ''))
    if directory != NANO:  # a build may have put links there itself
        confine(directory)
    return directory


def read_streamo(directory: Path) -> dict[str, Any]:
    """
    Return what a checkpoint's ``streamo.json`` says; nothing where there is none.

    :raises CheckpointError: when it cannot be read
    """
    file = directory / STREAMO
    return read_json(file) if is_there(file) else {}


def read_prompt(directory: Path) -> str:
    """
    Return the system prompt that a checkpoint was trained with.

    :raises CheckpointError: when it is missing, empty, too long or no text
    """
    file = directory / PROMPT
    if not is_there(file):
        raise CheckpointError(
            f'{file} is missing: put the system prompt that the checkpoint was trained with '
            'into that file, to the letter')
    prompt = read_text(file, _MOST_PROMPT_BYTES)
    if not prompt.strip() or '\0' in prompt:
        raise CheckpointError(
            f'{file} holds no text: put the system prompt that the checkpoint was trained with '
            'into that file, to the letter')
    return prompt


def _read_frame(directory: Path, vision: VisionConfig, own: Fields) -> FrameSpec:
    """
    Return how frames are prepared.

    :param own: what ``streamo.json`` says of it
    """
    processor, family = _read_processor(directory), FAMILIES[vision.family]
    # What the package does in any case; a processor that does otherwise has seen other pictures.
    processor.only(do_normalize=True, do_rescale=True)
    if abs(processor.number('rescale_factor', 1 / 255) * 255 - 1) > 1e-3:
        processor.refuse('rescale_factor', 'only 1 / 255 is supported: take another checkpoint')
    if vision.temporal_patch > 1:
        processor.only(patch_size=vision.patch, merge_size=vision.merge,
                       temporal_patch_size=vision.temporal_patch)
    size = own.integers('size', (), least=vision.cell, most=_MOST_PIXELS)
    if len(size) not in (0, 2):
        own.refuse('size', 'should be (height, width) in pixels: correct it, or leave it out')
    size = vision.image or size  # what is for towers that take any does not count for others
    pair = own.flag('pair', False)
    if pair and vision.temporal_patch < 2:
        own.refuse('pair', 'this vision tower takes one picture at a time: correct it')
    return FrameSpec(
        size=(size[0], size[1]) if size else None,
        min_pixels=MIN_TOKENS * vision.cell ** 2,
        max_pixels=MAX_TOKENS * vision.cell ** 2,
        mean=processor.numbers('image_mean', family.mean, 3, -1e-9, 1.0),
        std=processor.numbers('image_std', family.std, 3, 0.0, 10.0),
        resample=Resampling(processor.integer(
            'resample', int(family.resample), least=0, most=max(Resampling))),
        pair=pair)


def _read_processor(directory: Path) -> Fields:
    # transformers 5 writes the image processor's fields into the processor's file.
    own, shared = directory / 'preprocessor_config.json', directory / 'processor_config.json'
    if is_there(own):
        return Fields(own, read_json(own))
    return Fields(shared, read_json(shared) if is_there(shared) else {}).inner('image_processor')
