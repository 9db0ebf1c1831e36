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

"""The TensorRT backend in a stream engine, step for step against ONNX Runtime's."""

from contextlib import suppress
from dataclasses import replace
import importlib
import shutil

from double import DoubleDevice
from double_builder import DoubleBuilding
from exported import export
import numpy as np
import pytest
from safetensors.numpy import load_file
from safetensors.numpy import save_file

from streamo_ros.dialogue import State
from streamo_ros.engine import StreamEngine
from streamo_ros.engine.backends.onnxruntime import OnnxRuntimeBackend
from streamo_ros.engine.backends.tensorrt.backend import TensorRtBackend
from streamo_ros.engine.backends.tensorrt.build import build_engines
from streamo_ros.engine.backends.tensorrt.cuda import CudaDevice
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.manifest import read_manifest
from streamo_ros.models import load_checkpoint
from streamo_ros.models.checkpoint import NANO

WINDOW = 4
TOLERANCE = 1e-4


class Answering:
    """A backend that keeps what its steps say, and responds at some ticks."""

    def __init__(self, backend, respond_at):
        self._backend, self._respond_at = backend, respond_at
        self.said: list[np.ndarray] = []
        self._turns = -1

    def __getattr__(self, name):
        return getattr(self._backend, name)

    def step(self, first, inputs):
        outputs = self._backend.step(first, inputs)
        if not inputs.into_sink:
            self.said += [outputs.states.copy(), outputs.hidden]
        if inputs.is_new_turn.any():
            self._turns += 1
            outputs.states[:, State.RESPONSE] = 1e9 * (
                1 if self._turns in self._respond_at else -1)
        return outputs


def built(source, directory, frame, version, precision='float32', memory=None):
    """Return the double that engines of a checkpoint were built with, and its device."""
    shapes = export(
        source, directory, frame, window_turns=WINDOW, precision=precision, memory_tokens=memory)
    device = DoubleDevice()
    trt = DoubleBuilding(device, version)
    build_engines(
        directory, shapes, trt, device=device.name, capability=device.capability,
        progress=lambda line: None)
    return trt, device


def backend_of(directory, trt, device):
    return TensorRtBackend(
        load_checkpoint(directory), open_device=lambda: device, open_module=lambda name: trt)


def watch_a_stream(engine, frames):
    """Slide the window over answers, a late and a cancelled instruction, and a reset."""
    decisions = []
    first = engine.watch('Tell me when the light goes off.')
    for stamp, frame in enumerate(frames):
        if stamp == 2:
            engine.watch('Say so when it moves. ' * 10)
            engine.watch('Tell me when it stops.')
        if stamp == 6:
            first.cancel()
        if stamp == 7:
            engine.watch('Tell me when anything happens.')
        if stamp == 10:
            engine.reset()
        decisions.append(engine.step(frame, float(stamp)))
    return decisions


@pytest.mark.parametrize('version, memory', [
    ('10.3.0', 0), ('10.15.0', 0), ('10.15.0', 120)
], ids=['delta_out', 'in_place', 'in_place_with_a_memory'])
def test_it_decides_step_for_step_as_onnxruntime(random_model, version, memory, tmp_path):
    frames = random_model.frames(14)
    directory = tmp_path / 'exported'
    trt, device = built(
        random_model.directory, directory, frames[0].shape[:2], version, memory=memory)
    checkpoint = load_checkpoint(directory)
    respond_at = (1, 5, 8, 12)
    backends = [Answering(backend, respond_at) for backend in (
        backend_of(directory, trt, device), OnnxRuntimeBackend(checkpoint))]
    engines = [StreamEngine(
        checkpoint, backend, window_turns=WINDOW, max_answer_tokens=6, memory_tokens=memory)
               for backend in backends]
    ours, theirs = (watch_a_stream(engine, frames) for engine in engines)
    assert len(backends[0].said) == len(backends[1].said)
    for one, other in zip(backends[0].said, backends[1].said, strict=True):
        np.testing.assert_allclose(one, other, atol=TOLERANCE)
    for one, other in zip(ours, theirs, strict=True):
        assert [(decision.text, decision.state) for decision in one] == [
            (decision.text, decision.state) for decision in other]
    assert any(decision.state is State.RESPONSE for tick in ours for decision in tick)
    # With a memory, streamo_small's random weights end each answer before its first word.
    assert memory or any(decision.text for tick in ours for decision in tick)
    assert read_manifest(directory).in_place == (version == '10.15.0')


@pytest.fixture(scope='module')
def nano(tmp_path_factory):
    directory = tmp_path_factory.mktemp('built') / 'nano'
    return directory, *built(NANO, directory, (120, 160), '10.15.0')


def test_shapes_are_captured_in_the_beginning_and_replayed_for_ever(nano):
    directory, trt, device = nano
    backend = Answering(backend_of(directory, trt, device), ())
    engine = StreamEngine(load_checkpoint(directory), backend, window_turns=WINDOW)
    for name in ('one', 'two'):
        engine.watch(f'Tell me when number {name} moves.')
    frame = np.zeros((120, 160, 3), np.uint8)
    for stamp in range(20):
        engine.step(frame, float(stamp))
        if stamp == 9:
            captures, launches = device.captures, device.launches
    assert device.captures == captures
    # A silent tick is one look and one step.
    assert device.launches == launches + 2 * 10


