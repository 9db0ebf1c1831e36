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
A graph with matrices in FP8 or NVFP4 as floats, so that a processor can run it.

The matrices are the numbers that the graph says they are; what they are multiplied with is not
rounded.
"""

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from onnx import ModelProto
from onnx import NodeProto
from onnx import numpy_helper
from onnx import TensorProto

NARROW_TYPES = (TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT4E2M1)
"""Of numbers that no processor multiplies."""

_ROUND = ('QuantizeLinear', 'TRT_FP4DynamicQuantize')
_OPSET = 21  # of what is left


def unrounded(model: ModelProto) -> ModelProto:
    """Return a model without numbers in FP8 and NVFP4; one that has none as it is."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    narrow = {name for name, tensor in constants.items() if tensor.data_type in NARROW_TYPES}
    if not narrow:
        return model
    made_by = {output: node for node in model.graph.node for output in node.output}

    def value(name: str) -> NDArray[np.generic] | None:
        """Return what a tensor always is; None for one that an input decides about."""
        if name in constants:
            return numpy_helper.to_array(constants[name])
        node = made_by.get(name)
        if node is None or node.op_type not in ('Cast', 'DequantizeLinear'):
            return None
        numbers = value(node.input[0])
        if numbers is None:
            return None
        if node.op_type == 'Cast':
            return numbers.astype(helper.tensor_dtype_to_np_dtype(_attribute(node, 'to')))
        scales = value(node.input[1])
        assert scales is not None
        if size := _attribute(node, 'block_size'):
            scales = np.repeat(scales, size, _attribute(node, 'axis'))
        return (numbers.astype(np.float32) * scales.astype(np.float32)).astype(scales.dtype)

    nodes = []
    for node in model.graph.node:
        if node.op_type != 'DequantizeLinear':
            nodes.append(node)
            continue
        source = made_by.get(node.input[0])
        if source is not None and source.op_type in _ROUND:
            if node.input[0] == source.output[0]:
                nodes.append(helper.make_node('Identity', [source.input[0]], node.output))
        elif node.input[0] in narrow and (known := value(node.output[0])) is not None:
            model.graph.initializer.append(numpy_helper.from_array(known, node.output[0]))
        else:
            nodes.append(node)
    nodes = _needed(nodes, {output.name for output in model.graph.output})
    used = {name for node in nodes for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.node[:], model.graph.initializer[:], model.opset_import[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(kept)
    model.opset_import.append(helper.make_opsetid('', _OPSET))
    model.ir_version = 10
    return model


def _attribute(node: NodeProto, name: str) -> int:
    return next((int(one.i) for one in node.attribute if one.name == name), 0)


def _needed(nodes: list[NodeProto], outputs: set[str]) -> list[NodeProto]:
    """Return the nodes that outputs are made by, in their order."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted |= set(node.input)
            kept.append(node)
    return kept[::-1]
