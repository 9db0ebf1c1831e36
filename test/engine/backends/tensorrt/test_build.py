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

"""The builder against the double: what it asks of each TensorRT, and what it says of a fault."""

import json

from double import DoubleDevice
from double_builder import DoubleBuilding
from exported import export
import ml_dtypes
import numpy as np
import pytest

from streamo_ros.engine.backends.tensorrt.build import build_engines
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.manifest import EMBEDDINGS
from streamo_ros.engine.backends.tensorrt.manifest import read_manifest
from streamo_ros.models import load_checkpoint
from streamo_ros.models.checkpoint import NANO

GPU = {'device': 'Orin', 'capability': (8, 7)}


@pytest.fixture
def nano(tmp_path):
    directory = tmp_path / 'nano'
    return directory, export(NANO, directory, (120, 160), window_turns=4)


def build(nano, trt=None, **options):
    directory, shapes = nano
    return build_engines(
        directory, shapes, trt or DoubleBuilding(DoubleDevice()),
        **{**GPU, 'progress': lambda line: None, **options})


def plan_of(nano, name):
    return json.loads((nano[0] / f'{name}.engine').read_bytes())


@pytest.mark.parametrize('version, wanted, in_place', [
    ('10.3.0', None, False), ('10.14.1', None, False), ('10.15.0', None, True),
    ('11.4.0', None, True), ('11.4.0', False, False), ('10.3.0', False, False)])
def test_the_ring_is_updated_in_place_where_tensorrt_can_and_it_is_not_forbidden(
    nano, version, wanted, in_place
):
    manifest = build(nano, DoubleBuilding(DoubleDevice(), version), in_place=wanted)
    assert manifest.in_place == in_place
    layers = load_checkpoint('nano').decoder.layers
    assert plan_of(nano, 'step')['in_place'] == ({
        f'ring_{kind}_{layer}_out': f'ring_{kind}_{layer}'
        for layer in range(layers) for kind in ('key', 'value')} if in_place else {})


def test_in_place_asked_of_a_tensorrt_that_cannot_is_refused(nano):
    with pytest.raises(TensorRtError, match='TensorRT 10.3.0 cannot update .* 10.15 or later'):
        build(nano, DoubleBuilding(DoubleDevice(), '10.3.0'), in_place=True)


def test_one_profile_is_for_chunks_and_one_for_single_tokens(nano):
    build(nano)
    chunks, tokens = plan_of(nano, 'step')['profiles']
    _, shapes = nano
    near = plan_of(nano, 'step')['fixed']['sink_key_0'][2]
    assert chunks['near_mask'] == [
        [1, 1, near + 1], [1, shapes.chunk, near + shapes.chunk],
        [8, shapes.chunk, near + shapes.chunk]]
    assert tokens['embeds'] == [[1, 1, 256], [1, 1, 256], [8, 1, 256]]
    assert chunks['ring_key_0'][0][1:] == chunks['ring_key_0'][2][1:]
    assert plan_of(nano, 'words')['profiles'] == [{'hidden': [[1, 256], [1, 256], [8, 256]]}]
    assert plan_of(nano, 'vision')['profiles'] == []


def test_the_manifest_tells_what_was_built(nano):
    lines = []
    manifest = build(nano, progress=lines.append)
    assert read_manifest(nano[0]) == manifest
    assert (manifest.flavour, manifest.version) == ('tensorrt', '10.16.0')
    assert (manifest.device, manifest.capability) == ('Orin', (8, 7))
    assert (manifest.precision, manifest.shapes) == ('float32', nano[1])
    assert {name: (nano[0] / f'{name}.engine').stat().st_size
            for name in ('vision', 'step', 'words')} == manifest.sizes
    assert [line.split(':')[0] for line in lines] == [
        'vision', 'vision', 'step', 'step', 'words', 'words']


@pytest.mark.parametrize('precision', ['float32', 'float16', 'bfloat16'])
def test_the_precision_is_the_graphs_and_embeddings_are_kept_in_it(tmp_path, precision):
    directory = tmp_path / 'nano'
    shapes = export(NANO, directory, (120, 160), window_turns=4, precision=precision)
    assert build((directory, shapes)).precision == precision
    table = load_checkpoint('nano').weights['decoder.embed_tokens.weight']
    kept = np.load(directory / EMBEDDINGS)
    dtype = {'float32': np.float32, 'float16': np.float16, 'bfloat16': ml_dtypes.bfloat16}
    np.testing.assert_array_equal(
        kept.view(dtype[precision]).astype(np.float32),
        table.astype(dtype[precision]).astype(np.float32))


def test_timings_are_kept_for_the_next_build(nano):
    trt = DoubleBuilding(DoubleDevice())
    build(nano, trt)
    assert trt.timings == [b'', b'timings', b'timings']
    (nano[0] / 'timing.cache').write_bytes(b'of another GPU')
    build(nano, trt)
    assert trt.timings[3:] == [b'of another GPU', b'', b'timings', b'timings']


def test_a_missing_graph_is_told_with_the_command_that_makes_it(nano):
    (nano[0] / 'words.onnx').unlink()
    with pytest.raises(TensorRtError, match='words.onnx is missing: .*streamo export'):
        build(nano)


def test_a_node_that_cannot_be_parsed_is_named_in_one_sentence(nano):
    trt = DoubleBuilding(DoubleDevice())
    trt.fault = 'no such\n  thing'
    with pytest.raises(TensorRtError, match=(
            r"vision.onnx cannot be parsed: node 'node_7' \(Einsum\): no such thing; export")):
        build(nano, trt)


def test_what_the_builder_refuses_is_told_with_its_reason(nano, monkeypatch):
    monkeypatch.setattr('double_builder._Tensor.set_dimension_name', lambda *_: None)
    with pytest.raises(TensorRtError, match=r'cannot build .*step.onnx \(.*_Map_base::at\): try'):
        build(nano)


def test_a_build_that_fails_leaves_no_manifest(nano):
    build(nano)
    (nano[0] / 'words.onnx').unlink()
    with pytest.raises(TensorRtError):
        build(nano)
    with pytest.raises(TensorRtError, match='holds no TensorRT engines'):
        read_manifest(nano[0])


def test_a_capability_without_a_gpu_takes_a_tensorrt_that_can(nano):
    with pytest.raises(TensorRtError, match='cannot build for compute capability 8.7 without'):
        build(nano, device='')
