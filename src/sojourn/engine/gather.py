"""Rows in another order, ten times faster than one by one for columns of fixed width without gaps."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

__all__ = ["by_part", "taken"]

Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)


@njit(cache=True, nogil=True)
def _gathered(values: Any, order: Any, found: Any) -> None:
    for place in range(len(order)):
        found[place] = values[np.uint64(order[place])]


@njit(cache=True, nogil=True)
def _by_part(hashes: Any, shift: Any, order: Any, starts: Any) -> None:
    starts[:] = 0
    for row in range(len(hashes)):
        starts[(hashes[row] >> shift) + np.uint64(1)] += 1
    for part in range(len(starts) - 1):
        starts[part + 1] += starts[part]
    place = starts[:-1].copy()
    for row in range(len(hashes)):
        target = hashes[row] >> shift
        order[np.uint64(place[target])] = row
        place[target] += 1


def by_part(hashes: npt.NDArray[np.uint64], parts: int) -> tuple[Places, Numbers]:
    """The rows part by part, in the order in which they are, and where each part begins.

    The part is told by the leading bits of the hash; `parts` is a power of two.
    """
    if parts == 1:
        return np.arange(len(hashes), dtype=np.int32), np.array([0, len(hashes)])
    order, starts = np.empty(len(hashes), np.int32), np.empty(parts + 1, np.int64)
    _by_part(hashes, np.uint64(64 - (parts.bit_length() - 1)), order, starts)
    return order, starts


def taken(rows: Rows, order: Places) -> Rows:
    """The rows of a table or batch in another order."""
    places = pa.array(order)
    columns = [_taken(column, order, places) for column in rows.columns]
    found: Rows = type(rows).from_arrays(columns, schema=rows.schema)
    return found


def _taken(column: Any, order: Places, places: pa.Array) -> Any:
    kind = column.type
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(kind):
        indices = _taken(whole.indices, order, places)
        return pa.DictionaryArray.from_arrays(indices, whole.dictionary, safe=False)
    width = _width(kind)
    if whole.null_count or width is None:
        return whole.take(places)
    values = np.frombuffer(whole.buffers()[1], width)[whole.offset : whole.offset + len(whole)]
    found = np.empty(len(order), width)
    _gathered(values, order, found)
    return pa.Array.from_buffers(kind, len(found), [None, pa.py_buffer(found)])


def _width(kind: pa.DataType) -> Any:
    if not pa.types.is_primitive(kind) or pa.types.is_boolean(kind):
        return None
    return {8: np.int8, 16: np.int16, 32: np.int32, 64: np.int64}.get(kind.bit_width)
