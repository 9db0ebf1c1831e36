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

"""Numbers that commands are given: what makes no sense is wrong usage, before any work is done."""

import argparse

MOST = 2**31 - 1
SLOWEST, FASTEST = 0.001, 1000.0
LARGEST_SIDE = 16384


def positive(text: str) -> float:
    """Return a number above 0."""
    value = float(text)
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not above 0')
    return value


def frame_rate(text: str) -> float:
    """Return frames a second, as slow as one in a quarter of an hour and as fast as any camera."""
    value = float(text)
    if not SLOWEST <= value <= FASTEST:
        raise argparse.ArgumentTypeError(f'{text} is not {SLOWEST} to {FASTEST:g}')
    return value


def not_negative(text: str) -> float:
    """Return a number from 0."""
    value = float(text)
    if not 0 <= value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is below 0')
    return value


def count(text: str) -> int:
    """Return a whole number from 0."""
    value = int(text)
    if not 0 <= value <= MOST:
        raise argparse.ArgumentTypeError(f'{text} is not 0 to {MOST}')
    return value


def positive_count(text: str) -> int:
    """Return a whole number from 1."""
    value = int(text)
    if not 1 <= value <= MOST:
        raise argparse.ArgumentTypeError(f'{text} is not 1 to {MOST}')
    return value


def ticks(text: str) -> int:
    """Return a number of ticks whose first and last can be compared."""
    value = int(text)
    if value < 2:
        raise argparse.ArgumentTypeError(f'{text} is not 2 or more')
    return value


def size(text: str) -> tuple[int, int]:
    """Return (height, width) of WIDTHxHEIGHT."""
    width, height = (int(side) for side in text.split('x'))
    if not 1 <= min(width, height) <= max(width, height) <= LARGEST_SIDE:
        raise argparse.ArgumentTypeError(f'{text} is no size of a picture in pixels')
    return height, width
