"""Vintages: what a new version of a table tells beside an earlier one.

An earlier version stays citable. What the new one withholds, it may have shown; and where both show a count
that changed by a few persons, the few who were added or taken away are told, unless figures are rounded or
perturbed so that a change of a few is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.disclosure.attacks.public_cells import PublicTable

__all__ = ["Changed", "changes"]

_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Changed:
    """Rows of the new table by what an earlier version tells of them.

    `shown_before`: withheld now and shown then. `few`: shown in both, and changed by at least one person and
    fewer than the minimum.
    """

    shown_before: tuple[int, ...]
    few: tuple[int, ...]


def changes(new: PublicTable, earlier: PublicTable, *, minimum: int) -> Changed:
    """What is told by a new version of a table beside an earlier one; cells are matched by all their codes.

    Rounded figures tell of a change only where it is larger than the step can make of nothing.
    """
    columns = [name for name in new.dimensions if name in earlier.observations.column_names]
    if len(columns) < len(new.dimensions):
        return Changed((), ())
    place = pc.index_in(_keys(new.observations, columns), value_set=_keys(earlier.observations, columns))
    then = earlier.observations["OBS_VALUE"].take(place)
    now = new.observations["OBS_VALUE"]
    before = pc.and_(pc.is_null(now), pc.is_valid(then))
    moved = np.abs(_numbers(now) - _numbers(then))
    width = (new.step + earlier.step) / 2
    with np.errstate(invalid="ignore"):
        is_few = (moved - width > 0) & (moved + width < minimum)
    return Changed(
        tuple(np.nonzero(before.to_numpy(zero_copy_only=False))[0].tolist()),
        tuple(np.nonzero(is_few)[0].tolist()),
    )


def _keys(table: pa.Table, columns: list[str]) -> pa.Array:
    # The separator cannot stand in a code.
    joined = pc.binary_join_element_wise(table["TIME_PERIOD"], *(table[name] for name in columns), _SEPARATOR)
    return joined.combine_chunks()


def _numbers(column: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = pc.fill_null(column, float("nan")).to_numpy()
    return found
