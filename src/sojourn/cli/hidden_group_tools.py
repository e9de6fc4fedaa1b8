"""Estimates from samples that were drawn to reach rare and hidden groups: a method on plain files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool

__all__: list[str] = []


@tool.command("estimate-hidden-group")
def estimate_hidden_group(
    sample: Annotated[
        Path, typer.Argument(metavar="SAMPLE", help="Who was sampled, a row each (.parquet or .csv).")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Estimates to write: .parquet or .csv.")],
    spec: Annotated[Path, typer.Option(help="Declaration of the design and of what is estimated: .yaml.")],
    links: Annotated[
        Path | None,
        typer.Option(
            help="Links: unit, neighbour of an adaptive sample; units and targets of an indirect one."
        ),
    ] = None,
    reached: Annotated[
        Path | None, typer.Option(help="Targets that links of an indirect sample led to, a row each.")
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Also write the weights here.")] = None,
    details: Annotated[
        Path | None,
        typer.Option(
            help="Also write what lies behind: diagnostics of chains, popularity of centres, linked values."
        ),
    ] = None,
) -> None:
    """Estimate from a sample that was drawn to reach a rare or hidden group.

    The declaration holds one of six designs: `two_phase`, `frames`, `adaptive`, `indirect`, `centres` or
    `respondent_driven`. OUT has each figure with its standard error, its interval, and what it rests on: the
    design, or a model.

    Example: `sojourn tool estimate-hidden-group recruits.csv figures.csv --spec hidden.yaml
    --details chains.csv`
    """
    from sojourn.production.hidden_group_files import (
        HiddenGroupSources,
        HiddenGroupTargets,
        hidden_group_file,
    )
    from sojourn.project.load import load_declaration
    from sojourn.project.special_design_declarations import HiddenGroupDeclaration

    found = hidden_group_file(
        HiddenGroupSources(sample, links, reached),
        HiddenGroupTargets(target, weights, details),
        declared=load_declaration(spec, HiddenGroupDeclaration),
    )
    session.screen.say(f"{found.sampled:,} sampled ({found.kind}); figures are {found.basis}.")
    for row in found.rows:
        session.screen.say(_figure(row))
    session.screen.result({**found.to_json(), "file": str(target)})


def _figure(row: dict[str, Any]) -> str:
    name = row["target"] if row["group"] == "_T" else f"{row['target']}, {row['breakdown']} {row['group']}"
    if row["value"] is None:
        return f"  {name}: no estimate, nobody answered"
    lower, upper = ("?" if row[end] is None else f"{row[end]:,.4g}" for end in ("lower", "upper"))
    return f"  {name}: {row['value']:,.4g} ({lower} to {upper}), {row['respondents']:,} respondents"
