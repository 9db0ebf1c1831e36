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
from streamo_ros.engine.graphs.step import head_weight


def lm_head_graph(
    weights: Mapping[str, NDArray[np.float32]], precision: str = 'float32'
) -> ModelProto:
    """
    Return the graph: ``hidden`` (B, hidden) to ``logits`` (B, vocabulary), both float32.

    :param precision: one of ``PRECISIONS``, of the product
    """
    graph = Graph('lm_head', precision)
    head = head_weight(weights)
    hidden = graph.input('hidden', np.float32, ('batch', head.shape[1]))
    logits = graph.linear(graph.narrow(hidden), 'head', head)
    graph.output('logits', graph.widen(logits), ('batch', head.shape[0]))
    return graph.model()
