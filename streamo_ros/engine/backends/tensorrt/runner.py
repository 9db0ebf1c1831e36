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
One engine on a device, with as little host work in a call as possible.

There is a CUDA graph for each shape: the first call runs the engine and captures the graph, later
calls replay it. What changes from call to call is copied into buffers at fixed addresses. A graph
belongs to the execution context it was captured from, which may not be touched after that, so
each graph has a context of its own; they share one workspace, because they run one after another.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
import math
from mmap import ACCESS_READ
from mmap import mmap
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.backends.tensorrt.cuda import Bytes
from streamo_ros.engine.backends.tensorrt.cuda import Device
from streamo_ros.engine.backends.tensorrt.engine_shapes import Shape
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.logger import keeping_logger

# By the names of TensorRT's DataType
_DTYPES = {
    'FLOAT': np.dtype(np.float32), 'HALF': np.dtype(np.float16),
    'BF16': np.dtype(ml_dtypes.bfloat16), 'INT64': np.dtype(np.int64),
    'INT32': np.dtype(np.int32), 'BOOL': np.dtype(np.bool_), 'UINT8': np.dtype(np.uint8),
}


@dataclass(frozen=True)
class Tensor:
    """
    An input or output of an engine.

    :param shape: with -1 where it is free
    """

    dtype: np.dtype[Any]
    shape: Shape
    is_input: bool


@dataclass(frozen=True)
class Binding:
    """Where a tensor that the caller owns lies on the device, and in what shape."""

    address: int
    shape: Shape


@dataclass(frozen=True)
class _Replay:
    context: Any
    graph: Any


