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

"""The checkpoint that a bench measures: random weights of a shape, nano itself, or a directory."""

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamo_ros.models import Checkpoint


def add_checkpoint(command: argparse.ArgumentParser) -> None:
    """Add the options that say which checkpoint is measured."""
    from streamo_ros.bench.random_checkpoints import SHAPES
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        '--shape', default='nano', choices=SHAPES, help='of random weights, or nano itself')
    what.add_argument('--checkpoint', metavar='DIR', help='measure this one instead')


def measured_checkpoint(options: argparse.Namespace, backends: Iterable[str]) -> 'Checkpoint':
    """
    Return the checkpoint that the options say.

    :param backends: what it is to run on
    :raises CheckpointError: when there is none such, or a backend cannot run it
    """
    from streamo_ros.bench.random_checkpoints import random_checkpoint
    from streamo_ros.models import CheckpointError
    from streamo_ros.models import load_checkpoint
    if options.checkpoint:
        return load_checkpoint(options.checkpoint)
    for backend in backends:
        if options.shape != 'nano' and backend not in ('auto', 'onnxruntime'):
            raise CheckpointError(
                f'random weights are in no file for {backend} to read: give a checkpoint, or '
                '--backend onnxruntime')
    return random_checkpoint(options.shape)
