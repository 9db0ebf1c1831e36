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

"""Memory of images that come and go is asked of the kernel once."""

import subprocess
import sys

# Three copies of an image at 1080p at a time, as rclpy makes them, in a thread, as it runs.
IMAGES = """
import ctypes, resource, threading
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
size = 1920 * 1080 * 3

def take_image():
    copies = [libc.malloc(size) for _ in range(3)]
    for copy in copies:
        ctypes.memset(copy, 1, size)
    for copy in copies:
        libc.free(ctypes.c_void_p(copy))

def take_images():
    for number in range(40):
        if number == 10:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        take_image()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)

thread = threading.Thread(target=take_images)
thread.start()
thread.join()
"""
KEEP = 'from streamo_ros.nodes.process.memory import keep_freed_memory; keep_freed_memory()'


def page_faults(program):
    return int(subprocess.check_output([sys.executable, '-c', program], text=True))


def test_an_image_takes_no_new_pages():
    pages = 3 * 1920 * 1080 * 3 / 4096
    assert page_faults(IMAGES) > 30 * pages / 2
    assert page_faults(KEEP + IMAGES) < pages
