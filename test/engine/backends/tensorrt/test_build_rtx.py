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
Real engines without a GPU: TensorRT-RTX parses and builds them ahead of time, on the CPU.

What they compute cannot be seen here; that they are built, in what time and of what size, is
written to ``build/tensorrt_rtx.json``.
"""

from dataclasses import replace
import json
import shutil

from exported import export
from exported import save
import numpy as np
import pytest

from streamo_ros.engine.backends.tensorrt.build import build_engines
from streamo_ros.engine.backends.tensorrt.build import EngineJob
from streamo_ros.engine.backends.tensorrt.engine_shapes import EngineShapes
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.manifest import read_manifest
from streamo_ros.engine.graphs.builder import Graph
from streamo_ros.engine.graphs.step import step_graph
from streamo_ros.models import DecoderConfig
from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.blocks import in_blocks
from streamo_ros.models.checkpoint import NANO
from streamo_ros.models.narrow_floats import in_fp8
from streamo_ros.models.narrow_floats import in_nvfp4

trt = pytest.importorskip('tensorrt_rtx', reason='real engines are built by TensorRT-RTX')

# hidden, heads, KV heads, mlp; of the published models
QWEN = {'3b': (2048, 16, 2, 11008), '7b': (3584, 28, 4, 18944)}
# 120 visual tokens of 420 x 224 pixels, 60 turns of 144 tokens
SHAPES = EngineShapes(
    frame=(224, 420), grid=(8, 15), window_turns=60, fps=1.0, max_batch=8, sink_rows=512,
    ring_rows=62 * 144, chunk=144)
MIB = 1 << 20


@pytest.fixture(scope='module')
def figures(pytestconfig):
    rows = []
    yield rows
    path = pytestconfig.rootpath / 'build' / 'tensorrt_rtx.json'
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({'tensorrt_rtx': trt.__version__, 'engines': rows}, indent=2))
    print(f'\n{path}')
    for row in rows:
        print(row)


@pytest.fixture(scope='module', params=[
    ('float16', (8, 6), True), ('bfloat16', (8, 9), False), ('float32', (8, 9), True)])
def nano(request, tmp_path_factory):
    precision, *built_for = request.param
    directory = tmp_path_factory.mktemp(precision) / 'nano'
    return directory, export(
        NANO, directory, (480, 640), window_turns=8, precision=precision), *built_for


@pytest.fixture
def roomy(tmp_path):
    """Return a directory for large files, which pytest would keep."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_nano_is_built_at_its_true_shapes(nano, figures):
    directory, shapes, capability, in_place = nano
    manifest = build_engines(
        directory, shapes, trt, capability=capability, in_place=in_place,
        progress=lambda line: None)
    assert read_manifest(directory) == manifest
    assert manifest.in_place == in_place
    for name, size in manifest.sizes.items():
        assert (directory / f'{name}.engine').stat().st_size == size
        figures.append({
            'model': 'nano', 'engine': name, 'precision': manifest.precision,
            'capability': capability, 'in_place': in_place,
            'seconds': manifest.seconds[name], 'mib': round(size / MIB, 1)})


@pytest.mark.parametrize('bits, capability', [(4, (8, 6)), (8, (8, 9))])
def test_quantised_layers_of_the_true_widths_stay_quantised(bits, capability, roomy, figures):
    save(two_layers('3b', bits), roomy / 'step.onnx')
    job = EngineJob(roomy / 'step.onnx', SHAPES, trt)
    assert job.precision() == 'float16'
    plan = job.build(capability)
    hidden, heads, kv_heads, mlp = QWEN['3b']
    matrices = hidden * ((2 * heads + 2 * kv_heads) * 128 + 3 * mlp)
    weights = matrices * bits // 8 + 2 * matrices // BLOCK
    assert weights < plan.nbytes < 2.2 * weights  # both layers at most
    figures.append({
        'model': 'two layers of Qwen2.5-VL-3B', 'engine': 'step', 'precision': f'int{bits}',
        'capability': capability, 'in_place': False, 'seconds': round(job.seconds, 1),
        'mib': round(plan.nbytes / MIB, 1)})


@pytest.mark.parametrize('kind, capability, bytes_each', [
    ('fp8', (8, 9), 1), ('nvfp4', (12, 0), 0.5 + 1 / 16)])
def test_layers_in_fp8_and_nvfp4_stay_in_them(kind, capability, bytes_each, roomy, figures):
    save(two_layers('3b', kind=kind), roomy / 'step.onnx')
    job = EngineJob(roomy / 'step.onnx', SHAPES, trt)
    plan = job.build(capability)
    hidden, heads, kv_heads, mlp = QWEN['3b']
    # Of what is the same one copy is kept: q as o, k as v, gate as up.
    matrices = hidden * ((heads + kv_heads) * 128 + 2 * mlp)
    assert bytes_each * matrices < plan.nbytes < 1.9 * bytes_each * matrices
    figures.append({
        'model': 'two layers of Qwen2.5-VL-3B', 'engine': 'step', 'precision': kind,
        'capability': capability, 'in_place': False, 'seconds': round(job.seconds, 1),
        'mib': round(plan.nbytes / MIB, 1)})


