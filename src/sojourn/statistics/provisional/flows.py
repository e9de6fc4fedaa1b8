"""One vintage: immigrations, emigrations and their balance by month, decided and expected.

Flows are counted by direction and month of the crossing. What is decided is counted; what is open adds its
probability. The variance is that of independent outcomes with these probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.statistics.provisional.histories import YES, Histories, last_day_of_month

__all__ = ["FLOWS", "Flows", "flows", "months_in_window"]

Numbers = npt.NDArray[np.int64]
Chances = npt.NDArray[np.float64]

FLOWS = ("emigration", "immigration", "net")


def months_in_window(known: Histories) -> int:
    """How many whole months after its own month a crossing may still be open."""
    return -(-known.window // 30)


@dataclass(frozen=True)
class Flows:
    """A vintage's figures of the months that were not final at its end; rows are FLOWS, columns months.

    `value` is decided and expected together, `variance` that of the open outcomes, `scale` the size of
    what is expected of open crossings: of a balance the length of the vector of its two sides.
    """

    vintage: int
    months: Numbers
    decided: Chances
    value: Chances
    variance: Chances
    scale: Chances

    @property
    def ages(self) -> Numbers:
        """Months between each month and the vintage."""
        ages: Numbers = self.vintage - self.months
        return ages


def flows(known: Histories, month: int, rows: Numbers, chances: Chances) -> Flows:
    """The figures of one vintage from its open crossings and their probabilities."""
    months = np.arange(month - months_in_window(known), month + 1)
    label = known.label(int(last_day_of_month(np.array([month]))[0]))
    migrations = np.flatnonzero((label == YES) & (known.months >= months[0]) & (known.months <= month))
    decided = _by_direction(known, migrations, np.ones(len(migrations)), months)
    expected = _by_direction(known, rows, chances, months)
    variance = _by_direction(known, rows, chances * (1 - chances), months)
    return Flows(
        month,
        months,
        _with_balance(decided),
        _with_balance(decided + expected),
        np.vstack([variance, variance.sum(axis=0)]),
        np.vstack([expected, np.hypot(expected[0], expected[1])]),
    )


def _by_direction(known: Histories, rows: Numbers, amounts: Chances, months: Numbers) -> Chances:
    place = 2 * (known.months[rows] - months[0]) + known.sides[rows]
    sums: Chances = np.bincount(place, amounts, minlength=2 * len(months)).reshape(-1, 2).T.astype(float)
    return sums


def _with_balance(sides: Chances) -> Chances:
    return np.vstack([sides, sides[1] - sides[0]])
