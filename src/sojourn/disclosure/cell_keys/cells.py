"""Cells with their keys, and perturbed tables of counts with every total.

The key of a cell is the sum of its records' keys modulo 2**32. Records are grouped once; totals add up the
keys of what they contain and are then looked up for themselves. So the same set of records has the same
value in every table, however it is broken down, whoever asks, on however many threads; and totals are not
the sums of their parts. A total that is summed from perturbed parts is a second, worse figure of the same
cell and must not be published.

What a record does not state is the category `_U`, with a key of its own. (In `cell-key-perturbation` 3.1.0 of
the Office for National Statistics every cell with a missing category gets the key 0, and so the same noise.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.concepts import UNKNOWN
from sojourn.disclosure.cell_keys.secrets import Epoch, SecretRecord
from sojourn.disclosure.cell_keys.tables import PerturbationTable
from sojourn.engine import Relation
from sojourn.engine.cell_keys import base_statement, cells_statement, changes_statement, flaws_statement
from sojourn.engine.compose import column_types
from sojourn.errors import ContractBroken, DataRefused, ProjectError

__all__ = [
    "MOST_LARGEST",
    "PUBLIC_REPORT",
    "Margins",
    "Perturbed",
    "keyed_cells",
    "perturbed_counts",
    "perturbed_table",
]

Margins = Sequence[Sequence[str]] | None
MOST_LARGEST = 3
_WHOLE = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "TINYINT", "SMALLINT", "INTEGER", "BIGINT")
# What anyone may know: that it was done and how to read it, nothing of the parameters.
PUBLIC_REPORT = {
    "method": "cell_keys",
    "meaning": (
        "Every figure was changed a little at random. The same cell has the same value wherever it is shown;"
        " sums of figures differ from published totals. Zeros stay zeros, and a figure of few may have become"
        " zero."
    ),
}


@dataclass(frozen=True)
class Perturbed:
    """A perturbed table, what may be said of it, and apart from these the secret record for the office.

    `table` has the dimensions and `value`. The report is public and can be written as JSON.
    """

    table: Relation
    report: dict[str, Any]
    secret: SecretRecord


def keyed_cells(
    records: Relation,
    *,
    dimensions: Sequence[str],
    record_key: str = "record_key",
    margins: Margins = None,
    weight: str | None = None,
    measure: str | None = None,
    largest: int = 1,
) -> Relation:
    """Cells of records and their totals (`_T`): `units` (records) and `cell_key`, from 0 to 2**32 - 1.

    `margins` lists the sets of dimensions to total, None for all of them. With a weight, records of weight
    zero are nobody's; with a measure only records that state it count, and `largest` lists so many of their
    largest absolute values. Secret, as records are. Computed now and kept by the engine.

    Raises: ProjectError for columns that are absent or keys that are no whole numbers; DataRefused for
    records without a key; ContractBroken for records that hold the code of totals.
    """
    _refuse_columns(records, dimensions, record_key, [one for one in (weight, measure) if one is not None])
    if not 1 <= largest <= MOST_LARGEST:
        raise ProjectError("So many largest values are not kept.", f"Ask for 1 to {MOST_LARGEST}.")
    listed = None if margins is None else _margins(margins, dimensions)
    engine = records.engine
    text = base_statement(dimensions, record_key, weight=weight, measure=measure, largest=largest)
    base = engine.query(text, {"records": records}, {"unknown": UNKNOWN})
    _refuse_flaws(base, dimensions)
    kept = largest if measure is not None else 0
    return engine.query(cells_statement(dimensions, margins=listed, largest=kept), {"base": base})


def perturbed_counts(cells: Relation, *, dimensions: Sequence[str], noise: PerturbationTable) -> Relation:
    """The cells with `value`, their count after the change that their key gives; zero stays zero."""
    changes = cells.engine.relation(noise.to_arrow())
    text = changes_statement(dimensions, rows=noise.rows, keys=noise.keys, repeated=noise.repeated)
    return cells.engine.query(text, {"cells": cells, "changes": changes})


def perturbed_table(
    records: Relation,
    *,
    dimensions: Sequence[str],
    noise: PerturbationTable,
    record_key: str = "record_key",
    margins: Margins = None,
    epoch: Epoch | None = None,
) -> Perturbed:
    """Perturbed counts of records, one for each unit, by dimensions with every total or the listed ones.

    Cells that do not occur have no row, nor do those whose perturbed count is zero: a row that shows zero
    would tell that somebody is there. `epoch` is that of the keys, for the secret record alone.

    Raises: as `keyed_cells`.
    """
    cells = keyed_cells(records, dimensions=dimensions, record_key=record_key, margins=margins)
    counts = perturbed_counts(cells, dimensions=dimensions, noise=noise)
    shown = records.engine.query("SELECT * FROM counts WHERE value > 0", {"counts": counts})
    secret = {"epoch": epoch.id if epoch is not None else None, "table": noise.to_arrow().to_pydict()}
    return Perturbed(shown, {**PUBLIC_REPORT, "dimensions": list(dimensions)}, SecretRecord(secret))


def _margins(margins: Sequence[Sequence[str]], dimensions: Sequence[str]) -> list[tuple[str, ...]]:
    strange = sorted({name for margin in margins for name in margin} - set(dimensions))
    if strange:
        raise ProjectError(
            f"A margin totals {', '.join(strange)}, which is no dimension of the table.",
            f"The dimensions are {', '.join(dimensions)}.",
        )
    return [tuple(margin) for margin in margins]


def _refuse_columns(records: Relation, dimensions: Sequence[str], key: str, others: Sequence[str]) -> None:
    types = column_types(records)
    absent = sorted({name for name in (*dimensions, key, *others) if name not in types})
    if absent:
        raise ProjectError(
            f"The records have no column {', '.join(absent)}.",
            "Give dimensions that are columns, and keys by `with_record_keys`.",
        )
    if types[key] not in _WHOLE:
        raise ProjectError(
            "Record keys are no whole numbers.",
            "Sums of fractions depend on their order: give unsigned numbers of 32 bits.",
        )
    if len(set(dimensions)) < len(dimensions):
        raise ProjectError("A dimension is named twice.", "Name each once.")


def _refuse_flaws(base: Relation, dimensions: Sequence[str]) -> None:
    unkeyed, *totals = base.engine.query(flaws_statement(dimensions), {"base": base}).rows()[0]
    if unkeyed:
        raise DataRefused(
            f"{unkeyed} records have no key.", "Make keys for all records of the table by `with_record_keys`."
        )
    taken = [name for name, count in zip(dimensions, totals, strict=True) if count]
    if taken:
        raise ContractBroken(
            f"Records hold the code of totals, _T, in {', '.join(taken)}.",
            "Printed totals are no records: list them as non-data where the source is declared.",
        )
