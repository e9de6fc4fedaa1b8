"""Estimates from one drawn sample and their variances, in plain Python: what the kernels must give.

A unit is a tuple of four sums (values and members of a group, values and members of the other group). Figures
are totals, ratios, or differences of ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

Sums = tuple[float, float, float, float]


def figure(kind: str, totals: Sequence[float]) -> float:
    """A figure from its four totals."""
    if kind == "total":
        return totals[0]
    first = totals[0] / totals[1]
    return first - totals[2] / totals[3] if kind == "difference" else first


def linearised(kind: str, sums: Sums, totals: Sequence[float]) -> float:
    """What a unit adds to a figure, to the first order."""
    if kind == "total":
        return sums[0]
    found = (sums[0] - totals[0] / totals[1] * sums[1]) / totals[1]
    if kind == "difference":
        found -= (sums[2] - totals[2] / totals[3] * sums[3]) / totals[3]
    return found


def spread(values: Sequence[float]) -> float:
    """The sample variance of some values; none of fewer than two."""
    if len(values) < 2:
        return 0.0
    middle = mean(values)
    return sum((value - middle) ** 2 for value in values) / (len(values) - 1)


def of_units(kind: str, strata: Sequence[tuple[int, Sequence[Sums]]]) -> tuple[float, float]:
    """The estimate and its variance from units of strata: how many each has, and those that were drawn."""
    weighed = [(size / len(drawn), sums) for size, drawn in strata for sums in drawn]
    totals = [sum(weight * sums[part] for weight, sums in weighed) for part in range(4)]
    variance = sum(
        size**2 * (1 / len(drawn) - 1 / size) * spread([linearised(kind, sums, totals) for sums in drawn])
        for size, drawn in strata
    )
    return figure(kind, totals), variance


Place = tuple[float, int, Sequence[Sums]]


def of_places(
    kind: str, strata: Sequence[tuple[int, Sequence[Place]]], *, by_size: bool
) -> tuple[float, float]:
    """The estimate and its variance from places: chance, number of units, and those that were drawn.

    By size the places count as drawn with replacement, and one that is sure as a stratum of its own; drawn
    alike, both stages add their part.
    """
    weighed = [
        (size / len(drawn) / chance, sums) for _, places in strata for chance, size, drawn in places
        for sums in drawn
    ]  # fmt: skip
    totals = [sum(weight * sums[part] for weight, sums in weighed) for part in range(4)]
    variance = 0.0
    for every, places in strata:
        is_sure = [by_size and chance >= 1 for chance, _, _ in places]
        sums_of_places = []
        for sure, (chance, size, drawn) in zip(is_sure, places, strict=True):
            values = [linearised(kind, sums, totals) for sums in drawn]
            within = size**2 * (1 / len(drawn) - 1 / size) * spread(values)
            if sure or not by_size:
                variance += within / chance
            if not sure:
                sums_of_places.append(size / len(drawn) / chance * sum(values))
        count = len(sums_of_places)
        if count > 1:
            finite = 1.0 if by_size else 1 - count / every
            variance += count * finite * spread(sums_of_places)
    return figure(kind, totals), variance
