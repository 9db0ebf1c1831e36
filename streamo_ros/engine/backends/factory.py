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
Which backend runs a checkpoint.

Each is imported only when it is chosen, so that TensorRT runs without ONNX Runtime and torch, and
a package that is missing is named when it is needed.
"""

from pathlib import Path

from streamo_ros.engine.backends.base import Backend
from streamo_ros.engine.backends.tensorrt.manifest import MANIFEST
from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError

BACKENDS = ('auto', 'onnxruntime', 'torch', 'tensorrt')


def new_backend(name: str, checkpoint: Checkpoint, threads: int = 0) -> Backend:
    """
    Return what runs a checkpoint.

    :param name: one of ``BACKENDS``; ``auto`` takes TensorRT for a directory that holds engines,
        ONNX Runtime otherwise
    :param threads: of a processor that it computes with; 0 takes all that the process was given
    :raises CheckpointError: when it cannot run here
    """
    if name not in BACKENDS:
        raise ValueError(f'backend {name!r} is not one of {", ".join(BACKENDS)}')
    if name == 'auto':
        name = 'tensorrt' if holds_engines(checkpoint.directory) else 'onnxruntime'
    if name == 'tensorrt':
        from streamo_ros.engine.backends.tensorrt.backend import TensorRtBackend
        return TensorRtBackend(checkpoint)
    if name == 'torch':
        try:
            from streamo_ros.engine.backends.torch import TorchBackend
        except ImportError as error:
            raise CheckpointError(
                f'the torch backend needs torch and transformers ({error}): install them, or '
                'choose onnxruntime') from error
        return TorchBackend(checkpoint, threads=threads)
    try:
        from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
    except ImportError as error:
        raise CheckpointError(
            f'the onnxruntime backend needs onnx and onnxruntime ({error}): install them with '
            '`pip install onnx onnxruntime`, or choose another backend') from error
    return OnnxRuntimeBackend(checkpoint, threads)


def holds_engines(directory: Path) -> bool:
    """Say whether there are TensorRT engines in a checkpoint's directory."""
    return (directory / MANIFEST).is_file()
