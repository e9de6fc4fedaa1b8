"""Weights of a survey: a method on plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

__all__: list[str] = []


@tool.command("weight")
def weight(
    survey: Annotated[
        Path,
        typer.Argument(
            metavar="SURVEY",
            help="Records with the weights of the design: .csv, .parquet, .sav, .dta, .xpt or .xlsx.",
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .parquet or .csv.")],
    spec: Annotated[Path, typer.Option(help="Declaration of the weighting: .yaml.")],
    margins: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID=FILE",
            help="Totals of a margin: a file with its columns and `total`. Once for each margin.",
        ),
    ] = None,
    totals: Annotated[
        Path | None, typer.Option(help="Also write each total before and after here: .parquet or .csv.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Also write what was done here: .md to read, or .json.")
    ] = None,
) -> None:
    """Weight a survey: for non-response, to known totals, and trimmed, as far as declared, in this order.

    OUT has the columns of SURVEY and the new weight, and the new replicate weights numbered after it. Where
    non-response is declared it has the respondents only.

    Example: `sojourn tool weight survey.parquet weighted.parquet --spec weights.yaml
    --margins sex_age=census.csv --report report.md`
    """
    from sojourn.production.weighting_files import WeightingTargets, weight_file
    from sojourn.production.weighting_report import step_lines
    from sojourn.project.load import load_declaration
    from sojourn.project.weighting_declarations import WeightingDeclaration

    declared = load_declaration(spec, WeightingDeclaration)
    found = weight_file(
        survey, WeightingTargets(target, totals, report), declared=declared, margins=_files(margins or [])
    )
    session.screen.say(f"{found.records:,} records, {found.weighted:,} with a weight. The file is {target}.")
    for line in step_lines(found.steps):
        session.screen.say(f"  {line}")
    for note in found.notes:
        session.screen.note(note)
    session.screen.result({**found.to_json(), "file": str(target)})


def _files(given: list[str]) -> dict[str, Path]:
    """Files of totals by the name of their margin."""
    found: dict[str, Path] = {}
    for each in given:
        name, sign, file = each.partition("=")
        if not sign or not name or not file or name in found:
            raise ProjectError(
                f"--margins {each} does not name a margin and its file, once.",
                "Write for instance --margins region=regions.csv, and repeat it for other margins.",
            )
        found[name] = Path(file)
    return found