def test_two_streams_over_the_same_engines_decide_as_each_would_alone(nano):
    directory, trt, device = nano
    streams = np.random.default_rng(1).integers(0, 256, (2, 4, 120, 160, 3), np.uint8)

    def watching(backend):
        engine = StreamEngine(load_checkpoint(directory), backend, window_turns=WINDOW)
        engine.watch('Tell me when something starts moving.')
        return engine

    def step(engine, stream, stamp):
        return [decision.probabilities for decision in engine.step(
            streams[stream, stamp], float(stamp))]

    backend = backend_of(directory, trt, device)
    alone = []
    for stream in (0, 1):
        engine = watching(backend)
        alone.append([step(engine, stream, stamp) for stamp in range(4)])
    both = watching(backend), watching(backend.new_stream())
    together = [[step(engine, stream, stamp) for stream, engine in enumerate(both)]
                for stamp in range(4)]
    assert [list(ticks) for ticks in zip(*together, strict=True)] == alone


def test_what_the_cache_held_before_changes_nothing(nano):
    directory, trt, device = nano
    frames = np.random.default_rng(0).integers(0, 256, (6, 120, 160, 3), np.uint8)
    backend = backend_of(directory, trt, device)
    probabilities = []
    for poison in (0x00, 0xFF):
        engine = StreamEngine(load_checkpoint(directory), backend, window_turns=WINDOW)
        engine.watch('Tell me when something starts moving.')
        for part in backend._cache.values():
            part.clear = lambda part=part, poison=poison: device.view(
                part._base, part._size).fill(poison)
        probabilities.append([engine.step(frame, float(stamp))[0].probabilities
                              for stamp, frame in enumerate(frames)])
    assert probabilities[0] == probabilities[1]


def test_an_empty_cache_holds_nothing_that_could_spoil_a_sum(nano):
    directory, trt, device = nano
    backend = backend_of(directory, trt, device)
    shapes = read_manifest(directory).shapes
    backend.allocate(shapes.max_batch, shapes.sink_rows, shapes.ring_rows)
    device.synchronize()
    for part in backend._cache.values():
        assert not device.view(part._base, part._size).any()


def test_a_write_past_the_end_is_caught_on_the_host(nano):
    directory, trt, device = nano
    backend = backend_of(directory, trt, device)
    engine = StreamEngine(load_checkpoint(directory), backend, window_turns=WINDOW)
    engine.watch('Tell me when something starts moving.')
    seen = []
    step = backend.step
    backend.step = lambda first, inputs: seen.append(inputs) or step(first, inputs)
    engine.step(np.zeros((120, 160, 3), np.uint8), 0.0)
    rows = backend._cache['ring'].rows
    late = replace(
        seen[-1],
        cache_offsets=seen[-1].cache_offsets + rows - seen[-1].embeds.shape[1] + 1)
    with pytest.raises(AssertionError, match='past the end of the cache'):
        step(0, late)


@pytest.mark.filterwarnings('ignore:.*encountered in:RuntimeWarning')
@pytest.mark.parametrize('precision, tolerance', [('float16', 1e-3), ('bfloat16', 1e-2)])
def test_in_half_precision_it_decides_nearly_as_in_float32(tmp_path, precision, tolerance):
    trt, device = built(NANO, tmp_path / 'nano', (120, 160), '10.15.0', precision)
    checkpoint = load_checkpoint(tmp_path / 'nano')
    engines = [StreamEngine(checkpoint, backend, window_turns=WINDOW) for backend in (
        backend_of(tmp_path / 'nano', trt, device), OnnxRuntimeBackend(checkpoint))]
    for engine in engines:
        engine.watch('Tell me when something starts moving.')
    frames = np.random.default_rng(0).integers(0, 256, (6, 120, 160, 3), np.uint8)
    for stamp, frame in enumerate(frames):
        one, other = (engine.step(frame, float(stamp))[0] for engine in engines)
        np.testing.assert_allclose(one.probabilities, other.probabilities, atol=tolerance)


@pytest.mark.parametrize('window_turns', [2, 9])
def test_another_window_is_refused_with_the_command_that_builds_it(nano, window_turns):
    directory, trt, device = nano
    engine = StreamEngine(
        load_checkpoint(directory), backend_of(directory, trt, device),
        window_turns=window_turns)
    with pytest.raises(TensorRtError, match=f'turns of 50 rows.*--window {window_turns} '):
        engine.step(np.zeros((120, 160, 3), np.uint8), 0.0)


def test_another_frame_is_refused_with_the_command_that_builds_it(nano):
    directory, trt, device = nano
    backend = backend_of(directory, trt, device)
    with pytest.raises(TensorRtError, match='112x112 pixels, and these are of 140x112'):
        backend.encode_image(np.zeros((1, 1), np.uint8), (4, 5))


