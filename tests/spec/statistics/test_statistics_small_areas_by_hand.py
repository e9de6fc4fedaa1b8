"""Small areas small enough for a sheet of paper: estimates, errors, totals, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.statistics.small_areas import (
    AreaData,
    AreaEstimates,
    Bootstrap,
    Population,
    benchmarked,
    coefficient_table,
    diagnostics,
    direct_level,
    fay_herriot,
    given_level,
    nested_error,
    small_area_table,
    smoothed_variances,
    unit_sums,
)
from sojourn.statistics.small_areas.estimates import ErrorStructure

NAN = float("nan")
ONE = ("(intercept)",)


def areas(direct, variance=1.0, *, design=None, names=ONE, effective_size=None) -> AreaData:
    """Areas a, b, c, … with an intercept alone unless a design is given."""
    size = len(direct)
    spread = np.broadcast_to(np.asarray(variance, float), size).copy()
    columns = np.ones((size, 1)) if design is None else np.asarray(design, float)
    sizes = None if effective_size is None else np.asarray(effective_size, float)
    return AreaData(tuple("abcdefghij"[:size]), np.asarray(direct, float), spread, columns, names, sizes)


def units(values, weights=None, areas_in_all=None):
    """Sums of the values of areas, with an intercept alone."""
    place = np.repeat(np.arange(len(values)), [len(each) for each in values])
    outcome = np.array([value for each in values for value in each], float)
    heavy = None if weights is None else np.array([weight for each in weights for weight in each], float)
    return unit_sums(place, areas_in_all or len(values), outcome, np.ones((len(outcome), 1)), ONE, heavy)


def everywhere(size, number=None) -> Population:
    """Areas whose population mean of the intercept is one."""
    return Population(tuple("abcdefghij"[:size]), np.ones((size, 1)), number)


# Direct estimates 1, 2, 6 with variance 1: mean 3, squares around it 4 + 1 + 9 = 14.
THREE = (1, 2, 6)


@pytest.mark.parametrize("method", ["reml", "fay_herriot", "prasad_rao"])
def test_equal_variances_leave_to_areas_what_sampling_does_not_explain(method):
    found = fay_herriot(areas(THREE), method=method)
    # 14 / 2 = 7 in all, of which 1 is sampling: 6 remain, and 6/7 of a direct estimate is kept.
    assert found.fit.area_variance == pytest.approx(6)
    assert found.estimates.kept == pytest.approx([6 / 7] * 3)
    # 3 - 2 · 6/7, 3 - 1 · 6/7, 3 + 3 · 6/7.
    assert found.estimates.estimate == pytest.approx([9 / 7, 15 / 7, 39 / 7])
    # Known 6/7 = 18/21; the mean 1/49 · 7/3 = 1/21; the variance 1/49 · 1/7 · 98/3 = 2/21, twice.
    assert found.estimates.mse == pytest.approx([23 / 21] * 3)


def test_maximum_likelihood_puts_right_the_variance_that_it_makes_too_small():
    found = fay_herriot(areas(THREE), method="ml")
    # 14 / 3 in all, 11/3 of areas.
    assert found.fit.area_variance == pytest.approx(11 / 3)
    # Known 11/14, the mean 1/14, the variance twice 1/7, its bias 14/9 · (3/14)² = 1/14: 17/14.
    assert found.estimates.mse == pytest.approx([17 / 14] * 3)


def test_an_area_without_a_sample_is_synthetic_and_says_so():
    found = fay_herriot(areas((*THREE, NAN), (1, 1, 1, NAN)))
    table = small_area_table(found.estimates).to_pylist()
    assert [row["is_synthetic"] for row in table] == [False, False, False, True]
    assert [row["method"] for row in table] == ["EBA", "EBA", "EBA", "SYN"]
    assert {row["is_modelled"] for row in table} == {True}
    # The mean 3; the error is what areas vary, 6, and what the mean of three varies, 7/3.
    assert table[3]["estimate"] == pytest.approx(3)
    assert table[3]["mse"] == pytest.approx(25 / 3)
    assert table[3]["gamma"] == 0
    assert [table[3][name] for name in ("direct", "direct_variance", "direct_cv", "residual")] == [None] * 4


def test_no_spread_beyond_sampling_is_a_variance_of_zero_that_is_said():
    found = fay_herriot(areas((2.9, 3, 3.1)))
    assert found.fit.area_variance == 0
    assert found.estimates.estimate == pytest.approx([3, 3, 3])
    # The mean of three varies by 1/3; the variance of areas might still be there: twice 2/3.
    assert found.estimates.mse == pytest.approx([5 / 3] * 3)
    assert "estimated variance between areas is zero" in found.fit.notes[0]
    assert small_area_table(found.estimates)["is_synthetic"].to_pylist() == [True] * 3


def test_the_adjusted_likelihood_never_finds_zero():
    found = fay_herriot(areas((2.9, 3, 3.1)), method="adjusted_reml")
    assert found.fit.area_variance > 0
    assert found.fit.notes == ()
    assert np.all((found.estimates.kept > 0) & (found.estimates.kept < 1))


def test_a_given_variance_of_areas_is_taken():
    found = fay_herriot(areas(THREE), area_variance=1.0)
    assert found.estimates.estimate == pytest.approx([2, 2.5, 4.5])


def test_coefficients_have_standard_errors_and_likelihoods_count_them():
    found = fay_herriot(areas(THREE))
    (row,) = coefficient_table(found.fit).to_pylist()
    # The mean of three with variance 7: root of 7/3.
    assert row["estimate"] == pytest.approx(3)
    assert row["standard_error"] == pytest.approx(math.sqrt(7 / 3))
    # Three times the logarithm of 2·pi·7, and squares 14 / 7.
    likelihood = -0.5 * (3 * math.log(2 * math.pi * 7) + 2)
    assert found.fit.log_likelihood == pytest.approx(likelihood)
    assert found.fit.aic == pytest.approx(-2 * likelihood + 2 * 2)
    assert found.fit.bic == pytest.approx(-2 * likelihood + 2 * math.log(3))


def test_residuals_are_measured_by_what_the_regression_leaves_them():
    found = fay_herriot(areas(THREE)).estimates
    # Each has the variance 7 - 7/3.
    assert found.residuals == pytest.approx(np.array([-2, -1, 3]) / math.sqrt(14 / 3))


def test_an_interval_from_three_areas_is_longer_than_one_from_many():
    few = fay_herriot(areas(THREE)).estimates
    assert (few.upper - few.lower) / 2 == pytest.approx(
        # 23/21 squared, twice, by (1/7)⁴ · 98/3 are some 176 degrees of freedom: Student's 1.97353.
        [1.97353 * math.sqrt(23 / 21)] * 3, rel=1e-4,
    )  # fmt: skip


def test_a_logarithm_comes_back_as_the_mean_of_what_the_area_may_be():
    amounts = np.exp(np.array(THREE, float))
    found = fay_herriot(areas(amounts, amounts**2), transformation="log")
    # On the logarithms it is the example above: 9/7, of which 6/7 is not known: exp(9/7 + 3/7).
    assert found.estimates.estimate[0] == pytest.approx(math.exp(12 / 7))
    # The square of a lognormal around it: exp(18/7) ((e^{3/7} - e^{23/42})² + e^{23/21} (e^{23/21} - 1)).
    grown = math.exp(23 / 21)
    off = (math.exp(3 / 7) - math.exp(23 / 42)) ** 2
    assert found.estimates.mse[0] == pytest.approx(math.exp(18 / 7) * (off + grown * (grown - 1)))
    assert found.estimates.lower[0] > 0


def test_shares_stay_between_nothing_and_all():
    found = fay_herriot(
        areas((0.0, 0.02, 0.1, 0.9, 1.0), effective_size=(25, 25, 25, 25, 25)), transformation="arcsine"
    ).estimates
    assert np.all((found.lower >= 0) & (found.lower <= found.estimate))
    assert np.all((found.upper <= 1) & (found.upper >= found.estimate))


def test_a_share_far_from_its_ends_comes_back_by_the_closed_form():
    # Where the area is known but for v, the mean of sin² is (1 - exp(-2v) cos 2t) / 2.
    data = areas((0.3, 0.5, 0.7), effective_size=(100, 100, 100))
    found = fay_herriot(data, transformation="arcsine", area_variance=0.0025)
    # Variances 1/400 = 0.0025: half is kept, v = 0.00125; the middle one is at a quarter of pi.
    assert found.estimates.estimate[1] == pytest.approx(0.5)
    first = (math.asin(math.sqrt(0.3)) + math.pi / 4) / 2
    by_hand = (1 - math.exp(-2 * 0.00125) * math.cos(2 * first)) / 2
    assert found.estimates.estimate[0] == pytest.approx(by_hand, rel=1e-12)


def test_the_variance_of_a_share_serves_where_no_effective_size_is_given():
    shares, sizes = (0.3, 0.5, 0.7), (100.0, 80.0, 60.0)
    variances = [p * (1 - p) / n for p, n in zip(shares, sizes, strict=True)]
    by_variance = fay_herriot(areas(shares, variances), transformation="arcsine")
    by_size = fay_herriot(areas(shares, effective_size=sizes), transformation="arcsine")
    assert by_variance.estimates.estimate == pytest.approx(by_size.estimates.estimate)


def test_a_bootstrap_gives_the_same_errors_for_the_same_seed():
    data = areas((1, 2, 6, 4, NAN, 8), (1, 2, 1, 2, NAN, 1))
    first = fay_herriot(data, bootstrap=Bootstrap(50, 3)).estimates
    again = fay_herriot(data, bootstrap=Bootstrap(50, 3)).estimates
    other = fay_herriot(data, bootstrap=Bootstrap(50, 4)).estimates
    assert list(first.mse) == list(again.mse)
    assert list(first.mse) != list(other.mse)
    assert list(first.estimate) == list(other.estimate)


# Units 0 2 | 4 6 | 11 13: means 1, 5, 12 around 6; squares within 6, between 2 (25 + 1 + 36) = 124.
SIX = ((0, 2), (4, 6), (11, 13))


@pytest.mark.parametrize("method", ["reml", "fitting_of_constants"])
def test_balanced_units_split_their_variance_as_an_analysis_of_variance_does(method):
    found = nested_error(units(SIX), everywhere(3), ONE, method=method)
    # Within 6 / 3 = 2; between 124 / 2 = 62 = 2 + 2 · 30.
    assert [found.fit.unit_variance, found.fit.area_variance] == pytest.approx([2, 30])
    # 30 / (30 + 2/2) is kept: 6 - 5 · 30/31, 6 - 30/31, 6 + 6 · 30/31.
    assert found.estimates.kept == pytest.approx([30 / 31] * 3)
    assert found.estimates.estimate == pytest.approx([36 / 31, 156 / 31, 366 / 31])


def test_errors_from_units_have_three_parts():
    found = nested_error(units(SIX), everywhere(3), ONE).estimates
    # Known 30/31 = 90/93; the mean (1/31)² · 31/3 = 1/93; variances: of units 8/3, of areas 1924/3, both
    # -4/3, together 4 · 1924/3 + 900 · 8/3 + 160 = 15376/3, by 4 · 31³: 4/93, twice. 99/93.
    assert found.mse == pytest.approx([33 / 31] * 3)


def test_maximum_likelihood_divides_by_all_areas():
    found = nested_error(units(SIX), everywhere(3), ONE, method="ml")
    # 124 / 3 = 2 + 2 · 59/3.
    assert [found.fit.unit_variance, found.fit.area_variance] == pytest.approx([2, 59 / 3])


def test_an_area_without_units_has_the_mean_and_the_variance_of_areas():
    found = nested_error(units(SIX, areas_in_all=4), everywhere(4), ONE).estimates
    assert found.estimate[3] == pytest.approx(6)
    assert found.mse[3] == pytest.approx(30 + 31 / 3)
    assert [row["method"] for row in small_area_table(found).to_pylist()] == ["EBU", "EBU", "EBU", "SYN"]


def test_sampled_units_stand_for_themselves_in_a_small_area():
    found = nested_error(units(SIX), everywhere(3, np.array([4.0, 2.0, 4.0])), ONE).estimates
    # Half the first area is sampled with mean 1, the other half is predicted as 36/31.
    assert found.estimate[0] == pytest.approx((1 + 36 / 31) / 2)
    # A quarter of 33/31, and two units of four that nobody saw: 2/16 of their variance 2.
    assert found.mse[0] == pytest.approx(33 / 124 + 1 / 4)
    # The second area is sampled whole.
    assert found.estimate[1] == pytest.approx(5)
    assert found.mse[1] == pytest.approx(0, abs=1e-12)


def test_equal_survey_weights_change_nothing():
    plain = nested_error(units(SIX), everywhere(3), ONE).estimates
    heavy = nested_error(units(SIX, [(7, 7)] * 3), everywhere(3), ONE).estimates
    assert heavy.estimate == pytest.approx(plain.estimate)
    assert heavy.mse == pytest.approx(plain.mse)
    assert small_area_table(heavy)["method"].to_pylist() == ["EBW"] * 3


def test_survey_weights_move_an_area_towards_its_heavy_unit():
    found = nested_error(units(SIX, [(3, 1), (1, 1), (1, 1)]), everywhere(3), ONE).estimates
    # Weighted mean 0.5; relative weights 3/4 and 1/4, squares 10/16: 30 / (30 + 2 · 10/16) is kept.
    assert found.kept[0] == pytest.approx(30 / 31.25)
    assert found.estimate[0] < nested_error(units(SIX), everywhere(3), ONE).estimates.estimate[0]


def test_units_as_alike_between_areas_as_within_leave_zero():
    found = nested_error(units(((0, 2), (2, 0), (1, 1.5))), everywhere(3), ONE)
    assert found.fit.area_variance == 0
    assert "no more alike" in found.fit.notes[0]
    assert set(found.estimates.kept) == {0}


def known(estimate, mse) -> AreaEstimates:
    """Estimates whose errors are independent."""
    size, nothing = len(estimate), np.full(len(estimate), NAN)
    values, errors = np.array(estimate, float), np.array(mse, float)
    structure = ErrorStructure(errors, np.zeros((size, 1)), np.zeros((1, 1)), nothing)
    half = 2 * np.sqrt(errors)
    return AreaEstimates(
        tuple("abcdefghij"[:size]), nothing, nothing, values, errors, values - half, values + half,
        np.full(size, 0.5), nothing, structure, "area",
    )  # fmt: skip


# 10 + 2 · 20 = 50 are to be 60.
TWO = known((10, 20), (1, 4))
WEIGHTS = np.array([1.0, 2.0])
SIXTY = given_level("_T", ["_T", "_T"], {"_T": 60})


@pytest.mark.parametrize(
    ("method", "estimates"),
    [
        ("ratio", [12, 24]),  # both six fifths
        ("difference", [10 + 10 / 3, 20 + 10 / 3]),  # ten by the weights 1 + 2
        ("optimal", [10 + 10 / 17, 20 + 80 / 17]),  # ten by 1 · 1 · 1 + 2 · 2 · 4 = 17, times 1 and 8
    ],
)
def test_what_is_missing_to_a_total_is_spread_over_areas(method, estimates):
    found = benchmarked(TWO, WEIGHTS, [SIXTY], method=method)
    assert found.estimate == pytest.approx(estimates)
    assert found.estimate @ WEIGHTS == pytest.approx(60)
    assert [found.before[0], found.total[0]] == pytest.approx([50, 60])


def test_a_true_total_makes_errors_smaller():
    found = benchmarked(TWO, WEIGHTS, [SIXTY], method="difference")
    # Errors e and f become e - (e + 2f)/3 and f - (e + 2f)/3: 4/9 · 1 + 4/9 · 4, and 1/9 · 1 + 1/9 · 4.
    assert found.mse == pytest.approx([20 / 9, 5 / 9])
    # An interval of twice the root of 4 becomes one of twice the root of 5/9.
    assert found.upper[1] - found.lower[1] == pytest.approx(4 * math.sqrt(5 / 9))


def test_the_error_of_a_given_total_is_added():
    level = given_level("_T", ["_T", "_T"], {"_T": 60}, {"_T": 18})
    found = benchmarked(TWO, WEIGHTS, [level], method="difference")
    assert found.mse == pytest.approx([20 / 9 + 2, 5 / 9 + 2])


def test_direct_totals_are_weighted_sums_of_direct_estimates():
    found = fay_herriot(areas(THREE)).estimates
    level = direct_level("region", ["n", "n", "s"], found, np.array([1.0, 2.0, 1.0]))
    assert level.groups == ("n", "s")
    assert level.totals == pytest.approx([1 + 2 * 2, 6])
    made = benchmarked(found, np.array([1.0, 2.0, 1.0]), [level])
    assert made.estimate[0] + 2 * made.estimate[1] == pytest.approx(5)
    assert made.estimate[2] == pytest.approx(6)


def test_adding_up_to_the_sum_of_direct_estimates_has_its_price():
    found = fay_herriot(areas(THREE), area_variance=6.0).estimates
    level = direct_level("region", ["n", "n", "s"], found, np.ones(3))
    made = benchmarked(found, np.ones(3), [level], method="difference")
    # The third area is its direct estimate again: known to 1/7 less 1/49 · 7/3 worse than 6/7 + … was.
    gap = 1 / 7 - 1 / 21
    assert made.mse[2] == pytest.approx(found.mse[2] + gap)
    # Two areas share theirs: the variance of the sum is 2/7 - 4/21, of which a quarter falls on each.
    assert made.mse[:2] == pytest.approx(found.mse[:2] + (2 / 7 - 4 / 21) / 4)


def test_totals_of_regions_and_country_hold_at_once():
    three = known((10, 20, 30), (1, 2, 3))
    country = given_level("_T", ["_T"] * 3, {"_T": 66})
    regions = given_level("region", ["n", "n", "s"], {"n": 33, "s": 33})
    found = benchmarked(three, np.ones(3), [country, regions])
    assert found.estimate == pytest.approx([11, 22, 33])
    assert list(zip(found.level, found.group, strict=True)) == [
        ("_T", "_T"),
        ("region", "n"),
        ("region", "s"),
    ]
    alone = benchmarked(three, np.ones(3), [regions])
    assert found.mse == pytest.approx(alone.mse)


def test_crossing_levels_hold_at_once():
    four = known((1, 2, 3, 4), (1, 1, 1, 1))
    rows = given_level("row", ["u", "u", "d", "d"], {"u": 4, "d": 8})
    columns = given_level("column", ["l", "r", "l", "r"], {"l": 5, "r": 7})
    found = benchmarked(four, np.ones(4), [rows, columns], method="difference")
    assert [found.estimate[0] + found.estimate[1], found.estimate[0] + found.estimate[2]] == pytest.approx(
        [4, 5]
    )


def refused(match, error=DataRefused):
    return pytest.raises(error, match=match)


def test_totals_that_do_not_add_up_are_named():
    regions = given_level("region", ["n", "s"], {"n": 20, "s": 39})
    with refused("level region within _T add up to 59; the level _T says 60"):
        benchmarked(TWO, WEIGHTS, [SIXTY, regions])


def test_crossing_totals_of_two_sizes_are_named():
    four = known((1, 2, 3, 4), (1, 1, 1, 1))
    rows = given_level("row", ["u", "u", "d", "d"], {"u": 4, "d": 8})
    columns = given_level("column", ["l", "r", "l", "r"], {"l": 5, "r": 8})
    with refused("level row add up to 12, those of column to 13"):
        benchmarked(four, np.ones(4), [rows, columns])


def test_a_ratio_of_nothing_reaches_no_total():
    with refused("group _T of the level _T cannot be made to add up to 60: it reaches 0"):
        benchmarked(known((0, 0), (1, 1)), WEIGHTS, [SIXTY])
    assert benchmarked(known((0, 0), (1, 1)), WEIGHTS, [SIXTY], method="difference").estimate @ WEIGHTS == 60


def test_a_group_without_a_total_and_a_total_without_areas_are_named():
    with refused("group s of the level region has areas and no total"):
        given_level("region", ["n", "s"], {"n": 20})
    with refused("total of w, level region, has no area"):
        given_level("region", ["n", "s"], {"n": 20, "s": 40, "w": 1})


def test_a_direct_total_needs_a_direct_estimate_of_every_area():
    found = fay_herriot(areas((*THREE, NAN), (1, 1, 1, NAN))).estimates
    with refused("area d has no direct estimate, so that the group s of the level region"):
        direct_level("region", ["n", "n", "s", "s"], found, np.ones(4))
    assert direct_level("region", ["n", "n", "s", "s"], found, np.array([1.0, 1, 1, 0])).totals[1] == 6


def test_a_weight_below_zero_or_unknown_is_named():
    for weight in (-1.0, NAN):
        with refused("area b has no weight"):
            benchmarked(TWO, np.array([1.0, weight]), [SIXTY])


def test_a_variance_function_that_holds_exactly_gives_the_variances_back():
    sizes = np.array([10.0, 20, 40, 80, 50])
    variances = np.array([0.4, 0.2, 0.1, 0.05, 0.0])  # 4 by the size; of the last nothing is known
    found = smoothed_variances(tuple("abcde"), np.ones(5), variances, sizes)
    assert found.coefficients == pytest.approx([math.log(4), -1])
    assert found.factor == pytest.approx(1)
    assert found.variance == pytest.approx([0.4, 0.2, 0.1, 0.05, 0.08])
    assert found.explained == pytest.approx(1)


def test_only_variances_that_cannot_be_used_are_replaced_when_asked():
    sizes, variances = np.array([10.0, 20, 40, 80, 50]), np.array([0.5, 0.2, 0.1, 0.05, NAN])
    found = smoothed_variances(tuple("abcde"), np.ones(5), variances, sizes, only_unusable=True)
    assert list(found.variance[:4]) == [0.5, 0.2, 0.1, 0.05]
    assert list(found.is_smoothed) == [False] * 4 + [True]
    model = fay_herriot(AreaData(tuple("abcde"), np.arange(5.0), found.variance, np.ones((5, 1)), ONE))
    rows = small_area_table(model.estimates, direct_variance=variances, smoothed=found).to_pylist()
    assert [rows[4]["is_smoothed"], rows[4]["direct_variance"]] == [True, None]
    assert rows[4]["variance_used"] == pytest.approx(found.variance[4])


def test_smoothing_needs_sizes_and_variances():
    with refused("area b has a direct estimate and no sample size"):
        smoothed_variances(tuple("abc"), np.ones(3), np.ones(3), np.array([1.0, NAN, 2]))
    with refused("Only 3 areas have a variance above zero"):
        smoothed_variances(tuple("abcd"), np.ones(4), np.array([1.0, 2, 3, 0]), np.arange(1.0, 5))
    with refused("area c has no number for income"):
        smoothed_variances(
            tuple("abc"), np.ones(3), np.ones(3), np.ones(3), more={"income": np.array([1, 2, NAN])}
        )


def test_diagnostics_tell_what_speaks_against_a_model():
    found = diagnostics(fay_herriot(areas((1, 2, 6, NAN), (1, 1, 1, NAN))).estimates)
    assert [found.areas, found.areas_with_sample] == [4, 3]
    assert found.largest_residual_area == "c"
    # Direct intervals reach 1.96 to either side; estimates are 2/7, 1/7 and 3/7 away.
    assert found.within_direct == 1
    # Direct estimates lie 7/6 as far from their mean as estimates do.
    assert [found.slope, found.intercept] == pytest.approx([7 / 6, 3 - 3 * 7 / 6])


def test_diagnostics_of_one_area_say_nothing_that_one_area_cannot_tell():
    single = known((5,), (1,))
    found = diagnostics(single)
    assert [found.normality, found.slope, found.within_direct, found.largest_residual] == [None] * 4
    assert found.cv_median == pytest.approx(0.2)


@pytest.mark.parametrize("variance", [0.0, -1.0, NAN])
def test_a_direct_estimate_without_a_variance_is_refused(variance):
    with refused("area b has a direct estimate whose variance is not above zero"):
        fay_herriot(areas(THREE, (1, variance, 1)))


def test_variances_too_far_apart_for_numbers_are_refused():
    with refused("direct variance of the area b is 1e-20, the largest is 1"):
        fay_herriot(areas(THREE, (1, 1e-20, 1)))
    with refused("numbers do not hold both"):
        fay_herriot(areas(THREE, 1e200))


@pytest.mark.parametrize("method", ["reml", "ml", "fay_herriot", "prasad_rao", "adjusted_reml"])
@pytest.mark.parametrize(
    "direct", [(1, 2, 6, 3, 4, 9), (1, 2, 3, 4, 5, 6), (1e6 + 1, 1e6 + 2, 1e6 + 6, 1e6, 1e6, 1e6)]
)
def test_variances_far_apart_still_give_numbers(method, direct):
    design = np.column_stack([np.ones(6), np.arange(6.0)])
    for variance in ((1e-11, 1, 1, 1, 1, 1), (1, 1e-11, 1e-11, 1e-11, 0.5, 1)):
        found = fay_herriot(areas(direct, variance, design=design, names=("(intercept)", "x")), method=method)
        for numbers in (found.estimates.estimate, found.estimates.mse, found.estimates.residuals):
            assert np.isfinite(numbers).all()
        assert np.all(found.estimates.mse >= 0)


def test_covariates_that_are_missing_or_say_nothing_new_are_named():
    with refused("area b has no number for the covariate x"):
        areas(THREE, design=[[1, 2], [1, NAN], [1, 3]], names=("(intercept)", "x"))
    design = [[1, 2, 4], [1, 3, 6], [1, 5, 10], [1, 9, 18]]
    with refused("covariate (x|twice) tells nothing that the others do not tell"):
        fay_herriot(areas((1, 2, 6, 3), design=design, names=("(intercept)", "x", "twice")))


def test_there_must_be_more_areas_than_coefficients():
    with refused("1 areas have a direct estimate, and the model has 1 coefficients"):
        fay_herriot(areas((1, NAN), (1, NAN)))
    with refused("0 areas have a direct estimate"):
        fay_herriot(areas((NAN, NAN), NAN))


def test_an_area_that_occurs_twice_is_refused():
    with refused("An area occurs twice"):
        AreaData(("a", "a"), np.ones(2), np.ones(2), np.ones((2, 1)), ONE)


def test_estimates_without_a_place_on_the_scale_are_refused():
    with refused("area a is not above zero, and has no logarithm"):
        fay_herriot(areas((0, 2, 6)), transformation="log")
    with refused("area c is no share between 0 and 1"):
        fay_herriot(areas((0.1, 0.2, 6)), transformation="arcsine")
    with refused("area b is a share of 0 or 1"):
        fay_herriot(areas((0.1, 0, 0.6)), transformation="arcsine")
    with refused("area b has no effective sample size"):
        fay_herriot(areas((0.1, 0, 0.6), effective_size=(9, 0, 9)), transformation="arcsine")


def test_unknown_methods_are_refused():
    with refused("no such method", ProjectError):
        fay_herriot(areas(THREE), method="guess")
    with refused("no method guess", ProjectError):
        nested_error(units(SIX), everywhere(3), ONE, method="guess")
    with refused("at least 2 replicates", ProjectError):
        Bootstrap(1)


def test_one_unit_in_each_area_cannot_tell_areas_from_units():
    with refused("3 units in 3 areas leave no degree of freedom within areas"):
        nested_error(units(((0,), (4,), (11,))), everywhere(3), ONE)


def test_one_area_cannot_tell_how_areas_vary():
    with refused("1 areas have a sample, too few for 1 coefficients"):
        nested_error(units(((0, 2, 3),)), everywhere(1), ONE)


def test_units_without_spread_within_areas_are_refused():
    with refused("without error"):
        nested_error(units(((1, 1), (2, 2), (3, 3))), everywhere(3), ONE)


def test_missing_and_impossible_units_are_counted_not_shown():
    with refused("1 units have no number for the outcome"):
        units(((0, NAN), (4, 6)))
    with refused("1 units have no number for the weight"):
        units(SIX, [(1, NAN), (1, 1), (1, 1)])
    with refused("2 units have a weight that is not above zero"):
        units(SIX, [(1, 0), (1, -1), (1, 1)])


def test_populations_that_do_not_fit_their_samples_are_named():
    with refused("area b has fewer units in the population than in the sample"):
        nested_error(units(SIX), everywhere(3, np.array([4.0, 1.0, 4.0])), ONE)
    with refused("population mean of \\(intercept\\) in the area a is not known"):
        nested_error(units(SIX), Population(tuple("abc"), np.full((3, 1), NAN)), ONE)


def test_survey_weights_go_with_neither_sizes_nor_a_bootstrap():
    heavy = units(SIX, [(1, 2)] * 3)
    with refused("not found by a bootstrap", ProjectError):
        nested_error(heavy, everywhere(3), ONE, bootstrap=Bootstrap(9))
    with refused("do not stand for themselves", ProjectError):
        nested_error(heavy, everywhere(3, np.full(3, 9.0)), ONE)
