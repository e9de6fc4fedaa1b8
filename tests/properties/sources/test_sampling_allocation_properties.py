"""Allocations compared with every allocation there is, and the continuous optimum with its own proof."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sojourn.errors import ProjectError
from sojourn.sources.sampling.allocation import TOLERANCE, Goals, Strata, neyman
from sojourn.sources.sampling.continuous import best_for_budget, cheapest
from sojourn.sources.sampling.whole_units import allocate, allocate_budget


@st.composite
def problems(draw, most_units=9, most_strata=3):
    number = draw(st.integers(1, most_strata))
    goals = draw(st.integers(1, 3))
    units = draw(st.lists(st.integers(1, most_units), min_size=number, max_size=number))
    costs = draw(st.lists(st.sampled_from([1.0, 1.5, 2.0, 7.25]), min_size=number, max_size=number))
    spread = draw(
        st.lists(
            st.lists(st.floats(0, 20, allow_subnormal=False), min_size=number, max_size=number),
            min_size=goals,
            max_size=goals,
        )
    )
    strata = Strata.of(tuple(map(str, range(number))), units, costs, draw(st.integers(1, 3)))
    variance = (np.array(units) * np.array(spread)) ** 2
    tight = draw(st.lists(st.floats(0.01, 1.5), min_size=goals, max_size=goals))
    most = np.maximum(np.array(tight) * (variance / np.array(units)).sum(axis=1), 1e-6)
    return strata, Goals.of(tuple(f"g{place}" for place in range(goals)), variance, most, units=units)


def every_allocation(strata):
    """Every allocation within the limits."""
    ranges = [range(low, high + 1) for low, high in zip(strata.least, strata.most, strict=True)]
    return np.array(list(itertools.product(*ranges)))


@settings(max_examples=20)
@given(problems())
def test_no_allocation_that_meets_the_goals_is_cheaper(problem):
    strata, goals = problem
    every = every_allocation(strata)
    fits = np.array([bool(np.all(goals.are_met(sizes))) for sizes in every])
    if not fits.any():
        with pytest.raises(ProjectError, match="standard error"):
            allocate(strata, goals)
        return
    found = allocate(strata, goals)
    assert np.all(goals.are_met(found.sizes))
    assert found.is_proven
    assert found.cost == pytest.approx((every[fits] @ strata.cost).min(), rel=1e-9)
    assert found.bound <= found.cost * (1 + 1e-9)


@settings(max_examples=20)
@given(problems(), st.floats(0, 1))
def test_no_allocation_within_the_budget_has_a_better_worst_goal(problem, part):
    strata, goals = problem
    every = every_allocation(strata)
    costs = every @ strata.cost
    budget = float(costs.min() + part * (costs.max() - costs.min()))
    worst = np.array([float(np.max(goals.variances(sizes) / goals.most)) for sizes in every])
    found = allocate_budget(strata, goals, budget)
    assert found.cost <= budget * (1 + TOLERANCE)
    best = worst[costs <= budget * (1 + TOLERANCE)].min()
    assert found.worst == pytest.approx(best, rel=1e-8, abs=1e-12)
    assert found.bound <= best * (1 + 1e-8) + 1e-12


@settings(max_examples=20)
@given(problems(most_units=5000, most_strata=8))
def test_the_optimum_in_fractions_is_proven_by_its_dual(problem):
    strata, goals = problem
    assume(bool(np.all(goals.variances(strata.most) <= 0.999 * goals.most)))
    found = cheapest(strata, goals)
    assert np.all(goals.are_met(found.sizes))
    assert np.all((found.sizes >= strata.least) & (found.sizes <= strata.most))
    assert found.cost == pytest.approx(strata.cost @ found.sizes)
    assert found.bound <= found.cost * (1 + 1e-9)
    assert found.bound == pytest.approx(found.cost, rel=1e-6)
    assert np.all(found.prices >= 0)


@settings(max_examples=10)
@given(problems(most_units=5000, most_strata=8), st.floats(0.05, 0.95))
def test_a_budget_for_one_goal_is_shared_out_as_neyman_does(problem, part):
    strata, goals = problem
    spread = goals.spread[0]
    assume(float(spread.min()) > 0)
    one = Goals.of(("one",), spread, float(goals.most[0]), units=strata.units)
    least, most = strata.cost @ strata.least, strata.cost @ strata.most
    budget = float(least + part * (most - least))
    assume(budget > least)
    ratio, found = best_for_budget(strata, one, budget)
    by_hand = neyman(strata, spread, cost=budget)
    expected = float(one.variances(by_hand)[0] / one.most[0])
    assert ratio == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert found.cost <= budget * (1 + 1e-9)
