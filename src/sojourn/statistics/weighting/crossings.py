"""Crossings of the codes of columns: which one each record is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import UNKNOWN
from sojourn.statistics.weighting.margins import Cell

__all__ = ["codes_of", "crossing"]

Integers = npt.NDArray[np.int64]


def codes_of(records: pa.Table, names: Sequence[str]) -> dict[str, pa.Array]:
    """Columns as codes of text; an empty one is unknown."""
    return {name: pc.fill_null(records[name].cast(pa.string()), UNKNOWN).combine_chunks() for name in names}


def crossing(columns: Mapping[str, pa.Array], records: int) -> tuple[Integers, list[Cell]]:
    """The number of each record's crossing of codes, and the crossings that occur, in their order.

    With no columns there is one crossing, of nothing.
    """
    number = np.zeros(records, np.int64)
    cells: list[Cell] = [()]
    for column in columns.values():
        coded = column.dictionary_encode()
        codes = coded.dictionary.to_pylist()
        order = sorted(range(len(codes)), key=codes.__getitem__)
        rank = np.empty(len(codes), np.int64)
        rank[order] = np.arange(len(codes))
        both = number * len(codes) + rank[coded.indices.to_numpy()]
        occurring, inverse = np.unique(both, return_inverse=True)
        number = inverse.reshape(-1).astype(np.int64)
        cells = [(*cells[each // len(codes)], codes[order[each % len(codes)]]) for each in occurring.tolist()]
    return number, cells
