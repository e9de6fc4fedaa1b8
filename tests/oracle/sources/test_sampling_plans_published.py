"""Allocations and sizes that others have published, to the digits that they show.

Wright's exact allocations are those of T. Wright, Exact optimal sample allocation: More efficient than Neyman
(Statistics and Probability Letters 129, 2017), as the package `allocation` of A. Raim prints them. The
allocations in fractions are those of the package `stratallo` 2.2 (W. Wójciak). The plan for two variables
is the model SAMPLE of the GAMS Model Library (J. Bracken and G. McCormick, Selected Applications of Nonlinear
Programming, 1968, chapter 10.2), whose optimum its library gives as 726.6794.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from sojourn.sources.sampling.allocation import Goals, Strata, neyman
from sojourn.sources.sampling.continuous import cheapest
from sojourn.sources.sampling.precision import Measure, Target, respondents_for
from sojourn.sources.sampling.screening import screening_plan
from sojourn.sources.sampling.whole_units import allocate, allocate_budget

pytestmark = pytest.mark.oracle


def named(number):
    return tuple(map(str, range(number)))


def test_ten_units_are_shared_out_as_by_wrights_third_algorithm():
    units, variances = np.array([47, 61, 41]), np.array([100, 36, 16])
    strata = Strata.of(named(3), units, 1.0, [1, 2, 3], [5, 6, 4])
    goals = Goals.of(("total",), units**2 * variances, 1e5, units=units)
    plan = allocate_budget(strata, goals, 10)
    assert plan.sizes.tolist() == [4, 3, 3]
    assert plan.variances[0] == pytest.approx(101_290.3333, abs=1e-4)
    assert plan.is_proven
    # Without whole numbers and limits it is 4.70, 3.66 and 1.64, with a variance of 92 448.
    free = Strata.of(named(3), units, 1.0, 1)
    fractions = neyman(free, units**2 * variances, size=10)
    assert fractions == pytest.approx([4.70, 3.66, 1.64])
    assert goals.variances(fractions)[0] == pytest.approx(92_448)


def test_a_target_of_the_variance_is_met_as_by_wrights_fourth_algorithm():
    units = np.array([819, 672, 358, 196, 135, 83, 53, 40, 35, 13])
    deviations = 1000.0 * np.array([330, 518, 488, 634, 1126, 2244, 2468, 5869, 29_334, 1_233_311])
    strata = Strata.of(named(10), units, 1.0, [3] * 9 + [13])
    goals = Goals.of(("revenue",), (units * deviations) ** 2, 388_910_760.0**2, units=units)
    plan = allocate(strata, goals)
    assert plan.sizes.tolist() == [4, 5, 3, 3, 3, 3, 3, 3, 13, 13]
    assert plan.variances[0] == pytest.approx(149_400_057_961_841_025.6410, rel=1e-13)
    assert plan.is_proven


UNITS, DEVIATIONS = np.array([3000, 4000, 5000, 2000]), np.array([48, 79, 76, 16])


@pytest.mark.parametrize(
    ("size", "least", "most", "sizes", "variance"),
    [
        (190, 1, None, [31.376147, 68.853211, 82.798165, 6.972477], 3_940_753_053),
        (190, 1, [100, 90, 70, 80], [35.121951, 77.073171, 70.0, 7.804878], 4_018_789_143),
        (190, [50, 120, 1, 2], None, [50, 120, 18, 2], 9_719_807_556),
        (1284, [100, 90, 500, 50], [300, 400, 800, 90], [228.9496, 400.0, 604.1727, 50.8777], 538_073_357),
    ],
)
def test_limits_are_kept_as_by_stratallo(size, least, most, sizes, variance):
    strata = Strata.of(named(4), UNITS, 1.0, least, most)
    spread = (UNITS * DEVIATIONS) ** 2
    found = neyman(strata, spread, size=size)
    assert found == pytest.approx(sizes, rel=1e-5)
    goals = Goals.of(("total",), spread, 1.0, units=UNITS)
    assert goals.variances(found)[0] == pytest.approx(variance, rel=1e-9)


def test_the_least_cost_for_a_variance_is_that_of_stratallo():
    strata = Strata.of(named(4), [100, 90, 70, 80], [0.5, 0.6, 0.6, 0.3], 1)
    goals = Goals.of(("total",), np.array([3000, 4000, 5000, 2000]) ** 2, 1e6, finite=[70_000])
    found = cheapest(strata, goals)
    assert found.sizes == pytest.approx([40.39682, 49.16944, 61.46181, 34.76805], rel=1e-6)
    assert goals.variances(found.sizes)[0] == pytest.approx(1e6)


def test_two_variables_at_once_cost_what_bracken_and_mccormick_s_model_costs():
    units = np.array([400_000, 300_000, 200_000, 100_000])
    weight, variances = units / units.sum(), np.array([[25, 25, 25, 25], [1, 4, 16, 64]])
    strata = Strata.of(named(4), units, 1.0, 100)
    # What the model takes off for the finite population, as it is written there.
    finite = (weight * variances / units).sum(axis=1)
    goals = Goals.of(("a", "b"), weight**2 * variances, [0.04, 0.01], finite=finite)
    found = cheapest(strata, goals)
    assert found.cost == pytest.approx(726.6794, abs=5e-5)
    assert found.bound == pytest.approx(726.6794, abs=5e-5)
    plan = allocate(strata, goals)
    assert plan.cost == 727
    assert plan.is_proven


@pytest.mark.parametrize(("share", "width"), [(0.04, 0.01), (0.1, 0.03), (0.5, 0.05), (0.9, 0.02)])
def test_sizes_for_wilsons_interval_are_those_of_valliant_dever_and_kreuter(share, width):
    # Practical Tools for Designing and Weighting Survey Samples (2018), chapter 3: the closed form for n.
    spread, z = share * (1 - share), 1.959963984540054
    root = math.sqrt(width**2 - spread * (4 * width**2 - spread))
    size = (spread - 2 * width**2 + root) * (z / width) ** 2 / 2
    found = respondents_for(Measure.proportion(share), Target(half_width=width, interval="wilson"))
    assert found.respondents == math.ceil(size)


def test_two_phases_with_equal_costs_are_those_of_valliant_dever_and_kreuter():
    # The same book, section 17.3: n1 = C / (c1 + c2·sqrt(K)), n2 = n1·sqrt(K), K = (V2/V1)/(c2/c1).
    shares, means, deviations = np.array([0.7, 0.2, 0.1]), np.array([1, 3, 9]), np.array([1, 2, 4])
    first, second, budget = 10.0, 50.0, 20_000.0
    between = shares @ (means - shares @ means) ** 2
    within = (shares @ deviations) ** 2
    ratio = math.sqrt(within / between / (second / first))
    asked = budget / (first + second * ratio)
    plan = screening_plan(shares, means, deviations, screening=first, interview=second, budget=budget)
    assert plan.rates.max() < 1
    assert plan.first == pytest.approx(asked)
    assert plan.second.sum() == pytest.approx(asked * ratio)
    assert plan.second == pytest.approx(asked * ratio * shares * deviations / (shares @ deviations))
    assert plan.variance == pytest.approx(between / asked + within / (asked * ratio))
