"""Microdata on plain files: read strictly, turned into variables by a declaration, or refused in counts.

A value that cannot be read, or a code that no map knows, refuses the file: a table that left such records out
would be too low without telling. Messages hold numbers of records, never a value.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from sojourn.concepts.spelling import nearest
from sojourn.engine import Engine, Relation
from sojourn.engine.conversions import Conversion, ConversionPlan, conversion_statement
from sojourn.engine.microdata import problem_counts_statement
from sojourn.engine.selections import renamed_statement
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.answer_codes import answer_code_map
from sojourn.production.survey_reading import arrival_of, cell_schema, cells_of
from sojourn.project.code_maps import CodeMap
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import Arrival, ColumnRule, SourceDeclaration
from sojourn.project.migration_table_declarations import AnswerColumn
from sojourn.sources.mapping import source_plan

__all__ = ["AnswersDeclared", "FileCells", "file_cells", "variables_of"]

# What a declaration of tables does not say: it is made on receipt, or belongs to the design.
_NOT_DECLARED = ("record_id", "person_key", "weight", "stratum", "psu")
_IN_WORDS = {
    "unknown-code": ("a code that no map knows", "Add it to the map; what is not known is _U."),
    "not-a-whole-number": ("no whole number", "Name under `arrives` the texts that are `missing`."),
    "not-a-number": (
        "no number",
        "Look at `decimal` and `thousands`, and at the texts that are `missing`.",
    ),
    "not-a-day": ("no day of its `format`", "Write days as 2024-12-31, or declare their `format`."),
    "missing": ("nothing, where it must be filled", "Every record has its weight and sampling unit."),
    "text-too-long": ("a text too long to be a code", "Look at the separator and the column."),
}


@dataclass(frozen=True)
class FileCells:
    """The cells of a file as text, without blanks around them: the columns that were asked for, by name."""

    file: Path
    arrives: Arrival
    cells: Relation
    names: tuple[str, ...]


@dataclass(frozen=True)
class AnswersDeclared:
    """Which columns of a file become variables of a contract, and which belong to the design of the sample.

    `folder` is where files of code maps are looked for. `numbers` and `units` give the names of the design's
    columns in the records.
    """

    contract: str
    columns: Mapping[str, AnswerColumn]
    folder: Path
    numbers: Mapping[str, str]
    units: Mapping[str, str]

    def __post_init__(self) -> None:
        known = [name for name in CONTRACTS[self.contract].columns if name not in _NOT_DECLARED]
        problems = []
        for name in self.columns:
            if name not in known:
                near = nearest(name, known, 1)
                remedy = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
                message = f"{name} is no variable of a {self.contract}."
                problems.append(Problem("", None, message, remedy))
        if problems:
            raise ProjectError(problems)

    def code_maps(self, country: str) -> dict[str, CodeMap]:
        """The code map of each variable that has one.

        Raises: ProjectError for a code that is not in a variable's list, and for a map that cannot be read.
        """
        contract = CONTRACTS[self.contract]
        return {
            name: answer_code_map(name, rule, contract.columns[name].codes, country, self.folder)
            for name, rule in self.columns.items()
            if rule.map is not None or rule.codes is not None
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the file that are needed."""
        named = [rule.source for rule in self.columns.values() if rule.source is not None]
        return tuple(dict.fromkeys([*named, *self.numbers, *self.units]))


def file_cells(
    engine: Engine, file: Path, arrives: Arrival | None, names: Sequence[str], target: Path
) -> FileCells:
    """Read the named columns of a file, once, into a Parquet file of texts at `target`.

    Raises: ProjectError for a file that is not there or of unknown form; DataRefused for one that cannot be
    read, or lacks columns.
    """
    known = arrival_of(file, arrives)
    with pq.ParquetWriter(target, cell_schema(names), compression="zstd") as writer:
        for batch in cells_of(file, known, names):
            writer.write_batch(batch)
    return FileCells(file, known, engine.relation(target), tuple(names))


def variables_of(
    given: FileCells, declared: AnswersDeclared, *, country: str, day: datetime.date, target: Path
) -> Relation:
    """The records of a file as variables with their types and codes, and the columns of the design.

    `target` is a Parquet file to write, from which the relation is read. `day` decides which line of a dated
    code map holds.

    Raises: ProjectError for a declaration that does not fit; DataRefused with the number of records for each
    reason.
    """
    engine = given.cells.engine
    source, maps = _as_source(given, declared, country)
    plan = source_plan(source, maps, country)
    names = tuple(dict.fromkeys([*plan.file_columns, *declared.names]))
    conversions = (*plan.conversions.conversions, *_of_design(declared, names))
    arrives = given.arrives
    every = ConversionPlan(
        conversions, (), arrives.missing, arrives.decimal, arrives.thousands, arrives.time_zone
    )
    places = {"line": "line"} | {
        f"c{place}": f"c{given.names.index(name)}" for place, name in enumerate(names)
    }
    raw = engine.query(renamed_statement(places, "cells"), {"cells": given.cells})
    codes = {name: engine.relation(table) for name, table in plan.code_tables.items()}
    converted = engine.query(conversion_statement(every, day), {"raw": raw, **codes})
    _refuse(given.file, engine.query(problem_counts_statement(), {"converted": converted}))
    converted.write_parquet(target, columns=tuple(each.target for each in conversions))
    engine.forget(converted, raw)
    return engine.relation(target)


def _as_source(
    given: FileCells, declared: AnswersDeclared, country: str
) -> tuple[SourceDeclaration, dict[tuple[str, str], CodeMap]]:
    """The file as a project declares a source, with its code maps."""
    maps = declared.code_maps(country)
    columns = {
        name: ColumnRule.model_validate(
            {"from": rule.source, "format": rule.format, "part": rule.part, "value": rule.value}
            | {"codes": "a map" if name in maps else None}
        )
        for name, rule in declared.columns.items()
    }
    source = {"id": "file", "title": {}, "kind": "microdata", "provider": "none", "agreement": "none"}
    said = {"gives": declared.contract, "arrives": given.arrives, "columns": columns}
    found = SourceDeclaration.model_validate(source | said)
    return found, {("file", name): codes for name, codes in maps.items()}


def _of_design(declared: AnswersDeclared, names: Sequence[str]) -> list[Conversion]:
    """Columns that the design names: every record has them."""
    found = [
        Conversion(target, "decimal", f"c{names.index(name)}", is_required=True, type_kind="decimal")
        for name, target in declared.numbers.items()
    ]
    found += [
        Conversion(target, "text", f"c{names.index(name)}", is_required=True)
        for name, target in declared.units.items()
    ]
    return found


def _refuse(file: Path, problems: Relation) -> None:
    """Refuse a file in which something could not be read; each reason with its records."""
    found = [
        Problem(shown(file.name), None, *_in_words(reason, name.removeprefix("design_"), records))
        for reason, name, records in problems.rows("reason", "variable", "records")
    ]
    if found:
        raise DataRefused(found)


def _in_words(reason: str, name: str, records: int) -> tuple[str, str]:
    if reason == "empty-record":
        return f"{records:,} records are empty.", "Take them out."
    said, remedy = _IN_WORDS.get(reason, (f"what cannot be read ({reason})", "Look at the column."))
    return f"{name}: {records:,} records hold {said}.", remedy
