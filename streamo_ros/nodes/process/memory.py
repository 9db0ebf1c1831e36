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
Memory that is freed is kept for the next image.

By itself, glibc hands the megabytes of every image back to the kernel, which fills them with
zeros again, page by page: at 1080p that was most of what receiving costs (7 of 10 ms a frame).
Each thread keeps its own, though: after an image of unusual cost it is better given back.
"""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3   # malloc.h
_LARGEST_BLOCK = 2**25  # glibc allows no more; an 8-bit RGB image of 4K has less
_MOST_KEPT = 2**30


def keep_freed_memory() -> None:
    """Have this process keep the memory it frees; with a C library other than glibc, nothing."""
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT)


def give_freed_memory_back() -> None:
    """Have the kernel get what this process has freed until now, in whichever thread."""
    malloc_trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)
    if malloc_trim is not None:
        malloc_trim(0)
