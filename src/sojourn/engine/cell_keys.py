"""The text of SQL by which cells get the sum of their record keys, and the change that their key gives.

Records are grouped once; every total is made from those groups. Keys are whole numbers and their sums are
taken modulo two to the power of 32, so that no order of adding and no number of threads changes them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.engine.compose import TOTAL
from sojourn.engine.names import quoted

__all__ = [
    "base_statement",
    "cells_statement",
    "changes_statement",
    "flaws_statement",
    "keyed_records_statement",
    "unit_statement",
]

_KEYS = "4294967296"


def unit_statement(unit: str) -> str:
    """The different units of `records`, as `unit`; one of them null where a record has none."""
    return f"SELECT DISTINCT {quoted(unit)} AS unit FROM records"


def keyed_records_statement(unit: str, name: str) -> str:
    """`records` with the key of their unit from `keys`."""
    return (
        f"SELECT records.*, keys.record_key AS {quoted(name)}\n"
        f"FROM records JOIN keys ON records.{quoted(unit)} = keys.unit"
    )


def base_statement(
    dimensions: Sequence[str], record_key: str, *, weight: str | None, measure: str | None, largest: int
) -> str:
    """One row for each combination of codes that occurs in `records`.

    `units` counts records, `keys` adds their keys, `unkeyed` counts those without one, and `largest` lists
    the largest absolute values of the measure. Records with weight zero, and with a measure those that do not
    state it, are left out. The parameter $unknown is the code of what a record does not state.
    """
    codes = [quoted(name) for name in dimensions]
    key = quoted(record_key)
    columns = [
        *codes,
        "count(*) AS units",
        f"sum({key}) AS keys",
        f"count(*) - count({key}) AS unkeyed",
    ]
    if measure is not None:
        columns.append(f"max(abs(CAST({quoted(measure)} AS DOUBLE)), {int(largest)}) AS largest")
    rules = [f"{quoted(weight)} <> 0"] if weight is not None else []
    rules += [f"{quoted(measure)} IS NOT NULL"] if measure is not None else []
    where = f"\n  WHERE {' AND '.join(rules)}" if rules else ""
    group = f"\n  GROUP BY {', '.join(codes)}" if codes else ""
    coded = [f"coalesce(CAST({code} AS VARCHAR), $unknown) AS {code}" for code in codes]
    shown = [*coded, "units", f"CAST(coalesce(keys, 0) % {_KEYS} AS BIGINT) AS cell_key", "unkeyed"]
    shown += ["largest"] if measure is not None else []
    return (
        "WITH groups AS (  -- one row for each combination of values, also of those that are not stated\n"
        f"  SELECT {', '.join(columns)}\n  FROM records{where}{group}\n)\n"
        f"SELECT {', '.join(shown)} FROM groups WHERE units > 0 AND $unknown IS NOT NULL"
    )


def flaws_statement(dimensions: Sequence[str]) -> str:
    """One row about `base`: records without a key, and by dimension those that hold the code of totals."""
    totals = [f"coalesce(sum(units) FILTER ({quoted(name)} = {TOTAL}), 0)" for name in dimensions]
    return f"SELECT {', '.join(['coalesce(sum(unkeyed), 0)', *totals])} FROM base"


def cells_statement(
    dimensions: Sequence[str], *, margins: Sequence[Sequence[str]] | None, largest: int
) -> str:
    """The cells of `base` and their totals: `units`, `cell_key`, and with `largest` so many values.

    `margins` lists the sets of dimensions that are totalled, None for all of them.
    """
    codes = [quoted(name) for name in dimensions]
    shown = [f"CASE WHEN grouping({code}) = 1 THEN {TOTAL} ELSE {code} END AS {code}" for code in codes]
    shown += [
        "CAST(sum(units) AS BIGINT) AS units",
        f"CAST(sum(cell_key) % {_KEYS} AS BIGINT) AS cell_key",
    ]
    if largest:
        shown.append(f"list_slice(list_reverse_sort(flatten(list(largest))), 1, {int(largest)}) AS largest")
    if not codes:
        group = ""
    elif margins is None:
        group = f"\nGROUP BY CUBE ({', '.join(codes)})"
    else:
        kept = dict.fromkeys(
            ", ".join(quoted(name) for name in dimensions if name not in margin) for margin in [(), *margins]
        )
        group = f"\nGROUP BY GROUPING SETS ({', '.join(f'({names})' for names in kept)})"
    return f"SELECT {', '.join(shown)}\nFROM base{group}\nHAVING count(*) > 0"


def changes_statement(dimensions: Sequence[str], *, rows: int, keys: int, repeated: int) -> str:
    """The `cells` with the count after its change, from the intervals of `changes`."""
    turn = f"{rows - repeated + 1} + (units - 1) % {repeated}"
    shown = [*(f"placed.{quoted(name)}" for name in dimensions), "units + coalesce(change, 0) AS value"]
    return (
        "WITH placed AS (  -- the cells, each with the row of the table that its count takes\n"
        f"  SELECT *, CASE WHEN units > {rows} THEN {turn} ELSE units END AS row_taken,"
        f" cell_key % {keys} AS key_taken\n  FROM cells\n)\n"
        f"SELECT {', '.join(shown)}\nFROM placed LEFT JOIN changes\n"
        '  ON changes."row" = row_taken AND key_taken >= lower AND key_taken < upper'
    )
