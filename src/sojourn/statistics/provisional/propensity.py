"""The propensity method: the share of movements that became migrations a year before, by cell.

It stands beside the learned probabilities as the measure of what they gain. A cell is an age band, the
features that were given (sex, citizenship, visa), a direction, and the state of residence before. Where a
cell was too small a year before, the share of a wider one is taken.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

from sojourn.statistics.provisional.histories import UNKNOWN, YES, Histories, last_day_of_month

__all__ = ["Reading", "propensity"]

Numbers = npt.NDArray[np.int64]
Chances = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_AGE_BAND = 10
_FEWEST = 10
# More than any column has different codes.
_MOST_CODES = 4096
# What makes a cell, from the finest to the widest; the state of residence before always does.
_CELLS: tuple[tuple[str, ...] | None, ...] = (None, ("visa", "direction"), ("direction",))


class Reading(Enum):
    """What the share of a cell is taken of, and what it is applied to.

    ALL: of all movements, and to all until their month is final, as a first preliminary figure does.
    UNDECIDED: of all movements, but to open ones only; decided ones stay decided.
    STILL_OPEN: of those that were open as many months after their month, and to open ones only.
    """

    ALL = "all movements"
    UNDECIDED = "undecided movements"
    STILL_OPEN = "movements still open at the same age"


def propensity(
    known: Histories, month: int, *, reading: Reading, looks_ahead: bool = False
) -> tuple[Numbers, Chances]:
    """The crossings of months that are not final at the end of a month, and what each counts for.

    The share is that of the same quarter one year earlier, or two where that one was not final by then.
    With `looks_ahead` it is always that of one year earlier as it became final, which nobody can know at
    the time: it favours the method.

    Source: Australian Bureau of Statistics, net overseas migration, preliminary estimation; domain
    reference, section 5.2.
    """
    until = int(last_day_of_month(np.array([month]))[0])
    span = -(-known.window // 30)
    rows, counts = [], []
    labels = known.label(until)
    for reference in range(month - span, month + 1):
        here = np.flatnonzero(known.months == reference)
        label = labels[here]
        applied = here if reading is Reading.ALL else here[label == UNKNOWN]
        years = 1 if looks_ahead or _quarter(reference, 1)[-1] <= month - span - 1 else 2
        shares = _shares(known, applied, until, _quarter(reference, years), month - reference, reading)
        decided = here[label == YES] if reading is not Reading.ALL else here[:0]
        rows += [applied, decided]
        counts += [shares, np.ones(len(decided))]
    return np.concatenate(rows), np.concatenate(counts)


def _quarter(month: int, years_before: int) -> Numbers:
    """The months of a month's calendar quarter, so many years before."""
    first: Numbers = np.arange(3) + (month - month % 3 - 12 * years_before)
    return first


def _shares(
    known: Histories, applied: Numbers, until: int, quarter: Numbers, age: int, reading: Reading
) -> Chances:
    """The share of each crossing's cell in the quarter: of the finest cell that had enough movements."""
    was = np.flatnonzero((known.months >= quarter[0]) & (known.months <= quarter[-1]))
    then = last_day_of_month(known.months[was] + age)
    if reading is Reading.STILL_OPEN:
        is_open = (known.final[was] > then) & (known.days[was] + known.window > then)
        was, then = was[is_open], then[is_open]
    if not len(was):
        return np.zeros(len(applied))
    became = known.outcome[was] == YES
    found = np.full(len(applied), became.mean())
    wanting = np.arange(len(applied))
    for names in _CELLS:
        of_now = _cell(known, applied[wanting], np.full(len(wanting), until), names)
        cells, place, size = np.unique(
            _cell(known, was, then, names), return_inverse=True, return_counts=True
        )
        at = np.minimum(np.searchsorted(cells, of_now), len(cells) - 1)
        fits = (cells[at] == of_now) & (size[at] >= _FEWEST)
        found[wanting[fits]] = (np.bincount(place, became) / size)[at[fits]]
        wanting = wanting[~fits]
    return found


def _cell(
    known: Histories, rows: Numbers, when: npt.NDArray[np.int32], names: tuple[str, ...] | None
) -> Numbers:
    """A number for the cell of each crossing: of all that tells crossings apart, or of the named things."""
    state = np.where(known.before_final[rows] <= when, known.before[rows], UNKNOWN)
    cell: Numbers = state.astype(np.int64)
    for name, values in zip(known.fixed_names, known.fixed, strict=True):
        if name not in known.categories and name != "age":
            continue
        if names is None or name in names:
            of_rows = values[rows]
            codes = np.nan_to_num(of_rows // _AGE_BAND, nan=-1) + 1 if name == "age" else of_rows
            cell = cell * _MOST_CODES + codes.astype(np.int64)
    return cell