class EngineRunner:
    """
    Runs an engine's file.

    :param bound: prefixes of the tensors whose memory the caller owns and binds in each call; the
        runner owns that of the others
    :raises TensorRtError: when TensorRT cannot load the engine
    """

    def __init__(self, path: Path, trt: Any, device: Device, bound: tuple[str, ...] = ()) -> None:
        self._name, self._trt, self._device = path.stem, trt, device
        self._logger = keeping_logger(trt)
        self._runtime = trt.Runtime(self._logger)
        if not path.is_file() or not path.stat().st_size:
            raise TensorRtError(f'{path} is missing: copy all files of the engines, or build them')
        # Mapped, so that memory never holds an engine twice.
        with path.open('rb') as file, mmap(file.fileno(), 0, access=ACCESS_READ) as plan:
            engine = self._runtime.deserialize_cuda_engine(plan)
        if engine is None:
            raise TensorRtError(
                f'TensorRT {trt.__version__} cannot load {path} ({self._logger.reason()}): '
                'build it here')
        self._engine = engine
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        self.tensors = {name: Tensor(
            dtype=_DTYPES[engine.get_tensor_dtype(name).name],
            shape=tuple(engine.get_tensor_shape(name)),
            is_input=engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT) for name in names}
        self._ranges = [
            {name: _range(engine.get_tensor_profile_shape(name, profile))
             for name, tensor in self.tensors.items() if tensor.is_input}
            for profile in range(engine.num_optimization_profiles)]
        self._workspace_size = max(engine.device_memory_size_v2, 1)
        self._workspace = device.allocate(self._workspace_size)
        self._replays: dict[Any, _Replay] = {}
        self._sizes = {
            name: math.prod(shape) * self.tensors[name].dtype.itemsize
            for name, shape in self._greatest().items() if not name.startswith(bound)}
        self._addresses = {name: device.allocate(size) for name, size in self._sizes.items()}
        self._host: dict[str, Bytes] = {}

    def address(self, name: str) -> int:
        """Return where a tensor lies whose memory the runner owns."""
        return self._addresses[name]

    def most(self, name: str) -> Shape:
        """Return the greatest shape an input may have."""
        return max(ranges[name][1] for ranges in self._ranges)

    def writes_over(self, output: str, name: str) -> bool:
        """Return whether an output is written over an input; True where TensorRT cannot tell."""
        tell = getattr(self._engine, 'get_aliased_input_tensor', None)
        return tell is None or bool(tell(output) == name)

    def run(
        self, feeds: Mapping[str, NDArray[np.generic]], bindings: Mapping[str, Binding],
        wanted: Sequence[str] = (),
    ) -> list[NDArray[Any]]:
        """
        Run the engine once, and return copies of the outputs that are wanted.

        :param feeds: all inputs whose memory the runner owns
        :param bindings: all tensors whose memory the caller owns
        :raises TensorRtError: when the engine was not built for the shapes, or fails
        """
        for name, value in feeds.items():
            staged = self._staged(name, value.shape)
            np.copyto(staged, value, casting='same_kind')
            self._device.upload(self._addresses[name], _as_bytes(staged))
        key = (tuple(value.shape for value in feeds.values()), tuple(bindings.values()))
        replay = self._replays.get(key)
        if replay is None:
            context = self._prepared(
                {name: value.shape for name, value in feeds.items()}, bindings)
            self._execute(context)
            # Only work that has run once can be captured; its results stand.
            self._device.synchronize()
            graph = self._device.capture(lambda: self._execute(context))
            replay = self._replays[key] = _Replay(context, graph)
        else:
            self._device.launch(replay.graph)
        results = []
        for name in wanted:
            result = self._staged(name, tuple(replay.context.get_tensor_shape(name)))
            self._device.download(_as_bytes(result), self._addresses[name])
            results.append(result)
        self._device.synchronize()
        return [result.copy() for result in results]

    def _staged(self, name: str, shape: Shape) -> NDArray[Any]:
        dtype = self.tensors[name].dtype
        size = math.prod(shape) * dtype.itemsize
        if size > self._sizes[name]:
            raise TensorRtError(
                f'{self._name}.engine was built for less than {name} of shape {shape}: build it '
                'for longer chunks or more instructions')
        if name not in self._host:
            self._host[name] = self._device.pinned(self._sizes[name])
        return self._host[name][:size].view(dtype).reshape(shape)

    def _prepared(self, fed: Mapping[str, Shape], bindings: Mapping[str, Binding]) -> Any:
        """Return a context of its own for these shapes and addresses."""
        shapes = {**fed, **{name: binding.shape for name, binding in bindings.items()
                            if self.tensors[name].is_input}}
        # The last profile that fits is the tightest.
        profile = next((
            index for index in reversed(range(len(self._ranges)))
            if all(_within(shapes[name], *allowed)
                   for name, allowed in self._ranges[index].items())), None)
        if profile is None:
            raise TensorRtError(
                f'{self._name}.engine was not built for the shapes {shapes}: build it for longer '
                'chunks or more instructions')
        context = self._context(profile, shapes)
        for name in self.tensors:
            address = bindings[name].address if name in bindings else self._addresses[name]
            self._took(context.set_tensor_address(name, address), f'the address of {name}')
        missing = context.infer_shapes()
        self._took(not missing, f'the shapes, without {missing}')
        return context

    def _context(self, profile: int, shapes: Mapping[str, Shape]) -> Any:
        context = self._engine.create_execution_context(
            self._trt.ExecutionContextAllocationStrategy.USER_MANAGED)
        self._took(context is not None, 'another context')
        context.set_device_memory(self._workspace, self._workspace_size)
        self._took(context.set_optimization_profile_async(profile, self._device.stream),
                   f'profile {profile}')
        for name, shape in shapes.items():
            self._took(context.set_input_shape(name, shape), f'{name} of shape {shape}')
        return context

    def _greatest(self) -> dict[str, Shape]:
        """Return the greatest shape of every tensor; outputs grow with the inputs."""
        greatest = {name: self.most(name) for name in self._ranges[0]}
        profile = next(
            index for index, ranges in enumerate(self._ranges)
            if all(_within(shape, *ranges[name]) for name, shape in greatest.items()))
        context = self._context(profile, greatest)
        return {name: tuple(context.get_tensor_shape(name)) for name in self.tensors}

    def _execute(self, context: Any) -> None:
        self._took(context.execute_async_v3(self._device.stream), 'to run')

    def _took(self, yes: bool, what: str) -> None:
        if not yes:
            raise TensorRtError(
                f'{self._name}.engine refuses {what} ({self._logger.reason()}): build it again')


def _range(shapes: Sequence[Any]) -> tuple[Shape, Shape]:
    least, _, greatest = shapes
    return tuple(least), tuple(greatest)


def _within(shape: Shape, least: Shape, greatest: Shape) -> bool:
    return len(shape) == len(least) and all(
        low <= length <= high for low, length, high in zip(least, shape, greatest, strict=True))


def _as_bytes(array: NDArray[Any]) -> Bytes:
    return array.reshape(-1).view(np.uint8)
