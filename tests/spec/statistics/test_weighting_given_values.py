"""Given values and kinds of estimates by hand: classes of numbers, shares, distributions, errors."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sojourn.errors import DataRefused
from sojourn.statistics.weighting import (
    CompositeRule,
    classes_of_numbers,
    composite_estimates,
    distributions,
    estimates_by_kind,
    joint_shares,
)

RECORDS = pa.table(
    {
        "works": ["y", "y", "n", "n"],
        "pension": ["y", "n", "y", None],
        "income": [10.0, 20.0, None, 40.0],
        "w": [1.0, 2.0, 3.0, 4.0],
    }
)


def test_numbers_become_classes_from_one_cut_to_below_the_next():
    table = pa.table({"x": [9, 10, 19, 20, None]})
    expected = ["below 10", "10 to below 20", "10 to below 20", "20 and above", "_U"]
    assert classes_of_numbers(table, "x", (10, 20)).to_pylist() == expected
    assert classes_of_numbers(table, "x", (10.5,)).to_pylist()[:3] == [
        "below 10.5",
        "below 10.5",
        "10.5 and above",
    ]


@pytest.mark.parametrize(
    ("values", "message"), [(["a"], "no numbers to cut"), ([float("inf")], "not finite")]
)
def test_what_cannot_be_cut_is_refused(values, message):
    with pytest.raises(DataRefused, match=message):
        classes_of_numbers(pa.table({"x": values}), "x", (1,))


def test_joint_shares_are_parts_of_the_weight_and_the_unknown_is_a_code():
    found = joint_shares(RECORDS, "works", "pension", weight="w")
    assert found == pytest.approx({("y", "y"): 0.1, ("y", "n"): 0.2, ("n", "y"): 0.3, ("n", "_U"): 0.4})
    assert joint_shares(RECORDS, "works", "pension")["n", "_U"] == 0.25


def test_distributions_are_of_those_who_state_something():
    one = pa.table({"pension": ["y", "y"], "income": [1.0, 3.0]})
    found = distributions(one, RECORDS, codes=["pension"], numbers=["income"], donor_weight="w").to_pylist()
    # Donors: 1 + 3 of 6 have one; incomes (10 + 40 + 160)/7.
    assert found == [
        {"column": "pension", "category": "n", "donors": pytest.approx(2 / 6), "recipients": 0.0},
        {"column": "pension", "category": "y", "donors": pytest.approx(4 / 6), "recipients": 1.0},
        {"column": "income", "category": "mean", "donors": pytest.approx(30.0), "recipients": 2.0},
    ]


def test_a_column_that_nobody_states_has_no_mean():
    empty = pa.table({"income": pa.array([None], pa.float64())})
    found = distributions(empty, RECORDS, numbers=["income"]).to_pylist()[0]
    assert (found["recipients"], found["donors"]) == (None, pytest.approx(70 / 3))


def test_an_empty_file_has_no_distribution():
    with pytest.raises(DataRefused, match="no records"):
        distributions(RECORDS.slice(0, 0), RECORDS, numbers=["income"])


def estimates(**changed) -> pa.Table:
    """Three groups of ten, the last without respondents."""
    columns = {
        "group": ["a", "b", "c"], "respondents": [4, 2, 0], "population": [10.0] * 3,
        "represented": [10.0, 10.0, 0.0], "direct": [30.0, 50.0, None], "direct_variance": [4.0, 14.0, None],
        "synthetic": [35.0, 44.0, 0.0], "synthetic_variance": [1.0] * 3, "covariance": [0.5, 0.0, None],
        "estimate": [31.0, 49.0, 0.0], "variance": [9.0, 16.0, None],
        "estimate_covariance": [0.0, 0.0, None],
    }  # fmt: skip
    return pa.table(columns | changed)


RULE = CompositeRule(variances="given")


def test_every_kind_of_estimate_has_its_error_and_says_what_it_rests_on():
    rows = estimates_by_kind(estimates(), RULE).to_pylist()
    assert [(row["group"], row["estimator"]) for row in rows[:5]] == [
        ("a", "direct"), ("a", "model-assisted"), ("a", "synthetic"), ("a", "composite"), ("b", "direct"),
    ]  # fmt: skip
    # The squared bias of these is 21 (see the composite by hand): the synthetic error is the root of 1 + 21.
    assert [row["total_error"] for row in rows[:3]] == pytest.approx([2, 3, 22**0.5])
    assert [row["mean"] for row in rows[:3]] == pytest.approx([3.0, 3.1, 3.5])
    assert rows[1]["cv"] == pytest.approx(3 / 31)
    mixed = composite_estimates(estimates(), RULE).to_pylist()
    assert (rows[3]["total"], rows[3]["weight"]) == (mixed[0]["estimate"], mixed[0]["weight"])
    assert rows[3]["total_error"] == pytest.approx(mixed[0]["mse"] ** 0.5)


def test_a_silent_group_has_no_unbiased_figure_and_a_figure_of_zero_no_cv():
    rows = estimates_by_kind(estimates(), RULE).to_pylist()[8:]
    assert [row["total"] for row in rows] == [None, None, 0.0, 0.0]
    assert [row["total_error"] for row in rows] == [None, None, *[pytest.approx(22**0.5)] * 2]
    assert [row["cv"] for row in rows] == [None] * 4
    assert [row["weight"] for row in rows] == [None, None, None, 0.0]


def test_errors_say_when_they_contain_no_bias():
    found = estimates_by_kind(estimates(synthetic=[30.5, 50.0, 1.0]), RULE)
    assert set(found["error_of"].to_pylist()) == {"sampling"}
    assert found["total_error"].to_pylist()[2] == 1
    # With one group that has a variance there is no composite at all.
    lonely = estimates_by_kind(estimates(direct_variance=[4.0, None, None]), RULE)
    assert lonely["estimator"].to_pylist() == ["direct", "model-assisted", "synthetic"] * 3
    assert lonely["total_error"].to_pylist()[2] == 1
    assert set(lonely["error_of"].to_pylist()) == {"sampling"}
