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
What running a checkpoint takes: memory, and the arithmetic and bytes of a tick.

All of it follows from the configuration; no weight is read. On ONNX Runtime networks are in
float32 or quantised, and while one is loaded the runtime copies it into the order in which it
multiplies: that is the peak. TensorRT's engines hold them once; what they add for themselves is
not known.
"""

from dataclasses import dataclass
import math
from pathlib import Path

from streamo_ros.engine.cache_layout import cache_layout
from streamo_ros.engine.cache_layout import CacheLayout
from streamo_ros.models import Checkpoint
from streamo_ros.models import CheckpointError
from streamo_ros.models.blocks import BLOCK
from streamo_ros.models.efficientnet import BLOCKS
from streamo_ros.models.efficientnet import COARSE
from streamo_ros.models.efficientnet import STEM
from streamo_ros.models.tensors import expected_tensors

GIB = 1 << 30
_MIB = 1 << 20
_CAMERA = (480, 640)
# Interpreter, numpy and the runtime's libraries, measured with nano; and a tokenizer over its file
_BASE, _TOKENIZER = 95 * _MIB, 8
_PASSES = 3  # tensors as large as the scores that are alive at once
_FILES = (Path('/sys/fs/cgroup/memory.max'), Path('/sys/fs/cgroup/memory.high'))


@dataclass(frozen=True)
class Footprint:
    """
    What one stream takes.

    :param numbers: how matrices are held: float32, float16, int8 or int4
    :param window_turns: turns in view
    :param instructions: standing
    :param parameters: of the decoder's layers, of embedding table and head, of the vision tower
    :param decoder_bytes: of the decoder's layers
    :param table_bytes: of the embedding table, and of the head where it is another
    :param vision_bytes: of the vision tower
    :param cache_bytes: of keys and values
    :param other_bytes: libraries, tokenizer and intermediate results
    :param loading_bytes: the most that is held while networks are loaded
    :param decoder_operations: multiplications and additions of the language model in a tick
    :param vision_operations: of the vision tower
    :param tick_bytes: that a tick reads at least: every weight once, every row in view once
    """

    numbers: str
    window_turns: int
    instructions: int
    parameters: tuple[int, int, int]
    decoder_bytes: int
    table_bytes: int
    vision_bytes: int
    cache_bytes: int
    other_bytes: int
    loading_bytes: int
    decoder_operations: int
    vision_operations: int
    tick_bytes: int

    @property
    def running_bytes(self) -> int:
        """Return what is held between ticks."""
        return (self.decoder_bytes + self.table_bytes + self.vision_bytes + self.cache_bytes
                + self.other_bytes)

    @property
    def peak_bytes(self) -> int:
        """Return the most that is held at any time."""
        return max(self.loading_bytes, self.running_bytes)

    @property
    def operations(self) -> int:
        """Return multiplications and additions of a tick."""
        return self.decoder_operations + self.vision_operations

    def __str__(self) -> str:
        """Return it as one line."""
        return (
            f'{sum(self.parameters) / 1e6:.0f} million parameters in {self.numbers}: '
            f'{self.peak_bytes / GIB:.2f} GiB of memory at most, {self.running_bytes / GIB:.2f} '
            f'while it runs ({self.cache_bytes / GIB:.2f} the cache of {self.instructions} '
            f'instructions over {self.window_turns} turns), {self.operations / 1e9:.0f} GFLOP '
            'a tick')


def footprint(
    checkpoint: Checkpoint, *, tensorrt: bool = False, bits: int | None = None,
    window_turns: int | None = None, instructions: int = 1, fps: float = 1.0,
    camera: tuple[int, int] = _CAMERA,
) -> Footprint:
    """
    Return what a checkpoint takes.

    :param tensorrt: as TensorRT's engines hold it, in float16; otherwise as ONNX Runtime does
    :param bits: 4 or 8 as if it were quantised, 0 as if not; None as it is
    :param window_turns: turns in view; None takes what the checkpoint was trained on
    :param camera: (height, width) of its frames
    """
    spec, vision, decoder = checkpoint.frame, checkpoint.vision, checkpoint.decoder
    layout = cache_layout(checkpoint, spec.target(*camera, vision.cell), fps, window_turns)
    bits = checkpoint.bits if bits is None else bits
    width = 2 if tensorrt else 4
    sizes = _sizes(checkpoint)
    table_width: float = width
    matrix_width: float = width
    if bits:
        matrix_width = bits / 8 + width / BLOCK
        table_width = 1 + width / BLOCK if not tensorrt else 2
    decoder_bytes = round(sizes[0] * matrix_width)
    table_bytes, vision_bytes = round(sizes[1] * table_width), sizes[2] * width
    if bits and not tensorrt:  # the first answer has the runtime hold the head once more
        table_bytes += round(decoder.vocab * decoder.hidden * table_width)
    rows = layout.sink_rows + layout.ring_rows + (0 if tensorrt else layout.sink_rows)
    held = layout.max_batch if tensorrt else instructions  # untouched slots cost no memory
    cache = 2 * width * held * rows * decoder.layers * decoder.kv_heads * decoder.head_dim
    tokenizer = checkpoint.directory / 'tokenizer.json'
    base = _BASE + (_TOKENIZER * tokenizer.stat().st_size if tokenizer.is_file() else 0)
    other = base + _scratch(checkpoint, layout, instructions)
    seen = layout.sink_rows + layout.ring_rows
    running = decoder_bytes + table_bytes + vision_bytes + cache + other
    largest = round(2 * decoder.mlp * decoder.hidden * matrix_width)
    return Footprint(
        numbers=f'int{bits}' if bits else 'float16' if tensorrt else 'float32',
        window_turns=layout.window_turns, instructions=instructions, parameters=sizes,
        decoder_bytes=decoder_bytes, table_bytes=table_bytes, vision_bytes=vision_bytes,
        cache_bytes=cache, other_bytes=other,
        # The decoder's network is made first, the vision tower's with the first frame.
        loading_bytes=running if tensorrt else max(
            base + table_bytes + 2 * decoder_bytes + largest,
            base + table_bytes + decoder_bytes + cache + 2 * vision_bytes),
        decoder_operations=instructions * arithmetic(checkpoint, layout.turn_rows, seen),
        vision_operations=_vision_operations(checkpoint, layout),
        tick_bytes=decoder_bytes + vision_bytes + 2 * width * instructions * seen
        * decoder.layers * decoder.kv_heads * decoder.head_dim)


def arithmetic(checkpoint: Checkpoint, tokens: int, context: int) -> int:
    """Return multiplications and additions of a chunk over a context that includes it."""
    decoder = checkpoint.decoder
    wide, narrow = decoder.heads * decoder.head_dim, decoder.kv_heads * decoder.head_dim
    linear = decoder.hidden * (2 * wide + 2 * narrow + 3 * decoder.mlp)
    return 2 * tokens * decoder.layers * (linear + 2 * wide * context)


def memory_here() -> tuple[int, int]:
    """Return the bytes of memory that this process may have at most, and those free now."""
    fields = {
        line.split(':')[0]: 1024 * int(line.split()[1])
        for line in Path('/proc/meminfo').read_text(encoding='utf-8').splitlines()
        if line.startswith(('MemTotal', 'MemAvailable'))}
    limits = [fields['MemTotal']]
    for file in _FILES:  # of a container
        try:
            limits.append(int(file.read_text(encoding='utf-8')))
        except (OSError, ValueError):
            pass
    return min(limits), min(fields['MemAvailable'], *limits)


def fits(needed: Footprint) -> bool:
    """Return whether this machine's memory can hold it."""
    return needed.peak_bytes <= memory_here()[0]


