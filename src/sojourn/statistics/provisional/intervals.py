"""How wrong may a provisional figure be? From its own probabilities, and from what earlier vintages missed.

Open outcomes vary as independent draws would, and the classifier is off by some share of what it expects:
behaviour changes, and learning has its own error. The first part is known from the probabilities. The
second is what the revisions of earlier vintages leave over when the first is taken away, by flow and age;
that of a balance is measured on balances, so that what its two sides have in common is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from sojourn.statistics.provisional.flows import FLOWS, Flows
from sojourn.statistics.provisional.probabilities import bands_of_age

__all__ = ["Spread", "spread"]

Numbers = npt.NDArray[np.int64]
Chances = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """The relative error of what is expected, by flow (rows of FLOWS) and band of age, and its certainty."""

    squared: Chances
    quantiles: Chances
    bands: tuple[tuple[int, int], ...]

    def standard_error(self, variance: Chances, scale: Chances, flow: int, ages: Numbers) -> Chances:
        """The standard error of figures with so much binomial variance and so much expected."""
        band = _band(self.bands, ages)
        error: Chances = np.sqrt(variance + self.squared[flow, band] * scale**2)
        return error

    def half_width(self, standard_error: Chances, flow: int, ages: Numbers) -> Chances:
        """Half the width of the 95 per cent interval."""
        half: Chances = self.quantiles[flow, _band(self.bands, ages)] * standard_error
        return half


def spread(now: Flows, past: Sequence[Flows], finals: Chances, window_days: int) -> Spread:
    """What earlier vintages missed, as far as it is known at the vintage `now`.

    `finals` holds the final figures of FLOWS for the months before those of `now`, the last month last.
    Where a month is not final, its present figure stands for it, and what it may still change is taken off.
    """
    bands = bands_of_age(window_days)
    excess, size = np.zeros((len(FLOWS), len(bands))), np.zeros((len(FLOWS), len(bands)))
    known = np.hstack([finals, now.value])
    remaining = np.hstack([np.zeros_like(finals), now.variance])
    first = int(now.months[0]) - finals.shape[1]
    vintages = [each for each in past if each.months[0] >= first and each.vintage < now.vintage]
    for each in vintages:
        place = each.months - first
        missed = (known[:, place] - each.value) ** 2
        drawn = np.maximum(each.variance - remaining[:, place], 0)
        band = _band(bands, each.ages)
        for flow in range(len(FLOWS)):
            excess[flow] += np.bincount(band, missed[flow] - drawn[flow], minlength=len(bands))
            size[flow] += np.bincount(band, each.scale[flow] ** 2, minlength=len(bands))
    squared = np.where(size > 0, np.maximum(excess, 0) / np.maximum(size, 1e-12), 0.0)
    freedom = max(len(vintages), 2)
    quantiles = np.full(squared.shape, float(student.ppf(0.975, freedom)))
    return Spread(squared, quantiles, bands)


def _band(bands: Sequence[tuple[int, int]], ages: Numbers) -> Numbers:
    lows = np.array([low for low, _ in bands])
    found: Numbers = np.searchsorted(lows, ages, side="right") - 1
    return found
