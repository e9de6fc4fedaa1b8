"""Parts of the kernels that draw a sample again and again: chance, selection, estimates, linearised values.

Every repetition has its own stream of random numbers, so that the same seed gives the same results. The
figures travel as a tuple: where the contributions of each unit start, the figure and the four sums of each,
which figures are divided by their members, and which are differences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled

__all__ = ["add_unit", "answering", "chance", "deviation", "estimate", "linearised", "stream", "to_front"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@compiled
def chance(state: Any) -> float:
    """The next number of a stream, at least 0 and below 1 (splitmix64)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return float(mixed >> np.uint64(11)) / 9007199254740992.0


@compiled
def stream(seed: int, repetition: int, state: Any) -> None:
    """Begin the stream of a repetition."""
    state[0] = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + np.uint64(1)
    chance(state)
    state[0] += np.uint64(repetition) * np.uint64(0xBF58476D1CE4E5B9)
    chance(state)


@compiled
def to_front(order: Integers, first: int, last: int, wanted: int, state: Any) -> None:
    """Bring so many at random to the front of a part of the order."""
    for place in range(first, first + wanted):
        other = min(place + int(chance(state) * (last - place)), last - 1)
        kept = order[place]
        order[place] = order[other]
        order[other] = kept


@compiled
def answering(
    order: Integers, first: int, wanted: int, response: float, answered: Integers, many: int, state: Any
) -> int:
    """Add the drawn units that answer to the `many` that are written down; return how many there are then."""
    for place in range(first, first + wanted):
        if response >= 1.0 or chance(state) < response:
            answered[many] = order[place]
            many += 1
    return many


@compiled
def add_unit(unit: int, weight: float, figures: Any, totals: Floats, members: Floats, row: int) -> None:
    """Add a unit to the totals of its figures, and to the number of members who answered."""
    start, figure, sums, _, _ = figures
    for at in range(start[unit], start[unit + 1]):
        number = figure[at]
        for part in range(4):
            totals[number, part] += weight * sums[at, part]
        members[row, number] += sums[at, 1] + sums[at, 3]


@compiled
def estimate(totals: Floats, figures: Any, found: Floats, row: int) -> None:
    """Figures from their totals; NaN where a group is empty."""
    _, _, _, is_ratio, is_difference = figures
    for number in range(len(totals)):
        value = totals[number, 0]
        if is_ratio[number]:
            value = value / totals[number, 1] if totals[number, 1] > 0 else np.nan
        if is_difference[number]:
            value -= totals[number, 2] / totals[number, 3] if totals[number, 3] > 0 else np.nan
        found[row, number] = value


@compiled
def linearised(at: int, figures: Any, totals: Floats) -> Any:
    """The linearised value of a contribution, at the estimates."""
    _, figure, sums, is_ratio, is_difference = figures
    number = figure[at]
    value = sums[at, 0]
    if is_ratio[number] and totals[number, 1] > 0:
        value = (value - totals[number, 0] / totals[number, 1] * sums[at, 1]) / totals[number, 1]
    if is_difference[number] and totals[number, 3] > 0:
        value -= (sums[at, 2] - totals[number, 2] / totals[number, 3] * sums[at, 3]) / totals[number, 3]
    return value


@compiled
def deviation(
    units: Integers, begin: int, end: int, figures: Any, totals: Floats, once: Floats, twice: Floats
) -> None:
    """Sums and sums of squares of linearised values over some units that answered."""
    start, figure, _, _, _ = figures
    for number in range(len(once)):
        once[number], twice[number] = 0.0, 0.0
    for place in range(begin, end):
        for at in range(start[units[place]], start[units[place] + 1]):
            value = linearised(at, figures, totals)
            once[figure[at]] += value
            twice[figure[at]] += value * value
