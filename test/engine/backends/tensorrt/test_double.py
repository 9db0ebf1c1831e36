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

"""The double notices what it is there for: each of its rules, broken once."""

from double import ContractBroken
from double import DoubleDevice
from double import DoubleLogger
from double import DoubleTensorRt
from double import Strategy
from double import STREAM
from double import WORKSPACE
import numpy as np
import pytest
from tiny import CACHE_BYTES
from tiny import WIDTH
from tiny import write_tiny


class Silent(DoubleLogger):
    def log(self, severity, message):
        pass


class Scene:
    """A context that is ready to run, with one thing left out or done wrong."""

    def __init__(self, tmp_path, in_place=False, batch=1, chunk=2):
        self.device = DoubleDevice()
        trt = DoubleTensorRt(self.device)
        plan = write_tiny(tmp_path, in_place).read_bytes()
        self.engine = trt.Runtime(Silent()).deserialize_cuda_engine(plan)
        self.context = self.engine.create_execution_context(Strategy.USER_MANAGED)
        self.workspace = self.device.allocate(WORKSPACE)
        self.shapes = {'x': (batch, chunk, WIDTH), 'ring_key_0': (batch, 1, 16, WIDTH)}
        if in_place:
            self.shapes['write_index'] = (batch,)
        self.addresses = {
            name: self.device.allocate(2 * 8 * CACHE_BYTES)
            for name in (*self.engine.inputs, *self.engine.outputs)}
        if in_place:
            self.addresses['ring_key_0_out'] = self.addresses['ring_key_0']

    def prepare(self, leave_out=()):
        if 'workspace' not in leave_out:
            self.context.set_device_memory(self.workspace, WORKSPACE)
        if 'profile' not in leave_out:
            self.context.set_optimization_profile_async(0, STREAM)
        for name, shape in self.shapes.items():
            if name not in leave_out:
                assert self.context.set_input_shape(name, shape)
        for name, address in self.addresses.items():
            if f'address of {name}' not in leave_out:
                assert self.context.set_tensor_address(name, address)
        return self.context

    def run(self, leave_out=()):
        self.prepare(leave_out).execute_async_v3(STREAM)
        self.device.synchronize()

    def put(self, name, value):
        staged = self.device.pinned(value.nbytes)
        staged[:] = value.reshape(-1).view(np.uint8)
        self.device.upload(self.addresses[name], staged)
        self.device.synchronize()

    def get(self, name, shape, wait=True):
        staged = self.device.pinned(int(np.prod(shape)) * 4)
        self.device.download(staged, self.addresses[name])
        if wait:
            self.device.synchronize()
        return staged.view(np.float32).reshape(shape)


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_kept_to_its_contract_it_computes(scene):
    x = np.arange(2 * WIDTH, dtype=np.float32).reshape(1, 2, WIDTH)
    scene.put('x', x)
    scene.run()
    np.testing.assert_array_equal(scene.get('doubled', x.shape), 2 * x)


@pytest.mark.parametrize('left_out, complaint', [
    ('workspace', 'without memory'), ('profile', 'before there is a profile'),
    ('x', 'have no shape'), ('address of x', 'x has no address'),
    ('address of doubled', 'doubled has no address')])
def test_nothing_may_be_left_out(scene, left_out, complaint):
    with pytest.raises(ContractBroken, match=complaint):
        scene.run([left_out])


def test_a_profile_forgets_the_shapes_set_before_it(scene):
    scene.prepare()
    scene.context.set_optimization_profile_async(1, STREAM)
    with pytest.raises(ContractBroken, match='have no shape'):
        scene.context.execute_async_v3(STREAM)


@pytest.mark.parametrize('name, shape', [
    ('x', (1, 9, WIDTH)), ('x', (3, 1, WIDTH)), ('x', (1, WIDTH)), ('doubled', (1, 1, WIDTH))])
def test_a_shape_outside_the_profile_is_refused(scene, name, shape):
    scene.prepare()
    assert not scene.context.set_input_shape(name, shape)


def test_dimensions_of_one_name_are_one(scene):
    scene.shapes['x'] = (2, 2, WIDTH)
    with pytest.raises(ContractBroken, match='batch of'):
        scene.run()


def test_addresses_are_aligned_and_on_the_device(scene):
    with pytest.raises(ContractBroken, match='not aligned'):
        scene.context.set_tensor_address('x', scene.addresses['x'] + 4)
    scene.addresses['x'] = 1 << 40
    with pytest.raises(ContractBroken, match='no address on the device'):
        scene.run()


def test_a_tensor_lies_within_one_allocation(scene):
    scene.addresses['x'] = scene.device.allocate(2 * WIDTH * 4 - 4)
    with pytest.raises(ContractBroken, match='pass the end'):
        scene.run()


def test_an_output_lies_on_nothing_else(scene):
    scene.addresses['doubled'] = scene.addresses['x']
    with pytest.raises(ContractBroken, match='doubled lies on x'):
        scene.run()
    scene.addresses['doubled'] = scene.workspace
    with pytest.raises(ContractBroken, match='lies on'):
        scene.run()


