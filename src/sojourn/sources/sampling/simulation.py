"""A plan tried out on its frame: drawn thousands of times, before money is spent.

What a plan promises rests on formulas: linearised ratios, answers that come as expected, one round of places
in a random order. Drawing shows what holds: the spread of the estimates over the repetitions is the standard
error that the plan really has, and intervals are counted that hold the truth. All of it has an error of its
own, since repetitions are finite in number, and is told with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from sojourn.errors import ProjectError
from sojourn.sources.sampling.figures import Figures
from sojourn.sources.sampling.planning import PlanSettings, SamplePlan, UnitFrame, chances_of_places
from sojourn.sources.sampling.precision import Interval
from sojourn.sources.sampling.repeated_draws import draw_again

__all__ = ["FigureTried", "Repetitions", "Tried", "layout_of", "repeat", "summary"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# How often a plan that keeps its promises is said to break one of them, by the chance of its repetitions.
FALSE_ALARMS = 0.01
TOGETHER = 250


@dataclass(frozen=True)
class Repetitions:
    """What came of each repetition: estimates, their variances and members who answered, by figure.

    `places`, `visits` and `interviews` are numbers of each repetition, `costs` what it costs.
    """

    estimates: Floats
    variances: Floats
    members: Floats
    places: Floats
    visits: Floats
    interviews: Floats
    costs: Floats


@dataclass(frozen=True)
class FigureTried:
    """One figure of a plan: what was promised, and what repetitions show.

    Each `_error` is the standard error of the number before it that the finite number of repetitions leaves.
    `estimated` is the root of the mean of the variances that single samples would state. `without` is the
    share of the repetitions that had nobody of a group. `is_kept` says that the standard error exceeds the
    promise by no more than chance would.
    """

    name: str
    truth: float
    promised: float
    standard_error: float
    standard_error_error: float
    bias: float
    bias_error: float
    estimated: float
    coverage: float
    coverage_error: float
    members: float
    without: float
    is_kept: bool


@dataclass(frozen=True)
class Tried:
    """A plan tried out: each figure, and the cost with its spread over the repetitions."""

    figures: tuple[FigureTried, ...]
    repetitions: int
    promised_cost: float
    cost: float
    cost_spread: float
    places: float
    visits: float
    interviews: float


def repeat(
    frame: UnitFrame,
    figures: Figures,
    plan: SamplePlan,
    *,
    repetitions: int,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Repetitions:
    """Draw the planned sample again and again; the same seed gives the same results.

    Raises: ProjectError for fewer than two repetitions.
    """
    if repetitions < 2:
        raise ProjectError("At least two repetitions show a spread.", "Ask for some thousands.")
    number = len(figures)
    results = tuple(np.zeros((repetitions, columns)) for columns in (number, number, number, 3))
    contributions = (figures.start, figures.figure, figures.sums, figures.is_ratio, figures.is_difference)
    layout = layout_of(frame, plan.settings, plan.sizes)
    for begin in range(0, repetitions, TOGETHER):
        rows = slice(begin, min(begin + TOGETHER, repetitions))
        draw_again(
            seed, np.arange(rows.start, rows.stop), layout, plan.settings.response, contributions,
            tuple(result[rows] for result in results),
        )  # fmt: skip
        on_progress(rows.stop, repetitions)
    estimates, variances, members, counts = results
    counts[:, 0] *= plan.settings.kind == "places"
    costs = plan.settings.costs
    spent = np.array([costs.of(*row) for row in counts])
    return Repetitions(estimates, variances, members, counts[:, 0], counts[:, 1], counts[:, 2], spent)


def layout_of(frame: UnitFrame, settings: PlanSettings, sizes: Integers) -> tuple[object, ...]:
    """How a frame lies before the kernel that draws so many units, or places, in each stratum.

    Strata from which units are drawn straight are places that are sure, each in a stratum of its own.
    """
    units = np.arange(len(frame.stratum))
    if settings.kind == "units":
        strata = np.arange(len(sizes))
        inside = np.concatenate([[0], frame.units.cumsum()])
        sure = np.ones(len(sizes))
        ends, one = np.arange(len(sizes) + 1), np.ones(len(sizes), np.int64)
        return strata, ends, one, sure, units, inside, sizes, frame.interviews, True
    inside = np.concatenate([[0], frame.units_of_place.cumsum()])
    first = np.concatenate([[0], frame.places.cumsum()])
    chances = chances_of_places(frame, sizes, settings.first_stage)
    places = np.arange(len(frame.units_of_place))
    take = np.full(len(places), settings.take or 1)
    by_size = settings.first_stage == "size"
    return places, first, sizes, chances, units, inside, take, frame.interviews, by_size


def summary(
    figures: Figures,
    plan: SamplePlan,
    found: Repetitions,
    *,
    levels: Floats,
    intervals: tuple[Interval, ...],
) -> Tried:
    """What repetitions show of each figure, and of the cost.

    Intervals have the level and the kind that each goal asks for, with Student's quantiles for the degrees
    of freedom of the plan: units (or places) drawn less strata.
    """
    freedom = max(int(plan.sizes.sum()) - len(plan.sizes), 1)
    tried = [
        _figure(figures, plan, found, number, float(levels[number]), intervals[number], freedom)
        for number in range(len(figures))
    ]
    return Tried(
        tuple(tried),
        len(found.costs),
        plan.cost,
        float(found.costs.mean()),
        float(found.costs.std(ddof=1)),
        float(found.places.mean()),
        float(found.visits.mean()),
        float(found.interviews.mean()),
    )


def _figure(
    figures: Figures,
    plan: SamplePlan,
    found: Repetitions,
    number: int,
    level: float,
    interval: Interval,
    freedom: int,
) -> FigureTried:
    has_any = ~np.isnan(found.estimates[:, number])
    truth, promised = float(figures.truth[number]), float(plan.promised[number])
    count = int(np.count_nonzero(has_any))
    if count < 2:
        none, members = math.nan, float(found.members[:, number].mean())
        return FigureTried(
            figures.names[number], truth, promised, none, none, none, none, none, none, none, members,
            1.0 - count / len(has_any), False,
        )  # fmt: skip
    estimate, variance = found.estimates[has_any, number], found.variances[has_any, number]
    spread = float(estimate.std(ddof=1))
    # The error of a spread, from the fourth moment: estimates of rare groups are not normal.
    off = estimate - estimate.mean()
    fourth = float(np.mean(off**4)) / max(float(np.mean(off**2)) ** 2, 1e-300)
    spread_error = spread * math.sqrt(max(fourth - 1.0, 0.0) / (4.0 * count))
    lower, upper = _ends(
        estimate, variance, found.members[has_any, number], interval, _quantile(level, freedom)
    )
    holds = float(np.mean((lower <= truth) & (truth <= upper)))
    return FigureTried(
        figures.names[number], truth, promised, spread, spread_error, float(estimate.mean()) - truth,
        spread / math.sqrt(count), math.sqrt(float(variance.mean())), holds,
        math.sqrt(max(holds * (1 - holds), 0.0) / count), float(found.members[:, number].mean()),
        1.0 - count / len(has_any),
        bool(spread - promised <= float(ndtri(1 - FALSE_ALARMS / len(figures))) * spread_error),
    )  # fmt: skip


def _quantile(level: float, freedom: int) -> float:
    return float(stdtrit(freedom, 0.5 + level / 2)) if freedom < 10**6 else float(ndtri(0.5 + level / 2))


def _ends(
    estimate: Floats, variance: Floats, members: Floats, interval: Interval, quantile: float
) -> tuple[Floats, Floats]:
    """The ends of the interval of each repetition.

    A share of 0 or 1 has no variance: its effective number of answers is that of the members who answered,
    and its interval is Wilson's, also where that of the logit is asked for.
    """
    half = quantile * np.sqrt(variance)
    if interval == "normal":
        return estimate - half, estimate + half
    spread = estimate * (1 - estimate)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where((variance > 0) & (spread > 0), spread / variance, members)
        middle = np.log(estimate / (1 - estimate))
        distance = half / spread
    square = quantile**2 / np.maximum(effective, 1e-300)
    centre = (estimate + square / 2) / (1 + square)
    reach = np.sqrt(spread * square + square**2 / 4) / (1 + square)
    if interval == "wilson":
        return centre - reach, centre + reach
    is_inside = spread > 0
    ends = []
    for side in (-1.0, 1.0):
        with np.errstate(invalid="ignore", over="ignore"):
            logit = 1 / (1 + np.exp(-(middle + side * distance)))
        ends.append(np.where(is_inside, logit, centre + side * reach))
    return ends[0], ends[1]
