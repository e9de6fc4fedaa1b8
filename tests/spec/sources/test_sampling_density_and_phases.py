"""Rates by density, two phases, two stages and costs: the formulas against sums by hand and plain search."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from sojourn.errors import ProjectError
from sojourn.sources.sampling.costs import CostModel
from sojourn.sources.sampling.density import density_plan, density_rates
from sojourn.sources.sampling.screening import screening_classes, screening_plan
from sojourn.sources.sampling.stages import best_take, place_variance, two_stage_size

UNITS, SHARES = np.array([60_000, 30_000, 10_000]), np.array([0.01, 0.08, 0.35])


def test_rates_go_by_the_root_of_the_share_while_interviews_are_cheap():
    # With an interview that costs nothing the ratio is 1: sqrt(0.04) to sqrt(0.25)
    assert density_rates([0.04, 0.25], 1.0) == pytest.approx([0.2, 0.5])
    # With c = 11: sqrt(0.04 / 1.4) and sqrt(0.25 / 3.5)
    assert density_rates([0.04, 0.25], 11.0) == pytest.approx([math.sqrt(1 / 35), math.sqrt(1 / 14)])


def test_the_rates_by_density_are_those_of_least_variance_for_the_money():
    plan = density_plan(UNITS, SHARES, screening=4, interview=30, budget=60_000)
    price = 4 + SHARES * 30

    def variance(logs):
        # The variance of a mean of the group is the sum of M_h / f_h, for rates that cost the budget.
        rates = np.exp(logs)
        rates = rates * 60_000 / (rates @ (UNITS * price))
        return float(np.sum(UNITS * SHARES / rates)) / 1e6

    found = minimize(variance, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-14})
    best = np.exp(found.x)
    assert plan.rates / plan.rates[0] == pytest.approx(best / best[0], rel=1e-3)
    assert plan.cost == pytest.approx(60_000)


def test_what_density_gains_is_the_ratio_of_effective_sizes_for_the_same_money():
    plan = density_plan(UNITS, SHARES, screening=4, interview=30, budget=60_000)
    people = UNITS * SHARES
    assert plan.found == pytest.approx(plan.rates * people)
    assert plan.effective == pytest.approx(people.sum() ** 2 / np.sum(people / plan.rates))
    # 60 000 over 4·100 000 + 30·6 500 is the equal rate, and finds so many of 6 500.
    assert plan.proportional_effective == pytest.approx(6_500 * 60_000 / 595_000)
    assert plan.variance_ratio == pytest.approx(plan.proportional_effective / plan.effective)
    assert plan.variance_ratio < 1


def test_an_effective_size_is_reached_and_no_rate_is_above_one():
    plan = density_plan(UNITS, SHARES, screening=4, interview=30, effective=1_000)
    assert plan.effective == pytest.approx(1_000)
    much = density_plan(UNITS, SHARES, screening=4, interview=30, effective=5_500)
    assert much.effective == pytest.approx(5_500)
    assert much.rates.max() == 1.0


def test_a_stratum_without_anybody_of_the_group_is_not_screened():
    plan = density_plan([1000, 1000], [0.0, 0.2], screening=1, interview=9, budget=280)
    # 280 / (1 + 0.2 · 9) = 100 units
    assert plan.screened == pytest.approx([0, 100])


def test_a_question_that_errs_leaves_some_of_the_group_among_those_screened_out():
    shares, inside = screening_classes(0.1, 0.8, 0.95)
    # 0.08 + 0.045 are screened in; of them 0.08 are of the group; 0.02 of the other 0.875
    assert shares == pytest.approx((0.125, 0.875))
    assert inside == pytest.approx((0.64, 0.02 / 0.875))


@pytest.mark.parametrize("means", [(0.64, 0.023), (0.0, 0.0), (0.3, 0.29)])
@pytest.mark.parametrize("screening", [0.5, 2.0, 20.0])
def test_the_two_phases_are_those_of_least_variance_for_the_money(means, screening):
    shares, deviations, prices = np.array([0.125, 0.875]), np.array([0.48, 0.15]), np.array([30.0, 11.0])
    plan = screening_plan(shares, means, deviations, screening=screening, interview=prices, budget=10_000.0)
    between = float(shares @ (np.array(means) - shares @ np.array(means)) ** 2)

    def variance(rates):
        """The variance for rates of the two classes in the last dimension."""
        first = 10_000 / (screening + (rates * prices) @ shares)
        return (between + (deviations**2 / rates) @ shares) / first

    grid = np.linspace(0.002, 1.0, 500)
    best = variance(np.stack(np.meshgrid(grid, grid), axis=-1)).min()
    assert plan.variance == pytest.approx(variance(plan.rates))
    assert plan.variance <= best * (1 + 1e-9)
    assert plan.variance == pytest.approx(best, rel=1e-3)
    assert plan.cost == pytest.approx(10_000)
    assert plan.first * (screening + shares @ (plan.rates * prices)) == pytest.approx(10_000)


def test_two_phases_for_a_variance_cost_what_the_same_budget_gives():
    asked = {"shares": (0.2, 0.8), "means": (0.5, 0.1), "deviations": (0.5, 0.3)}
    plan = screening_plan(**asked, screening=1, interview=20, budget=5_000)
    again = screening_plan(**asked, screening=1, interview=20, variance=plan.variance)
    assert (again.cost, again.first) == pytest.approx((plan.cost, plan.first))


def test_a_class_in_which_all_are_alike_is_not_visited():
    plan = screening_plan((0.3, 0.7), (1.0, 0.0), (0.4, 0.0), screening=1, interview=10, budget=1_000)
    assert plan.rates[1] == 0.0
    assert plan.second[1] == 0.0


def test_places_cost_travel_and_people_are_alike_so_there_is_a_best_take():
    # sqrt(750/100 · 0.95/0.05) = sqrt(142.5)
    assert best_take(750, 100, 0.05) == pytest.approx(11.937, abs=1e-3)
    assert math.isinf(best_take(750, 100, 0.0))
    # A budget of 100 000 pays for 100 000 / (750 + 100·11.937) places; a relative variance of one answer of 1
    places, cv = two_stage_size(1.0, best_take(750, 100, 0.05), 0.05, budget=100_000, costs=(750, 100))
    assert places == pytest.approx(51.45, abs=0.01)
    assert cv == pytest.approx(0.0502, abs=1e-4)
    again, _ = two_stage_size(1.0, best_take(750, 100, 0.05), 0.05, cv=cv)
    assert again == pytest.approx(places)


def test_the_best_take_is_that_of_least_cost():
    def cost(take):
        places, _ = two_stage_size(1.0, take, 0.03, cv=0.05)
        return places * (200 + 15 * take)

    best = best_take(200, 15, 0.03)
    assert cost(best) < min(cost(best * 0.95), cost(best * 1.05))


def test_places_drawn_alike_have_the_variance_of_two_stages():
    # Two places of 4 and 6 units; linearised totals 10 and 20; variance within 2 and 3; two taken of each.
    found = place_variance(
        np.array([[10.0, 20.0]]), np.array([[2.0, 3.0]]), np.array([4, 6]), np.array([0, 0]), strata=1,
        take=2, first_stage="equal",
    )  # fmt: skip
    # Between: S² = 50, so M²S² = 200. Within: 4²·(1/2 - 1/4)·2 = 8 and 6²·(1/2 - 1/6)·3 = 36; M · 44 = 88.
    assert found.spread == pytest.approx(np.array([[288.0]]))
    assert found.finite == pytest.approx(np.array([[100.0]]))
    # Both places drawn: what is left is 8 + 36.
    assert found.spread[0, 0] / 2 - found.finite[0, 0] == pytest.approx(44)


def test_places_drawn_by_size_have_hartley_and_raos_variance():
    # Chances 0.4 and 0.6: 10/0.4 - 30 = -5, 20/0.6 - 30 = 10/3
    found = place_variance(
        np.array([[10.0, 20.0]]), np.array([[0.0, 0.0]]), np.array([4, 6]), np.array([0, 0]), strata=1,
        take=2, first_stage="size",
    )  # fmt: skip
    replaced = 0.4 * 25 + 0.6 * 100 / 9
    shared = 0.16 * 25 + 0.36 * 100 / 9
    assert found.spread == pytest.approx(np.array([[replaced + shared]]))
    assert found.finite == pytest.approx(np.array([[shared]]))


def test_few_answers_in_a_place_say_less_than_their_mean_number():
    numbers = {"strata": 1, "take": 2, "first_stage": "equal"}
    given = (np.array([[1.0, 1.0]]), np.array([[1.0, 1.0]]), np.array([4, 4]), np.array([0, 0]))
    found = place_variance(*given, **numbers, response=0.5)
    # One answer in 2/3, two in 1/3 of the places with any: the mean of one over them is 5/6.
    assert found.spread == pytest.approx(np.array([[2 * 2 * 16 * (5 / 6 - 1 / 4)]]))


def test_costs_add_up():
    costs = CostModel(fixed=1000, primary_unit=40, travel=60, visit=4, interview=25)
    # 1000 + 100·10 + 4·200 + 25·30
    assert costs.of(10, 200, 30) == 3550


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: density_rates([0.0, 0.0], 2.0), "above 0"),
        (lambda: density_rates([0.1, 1.1], 2.0), "between 0 and 1"),
        (lambda: density_rates([0.1], 0.5), "at least once"),
        (lambda: density_plan([10], [0.1], screening=1, interview=1), "budget or the effective"),
        (lambda: density_plan([10], [0.1], screening=1, interview=1, budget=99), "not enough"),
        (lambda: density_plan([10], [0.1, 0.2], screening=1, interview=1, budget=9), "units and a share"),
        (lambda: screening_classes(0.1, 1.2, 0.9), "between 0 and 1"),
        (lambda: screening_classes(0.0, 1.0, 1.0), "one class"),
        (lambda: screening_plan((1.0,), (1,), (1,), screening=1, interview=1), "budget or the variance"),
        (lambda: screening_plan((0.5, 0.4), (1, 0), (1, 1), screening=1, interview=1, budget=9), "add up"),
        (lambda: screening_plan((0.5, 0.5), (1, 0), (1, 1), screening=0, interview=1, budget=9), "cost"),
        (lambda: screening_plan((0.5, 0.5), (1, 0), (0, 0), screening=1, interview=1, budget=9), "alike"),
        (lambda: best_take(0, 1, 0.1), "above 0"),
        (lambda: two_stage_size(1, 5, 0.1), "CV, or a budget"),
        (lambda: two_stage_size(1, 5, 0.1, budget=9), "CV, or a budget"),
        (lambda: CostModel(visit=-1), "visit is -1"),
        (lambda: CostModel(fixed=5), "costs anything"),
    ],
)
def test_what_makes_no_plan_is_refused_in_words(asked, words):
    with pytest.raises(ProjectError, match=words):
        asked()


def test_a_place_without_a_size_is_refused():
    with pytest.raises(ProjectError, match="no size"):
        place_variance(
            np.ones((1, 2)), np.ones((1, 2)), np.array([1, 1]), np.array([0, 0]), strata=1, take=1,
            first_stage="size", sizes=np.array([0.0, 1.0]),
        )  # fmt: skip
