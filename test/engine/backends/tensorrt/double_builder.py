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

"""The building half of the double: an ONNX graph to the plan of a ``DoubleEngine``."""

import enum
import json

from double import DataType
from double import declared
from double import demand
from double import DoubleLogger
from double import DoubleTensorRt
import onnx


class DoubleBuilding(DoubleTensorRt):
    """What the builder uses of the module; ``in_place`` from 10.15 on, as TensorRT has it."""

    class NetworkDefinitionCreationFlag(enum.IntEnum):
        STRONGLY_TYPED = 1

    class KVCacheMode(enum.Enum):
        LINEAR = 0

    class BuilderFlag(enum.Enum):
        TF32 = 1

    def __init__(self, device, version='10.16.0'):
        super().__init__(device, version)
        self.timings: list[bytes] = []
        self.fault = ''

    def Builder(self, logger):  # noqa: N802
        return _Builder(self, logger)

    def OnnxParser(self, network, logger):  # noqa: N802
        return _Parser(network, self.fault)


class _Tensor:
    def __init__(self, name, dtype, dims):
        self.name, self.dtype, self._dims = name, dtype, list(dims)
        self.shape = tuple(dim if isinstance(dim, int) else -1 for dim in dims)

    def get_dimension_name(self, axis):
        return self._dims[axis] if isinstance(self._dims[axis], str) else ''

    def set_dimension_name(self, axis, name):
        self._dims[axis] = name


class _Layer:
    def __init__(self, inputs, outputs):
        self.inputs, self.outputs = inputs, outputs
        self.num_inputs = len(inputs)

    def get_input(self, index):
        return self.inputs[index]

    def set_input(self, index, tensor):
        self.inputs[index] = tensor

    def get_output(self, index):
        return self.outputs[index]


class _OldNetwork:
    """A network of TensorRT before 10.15."""

    def __init__(self):
        self.inputs, self.outputs, self.layers = [], [], []
        self.updates: dict[str, str] = {}
        self.path = ''

    num_inputs = property(lambda self: len(self.inputs))
    num_outputs = property(lambda self: len(self.outputs))
    num_layers = property(lambda self: len(self.layers))

    def get_input(self, index):
        return self.inputs[index]

    def get_output(self, index):
        return self.outputs[index]

    def get_layer(self, index):
        return self.layers[index]

    def add_input(self, name, dtype, shape):
        self.inputs.append(_Tensor(name, dtype, [dim if dim >= 0 else '' for dim in shape]))
        return self.inputs[-1]

    def mark_output(self, tensor):
        self.outputs.append(tensor)


class _Network(_OldNetwork):
    def add_kv_cache_update(self, cache, update, rows, mode):
        demand(cache in self.inputs and cache.shape[2] > 0, 'a cache is an input of fixed rows')
        demand(rows.dtype == DataType.INT32, 'rows to write to are int32')
        demand(cache.dtype == update.dtype, 'a cache and its update are of one type')
        output = _Tensor('', cache.dtype, ['batch', *cache.shape[1:]])
        self.layers.append(_Layer([cache, update, rows], [output]))
        return self.layers[-1]


class _Parser:
    def __init__(self, network, fault):
        self._network, self._fault = network, fault
        self.num_errors = 0

    def parse_from_file(self, path):
        network, graph = self._network, onnx.load(path, load_external_data=False).graph
        if self._fault:
            self.num_errors = 1
            return False
        network.path = path
        tensors = {value.name: _Tensor(value.name, *declared(value))
                   for value in (*graph.input, *graph.output)}
        network.inputs = [tensors[value.name] for value in graph.input]
        network.outputs = [tensors[value.name] for value in graph.output]
        network.layers = [
            _Layer([tensors.get(name) for name in node.input],
                   [tensors.get(name) for name in node.output]) for node in graph.node]
        return True

    def get_error(self, index):
        return self

    def node_name(self):
        return 'node_7'

    def node_operator(self):
        return 'Einsum'

    def desc(self):
        return self._fault


class _Profile:
    def __init__(self):
        self.shapes = {}

    def set_shape(self, name, least, usual, greatest):
        demand(all(low <= mid <= high for low, mid, high in zip(
            least, usual, greatest, strict=True)), f'the profile of {name} is in no order')
        self.shapes[name] = (least, usual, greatest)


class _Config:
    def __init__(self, trt):
        self._trt, self.profiles = trt, []

    def add_optimization_profile(self, profile):
        self.profiles.append(profile.shapes)
        return len(self.profiles) - 1

    def create_timing_cache(self, known):
        return known

    def set_timing_cache(self, cache, ignore_mismatch):
        self._trt.timings.append(cache)
        return cache != b'of another GPU'

    def get_timing_cache(self):
        return self

    def serialize(self):
        return b'timings'


class _Builder:
    def __init__(self, trt, logger):
        self._trt, self._logger = trt, logger

    def create_network(self, flags):
        demand(flags == 1 << self._trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED,
               'types are those of the graph')
        major, minor = map(int, self._trt.__version__.split('.')[:2])
        return _Network() if (major, minor) >= (10, 15) else _OldNetwork()

    def create_builder_config(self):
        return _Config(self._trt)

    def create_optimization_profile(self):
        return _Profile()

    def build_serialized_network(self, network, config):
        free = [tensor for tensor in network.inputs if -1 in tensor.shape]
        for tensor in free:
            if any(tensor.name not in profile for profile in config.profiles or [{}]):
                return self._refuse(f'{tensor.name} has no range')
            if tensor.shape[0] == -1 and tensor.get_dimension_name(0) != 'batch':
                return self._refuse('Unexpected exception _Map_base::at')
        updates = [layer for layer in network.layers if layer.inputs[2:] and layer.inputs[2]
                   and layer.inputs[2].name == 'write_index']
        aliases = {layer.outputs[0].name: layer.inputs[0].name for layer in updates}
        for layer in network.layers:
            if layer not in updates:
                demand(not any(tensor and tensor.name in aliases.values()
                               for tensor in layer.inputs),
                       'a cache is read beside the layer that writes it')
        demand(set(aliases) <= {tensor.name for tensor in network.outputs},
               'an updated cache is an output')
        return json.dumps({
            'onnx': network.path, 'profiles': config.profiles, 'in_place': aliases,
            'fixed': {tensor.name: tensor.shape for tensor in network.inputs}}).encode()

    def _refuse(self, reason):
        self._logger.log(DoubleLogger.Severity.ERROR, reason)
        return None