def check_fits(needed: Footprint, checkpoint: Checkpoint) -> None:
    """
    Refuse what this machine's memory cannot hold, before anything is loaded.

    :raises CheckpointError: with how much is missing, and what would help
    """
    if not fits(needed):
        most, _ = memory_here()
        smaller = '' if checkpoint.bits else (
            ', quantise it elsewhere with `streamo quantize`')
        raise CheckpointError(
            f'{checkpoint.directory} does not fit: it takes {needed.peak_bytes / GIB:.1f} GiB of '
            f'memory in {needed.numbers}, and this machine has {most / GIB:.1f}: take a smaller '
            f'checkpoint or a shorter window{smaller}')


def _sizes(checkpoint: Checkpoint) -> tuple[int, int, int]:
    """Return the numbers in the decoder's layers, in table and head, and in the vision tower."""
    decoder = table = vision = 0
    for name, shape in expected_tensors(checkpoint.decoder, checkpoint.vision):
        if name.startswith('visual.'):
            vision += math.prod(shape)
        elif name.startswith('decoder.layers.'):
            decoder += math.prod(shape)
        else:
            table += math.prod(shape)
    return decoder, table, vision


def _scratch(checkpoint: Checkpoint, layout: CacheLayout, instructions: int) -> int:
    """Return the bytes of intermediate results, of both networks: each keeps its own."""
    decoder, vision = checkpoint.decoder, checkpoint.vision
    chunk = layout.turn_rows
    rows = layout.sink_rows + layout.ring_rows + chunk
    step = chunk * (_PASSES * decoder.heads * rows + 4 * decoder.mlp) + (
        4 * rows * decoder.kv_heads * decoder.head_dim)
    patches = layout.grid[0] * layout.grid[1] * vision.merge ** 2
    tower = _PASSES * vision.heads * patches ** 2 + patches * (4 * vision.hidden + 2 * vision.mlp)
    return 4 * (instructions * step + tower)


def _vision_operations(checkpoint: Checkpoint, layout: CacheLayout) -> int:
    vision = checkpoint.vision
    patches = layout.grid[0] * layout.grid[1] * vision.merge ** 2
    linear, trunk = 0, 0
    for name, shape in expected_tensors(checkpoint.decoder, vision):
        if not name.startswith('visual.') or len(shape) < 2 or 'position' in name:
            continue
        if '.trunk.' not in name:  # layers behind the merge see fewer, wider rows
            merged = any(part in name for part in ('merger', 'projector', 'connector'))
            linear += math.prod(shape) * (patches // vision.merge ** 2 if merged else patches)
    if vision.family == 'streamo_small':
        trunk = _trunk_operations(layout.frame)
    window = (vision.window // vision.patch) ** 2 if vision.window else patches
    whole = len(vision.full_attention) if vision.window else vision.layers
    seen = whole * patches + (vision.layers - whole) * min(window, patches)
    return 2 * (linear + trunk + 2 * patches * vision.hidden * seen)


def _trunk_operations(frame: tuple[int, int]) -> int:
    """Return the multiplications of EfficientNet-Lite0 over a frame."""
    places, ins = frame[0] * frame[1] // 4, STEM
    total = places * 27 * STEM
    for block in BLOCKS:
        wide = ins * block.widening
        total += places * wide * (ins if block.widening > 1 else 0)
        places //= block.stride ** 2
        total += places * wide * (block.kernel ** 2 + block.outs)
        ins = block.outs
    return total + places * ins * COARSE
