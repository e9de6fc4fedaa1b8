"""Two versions of a table side by side: which figures changed, which came, which went.

Figures are compared as they are or would be published, after protection: to be changed is to have another
value, status or confidentiality. Both tables keep the order of their code lists; a code that only the old
one has stands after those of the new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.dissemination.publication import TableDescription

__all__ = ["CHANGES", "SAME", "places", "side_by_side"]

SAME, CHANGED, ADDED, GONE = "same", "changed", "new", "gone"
CHANGES = (CHANGED, ADDED, GONE)
_COMPARED = ("OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "SE", "CV", "LINKAGE_SE")
Codes = Sequence[tuple[str, Sequence[str]]]
Places = npt.NDArray[np.int64]


def side_by_side(
    new_description: TableDescription,
    new: pa.Table,
    old_description: TableDescription | None = None,
    old: pa.Table | None = None,
) -> tuple[pa.Table, Codes]:
    """One row for each cell of either table, and the codes that say where a cell stands.

    Columns: the dimensions, `TIME_PERIOD`, the columns of both with `OLD_` and `NEW_` before their names,
    `DIFFERENCE` of the values where both have one, and `CHANGE`: `same`, `changed`, `new` or `gone`. Without
    an old table every cell is `same`.

    Raises: ValueError when the two do not have the same dimensions.
    """
    if old is not None and old_description is not None:
        if old_description.dimension_ids != new_description.dimension_ids:
            raise ValueError("tables of different dimensions have no cells in common")
        codes = _codes(new_description, old_description)
    else:
        codes, old = _codes(new_description), None
    new_places = places(new, codes)
    old_places = places(old, codes) if old is not None else np.empty(0, np.int64)
    order = np.union1d(new_places, old_places)
    in_new, in_old = _rows(new_places, order), _rows(old_places, order)
    columns: dict[str, Any] = {}
    for name, _ in codes:
        own = new[name].take(in_new)
        columns[name] = pc.coalesce(own, old[name].take(in_old)) if old is not None else own
    for name in _COMPARED:
        columns[f"NEW_{name}"] = new[name].take(in_new)
        empty = pa.nulls(len(order), new[name].type)
        columns[f"OLD_{name}"] = old[name].take(in_old) if old is not None else empty
    columns["DIFFERENCE"] = pc.subtract(columns["NEW_OBS_VALUE"], columns["OLD_OBS_VALUE"])
    table = pa.table(columns)
    change = _changes(table, in_new, in_old) if old is not None else np.full(len(order), SAME)
    return table.append_column("CHANGE", pa.array(change.tolist(), pa.string())), codes


def places(cells: pa.Table, codes: Codes) -> Places:
    """Where cells stand in the order of all possible ones; -1 for a cell with a code that is unknown."""
    found: Places = np.zeros(cells.num_rows, np.int64)
    is_known = np.ones(cells.num_rows, bool)
    for name, known in codes:
        at = pc.fill_null(pc.index_in(cells[name], value_set=pa.array(known, pa.string())), -1)
        at = at.to_numpy().astype(np.int64)
        is_known &= at >= 0
        found = found * len(known) + at
    found[~is_known] = -1
    return found


def _codes(new: TableDescription, old: TableDescription | None = None) -> Codes:
    found: list[tuple[str, Sequence[str]]] = []
    for position, dimension in enumerate(new.dimensions):
        before = old.dimensions[position].codes if old is not None else ()
        found.append((dimension.id, list(dict.fromkeys(code.id for code in (*dimension.codes, *before)))))
    periods = {*new.time_periods, *(old.time_periods if old is not None else ())}
    return [*found, ("TIME_PERIOD", sorted(periods))]


def _rows(own: Places, order: Places) -> pa.Array:
    """For each place the row of a table that has it, null where none has."""
    if not len(own):
        return pa.nulls(len(order), pa.int64())
    sorting = np.argsort(own, kind="stable")
    at = np.minimum(np.searchsorted(own[sorting], order), len(own) - 1)
    row = sorting[at]
    return pa.array(row, pa.int64(), mask=own[row] != order)


def _changes(table: pa.Table, in_new: pa.Array, in_old: pa.Array) -> npt.NDArray[np.str_]:
    differs = np.zeros(table.num_rows, bool)
    for name in ("OBS_VALUE", "OBS_STATUS", "CONF_STATUS"):
        one, other = table[f"NEW_{name}"], table[f"OLD_{name}"]
        is_same = pc.or_(
            pc.fill_null(pc.equal(one, other), False), pc.and_(pc.is_null(one), pc.is_null(other))
        )
        differs |= ~is_same.to_numpy(zero_copy_only=False)
    is_new = in_old.is_null().to_numpy(zero_copy_only=False)
    is_gone = in_new.is_null().to_numpy(zero_copy_only=False)
    return np.select([is_new, is_gone, differs], [ADDED, GONE, CHANGED], SAME)
