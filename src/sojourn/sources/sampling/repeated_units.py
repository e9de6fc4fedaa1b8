"""A kernel that draws units within strata again and again, and estimates the figures each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled
from sojourn.sources.sampling.kernel_parts import add_unit, answering, deviation, estimate, stream, to_front

__all__ = ["draw_units"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@compiled
def draw_units(
    seed: int,
    repetitions: Integers,
    layout: Any,
    response: float,
    figures: Any,
    results: Any,
) -> None:
    """Draw units within strata, once for each repetition, and write down what is estimated.

    `layout` is the order of the units stratum by stratum, where each stratum begins (with the end after the
    last), the units to draw in each, and the interviews that each unit means. The order is left changed, and
    so goes into the next call. Units that do not answer are made up for by the others of the stratum. The
    results are rows of estimates, variances and members who answered, by figure, and of counts: places,
    visits, interviews.
    """
    order, first, sizes, interviews = layout
    estimates, variances, members, counts = results
    totals = np.zeros((estimates.shape[1], 4))
    answered = np.zeros(sizes.sum(), np.int64)
    ends = np.zeros(len(sizes) + 1, np.int64)
    state = np.zeros(1, np.uint64)
    for row in range(len(repetitions)):
        stream(seed, repetitions[row], state)
        totals[:] = 0.0
        members[row, :] = 0.0
        many = 0
        for stratum in range(len(sizes)):
            to_front(order, first[stratum], first[stratum + 1], sizes[stratum], state)
            many = answering(order, first[stratum], sizes[stratum], response, answered, many, state)
            ends[stratum + 1] = many
            for place in range(ends[stratum], many):
                weight = (first[stratum + 1] - first[stratum]) / (many - ends[stratum])
                add_unit(answered[place], weight, figures, totals, members[row])
        counts[row, 0] = 0.0
        counts[row, 1] = sizes.sum()
        counts[row, 2] = interviews[answered[:many]].sum()
        estimate(totals, figures, estimates[row])
        _variances(answered, ends, first, figures, totals, variances[row])


@compiled
def _variances(
    answered: Integers, ends: Integers, first: Integers, figures: Any, totals: Floats, found: Floats
) -> None:
    """Variances of figures from a stratified sample of units; a stratum with one answer adds nothing."""
    once, twice = np.zeros(len(found)), np.zeros(len(found))
    found[:] = 0.0
    for stratum in range(len(first) - 1):
        count = ends[stratum + 1] - ends[stratum]
        if count < 2:
            continue
        deviation(answered, ends[stratum], ends[stratum + 1], figures, totals, once, twice)
        every = float(first[stratum + 1] - first[stratum])
        scale = every * every * (1.0 / count - 1.0 / every) / (count - 1)
        for number in range(len(found)):
            found[number] += scale * max(twice[number] - once[number] ** 2 / count, 0.0)
