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

"""An engine of a few operators, with a cache that it may write in place."""

import json

from exported import save
import numpy as np

from streamo_ros.engine.graphs.builder import Graph

WIDTH, ROWS = 64, 16
MOST = (2, 8)
CACHE_BYTES = ROWS * WIDTH * 4


def write_tiny(directory, in_place=False):
    """
    Write ``tiny.engine``, and return its path.

    It doubles ``x`` (B, S, 64), gives it as ``key_0`` (B, 1, S, 64), and sums the whole of
    ``ring_key_0`` (B, 1, 16, 64).
    """
    graph = Graph('tiny')
    x = graph.input('x', np.float32, ('batch', 'chunk', WIDTH))
    ring = graph.input('ring_key_0', np.float32, ('batch', 1, ROWS, WIDTH))
    graph.output('doubled', graph.op('Add', x, x), ('batch', 'chunk', WIDTH))
    graph.output('key_0', graph.op('Unsqueeze', x, graph.ints(1)), ('batch', 1, 'chunk', WIDTH))
    graph.output('total', graph.op('ReduceSum', ring, graph.ints(1, 2, 3), keepdims=0), ('batch',))
    save(graph.model(), directory / 'tiny.onnx')

    def ranges(chunk):
        free = {'x': lambda batch, chunk: (batch, chunk, WIDTH),
                'ring_key_0': lambda batch, chunk: (batch, 1, ROWS, WIDTH)}
        if in_place:
            free['write_index'] = lambda batch, chunk: (batch,)
        return {name: [shape(1, 1), shape(1, chunk), shape(MOST[0], chunk)]
                for name, shape in free.items()}

    path = directory / 'tiny.engine'
    path.write_text(json.dumps({
        'onnx': str(directory / 'tiny.onnx'), 'profiles': [ranges(MOST[1]), ranges(1)],
        'fixed': {}, 'in_place': {'ring_key_0_out': 'ring_key_0'} if in_place else {}}))
    return path
