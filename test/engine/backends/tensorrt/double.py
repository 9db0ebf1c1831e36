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
A device and an engine that hold their callers to TensorRT's and CUDA's documented contract.

Work is put off until the stream is waited for, so that what is read too early is poison, and
what is changed too early is seen changed. What TensorRT calls undefined behaviour raises
``ContractBroken``; what it refuses with False is refused so. Engines compute in ONNX Runtime,
from the very graph they were built from.
"""

import enum
import json
import math

import ml_dtypes
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator
import onnxruntime as ort

POISON = 0xFF  # NaN in every float type
ALIGNMENT = 256
STREAM = 7
WORKSPACE = 4096


class ContractBroken(AssertionError):
    """Something whose outcome TensorRT or CUDA leaves open, or warns of."""


def demand(holds: bool, rule: str) -> None:
    if not holds:
        raise ContractBroken(rule)


class DataType(enum.Enum):
    FLOAT = np.dtype(np.float32)
    HALF = np.dtype(np.float16)
    BF16 = np.dtype(ml_dtypes.bfloat16)
    INT64 = np.dtype(np.int64)
    INT32 = np.dtype(np.int32)
    BOOL = np.dtype(np.bool_)
    UINT8 = np.dtype(np.uint8)


class Strategy(enum.Enum):
    STATIC = 0
    USER_MANAGED = 2


class DoubleDevice:
    """Memory and a stream; as ``cuda.Device``."""

    def __init__(self, name='Double', capability=(8, 7)):
        self.name, self.capability, self.stream = name, capability, STREAM
        self._blocks: dict[int, np.ndarray] = {}
        self._pinned: list[np.ndarray] = []
        self._next = 1 << 20
        self._queue: list = []
        self._recording: list | None = None
        self.captures = self.launches = self.waits = 0

    @property
    def capturing(self) -> bool:
        return self._recording is not None

    def allocate(self, size):
        demand(not self.capturing, 'memory is allocated while capturing')
        address = self._next
        self._blocks[address] = np.full(size, POISON, np.uint8)
        # A gap behind each block, so that what runs over falls into nothing.
        self._next += -(-size // ALIGNMENT) * ALIGNMENT + ALIGNMENT
        return address

    def pinned(self, size):
        demand(not self.capturing, 'host memory is allocated while capturing')
        self._pinned.append(np.full(size, POISON, np.uint8))
        return self._pinned[-1]

    def view(self, address, size):
        """Return bytes of the device."""
        for base, block in self._blocks.items():
            if base <= address < base + max(block.nbytes, 1):
                demand(address + size <= base + block.nbytes,
                       f'{size} bytes at {address} pass the end of an allocation')
                return block[address - base:address - base + size]
        raise ContractBroken(f'{address} is no address on the device')

    def give(self, work):
        """Put work on the stream."""
        (self._queue if self._recording is None else self._recording).append(work)

    def upload(self, target, source):
        self._demand_pinned(source)
        into = self.view(target, source.nbytes)
        self.give(lambda: np.copyto(into, source))

    def download(self, target, source):
        self._demand_pinned(target)
        out = self.view(source, target.nbytes)
        target[:] = POISON
        self.give(lambda: np.copyto(target, out))

    def copy_rows(self, target, target_pitch, source, source_pitch, width, height):
        demand(width <= min(target_pitch, source_pitch), 'rows are wider than their pitch')
        rows = [(self.view(target + row * target_pitch, width),
                 self.view(source + row * source_pitch, width)) for row in range(height)]

        def work():
            for into, out in rows:
                np.copyto(into, out)

        self.give(work)

    def clear(self, target, size):
        into = self.view(target, size)
        self.give(lambda: into.fill(0))

    def synchronize(self):
        demand(not self.capturing, 'the stream is waited for while capturing')
        self.waits += 1
        while self._queue:
            self._queue.pop(0)()

    def capture(self, work):
        demand(not self.capturing, 'a capture within a capture')
        self._recording = []
        try:
            work()
        finally:
            recorded, self._recording = self._recording, None
        demand(bool(recorded), 'nothing was captured')
        self.captures += 1
        return recorded

    def launch(self, graph):
        self.launches += 1
        for work in graph:
            check = getattr(work, 'check', None)
            if check:
                check()
            self.give(work)

    def _demand_pinned(self, array):
        demand(array.dtype == np.uint8 and array.flags.c_contiguous, 'bytes in one piece')
        demand(any(np.shares_memory(array, block) for block in self._pinned),
               'host memory that is not pinned')


class DoubleLogger:
    class Severity(enum.Enum):
        INTERNAL_ERROR = 0
        ERROR = 1
        WARNING = 2

    def log(self, severity, message):
        raise NotImplementedError


class DoubleTensorRt:
    """What the runner uses of the module ``tensorrt``."""

    __name__ = 'tensorrt'
    ILogger = DoubleLogger
    DataType = DataType
    float32, float16, bfloat16 = DataType.FLOAT, DataType.HALF, DataType.BF16
    int32, int64 = DataType.INT32, DataType.INT64

    class TensorIOMode(enum.Enum):
        INPUT = 1
        OUTPUT = 2

    ExecutionContextAllocationStrategy = Strategy

    def __init__(self, device, version='10.16.0'):
        self.device, self.__version__ = device, version
        self.contexts: list[DoubleContext] = []

    def Runtime(self, logger):  # noqa: N802 - as TensorRT calls it
        return _Runtime(self, logger)


class _Runtime:
    def __init__(self, trt, logger):
        self._trt, self._logger = trt, logger

    def deserialize_cuda_engine(self, plan):
        try:
            return DoubleEngine(self._trt, self._logger, json.loads(bytes(plan)))
        except ValueError:
            self._logger.log(DoubleLogger.Severity.ERROR, 'the plan is corrupt')
            return None


class DoubleEngine:
    """
    An engine whose plan names an ONNX file, the ranges of its inputs and what is in place.

    Plan: ``onnx``, ``profiles`` (name to (least, usual, greatest) shape), ``fixed`` (shapes of
    inputs, -1 free) and ``in_place`` (output to the input it is written over).
    """

    def __init__(self, trt, logger, plan):
        self.trt, self.logger = trt, logger
        self.profiles = plan['profiles'] or [{}]
        self.aliases = plan['in_place']
        model = onnx.load(plan['onnx'], load_external_data=False)
        # Name to (type, named or fixed dimensions)
        self.inputs, self.outputs = (
            {value.name: declared(value) for value in values}
            for values in (model.graph.input, model.graph.output))
        self.computed = list(self.outputs)
        if self.aliases:
            self.inputs['write_index'] = (DataType.INT32, ['batch'])
            for output, name in self.aliases.items():
                self.outputs[output] = self.inputs[name]
        self.fixed = plan['fixed']
        self.session = _session(plan['onnx'], model)
        self._names = [*self.inputs, *self.outputs]
        self.num_io_tensors = len(self._names)
        self.num_optimization_profiles = len(self.profiles)
        self.device_memory_size_v2 = WORKSPACE

    def get_tensor_name(self, index):
        return self._names[index]

    def get_tensor_mode(self, name):
        modes = self.trt.TensorIOMode
        return modes.INPUT if name in self.inputs else modes.OUTPUT

    def get_tensor_dtype(self, name):
        return {**self.inputs, **self.outputs}[name][0]

    def get_tensor_shape(self, name):
        if name in self.fixed:
            return tuple(self.fixed[name])
        dims = {**self.inputs, **self.outputs}[name][1]
        return tuple(length if isinstance(length, int) else -1 for length in dims)

    def get_tensor_profile_shape(self, name, profile):
        return self.profiles[profile].get(name, [self.get_tensor_shape(name)] * 3)

    def get_aliased_input_tensor(self, name):
        return self.aliases.get(name)

    def create_execution_context(self, strategy):
        context = DoubleContext(self, strategy)
        self.trt.contexts.append(context)
        return context


class DoubleContext:
    """An execution context; everything set on it ages what was captured from it."""

    def __init__(self, engine, strategy):
        self._engine, self._device = engine, engine.trt.device
        self._strategy = strategy
        self._profile: int | None = None
        self._shapes: dict[str, tuple] = {}
        self._addresses: dict[str, int] = {}
        self._workspace: int | None = None
        self.age, self._ran_at = 0, -1

    def set_device_memory(self, address, size):
        demand(self._strategy is Strategy.USER_MANAGED, 'this context has memory of its own')
        demand(size >= self._engine.device_memory_size_v2, 'the workspace is too small')
        demand(address % ALIGNMENT == 0, 'the workspace is not aligned')
        self._device.view(address, size)
        self._workspace = address
        self.age += 1

    def set_optimization_profile_async(self, index, stream):
        demand(stream == STREAM, 'the profile is set on another stream')
        demand(not self._device.capturing, 'the profile is set while capturing')
        if not 0 <= index < self._engine.num_optimization_profiles:
            return self._refuse(f'there is no profile {index}')
        self._profile = index
        self._shapes = {}
        self.age += 1
        return True

    def set_input_shape(self, name, shape):
        demand(self._profile is not None, f'{name} has a shape before there is a profile')
        if name not in self._engine.inputs:
            return self._refuse(f'{name} is no input')
        least, _, greatest = self._engine.get_tensor_profile_shape(name, self._profile)
        if len(shape) != len(least) or not all(
                low <= length <= high
                for low, length, high in zip(least, shape, greatest, strict=True)):
            return self._refuse(f'{name} of {shape} is not within {least} .. {greatest}')
        self._shapes[name] = tuple(shape)
        self.age += 1
        return True

    def set_tensor_address(self, name, address):
        if name not in self._engine.inputs and name not in self._engine.outputs:
            return self._refuse(f'{name} is no tensor')
        demand(address % ALIGNMENT == 0, f'the address of {name} is not aligned')
        self._addresses[name] = address
        self.age += 1
        return True

    def infer_shapes(self):
        return [name for name in self._engine.inputs if name not in self._shapes]

    def get_tensor_shape(self, name):
        if name in self._engine.inputs:
            return self._shapes.get(name, self._engine.get_tensor_shape(name))
        if name in self._engine.aliases:
            return self.get_tensor_shape(self._engine.aliases[name])
        sizes = {}
        for tensor, shape in self._shapes.items():
            for dim, length in zip(self._engine.inputs[tensor][1], shape, strict=True):
                demand(isinstance(dim, int) or sizes.setdefault(dim, length) == length,
                       f'{dim} of {tensor} is {length} and was {sizes.get(dim)}')
        return tuple(sizes.get(dim, -1) if isinstance(dim, str) else dim
                     for dim in self._engine.outputs[name][1])

    def execute_async_v3(self, stream):
        demand(stream == STREAM, 'it runs on another stream')
        demand(self._workspace is not None, 'it runs without memory to work in')
        demand(not self.infer_shapes(), f'{self.infer_shapes()} have no shape')
        if self._device.capturing:
            demand(self._ran_at == self.age, 'it is captured before it ran with these shapes')
        else:
            self._ran_at = self.age
        tensors, regions = {}, {}
        for name in (*self._engine.inputs, *self._engine.outputs):
            demand(name in self._addresses, f'{name} has no address')
            dtype, shape = self._engine.get_tensor_dtype(name).value, self.get_tensor_shape(name)
            size = math.prod(shape) * dtype.itemsize
            tensors[name] = self._device.view(
                self._addresses[name], size).view(dtype).reshape(shape)
            regions[name] = (self._addresses[name], self._addresses[name] + size)
        self._demand_apart(regions)
        workspace = self._device.view(self._workspace, WORKSPACE)
        self._device.give(_Run(self, tensors, workspace))
        return True

    def _demand_apart(self, regions):
        regions = {**regions, '(workspace)': (self._workspace, self._workspace + WORKSPACE)}
        for output in (*self._engine.outputs, '(workspace)'):
            source = self._engine.aliases.get(output)
            if source:
                demand(regions[output] == regions[source],
                       f'{output} does not lie on {source}, over which it is written')
            for name, (begin, end) in regions.items():
                if name in (output, source) or self._engine.aliases.get(name) == output:
                    continue
                demand(end <= regions[output][0] or regions[output][1] <= begin,
                       f'{output} lies on {name}')

    def _refuse(self, reason):
        self._engine.logger.log(DoubleLogger.Severity.ERROR, reason)
        return False

    def compute(self, tensors, workspace):
        """Do the engine's work on memory as it is now."""
        engine = self._engine
        workspace[:] = POISON
        rows = {}
        for output in engine.aliases:
            # The rows to come hold nothing that may be read: masks have to hide them.
            kind, ring = output.removeprefix('ring_').removesuffix('_out'), tensors[output]
            update = tensors[kind].shape[2]
            for place, row in enumerate(tensors['write_index']):
                # As TensorRT: what passes the end is dropped without a word.
                rows[output, place] = slice(row, min(row + update, ring.shape[2]))
                ring[place, :, rows[output, place]].view(np.uint8)[:] = POISON
        results = engine.session.run(engine.computed, {
            name: tensors[name] for name in engine.inputs if name != 'write_index'})
        for name, value in zip(engine.computed, results, strict=True):
            np.copyto(tensors[name], value)
        for (output, place), part in rows.items():
            update = tensors[output.removeprefix('ring_').removesuffix('_out')]
            tensors[output][place, :, part] = update[place, :, :part.stop - part.start]


