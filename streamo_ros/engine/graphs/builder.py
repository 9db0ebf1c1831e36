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
Writing ONNX graphs of standard operators: what all networks have in common.

Graphs are written directly from a checkpoint's configuration, so that running one needs no torch,
and the same graph serves ONNX Runtime and TensorRT. A graph in half precision still computes its
norms, rotations and softmaxes in float32, and its inputs and outputs are float32.

Graphs are of opset 18. Quantised matrices need opset 21, whose DequantizeLinear knows blocks:
ONNX Runtime makes one product of it and the MatMul behind it, and TensorRT's parser takes it from
10.0 on. ONNX Runtime's own operator for that product reads the matrix as it is stored, so the
graphs that are run at once are given it and need not turn every matrix round. FP8 needs opset 21
as well, NVFP4 opset 23 and an operator of TensorRT's parser.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray
from onnx import helper
from onnx import ModelProto
from onnx import NodeProto
from onnx import numpy_helper
from onnx import TensorProto
from onnx import ValueInfoProto

from streamo_ros.engine.precision import PRECISIONS
from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import BlockMatrix
from streamo_ros.models.blocks import LayerMatrix
from streamo_ros.models.blocks import packed
from streamo_ros.models.blocks import stacked
from streamo_ros.models.narrow_floats import FP4_BLOCK
from streamo_ros.models.narrow_floats import NarrowMatrix
from streamo_ros.models.narrow_floats import NarrowStack

OPSET = 18
_IR_VERSION = 9
_BLOCKS_OPSET, _BLOCKS_IR_VERSION = 21, 10
_FP4_OPSET, _FP4_IR_VERSION = 23, 11
_ONNX_RUNTIME, _TENSORRT = 'com.microsoft', 'trt'
# Of the activations that meet a quantised matrix: 4 rounds them to int8, block by block
_ACCURACY_LEVEL = 4

_TYPES = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float16): TensorProto.FLOAT16,
    np.dtype(ml_dtypes.bfloat16): TensorProto.BFLOAT16,
    np.dtype(np.int64): TensorProto.INT64,
    np.dtype(np.uint8): TensorProto.UINT8,
    np.dtype(np.bool_): TensorProto.BOOL,
}

Shape = Sequence[int | str]
Dtype = type[np.generic] | np.dtype[Any]

Store = Callable[[str, NDArray[np.generic]], TensorProto]
"""Takes a constant as soon as it is known, and returns what stands for it in the graph."""


def inline(name: str, value: NDArray[np.generic]) -> TensorProto:
    """Keep a constant in the graph itself."""
    return numpy_helper.from_array(value, name)


