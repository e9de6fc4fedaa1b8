"""Samples: planned for a frame, drawn from it, and tried out before money is spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool

if TYPE_CHECKING:
    from sojourn.production.sampling_files import Planned
    from sojourn.sources.sampling.simulation import FigureTried, Tried

__all__: list[str] = []

_FRAME = typer.Argument(metavar="FRAME", help="Frame: a row for each person or household (.parquet, .csv).")
_SPEC = typer.Option(help="Declaration of the sample: .yaml.")
_PICTURE = typer.Option(help="Also draw what precision costs here, with its table beside it: .svg.")


@tool.command("plan-sample")
def plan_sample(
    frame: Annotated[Path, _FRAME],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Plan to write: .parquet or .csv.")],
    spec: Annotated[Path, _SPEC],
    goals: Annotated[Path | None, typer.Option(help="Also write what is promised of each goal here.")] = None,
    picture: Annotated[Path | None, _PICTURE] = None,
) -> None:
    """Plan a sample for a frame: what to draw in each stratum so that all goals are met at the least cost.

    OUT has a row for each stratum: what it holds, what is drawn, visits, interviews, cost. With a budget the
    worst goal is made as good as it can be. Goals that cannot be met are named, with how far they stay off.

    Example: `sojourn tool plan-sample frame.parquet plan.csv --spec plan.yaml --goals goals.csv
    --picture cost.svg`
    """
    from sojourn.production.sampling_files import plan_file
    from sojourn.production.sampling_pictures import draw_precision, require_picture
    from sojourn.project.load import load_declaration
    from sojourn.project.sampling_declarations import SamplingDeclaration

    if picture is not None:
        require_picture(picture)
    found = plan_file(frame, target, load_declaration(spec, SamplingDeclaration), goals=goals)
    if picture is not None:
        draw_precision([(found, None)], picture)
    _say_plan(found, target)
    session.screen.result(
        {
            "file": str(target),
            "cost": found.plan.cost,
            "is_proven": found.plan.allocation.is_proven,
            "take": found.plan.settings.take,
            "goals": found.goals().to_pylist(),
        }
    )


def _say_plan(found: Planned, target: Path) -> None:
    plan = found.plan
    by_places = plan.settings.kind == "places"
    what = f"places of {plan.settings.take} units" if by_places else "units"
    session.screen.say(
        f"{int(plan.sizes.sum()):,} {what} in {len(plan.sizes):,} strata,"
        f" {float(plan.sizes @ plan.interviews):,.0f} interviews expected, cost {plan.cost:,.0f}."
        f" The plan is in {target}."
    )
    bound = plan.allocation.bound
    if plan.settings.shape == "best" and not plan.allocation.is_proven:
        reached = plan.allocation.worst if plan.settings.budget is not None else plan.allocation.cost
        session.screen.say(f"  No other plan is better by more than {1 - bound / reached:.2%}.")
    for row in found.goals().to_pylist():
        price = f", a per cent costs {row['price_of_a_per_cent']:,.2f}" if row["price_of_a_per_cent"] else ""
        session.screen.say(
            f"  {row['goal']}: standard error {row['standard_error']:.4g},"
            f" {row['standard_error_asked']:.4g} asked{price}"
        )


@tool.command("draw-sample")
def draw_sample(
    frame: Annotated[Path, _FRAME],
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan that `plan-sample` wrote.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Sample to write: .parquet or .csv.")],
    spec: Annotated[Path, _SPEC],
    design: Annotated[
        Path | None, typer.Option(help="Also write the declaration of the sample's design here: .yaml.")
    ] = None,
) -> None:
    """Draw a planned sample from its frame: one row for each unit to visit, with weight and design.

    The seed of the declaration decides: the same seed draws the same units whatever the order of the rows.
    The columns `weight`, `stratum`, `psu` and those of population sizes are what a design is declared by.

    Example: `sojourn tool draw-sample frame.parquet plan.csv sample.csv --spec plan.yaml
    --design design.yaml`
    """
    from sojourn.production.sampling_draws import draw_file
    from sojourn.project.load import load_declaration
    from sojourn.project.sampling_declarations import SamplingDeclaration

    found = draw_file(frame, plan, target, load_declaration(spec, SamplingDeclaration), design=design)
    places = f" in {found.places:,} places" if found.places != found.units else ""
    session.screen.say(f"{found.units:,} units{places}, weights add up to {found.weight:,.0f}: {target}.")
    for place, stage in enumerate(found.stages, start=1):
        said = ", ".join(f"{name} {column}" for name, column in stage.items())
        session.screen.say(f"  design, stage {place}: {said}")
    session.screen.result({**vars(found), "file": str(target)})


@tool.command("simulate-sample")
def simulate_sample(
    frame: Annotated[Path, _FRAME],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="What came of it: .parquet or .csv.")],
    spec: Annotated[list[Path], typer.Option(help="Declaration of a sample: .yaml; repeat to compare.")],
    repetitions: Annotated[int, typer.Option(min=2, help="How often each plan is drawn.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the repetitions.")] = 1,
    picture: Annotated[Path | None, _PICTURE] = None,
) -> None:
    """Try plans out on a frame before money is spent: draw each thousands of times and estimate its goals.

    OUT has a row for each plan and goal: the standard error promised and the one that the repetitions show,
    bias, coverage of the interval, respondents, cost.

    Example: `sojourn tool simulate-sample frame.parquet tried.csv --spec plan.yaml --spec equal-rates.yaml
    --picture cost.svg`
    """
    from sojourn.production.sampling_files import try_files
    from sojourn.production.sampling_pictures import draw_precision, require_picture
    from sojourn.project.load import load_declaration
    from sojourn.project.sampling_declarations import SamplingDeclaration

    if picture is not None:
        require_picture(picture)
    declared = [load_declaration(file, SamplingDeclaration) for file in spec]
    with session.screen.progress(f"Drawing from {frame.name}") as report:
        found = try_files(frame, target, declared, repetitions=repetitions, seed=seed, on_progress=report)
    if picture is not None:
        draw_precision(found, picture)
    for planned, tried in found:
        _say_tried(planned.declared.id, tried)
    session.screen.say(f"{repetitions:,} repetitions of each plan are in {target}.")
    session.screen.result(
        {
            "file": str(target),
            "plans": [
                {
                    "plan": planned.declared.id, "cost": tried.cost, "promised_cost": tried.promised_cost,
                    "kept": all(each.is_kept for each in tried.figures),
                }
                for planned, tried in found
            ],
        }
    )  # fmt: skip


def _say_tried(name: str, tried: Tried) -> None:
    session.screen.say(
        f"{name}: cost {tried.cost:,.0f} (promised {tried.promised_cost:,.0f}),"
        f" {tried.visits:,.0f} visits, {tried.interviews:,.0f} interviews"
    )
    for each in tried.figures:
        session.screen.say(f"  {_kept(each)}")


def _kept(figure: FigureTried) -> str:
    verdict = "kept" if figure.is_kept else "NOT KEPT"
    return (
        f"{figure.name}: standard error {figure.standard_error:.4g} (promised {figure.promised:.4g},"
        f" {verdict}), bias {figure.bias:+.2g} ± {figure.bias_error:.1g},"
        f" interval holds {figure.coverage:.1%}"
    )
