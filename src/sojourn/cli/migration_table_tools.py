"""Migration tables of a census, survey or register: a method on plain files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

if TYPE_CHECKING:
    from sojourn.production.migration_table_files import MigrationTablesSummary
    from sojourn.project.declarations import Arrival
    from sojourn.project.migration_table_declarations import MigrationTablesDeclaration

__all__: list[str] = []


@tool.command("migration-tables")
def migration_tables(
    source: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="Persons: .csv, .parquet, .sav, .dta, .sas7bdat, .xpt or .xlsx."),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write: one file for each table.")],
    spec: Annotated[Path, typer.Option(help="Declaration of source, columns and tables: .yaml.")],
    design: Annotated[
        Path | None, typer.Option(help="Declaration of the sample's design: .yaml. A census has none.")
    ] = None,
    emigrants: Annotated[
        Path | None, typer.Option(help="Emigrants whom households report, one a row.")
    ] = None,
    households: Annotated[
        Path | None, typer.Option(help="Households, one a row, where persons do not state their answers.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="Form of the tables: csv or parquet.")] = "csv",
    memory: Annotated[str, typer.Option(help="Memory before the work spills to disk.")] = "2GB",
) -> None:
    """Make the tables of international migration that a census, survey or register can fill.

    OUT has the tabulations of the UN guidance on migration questions, those of the Demographic Yearbook
    (yearbook_…), which tables could not be made and why (availability), whether they add up (reconciliation),
    what records contradict (record_checks), how far questions were answered (answers), and the metadata that
    go with them. The figures are not protected.

    Example: `sojourn tool migration-tables persons.csv tables --spec tables.yaml --design design.yaml
    --emigrants emigrants.csv`
    """
    from sojourn.production.microdata_units import UnitFiles
    from sojourn.production.migration_table_files import migration_tables_files
    from sojourn.project.design_file_declarations import DesignFileDeclaration
    from sojourn.project.load import load_declaration
    from sojourn.project.migration_table_declarations import MigrationTablesDeclaration

    if re.fullmatch(r"[1-9]\d*(\.\d+)? ?[MGT]i?B", memory) is None:
        raise ProjectError(f"{memory!r} is no amount of memory.", "Write for instance 512MB or 2GB.")
    if form not in ("csv", "parquet"):
        raise ProjectError(f"{form!r} is no form of a table.", "Write csv or parquet.")
    declared = load_declaration(spec, MigrationTablesDeclaration)
    drawn = load_declaration(design, DesignFileDeclaration) if design is not None else None
    with session.screen.progress(f"Making tables of {source.name}") as report:
        found = migration_tables_files(
            UnitFiles(source, households, emigrants, spec.resolve().parent),
            target,
            declared=_as_the_design_says(declared, drawn.arrives) if drawn is not None else declared,
            design=drawn.design if drawn is not None else None,
            form="csv" if form == "csv" else "parquet",
            memory=memory,
            on_progress=report,
        )
    for line in _lines(found):
        session.screen.say(line)
    session.screen.say(f"{len(found.tables)} tables are in {target}. They are not protected.")
    session.screen.result({**found.to_json(), "folder": str(target)})


def _as_the_design_says(
    declared: MigrationTablesDeclaration, arrives: Arrival | None
) -> MigrationTablesDeclaration:
    """The tables with what the design's file says of how the file of persons is written.

    Raises: ProjectError where both say it, and differently.
    """
    said = declared.persons.arrives
    if arrives is None or said == arrives:
        return declared
    if said is not None:
        raise ProjectError(
            "How the file of persons is written stands in both declarations, and differently.",
            "Keep `arrives` in one of them.",
        )
    persons = declared.persons.model_copy(update={"arrives": arrives})
    return declared.model_copy(update={"persons": persons})


def _lines(found: MigrationTablesSummary) -> list[str]:
    lines = [", ".join(f"{count:,} {unit}s" for unit, count in found.records.items())]
    lines += [
        f"  {table} could not be made: {missing} is missing" for table, missing in found.not_made.items()
    ]
    lines.append(f"  {found.compared:,} identities compared, {len(found.not_holding):,} do not hold")
    lines += [f"    {check}" for check in found.not_holding]
    lines += [f"  {count:,} records: {check.replace('_', ' ')}" for check, count in found.failing.items()]
    return lines
