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

"""The device that engines run on: memory, one stream, and graphs of recorded work."""

from collections.abc import Callable
import ctypes
import importlib
from typing import Any
from typing import Protocol
import weakref

import numpy as np
from numpy.typing import NDArray

from streamo_ros.engine.backends.tensorrt.errors import TensorRtError

Bytes = NDArray[np.uint8]


class CudaError(RuntimeError):
    """A call of CUDA that failed; the message names it."""


class Device(Protocol):
    """
    One GPU and one stream of work on it.

    Work is done in the order in which it is enqueued, and only ``synchronize`` waits for it: until
    then what is uploaded may not change, and what is downloaded may not be read. Memory lives as
    long as the device.

    :param name: of the GPU
    :param capability: its compute capability, (major, minor)
    :param stream: handle of the stream; never the default one, which cannot be captured
    """

    name: str
    capability: tuple[int, int]
    stream: int

    def allocate(self, size: int) -> int:
        """Return the address of so many bytes on the device, a multiple of 256."""

    def pinned(self, size: int) -> Bytes:
        """Return so many bytes on the host which the device can reach."""

    def upload(self, target: int, source: Bytes) -> None:
        """Copy pinned bytes to the device."""

    def download(self, target: Bytes, source: int) -> None:
        """Copy from the device to pinned bytes."""

    def copy_rows(
        self, target: int, target_pitch: int, source: int, source_pitch: int, width: int,
        height: int,
    ) -> None:
        """Copy ``height`` rows of ``width`` bytes, which begin ``pitch`` bytes apart."""

    def clear(self, target: int, size: int) -> None:
        """Set bytes to zero."""

    def synchronize(self) -> None:
        """Wait until all work is done."""

    def capture(self, work: Callable[[], None]) -> Any:
        """Return a graph of the work that a call enqueues; none of it is done."""

    def launch(self, graph: Any) -> None:
        """Do a graph's work."""


class CudaDevice:
    """
    The first GPU, through cuda-python.

    :raises TensorRtError: when cuda-python or a GPU is missing
    """

    def __init__(self) -> None:
        try:
            runtime = importlib.import_module('cuda.bindings.runtime')
        except ImportError as error:
            raise TensorRtError(
                'the TensorRT backend needs cuda-python: `pip install cuda-python`, of the '
                "system's CUDA version") from error
        self._cuda = runtime
        try:
            properties = self._call('cudaGetDeviceProperties', 0)
            self._stream = self._call('cudaStreamCreateWithFlags', runtime.cudaStreamNonBlocking)
        except CudaError as error:
            raise TensorRtError(
                f'no GPU can be used ({error}): install its driver, or take the backend '
                '`onnxruntime`') from error
        self.name = properties.name.rstrip(b'\0').decode()
        self.capability = (int(properties.major), int(properties.minor))
        self.stream = int(self._stream)
        # What was made, with the call that frees it
        self._made: list[tuple[str, Any]] = [('cudaStreamDestroy', self._stream)]
        weakref.finalize(self, _unmake, runtime, self._made)

    def allocate(self, size: int) -> int:
        """Return the address of so many bytes on the device, a multiple of 256."""
        address = int(self._call('cudaMalloc', size))
        self._made.append(('cudaFree', address))
        return address

    def pinned(self, size: int) -> Bytes:
        """Return so many bytes on the host which the device can reach."""
        address = int(self._call('cudaHostAlloc', size, self._cuda.cudaHostAllocDefault))
        self._made.append(('cudaFreeHost', address))
        return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))

    def upload(self, target: int, source: Bytes) -> None:
        """Copy pinned bytes to the device."""
        self._call(
            'cudaMemcpyAsync', target, source.ctypes.data, source.nbytes,
            self._cuda.cudaMemcpyKind.cudaMemcpyHostToDevice, self._stream)

    def download(self, target: Bytes, source: int) -> None:
        """Copy from the device to pinned bytes."""
        self._call(
            'cudaMemcpyAsync', target.ctypes.data, source, target.nbytes,
            self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost, self._stream)

    def copy_rows(
        self, target: int, target_pitch: int, source: int, source_pitch: int, width: int,
        height: int,
    ) -> None:
        """Copy ``height`` rows of ``width`` bytes, which begin ``pitch`` bytes apart."""
        self._call(
            'cudaMemcpy2DAsync', target, target_pitch, source, source_pitch, width, height,
            self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToDevice, self._stream)

    def clear(self, target: int, size: int) -> None:
        """Set bytes to zero."""
        self._call('cudaMemsetAsync', target, 0, size, self._stream)

    def synchronize(self) -> None:
        """Wait until all work is done."""
        self._call('cudaStreamSynchronize', self._stream)

    def capture(self, work: Callable[[], None]) -> Any:
        """Return a graph of the work that a call enqueues; none of it is done."""
        mode = self._cuda.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._call('cudaStreamBeginCapture', self._stream, mode)
        try:
            work()
        except BaseException:
            # Otherwise the stream would take no more work.
            self._cuda.cudaStreamEndCapture(self._stream)
            raise
        recorded = self._call('cudaStreamEndCapture', self._stream)
        graph = self._call('cudaGraphInstantiate', recorded, 0)
        self._call('cudaGraphDestroy', recorded)
        self._made.append(('cudaGraphExecDestroy', graph))
        return graph

    def launch(self, graph: Any) -> None:
        """Do a graph's work."""
        self._call('cudaGraphLaunch', graph, self._stream)

    def _call(self, name: str, *arguments: Any) -> Any:
        error, *values = getattr(self._cuda, name)(*arguments)
        if error != self._cuda.cudaError_t.cudaSuccess:
            _, text = self._cuda.cudaGetErrorString(error)
            raise CudaError(f'{name}: {text.decode()}')
        return values[0] if values else None


def _unmake(cuda: Any, made: list[tuple[str, Any]]) -> None:
    for name, handle in reversed(made):
        getattr(cuda, name)(handle)
