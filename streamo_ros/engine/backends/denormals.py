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
Treating denormal numbers as zero while a graph runs.

A sharp softmax is full of them, and a CPU takes many times as long for each: depending on what
the model attended to, a tick took two and a half times as long. ONNX Runtime switches its own
threads but not the calling thread, which does its share of the work; the first thread that makes
a session it switches, but never back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import platform

# Where glibc's fenv_t has the control word, and the word's bits: flush results, zero inputs
_WORDS = {'x86_64': (28, 0x8040), 'aarch64': (0, 1 << 24)}
_ENVIRONMENT_BYTES = 64


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Switch the calling thread, and back; does nothing on platforms it does not know."""
    if _LIBRARY is None:
        yield
        return
    before = ctypes.create_string_buffer(_ENVIRONMENT_BYTES)
    _LIBRARY.fegetenv(before)
    offset, bits = _WORDS[platform.machine()]
    within = ctypes.create_string_buffer(before.raw, _ENVIRONMENT_BYTES)
    word = ctypes.c_uint32.from_buffer(within, offset)
    word.value |= bits
    _LIBRARY.fesetenv(within)
    try:
        yield
    finally:
        _LIBRARY.fesetenv(before)


def _library() -> ctypes.CDLL | None:
    if platform.machine() not in _WORDS or platform.libc_ver()[0] != 'glibc':
        return None
    return ctypes.CDLL('libm.so.6')


_LIBRARY = _library()
