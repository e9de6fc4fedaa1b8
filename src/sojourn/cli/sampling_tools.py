"""Samples: how large, shared out how, drawn from a frame, and tried out before money is spent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

if TYPE_CHECKING:
    from sojourn.production.sampling_files import Planned
    from sojourn.sources.sampling.precision import Measure
    from sojourn.sources.sampling.simulation import FigureTried, Tried

__all__: list[str] = []

_FRAME = typer.Argument(metavar="FRAME", help="Frame: a row for each person or household (.parquet or .csv).")
_SPEC = typer.Option(help="Declaration of the sample: .yaml.")
_PICTURE = typer.Option(help="Also draw what precision costs here: .svg.")


@tool.command("sample-size")
def sample_size(
    share: Annotated[
        float | None, typer.Option(help="The share to be estimated, guessed; 12 % is 0.12.")
    ] = None,
    against: Annotated[
        float | None, typer.Option(help="The share in another group: the difference is wanted.")
    ] = None,
    part: Annotated[float, typer.Option(help="Part of the respondents who are of the first group.")] = 0.5,
    mean: Annotated[float | None, typer.Option(help="The mean to be estimated, guessed.")] = None,
    deviation: Annotated[
        float | None, typer.Option(help="Standard deviation of one answer, with --mean.")
    ] = None,
    population: Annotated[
        int | None, typer.Option(min=1, help="How many there are; without it, more than can be asked.")
    ] = None,
    total: Annotated[bool, typer.Option(help="The total of the population is wanted.")] = False,
    size: Annotated[
        int | None, typer.Option(min=1, help="The other way round: what so many respondents buy.")
    ] = None,
    standard_error: Annotated[float | None, typer.Option(help="Standard error asked for.")] = None,
    cv: Annotated[float | None, typer.Option(help="Coefficient of variation asked for; 5 % is 0.05.")] = None,
    half_width: Annotated[float | None, typer.Option(help="Half the width of the interval.")] = None,
    level: Annotated[float, typer.Option(help="Level of the interval.")] = 0.95,
    interval: Annotated[str, typer.Option(help="Kind of the interval: normal, wilson, logit.")] = "normal",
    take: Annotated[float, typer.Option(help="Respondents for each place.")] = 1.0,
    take_spread: Annotated[float, typer.Option(help="Coefficient of variation of that number.")] = 0.0,
    correlation: Annotated[float, typer.Option(help="Likeness of people of one place, rho.")] = 0.0,
    weights_effect: Annotated[float, typer.Option(help="Design effect of unequal weights.")] = 1.0,
    eligible: Annotated[
        float | None, typer.Option(help="People of the domain in a household, on average: counts visits.")
    ] = None,
    screened: Annotated[float, typer.Option(help="Share of the households that can be screened.")] = 1.0,
    response: Annotated[float, typer.Option(help="Share of the people asked who answer.")] = 1.0,
    spread: Annotated[
        float, typer.Option(help="Variance over mean of the people found in a household.")
    ] = 1.0,
    assurance: Annotated[float, typer.Option(help="How sure to be of enough respondents.")] = 0.95,
) -> None:
    """Say how many must answer for a figure to be precise enough, and how many households that means.

    With --size the other way round: how precise so many respondents make it. The design effect is that of
    places, 1 + (take - 1) rho, times that of weights.

    Example: `sojourn tool sample-size --share 0.12 --half-width 0.03 --take 6 --correlation 0.05
    --eligible 0.15 --response 0.8`
    """
    from sojourn.sources.sampling.design_effects import cluster_effect
    from sojourn.sources.sampling.fieldwork import Fieldwork, doors_for
    from sojourn.sources.sampling.precision import Target, precision, respondents_for

    measure = _measure(share, against, part, mean, deviation, population, is_total=total)
    kind: Any = interval
    effect = cluster_effect(take, correlation, spread_of_take=take_spread) * weights_effect
    if size is not None:
        if any(each is not None for each in (standard_error, cv, half_width)):
            raise ProjectError("Give the size or a target, not both.", "Each decides the other.")
        found = precision(measure, size, design_effect=effect, level=level, interval=kind)
    else:
        target = Target(standard_error, cv, half_width, level, kind)
        found = respondents_for(measure, target, design_effect=effect)
    session.screen.say(
        f"{found.respondents:,} respondents (design effect {effect:.3g}): standard error"
        f" {found.standard_error:.4g}, {level:.0%} interval {found.lower:.4g} to {found.upper:.4g}"
        + ("." if found.cv is None else f", CV {found.cv:.2%}.")
    )
    result: dict[str, Any] = {**vars(found), "design_effect": effect}
    if eligible is not None:
        doors = doors_for(
            found.respondents, Fieldwork(eligible, screened, response, spread), assurance=assurance
        )
        session.screen.say(
            f"  {doors.asked:,} people to ask, {doors.households:,} households to visit on average,"
            f" {doors.households_to_be_sure:,} to be {assurance:.0%} sure of so many respondents."
        )
        result["fieldwork"] = vars(doors)
    session.screen.result(result)


def _measure(
    share: float | None,
    against: float | None,
    part: float,
    mean: float | None,
    deviation: float | None,
    population: int | None,
    *,
    is_total: bool,
) -> Measure:
    """What is estimated, from the options."""
    from sojourn.sources.sampling.precision import Measure

    if (share is None) == (mean is None) or (mean is None) != (deviation is None):
        raise ProjectError("What is to be estimated?", "Give --share, or --mean with --deviation.")
    if is_total and (population is None or against is not None):
        raise ProjectError("A total is of a population, and of one group.", "Give --population too.")
    if share is not None and against is not None:
        return Measure.gap(share, against, share_of_first=part)
    if against is not None:
        raise ProjectError("--against is for shares.", "Give --share with it.")
    if share is not None:
        known = population if population is not None else 0
        return Measure.count(share, known) if is_total else Measure.proportion(share, population)
    middle, spread = (0.0 if each is None else each for each in (mean, deviation))
    if is_total and population is not None:
        return Measure.total(middle, spread, population)
    return Measure.mean(middle, spread, population)


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
    from sojourn.production.movement_pictures import require_new
    from sojourn.production.sampling_files import plan_file
    from sojourn.project.load import load_declaration
    from sojourn.project.sampling_declarations import SamplingDeclaration

    if picture is not None:
        require_new(picture, ".svg")
    found = plan_file(frame, target, load_declaration(spec, SamplingDeclaration), goals=goals)
    if picture is not None:
        from sojourn.production.sampling_pictures import draw_precision

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
            f"  {row['goal']}: standard error {row['standard_error']:.4g} of {row['standard_error_asked']:.4g}"
            f" asked{price}"
        )


@tool.command("draw-sample")
def draw_sample(
    frame: Annotated[Path, _FRAME],
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="Plan that `plan-sample` wrote.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Sample to write: .parquet or .csv.")],
    spec: Annotated[Path, _SPEC],
) -> None:
    """Draw a planned sample from its frame: one row for each unit to visit, with weight and design.

    The seed of the declaration decides: the same seed draws the same units whatever the order of the rows.
    The columns `weight`, `stratum`, `psu` and those of population sizes are what a design is declared by.

    Example: `sojourn tool draw-sample frame.parquet plan.csv sample.csv --spec plan.yaml`
    """
    from sojourn.production.sampling_draws import draw_file
    from sojourn.project.load import load_declaration
    from sojourn.project.sampling_declarations import SamplingDeclaration

    found = draw_file(frame, plan, target, load_declaration(spec, SamplingDeclaration))
    places = f" in {found.places:,} places" if found.places != found.units else ""
    session.screen.say(f"{found.units:,} units{places}, weights add up to {found.weight:,.0f}: {target}.")
    for place, stage in enumerate(found.design["stages"], start=1):
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
    from sojourn.production.movement_pictures import require_new
    from sojourn.production.sampling_files import try_files
    from sojourn.project.load import load_declaration
    from sojourn.project.sampling_declarations import SamplingDeclaration

    if picture is not None:
        require_new(picture, ".svg")
    declared = [load_declaration(file, SamplingDeclaration) for file in spec]
    with session.screen.progress(f"Drawing from {frame.name}") as report:
        found = try_files(frame, target, declared, repetitions=repetitions, seed=seed, on_progress=report)
    if picture is not None:
        from sojourn.production.sampling_pictures import draw_precision

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
        f" {verdict}), bias {figure.bias:+.2g} ± {figure.bias_error:.1g}, interval holds {figure.coverage:.1%}"
    )
