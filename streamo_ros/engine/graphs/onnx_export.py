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
``streamo export``: a copy of a checkpoint with its networks as ONNX files.

The files are run at once, and their outputs compared with those of Hugging Face's own modules; on
a robot without torch, with those of ONNX Runtime in float32, as the default backend runs it. Where
a reference of the whole model would not fit beside it, two layers of each network stand for all.

Weights go to their file one by one: what is held is the largest of them, not the model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import replace
import json
import os
from pathlib import Path
import shutil
import tempfile
from types import MappingProxyType
from typing import Any
from typing import BinaryIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
import onnx

from streamo_ros.engine.backends.base import Floats
from streamo_ros.engine.backends.base import step_feeds
from streamo_ros.engine.backends.base import StepInputs
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.backends.silent_onnxruntime import ort
from streamo_ros.engine.backends.silent_onnxruntime import session_options
from streamo_ros.engine.footprint import footprint
from streamo_ros.engine.footprint import GIB
from streamo_ros.engine.footprint import memory_here
from streamo_ros.engine.graphs.builder import inline
from streamo_ros.engine.graphs.builder import Store
from streamo_ros.engine.graphs.lm_head import lm_head_graph
from streamo_ros.engine.graphs.step import step_graph
from streamo_ros.engine.graphs.unrounded import NARROW_TYPES
from streamo_ros.engine.graphs.unrounded import unrounded
from streamo_ros.engine.graphs.vision import vision_graph
from streamo_ros.engine.precision import PRECISIONS
from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError
from streamo_ros.models.json_file import read_json
from streamo_ros.output import OutputError
from streamo_ros.output import OutputFolder

if TYPE_CHECKING:
    from streamo_ros.engine.backends.torch import TorchBackend

GRAPHS = ('vision', 'step', 'words')

# Of the largest output. Half precision has about three digits; errors add up over layers.
TOLERANCES = {'float32': 1e-4, 'float16': 3e-2, 'bfloat16': 6e-2}

_CHECKPOINT_FILES = (
    'config.json', 'tokenizer.json', 'system_prompt.txt', 'streamo.json',
    'preprocessor_config.json', 'processor_config.json', 'model.safetensors.index.json',
    '*.safetensors')
_SINK_ROWS, _RING_ROWS, _CHUNK = 24, 96, 40
_INLINE_BYTES, _ALIGNMENT = 1024, 4096
_FEW_LAYERS = 2
_REFERENCE_SHARE = 0.4  # of free memory: the graph that is compared needs as much again


class ExportError(CheckpointError):
    """An export that cannot be made, or does not compute what the checkpoint computes."""


@dataclass(frozen=True)
class Export:
    """
    What was written.

    :param megabytes: of each graph, weights included
    :param differences: largest difference of each graph's outputs from the reference, as a share
        of the largest value. ONNX Runtime cannot multiply in bfloat16 on a CPU: a graph in
        bfloat16 is compared with its weights as written and the arithmetic in float32
    """

    grid: tuple[int, int]
    precision: str
    megabytes: dict[str, float]
    differences: dict[str, float]


def export_onnx(
    checkpoint: Checkpoint, out: Path, *, precision: str = 'float32',
    camera: tuple[int, int] = (480, 640), tell: Callable[[str], None] = print,
) -> Export:
    """
    Write a copy of a checkpoint with ``vision.onnx``, ``step.onnx`` and ``words.onnx``.

    :param out: must not exist, or be empty, or hold an earlier export
    :param precision: one of ``PRECISIONS``
    :param camera: (height, width) of the camera's frames; fixes the number of visual tokens
    :param tell: takes a line at each stage
    :raises ExportError: when a graph does not compute what the reference does; nothing is left
        behind
    :raises OutputError: when ``out`` holds something else or cannot be written
    """
    try:
        return _export(checkpoint, out, precision, camera, tell)
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(f'{out} cannot be written ({error}): give another directory') from error


