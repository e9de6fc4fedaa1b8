"""Migration tables on plain files: read persons, households and emigrants, make the tables, write them.

Nothing here protects: the figures are those of the records, for the people who may see them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.migration_tables import MigrationTable, migration_tables, table_identities
from sojourn.concepts.spelling import folded, nearest
from sojourn.engine import Engine
from sojourn.engine.microdata import sum_statement
from sojourn.errors import Problem, ProjectError
from sojourn.production.microdata_designs import told_of, unit_design
from sojourn.production.microdata_units import ReadUnits, UnitFiles, read_units
from sojourn.production.table_files import write_table
from sojourn.production.unfinished import unfinished_beside
from sojourn.project.migration_table_declarations import MigrationTablesDeclaration
from sojourn.project.survey_declarations import SurveyDesignDeclaration
from sojourn.statistics.migration_tables import (
    YearbookSource,
    answer_coverage,
    checked_records,
    reconciled,
    table_availability,
    table_figures,
    tables_to_make,
    yearbook_tables,
)

__all__ = ["MigrationTablesSummary", "TableForm", "migration_tables_files", "wanted_tables"]

TableForm = Literal["csv", "parquet"]


@dataclass
class MigrationTablesSummary:
    """What came out, in numbers and names."""

    records: dict[str, int] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    not_made: dict[str, str] = field(default_factory=dict)
    compared: int = 0
    not_holding: list[str] = field(default_factory=list)
    failing: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return vars(self)


def migration_tables_files(
    files: UnitFiles,
    target: Path,
    *,
    declared: MigrationTablesDeclaration,
    design: SurveyDesignDeclaration | None = None,
    form: TableForm = "csv",
    memory: str = "2GB",
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> MigrationTablesSummary:
    """Write a folder with every table that the files can fill, and what is known of how they were filled.

    Beside the tables stand `availability`, `reconciliation`, `record_checks`, `answers` and `metadata`, and
    those of the Demographic Yearbook as `yearbook_18a`.

    Raises: ProjectError for a target that exists and for declarations that do not fit the files; DataRefused
    for files that cannot be read, or contradict their design.
    """
    _require_new_folder(target)
    wanted = wanted_tables(declared)
    found = unit_design(declared, design)
    with unfinished_beside(target) as folder, Engine([folder], memory=memory, spill=folder) as engine:
        units = read_units(engine, files, declared, found, folder)
        made = _made(units, wanted, files, declared, on_progress)
        out = folder / "tables"
        out.mkdir()
        summary = _written(out, units, wanted, made, declared, found.is_exact, form)
        os.replace(out, target)
    return summary


def wanted_tables(declared: MigrationTablesDeclaration) -> list[MigrationTable]:
    """The tables that are wanted, in order: those of the country's own stand for Sojourn's of the same name.

    Raises: ProjectError for a table that there is not.
    """
    known = {**migration_tables(), **{table.id: table.table() for table in declared.own}}
    problems = []
    for name in declared.tables:
        if name not in known:
            near = nearest(name, {folded(each): each for each in known}, 1)
            meant = [each for each in known if folded(each) in near]
            remedy = f"Did you mean {meant[0]}?" if meant else f"There are {', '.join(known)}."
            problems.append(Problem("", None, f"There is no table {name}.", remedy))
    if problems:
        raise ProjectError(problems)
    return [known[name] for name in (declared.tables or known)]


def _require_new_folder(target: Path) -> None:
    if target.exists():
        raise ProjectError(f"{target} exists.", "Name a folder that does not: nothing is overwritten.")
    if not target.resolve().parent.is_dir():
        raise ProjectError(f"There is no folder {target.parent}.", "Make it first.")


def _made(
    units: ReadUnits,
    wanted: list[MigrationTable],
    files: UnitFiles,
    declared: MigrationTablesDeclaration,
    on_progress: Callable[[int, int], None],
) -> dict[str, pa.Table]:
    """The figures of every table that can be made, by its name."""
    possible = tables_to_make(wanted, units.given)
    made: dict[str, pa.Table] = {}
    for unit in units.records.values():
        own = [table for table in possible if table.unit == unit.unit]
        with told_of(files.of(unit.unit)):
            for table, figures in table_figures(unit, own, level=declared.level):
                made[table.id] = figures
                # Reading has taken as long as the tables will.
                on_progress(len(possible) + len(made), 2 * len(possible))
    return made


def _written(
    out: Path,
    units: ReadUnits,
    wanted: list[MigrationTable],
    made: Mapping[str, pa.Table],
    declared: MigrationTablesDeclaration,
    is_exact: bool,
    form: TableForm,
) -> MigrationTablesSummary:
    told = {"tables": declared.id, "source": declared.source.name, "protection": "none"}
    about = YearbookSource(
        declared.source.reference_date.year, declared.source.name, declared.source.status, not is_exact
    )
    for table in wanted:
        if table.id not in made:
            continue
        write_table(made[table.id], out / f"{table.id}.{form}", told | {"title": table.title["en"]})
        if table.yearbook is not None:
            for number, part in yearbook_tables(table, made[table.id], about).items():
                write_table(part, out / f"yearbook_{number}.{form}", told)
    beside = {
        "availability": table_availability(wanted, units.given, made),
        "reconciliation": reconciled(wanted, made, _identities(declared, wanted), _totals(units, wanted)),
        "record_checks": checked_records(units.variables, units.given, country=declared.country),
        "answers": pa.concat_tables(answer_coverage(unit, rows) for unit, rows in units.answers.items()),
        "metadata": _metadata(units, declared, is_exact),
    }
    for name, table_beside in beside.items():
        write_table(table_beside, out / f"{name}.{form}", told)
    return _summary(units, made, beside)


def _identities(declared: MigrationTablesDeclaration, wanted: list[MigrationTable]) -> list[Any]:
    """The identities between wanted tables; one that the country declared anew is another table."""
    names = {table.id for table in wanted} - {table.id for table in declared.own}
    return [identity for identity in table_identities() if names.issuperset(identity.tables)]


def _totals(units: ReadUnits, wanted: list[MigrationTable]) -> dict[str, float]:
    """The sum of weights of the records of every table that is about everyone."""
    found = {}
    for name, unit in units.records.items():
        if unit.is_counted is not None:
            continue
        total = unit.records.engine.query(sum_statement(unit.design.weight), {"records": unit.records})
        for table in wanted:
            if table.unit == name and table.universe is None and table.statistic == "count":
                found[table.id] = float(total.rows()[0][0] or 0)
    return found


def _metadata(units: ReadUnits, declared: MigrationTablesDeclaration, is_exact: bool) -> pa.Table:
    source = declared.source
    told = {
        "tables": declared.id,
        "country": declared.country,
        "source": source.name,
        "source_type": source.kind,
        "reference_date": source.reference_date.isoformat(),
        "status": source.status,
        "usual_residence": source.usual_residence,
        "coverage": source.coverage,
        "treatment_of_unknown": source.unknown,
        "birthplace_basis": source.birthplace_basis,
        "borders": source.borders,
        "age_groups": declared.age_groups,
        "years_since_arrival": declared.stay,
        "sampling_errors": "none: everyone was asked" if is_exact else f"by design, level {declared.level}",
        "protection": "none: not for publication as it is",
    } | {f"records_{unit}": str(count) for unit, count in units.counts.items()}
    return pa.table({"key": list(told), "value": [value or None for value in told.values()]})


def _summary(
    units: ReadUnits, made: Mapping[str, pa.Table], beside: Mapping[str, pa.Table]
) -> MigrationTablesSummary:
    checks = beside["reconciliation"].filter(pc.is_valid(beside["reconciliation"]["holds"]))
    broken = checks.filter(pc.invert(checks["holds"])).to_pylist()
    return MigrationTablesSummary(
        records=dict(units.counts),
        tables=list(made),
        not_made={
            row["table_id"]: row["missing"]
            for row in beside["availability"].to_pylist()
            if not row["available"]
        },
        compared=len(checks),
        not_holding=[f"{row['check_id']} ({row['tables']})" for row in broken],
        failing={
            row["check_id"]: row["failing"] for row in beside["record_checks"].to_pylist() if row["failing"]
        },
    )