def test_the_workspace_is_large_and_of_a_context_that_has_none(scene):
    with pytest.raises(ContractBroken, match='too small'):
        scene.context.set_device_memory(scene.workspace, WORKSPACE - 1)
    own = scene.engine.create_execution_context(Strategy.STATIC)
    with pytest.raises(ContractBroken, match='memory of its own'):
        own.set_device_memory(scene.workspace, WORKSPACE)


def test_work_is_given_to_the_one_stream(scene):
    scene.prepare()
    with pytest.raises(ContractBroken, match='another stream'):
        scene.context.execute_async_v3(0)
    with pytest.raises(ContractBroken, match='another stream'):
        scene.context.set_optimization_profile_async(0, 0)


def test_what_is_read_before_the_wait_is_poison(scene):
    scene.put('x', np.ones((1, 2, WIDTH), np.float32))
    scene.run()
    early = scene.get('doubled', (1, 2, WIDTH), wait=False)
    assert np.isnan(early).all()
    scene.device.synchronize()
    assert (early == 2).all()


def test_what_is_changed_before_the_wait_is_uploaded_changed(scene):
    staged = scene.device.pinned(4)
    staged[:] = 1
    scene.device.upload(scene.addresses['x'], staged)
    staged[:] = 2
    scene.device.synchronize()
    assert (scene.device.view(scene.addresses['x'], 4) == 2).all()


def test_new_memory_is_poison(scene):
    assert np.isnan(scene.get('x', (4,))).all()


def test_only_pinned_memory_goes_up_and_down(scene):
    for move in (lambda: scene.device.upload(scene.addresses['x'], np.zeros(4, np.uint8)),
                 lambda: scene.device.download(np.zeros(4, np.uint8), scene.addresses['x'])):
        with pytest.raises(ContractBroken, match='not pinned'):
            move()


def test_a_copy_of_rows_stays_within_allocations(scene):
    small = scene.device.allocate(16)
    with pytest.raises(ContractBroken, match='pass the end'):
        scene.device.copy_rows(small, 12, scene.addresses['x'], 12, 8, 2)
    with pytest.raises(ContractBroken, match='wider than'):
        scene.device.copy_rows(small, 4, scene.addresses['x'], 12, 8, 1)


@pytest.mark.parametrize('forbidden', [
    lambda scene: scene.device.allocate(1), lambda scene: scene.device.pinned(1),
    lambda scene: scene.device.synchronize(), lambda scene: scene.device.capture(lambda: None),
    lambda scene: scene.context.set_optimization_profile_async(0, STREAM)])
def test_a_capture_forbids_what_cannot_be_recorded(scene, forbidden):
    with pytest.raises(ContractBroken, match='captur'):
        scene.device.capture(lambda: forbidden(scene))
    assert not scene.device.capturing


def test_only_what_ran_before_can_be_captured(scene):
    scene.prepare()
    with pytest.raises(ContractBroken, match='before it ran'):
        scene.device.capture(lambda: scene.context.execute_async_v3(STREAM))


def test_a_capture_does_nothing_and_a_launch_replays_it_at_the_same_addresses(scene):
    scene.run()
    before = scene.get('doubled', (1, 2, WIDTH)).copy()
    scene.put('x', np.ones((1, 2, WIDTH), np.float32))
    graph = scene.device.capture(lambda: scene.context.execute_async_v3(STREAM))
    np.testing.assert_array_equal(scene.get('doubled', (1, 2, WIDTH)), before)
    scene.device.launch(graph)
    assert (scene.get('doubled', (1, 2, WIDTH)) == 2).all()


def test_a_graph_dies_with_any_change_of_its_context(scene):
    scene.run()
    graph = scene.device.capture(lambda: scene.context.execute_async_v3(STREAM))
    scene.context.set_tensor_address('x', scene.addresses['x'])
    with pytest.raises(ContractBroken, match='touched since'):
        scene.device.launch(graph)


def test_an_aliased_output_lies_on_its_input(tmp_path):
    scene = Scene(tmp_path, in_place=True)
    scene.addresses['ring_key_0_out'] = scene.device.allocate(CACHE_BYTES)
    with pytest.raises(ContractBroken, match='does not lie on ring_key_0'):
        scene.run()


def test_in_place_rows_are_written_and_what_passes_the_end_is_dropped(tmp_path):
    scene = Scene(tmp_path, in_place=True, batch=2, chunk=4)
    ring = np.zeros((2, 1, 16, WIDTH), np.float32)
    x = 1 + np.arange(2 * 4 * WIDTH, dtype=np.float32).reshape(2, 4, WIDTH)
    scene.put('ring_key_0', ring)
    scene.put('x', x)
    scene.put('write_index', np.asarray([3, 14], np.int32))
    scene.run()
    ring[0, 0, 3:7], ring[1, 0, 14:] = x[0], x[1, :2]
    np.testing.assert_array_equal(scene.get('ring_key_0', ring.shape), ring)
    # Rows to be written may not be read: the sum over them is poisoned.
    assert np.isnan(scene.get('total', (2,))).all()