def _export(
    checkpoint: Checkpoint, out: Path, precision: str, camera: tuple[int, int],
    tell: Callable[[str], None],
) -> Export:
    rows, columns = (
        side // checkpoint.vision.cell
        for side in checkpoint.frame.target(*camera, checkpoint.vision.cell))
    with OutputFolder(out, 'export'), \
            tempfile.TemporaryDirectory(dir=out.parent, prefix='.export-') as name:
        directory = Path(name) / 'checkpoint'
        directory.mkdir()
        for pattern in _CHECKPOINT_FILES:
            for file in checkpoint.directory.glob(pattern):
                shutil.copy2(file, directory)
        if checkpoint.zero_shot:
            _remember_zero_shot(directory / 'streamo.json')
        megabytes = {}
        for graph in GRAPHS:
            tell(f'writing {graph}.onnx in {precision}')
            megabytes[graph] = _write(checkpoint, graph, (rows, columns), precision, directory)
        differences = _verify(checkpoint, directory, (rows, columns), precision, tell)
        for file in sorted(directory.iterdir()):
            os.replace(file, out / file.name)
    return Export((rows, columns), precision, megabytes, differences)


def _remember_zero_shot(file: Path) -> None:
    said = read_json(file) if file.is_file() else {}
    file.write_text(json.dumps({**said, 'zero_shot': True}, indent=2) + '\n', encoding='utf-8')


def _model(
    checkpoint: Checkpoint, graph: str, grid: tuple[int, int], precision: str, store: Store
) -> onnx.ModelProto:
    if graph == 'vision':
        return vision_graph(
            checkpoint.vision, checkpoint.frame, checkpoint.weights, grid, precision, store)
    if graph == 'words':
        return lm_head_graph(checkpoint.weights, precision, store)
    return step_graph(
        checkpoint.decoder, checkpoint.weights, checkpoint.tokenizer.state_ids,
        precision=precision, store=store)


def _write(
    checkpoint: Checkpoint, graph: str, grid: tuple[int, int], precision: str, directory: Path
) -> float:
    """Write a graph and, beside it, its weights; return its megabytes."""
    with (directory / f'{graph}.onnx.data').open('wb') as data:
        model = _model(checkpoint, graph, grid, precision, _file_store(data))
    onnx.save_model(model, directory / f'{graph}.onnx')
    size = 0
    for file in directory.glob(f'{graph}.onnx*'):
        file.chmod(0o644)
        size += file.stat().st_size
    return round(size / 1e6, 3)


def _file_store(data: BinaryIO) -> Store:
    """Return what writes large constants into a file as they come."""
    def store(name: str, value: NDArray[np.generic]) -> onnx.TensorProto:
        if value.nbytes <= _INLINE_BYTES:
            return inline(name, value)
        data.write(bytes(-data.tell() % _ALIGNMENT))
        begin = data.tell()
        kind = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        if kind in (onnx.TensorProto.INT4, onnx.TensorProto.FLOAT4E2M1):  # two in a byte
            data.write(inline(name, value).raw_data)
        else:
            data.write(value.view(np.uint8).data)
        tensor = onnx.TensorProto(
            name=name, dims=value.shape, data_type=kind,
            data_location=onnx.TensorProto.EXTERNAL)
        for key, entry in (
                ('location', Path(data.name).name), ('offset', begin),
                ('length', data.tell() - begin)):
            tensor.external_data.add(key=key, value=str(entry))
        return tensor
    return store


def _verify(
    checkpoint: Checkpoint, directory: Path, grid: tuple[int, int], precision: str,
    tell: Callable[[str], None],
) -> dict[str, float]:
    """Return how far each written graph is from a reference; a graph too far off is an error."""
    whole = footprint(checkpoint, bits=0).peak_bytes
    free = _REFERENCE_SHARE * memory_here()[1]
    if whole > free and checkpoint.decoder.layers > _FEW_LAYERS:
        tell(f'a reference of all layers takes {whole / GIB:.1f} GiB, and {free / GIB:.1f} may be '
             f'used: {_FEW_LAYERS} layers of each network are compared')
        few = _first_layers(checkpoint)
        with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
            for graph in GRAPHS:
                _write(few, graph, grid, precision, Path(scratch))
            return _compared(
                few, Path(scratch), grid, precision, tell, 'ONNX Runtime',
                OnnxRuntimeBackend(_in_floats(few)))
    return _compared(checkpoint, directory, grid, precision, tell, *_reference(checkpoint))


