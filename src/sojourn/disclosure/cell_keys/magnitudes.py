"""Noise in sums of a measure: in proportion to the largest contributors, decided by the cell's key.

What a reader wants to know of a sum is one contribution, most of all the largest. So the noise of a sum is a
declared share of each of its largest contributions, up or down, and never less than half of that share: the
noise of each is drawn evenly from [-1, -1/2] and [1/2, 1], by a number mixed from the cell's key. It is zero
on average, and the same cell always gets the same.

Source: methods reference, section 4.1.5; handbook on statistical disclosure control, chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.disclosure.cell_keys.cells import MOST_LARGEST
from sojourn.disclosure.cell_keys.secrets import Hidden
from sojourn.errors import ProjectError

__all__ = ["MagnitudeNoise", "drawn_signs", "sum_noise"]

Integers = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
_APART = 0x9E3779B9  # the golden ratio in 32 bits: keys of a cell's contributors lie far apart
_MIX = (np.uint32(0x85EBCA6B), np.uint32(0xC2B2AE35))


@dataclass(frozen=True, repr=False)
class MagnitudeNoise(Hidden):
    """Secret: the share of each of the largest contributions by which a sum is changed at most.

    Sums are rounded to multiples of `step`, in the unit of the measure: digits below would tell of the
    numbers behind.
    """

    share: float
    contributors: int = 1
    step: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ProjectError(
                "The share of contributions that is noise lies above zero and is one at most.",
                "Take for instance 0.1 for ten per cent.",
            )
        if not 1 <= self.contributors <= MOST_LARGEST:
            raise ProjectError(
                "Noise follows the largest contributors, one to three.", f"Ask for 1 to {MOST_LARGEST}."
            )
        if not self.step > 0 or not np.isfinite(self.step):
            raise ProjectError("Sums are rounded to a positive step.", "Take 1, or 0.1 for a finer measure.")


def drawn_signs(keys: Integers, place: int) -> Numbers:
    """For each cell key a number in [-1, -1/2] or [1/2, 1], another for each place among the largest."""
    mixed = keys.astype(np.uint32) + np.uint32(_APART * (place + 1) % 2**32)
    mixed ^= mixed >> np.uint32(16)
    mixed *= _MIX[0]
    mixed ^= mixed >> np.uint32(13)
    mixed *= _MIX[1]
    mixed ^= mixed >> np.uint32(16)
    size = 0.5 + (mixed & np.uint32(0x7FFFFFFF)).astype(np.float64) / 2.0**32
    return np.where(mixed >> np.uint32(31) == 1, -size, size)


def sum_noise(keys: Integers, largest: Numbers, settings: MagnitudeNoise) -> Numbers:
    """The noise of each cell's sum; `largest` has a row for each cell and a column for each contributor.

    A cell with fewer contributors than are asked for has none in their place (NaN).
    """
    found = np.zeros(len(keys))
    for place in range(min(settings.contributors, largest.shape[1])):
        found += settings.share * np.nan_to_num(largest[:, place]) * drawn_signs(keys, place)
    return found
