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
Engines from an exported checkpoint's ONNX graphs.

Uses what TensorRT has from 10.3 (JetPack 6) to 11.x, and newer features where they are found.
The graphs state their types, so networks are strongly typed and no precision is chosen here.
"""

from collections.abc import Callable
from pathlib import Path
import time
from typing import Any

import numpy as np

from streamo_ros.engine.backends.tensorrt.engine_shapes import EngineShapes
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.logger import keeping_logger
from streamo_ros.engine.backends.tensorrt.manifest import EMBEDDINGS
from streamo_ros.engine.backends.tensorrt.manifest import ENGINES
from streamo_ros.engine.backends.tensorrt.manifest import MANIFEST
from streamo_ros.engine.backends.tensorrt.manifest import Manifest
from streamo_ros.engine.backends.tensorrt.manifest import weights_digest
from streamo_ros.engine.precision import PRECISIONS
from streamo_ros.models import load_checkpoint

_TIMING_CACHE = 'timing.cache'
_MIB = 1 << 20


def build_engines(
    directory: Path, shapes: EngineShapes, trt: Any, *, device: str = '',
    capability: tuple[int, int], in_place: bool | None = None,
    progress: Callable[[str], None] = print,
) -> Manifest:
    """
    Build the engines of an exported checkpoint beside its graphs, and return their manifest.

    :param directory: a checkpoint's, with ``vision.onnx``, ``step.onnx`` and ``words.onnx``
    :param trt: the module ``tensorrt``, or ``tensorrt_rtx``, which needs no GPU
    :param device: name of the GPU at hand, which engines are built for; with none, TensorRT-RTX
        builds for any GPU of the capability
    :param capability: compute capability of the GPU, (major, minor)
    :param in_place: write keys and values into the ring inside the engine; None does it where
        TensorRT can (10.15 and later)
    :param progress: takes a line for each engine
    :raises TensorRtError: when a graph is missing, or TensorRT refuses one
    """
    digest, table = _weights(directory)
    # A build that fails half-way must not leave engines that look whole.
    (directory / MANIFEST).unlink(missing_ok=True)
    seconds, sizes = {}, {}
    precision = ''
    for name in ENGINES:
        progress(f'{name}: building with {trt.__name__} {trt.__version__}')
        job = EngineJob(directory / f'{name}.onnx', shapes, trt)
        if name == 'step':
            precision = job.precision()
            in_place = job.update_in_place(in_place)
        plan = job.build(None if device else capability)
        (directory / f'{name}.engine').write_bytes(plan)
        seconds[name] = round(job.seconds, 1)
        sizes[name] = plan.nbytes
        progress(f'{name}: {sizes[name] / _MIB:.1f} MiB in {seconds[name]:.1f} s')
    # Memory-mapped at run time, so that there is no second copy of the weights in memory.
    np.save(directory / EMBEDDINGS, table.astype(PRECISIONS[precision]))
    manifest = Manifest(
        flavour=trt.__name__, version=trt.__version__, device=device, capability=capability,
        precision=precision, in_place=bool(in_place), shapes=shapes, weights=digest,
        seconds=seconds, sizes=sizes)
    manifest.write(directory)
    return manifest


def _weights(directory: Path) -> tuple[str, np.ndarray[Any, Any]]:
    weights = load_checkpoint(directory).weights
    return weights_digest(directory), weights['decoder.embed_tokens.weight']


class EngineJob:
    """
    One graph on its way to an engine.

    ``seconds`` is what building took.

    :raises TensorRtError: when the graph is missing or cannot be parsed
    """

    def __init__(self, path: Path, shapes: EngineShapes, trt: Any) -> None:
        self._path, self._shapes, self._trt = path, shapes, trt
        self.seconds = 0.0
        # TensorRT-RTX does not time kernels: its timing cache stays empty.
        self._keeps_timings = trt.__name__ == 'tensorrt'
        self._logger = keeping_logger(trt)
        self._builder = trt.Builder(self._logger)
        # From TensorRT 11 on all networks are strongly typed, and the flag is ignored.
        flags = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
        self._network = self._builder.create_network(flags)
        if not path.is_file():
            raise TensorRtError(
                f'{path} is missing: export the graphs with `streamo export CHECKPOINT --to '
                'tensorrt --out DIR`')
        parser = trt.OnnxParser(self._network, self._logger)
        if not parser.parse_from_file(str(path)):
            raise TensorRtError(self._complaint(parser))
        for tensor in self._inputs():
            tensor.shape = shapes.fixed(tensor.name, tensor.shape)

    def precision(self) -> str:
        """Return the precision of the graph: that of its cache."""
        kind = self._input('ring_key_0').dtype
        return next(name for name in PRECISIONS if getattr(self._trt, name) == kind)

    def update_in_place(self, wanted: bool | None) -> bool:
        """
        Let the engine write the chunk's keys and values into the ring, where TensorRT can.

        Every layer that reads the ring then reads it after the write, with the same result: the
        masks hide the rows that a step writes from all of its tokens.
        """
        network, trt = self._network, self._trt
        if wanted is False or not hasattr(network, 'add_kv_cache_update'):
            if wanted:
                raise TensorRtError(
                    f'TensorRT {trt.__version__} cannot update a cache in place: build with '
                    '10.15 or later, or not in place')
            return False
        rows = network.add_input('write_index', trt.int32, (-1,))
        # With a batch dimension of another name, no profile can be made.
        rows.set_dimension_name(0, self._input('embeds').get_dimension_name(0))
        updated = {}
        outputs = [network.get_output(index) for index in range(network.num_outputs)]
        readers = [network.get_layer(index) for index in range(network.num_layers)]
        for tensor in outputs:
            if tensor.name.startswith(('key_', 'value_')):
                layer = network.add_kv_cache_update(
                    self._input(f'ring_{tensor.name}'), tensor, rows, trt.KVCacheMode.LINEAR)
                if layer is None:
                    raise TensorRtError(
                        f'TensorRT {trt.__version__} refuses to update {tensor.name} in place '
                        f'({self._logger.reason()}): build without')
                ring = layer.get_output(0)
                ring.name = f'ring_{tensor.name}_out'
                network.mark_output(ring)
                updated[f'ring_{tensor.name}'] = ring
        for layer in readers:
            for index in range(layer.num_inputs):
                tensor = layer.get_input(index)
                if tensor is not None and tensor.name in updated:
                    layer.set_input(index, updated[tensor.name])
        return True

    def build(self, capability: tuple[int, int] | None) -> memoryview:
        """
        Return the finished engine.

        :param capability: to build for without a GPU; None takes the GPU at hand
        """
        trt, builder = self._trt, self._builder
        config = builder.create_builder_config()
        if hasattr(trt.BuilderFlag, 'REQUIRE_USER_ALLOCATION'):
            # Without it, TensorRT-RTX engines cannot be captured in a CUDA graph.
            config.set_flag(trt.BuilderFlag.REQUIRE_USER_ALLOCATION)
        if capability is not None:
            kind = self._capability(capability)
            config.num_compute_capabilities = 1
            config.set_compute_capability(kind, 0)
        ranges = {
            tensor.name: self._shapes.ranges(tensor.name, tensor.shape)
            for tensor in self._inputs() if -1 in tuple(tensor.shape)}
        # Both profiles of a graph without tokens are the same, and one is enough.
        for index in range(2 if 'embeds' in ranges else 1 if ranges else 0):
            profile = builder.create_optimization_profile()
            for tensor in self._inputs():
                profile.set_shape(
                    tensor.name, *self._shapes.ranges(tensor.name, tensor.shape)[index])
            if config.add_optimization_profile(profile) < 0:
                raise TensorRtError(
                    f'{self._path} takes no chunks of 1 to {self._shapes.chunk} tokens '
                    f'({self._logger.reason()}): give other shapes')
        self._read_timings(config)
        begin = time.perf_counter()
        plan = builder.build_serialized_network(self._network, config)
        self.seconds = time.perf_counter() - begin
        if plan is None:
            raise TensorRtError(
                f'TensorRT {trt.__version__} cannot build {self._path} '
                f'({self._logger.reason()}): try another precision or version')
        self._write_timings(config)
        return memoryview(plan)

    def _capability(self, capability: tuple[int, int]) -> Any:
        name = 'SM' + ''.join(map(str, capability))
        kinds = getattr(self._trt, 'ComputeCapability', None)
        if not hasattr(kinds, name):
            raise TensorRtError(
                f'{self._trt.__name__} {self._trt.__version__} cannot build for compute '
                f'capability {".".join(map(str, capability))} without a GPU: build on the robot')
        return getattr(kinds, name)

    def _inputs(self) -> list[Any]:
        return [self._network.get_input(index) for index in range(self._network.num_inputs)]

    def _input(self, name: str) -> Any:
        return next(tensor for tensor in self._inputs() if tensor.name == name)

    def _complaint(self, parser: Any) -> str:
        if not parser.num_errors:
            return f'{self._path} cannot be parsed ({self._logger.reason()}): export it again'
        error = parser.get_error(0)
        return (f'{self._path} cannot be parsed: node {error.node_name()!r} '
                f'({error.node_operator()}): {" ".join(error.desc().split())}; export it again')

    def _read_timings(self, config: Any) -> None:
        path = self._path.parent / _TIMING_CACHE
        if self._keeps_timings:
            known = path.read_bytes() if path.is_file() else b''
            # A cache of another TensorRT or GPU is refused; then an empty one is used.
            if not config.set_timing_cache(config.create_timing_cache(known), False):
                config.set_timing_cache(config.create_timing_cache(b''), False)

    def _write_timings(self, config: Any) -> None:
        if self._keeps_timings:
            cache = config.get_timing_cache().serialize()
            (self._path.parent / _TIMING_CACHE).write_bytes(bytes(cache))
