"""Micro-aggregation: numbers become the mean of a small group of records that are near each other (MDAV).

The record farthest from the mean of all and those nearest to it are a group, then the one farthest from that
record and those nearest to it, until all are grouped; every group has at least k records and at most 2k - 1.
Distances are Euclidean over columns in units of their standard deviation. Means of columns stay what they
are, variances shrink.

The work grows with the square of the records: more than `BLOCK` of them are first cut into blocks along their
first principal component, which costs little precision, and each block is grouped by itself.

Source: J. Domingo-Ferrer and V. Torra, Ordinal, continuous and heterogeneous k-anonymity through
microaggregation, Data Mining and Knowledge Discovery 11 (2005).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.reader.compiled import compiled

__all__ = ["BLOCK", "group_means", "mdav_groups"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
BLOCK = 4_000


def mdav_groups(values: Floats, least: int) -> Integers:
    """The group of each record (records × columns), numbered from 0 on.

    Records that are equally far are told apart by their place; sort them by what does not depend on the file
    where that matters. A column whose values are all equal counts for nothing.

    Raises: ProjectError for groups of fewer than 2; DataRefused for fewer records than a group has, or values
    that are not numbers.
    """
    if least < 2:
        raise ProjectError(f"A group of {least} protects nobody.", "Ask for 2 or more.")
    if len(values) < least:
        raise DataRefused(f"{len(values)} records make no group of {least}.", "Group more of them together.")
    if not np.all(np.isfinite(values)):
        raise DataRefused("A value is missing or not a number.", "Leave out such records, or replace them.")
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    found = np.zeros(len(values), np.int64)
    groups = 0
    for rows in _blocks(scaled, least):
        own = np.empty(len(rows), np.int64)
        part = np.ascontiguousarray(scaled[rows])
        _group(part, least, np.arange(len(part)), np.empty(len(part)), np.empty(part.shape[1]), own)
        found[rows] = own + groups
        groups += int(own.max()) + 1
    return found


def _blocks(scaled: Floats, least: int) -> list[Integers]:
    """Rows in blocks of at most BLOCK, of which none is too small to group."""
    if len(scaled) <= BLOCK:
        return [np.arange(len(scaled))]
    _, directions = np.linalg.eigh(np.cov(scaled, rowvar=False).reshape(scaled.shape[1], -1))
    direction = directions[:, -1] * (
        1.0 if directions[np.argmax(np.abs(directions[:, -1])), -1] >= 0 else -1.0
    )
    order = np.argsort(scaled @ direction, kind="stable")
    parts = max(1, min(-(-len(scaled) // BLOCK), len(scaled) // least))
    return list(np.array_split(order, parts))


def group_means(values: Floats, group: Integers, weights: Floats | None = None) -> Floats:
    """Each value's mean in its group, weighted where there are weights that are not all zero."""
    found = np.empty_like(values)
    for column in range(values.shape[1]):
        plain = np.bincount(group, values[:, column]) / np.bincount(group)
        if weights is not None:
            total = np.bincount(group, weights)
            weighted = np.bincount(group, weights * values[:, column])
            plain = np.where(total > 0, weighted / np.where(total > 0, total, 1.0), plain)
        found[:, column] = plain[group]
    return found


@compiled
def _group(values: Any, least: Any, rest: Any, distance: Any, centre: Any, group: Any) -> None:
    """Number the groups of all rows; `rest` has all places, `distance` and `centre` are room to work in."""
    left, number = len(values), 0
    while left >= 2 * least:
        _to_mean(values, rest, left, centre)
        far = _farthest(values, rest, left, centre, distance)
        for _ in range(2 if left >= 3 * least else 1):
            for column in range(len(centre)):
                centre[column] = values[rest[far], column]
            _farthest(values, rest, left, centre, distance)
            left = _take_nearest(rest, left, least, number, group, distance)
            number += 1
            # What is farthest from the record just grouped is where the next group begins.
            far = 0
            for place in range(1, left):
                if distance[place] > distance[far]:
                    far = place
    for place in range(left):
        group[rest[place]] = number


@compiled
def _to_mean(values: Any, rest: Any, left: Any, centre: Any) -> None:
    for column in range(len(centre)):
        centre[column] = 0.0
        for place in range(left):
            centre[column] += values[rest[place], column]
        centre[column] /= left


@compiled
def _farthest(values: Any, rest: Any, left: Any, centre: Any, distance: Any) -> Any:
    """Write down all distances from a centre; returns the place of the farthest row."""
    best, most = 0, -1.0
    for place in range(left):
        far = 0.0
        for column in range(len(centre)):
            step = values[rest[place], column] - centre[column]
            far += step * step
        distance[place] = far
        if far > most:
            best, most = place, far
    return best


@compiled
def _take_nearest(rest: Any, left: Any, least: Any, number: Any, group: Any, distance: Any) -> Any:
    """Make a group of the nearest rows; the last of the rest close the gaps that they leave."""
    for _ in range(least):
        best = 0
        for place in range(1, left):
            if distance[place] < distance[best]:
                best = place
        group[rest[best]] = number
        left -= 1
        rest[best], distance[best] = rest[left], distance[left]
    return left
