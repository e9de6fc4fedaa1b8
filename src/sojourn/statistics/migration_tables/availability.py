"""Which tables a source can fill, and what is missing for the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from sojourn.concepts import TOTAL
from sojourn.concepts.migration_tables import MigrationTable
from sojourn.contracts.migration_tables import AnswerCoverage, TableAvailability
from sojourn.engine import Relation
from sojourn.engine.microdata import answers_statement
from sojourn.statistics.migration_tables.variables import UNIT_CONTRACTS

__all__ = ["answer_coverage", "table_availability", "tables_to_make"]

_NO_ANSWERS = ("record_id", "person_key", "household_id", "reference_date", "weight", "stratum", "psu")
_NO_FILE = {
    "person": "persons",
    "household": "household_id and what households answer",
    "emigrant": "emigrants reported by households",
}


def tables_to_make(
    tables: Iterable[MigrationTable], given: Mapping[str, frozenset[str]]
) -> list[MigrationTable]:
    """The tables that can be filled from the variables that are given for each unit of analysis."""
    return [table for table in tables if table.unit in given and not table.missing(given[table.unit])]


def table_availability(
    tables: Sequence[MigrationTable], given: Mapping[str, frozenset[str]], made: Mapping[str, pa.Table]
) -> pa.Table:
    """One row for each table, as TableAvailability says; `made` holds the figures of those that were made."""
    rows = []
    for table in tables:
        figures = made.get(table.id)
        missing = "; ".join(table.missing(given[table.unit])) if table.unit in given else _NO_FILE[table.unit]
        rows.append(
            {
                "table_id": table.id,
                "part_of": table.part_of,
                "table_title": table.title["en"],
                "unit": table.unit,
                "available": figures is not None,
                "missing": missing or None,
                "cells": None if figures is None else len(figures),
                "not_stated": None if figures is None else _not_stated(table, figures),
                "note": table.note or None,
            }
        )
    return TableAvailability.conform(pa.Table.from_pylist(rows, schema=TableAvailability.schema()))


def answer_coverage(unit: str, records: Relation) -> pa.Table:
    """How far each variable that the source gives of a unit is answered, as AnswerCoverage says.

    `records` are as they were read. Stated, not applicable, not known and missing are four different things.
    """
    columns = {
        name: column.python_type is str
        for name, column in UNIT_CONTRACTS[unit].columns.items()
        if name in records.columns and name not in _NO_ANSWERS
    }
    if not columns:
        return AnswerCoverage.schema().empty_table()
    found = records.engine.query(answers_statement(columns), {"records": records}).to_arrow().to_pylist()
    order = {name: place for place, name in enumerate(columns)}
    rows = [
        {
            **row,
            "unit": unit,
            "stated": row["records"] - row["not_applicable"] - row["not_known"] - row["missing"],
        }
        for row in sorted(found, key=lambda row: order[row["variable"]])
    ]
    return AnswerCoverage.conform(pa.Table.from_pylist(rows, schema=AnswerCoverage.schema()))


def _not_stated(table: MigrationTable, figures: pa.Table) -> int:
    for row in figures.select([*table.by, "not_stated"]).to_pylist():
        if all(row[name] == TOTAL for name in table.by):
            return int(row["not_stated"])
    return 0
