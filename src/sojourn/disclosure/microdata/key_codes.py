"""Keys as whole numbers: what an intruder may know of a person, column by column.

A key's codes are numbered in the order of their text, so that nothing depends on where a record stands. A
value that is not known has the code -1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import UNKNOWN
from sojourn.errors import DataRefused, ProjectError, shown

__all__ = ["MISSING", "KeyCodes", "Patterns", "key_codes", "packed", "patterns_of"]

Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
MISSING = -1
# Products of numbers of codes stay below this, so that they fit into 64 bits with a sign.
_MOST = 2**62
_MOST_KEYS = 24


@dataclass(frozen=True)
class KeyCodes:
    """The keys of records as codes (records × keys), and the texts that the codes of each key stand for."""

    names: tuple[str, ...]
    codes: Codes
    values: tuple[pa.Array, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def text(self, place: int) -> pa.Array:
        """One key as text again; null where it is not known."""
        codes = self.codes[:, place]
        return self.values[place].take(pa.array(codes, pa.int32(), mask=codes == MISSING))


@dataclass(frozen=True)
class Patterns:
    """The different rows of codes, the pattern of each record, and how many records have each."""

    codes: Codes
    of_record: Integers
    records: Integers


def key_codes(table: pa.Table, names: Sequence[str], unknown: Sequence[str] = (UNKNOWN,)) -> KeyCodes:
    """The keys of a table as codes.

    `unknown` are texts that mean, beside the empty cell, that a value is not known.

    Raises: ProjectError without keys or with more than 24; DataRefused for a key that the table lacks or that
    is a list.
    """
    if not 0 < len(names) <= _MOST_KEYS:
        raise ProjectError(
            f"{len(names)} keys were named.", f"Name 1 to {_MOST_KEYS} columns that an intruder may know."
        )
    for name in names:
        if name not in table.column_names or pa.types.is_nested(table[name].type):
            raise DataRefused(f"There is no column {shown(name)} of plain values.", "Look at the keys.")
    found = [_coded(table[name], unknown) for name in names]
    codes = np.column_stack([each[0] for each in found])
    return KeyCodes(tuple(names), np.ascontiguousarray(codes), tuple(each[1] for each in found))


def _coded(column: pa.ChunkedArray, unknown: Sequence[str]) -> tuple[Codes, pa.Array]:
    """The codes of a column and, in their order, what they stand for."""
    encoded = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks) if encoded.num_chunks else pa.array([], encoded.type)
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    texts = encoded.dictionary.cast(pa.string())
    # A dictionary may hold one text twice, unused ones, and codes for what is not known.
    known = pc.and_kleene(
        pc.is_valid(texts), pc.invert(pc.is_in(texts, pa.array(list(unknown), pa.string())))
    )
    indices = pc.fill_null(encoded.indices, MISSING).cast(pa.int64()).to_numpy(zero_copy_only=False)
    used = np.zeros(len(texts) + 1, bool)
    used[indices] = True
    kept = np.logical_and(used[:-1], known.to_numpy(zero_copy_only=False).astype(bool))
    values = pc.unique(texts.filter(pa.array(kept)))
    values = values.take(pc.sort_indices(values))
    place = pc.fill_null(pc.index_in(texts, values), MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
    codes: Codes = np.append(place, np.int32(MISSING))[indices]
    return codes, values


def packed(codes: Codes, columns: Sequence[int]) -> Integers:
    """One number for each row: equal for rows with the same codes in the columns, in their order.

    Every code must be known there, or -1 counts as a code of its own.
    """
    found = np.zeros(len(codes), np.int64)
    span = 1
    for column in columns:
        own = codes[:, column].astype(np.int64) + 1
        radix = int(own.max(initial=0)) + 1
        if span * radix >= _MOST:
            _, found = np.unique(found, return_inverse=True)
            found = found.reshape(-1).astype(np.int64)
            span = int(found.max(initial=0)) + 1
        found = found * radix + own
        span *= radix
    return found


def patterns_of(codes: Codes) -> Patterns:
    """The patterns of codes, in the order of their codes."""
    _, first, of_record, records = np.unique(
        packed(codes, range(codes.shape[1])), return_index=True, return_inverse=True, return_counts=True
    )
    return Patterns(codes[first], of_record.reshape(-1).astype(np.int64), records.astype(np.int64))
