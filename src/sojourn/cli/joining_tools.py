"""A survey joined to a register, or to a survey of other persons: methods on plain files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool

__all__: list[str] = []


@tool.command("match-statistically")
def match_statistically(
    recipients: Annotated[
        Path, typer.Argument(metavar="RECIPIENTS", help="Records that lack values: .parquet or .csv.")
    ],
    donors: Annotated[
        Path,
        typer.Argument(metavar="DONORS", help="Records of other persons that have them: .parquet or .csv."),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .parquet or .csv.")],
    spec: Annotated[Path, typer.Option(help="Declaration of the matching: .yaml.")],
    bounds: Annotated[
        Path | None,
        typer.Option(help="Also write the bounds of what no matching can know here: .parquet or .csv."),
    ] = None,
    uses: Annotated[
        Path | None, typer.Option(help="Also write how often each donor gave here: .parquet or .csv.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Also write what was done here: .md to read, or .json.")
    ] = None,
) -> None:
    """Give records values of like records of other persons, and say what that cannot know.

    OUT has the columns of RECIPIENTS, the donor, the distance, what was given, and for each given column
    `…_is_imputed`, which is true: nobody was asked. How given values go with what only RECIPIENTS were asked
    is in neither file; the bounds say between which shares it lies.

    Example: `sojourn tool match-statistically labour.parquet income.parquet matched.parquet
    --spec match.yaml --bounds bounds.csv --report report.md`
    """
    from sojourn.production.matching_files import MatchingTargets, match_files
    from sojourn.production.matching_report import matching_lines
    from sojourn.project.joining_declarations import MatchingDeclaration
    from sojourn.project.load import load_declaration

    declared = load_declaration(spec, MatchingDeclaration)
    with session.screen.progress(f"Matching {recipients.name}") as told:
        found = match_files(
            recipients,
            donors,
            MatchingTargets(target, bounds, uses, report),
            declared=declared,
            on_progress=told,
        )
    summary = found.to_json()
    session.screen.say(
        f"{summary['recipients']:,} recipients, {summary['donors']:,} donors. The file is {target}."
    )
    for line in matching_lines(summary):
        session.screen.say(f"  {line}")
    session.screen.result({**summary, "file": str(target)})


@tool.command("combine-with-register")
def combine_with_register(
    survey: Annotated[
        Path, typer.Argument(metavar="SURVEY", help="Respondents with weights: .parquet or .csv.")
    ],
    register: Annotated[
        Path,
        typer.Argument(
            metavar="REGISTER",
            help="Everybody, or kinds of persons with their number, in a register or census: .parquet or"
            " .csv.",
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Figures to write: .parquet or .csv.")],
    spec: Annotated[Path, typer.Option(help="Declaration of groups, measures and model: .yaml.")],
    picture: Annotated[
        Path | None,
        typer.Option(help="Also draw direct and composite figures of one measure here: .svg."),
    ] = None,
) -> None:
    """Estimate groups from a survey and a register: direct, model-assisted, synthetic and composite figures.

    OUT has a row for each measure, group and kind of estimate: total and mean per head with their errors,
    what the figure rests on (design-based, model-assisted, model-based), and what its error is of. Errors of
    model-based figures are those of groups like these, not of the one group.

    Example: `sojourn tool combine-with-register survey.parquet census.csv figures.csv --spec register.yaml
    --picture figures.svg`
    """
    from sojourn.production.register_files import RegisterTargets, register_figures_file
    from sojourn.project.joining_declarations import RegisterDeclaration
    from sojourn.project.load import load_declaration

    declared = load_declaration(spec, RegisterDeclaration)
    with session.screen.progress(f"Reading {register.name}") as told:
        found = register_figures_file(
            survey, register, RegisterTargets(target, picture), declared=declared, on_progress=told
        )
    session.screen.say(
        f"{found.respondents:,} respondents, {found.people:,.0f} people in {found.groups:,} groups."
        f" The figures are in {target}."
    )
    summary = found.to_json()
    for measure in summary["measures"]:
        for line in _measure_lines(measure):
            session.screen.say(f"  {line}")
    if found.without_respondents:
        session.screen.say(
            f"  {found.without_respondents:,} groups have no respondents: their figures are synthetic alone"
        )
    session.screen.result({**summary, "file": str(target)})


def _measure_lines(measure: dict[str, Any]) -> Iterator[str]:
    errors = ", ".join(
        f"{kind} {'?' if error is None else format(error, '.4g')}"
        for kind, error in measure["median_error"].items()
    )
    yield f"{measure['measure']}, median error per head: {errors}"
    if measure["weights"] is None:
        yield (
            "fewer than two groups have an unbiased figure with a variance: no composites, and nothing tells"
            " how biased synthetic figures are"
        )
    else:
        low, high = measure["weights"]
        yield f"composites are {low:.0%} to {high:.0%} unbiased figure, the rest is what the model expects"
        if not measure["shows_bias"]:
            yield (
                "the groups show no bias of synthetic figures beyond chance, and errors contain none: look"
                " whether direct figures of the groups that you know best agree"
            )
