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

"""What `streamo export` leaves in a directory, on which engines are built."""

from pathlib import Path
import shutil

import onnx
from onnx import ModelProto

from streamo_ros.engine.backends.tensorrt.engine_shapes import EngineShapes
from streamo_ros.engine.backends.tensorrt.engine_shapes import shapes_of
from streamo_ros.engine.graphs.lm_head import lm_head_graph
from streamo_ros.engine.graphs.step import step_graph
from streamo_ros.engine.graphs.vision import vision_graph
from streamo_ros.models import load_checkpoint


def save(model: ModelProto, path: Path) -> None:
    onnx.save(model, path, save_as_external_data=True, location=f'{path.name}.data')


def export(
    source: Path, target: Path, frame: tuple[int, int], *, window_turns: int,
    precision: str = 'float32', memory_tokens: int | None = None,
) -> EngineShapes:
    """Copy a checkpoint, write its graphs beside it, and return the shapes to build for."""
    shutil.copytree(source, target)
    checkpoint = load_checkpoint(target)
    shapes = shapes_of(checkpoint, frame, window_turns, memory_tokens=memory_tokens)
    weights = checkpoint.weights
    save(vision_graph(checkpoint.vision, checkpoint.frame, weights, shapes.grid, precision),
         target / 'vision.onnx')
    save(step_graph(checkpoint.decoder, weights, checkpoint.tokenizer.state_ids,
                    precision=precision),
         target / 'step.onnx')
    save(lm_head_graph(weights, precision), target / 'words.onnx')
    return shapes
