"""Vintages: the figures of one month's end after the other, each from what was known on that day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.statistics.provisional.flows import Flows, flows, months_in_window
from sojourn.statistics.provisional.histories import YES, Histories, last_day_of_month
from sojourn.statistics.provisional.intervals import Spread, spread
from sojourn.statistics.provisional.probabilities import LearningWindow, probabilities

__all__ = ["Vintage", "final_flows", "replayed", "vintage"]

Numbers = npt.NDArray[np.int64]
Chances = npt.NDArray[np.float64]

# How far back earlier vintages are asked what they missed.
MONTHS_ASKED = 24


@dataclass(frozen=True)
class Vintage:
    """What was open at a month's end, how likely each is to be a migration, and the figures that follow."""

    month: int
    rows: Numbers
    chances: Chances
    flows: Flows
    spread: Spread


def vintage(
    known: Histories, month: int, *, learning: LearningWindow, past: Sequence[Flows] = (), seed: int = 0
) -> Vintage:
    """The vintage of one month's end. `past` are figures of earlier vintages, which tell how far they err."""
    rows, chances = probabilities(known, month, learning=learning, seed=seed)
    now = flows(known, month, rows, chances)
    asked = [each for each in past if month - MONTHS_ASKED <= each.vintage < month]
    finals = final_flows(known, int(now.months[0]) - MONTHS_ASKED, int(now.months[0]) - 1)
    return Vintage(month, rows, chances, now, spread(now, asked, finals, known.window))


def final_flows(known: Histories, first: int, last: int) -> Chances:
    """The figures of FLOWS for months of which every window has closed, from the first to the last."""
    until = int(last_day_of_month(np.array([last + months_in_window(known)]))[0])
    found = np.flatnonzero((known.label(until) == YES) & (known.months >= first) & (known.months <= last))
    place = 2 * (known.months[found] - first) + known.sides[found]
    sides = np.bincount(place, minlength=2 * (last - first + 1)).reshape(-1, 2).T.astype(float)
    counted: Chances = np.vstack([sides, sides[1] - sides[0]])
    return counted


def replayed(
    known: Histories,
    months: Iterable[int],
    *,
    learning: LearningWindow,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda month: None,
) -> list[Vintage]:
    """The vintages of these months in order, each asking those before it how far they erred."""
    found: list[Vintage] = []
    for month in months:
        found.append(vintage(known, month, learning=learning, past=[each.flows for each in found], seed=seed))
        on_progress(month)
    return found
