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

"""How the device calls CUDA; a runtime that records stands in for one."""

from enum import Enum
import importlib
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from streamo_ros.engine.backends.tensorrt.cuda import CudaDevice
from streamo_ros.engine.backends.tensorrt.cuda import CudaError
from streamo_ros.engine.backends.tensorrt.errors import TensorRtError

CALLS = [
    'cudaFree', 'cudaFreeHost', 'cudaGetDeviceProperties', 'cudaGetErrorString',
    'cudaGraphDestroy', 'cudaGraphExecDestroy', 'cudaGraphInstantiate', 'cudaGraphLaunch',
    'cudaHostAlloc', 'cudaMalloc', 'cudaMemcpy2DAsync', 'cudaMemcpyAsync', 'cudaMemsetAsync',
    'cudaStreamBeginCapture', 'cudaStreamCreateWithFlags', 'cudaStreamDestroy',
    'cudaStreamEndCapture', 'cudaStreamSynchronize']


class Recording:
    """As ``cuda.bindings.runtime``; calls in ``failing`` fail."""

    cudaError_t = Enum('cudaError_t', ['cudaSuccess', 'cudaErrorUnknown'])  # noqa: N815
    cudaMemcpyKind = SimpleNamespace(  # noqa: N815
        cudaMemcpyHostToDevice='up', cudaMemcpyDeviceToHost='down', cudaMemcpyDeviceToDevice='on')
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal='local')  # noqa: N815
    cudaStreamNonBlocking, cudaHostAllocDefault = 1, 0  # noqa: N815

    def __init__(self):
        self.calls, self.failing = [], set()
        self.memory = np.zeros(64, np.uint8)

    def __getattr__(self, name):
        if name not in CALLS:
            raise AttributeError(name)
        values = {
            'cudaGetDeviceProperties': SimpleNamespace(name=b'Orin\0\0', major=8, minor=7),
            'cudaGetErrorString': b'it broke', 'cudaHostAlloc': self.memory.ctypes.data,
            'cudaMalloc': 512, 'cudaStreamCreateWithFlags': 5, 'cudaStreamEndCapture': 'recorded',
            'cudaGraphInstantiate': 'graph'}

        def call(*arguments):
            self.calls.append((name, *arguments))
            if name in self.failing:
                return self.cudaError_t.cudaErrorUnknown, None
            value = (values[name],) if name in values else ()
            return (self.cudaError_t.cudaSuccess, *value)

        return call


@pytest.fixture
def cuda(monkeypatch):
    recording = Recording()
    for name in ('cuda', 'cuda.bindings', 'cuda.bindings.runtime'):
        monkeypatch.setitem(sys.modules, name, recording)
    return recording


def test_it_names_its_gpu_and_makes_a_stream_of_its_own(cuda):
    device = CudaDevice()
    assert (device.name, device.capability, device.stream) == ('Orin', (8, 7), 5)
    assert ('cudaStreamCreateWithFlags', 1) in cuda.calls


def test_work_goes_to_its_stream_in_order(cuda):
    device = CudaDevice()
    host = device.pinned(8)
    host[:] = 3
    assert (cuda.memory[:8] == 3).all()
    cuda.calls.clear()
    address = device.allocate(100)
    device.upload(address, host)
    device.copy_rows(1024, 64, address, 32, 16, 3)
    device.clear(address, 100)
    device.download(host, address)
    device.synchronize()
    at = cuda.memory.ctypes.data
    assert cuda.calls == [
        ('cudaMalloc', 100), ('cudaMemcpyAsync', 512, at, 8, 'up', 5),
        ('cudaMemcpy2DAsync', 1024, 64, 512, 32, 16, 3, 'on', 5),
        ('cudaMemsetAsync', 512, 0, 100, 5), ('cudaMemcpyAsync', at, 512, 8, 'down', 5),
        ('cudaStreamSynchronize', 5)]


def test_work_is_captured_and_launched(cuda):
    device = CudaDevice()
    cuda.calls.clear()
    graph = device.capture(lambda: device.clear(512, 1))
    device.launch(graph)
    assert cuda.calls == [
        ('cudaStreamBeginCapture', 5, 'local'), ('cudaMemsetAsync', 512, 0, 1, 5),
        ('cudaStreamEndCapture', 5), ('cudaGraphInstantiate', 'recorded', 0),
        ('cudaGraphDestroy', 'recorded'), ('cudaGraphLaunch', 'graph', 5)]


def test_a_capture_that_fails_is_ended(cuda):
    device = CudaDevice()
    cuda.failing = {'cudaMemsetAsync'}
    with pytest.raises(CudaError, match='cudaMemsetAsync: it broke'):
        device.capture(lambda: device.clear(512, 1))
    assert cuda.calls[-1] == ('cudaStreamEndCapture', 5)


def test_all_that_was_made_is_unmade_with_the_device(cuda):
    def come_and_go():
        device = CudaDevice()
        device.allocate(1)
        device.pinned(1)
        device.capture(lambda: device.clear(512, 1))
        cuda.calls.clear()

    come_and_go()
    assert cuda.calls == [
        ('cudaGraphExecDestroy', 'graph'), ('cudaFreeHost', cuda.memory.ctypes.data),
        ('cudaFree', 512), ('cudaStreamDestroy', 5)]


def test_a_machine_without_a_gpu_is_told_what_to_do(cuda):
    cuda.failing = {'cudaGetDeviceProperties'}
    with pytest.raises(TensorRtError, match='no GPU can be used .*cudaGetDeviceProperties.*take'):
        CudaDevice()


def test_without_cuda_python_it_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cuda.bindings.runtime', None)
    with pytest.raises(TensorRtError, match='pip install cuda-python'):
        CudaDevice()


def test_every_call_is_in_the_real_runtime():
    runtime = pytest.importorskip('cuda.bindings.runtime', reason='needs cuda-python')
    names = [*CALLS, 'cudaError_t', 'cudaMemcpyKind', 'cudaStreamCaptureMode',
             'cudaStreamNonBlocking', 'cudaHostAllocDefault']
    assert [name for name in names if not hasattr(runtime, name)] == []
    for group, names in ((runtime.cudaMemcpyKind, vars(Recording.cudaMemcpyKind)),
                         (runtime.cudaStreamCaptureMode, vars(Recording.cudaStreamCaptureMode))):
        assert all(hasattr(group, name) for name in names)
    assert importlib.import_module('cuda.bindings').runtime is runtime
