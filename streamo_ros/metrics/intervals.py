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
How far a score can be trusted: the percentile bootstrap over blocks.

What is close in time is alike, so neither ticks nor answers are drawn anew but whole blocks: half
a minute of a bag with all that was asked in it, or, from ten bags on, whole bags.
"""

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
FEWEST = 5
"""With fewer units there is no interval: a few resample to themselves."""

LEVELS = (2.5, 97.5)
"""Percentiles between which 95 % of the resamples lie."""


def draw(units: int, seed: int) -> NDArray[np.int64]:
    """
    Return how often each unit counts: once in the first row, as drawn anew in all others.

    :returns: (1 + RESAMPLES, units); the first row alone for fewer than ``FEWEST`` units
    """
    once = np.ones((1, units), np.int64)
    if units < FEWEST:
        return once
    drawn = np.random.default_rng([seed, units]).multinomial(
        units, np.full(units, 1 / units), size=RESAMPLES)
    return np.concatenate([once, drawn])


def interval(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """
    Return the ends of the 95 % interval.

    :param values: the figure, and what it is in each resample; NaN where it is of nothing
    """
    resampled = values[1:][np.isfinite(values[1:])]
    if not len(resampled):
        return None
    low, high = np.percentile(resampled, LEVELS)
    return float(low), float(high)


def quantile(
    values: NDArray[np.float64], units: NDArray[np.int64], counts: NDArray[np.int64], share: float,
) -> NDArray[np.float64]:
    """
    Return a quantile of the values in each resample; NaN where there are none.

    The smallest value that at least this share of them does not exceed.

    :param units: the unit of each value
    :param counts: as of ``draw``
    """
    if not len(values):
        return np.full(len(counts), np.nan)
    order = np.argsort(values, kind='stable')
    below = np.cumsum(counts[:, units[order]], axis=1)
    total = below[:, -1:]
    place = (below < share * total).sum(axis=1)
    found = values[order][np.minimum(place, len(values) - 1)]
    return np.where(total[:, 0] > 0, found, np.nan)
