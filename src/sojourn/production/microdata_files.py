"""Microdata on plain files: read strictly, turned into variables by a declaration, or refused in counts.

A value that cannot be read, or a code that no map knows, refuses the file: a table that left such records out
would be too low without telling. Messages hold numbers of records, never a value.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.concepts import code_list
from sojourn.concepts.spelling import nearest
from sojourn.contracts.table import Table
from sojourn.engine import Engine, Relation
from sojourn.engine.conversions import Conversion, ConversionPlan, conversion_statement
from sojourn.engine.microdata import problem_counts_statement
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.cells import trimmed
from sojourn.project.code_maps import CodeMap, read_code_map
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import Arrival, ColumnRule, SourceDeclaration
from sojourn.project.migration_table_declarations import AnswerColumn
from sojourn.project.standard_maps import STANDARD_MAPS, standard_map
from sojourn.sources.dialects import declared_dialect
from sojourn.sources.mapping import source_plan
from sojourn.sources.reader.frames import Loaded
from sojourn.sources.reader.parent import read

__all__ = ["MicrodataFile", "read_microdata", "require_variables"]

_FORMATS = {
    ".csv": "csv", ".parquet": "parquet", ".sav": "spss", ".zsav": "spss", ".dta": "stata",
    ".sas7bdat": "sas", ".xpt": "sas", ".xlsx": "excel",
}  # fmt: skip
# What a declaration of tables does not say: it is made on receipt, or belongs to the design.
_NOT_DECLARED = ("record_id", "person_key", "weight", "stratum", "psu")
_IN_WORDS = {
    "unknown-code": ("a code that no map knows", "Add it to the map; what is not known is _U."),
    "not-a-whole-number": (
        "no whole number",
        "Name under `arrives` the texts that are `missing`.",
    ),
    "not-a-number": ("no number", "Look at `decimal` and `thousands`, and at the texts that are `missing`."),
    "not-a-day": ("no day of its `format`", "Write days as 2024-12-31, or declare their `format`."),
    "missing": ("nothing, where it must be filled", "Every record has its weight and sampling unit."),
    "text-too-long": ("a text too long to be a code", "Look at the separator and the column."),
}


@dataclass(frozen=True)
class MicrodataFile:
    """One file, what is declared of it, and further columns that a design names: numbers, and names of units.

    `folder` is where files of code maps are looked for. Columns of the design are read as `names` says.
    """

    file: Path
    contract: str
    columns: Mapping[str, AnswerColumn]
    arrives: Arrival | None
    folder: Path
    numbers: Mapping[str, str]
    units: Mapping[str, str]


def require_variables(contract: str, columns: Mapping[str, AnswerColumn]) -> None:
    """Refuse variables that the contract does not have.

    Raises: ProjectError with the nearest names.
    """
    known = [name for name in CONTRACTS[contract].columns if name not in _NOT_DECLARED]
    problems = []
    for name in columns:
        if name not in known:
            near = nearest(name, known, 1)
            remedy = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            problems.append(Problem("", None, f"{name} is no variable of a {contract}.", remedy))
    if problems:
        raise ProjectError(problems)


def read_microdata(
    engine: Engine, given: MicrodataFile, *, country: str, day: datetime.date, unfinished: Path
) -> Relation:
    """The records of a file as variables with their types and codes, and the columns of the design.

    `unfinished` is an empty folder for the work, which the relation keeps reading from. `day` decides which
    line of a dated code map holds.

    Raises: ProjectError for a declaration that does not fit; DataRefused for a file that cannot be read, with
    the number of records for each reason.
    """
    require_variables(given.contract, given.columns)
    source, maps = _declared(given, country)
    plan = source_plan(source, maps, country)
    cells = list(plan.file_columns)
    cells += [name for name in dict.fromkeys([*given.numbers, *given.units]) if name not in cells]
    conversions = [*plan.conversions.conversions, *_of_design(given, cells)]
    arrives = source.arrives
    every = ConversionPlan(
        tuple(conversions), (), arrives.missing, arrives.decimal, arrives.thousands, arrives.time_zone
    )
    raw = engine.relation(_cells(given, arrives, cells, unfinished / "cells.parquet"))
    codes = {name: engine.relation(table) for name, table in plan.code_tables.items()}
    converted = engine.query(conversion_statement(every, day), {"raw": raw, **codes})
    _refuse(given.file, engine.query(problem_counts_statement(), {"converted": converted}))
    found = unfinished / "records.parquet"
    converted.write_parquet(found, columns=tuple(each.target for each in conversions))
    engine.forget(converted)
    (unfinished / "cells.parquet").unlink()
    return engine.relation(found)


def _declared(given: MicrodataFile, country: str) -> tuple[SourceDeclaration, dict[tuple[str, str], CodeMap]]:
    """The file as a source is declared, with its code maps."""
    contract, maps, columns = CONTRACTS[given.contract], {}, {}
    for name, rule in given.columns.items():
        codes = "here" if rule.map is not None else rule.codes
        if codes is not None:
            maps[("file", name)] = _code_map(given, name, rule, contract, country)
        plain = {"from": rule.source, "format": rule.format, "part": rule.part, "value": rule.value}
        columns[name] = ColumnRule.model_validate(plain | {"codes": codes})
    form = _FORMATS.get(given.file.suffix)
    if given.arrives is None and form is None:
        raise ProjectError(
            f"It is not known how {shown(given.file.name)} is written.",
            f"Say so under `arrives`, or give a file that ends in {', '.join(_FORMATS)}.",
        )
    arrives = given.arrives or Arrival(format=form)  # type: ignore[arg-type]  # one of the forms above
    return (
        SourceDeclaration(
            id="file", title={}, kind="microdata", provider="nobody", agreement="none",
            arrives=arrives, gives=given.contract, columns=columns,  # type: ignore[arg-type]  # by name
        ),
        maps,
    )  # fmt: skip


def _code_map(
    given: MicrodataFile, name: str, rule: AnswerColumn, contract: type[Table], country: str
) -> CodeMap:
    list_id = contract.columns[name].codes
    if rule.map is not None:
        _require_codes(name, rule.map.values(), list_id, country)
        nothing = (None,) * len(rule.map)
        return CodeMap(name, tuple(rule.map), tuple(rule.map.values()), nothing, nothing)
    codes = rule.codes or ""
    if codes in STANDARD_MAPS:
        found = standard_map(codes, country)
        # Numbers lose their zeros in many files: 4 is 004.
        short = [(text.lstrip("0"), to) for text, to in zip(found.written, found.standard, strict=True)]
        more = [(text, to) for text, to in short if codes == "m49" and text not in found.written]
        nothing = (None,) * (len(found.written) + len(more))
        return CodeMap(
            codes,
            (*found.written, *(text for text, _ in more)),
            (*found.standard, *(to for _, to in more)),
            nothing,
            nothing,
        )
    found_map, problems = read_code_map(given.folder / codes, codes, list_id, country)
    if found_map is None:
        raise ProjectError(problems)
    return found_map


def _require_codes(name: str, codes: Iterable[str], list_id: str | None, country: str) -> None:
    if list_id is None:
        return
    known = code_list(list_id)
    problems = []
    for code in dict.fromkeys(codes):
        if code not in known and not (list_id == "CL_AREA" and code == country):
            near = ", ".join(found.code for found in known.suggest(code))
            remedy = f"Did you mean {near}?" if near else f"See the reference page of {list_id}."
            problems.append(Problem("", None, f"{name}: {code!r} is not a code of {list_id}.", remedy))
    if problems:
        raise ProjectError(problems)


def _of_design(given: MicrodataFile, cells: Sequence[str]) -> list[Conversion]:
    """Columns that the design names: every record has them."""
    found = [
        Conversion(target, "decimal", f"c{cells.index(name)}", is_required=True, type_kind="decimal")
        for name, target in given.numbers.items()
    ]
    found += [
        Conversion(target, "text", f"c{cells.index(name)}", is_required=True)
        for name, target in given.units.items()
    ]
    return found


def _cells(given: MicrodataFile, arrives: Arrival, names: Sequence[str], target: Path) -> Path:
    """The cells of the file as text, without blanks around them: c0, c1, … in the order of the names."""
    if not given.file.is_file():
        raise ProjectError(f"{given.file} is not there.", "Name a file that is.")
    schema = pa.schema([("line", pa.int64()), *((f"c{place}", pa.string()) for place, _ in enumerate(names))])
    quarantined = 0
    with (
        read(given.file, declared_dialect(arrives), names) as reading,
        pq.ParquetWriter(target, schema, compression="zstd") as writer,
    ):
        handed_on = [column.name for column in reading.header.columns]
        places = [handed_on.index(name) for name in names]
        for frame in reading:
            if not isinstance(frame, Loaded):
                quarantined += frame.batch.num_rows
                continue
            batch = frame.batch
            columns = [batch["line"], *(trimmed(batch[f"c{place}"]) for place in places)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
    if quarantined:
        raise DataRefused(
            Problem(
                shown(given.file.name),
                None,
                f"{quarantined:,} records do not have the shape of the table.",
                "Look for separators inside cells, and declare under `arrives` how the file is written.",
            )
        )
    return target


def _refuse(file: Path, problems: Relation) -> None:
    found = problems.rows("reason", "variable", "records")
    if not found:
        return
    raise DataRefused(
        [
            Problem(
                shown(file.name),
                None,
                f"{name.removeprefix('design_')}: {records:,} records hold {_said(reason)}.",
                _IN_WORDS.get(reason, ("", "Look at the column and its declaration."))[1],
            )
            if reason != "empty-record"
            else Problem(shown(file.name), None, f"{records:,} records are empty.", "Take them out.")
            for reason, name, records in found
        ]
    )


def _said(reason: str) -> str:
    return _IN_WORDS.get(reason, (f"what cannot be read ({reason})", ""))[0]
