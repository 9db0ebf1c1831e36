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

"""The LM head as an ONNX graph, for runtimes that keep it on a device."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.builder import inline
from streamo_ros.engine.graphs.builder import Store
from streamo_ros.engine.graphs.step import head_name
from streamo_ros.engine.graphs.step import matrix_of


def lm_head_graph(
    weights: Mapping[str, NDArray[np.float32]], precision: str = 'float32',
    store: Store = inline, *, standard: bool = True,
) -> ModelProto:
    """
    Return the graph: ``hidden`` (B, hidden) to ``logits`` (B, vocabulary), both float32.

    :param precision: one of ``PRECISIONS``, of the product
    :param store: takes the weights
    :param standard: for any runtime, with a quantised head as floats, which TensorRT is sure to
        take; otherwise for ONNX Runtime, as it is stored
    """
    graph = Graph('lm_head', precision, store, standard=standard)
    name = head_name(weights)
    head = weights[name] if standard else matrix_of(weights, name)
    hidden = graph.input('hidden', np.float32, ('batch', head.shape[1]))
    logits = graph.linear(graph.narrow(hidden), 'head', head)
    graph.output('logits', graph.widen(logits), ('batch', head.shape[0]))
    return graph.model()


def given_head_graph(vocabulary: int, hidden: int) -> ModelProto:
    """
    Return the graph for a head that is held elsewhere and must not be held twice.

    ``head`` (vocabulary, hidden) and ``hidden`` (hidden, B) to ``logits`` (vocabulary, B): this
    way round a runtime multiplies by the head as it lies in memory.
    """
    graph = Graph('lm_head')
    graph.output('logits', graph.op(
        'MatMul', graph.input('head', np.float32, (vocabulary, hidden)),
        graph.input('hidden', np.float32, (hidden, 'batch'))), (vocabulary, 'batch'))
    return graph.model()
