"""Whether migration tables add up: within a table, between tables, and to the records.

In each table of counts the codes of a dimension, those of what is not known among them, add up to its total,
whatever the other dimensions. Between tables hold the identities of `migration_tables.yaml`.

Source: domain reference, section 1.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import TOTAL
from sojourn.concepts.migration_tables import Cells, Identity, MigrationTable
from sojourn.contracts.migration_tables import TableReconciliation

__all__ = ["reconciled"]

# Weights are fractions: their sums agree to so many parts of the larger figure.
TOLERANCE = 1e-9


def reconciled(
    tables: Sequence[MigrationTable],
    figures: Mapping[str, pa.Table],
    identities: Sequence[Identity],
    totals: Mapping[str, float],
) -> pa.Table:
    """What must hold, and whether it does, as TableReconciliation says.

    `figures` are those of the tables that were made, with all totals. `totals` is, for each table about
    everyone of its unit, the sum of weights of the records. An identity between tables of which one was not
    made is told as not compared.
    """
    rows = []
    for table in tables:
        if table.id not in figures:
            continue
        if table.statistic == "count":
            rows += [_of_dimension(table, figures[table.id], name) for name in table.by]
        if table.id in totals:
            found = _figure(figures, Cells(table.id))
            rows.append(_row("records", table.id, None, [(found, totals[table.id])]))
    rows += [_of_identity(identity, figures) for identity in identities]
    return TableReconciliation.conform(pa.Table.from_pylist(rows, schema=TableReconciliation.schema()))


def _of_dimension(table: MigrationTable, figures: pa.Table, dimension: str) -> dict[str, object]:
    """Whether the codes of a dimension add up to its total in every cell of the other dimensions."""
    others = [name for name in table.by if name != dimension]
    is_total = pc.equal(figures[dimension], TOTAL)
    parts, wholes = figures.filter(pc.invert(is_total)), figures.filter(is_total)
    sums = parts.group_by(others).aggregate([("value", "sum")]) if others else None
    if sums is None:
        pairs = [(pc.sum(parts["value"]).as_py() or 0.0, wholes["value"][0].as_py())]
        return _row("totals", table.id, dimension, pairs)
    cells = {tuple(row[name] for name in others): row["value_sum"] for row in sums.to_pylist()}
    stated = {tuple(row[name] for name in others): row["value"] for row in wholes.to_pylist()}
    pairs = [(cells.get(cell, 0.0), stated.get(cell, 0.0)) for cell in {**stated, **cells}]
    return _row("totals", table.id, dimension, pairs)


def _of_identity(identity: Identity, figures: Mapping[str, pa.Table]) -> dict[str, object]:
    named = ", ".join(identity.tables)
    if any(name not in figures for name in identity.tables):
        return _row(identity.id, named, None, [])
    left = _figure(figures, identity.left)
    right: float | None = sum(_figure(figures, cells) or 0.0 for cells in identity.right)
    if identity.over:
        below = sum(_figure(figures, cells) or 0.0 for cells in identity.over)
        right = None if below == 0 or right is None else right / below
    pairs = [] if left is None and right is None else [(left, right)]
    return _row(identity.id, named, None, pairs)


def _figure(figures: Mapping[str, pa.Table], cells: Cells) -> float | None:
    """The sum of some cells of a table; those that are not there hold nobody."""
    found = figures[cells.table]
    for name in found.column_names[: found.column_names.index("table_id")]:
        wanted = pa.array(cells.codes.get(name, (TOTAL,)), pa.string())
        found = found.filter(pc.is_in(found[name], wanted))
    if not len(found):
        return 0.0
    total: float | None = pc.sum(found["value"]).as_py()
    return total


def _row(
    check: str, tables: str, dimension: str | None, pairs: Sequence[tuple[float | None, float | None]]
) -> dict[str, object]:
    differences = list(_differences(pairs))
    differing = sum(is_different for _, is_different in differences)
    return {
        "check_id": check,
        "tables": tables,
        "dimension": dimension,
        "compared": len(pairs),
        "differing": differing,
        "largest_difference": max((size for size, _ in differences), default=None),
        "holds": differing == 0 if pairs else None,
    }


def _differences(pairs: Sequence[tuple[float | None, float | None]]) -> Iterator[tuple[float, bool]]:
    """By pair how far the two are from one another, and whether that is more than their sums are off."""
    for one, other in pairs:
        if one is None or other is None:
            yield 0.0, True
            continue
        yield abs(one - other), abs(one - other) > TOLERANCE * max(abs(one), abs(other))
