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

"""``streamo export --to tensorrt``: graphs, compared with torch, then engines beside them."""

from collections.abc import Callable
import importlib
from pathlib import Path
from typing import Any

from streamo_ros.engine.backends.tensorrt.build import build_engines
from streamo_ros.engine.backends.tensorrt.cuda import CudaDevice
from streamo_ros.engine.backends.tensorrt.cuda import Device
from streamo_ros.engine.backends.tensorrt.engine_shapes import shapes_of
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.manifest import Manifest
from streamo_ros.engine.graphs.onnx_export import Export
from streamo_ros.engine.graphs.onnx_export import export_onnx
from streamo_ros.models import Checkpoint
from streamo_ros.models import load_checkpoint


def export_tensorrt(
    checkpoint: Checkpoint, out: Path, *, precision: str = 'float16',
    camera: tuple[int, int] = (480, 640), window_turns: int | None = None, fps: float = 1.0,
    memory_tokens: int | None = None, tell: Callable[[str], None] = print,
    open_device: Callable[[], Device] = CudaDevice,
) -> tuple[Export, Manifest]:
    """
    Write a copy of a checkpoint's directory with engines for the GPU at hand.

    The graphs come first, and stay when no engine can be built.

    :param out: as ``export_onnx``
    :param window_turns: turns that stay in view; None takes what the checkpoint was trained on
    :param fps: ticks per second, which set the length of time tags
    :param memory_tokens: for what is remembered of answers; None takes what it was trained with
    :param open_device: opens the GPU
    :raises TensorRtError: when TensorRT or a GPU is missing, or an engine cannot be built
    """
    export = export_onnx(checkpoint, out, precision=precision, camera=camera, tell=tell)
    tell(f'the graphs are in {out}')
    trt = _tensorrt()
    device = open_device()
    written = load_checkpoint(out)
    manifest = build_engines(
        out, shapes_of(written, camera, window_turns, fps, memory_tokens), trt, device=device.name,
        capability=device.capability, progress=tell)
    return export, manifest


def _tensorrt() -> Any:
    for name in ('tensorrt', 'tensorrt_rtx'):
        try:
            return importlib.import_module(name)
        except (ImportError, OSError):
            continue
    raise TensorRtError(
        'TensorRT is not installed here: on a Jetson it comes with JetPack, elsewhere '
        '`pip install tensorrt`; engines are built on the machine that runs them')
