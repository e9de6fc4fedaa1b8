"""Weights from a truth sample, and the population that it puts right: by hand, and against known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from residence_check import check
from sojourn.integration.generalised_linear import is_separated, logistic, logistic_reduced_bias
from sojourn.integration.register_population import RegisterCounts, TruthCounts, register_population
from sojourn.integration.residency_index import GroupRule, IndexRule, Register
from sojourn.integration.sign_weights import area_under_curve, sign_weights

TAX = IndexRule((Register("tax"),), GroupRule({}))


def sample(active_here, quiet_here, active_away, quiet_away):
    """Activity in one register and residence of so many people of each kind."""
    kinds = [(1.0, True)] * active_here + [(0.0, True)] * quiet_here
    kinds += [(1.0, False)] * active_away + [(0.0, False)] * quiet_away
    return np.array([[kind[0], 0.0] for kind in kinds]), np.array([kind[1] for kind in kinds])


def learned(*numbers, rule=TAX, **settings):
    activity, resident = sample(*numbers)
    return sign_weights(activity, resident, np.zeros(len(resident), int), rule=rule, **settings)


def test_the_coefficient_is_the_logarithm_of_the_odds_ratio():
    found = learned(80, 20, 10, 40)
    intercept, tax, start = found.coefficients["coefficient"].to_pylist()
    # Nobody remembers a start: it is no column to learn from.
    assert (start, found.coefficients["standard_error"][2].as_py()) == (0.0, None)
    # Quiet: 20 here to 40 elsewhere; active: 80 to 10.
    assert intercept == pytest.approx(math.log(20 / 40))
    assert tax == pytest.approx(math.log((80 / 10) / (20 / 40)))
    # Woolf's variance.
    assert found.coefficients["standard_error"][1].as_py() == pytest.approx(
        math.sqrt(1 / 80 + 1 / 20 + 1 / 10 + 1 / 40)
    )


def test_activity_that_is_as_likely_here_as_not_weighs_as_much_as_the_threshold():
    rule = learned(80, 20, 10, 40).rule.general
    scale = 0.3 / math.log(0.95 / 0.05)
    assert rule.base == pytest.approx(0.7 + scale * math.log(20 / 40))
    assert rule.base + rule.weights["tax"] == pytest.approx(0.7 + scale * math.log(80 / 10))
    assert rule.base < 0.7 < rule.base + rule.weights["tax"]


def test_a_register_that_tells_without_error_gets_a_finite_weight_and_is_marked():
    found = learned(60, 40, 0, 50)
    assert found.coefficients["separated"].to_pylist() == [True, True, True]
    # With Jeffreys' prior a table of two by two is one with a half more in each cell.
    odds = math.log((60.5 / 0.5) / (40.5 / 50.5))
    assert found.coefficients["coefficient"][1].as_py() == pytest.approx(odds, rel=1e-6)


def test_separation_is_found_where_the_likelihood_has_no_top():
    together = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert not is_separated(together, np.array([0.0, 1.0, 1.0, 0.0]))
    assert is_separated(together, np.array([0.0, 1.0, 0.0, 1.0]))
    with pytest.raises(ArithmeticError, match="separated"):
        logistic(together, np.array([0.0, 1.0, 0.0, 1.0]))
    assert np.isfinite(logistic_reduced_bias(together, np.array([0.0, 1.0, 0.0, 1.0])).coefficients).all()


def test_quality_is_judged_by_people_who_were_not_learned_from():
    draw = np.random.default_rng(5)
    activity = np.hstack([draw.integers(0, 2, (60, 12)).astype(float), np.zeros((60, 1))])
    resident = draw.random(60) < 0.5
    rule = IndexRule(tuple(Register(f"r{place}") for place in range(12)), GroupRule({}))
    found = sign_weights(activity, resident, np.zeros(60, int), rule=rule)
    design = np.column_stack([np.ones(60), activity[:, :-1]])
    own = logistic(design, resident.astype(float)).means
    # Twelve registers that say nothing look as if they did to those who learned from the same people.
    assert area_under_curve(own, resident) > 0.7
    (all_people,) = [row for row in found.quality.to_pylist() if row["group"] == "_T"]
    assert all_people["auc"] < 0.65
    assert all_people["brier"] > np.mean((own - resident) ** 2)


def test_the_area_under_the_curve_counts_ties_half():
    # Pairs: 0.9 beats 0.4 and 0.1, 0.4 ties with 0.4 and beats 0.1: (2 + 1.5) / 4.
    chances, outcomes = np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False])
    assert area_under_curve(chances, outcomes) == pytest.approx(3.5 / 4)
    assert area_under_curve(chances, np.ones(4, bool)) is None


def test_a_group_with_few_people_and_activity_that_is_not_known_are_refused():
    with pytest.raises(ValueError, match="fewer than 20"):
        learned(5, 5, 4, 5)
    with pytest.raises(ValueError, match="not known"):
        sign_weights(np.array([[np.nan, 0.0]] * 30), np.ones(30, bool), np.zeros(30, int), rule=TAX)


ONE = RegisterCounts(("all",), np.array([[900.0, 100.0, 0.0]]))


def test_the_population_is_what_the_answers_of_the_index_are_worth():
    truth = TruthCounts(np.array([[76.0, 4.0, 0.0]]), np.array([[4.0, 16.0, 0.0]]))
    found = register_population(ONE, truth).to_pylist()[0]
    # 900 · 76/80 + 100 · 4/20.
    assert found["population"] == pytest.approx(875.0)
    assert (found["sensitivity"], found["specificity"]) == (76 / 80, 16 / 20)
    assert found["overcoverage"] == pytest.approx(0.125)
    # Beta(76.5, 4.5) and Beta(4.5, 16.5) over the 820 and 80 people who were not asked.
    variance = 0.0
    for others, here, away in ((820, 76.5, 4.5), (80, 4.5, 16.5)):
        size, mean = here + away, here / (here + away)
        of_share = mean * (1 - mean) / (size + 1)
        variance += others**2 * of_share + others * (mean * (1 - mean) - of_share)
    assert found["standard_error"] ** 2 == pytest.approx(variance)


def test_a_whole_register_in_the_sample_leaves_no_error():
    truth = TruthCounts(np.array([[870.0, 20.0, 0.0]]), np.array([[30.0, 80.0, 0.0]]))
    found = register_population(ONE, truth).to_pylist()[0]
    assert (found["population"], found["standard_error"]) == (pytest.approx(890.0), 0.0)


def test_a_cell_without_a_sample_is_between_none_and_all():
    counts = RegisterCounts(("all",), np.array([[900.0, 0.0, 100.0]]))
    truth = TruthCounts(np.array([[90.0, 0.0, 0.0]]), np.array([[0.0, 0.0, 0.0]]))
    found = register_population(counts, truth).to_pylist()[0]
    assert found["population"] == pytest.approx(950.0)
    assert found["lower"] < 900.0
    assert found["upper"] == 1000.0


def test_sensitivity_and_specificity_serve_where_the_sample_is_of_another_register():
    # Residents are half of the sample and four fifths of the register: 0.95·800 + 0.2·200 = 800 by the index.
    counts = RegisterCounts(("all",), np.array([[800.0, 200.0, 0.0]]))
    truth = TruthCounts(np.array([[190.0, 10.0, 0.0]]), np.array([[40.0, 160.0, 0.0]]))
    found = register_population(counts, truth, method="sensitivity").to_pylist()[0]
    # (800 - 0.2·1000) / (0.95 + 0.8 - 1).
    assert found["population"] == pytest.approx(800.0)
    assert found["lower"] < 800.0 < found["upper"]


def test_an_index_no_better_than_chance_cannot_be_put_right():
    truth = TruthCounts(np.array([[50.0, 50.0, 0.0]]), np.array([[50.0, 50.0, 0.0]]))
    with pytest.raises(ValueError, match="no better than chance"):
        register_population(ONE, truth, method="sensitivity")


def test_intervals_hold_the_truth_of_generated_countries():
    found = [check(seed, residents=12_000, sample=1_600) for seed in range(101, 109)]
    for name in ("residence index", "dual system"):
        assert sum(each[name].holds for each in found) >= 6, name
        errors = [each[name].estimate - each[name].truth for each in found]
        before = [each[name].counted - each[name].truth for each in found]
        # What is estimated is nearer to the truth than what the index, or the register, counts.
        assert np.abs(np.mean(errors)) < np.abs(np.mean(before)) / 2, name
    # With links taken as they are every miss makes a person: the intervals are wrong, and nearly all fail.
    assert sum(each["dual system, links taken as they are"].holds for each in found) <= 3
