"""Quantiles and measures of inequality over rows in the order of their values, compiled.

Entries of cell c are those from `first[c]` to `first[c + 1]`, in the order of `values`; `rows` is the row of
each in `weights`, rows × (1 + replicates). Every result is cells × (1 + replicates); what cannot be formed is
NaN.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled

__all__ = ["gini_coefficients", "gini_scores", "quantiles", "shares_up_to", "shortfalls", "sums_beyond"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@compiled
def quantiles(
    first: Integers,
    rows: Integers,
    values: Floats,
    weights: Floats,
    shares: Floats,
    is_mean: bool,
    out: Floats,
) -> None:
    """The value at which the share `shares[cell]` of the weights is reached.

    Where the share is met exactly at a value it is that value, or with `is_mean` the mean of it and the next.
    With negative replicate weights, the last place at which the share is not passed decides.
    """
    for cell in range(len(first) - 1):
        begin, end = first[cell], first[cell + 1]
        for column in range(weights.shape[1]):
            total = 0.0
            for entry in range(begin, end):
                total += weights[rows[entry], column]
            out[cell, column] = np.nan
            if end == begin or not total > 0.0 or not 0.0 <= shares[cell] <= 1.0:
                continue
            reached, passed, at = 0.0, begin - 1, 0.0
            for entry in range(begin, end):
                reached += weights[rows[entry], column]
                if reached <= shares[cell] * total:
                    passed, at = entry, reached
            above = min(passed + 1, end - 1)
            while above < end - 1 and weights[rows[above], column] == 0.0:
                above += 1
            out[cell, column] = values[above]
            if passed >= begin and at / total == shares[cell]:
                out[cell, column] = (values[passed] + values[above]) / 2 if is_mean else values[passed]


@compiled
def gini_coefficients(first: Integers, rows: Integers, values: Floats, weights: Floats, out: Floats) -> None:
    """The Gini coefficient: 2 sum(w y (W - w/2)) / (sum(w) sum(w y)) - 1, W the weight up to the entry."""
    for cell in range(len(first) - 1):
        for column in range(weights.shape[1]):
            reached, amount, area = 0.0, 0.0, 0.0
            for entry in range(first[cell], first[cell + 1]):
                weight = weights[rows[entry], column]
                reached += weight
                amount += weight * values[entry]
                area += weight * values[entry] * (2.0 * reached - weight)
            out[cell, column] = area / (reached * amount) - 1.0 if reached * amount != 0.0 else np.nan


@compiled
def gini_scores(first: Integers, rows: Integers, values: Floats, weights: Floats, out: Floats) -> None:
    """By entry, what one more unit of weight there does to the Gini coefficient under the main weight."""
    for cell in range(len(first) - 1):
        begin, end = first[cell], first[cell + 1]
        size, amount, area = 0.0, 0.0, 0.0
        for entry in range(begin, end):
            weight = weights[rows[entry], 0]
            size += weight
            amount += weight * values[entry]
            area += weight * values[entry] * (2.0 * size - weight)
        reached, below, entry = 0.0, 0.0, begin
        while entry < end:
            last, tied = entry, 0.0
            while last < end and values[last] == values[entry]:
                tied += weights[rows[last], 0]
                last += 1
            reached += tied
            below += tied * values[entry]
            change = 2.0 * (values[entry] * reached + amount - below)
            for each in range(entry, last):
                out[each] = (
                    (change - area / size - area / amount * values[entry]) / (size * amount)
                    if size * amount != 0.0
                    else 0.0
                )
            entry = last


@compiled
def sums_beyond(
    first: Integers, rows: Integers, values: Floats, weights: Floats, limits: Floats, above: bool, out: Floats
) -> None:
    """The sum of weight times value of the entries above the limit of their cell and column, or up to it."""
    for cell in range(len(first) - 1):
        for column in range(weights.shape[1]):
            total = 0.0
            for entry in range(first[cell], first[cell + 1]):
                if (values[entry] > limits[cell, column]) == above:
                    total += weights[rows[entry], column] * values[entry]
            out[cell, column] = total


@compiled
def shares_up_to(
    first: Integers, rows: Integers, values: Floats, weights: Floats, limits: Floats, out: Floats
) -> None:
    """The share of the weights at values up to the limit of the cell."""
    for cell in range(len(first) - 1):
        for column in range(weights.shape[1]):
            total, below = 0.0, 0.0
            for entry in range(first[cell], first[cell + 1]):
                weight = weights[rows[entry], column]
                total += weight
                if values[entry] <= limits[cell]:
                    below += weight
            out[cell, column] = below / total if total != 0.0 else np.nan


@compiled
def shortfalls(
    first: Integers,
    rows: Integers,
    values: Floats,
    weights: Floats,
    lines: Floats,
    is_gap: bool,
    out: Floats,
) -> None:
    """The share of weights below the column's line, or with `is_gap` the mean relative shortfall."""
    for cell in range(len(first) - 1):
        for column in range(weights.shape[1]):
            total, short, line = 0.0, 0.0, lines[column]
            for entry in range(first[cell], first[cell + 1]):
                weight = weights[rows[entry], column]
                total += weight
                if values[entry] < line:
                    short += weight * (1.0 - values[entry] / line) if is_gap else weight
            out[cell, column] = short / total if total != 0.0 else np.nan
