"""Numbers for what occurs: keys as positions in the order of the keys, and rows in the order of positions.

Keys are small whole numbers made of codes, so that counting replaces sorting; only keys that are far apart
are sorted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled

__all__ = ["in_order", "numbered"]

Integers = npt.NDArray[np.int64]


def numbered(keys: Integers) -> tuple[Integers, Integers]:
    """Each key's position among those that occur, in their order, and the first row of each position."""
    if not len(keys):
        return keys, keys
    span = int(keys.max()) + 1
    if span > 8 * len(keys) + 1_000_000:
        first, position = np.unique(keys, return_index=True, return_inverse=True)[1:]
        return position.astype(np.int64), first.astype(np.int64)
    return _numbered(keys, span)


@compiled
def _numbered(keys: Integers, span: int) -> tuple[Integers, Integers]:
    place = np.full(span, -1, np.int64)
    for row in range(len(keys) - 1, -1, -1):
        place[keys[row]] = row
    first = place[place >= 0]
    count = 0
    for key in range(span):
        if place[key] >= 0:
            place[key] = count
            count += 1
    return place[keys], first


@compiled
def in_order(position: Integers, count: int) -> Integers:
    """The rows in the order of their positions, below `count`; rows of one position stay in order."""
    start = np.zeros(count + 1, np.int64)
    for row in range(len(position)):
        start[position[row] + 1] += 1
    for each in range(count):
        start[each + 1] += start[each]
    rows = np.empty(len(position), np.int64)
    for row in range(len(position)):
        rows[start[position[row]]] = row
        start[position[row]] += 1
    return rows