def test_a_gpu_without_nvfp4_is_not_built_for(tmp_path):
    graph = Graph('words', 'float16')
    x = graph.narrow(graph.input('hidden', np.float32, ('batch', 64)))
    matrix = np.random.default_rng(0).normal(0, 1, (32, 64)).astype(np.float32)
    graph.output('logits', graph.widen(graph.linear(x, 'head', in_nvfp4(matrix, 4.0, 4.0))),
                 ('batch', 32))
    save(graph.model(), tmp_path / 'words.onnx')
    with pytest.raises(TensorRtError, match='cannot build'):
        EngineJob(tmp_path / 'words.onnx', SHAPES, trt).build((8, 9))
    assert EngineJob(tmp_path / 'words.onnx', SHAPES, trt).build((12, 0)).nbytes


@pytest.mark.parametrize('model, capability, in_place', [
    ('3b', (8, 6), True), ('3b', (8, 9), False), ('7b', (8, 9), True)])
def test_two_layers_of_the_true_widths_are_built(
    model, capability, in_place, roomy, figures
):
    save(two_layers(model), roomy / 'step.onnx')
    job = EngineJob(roomy / 'step.onnx', SHAPES, trt)
    assert job.precision() == 'float16'
    job.update_in_place(in_place)
    plan = job.build(capability)
    # TensorRT keeps one copy of weights that are the same: those of one layer, two bytes each.
    hidden, heads, kv_heads, mlp = QWEN[model]
    weights = 2 * hidden * ((2 * heads + 2 * kv_heads) * 128 + 3 * mlp)
    assert weights < plan.nbytes < 1.1 * weights
    figures.append({
        'model': f'two layers of Qwen2.5-VL-{model.upper()}', 'engine': 'step',
        'precision': 'float16', 'capability': capability, 'in_place': in_place,
        'seconds': round(job.seconds, 1), 'mib': round(plan.nbytes / MIB, 1)})


def test_an_operator_that_tensorrt_lacks_is_named(tmp_path):
    graph = Graph('step')
    x = graph.input('hidden', np.float32, ('batch', 4))
    graph.output('logits', graph.op('NoSuchThing', x), ('batch', 4))
    save(graph.model(), tmp_path / 'words.onnx')
    with pytest.raises(TensorRtError, match=r'words.onnx cannot be parsed: .*NoSuchThing') as told:
        EngineJob(tmp_path / 'words.onnx', SHAPES, trt)
    print(told.value)


def test_shapes_in_no_order_are_refused(nano):
    directory, shapes, *_ = nano
    job = EngineJob(directory / 'step.onnx', replace(shapes, chunk=0), trt)
    with pytest.raises(TensorRtError, match='chunks of 1 to 0 tokens'):
        job.build((8, 6))


def two_layers(model, bits=0, kind=''):
    hidden, heads, kv_heads, mlp = QWEN[model]
    config = DecoderConfig(
        layers=2, hidden=hidden, heads=heads, kv_heads=kv_heads, head_dim=128, mlp=mlp,
        vocab=512, norm_eps=1e-6, rope_theta=1e6, rope_axes=(0,) * 64, qkv_bias=True,
        qk_norm=False, deepstack=0)
    noise = np.random.default_rng(0).normal(0, 0.02, 1 << 20).astype(np.float16)
    q, kv = heads * 128, kv_heads * 128
    one_layer = {name: np.resize(noise, shape) for name, shape in {
        'input_layernorm.weight': hidden, 'post_attention_layernorm.weight': hidden,
        'self_attn.q_proj.weight': (q, hidden), 'self_attn.q_proj.bias': q,
        'self_attn.k_proj.weight': (kv, hidden), 'self_attn.k_proj.bias': kv,
        'self_attn.v_proj.weight': (kv, hidden), 'self_attn.v_proj.bias': kv,
        'self_attn.o_proj.weight': (hidden, q), 'mlp.gate_proj.weight': (mlp, hidden),
        'mlp.up_proj.weight': (mlp, hidden), 'mlp.down_proj.weight': (hidden, mlp)}.items()}
    weights = {f'decoder.layers.{layer}.{name}': value
               for layer in range(2) for name, value in one_layer.items()}
    weights['decoder.norm.weight'] = np.resize(noise, hidden)
    weights.update({
        name: value.astype(np.float32) for name, value in weights.items() if 'norm' in name})
    weights['decoder.embed_tokens.weight'] = np.resize(noise, (512, hidden))
    if bits:
        weights.update({
            name: in_blocks(value.astype(np.float32), bits)
            for name, value in weights.items() if name.endswith('_proj.weight')})
    if kind:
        put = {'fp8': in_fp8, 'nvfp4': in_nvfp4}[kind]
        weights.update({
            name: put(value.astype(np.float32), 0.1, 10.0)
            for name, value in weights.items() if name.endswith('_proj.weight')})
    return step_graph(config, weights, (1, 2, 3), precision='float16')
