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
"""The directory that fine-tuning writes, a checkpoint that ``StreamEngine`` loads."""

import json
from pathlib import Path
import re
import shutil

from safetensors.torch import load_file
from safetensors.torch import save_file
from tokenizers import AddedToken
import torch

from streamo_ros.dialogue import STATE_TOKENS
from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError
from streamo_ros.models import read_checkpoint
from streamo_ros.models.checkpoint import checkpoint_directory
from streamo_ros.models.checkpoint import PROMPT
from streamo_ros.models.checkpoint import read_prompt
from streamo_ros.models.checkpoint import read_streamo
from streamo_ros.models.checkpoint import STREAMO
from streamo_ros.models.config import read_config
from streamo_ros.models.json_file import is_there
from streamo_ros.models.tokenizer import open_tokenizer
from streamo_ros.models.weights import Weights

# The files beside the weights in Hugging Face's layout; of tokenizers only tokenizer.json is read.
_BESIDE = (
    'config.json', 'generation_config.json', 'preprocessor_config.json', 'processor_config.json',
    'video_preprocessor_config.json', 'tokenizer_config.json', 'chat_template.jinja',
    'chat_template.json', 'streamo.json')


def source_directory(name: str | Path) -> Path:
    """
    Return the directory of a checkpoint that can be trained: its weights are all there.

    It may be a plain instruct model, which has neither the states' tokens nor a prompt.

    :param name: ``nano`` or a directory
    :raises CheckpointError: when it holds none, or one that cannot be run
    """
    directory = checkpoint_directory(name)
    Weights(directory).check(*read_config(directory))
    open_tokenizer(directory / 'tokenizer.json')
    read_streamo(directory)
    return directory


def begin_checkpoint(
    source: Path, out: Path, system_prompt: str | None, window_turns: int | None,
    memory_tokens: int | None = None,
) -> Checkpoint:
    """
    Write all files of the new checkpoint but the weights.

    State tokens that the tokenizer lacks are added to it as special tokens.

    :param system_prompt: None takes the source's own
    :param window_turns: None keeps that of the source
    :param memory_tokens: for the memory of answers; None keeps those of the source
    :raises CheckpointError: when the source lacks a file or its family is not supported
    """
    out.mkdir(parents=True, exist_ok=True)
    if out.samefile(source):
        raise CheckpointError(f'{out} is the checkpoint that is trained: give another directory')
    tokenizer = open_tokenizer(source / 'tokenizer.json')
    streamo = read_streamo(source)
    if system_prompt is None:
        if not is_there(source / PROMPT):
            raise CheckpointError(
                f'{source / PROMPT} is missing and the data has no system message: put the prompt '
                'to train with into either')
        system_prompt = read_prompt(source)
    for name in _BESIDE:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
    tokenizer.add_special_tokens([
        AddedToken(token, special=True, normalized=False) for token in STATE_TOKENS])
    tokenizer.save(str(out / 'tokenizer.json'))
    (out / PROMPT).write_text(system_prompt, encoding='utf-8')
    given = {name: value for name, value in (
        ('window_turns', window_turns), ('memory_tokens', memory_tokens)) if value is not None}
    if given:
        (out / STREAMO).write_text(
            json.dumps({**streamo, **given}, indent=2) + '\n', encoding='utf-8')
    return read_checkpoint(out)


def finish_checkpoint(saved: Path, out: Path, dtype: torch.dtype) -> None:
    """
    Move weights and their configuration into the new checkpoint.

    :param saved: the directory that ``save_pretrained`` wrote; it is removed
    :param dtype: that the weights are stored in
    """
    for file in saved.glob('*.safetensors'):
        tensors = load_file(file)
        save_file(
            {name: tensor.to(dtype) if tensor.is_floating_point() else tensor
             for name, tensor in tensors.items()}, file, metadata={'format': 'pt'})
    config = saved / 'config.json'
    config.write_text(re.sub(
        r'"dtype": "\w+"', f'"dtype": "{str(dtype).removeprefix("torch.")}"',
        config.read_text(encoding='utf-8')), encoding='utf-8')
    for file in [config, *saved.glob('*.safetensors'), *saved.glob('*.safetensors.index.json')]:
        file.replace(out / file.name)
    shutil.rmtree(saved)