def test_other_weights_or_another_gpu_are_refused_before_anything_is_loaded(nano, tmp_path):
    directory, trt, _ = nano
    with pytest.raises(TensorRtError, match='were built for Double .* and this is Other'):
        backend_of(directory, trt, DoubleDevice('Other'))
    with pytest.raises(TensorRtError, match='10.15.0, and this is 10.16.0'):
        backend_of(directory, DoubleBuilding(DoubleDevice(), '10.16.0'), DoubleDevice())
    shutil.copytree(directory, tmp_path / 'copy')
    file = next((tmp_path / 'copy').glob('*.safetensors'))
    weights = load_file(file)
    name = next(name for name in weights if name.endswith('norm.weight'))
    save_file({**weights, name: weights[name] * 2}, file, metadata={'format': 'pt'})
    with pytest.raises(TensorRtError, match='from other weights'):
        backend_of(tmp_path / 'copy', trt, DoubleDevice())


@pytest.mark.parametrize('missing', ['step.engine', 'embed_tokens.npy', 'manifest.json'])
def test_a_missing_file_is_named(nano, tmp_path, missing):
    directory, trt, _ = nano
    shutil.copytree(directory, tmp_path / 'copy')
    (tmp_path / 'copy' / missing).unlink()
    with pytest.raises(TensorRtError, match=f'{missing} is missing|holds no TensorRT engines'):
        backend_of(tmp_path / 'copy', trt, DoubleDevice())


def test_an_engine_that_does_not_write_in_place_is_refused(nano, monkeypatch):
    directory, trt, _ = nano
    monkeypatch.setattr(
        'double.DoubleEngine.get_aliased_input_tensor', lambda self, name: None)
    with pytest.raises(TensorRtError, match='do not write ring_key_0 in place'):
        backend_of(directory, trt, DoubleDevice())
    # Before TensorRT could tell, it is taken at its word.
    monkeypatch.delattr('double.DoubleEngine.get_aliased_input_tensor')
    trt.device = device = DoubleDevice()
    backend_of(directory, trt, device)


@pytest.mark.parametrize('spoil, sentence', [
    (lambda file: file.write_bytes(file.read_bytes()[:5000]), 'cannot be read'),
    (lambda file: file.write_bytes(b''), 'cannot be read'),
    (lambda file: np.save(file, np.load(file)[:7]), 'calls for .1024, 256'),
], ids=['cut', 'empty', 'shorter'])
def test_a_spoilt_embedding_table_is_refused_with_the_command_that_makes_it(
        nano, tmp_path, spoil, sentence):
    directory, trt, device = nano
    copy = shutil.copytree(directory, tmp_path / 'copy')
    spoil(copy / 'embed_tokens.npy')
    with pytest.raises(TensorRtError, match=f'embed_tokens.npy .*{sentence}.*streamo export'):
        backend_of(copy, trt, device)


def test_without_tensorrt_it_is_told_which_to_install(nano):
    directory, _, device = nano

    def missing(name):
        raise ImportError(f'No module named {name!r}')

    with pytest.raises(TensorRtError, match='tensorrt cannot be imported .*install tensorrt 10'):
        TensorRtBackend(
            load_checkpoint(directory), open_device=lambda: device, open_module=missing)


def test_a_checkpoint_without_engines_is_told_how_to_build_them():
    with pytest.raises(TensorRtError, match='holds no TensorRT engines: build them here with'):
        TensorRtBackend(load_checkpoint('nano'))


@pytest.mark.gpu
@pytest.mark.parametrize('precision, tolerance', [
    ('float32', 2e-2), ('float16', 5e-2), ('bfloat16', 2e-1)])
def test_on_a_gpu_it_decides_as_onnxruntime(tmp_path, precision, tolerance):
    trt = pytest.importorskip('tensorrt', reason='needs TensorRT')
    device = None
    with suppress(TensorRtError):
        device = CudaDevice()
    if device is None:
        pytest.skip('needs a GPU and cuda-python')
    directory = tmp_path / 'nano'
    shapes = export(NANO, directory, (120, 160), window_turns=WINDOW, precision=precision)
    frames = np.random.default_rng(0).integers(0, 256, (14, 120, 160, 3), np.uint8)
    checkpoint = load_checkpoint(directory)
    for in_place in (False, None):
        build_engines(
            directory, shapes, trt, device=device.name, capability=device.capability,
            in_place=in_place)
        backends = [Answering(backend, (1, 5)) for backend in (
            TensorRtBackend(checkpoint, open_module=importlib.import_module),
            OnnxRuntimeBackend(checkpoint))]
        for backend in backends:
            engine = StreamEngine(checkpoint, backend, window_turns=WINDOW, max_answer_tokens=1)
            watch_a_stream(engine, frames)
        for one, other in zip(*(backend.said for backend in backends), strict=True):
            np.testing.assert_allclose(
                one, other, atol=tolerance * np.abs(other).max())
