"""SDG indicators by migratory status on plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

__all__: list[str] = []


@tool.command("sdg-indicators")
def sdg_indicators(
    source: Annotated[
        Path,
        typer.Argument(metavar="DATA", help="Persons: .csv, .parquet, .sav, .dta, .sas7bdat, .xpt or .xlsx."),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Figures to write: .parquet or .csv.")],
    design: Annotated[
        Path, typer.Option(help="Declaration of the sample's design, and of how DATA is written: .yaml.")
    ],
    spec: Annotated[Path, typer.Option(help="Declaration of variables, series and profile: .yaml.")],
    profile: Annotated[
        str | None,
        typer.Option(help="Publication profile: un-default, fifty, statcan, nchs, or the country's own."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="Also write what became of every indicator, and why: .csv, .parquet, or .md to read."
        ),
    ] = None,
    subset: Annotated[
        str | None, typer.Option(help="Only gender-responsive or child-sensitive figures: gender or child.")
    ] = None,
    memory: Annotated[str, typer.Option(help="Memory before the work spills to disk.")] = "2GB",
) -> None:
    """Compute the SDG indicators that a survey or census allows, by migratory status, with their errors.

    OUT has a row for each figure: series, migratory status, sex, age, value, standard error, interval,
    records, and the verdict of the publication profile with its reason. Numbers that the profile does not
    show are empty. Every indicator of the table is accounted for: computed, or what is missing.

    Example: `sojourn tool sdg-indicators persons.csv sdg.csv --design design.yaml --spec sdg.yaml
    --report report.md`
    """
    from sojourn.production.sdg_files import SdgTargets, sdg_file
    from sojourn.production.sdg_report import report_lines
    from sojourn.project.design_file_declarations import DesignFileDeclaration
    from sojourn.project.load import load_declaration
    from sojourn.project.sdg_declarations import SdgDeclaration

    if subset not in (None, "gender", "child"):
        raise ProjectError(f"There is no subset {subset!r}.", "Write gender or child, or leave it out.")
    declared = load_declaration(spec, SdgDeclaration)
    drawn = load_declaration(design, DesignFileDeclaration)
    with session.screen.progress(f"Computing indicators from {source.name}") as tell:
        tell(0, 0)
        found = sdg_file(
            source,
            SdgTargets(target, report),
            declared=declared,
            design=drawn.design,
            arrives=drawn.arrives,
            folder=spec.resolve().parent,
            profile=profile,
            subset=subset,
            memory=memory,
        )
    session.screen.say(
        f"{found.records:,} records, {found.indicators} indicators, {found.figures:,} figures."
    )
    for line in report_lines(found.outcomes):
        session.screen.say(line)
    for note in found.notes:
        session.screen.note(note)
    counts = ", ".join(f"{verdict} {count:,}" for verdict, count in sorted(found.verdicts.items()))
    session.screen.say(f"Profile {found.profile}: {counts or 'no figure'}. The figures are in {target}.")
    session.screen.result({**found.to_json(), "file": str(target)})


@tool.command("sdg-aggregates")
def sdg_aggregates(
    function: Annotated[
        str, typer.Argument(metavar="FUNCTION", help="What is made, as in refugees_by_origin or rates.")
    ],
    source: Annotated[Path, typer.Argument(metavar="TABLE", help="Aggregates: .parquet or .csv.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Figures to write: .parquet or .csv.")],
    by: Annotated[str, typer.Option(help="Columns of groups, separated by commas.")] = "",
    least_quality: Annotated[
        int | None, typer.Option(help="Count only incidents with sources of at least this quality, 1 to 5.")
    ] = None,
    arrives: Annotated[
        Path | None, typer.Option(help="How TABLE is written, as under `arrives:` of a source: .yaml.")
    ] = None,
) -> None:
    """Compute an SDG indicator that is made from aggregates, such as refugees by origin.

    Functions and the columns that they need stand in the how-to page on SDG indicators.

    Example: `sojourn tool sdg-aggregates refugees_by_origin refugees.csv rates.csv`
    """
    from sojourn.production.sdg_aggregates import aggregate_file
    from sojourn.project.declarations import Arrival
    from sojourn.project.load import load_declaration

    groups = tuple(name.strip() for name in by.split(",") if name.strip())
    written = load_declaration(arrives, Arrival) if arrives is not None else None
    figures = aggregate_file(
        function, source, target, by=groups, least_quality=least_quality, arrives=written,
        on_note=session.screen.note,
    )  # fmt: skip
    rows = "1 row of figures is" if len(figures) == 1 else f"{len(figures):,} rows of figures are"
    session.screen.say(f"{rows} in {target}.")
    session.screen.result({"figures": len(figures), "file": str(target)})