def _first_layers(checkpoint: Checkpoint) -> Checkpoint:
    """Return the same with the first layers of each network alone."""
    vision = replace(
        checkpoint.vision, layers=min(_FEW_LAYERS, checkpoint.vision.layers),
        full_attention=(1,) if checkpoint.vision.full_attention else (), deepstack=())
    return replace(
        checkpoint, vision=vision,
        decoder=replace(checkpoint.decoder, layers=_FEW_LAYERS, deepstack=0))


def _compared(
    checkpoint: Checkpoint, directory: Path, grid: tuple[int, int], precision: str,
    tell: Callable[[str], None], name: str, reference: 'TorchBackend | OnnxRuntimeBackend',
) -> dict[str, float]:
    tell(f'verifying against {name}' + (
        ', with weights as written but arithmetic in float32: ONNX Runtime does not multiply in '
        'bfloat16 on a processor' if precision == 'bfloat16' else ''))
    random = np.random.default_rng(0)
    vision, decoder = checkpoint.vision, checkpoint.decoder
    patches = random.integers(0, 256, (
        grid[0] * grid[1] * vision.merge ** 2,
        vision.temporal_patch * vision.patch ** 2 * vision.channels), np.uint8)
    hidden = random.standard_normal((2, decoder.hidden), np.float32)
    differences = {
        'vision': _difference(
            _run(directory, 'vision', ['tokens'], {'patches': patches}),
            [reference.encode_image(patches, grid)]),
        'words': _difference(
            _run(directory, 'words', ['logits'], {'hidden': hidden}),
            [reference.compute_logits(hidden)]),
        'step': _largest([
            _step_difference(checkpoint, directory, reference, chunk, precision, random)
            for chunk in (_CHUNK, 1)]),
    }
    for graph, difference in differences.items():
        tell(f'{graph}.onnx differs from {name} by {difference:.1e} of its largest value')
        if not difference <= TOLERANCES[precision]:
            raise ExportError(
                f'{graph}.onnx differs from {name} by {difference:.1e}, more than '
                f'{TOLERANCES[precision]:.0e}: do not use it, and report this checkpoint')
    return differences


def _reference(checkpoint: Checkpoint) -> 'tuple[str, TorchBackend | OnnxRuntimeBackend]':
    """Return what graphs are compared with, and its name."""
    try:
        from streamo_ros.engine.backends.torch import TorchBackend
    except ImportError:
        return 'ONNX Runtime (torch and transformers are not installed)', OnnxRuntimeBackend(
            _in_floats(checkpoint))
    return 'torch', TorchBackend(checkpoint, device='cpu')


def _in_floats(checkpoint: Checkpoint) -> Checkpoint:
    """Return the same with quantised matrices as floats: no activation is rounded then."""
    same = replace(checkpoint)
    same.__dict__['weights'] = MappingProxyType(checkpoint.weights)
    return same


