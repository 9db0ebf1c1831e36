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

"""The runner against the double: what it does, and that the double sees when it does not."""

from double import ContractBroken
from double import DoubleContext
from double import DoubleDevice
from double import DoubleTensorRt
import numpy as np
import pytest
from tiny import CACHE_BYTES
from tiny import ROWS
from tiny import WIDTH
from tiny import write_tiny

from streamo_ros.engine.backends.tensorrt.errors import TensorRtError
from streamo_ros.engine.backends.tensorrt.runner import Binding
from streamo_ros.engine.backends.tensorrt.runner import EngineRunner


class Scene:
    """A runner of the tiny engine, and a cache for it."""

    def __init__(self, tmp_path, in_place=False):
        self.device = DoubleDevice()
        self.trt = DoubleTensorRt(self.device)
        self.runner = EngineRunner(
            write_tiny(tmp_path, in_place), self.trt, self.device, ('ring_key',))
        self.in_place = in_place
        self.cache = self.device.allocate(4 * CACHE_BYTES)
        self.device.clear(self.cache, 4 * CACHE_BYTES)
        self.device.synchronize()

    def bindings(self, batch, at=None):
        binding = Binding(self.cache if at is None else at, (batch, 1, ROWS, WIDTH))
        names = ['ring_key_0', 'ring_key_0_out'] if self.in_place else ['ring_key_0']
        return dict.fromkeys(names, binding)

    def run(self, batch=1, chunk=2, value=1.0, at=None, row=0):
        feeds = {'x': np.full((batch, chunk, WIDTH), value, np.float32)}
        if self.in_place:
            feeds['write_index'] = np.full(batch, row, np.int32)
        return self.runner.run(feeds, self.bindings(batch, at), ['doubled', 'total'])


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_a_shape_is_captured_once_and_replayed_from_then_on(scene):
    for turn in range(3):
        for batch, chunk in ((1, 2), (2, 8), (1, 1)):
            doubled, total = scene.run(batch, chunk, value=turn)
            np.testing.assert_array_equal(doubled, np.full((batch, chunk, WIDTH), 2 * turn))
            np.testing.assert_array_equal(total, np.zeros(batch))
    assert (scene.device.captures, scene.device.launches) == (3, 6)


def test_another_address_is_captured_anew_and_the_first_stays_good(scene):
    second = scene.cache + CACHE_BYTES
    scene.device.view(second, CACHE_BYTES).view(np.float32)[:] = 1
    for _ in range(2):
        assert scene.run()[1] == [0]
        assert scene.run(at=second)[1] == [ROWS * WIDTH]
    assert (scene.device.captures, scene.device.launches) == (2, 2)


def test_single_tokens_run_in_the_profile_made_for_them(scene):
    for chunk, profile in ((1, 1), (2, 0)):
        scene.run(chunk=chunk)
        assert scene.trt.contexts[-1]._profile == profile


def test_results_are_the_callers_own(scene):
    first = scene.run(value=1.0)[0]
    scene.run(value=5.0)
    assert (first == 2).all()


def test_a_cache_is_written_in_place_where_the_engine_can(tmp_path):
    scene = Scene(tmp_path, in_place=True)
    for row in (3, 9):
        scene.run(chunk=2, value=row, row=row)
    cache = scene.device.view(scene.cache, CACHE_BYTES).view(np.float32).reshape(ROWS, WIDTH)
    assert cache[:, 0].tolist() == [0, 0, 0, 3, 3, 0, 0, 0, 0, 9, 9, 0, 0, 0, 0, 0]
    assert scene.runner.writes_over('ring_key_0_out', 'ring_key_0')
    assert not scene.runner.writes_over('key_0', 'ring_key_0')


@pytest.mark.parametrize('batch, chunk', [(3, 1), (1, 9)])
def test_shapes_that_the_engine_was_not_built_for_are_refused(scene, batch, chunk):
    with pytest.raises(TensorRtError, match='tiny.engine was .*built for'):
        scene.run(batch, chunk)


@pytest.mark.parametrize('call', [
    'set_optimization_profile_async', 'set_input_shape', 'set_tensor_address',
    'execute_async_v3'])
