"""Small areas on plain files: estimates of areas whose own sample is too small."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool

__all__: list[str] = []


@tool.command("small-areas")
def small_areas(
    direct: Annotated[
        Path,
        typer.Argument(
            metavar="DIRECT",
            help="Direct estimates: area, estimate, variance or standard_error; or a table of `estimate`.",
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Areas to write: .parquet or .csv.")],
    spec: Annotated[Path, typer.Option(help="Declaration of the model: .yaml.")],
    auxiliaries: Annotated[
        Path | None,
        typer.Option(
            help="What is known of every area: area and covariates, also of areas without a sample."
        ),
    ] = None,
    units: Annotated[
        Path | None,
        typer.Option(help="Units of the sample, for a unit-level model: area, outcome, covariates."),
    ] = None,
    totals: Annotated[
        Path | None, typer.Option(help="Totals to add up to: level, group, total, standard_error.")
    ] = None,
    coefficients: Annotated[
        Path | None, typer.Option(help="Also write the coefficients of the model here.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw direct and model estimates with intervals here: .svg.")
    ] = None,
) -> None:
    """Estimate areas with the help of other areas, where their own samples are too small.

    OUT has a row for each area: the direct estimate with its variance, the estimate of the model with its
    mean-squared error and interval, how much of the own sample is in it (gamma), and, where asked for,
    estimates that add up to totals. An area without a sample is synthetic and is marked so.

    Example: `sojourn tool small-areas direct.csv areas.parquet --spec model.yaml --auxiliaries register.csv
    --picture areas.svg`
    """
    from sojourn.production.small_area_files import SmallAreaTargets, small_areas_file
    from sojourn.production.small_area_reading import SmallAreaSources
    from sojourn.project.load import load_declaration
    from sojourn.project.small_area_declarations import SmallAreaDeclaration

    declared = load_declaration(spec, SmallAreaDeclaration)
    found = small_areas_file(
        SmallAreaSources(direct, auxiliaries, units, totals),
        SmallAreaTargets(target, coefficients, picture),
        declared=declared,
    )
    session.screen.say(
        f"{found.areas:,} areas, {found.synthetic:,} of them synthetic. The estimates are in {target}."
    )
    for line in (*_model(found.model), *_judged(found.diagnostics), *_totals(found.totals), *found.notes):
        session.screen.say(f"  {line}")
    session.screen.result({**found.to_json(), "file": str(target)})


def _model(model: dict[str, Any]) -> list[str]:
    lines = [
        f"variance between areas {model['area_variance']:.6g} (standard error"
        f" {model['area_variance_error']:.2g}), log likelihood {model['log_likelihood']:.6g},"
        f" AIC {model['aic']:.6g}"
    ]
    if model["unit_variance"] is not None:
        lines.append(f"variance of units within areas {model['unit_variance']:.6g}")
    lines += [
        f"{row['coefficient']}: {row['estimate']:.6g} (standard error {row['standard_error']:.2g})"
        for row in model["coefficients"]
    ]
    return lines


def _judged(found: dict[str, Any]) -> list[str]:
    lines = []
    if found["cv_median"] is not None and found["cv_median_direct"] is not None:
        lines.append(
            f"median coefficient of variation: direct {found['cv_median_direct']:.1%},"
            f" model {found['cv_median']:.1%}"
        )
    if found["within_direct"] is not None:
        lines.append(f"direct intervals hold the model estimate in {found['within_direct']:.1%} of areas")
    if found["normality"] is not None:
        lines.append(
            f"residuals: skewness {found['skewness']:.2f}, kurtosis {found['kurtosis']:.2f}, probability"
            f" {found['normality']:.3f} if they are normal; the largest, {found['largest_residual']:+.2f}, is"
            f" of {found['largest_residual_area']}"
        )
    return lines


def _totals(rows: list[dict[str, Any]]) -> list[str]:
    """What estimates added up to before, of at most ten groups."""
    lines = [
        f"{'all areas' if row['level'] == '_T' else row['level'] + ' ' + row['group']}:"
        f" {row['before']:,.6g} made to add up to {row['total']:,.6g}"
        for row in rows[:10]
    ]
    return lines if len(rows) <= 10 else [*lines, f"and {len(rows) - 10:,} more groups"]