class _Run:
    """A run on the stream, with the addresses and shapes of when it was given."""

    def __init__(self, context, tensors, workspace):
        self._context, self._age = context, context.age
        self._tensors, self._workspace = tensors, workspace

    def __call__(self):
        self._context.compute(self._tensors, self._workspace)

    def check(self):
        demand(self._context.age == self._age,
               'a graph is launched whose context was touched since it was captured')


def _session(path, model):
    half = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
    if any(tensor.data_type in half for tensor in model.graph.initializer):
        # ONNX Runtime has no half precision on a CPU; ONNX's own evaluator is slow, but has.
        return ReferenceEvaluator(path)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=['CPUExecutionProvider'])


def declared(value):
    kinds = {
        onnx.TensorProto.FLOAT: DataType.FLOAT, onnx.TensorProto.FLOAT16: DataType.HALF,
        onnx.TensorProto.BFLOAT16: DataType.BF16, onnx.TensorProto.INT64: DataType.INT64,
        onnx.TensorProto.INT32: DataType.INT32, onnx.TensorProto.BOOL: DataType.BOOL,
        onnx.TensorProto.UINT8: DataType.UINT8,
    }
    tensor = value.type.tensor_type
    return kinds[tensor.elem_type], [
        dim.dim_param or dim.dim_value for dim in tensor.shape.dim]