def _step_difference(
    checkpoint: Checkpoint, directory: Path, reference: 'TorchBackend | OnnxRuntimeBackend',
    chunk: int, precision: str, random: np.random.Generator,
) -> float:
    """Run one chunk over a cache of noise, half of it masked, in both."""
    decoder, batch = checkpoint.decoder, 2
    dtype = np.dtype(np.float32) if precision == 'bfloat16' else PRECISIONS[precision]
    reference.allocate(batch, _SINK_ROWS, _RING_ROWS)
    caches: dict[str, NDArray[Any]] = {}
    for part, tensors, rows in (
            ('sink', reference.sink, _SINK_ROWS), ('ring', reference.ring, _RING_ROWS)):
        for at, tensor in enumerate(tensors):
            cache = np.asarray(tensor)[:, :, :rows]  # of a tensor, too, this is its own memory
            cache[:] = random.standard_normal(cache.shape, np.float32)
            kind = ('key', 'value')[at % 2]
            caches[f'{part}_{kind}_{at // 2}'] = cache.astype(dtype)
    angles = random.uniform(0, 6, (2, batch, chunk, decoder.head_dim // 2))
    sink_chunk_mask = random.random((batch, chunk, _SINK_ROWS + chunk)) < 0.5
    sink_chunk_mask[:, np.arange(chunk), _SINK_ROWS + np.arange(chunk)] = True
    inputs = StepInputs(
        embeds=random.standard_normal((batch, chunk, decoder.hidden), np.float32),
        deepstack=random.standard_normal(
            (decoder.deepstack, batch, chunk, decoder.hidden), np.float32),
        cos=np.cos(angles[0]).astype(np.float32), sin=np.sin(angles[0]).astype(np.float32),
        sink_cos=np.cos(angles[1]).astype(np.float32),
        sink_sin=np.sin(angles[1]).astype(np.float32),
        ring_mask=random.random((batch, 2, _RING_ROWS)) < 0.5,
        is_new_turn=random.random((batch, chunk)) < 0.5, sink_chunk_mask=sink_chunk_mask,
        lengths=np.asarray([chunk, max(1, chunk - 3)]), cache_offsets=np.asarray([0, 5]))
    feeds = {**step_feeds(inputs), **caches}
    kinds = [f'{kind}_{layer}' for layer in range(decoder.layers) for kind in ('key', 'value')]
    states, hidden, *written = _run(directory, 'step', ['states', 'hidden', *kinds], feeds)
    expected = reference.step(0, inputs)
    differences = [_difference([states, hidden], [expected.states, expected.hidden])]
    for tensor, delta in zip(reference.ring, written, strict=True):
        for index, (offset, length) in enumerate(zip(
                inputs.cache_offsets, inputs.lengths, strict=True)):
            differences.append(_difference(
                [delta[index, :, :length].astype(np.float32)],
                [np.asarray(tensor)[index, :, offset:offset + length]]))
    return _largest(differences)


def _run(
    directory: Path, graph: str, outputs: list[str], feeds: dict[str, NDArray[Any]]
) -> list[Floats]:
    options = session_options()
    # Activations of quantised products stay floats: what is compared is the graph.
    options.add_session_config_entry('session.qdq_matmulnbits_accuracy_level', '1')
    with tempfile.TemporaryDirectory(dir=directory.parent) as name:
        file = _runnable(directory / f'{graph}.onnx', Path(name))
        session = ort.InferenceSession(file, options, providers=['CPUExecutionProvider'])
        results: list[Floats] = session.run(outputs, feeds)
    return results


def _runnable(file: Path, scratch: Path) -> Path:
    """
    Return the file, or a copy with the same weights that a processor can run.

    It computes in float32 what the file does in bfloat16, and does not round what is multiplied
    by FP8 and NVFP4.
    """
    half, single = onnx.TensorProto.BFLOAT16, onnx.TensorProto.FLOAT
    kinds = {
        tensor.data_type for tensor in onnx.load(file, load_external_data=False).graph.initializer}
    if not kinds & {half, *NARROW_TYPES}:
        return file
    model = unrounded(onnx.load(file))
    for tensor in model.graph.initializer:
        if tensor.data_type == half:
            value = onnx.numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == 'Cast' and attribute.i == half:
                attribute.i = single
    for tensor in (*model.graph.input, *model.graph.output):
        if tensor.type.tensor_type.elem_type == half:
            tensor.type.tensor_type.elem_type = single
    onnx.save_model(
        model, scratch / file.name, save_as_external_data=True, location='weights')
    return scratch / file.name


def _difference(got: list[Floats], expected: list[Floats]) -> float:
    return _largest([
        float(np.abs(one - two).max() / max(1e-6, np.abs(two).max()))
        for one, two in zip(got, expected, strict=True)])


def _largest(differences: list[float]) -> float:
    # Python's own max() skips a NaN, which an overflow in half precision leaves.
    return float(np.max(differences))