def test_what_tensorrt_refuses_is_told_with_its_reason(scene, monkeypatch, call):
    monkeypatch.setattr(DoubleContext, call, lambda self, *_: self._refuse('no reason at all'))
    with pytest.raises(TensorRtError, match='refuses .* [(]no reason at all[)]: build it again'):
        scene.run()


def test_an_engine_that_is_missing_or_corrupt_is_refused(tmp_path):
    device = DoubleDevice()
    with pytest.raises(TensorRtError, match='tiny.engine is missing: copy all'):
        EngineRunner(tmp_path / 'tiny.engine', DoubleTensorRt(device), device)
    (tmp_path / 'tiny.engine').touch()
    with pytest.raises(TensorRtError, match='tiny.engine is missing: copy all'):
        EngineRunner(tmp_path / 'tiny.engine', DoubleTensorRt(device), device)
    (tmp_path / 'tiny.engine').write_bytes(b'{')
    with pytest.raises(TensorRtError, match='cannot load .*the plan is corrupt'):
        EngineRunner(tmp_path / 'tiny.engine', DoubleTensorRt(device), device)


def test_not_waiting_shows_as_poison(scene, monkeypatch):
    scene.run()
    monkeypatch.setattr(scene.device, 'synchronize', lambda: None)
    assert np.isnan(scene.run()[0]).all()


def test_not_running_before_the_capture_is_noticed(scene, monkeypatch):
    execute = EngineRunner._execute
    monkeypatch.setattr(EngineRunner, '_execute', lambda self, context: (
        execute(self, context) if scene.device.capturing else None))
    with pytest.raises(ContractBroken, match='before it ran'):
        scene.run()


def test_one_context_for_all_shapes_is_noticed(scene, monkeypatch):
    shared = scene.trt.contexts[0]
    monkeypatch.setattr(
        type(scene.runner._engine), 'create_execution_context', lambda self, strategy: shared)
    scene.run(chunk=2)
    scene.run(chunk=3)
    with pytest.raises(ContractBroken, match='touched since'):
        scene.run(chunk=2)


def test_capturing_with_the_wait_inside_is_noticed(scene, monkeypatch):
    execute = EngineRunner._execute

    def waits(self, context):
        execute(self, context)
        self._device.synchronize()

    monkeypatch.setattr(EngineRunner, '_execute', waits)
    with pytest.raises(ContractBroken, match='waited for while capturing'):
        scene.run()


@pytest.mark.parametrize('call, complaint', [
    ('set_device_memory', 'without memory'), ('set_tensor_address', 'has no address'),
    ('set_optimization_profile_async', 'before there is a profile')])
def test_a_step_left_out_is_noticed(scene, monkeypatch, call, complaint):
    monkeypatch.setattr(DoubleContext, call, lambda self, *_: True)
    with pytest.raises(ContractBroken, match=complaint):
        scene.run()


def test_a_shape_left_out_is_told(scene, monkeypatch):
    monkeypatch.setattr(DoubleContext, 'set_input_shape', lambda self, *_: True)
    with pytest.raises(TensorRtError, match=r"without \['x', 'ring_key_0'\]"):
        scene.run()


@pytest.mark.parametrize('offset, complaint', [
    (4, 'not aligned'), (4 * CACHE_BYTES - 256, 'pass the end'), (1 << 40, 'no address')])
def test_a_cache_in_a_wrong_place_is_noticed(scene, offset, complaint):
    with pytest.raises(ContractBroken, match=complaint):
        scene.run(at=scene.cache + offset)


def test_a_cache_bound_elsewhere_than_it_is_written_is_noticed(tmp_path):
    scene = Scene(tmp_path, in_place=True)
    bindings = {**scene.bindings(1), 'ring_key_0_out': Binding(
        scene.cache + CACHE_BYTES, (1, 1, ROWS, WIDTH))}
    with pytest.raises(ContractBroken, match='does not lie on'):
        scene.runner.run({'x': np.zeros((1, 1, WIDTH), np.float32),
                          'write_index': np.zeros(1, np.int32)}, bindings)


def test_the_default_stream_is_noticed(scene):
    scene.device.stream = 0
    with pytest.raises(ContractBroken, match='another stream'):
        scene.run()
