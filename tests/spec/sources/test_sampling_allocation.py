"""Samples shared out over strata: by hand where one goal decides, and what happens at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from sojourn.errors import ProjectError
from sojourn.sources.sampling.allocation import Goals, Strata, neyman
from sojourn.sources.sampling.continuous import best_for_budget, cheapest
from sojourn.sources.sampling.shapes import allocate_shape
from sojourn.sources.sampling.whole_units import allocate, allocate_budget

TWO = Strata.of(("north", "south"), [1000, 500], 1.0, 1)


def totals(units, deviations, most, strata=TWO):
    """A goal for a total of a population whose strata have these standard deviations."""
    number = np.atleast_2d(np.asarray(deviations, float))
    names = tuple(f"goal {place}" for place in range(len(number)))
    return Goals.of(names, (np.asarray(units) * number) ** 2, most, units=units)


def test_one_goal_is_shared_out_by_size_times_spread():
    # 1000 · 3 and 500 · 12: one third and two thirds of 90
    found = neyman(TWO, (np.array([1000, 500]) * np.array([3.0, 12.0])) ** 2, size=90)
    assert found == pytest.approx([30, 60])


def test_a_dear_stratum_gets_less_by_the_root_of_its_cost():
    strata = Strata.of(("near", "far"), [1000, 1000], [1.0, 4.0], 1)
    found = neyman(strata, [1e6, 1e6], cost=300)
    # n proportional to 1 and 1/2, cost 1 and 2 parts of 300
    assert found == pytest.approx([100, 50])


def test_limits_hold_and_the_others_share_what_is_left():
    strata = Strata.of(("a", "b", "c"), [1000, 1000, 10], 1.0, [20, 1, 1])
    found = neyman(strata, np.array([1.0, 100.0, 100.0]) ** 2, size=100)
    # c has ten units, a at least 20, and b the rest
    assert found == pytest.approx([20, 70, 10])
    # The limits decide all: nothing is free.
    assert neyman(strata, [1.0, 1.0, 1.0], size=22) == pytest.approx([20, 1, 1])
    # Strata that do not vary take what is over.
    assert neyman(strata, [0.0, 0.0, 0.0], size=100).sum() == pytest.approx(100)


def test_the_cheapest_plan_for_one_goal_is_that_of_neyman_and_meets_it_exactly():
    goals = totals([1000, 500], [3.0, 12.0], 400_000.0)
    found = cheapest(TWO, goals)
    # sum of a/n = V + b with b = 1000·9 + 500·144: n = (3000 + 6000)·N·S / 481 000
    assert found.sizes == pytest.approx(np.array([3000, 6000]) * 9000 / 481_000)
    assert found.cost == pytest.approx(found.bound, rel=1e-12)
    assert goals.variances(found.sizes) == pytest.approx([400_000])


def test_whole_units_meet_every_goal_and_cost_the_least():
    goals = totals([1000, 500], [[3.0, 12.0], [9.0, 2.0]], [4e5, 5e5])
    plan = allocate(TWO, goals)
    assert plan.is_proven
    assert np.all(plan.variances <= goals.most * (1 + 1e-9))
    cheaper = [
        (first, second)
        for first in range(1, 500)
        for second in range(1, int(plan.cost) - first)
        if np.all(goals.are_met([first, second]))
    ]
    assert cheaper == []


def test_a_goal_that_is_met_by_the_way_has_no_price_and_one_that_binds_has_one():
    goals = totals([1000, 500], [[3.0, 12.0], [0.1, 0.1]], [4e5, 5e5])
    plan = allocate(TWO, goals)
    assert plan.price[1] == 0.0
    # A tenth of a per cent more of the standard error saves a tenth of the price.
    saved = cheapest(TWO, goals).cost - cheapest(TWO, goals.scaled(1.001**2)).cost
    assert plan.price[0] / 10 == pytest.approx(saved, rel=0.01)


def test_a_budget_makes_the_worst_goal_as_good_as_it_can_be():
    goals = totals([1000, 500], [[3.0, 12.0], [9.0, 2.0]], [4e5, 5e5])
    ratio, relaxed = best_for_budget(TWO, goals, 60.0)
    assert goals.variances(relaxed.sizes) / goals.most == pytest.approx([ratio, ratio], rel=1e-6)
    plan = allocate_budget(TWO, goals, 60.0)
    best = min(
        (float(np.max(goals.variances([first, 60 - first]) / goals.most)), first) for first in range(1, 60)
    )
    assert plan.worst == pytest.approx(best[0], rel=1e-9)
    assert plan.cost <= 60
    assert ratio <= plan.bound <= plan.worst * (1 + 1e-9)


def test_goals_out_of_reach_are_named_with_how_far_they_stay_off():
    strata = Strata.of(("north", "south"), [1000, 500], 1.0, 1, [10, 10])
    goals = totals([1000, 500], [[3.0, 12.0], [0.1, 0.1]], [4e5, 5e5])
    # At ten units each: 9e6/10 + 36e6/10 - 81 000 = 4 419 000, whose root is 2 102.14 instead of 632.456
    with pytest.raises(ProjectError) as refused:
        allocate(strata, goals)
    (problem,) = refused.value.problems
    assert problem.message.startswith(
        "goal 0: the standard error is to be 632.456, and is 2102.14 (3.32 times"
    )
    assert "allow more units" in problem.remedy


def test_a_census_is_planned_where_only_a_census_is_enough():
    goals = totals([1000, 500], [3.0, 12.0], 1e-9)
    plan = allocate(TWO, goals)
    assert plan.sizes.tolist() == [1000, 500]
    assert plan.variances.tolist() == [0.0]


def test_goals_that_ask_for_nothing_leave_the_minimum():
    plan = allocate(TWO, totals([1000, 500], [0.0, 0.0], 1.0))
    assert (plan.sizes.tolist(), plan.cost, plan.is_proven) == ([1, 1], 2.0, True)
    assert allocate(TWO, totals([1000, 500], [3.0, 12.0], 1e12)).sizes.tolist() == [1, 1]


def test_a_stratum_of_one_unit_is_drawn_whole():
    strata = Strata.of(("many", "one"), [100, 1])
    assert (strata.least.tolist(), strata.most.tolist()) == ([2, 1], [100, 1])
    plan = allocate(strata, Goals.of(("goal",), [[1e4, 0.0]], 2e3, units=[100, 1]))
    assert plan.sizes[1] == 1


def test_a_budget_for_everyone_draws_everyone():
    plan = allocate_budget(TWO, totals([1000, 500], [3.0, 12.0], 1.0), 1e6)
    assert plan.sizes.tolist() == [1000, 500]
    assert plan.worst == 0.0


def test_equal_rates_cost_at_least_as_much_as_the_best_and_meet_the_same_goals():
    goals = totals([1000, 500], [[3.0, 12.0], [9.0, 2.0]], [4e5, 5e5])
    equal = allocate_shape(TWO, goals, np.ones(2))
    assert np.all(goals.are_met(equal.sizes))
    assert equal.cost >= allocate(TWO, goals).cost
    assert abs(equal.sizes[0] / 1000 - equal.sizes[1] / 500) <= 1 / 500
    for_money = allocate_shape(TWO, goals, np.ones(2), 60.0)
    assert for_money.cost <= 60
    # 40 and 20 of a thousand and five hundred
    assert for_money.sizes.tolist() == [40, 20]


def test_the_loss_by_unequal_rates_is_that_of_kish():
    plan = allocate(TWO, totals([1000, 500], [3.0, 12.0], 4e5))
    rates = plan.sizes / np.array([1000, 500])
    weights = np.repeat(1 / rates, plan.sizes)
    assert plan.weight_effect == pytest.approx(len(weights) * (weights**2).sum() / weights.sum() ** 2)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: Strata.of((), []), "no stratum"),
        (lambda: Strata.of(("a",), [0]), "a has no unit"),
        (lambda: Strata.of(("a",), [9], 0.0), "no cost above 0"),
        (lambda: Strata.of(("a",), [9], float("nan")), "no cost above 0"),
        (lambda: Strata.of(("a",), [9], 1.0, 0), "without a unit"),
        (lambda: Strata.of(("a",), [9], 1.0, 5, [4]), "maximum below its minimum"),
        (lambda: Goals.of(("g",), [[1.0]], 0.0), "g: the target is not above 0"),
        (lambda: Goals.of(("g",), [[-1.0]], 1.0), "missing or negative"),
        (lambda: Goals.of(("g",), [[float("nan")]], 1.0), "missing or negative"),
        (lambda: neyman(TWO, [1, 1]), "size of the sample or its cost"),
        (lambda: neyman(TWO, [1, 1], size=1), "cannot be shared out"),
        (lambda: neyman(TWO, [1, 1], size=1501), "cannot be shared out"),
        (lambda: allocate_budget(TWO, totals([1000, 500], [1, 1], 1.0), 1.0), "does not pay"),
        (lambda: allocate_shape(TWO, totals([1000, 500], [1, 1], 1.0), [1, 1], 1.0), "does not pay"),
        (lambda: allocate_shape(TWO, totals([1000, 500], [1, 1], 1.0), [0, 0]), "at least 0"),
        (lambda: allocate_shape(TWO, totals([1000, 500], [3, 3], 1e4), [1, 0]), "rates of this shape"),
    ],
)
def test_what_makes_no_plan_is_refused_in_words(asked, words):
    with pytest.raises(ProjectError, match=words):
        asked()
