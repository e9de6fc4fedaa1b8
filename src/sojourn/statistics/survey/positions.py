"""Numbers for what occurs: keys as positions in the order of the keys, and rows in the order of positions.

Keys are small whole numbers made of codes, so that counting replaces sorting; only keys that are far apart
are sorted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.sources.reader.compiled import compiled

__all__ = ["in_order", "numbered", "positions", "sortable"]

Integers = npt.NDArray[np.int64]


def positions(column: pa.ChunkedArray) -> tuple[Integers, pa.Array]:
    """Each value's position in the sorted list of values, and that list; null comes after the last."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.full(len(order) + 1, len(order))
    rank[order] = np.arange(len(order))
    found: Integers = rank[encoded.indices.fill_null(len(order)).to_numpy()]
    return found, encoded.dictionary.take(order)


def sortable(column: pa.ChunkedArray) -> tuple[Integers, int]:
    """Whole numbers that are equal and in order as the values are, and a number above them all."""
    if pa.types.is_integer(column.type) and not column.null_count and len(column):
        keys = column.to_numpy().astype(np.int64)
        least, span = int(keys.min()), int(keys.max()) - int(keys.min()) + 1
        if span <= 8 * len(keys) + 1_000_000:
            return keys - least, span
    position, labels = positions(column)
    return position, len(labels) + 1


def numbered(keys: Integers) -> tuple[Integers, Integers]:
    """Each key's position among those that occur, in their order, and the first row of each position."""
    if not len(keys):
        return keys, keys
    position, first = _numbered_in_order(keys)
    if len(first):
        return position, first
    span = int(keys.max()) + 1
    if span > 8 * len(keys) + 1_000_000:
        first, position = np.unique(keys, return_index=True, return_inverse=True)[1:]
        return position.astype(np.int64), first.astype(np.int64)
    return _numbered(keys, span)


@compiled
def _numbered_in_order(keys: Integers) -> tuple[Integers, Integers]:
    """The same for keys that are in their order already; nothing where they are not."""
    position = np.zeros(len(keys), np.int64)
    for row in range(1, len(keys)):
        if keys[row] < keys[row - 1]:
            return position[:0], position[:0]
        position[row] = position[row - 1] + (keys[row] != keys[row - 1])
    first = np.zeros(position[-1] + 1, np.int64)
    for row in range(1, len(keys)):
        if position[row] != position[row - 1]:
            first[position[row]] = row
    return position, first


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
