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
What the model makes of the stream, drawn on a picture of it.

One row for each instruction, in a dark band along the bottom: a bar and a word in the state's
colour, beside them the instruction and the last answer. The rest of the picture is untouched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import functools
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL import ImageDraw
from PIL import ImageFont

from streamo_ros.dialogue import State

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont

# Chosen so that people who cannot tell red from green can tell them apart.
COLOURS: dict[State | None, Colour] = {
    State.SILENCE: (120, 165, 215),
    State.STANDBY: (255, 190, 40),
    State.RESPONSE: (70, 220, 110),
    None: (150, 150, 150),
}
"""Of each state; of None where there is no decision yet."""

TEXT: Colour = (255, 255, 255)
FACT: Colour = (190, 190, 190)
TROUBLE: Colour = (255, 140, 90)

STALE_S = 2.0
"""From this age on a decision says how old it is, and its colour fades."""

# The first that is installed; Pillow's own has no letters beyond ASCII.
FONTS = ('NotoSansCJK-Regular.ttc', 'DejaVuSans.ttf')
MIN_SIZE = 10               # pixels; smaller letters cannot be read
MAX_CHARACTERS = 400        # of one text; no picture has room for more
BAND_SHARE = 0.6            # of the picture's height, at most
DARKNESS = 4                # by which the band divides the picture's brightness
# Lines of each text of a row, and of all of them: the first that leaves room for every row.
LIMITS = ((3, 9), (2, 6), (1, 3), (1, 2))


@dataclass(frozen=True)
class Row:
    """
    What is shown of one instruction.

    :param instruction: its text
    :param state: the latest decision; None before the first
    :param age_s: how old that is, in seconds
    :param latency_s: how long after the frame's stamp it was out; None where unknown
    :param answer: the last answer; '' before the first
    :param answer_age_s: how long ago that was, in seconds
    :param trouble: why the decision cannot be relied on; '' where it can
    """

    instruction: str
    state: State | None
    age_s: float = 0.0
    latency_s: float | None = None
    answer: str = ''
    answer_age_s: float = 0.0
    trouble: str = ''


@dataclass(frozen=True)
class _Block:
    """A row, laid out: lines for its two columns, each with its colour."""

    bar: Colour
    left: list[tuple[str, Colour]]
    right: list[tuple[str, Colour]]

    @property
    def lines(self) -> int:
        return max(len(self.left), len(self.right))


def draw(picture: NDArray[np.uint8], rows: Sequence[Row]) -> NDArray[np.uint8]:
    """
    Return a copy of the picture with the rows on it.

    Texts that are too long are wrapped and cut; rows that find no room are counted in the last
    line. A picture too small for a row and that line is returned as it is.

    :param picture: (height, width, 3), RGB
    """
    drawn = picture.copy()
    height, width, _ = picture.shape
    size = max(MIN_SIZE, round(min(height / 27, width / 32)))
    font = _font(size)
    line = sum(font.getmetrics())
    pad = max(2, size // 4)
    bar = max(3, size // 3)
    left = bar + 2 * pad
    widest = max(font.getlength(text) for text in (*(state.name for state in State), '00 min old'))
    column = left + math.ceil(widest) + 2 * pad
    room = int(height * BAND_SHARE)
    if not rows or room < 3 * line + 4 * pad or width < 2 * column:
        return drawn

    def tall(blocks: Sequence[_Block]) -> int:
        return sum(block.lines * line + 2 * pad for block in blocks)

    for limits in LIMITS:
        blocks = [_block(row, font, width - pad - column, limits) for row in rows]
        if tall(blocks) <= room:
            break
    else:
        shown = len(blocks)
        while shown > 1 and tall(blocks[:shown]) + line + 2 * pad > room:
            shown -= 1
        if shown < len(blocks):
            more = _Block(COLOURS[None], [(f'+{len(blocks) - shown} more', FACT)], [])
            blocks = [*blocks[:shown], more]
    top = height - tall(blocks)
    band = Image.fromarray(drawn[top:] // DARKNESS)
    pen = ImageDraw.Draw(band)
    y = 0
    for block in blocks:
        end = y + block.lines * line + 2 * pad
        pen.rectangle((0, y + 1, bar - 1, end - 2), fill=block.bar)
        for x, lines in ((left, block.left), (column, block.right)):
            for number, (text, colour) in enumerate(lines):
                pen.text((x, y + pad + number * line), text, fill=colour, font=font)
        y = end
    drawn[top:] = np.asarray(band)
    return drawn


@functools.lru_cache(maxsize=8)
def _font(size: int) -> Font:
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue  # not installed here
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # as it is whenever a size is given
    return font


def _block(row: Row, font: Font, width: int, limits: tuple[int, int]) -> _Block:
    stale = row.age_s >= STALE_S
    colour = COLOURS[row.state]
    if stale:
        colour = (colour[0] // 2, colour[1] // 2, colour[2] // 2)
    left = [(row.state.name if row.state is not None else '...', colour)]
    if stale:
        left.append((_age(row.age_s), FACT))
    elif row.latency_s is not None:
        left.append((f'{row.latency_s * 1000:.0f} ms', FACT))
    answer = ''
    if row.answer:
        ago = f' ({_age(row.answer_age_s)})' if row.answer_age_s >= STALE_S else ''
        answer = f'> {row.answer}{ago}'
    texts = (
        (row.instruction, TEXT), (row.trouble, TROUBLE), (answer, COLOURS[State.RESPONSE]))
    each, together = limits
    right = [
        (line, ink) for text, ink in texts for line in wrap(text, font, width, each)][:together]
    return _Block(colour, left, right)


def wrap(text: str, font: Font, width: int, limit: int) -> list[str]:
    """
    Return the text in lines no wider than ``width`` pixels, cut with an ellipsis after ``limit``.

    Lines break between words, and within what alone is too long for a line.
    """
    words = _printable(text).split()
    lines: list[str] = []
    while words and len(lines) < limit:
        last = len(lines) == limit - 1
        line = ''
        while words:
            longer = f'{line} {words[0]}' if line else words[0]
            if font.getlength(longer) > width:
                break
            line = longer
            del words[0]
        if words and (last or not line):
            # Fill the line with what fits of the next word.
            mark = '...' if last else ''
            candidate = f'{line} {words[0]}' if line else words[0]
            kept = next((
                end for end in range(len(candidate), 0, -1)
                if font.getlength(candidate[:end] + mark) <= width), 0)
            if last:
                return [*lines, candidate[:kept].rstrip() + mark] if kept else lines
            if not kept:
                return lines  # not even one letter
            line, words[0] = candidate[:kept], candidate[kept:]
        lines.append(line)
    return lines


def _printable(text: str) -> str:
    # Half a surrogate, and control characters, are nothing that a font can draw.
    return ''.join(letter if letter.isprintable() else ' ' for letter in text[:MAX_CHARACTERS])


def _age(seconds: float) -> str:
    for unit, length in (('d', 86_400), ('h', 3600), ('min', 60)):
        if seconds >= length:
            return f'{seconds / length:.0f} {unit} old'
    return f'{seconds:.0f} s old'
