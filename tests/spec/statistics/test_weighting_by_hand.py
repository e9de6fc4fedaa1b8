"""Weights by hand: factors that can be worked out on paper, and what every edge becomes."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.statistics.weighting import (
    Distance,
    Household,
    Limit,
    Margin,
    TrimmingRule,
    auxiliaries,
    calibrated,
    calibrated_replicates,
    calibration_residuals,
    margin_of_table,
    post_stratified,
    raked,
    scaled_to,
    trimmed,
    weight_effect,
)

SEX = Margin("sex", ("sex",), {("F",): 30, ("M",): 10})


def weights_of(found) -> list[float]:
    return found.weights["weight"].to_pylist()


def persons(**columns) -> pa.Table:
    return pa.table(columns)


def test_post_stratification_multiplies_each_category_by_one_factor():
    # F: 30 over 10 + 10; M: 10 over 20.
    found = post_stratified(persons(sex=["F", "F", "M"], w=[10, 10, 20]), SEX, weight="w")
    assert weights_of(found) == [15, 15, 10]
    assert found.weights["factor"].to_pylist() == [1.5, 1.5, 0.5]
    assert found.totals.to_pylist()[1] == {
        "margin": "sex", "category": "sex M", "respondents": 1, "total": 10.0, "before": 20.0, "after": 10.0,
        "deviation": 0.0,
    }  # fmt: skip
    assert (found.record.least_factor, found.record.greatest_factor) == (0.5, 1.5)


@pytest.mark.parametrize("kind", ["linear", "raking", "logit"])
def test_with_one_margin_every_distance_gives_the_same(kind):
    distance = Distance(kind, 0.4, 1.6) if kind == "logit" else Distance(kind)
    found = calibrated(persons(sex=["F", "F", "M"], w=[10, 10, 20]), [SEX], weight="w", distance=distance)
    assert weights_of(found) == pytest.approx([15, 15, 10], rel=1e-12)


def test_equal_weights_are_raked_to_the_products_of_the_margins():
    # 60 · 30 / 100 = 18 and so on: rows and columns stay independent.
    records = persons(row=["a", "a", "b", "b"], column=["x", "y", "x", "y"], w=[25.0] * 4)
    margins = [
        Margin("row", ("row",), {("a",): 60, ("b",): 40}),
        Margin("column", ("column",), {("x",): 30, ("y",): 70}),
    ]
    fitted = raked(records, margins, weight="w")
    assert weights_of(fitted) == pytest.approx([18, 42, 12, 28], rel=1e-12)
    by_newton = calibrated(records, margins, weight="w", distance=Distance("raking"))
    assert weights_of(by_newton) == pytest.approx([18, 42, 12, 28], rel=1e-12)


def test_linear_calibration_to_the_total_of_a_measure():
    # The factors are 1 + x·b: 1·(1 + b) + 2·(1 + 2b) = 3 + 5b = 4, so b = 0.2.
    total = Margin("x", (), {(): 4}, of="x")
    found = calibrated(persons(x=[1, 2], w=[1, 1]), [total], weight="w")
    assert weights_of(found) == pytest.approx([1.2, 1.4])


def test_a_factor_beyond_its_bound_is_cut_off_and_the_others_make_up_for_it():
    # With b = 0.16 the factors would be 1.16 and 1.32; at 1.3 the second gives 2.6, the first the other 1.2.
    total = Margin("x", (), {(): 3.8}, of="x")
    found = calibrated(
        persons(x=[1, 2], w=[1, 1]), [total], weight="w", distance=Distance("linear", upper=1.3)
    )
    assert weights_of(found) == pytest.approx([1.2, 1.3])


def test_linear_calibration_may_make_negative_weights_and_counts_them():
    # 1·(1 + b) + 5·(1 + 5b) = 6 + 26b = 0.5.
    total = Margin("x", (), {(): 0.5}, of="x")
    found = calibrated(persons(x=[1, 5], w=[1, 1]), [total], weight="w")
    assert weights_of(found) == pytest.approx([1 - 5.5 / 26, 1 - 5 * 5.5 / 26])
    assert found.record.negative_weights == 1


def test_a_measure_by_category_and_a_net_total_of_zero_can_be_reached():
    margins = [Margin("x", ("sex",), {("F",): 0, ("M",): 12}, of="x")]
    records = persons(sex=["F", "F", "M"], x=[-1.0, 2.0, 4.0], w=[1.0, 1.0, 1.0])
    # F: -1·(1 - b) + 2·(1 + 2b) = 1 + 5b = 0; M: 4·(1 + 4b) = 12.
    assert weights_of(calibrated(records, margins, weight="w")) == pytest.approx([1.2, 0.6, 3.0])


def test_a_record_of_greater_variance_moves_less():
    # Factors 1 + x·b/v with v = 1 and 2: (1 + b) + (1 + b/2) = 5, so b = 2.
    total = Margin("x", (), {(): 5}, of="x")
    records = persons(x=[1, 1], w=[1, 1], v=[1.0, 2.0])
    assert weights_of(calibrated(records, [total], weight="w", variance="v")) == pytest.approx([3, 2])


def test_members_of_a_household_get_one_weight():
    # The M is in the household of two: 12 = 10·1.2. That gives 12 of the F; the other gives 25 - 12.
    records = persons(sex=["F", "M", "F"], home=["a", "a", "b"], w=[10, 10, 10])
    margin = Margin("sex", ("sex",), {("F",): 25, ("M",): 12})
    for distance in ("household", "members"):
        found = calibrated(records, [margin], weight="w", household=Household("home", distance))
        assert weights_of(found) == pytest.approx([12, 12, 13])


def test_a_household_moves_as_if_it_were_one_unit_or_as_many_as_its_members():
    # Persons: 2 in the first household, 1 in the other, 20 + 10 before, 33 after.
    # One unit: 20·(1 + 2b) + 10·(1 + b) = 30 + 50b, b = 0.06. Members: all by one factor, 1.1.
    records = persons(home=["a", "a", "b"], w=[10, 10, 10])
    margin = Margin("all", (), {(): 33})
    once = calibrated(records, [margin], weight="w", household=Household("home"))
    assert weights_of(once) == pytest.approx([11.2, 11.2, 10.6])
    by_member = calibrated(records, [margin], weight="w", household=Household("home", "members"))
    assert weights_of(by_member) == pytest.approx([11, 11, 11])


def test_unknown_codes_and_totals_are_spread_in_proportion_to_the_known_totals():
    # 10 unknown persons of the margin are 6 F and 4 M; an unknown record counts 0.6 as F and 0.4 as M.
    margin = Margin("sex", ("sex",), {("F",): 60, ("M",): 40, ("_U",): 10}, unknown="spread")
    assert margin.known_totals == pytest.approx({("F",): 66, ("M",): 44})
    records = persons(sex=["F", "M", None, "_U"], w=[40.0, 20.0, 10.0, 10.0])
    found = calibrated(records, [margin], weight="w", distance=Distance("raking"))
    f, m, u, other = weights_of(found)
    assert u == pytest.approx(other)
    assert [f + 0.6 * 2 * u, m + 0.4 * 2 * u] == pytest.approx([66, 44])
    by_category = post_stratified(records, margin, weight="w")
    assert weights_of(by_category) == weights_of(calibrated(records, [margin], weight="w"))


def test_a_partly_unknown_crossing_is_spread_over_what_it_may_be():
    totals = {("F", "young"): 10, ("F", "old"): 30, ("M", "young"): 20, ("M", "old"): 40}
    margin = Margin("sex_age", ("sex", "age"), totals, unknown="spread")
    given = auxiliaries(persons(sex=["F"], age=[None]), [margin])
    assert dict(zip(given.names, given.matrix.toarray()[0], strict=True)) == pytest.approx(
        {
            "sex_age: sex F, age old": 0.75,
            "sex_age: sex F, age young": 0.25,
            "sex_age: sex M, age old": 0.0,
            "sex_age: sex M, age young": 0.0,
        }
    )


def test_unknown_may_be_a_category_with_a_total_of_its_own():
    margin = Margin("sex", ("sex",), {("F",): 30, ("M",): 10, ("_U",): 5}, unknown="category")
    records = persons(sex=["F", "M", None], w=[10, 10, 10])
    assert weights_of(calibrated(records, [margin], weight="w")) == pytest.approx([30, 10, 5])


def test_records_of_weight_zero_keep_it():
    records = persons(sex=["F", "F", "M"], w=[10, 0, 20])
    found = calibrated(records, [SEX], weight="w")
    assert weights_of(found) == pytest.approx([30, 0, 10])
    assert found.totals["respondents"].to_pylist() == [1, 1]


def test_one_record_alone_takes_the_whole_total():
    assert weights_of(calibrated(persons(w=[4.0]), [Margin("all", (), {(): 10})], weight="w")) == [10.0]


def test_a_category_without_records_and_with_a_total_of_zero_is_left_alone():
    margin = Margin("sex", ("sex",), {("F",): 30, ("M",): 10, ("X",): 0})
    found = calibrated(persons(sex=["F", "M"], w=[10, 10]), [margin], weight="w")
    assert weights_of(found) == pytest.approx([30, 10])
    assert found.totals["respondents"].to_pylist() == [1, 1, 0]


def test_a_finer_table_can_serve_as_a_margin():
    table = pa.table({"sex": ["F", "F", "M"], "age": ["young", "old", "old"], "total": [10, 20, 10]})
    assert margin_of_table(table, "sex", ["sex"], adds_up=True).totals == SEX.totals


def test_margins_are_scaled_to_the_sum_of_one_of_them():
    other = Margin("age", ("age",), {("young",): 30, ("old",): 50})
    measure = Margin("x", (), {(): 7}, of="x")
    scaled = scaled_to([SEX, other, measure], "sex")
    assert [margin.totals for margin in scaled] == [
        SEX.totals,
        {("young",): 15.0, ("old",): 25.0},
        measure.totals,
    ]


def test_residuals_are_what_the_margins_do_not_explain():
    # In one margin the fit is the weighted mean of the category: F (1·1 + 3·5)/4 = 4, M 7.
    records = persons(sex=["F", "F", "M"], w=[1.0, 3.0, 2.0])
    given = auxiliaries(records, [SEX])
    found = calibration_residuals([1.0, 5.0, 7.0], given, [1.0, 3.0, 2.0])
    assert found == pytest.approx([-3, 1, 0])
    # Sweeps take off the plain mean: 3 of the F.
    assert calibration_residuals([1.0, 5.0, 7.0], given, [1.0, 3.0, 2.0], regression="sweeps") == (
        pytest.approx([-2, 2, 0])
    )


def test_residuals_on_auxiliaries_that_are_given_as_numbers():
    # Through the origin: (1·1·1 + 2·2·3)/(1·1 + 2·4) = 13/9.
    found = calibration_residuals([1.0, 3.0], [[1.0], [2.0]], [1.0, 2.0])
    assert found == pytest.approx([1 - 13 / 9, 3 - 26 / 9])
    assert calibration_residuals([1.0, 3.0], [1.0, 2.0], [1.0, 2.0]) == pytest.approx(found)


def test_a_score_that_is_an_auxiliary_has_no_residual():
    records = persons(sex=["F", "F", "M"], x=[1.0, 4.0, 2.0], w=[1.0, 3.0, 2.0])
    given = auxiliaries(records, [SEX, Margin("x", (), {(): 9}, of="x")])
    scores = np.array([[1.0, 1.0, 0.0], [4.0, 1.0, 0.0], [2.0, 0.0, 1.0]])
    assert calibration_residuals(scores, given, [1.0, 3.0, 2.0]) == pytest.approx(np.zeros((3, 3)), abs=1e-12)


def test_replicates_reach_the_same_totals():
    records = persons(sex=["F", "F", "M"], w=[10, 10, 20], r1=[20.0, 0.0, 20.0], r2=[0.0, 20.0, 5.0])
    main = calibrated(records, [SEX], weight="w", distance=Distance("raking"))
    found = calibrated_replicates(records, main, ["r1", "r2"])
    assert found["r1"].to_pylist() == pytest.approx([30, 0, 10])
    assert found["r2"].to_pylist() == pytest.approx([0, 30, 10])


def test_negative_replicate_weights_can_be_calibrated_linearly():
    records = persons(sex=["F", "F", "M"], w=[10, 10, 20], r=[20.0, -5.0, 20.0])
    main = calibrated(records, [SEX], weight="w")
    assert calibrated_replicates(records, main, ["r"])["r"].to_pylist() == pytest.approx([40, -10, 10])
    by_raking = calibrated(records, [SEX], weight="w", distance=Distance("raking"))
    with pytest.raises(DataRefused, match="replicate weight r is negative in 1 records"):
        calibrated_replicates(records, by_raking, ["r"])


def test_what_is_cut_off_is_given_to_the_others_in_equal_parts():
    # 5 becomes 3; the 2 are shared by three.
    found, record = trimmed(persons(w=[1, 1, 1, 5]), TrimmingRule(upper=Limit("value", 3)), weight="w")
    assert found["weight"].to_pylist() == pytest.approx([1 + 2 / 3] * 3 + [3])
    assert (record.share_moved, record.lowered, record.raised) == (pytest.approx(0.25), 1, 0)


def test_what_is_cut_off_may_be_given_in_proportion():
    # The 3 over 6 are shared by weights that sum to 6: half as much again.
    rule = TrimmingRule(upper=Limit("value", 6), spread="proportional")
    found, _ = trimmed(persons(w=[1.0, 2.0, 3.0, 9.0]), rule, weight="w")
    assert found["weight"].to_pylist() == pytest.approx([1.5, 3, 4.5, 6])


def test_trimming_is_repeated_until_the_bounds_hold():
    # 6 becomes 4, and its 2 carry the 4 to 4.67. In the end two stand at 4 and the other 4 is shared: 2 each.
    records = persons(w=[1.0, 1.0, 4.0, 6.0])
    found, record = trimmed(records, TrimmingRule(upper=Limit("value", 4)), weight="w")
    assert found["weight"].to_pylist() == pytest.approx([2, 2, 4, 4])
    assert record.groups["rounds"].to_pylist()[0] > 2
    once, _ = trimmed(records, TrimmingRule(upper=Limit("value", 4), strict=False), weight="w")
    assert once["weight"].to_pylist() == pytest.approx([1 + 2 / 3, 1 + 2 / 3, 4 + 2 / 3, 4])


def test_bounds_can_be_multiples_of_the_median_or_quantiles_within_groups():
    records = persons(w=[1.0, 2.0, 9.0, 10.0, 20.0, 90.0], region=["a", "a", "a", "b", "b", "b"])
    rule = TrimmingRule(upper=Limit("median", 2.5), within=("region",))
    found, record = trimmed(records, rule, weight="w")
    assert record.groups["upper"].to_pylist() == [5.0, 50.0]
    assert found["weight"].to_pylist() == pytest.approx([3, 4, 5, 30, 40, 50])
    assert found["upper"].to_pylist() == [5.0] * 3 + [50.0] * 3
    # R's type 7: half of the way from 9 to 10.
    assert Limit("quantile", 0.5).of(records["w"].to_numpy()) == 9.5


def test_weights_of_zero_are_nobodys_and_negative_ones_can_be_raised():
    rule = TrimmingRule(lower=Limit("value", 1))
    found, record = trimmed(persons(w=[0.0, -1.0, 4.0, 5.0]), rule, weight="w")
    assert found["weight"].to_pylist() == pytest.approx([0, 1, 3, 4])
    assert (record.raised, found["factor"].to_pylist()[0]) == (1, 1.0)


def test_the_effect_of_unequal_weights():
    # 2·(1 + 9)/(1 + 3)² = 1.25; a weight of zero is not in it.
    assert weight_effect(np.array([1.0, 3.0, 0.0])) == pytest.approx(1.25)
    assert math.isinf(weight_effect(np.zeros(2)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Distance("logit", 0.5), "needs both bounds"),
        (lambda: Distance("linear", 1.2, 2.0), "either side of 1"),
        (lambda: Distance("hellinger"), "no distance 'hellinger'"),
        (lambda: TrimmingRule(), "needs a bound"),
        (lambda: TrimmingRule(Limit("value", 1), spread="half"), "cannot be spread"),
        (lambda: Limit("quantile", 2), "no quantile 2"),
        (lambda: Limit("mean", 2), "cannot be 'mean'"),
        (lambda: scaled_to([SEX], "age"), "no margin of persons called age"),
        (lambda: Margin("m", ("sex", "sex"), {("F", "F"): 1}), "names a column twice"),
        (lambda: Margin("m", ("sex",), {("F", "old"): 1}), "do not fit its 1 columns"),
        (lambda: Margin("m", (), {(): 1}, of="x", unknown="spread"), "cannot be spread"),
        (lambda: Margin("m", ("x",), {("1",): 1}, of="x"), "of a column and by it"),
        (lambda: Margin("m", ("sex",), {("F",): 1}, unknown="guess"), "cannot treat unknown codes"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ProjectError, match=message):
        make()


@pytest.mark.parametrize(
    ("rule", "weights", "message"),
    [
        (TrimmingRule(upper=Limit("value", 2)), [1.0, 5.0], "mean 3, and are to be at most 2"),
        (TrimmingRule(lower=Limit("value", 9)), [1.0, 5.0], "their sum would change"),
        (TrimmingRule(Limit("value", 4), Limit("value", 2)), [1.0, 5.0], "Exchange them"),
        (TrimmingRule(upper=Limit("value", 9)), [1.0, None], "empty in 1 record"),
    ],
)
def test_bounds_that_leave_no_room_are_refused(rule, weights, message):
    with pytest.raises(DataRefused, match=message):
        trimmed(persons(w=pa.array(weights, pa.float64())), rule, weight="w")
