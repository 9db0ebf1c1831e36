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

"""The step's graph as it is exported: its names are a file format."""

from streamo_ros.engine.graphs.step import step_graph
from streamo_ros.models import load_checkpoint


def test_inputs_and_outputs_keep_the_names_that_engines_were_built_with():
    nano = load_checkpoint('nano')
    graph = step_graph(nano.decoder, nano.weights, nano.tokenizer.state_ids).graph
    layers = range(nano.decoder.layers)
    caches = [f'{part}_{kind}_{layer}' for layer in layers for part in ('sink', 'ring')
              for kind in ('key', 'value')]
    assert [tensor.name for tensor in graph.input] == [
        'embeds', 'cos', 'sin', 'sink_cos', 'sink_sin', 'near_mask', 'ring_mask', 'opens', 'last',
        *caches]
    assert [tensor.name for tensor in graph.output] == [
        *(f'{kind}_{layer}' for layer in layers for kind in ('key', 'value')), 'states', 'hidden']