class Graph:
    """
    An ONNX graph that is being written; every method returns the name of a tensor.

    :param precision: one of ``PRECISIONS``, of weights and of tensors between operators
    :param store: where constants go; weights of gigabytes should be held once
    :param standard: of standard operators alone; otherwise with those of ONNX Runtime
    """

    def __init__(
        self, name: str, precision: str = 'float32', store: Store = inline, *,
        standard: bool = True,
    ) -> None:
        self._standard = standard
        self._domains = set() if standard else {_ONNX_RUNTIME}
        self._opset, self._ir_version = OPSET, _IR_VERSION
        self._name = name
        self._store = store
        self.dtype = PRECISIONS[precision]
        self._nodes: list[NodeProto] = []
        self._weights: dict[str, TensorProto] = {}
        self._inputs: list[ValueInfoProto] = []
        self._outputs: list[ValueInfoProto] = []

    def input(self, name: str, dtype: Dtype, shape: Shape) -> str:
        """Declare an input; strings in the shape are free dimensions."""
        self._inputs.append(
            helper.make_tensor_value_info(name, _TYPES[np.dtype(dtype)], list(shape)))
        return name

    def output(
        self, name: str, tensor: str, shape: Shape, dtype: Dtype = np.float32,
    ) -> None:
        """Declare an output under a name; the tensor has to be of the type."""
        self._nodes.append(helper.make_node('Identity', [tensor], [name]))
        self._outputs.append(
            helper.make_tensor_value_info(name, _TYPES[np.dtype(dtype)], list(shape)))

    def weight(self, name: str, value: NDArray[np.float32]) -> str:
        """Store a constant in the graph's precision under a name, once."""
        return self.constant(name, value.astype(self.dtype, copy=False))

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Store a constant as it is under a name, once."""
        if name not in self._weights:
            self._weights[name] = self._store(name, np.ascontiguousarray(value))
        return name

    def ints(self, *values: int) -> str:
        """Store a constant int64 vector."""
        return self.constant(
            'ints_' + '_'.join(map(str, values)), np.asarray(values, np.int64))

    def scalar(self, value: float) -> str:
        """Store a constant float32 scalar."""
        return self.constant(f'float_{value!r}', np.asarray(value, np.float32))

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator of one output."""
        return self.ops(kind, 1, *inputs, **attributes)[0]

    def ops(self, kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add an operator of several outputs."""
        names = [f'{kind}_{len(self._nodes)}_{index}' for index in range(count)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def widen(self, x: str) -> str:
        """Return x, of the graph's precision, in float32."""
        return x if self.dtype == np.float32 else self.op('Cast', x, to=TensorProto.FLOAT)

    def narrow(self, x: str) -> str:
        """Return x, of float32, in the graph's precision."""
        return x if self.dtype == np.float32 else self.op('Cast', x, to=_TYPES[self.dtype])

    def linear(self, x: str, name: str, weight: LayerMatrix,
               bias: NDArray[np.float32] | None = None) -> str:
        """Multiply by a matrix given as Linear layers store it, (out, in)."""
        if isinstance(weight, BlockMatrix):
            product = self._blocked(x, name, weight)
        elif isinstance(weight, NarrowMatrix | NarrowStack):
            product = self._narrow_product(x, name, weight)
        else:
            product = self.op('MatMul', x, self.weight(f'{name}.weight', weight.T))
        return product if bias is None else self.op(
            'Add', product, self.weight(f'{name}.bias', bias))

    def _narrow_product(self, x: str, name: str, weight: NarrowMatrix | NarrowStack) -> str:
        if isinstance(weight, NarrowMatrix):
            return self.op(
                'MatMul', self._rounded_input(x, name, weight), self._narrow_matrix(name, weight))
        # What is rounded alike is rounded once.
        rounded: dict[float, str] = {}
        products = []
        for number, part in enumerate(weight.parts):
            one = f'{name}.{number}'
            if part.input_scale not in rounded:
                rounded[part.input_scale] = self._rounded_input(x, one, part)
            products.append(self.op(
                'MatMul', rounded[part.input_scale], self._narrow_matrix(one, part)))
        return self.op('Concat', *products, axis=-1)

    def _rounded_input(self, x: str, name: str, weight: NarrowMatrix) -> str:
        """Return x rounded to the numbers that a matrix has; scales are float32."""
        scale = self.constant(f'{name}.input_scale', np.asarray(weight.input_scale, np.float32))
        if weight.scales is None:
            self._needs(_BLOCKS_OPSET, _BLOCKS_IR_VERSION)
            return self.narrow(self.op('DequantizeLinear', self.op(
                'QuantizeLinear', self.widen(x), scale, output_dtype=TensorProto.FLOAT8E4M3FN),
                scale))
        self._needs(_FP4_OPSET, _FP4_IR_VERSION)
        self._domains.add(_TENSORRT)
        # Of TensorRT's parser: each block's scale is found on the spot, as a multiple in FP8.
        numbers, scales = self.ops(
            'TRT_FP4DynamicQuantize', 2, x, scale, domain=_TENSORRT, axis=-1,
            block_size=FP4_BLOCK, scale_type=TensorProto.FLOAT8E4M3FN)
        return self.op(
            'DequantizeLinear', numbers, self.narrow(self.op('DequantizeLinear', scales, scale)),
            axis=-1, block_size=FP4_BLOCK)

    def _narrow_matrix(self, name: str, weight: NarrowMatrix) -> str:
        """Return a matrix, (in, out), in the graph's precision."""
        numbers = self.constant(f'{name}.numbers', weight.numbers.T)
        scale = self.constant(f'{name}.scale', np.asarray(weight.scale, np.float32))
        if weight.scales is None:
            return self.narrow(self.op('DequantizeLinear', numbers, scale))
        scales = self.op(
            'DequantizeLinear', self.constant(f'{name}.scales', weight.scales.T), scale)
        return self.op(
            'DequantizeLinear', numbers, self.narrow(scales), axis=0, block_size=FP4_BLOCK)

    def _needs(self, opset: int, ir_version: int) -> None:
        self._opset = max(self._opset, opset)
        self._ir_version = max(self._ir_version, ir_version)

    def _blocked(self, x: str, name: str, weight: BlockMatrix) -> str:
        self._needs(_BLOCKS_OPSET, _BLOCKS_IR_VERSION)
        out, width = weight.shape
        if not self._standard:
            stored = packed(weight.levels) if weight.bits == 4 else (
                weight.levels.view(np.uint8) ^ np.uint8(128))
            return self.op(
                'MatMulNBits', x,
                self.constant(f'{name}.levels', stored.reshape(out, width // BLOCK, -1)),
                self.constant(f'{name}.scales', weight.scales), domain=_ONNX_RUNTIME, K=width,
                N=out, bits=weight.bits, block_size=BLOCK, accuracy_level=_ACCURACY_LEVEL)
        levels = weight.levels.T
        if weight.bits == 4:
            levels = levels.astype(ml_dtypes.int4)
        return self.op('MatMul', x, self.op(
            'DequantizeLinear', self.constant(f'{name}.levels', levels),
            self.weight(f'{name}.scales', weight.scales.T), axis=0, block_size=BLOCK))

    def rms_norm(self, x: str, name: str, weight: NDArray[np.float32], epsilon: float) -> str:
        """Normalise the last axis by its root mean square."""
        x = self.widen(x)
        square = self.op('Pow', x, self.scalar(2.0))
        mean = self.op('ReduceMean', square, self.ints(-1), keepdims=1)
        root = self.op('Sqrt', self.op('Add', mean, self.scalar(epsilon)))
        return self.narrow(self.op('Mul', self.op('Div', x, root), self.constant(name, weight)))

    def gated_mlp(self, x: str, name: str, gate: LayerMatrix, up: LayerMatrix,
                  biases: NDArray[np.float32] | None) -> str:
        """Return silu(gate x) * (up x), both halves in one product."""
        both = self.linear(x, name, stacked(gate, up), biases)
        gated, straight = self.ops('Split', 2, both, axis=-1, num_outputs=2)
        return self.op('Mul', self.op('Mul', gated, self.op('Sigmoid', gated)), straight)

    def rotate(self, x: str, cos: str, sin: str) -> str:
        """Rotate the halves of the last axis against each other (RoPE); angles are float32."""
        first, second = self.ops('Split', 2, self.widen(x), axis=-1, num_outputs=2)
        return self.narrow(self.op(
            'Concat',
            self.op('Sub', self.op('Mul', first, cos), self.op('Mul', second, sin)),
            self.op('Add', self.op('Mul', second, cos), self.op('Mul', first, sin)),
            axis=-1))

    def fused_rotate(self, x: str, cos: str, sin: str, tokens: str) -> str:
        """
        Rotate as ``rotate`` does, in one operator of ONNX Runtime's.

        :param x: (B, heads, S, D) float32
        :param cos: (B * S, D / 2); ``sin`` likewise
        :param tokens: (B, S) int64, the row of each token in these
        """
        assert not self._standard and self.dtype == np.float32
        return self.op('RotaryEmbedding', x, tokens, cos, sin, domain=_ONNX_RUNTIME)

    def model(self) -> ModelProto:
        """Return the finished model."""
        graph = helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, list(self._weights.values()))
        domains = [helper.make_opsetid('', self._opset), *(
            helper.make_opsetid(domain, 1) for domain in sorted(self._domains))]
        model = helper.make_model(graph, opset_imports=domains)
        model.ir_version = self._ir_version
        return model
