"""Sizes of samples from a few guessed numbers: respondents, rates by density, and two phases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sojourn.cli.app import session
from sojourn.cli.tools import tool
from sojourn.errors import ProjectError

if TYPE_CHECKING:
    from sojourn.sources.sampling.precision import Measure

__all__: list[str] = []


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
    asked = (standard_error, cv, half_width)
    if size is not None and asked != (None, None, None):
        raise ProjectError("Give the size or a target, not both.", "Each decides the other.")
    found = (
        respondents_for(measure, Target(*asked, level, kind), design_effect=effect)
        if size is None
        else precision(measure, size, design_effect=effect, level=level, interval=kind)
    )
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


@tool.command("sample-by-density")
def sample_by_density(
    strata: Annotated[
        Path, typer.Argument(metavar="STRATA", help="Strata: stratum, units, prevalence (.parquet or .csv).")
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Rates to write: .parquet or .csv.")],
    screening: Annotated[float, typer.Option(help="Cost of screening a unit.")],
    interview: Annotated[float, typer.Option(help="Cost of an interview beside the screening.")],
    budget: Annotated[float | None, typer.Option(help="What may be spent.")] = None,
    effective: Annotated[
        float | None, typer.Option(help="As much is to be known as from so many drawn alike.")
    ] = None,
) -> None:
    """Sample more where more of a group live: the best rates of strata by density and cost.

    OUT has for each stratum its rate, the units to screen, and the people expected to be found. The loss by
    unequal weights is told, and what equal rates would give for the same money.

    Example: `sojourn tool sample-by-density strata.csv rates.csv --screening 4 --interview 30 --budget 60000`
    """
    from sojourn.production.sampling_density import density_file

    plan = density_file(
        strata, target, screening=screening, interview=interview, budget=budget, effective=effective
    )
    session.screen.say(
        f"{float(plan.screened.sum()):,.0f} to screen, {float(plan.found.sum()):,.0f} found, cost"
        f" {plan.cost:,.0f}: as good as {plan.effective:,.0f} drawn alike (design effect of weights"
        f" {plan.weight_effect:.3f}). Rates are in {target}."
    )
    session.screen.say(
        f"  Equal rates would find {plan.proportional_effective:,.0f} for the same money: the variance is"
        f" {plan.variance_ratio:.2f} times theirs."
    )
    session.screen.result(
        {
            "file": str(target),
            "cost": plan.cost,
            "effective": plan.effective,
            "weight_effect": plan.weight_effect,
            "variance_ratio": plan.variance_ratio,
        }
    )


@tool.command("plan-screening")
def plan_screening(
    prevalence: Annotated[float, typer.Option(help="Share of households with anybody of the group.")],
    sensitivity: Annotated[float, typer.Option(help="Share of these that the first question finds.")],
    specificity: Annotated[float, typer.Option(help="Share of the others that it rules out.")],
    question: Annotated[float, typer.Option(help="Cost of the first question.")],
    visit: Annotated[float, typer.Option(help="Cost of a visit in the second phase.")],
    interview: Annotated[float, typer.Option(help="Cost of an interview, where the group is found.")],
    share: Annotated[
        float | None, typer.Option(help="Share of the group to be estimated; their number when not given.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="What may be spent.")] = None,
    standard_error: Annotated[
        float | None, typer.Option(help="Standard error asked for: of the share, or of the prevalence.")
    ] = None,
) -> None:
    """Plan two phases: many households are asked a cheap question, some of each class visited.

    Says how many to ask, and how many of those screened in and out to visit.

    Example: `sojourn tool plan-screening --prevalence 0.08 --sensitivity 0.9 --specificity 0.95 --question 2
    --visit 10 --interview 30 --share 0.3 --budget 60000`
    """
    from sojourn.sources.sampling.screening import screening_classes, screening_plan

    shares, inside = screening_classes(prevalence, sensitivity, specificity)
    # For a share of the group, those of it are off their mean; all others are zero, in either class.
    spread = [each * (1 - each) if share is None else each * share * (1 - share) for each in inside]
    scale = 1.0 if share is None else 1.0 / prevalence
    plan = screening_plan(
        shares,
        inside if share is None else (0.0, 0.0),
        [scale * each**0.5 for each in spread],
        screening=question,
        interview=[visit + each * interview for each in inside],
        budget=budget,
        variance=None if standard_error is None else standard_error**2,
    )
    session.screen.say(
        f"{plan.first:,.0f} households to ask; {plan.second[0]:,.0f} of those screened in"
        f" ({plan.rates[0]:.1%}) and {plan.second[1]:,.0f} of those screened out ({plan.rates[1]:.1%}) to"
        " visit."
    )
    session.screen.say(
        f"  Cost {plan.cost:,.0f}, standard error {plan.variance**0.5:.4g}; without the first question"
        f" {plan.single_phase**0.5:.4g} for the same money."
    )
    session.screen.result(
        {
            "first_phase": plan.first,
            "rates": {"screened_in": float(plan.rates[0]), "screened_out": float(plan.rates[1])},
            "second_phase": {"screened_in": float(plan.second[0]), "screened_out": float(plan.second[1])},
            "cost": plan.cost,
            "standard_error": plan.variance**0.5,
            "standard_error_of_one_phase": plan.single_phase**0.5,
        }
    )
