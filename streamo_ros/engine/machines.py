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
What named machines can do, by their makers' data sheets, and what was published of them.

Rates are dense ones: data sheets of Jetsons give twice as much, for matrices half of zeros. A
roofline is a bound, not a forecast: published ticks take two to four times as long.
"""

from dataclasses import dataclass

from streamo_ros.engine.footprint import Footprint
from streamo_ros.engine.footprint import GIB


@dataclass(frozen=True)
class Machine:
    """
    A machine.

    :param memory: bytes; on a Jetson GPU and processor share them
    :param operations: multiplications and additions a second, in float16 on a GPU, float32 on a
        processor
    :param bandwidth: bytes a second
    :param tensorrt: it runs TensorRT's engines
    """

    name: str
    memory: int
    operations: float
    bandwidth: float
    tensorrt: bool = True

    def least_ms(self, needed: Footprint) -> float:
        """Return the milliseconds that a tick takes at least."""
        return 1e3 * max(
            needed.operations / self.operations, needed.tick_bytes / self.bandwidth)


MACHINES = (
    Machine('Jetson Orin Nano 8GB', 8 * GIB, 17e12, 102e9),
    Machine('Jetson Orin NX 16GB', 16 * GIB, 19e12, 102e9),
    Machine('Jetson AGX Orin 64GB', 64 * GIB, 42.5e12, 204.8e9),
    Machine('Jetson AGX Thor 128GB', 128 * GIB, 259e12, 273e9),
    Machine('laptop (16 GB, 8 cores; assumed)', 16 * GIB, 0.6e12, 60e9, tensorrt=False),
)


@dataclass(frozen=True)
class Published:
    """
    A measured model: INT4 by AWQ, the vision tower in FP16, batch 1, TensorRT-Edge-LLM.

    :param prompt: tokens of the measured prefill
    :param vision_ms: of an image of some 265 visual tokens
    """

    machine: str
    model: str
    prompt: int
    prefill_ms: float
    vision_ms: float
    tokens_per_second: float


SOURCE = ('TensorRT-Edge-LLM 0.10, docs/source/user_guide/performance/performance-benchmarks.md, '
          'seen 2026-11-29')
_ORIN, _NX, _NANO, _THOR = (
    'Jetson AGX Orin 64GB', 'Jetson Orin NX 16GB', 'Jetson Orin Nano 8GB',
    'Jetson AGX Thor 128GB')
PUBLISHED = (
    Published(_NANO, 'Qwen3-VL-2B', 292, 167.2, 141.3, 36.1),
    Published(_NX, 'Qwen3-VL-2B', 292, 93.5, 77.1, 58.5),
    Published(_NX, 'Qwen3-VL-4B', 292, 217.2, 77.4, 31.7),
    Published(_NX, 'Qwen3-VL-8B', 292, 400.5, 110.5, 18.4),
    Published(_ORIN, 'Qwen3-VL-2B', 292, 45.7, 36.2, 98.9),
    Published(_ORIN, 'Qwen3-VL-4B', 292, 105.7, 36.5, 54.7),
    Published(_ORIN, 'Qwen3-VL-8B', 292, 178.3, 53.0, 32.1),
    Published(_THOR, 'Qwen3-VL-2B', 292, 29.3, 11.7, 151.1),
    Published(_THOR, 'Qwen3-VL-4B', 292, 64.5, 11.8, 82.8),
)
