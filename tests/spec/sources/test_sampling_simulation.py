"""Figures of a frame, plans for it, and plans tried out: what is promised and what repetitions show."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from sojourn.errors import ProjectError
from sojourn.sources.sampling.costs import CostModel
from sojourn.sources.sampling.density import density_rates
from sojourn.sources.sampling.figures import Figure, figures_of, variances_within
from sojourn.sources.sampling.planning import (
    PlanSettings,
    UnitFrame,
    chances_of_places,
    cost_curve,
    plan_sample,
)
from sojourn.sources.sampling.simulation import repeat, summary

EVERYBODY = np.ones(7, bool)
# Three households of 3, 2 and 2 persons; who is a migrant, and who works.
HOUSEHOLD = np.array([0, 0, 0, 1, 1, 2, 2])
MIGRANT = np.array([1, 1, 0, 0, 0, 1, 0], bool)
WORKS = np.array([1.0, 0.0, 1.0, 1.0, np.nan, 0.0, 1.0])


def figures():
    return figures_of(
        [
            Figure("migrants", "total", np.ones(7), MIGRANT),
            Figure("working", "proportion", WORKS, MIGRANT),
            Figure("gap", "difference", WORKS, MIGRANT, ~MIGRANT),
        ],
        HOUSEHOLD,
        3,
    )


def test_figures_are_those_of_the_rows():
    # Migrants: 3, one of whom works; of the three others whose work is known all do.
    assert figures().truth == pytest.approx([3.0, 1 / 3, 1 / 3 - 1.0])


def test_a_household_adds_its_members_together():
    found = figures()
    # Household 0 has two migrants, one works: (1 - 2/3) / 3; of the gap also (1 - 1) / 3 for its native.
    linear = dict(zip(zip(found.unit, found.figure, strict=True), found.linearised, strict=True))
    assert linear[0, 0] == 2.0
    assert linear[0, 1] == pytest.approx((1 - 2 / 3) / 3)
    assert linear[0, 2] == pytest.approx((1 - 2 / 3) / 3)
    # Household 2 has a migrant who does not work, and a native who does.
    assert linear[2, 1] == pytest.approx((0 - 1 / 3) / 3)
    assert (1, 0) not in linear


def test_units_that_add_nothing_count_in_the_variance_as_zeros():
    sums, variance = variances_within(figures(), np.array([0, 0, 1]), 2)
    assert sums[0].tolist() == [2.0, 1.0]
    # Of 2 and 0 the variance is 2; a stratum of one has none.
    assert variance[0].tolist() == [2.0, 0.0]


def test_a_group_that_nobody_belongs_to_is_named():
    with pytest.raises(ProjectError, match="away: nobody in the frame"):
        figures_of([Figure("away", "mean", np.ones(7), np.zeros(7, bool))], HOUSEHOLD, 3)
    with pytest.raises(ProjectError, match="gap: nobody"):
        figures_of([Figure("gap", "difference", WORKS, MIGRANT, np.zeros(7, bool))], HOUSEHOLD, 3)
    with pytest.raises(ProjectError, match="no figure"):
        figures_of([], HOUSEHOLD, 3)


def country(seed=1, households=3000, strata=4, places=60):
    """A frame in which migrants live together, with a total, a share and a gap to estimate."""
    rng = np.random.default_rng(seed)
    place = np.sort(rng.integers(0, places, households))
    _, place = np.unique(place, return_inverse=True)
    stratum = place * strata // (place.max() + 1)
    persons = rng.integers(1, 5, households)
    unit = np.repeat(np.arange(households), persons)
    share = np.repeat(0.05 + 0.1 * stratum + 0.1 * rng.random(place.max() + 1)[place], persons)
    migrant = rng.random(len(unit)) < share
    works = (rng.random(len(unit)) < np.where(migrant, 0.5, 0.65)).astype(float)
    found = figures_of(
        [
            Figure("migrants", "total", np.ones(len(unit)), migrant),
            Figure("working", "proportion", works, migrant),
            Figure("gap", "difference", works, migrant, ~migrant),
        ],
        unit,
        households,
    )
    frame = UnitFrame(
        tuple(f"stratum {each}" for each in range(strata)), stratum, np.bincount(unit).astype(float), place
    )
    most = np.array([0.08 * found.truth[0], 0.04, 0.05]) ** 2
    return frame, found, most


COSTS = CostModel(fixed=500, primary_unit=30, travel=10, visit=5, interview=10)


@pytest.mark.parametrize(
    "settings",
    [
        PlanSettings(COSTS),
        PlanSettings(COSTS, response=0.7),
        PlanSettings(COSTS, shape="proportional"),
        PlanSettings(COSTS, shape="density"),
        PlanSettings(COSTS, kind="places", first_stage="equal", take=8),
        PlanSettings(COSTS, kind="places", first_stage="size", take=8),
        PlanSettings(COSTS, kind="places", first_stage="size", response=0.7),
        PlanSettings(COSTS, budget=9_000),
        PlanSettings(COSTS, kind="places", budget=9_000),
    ],
    ids=lambda each: f"{each.kind}-{each.first_stage}-{each.shape}-{each.response}-{each.budget}",
)
def test_a_plan_keeps_what_it_promises_when_it_is_drawn(settings):
    frame, found, most = country()
    plan = plan_sample(frame, found, most, settings)
    if settings.budget is None:
        assert np.all(plan.promised**2 <= most * (1 + 1e-6))
    else:
        assert plan.cost <= settings.budget * (1 + 1e-9)
    tried = summary(
        found, plan, repeat(frame, found, plan, repetitions=600, seed=3), levels=np.full(3, 0.95),
        intervals=("normal", "logit", "normal"),
    )  # fmt: skip
    for figure in tried.figures:
        # Four Monte-Carlo errors, and three per cent for ratios that are not linear.
        assert (
            abs(figure.standard_error - figure.promised)
            < 4 * figure.standard_error_error + 0.03 * figure.promised
        )
        assert abs(figure.bias) < 4 * figure.bias_error + 0.05 * figure.promised
        assert figure.coverage > 0.91
        assert figure.is_kept
        assert figure.without == 0.0
    assert tried.cost == pytest.approx(tried.promised_cost, rel=0.02)


def test_every_sample_of_a_small_frame_averages_to_the_truth_and_the_promised_variance():
    # Four households in one stratum, two of them drawn: six samples.
    values = np.array([3.0, 1.0, 4.0, 0.0])
    found = figures_of([Figure("total", "total", values, np.ones(4, bool))], np.arange(4), 4)
    frame = UnitFrame(("all",), np.zeros(4, int), np.ones(4))
    plan = plan_sample(frame, found, np.array([1e9]), PlanSettings(CostModel(visit=1)))
    assert plan.sizes.tolist() == [2]
    every = [2 * (one + two) for one, two in itertools.combinations(values, 2)]
    assert np.mean(every) == found.truth[0]
    assert plan.promised[0] ** 2 == pytest.approx(np.var(every))
    tried = repeat(frame, found, plan, repetitions=3000, seed=1)
    counts = np.array([np.sum(tried.estimates[:, 0] == value) for value in sorted(set(every))])
    expected = 500 * np.array([every.count(value) for value in sorted(set(every))])
    assert np.sum((counts - expected) ** 2 / expected) < 20.5  # chi-square of five degrees, 999 of 1 000


def test_the_same_seed_gives_the_same_results_however_they_are_counted():
    frame, found, most = country(households=800)
    plan = plan_sample(frame, found, most, PlanSettings(COSTS))
    told = []
    first = repeat(frame, found, plan, repetitions=700, seed=5, on_progress=lambda *done: told.append(done))
    again = repeat(frame, found, plan, repetitions=300, seed=5)
    assert np.array_equal(first.estimates[:300], again.estimates)
    assert told == [(250, 700), (500, 700), (700, 700)]
    assert not np.array_equal(again.estimates, repeat(frame, found, plan, repetitions=300, seed=6).estimates)


def test_units_taken_in_a_place_are_as_many_as_make_the_plan_cheapest():
    frame, found, most = country()
    best = plan_sample(frame, found, most, PlanSettings(COSTS, kind="places"))
    for take in (6, 8, 15, 40):
        other = plan_sample(frame, found, most, PlanSettings(COSTS, kind="places", take=take))
        # Whole places may make up for a take that is better in fractions.
        assert best.cost <= other.cost * 1.02
    dear = plan_sample(
        frame, found, most, PlanSettings(CostModel(primary_unit=500, visit=5, interview=10), kind="places")
    )
    assert dear.settings.take >= best.settings.take


def test_a_group_that_a_sample_misses_leaves_no_estimate_and_is_told():
    value, rare = np.ones(400), np.arange(400) == 7
    found = figures_of([Figure("rare", "mean", value, rare)], np.arange(400), 400)
    frame = UnitFrame(("all",), np.zeros(400, int), np.ones(400))
    plan = plan_sample(frame, found, np.array([1.0]), PlanSettings(CostModel(visit=1), least=40))
    tried = summary(
        found, plan, repeat(frame, found, plan, repetitions=1000, seed=1), levels=np.array([0.95]),
        intervals=("wilson",),
    )  # fmt: skip
    (figure,) = tried.figures
    # Forty of four hundred are drawn, so that nine samples in ten have nobody.
    assert figure.without == pytest.approx(0.9, abs=0.04)
    assert figure.members == pytest.approx(0.1, abs=0.04)


def test_figures_that_no_repetition_gives_are_missing_and_not_kept():
    value, rare = np.ones(40_000), np.arange(40_000) == 7
    found = figures_of([Figure("rare", "mean", value, rare)], np.arange(40_000), 40_000)
    frame = UnitFrame(("all",), np.zeros(40_000, int), value)
    plan = plan_sample(frame, found, np.array([1.0]), PlanSettings(CostModel(visit=1), least=2))
    tried = summary(
        found, plan, repeat(frame, found, plan, repetitions=2, seed=1), levels=np.array([0.95]),
        intervals=("normal",),
    )  # fmt: skip
    assert math.isnan(tried.figures[0].standard_error)
    assert tried.figures[0].without == 1.0
    assert not tried.figures[0].is_kept


def test_nobody_answering_in_a_place_is_made_up_for_by_the_others():
    frame, found, most = country(households=1200, places=150)
    plan = plan_sample(
        frame, found, 9 * most, PlanSettings(COSTS, kind="places", first_stage="equal", take=2, response=0.3)
    )
    tried = repeat(frame, found, plan, repetitions=400, seed=2)
    total = tried.estimates[:, 0]
    # Half of the places (0.7²) have no answer, and the total is not half of what it is.
    assert total.mean() == pytest.approx(found.truth[0], abs=5 * total.std() / 20)


def test_the_curve_of_costs_falls_and_goes_through_the_plan():
    frame, found, most = country()
    settings = PlanSettings(COSTS)
    plan = plan_sample(frame, found, most, settings)
    curve = cost_curve(frame, found, most, plan, np.array([0.5, 1.0, 2.0]))
    costs = [cost for _, cost in curve]
    assert costs == sorted(costs, reverse=True)
    assert costs[1] <= plan.cost <= costs[1] + 30
    equal = plan_sample(frame, found, most, PlanSettings(COSTS, shape="proportional"))
    assert cost_curve(frame, found, most, equal, np.array([1.0]))[0][1] >= costs[1]
    # With few answers even everyone visited leaves an error.
    thin = PlanSettings(COSTS, response=0.05)
    loose = most * 1000
    assert (
        cost_curve(frame, found, loose, plan_sample(frame, found, loose, thin), np.array([1e-4, 1.0]))[0][0]
        == 1.0
    )


def test_rates_by_density_are_kaltons_where_only_the_group_is_interviewed():
    # A household in ten, and one in two, has one person of the group.
    has_any = np.concatenate([np.arange(2000) < 200, np.arange(1000) < 500])
    found = figures_of([Figure("share", "mean", np.arange(3000) % 2 * 1.0, has_any)], np.arange(3000), 3000)
    frame = UnitFrame(("low", "high"), np.repeat([0, 1], [2000, 1000]), has_any.astype(float))
    settings = PlanSettings(CostModel(visit=4, interview=36), shape="density")
    plan = plan_sample(frame, found, np.array([0.001]), settings)
    rates = plan.allocation.fractions / frame.units
    expected = density_rates([0.1, 0.5], 10.0)
    assert rates[1] / rates[0] == pytest.approx(expected[1] / expected[0])
    nobody = UnitFrame(frame.strata, frame.stratum, frame.interviews, None, np.zeros(3000, bool))
    with pytest.raises(ProjectError, match="Nobody of the group"):
        plan_sample(nobody, found, np.array([0.001]), settings)


def test_places_are_drawn_by_size_or_alike():
    frame = UnitFrame(("a", "b"), np.array([0, 0, 0, 0, 1, 1]), np.ones(6), np.array([0, 0, 0, 1, 2, 3]))
    assert chances_of_places(frame, np.array([1, 1]), "size") == pytest.approx([0.75, 0.25, 0.5, 0.5])
    assert chances_of_places(frame, np.array([1, 2]), "equal") == pytest.approx([0.5, 0.5, 1.0, 1.0])
    # Two of three units and one: both places of the first stratum are sure.
    assert chances_of_places(frame, np.array([2, 1]), "size") == pytest.approx([1.0, 1.0, 0.5, 0.5])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: UnitFrame(("a",), np.array([1, 0]), np.ones(2)), "not in order"),
        (lambda: UnitFrame(("a",), np.array([0, 0]), np.ones(3)), "not in order"),
        (lambda: UnitFrame(("a",), np.array([0]), np.ones(1)).places, "names no places"),
        (
            lambda: UnitFrame(("a", "b"), np.array([0, 1]), np.ones(2), np.array([0, 0])).stratum_of_place,
            "two strata",
        ),
        (lambda: PlanSettings(COSTS, response=0), "80 % is 0.8"),
        (lambda: PlanSettings(COSTS, least=0), "at least one"),
        (lambda: PlanSettings(COSTS, take=0), "at least one"),
        (lambda: PlanSettings(COSTS, budget=500), "fixed costs"),
        (lambda: planned(PlanSettings(COSTS, budget=501)), "does not pay"),
        (lambda: planned(PlanSettings(COSTS, kind="places", budget=501)), "does not pay"),
        (lambda: planned(PlanSettings(COSTS, kind="places"), 1e-12), "migrants: the standard error"),
    ],
)
def test_what_makes_no_plan_is_refused_in_words(asked, words):
    with pytest.raises(ProjectError, match=words):
        asked()


def planned(settings, part=1.0):
    frame, found, most = country(households=300)
    return plan_sample(frame, found, most * part, settings)


def test_one_repetition_shows_no_spread_and_is_refused():
    frame, found, most = country(households=300)
    plan = plan_sample(frame, found, most, PlanSettings(COSTS))
    with pytest.raises(ProjectError, match="two repetitions"):
        repeat(frame, found, plan, repetitions=1, seed=1)
