"""A survey beside a register by hand: model-assisted and composite estimates, bounds of what is not known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.statistics.weighting import (
    CompositeRule,
    Margin,
    WorkingModel,
    calibrated,
    composite_estimates,
    joint_bounds,
    model_assisted,
)

SURVEY = pa.table(
    {
        "sex": ["F", "F", "M", "M"],
        "region": ["a", "b", "a", "a"],
        "y": [4.0, 6.0, 1.0, 3.0],
        "w": [10.0, 10.0, 10.0, 10.0],
    }
)
REGISTER = pa.table({"sex": ["F", "F", "M", "M"], "region": ["a", "b", "a", "b"], "people": [20, 10, 30, 5]})
BY_SEX = WorkingModel(("sex",))


def test_the_three_estimates_of_a_group():
    found = model_assisted(
        SURVEY, REGISTER, BY_SEX, measure="y", weight="w", by="region", count="people"
    ).to_pylist()
    # The model: F 5, M 2. In a it expects 20·5 + 30·2 = 160; residuals there are 10·(-1) + 10·(-1 + 1).
    assert [row["synthetic"] for row in found] == pytest.approx([160, 10 * 5 + 5 * 2])
    assert [row["estimate"] for row in found] == pytest.approx([150, 60 + 10])
    # Direct: 50 people of a mean of 8/3, 15 of a mean of 6.
    assert [row["direct"] for row in found] == pytest.approx([50 * 8 / 3, 90])
    assert [row["respondents"] for row in found] == [3, 1]
    assert [row["represented"] for row in found] == [30, 10]
    assert (found[1]["direct_variance"], found[1]["variance"]) == (None, None)
    # Residuals times weight in a: -10, 0, -10, 10. Between four units 4/3 of the squares about their mean.
    of_a = np.array([-10.0, 0, -10, 10])
    assert found[0]["variance"] == pytest.approx(4 / 3 * ((of_a - of_a.mean()) ** 2).sum())


def test_a_linear_model_of_codes_gives_the_calibrated_total():
    whole = model_assisted(SURVEY, REGISTER, BY_SEX, measure="y", weight="w", count="people").to_pylist()[0]
    margin = Margin("sex", ("sex",), {("F",): 30, ("M",): 35})
    weights = calibrated(SURVEY, [margin], weight="w").weights["weight"].to_numpy()
    assert whole["estimate"] == pytest.approx(weights @ SURVEY["y"].to_numpy())
    assert whole["group"] == "_T"


def test_a_logistic_model_expects_the_shares_of_its_categories():
    answers = SURVEY.set_column(2, "y", pa.array([1, 0, 1, 0]))
    found = model_assisted(
        answers, REGISTER, WorkingModel(("sex",), kind="logistic"), measure="y", weight="w", count="people"
    ).to_pylist()[0]
    assert found["synthetic"] == pytest.approx(0.5 * 30 + 0.5 * 35)
    assert found["estimate"] == pytest.approx(32.5)


def test_a_group_where_nobody_answered_has_a_synthetic_estimate_alone():
    register = pa.concat_tables([REGISTER, pa.table({"sex": ["F"], "region": ["c"], "people": [4]})])
    found = model_assisted(SURVEY, register, BY_SEX, measure="y", weight="w", by="region", count="people")
    row = found.to_pylist()[2]
    assert (row["group"], row["respondents"], row["direct"]) == ("c", 0, None)
    assert (row["synthetic"], row["estimate"]) == pytest.approx((20, 20))


def test_sampling_units_and_strata_make_the_variance():
    survey = SURVEY.append_column("unit", pa.array([1, 1, 2, 2])).append_column("stratum", pa.array([1] * 4))
    found = model_assisted(
        survey, REGISTER, WorkingModel(), measure="y", weight="w", count="people", stratum="stratum",
        unit="unit",
    ).to_pylist()[0]  # fmt: skip
    # The mean is 3.5: units have 10·(0.5 + 2.5) = 30 and -30; 2/1 · (30² + 30²).
    assert found["variance"] == pytest.approx(3600)


REFUSED = {
    "a group that the register lacks": (
        {"by": "region", "register": REGISTER.filter(pa.array([True, False, True, False]))},
        "1 records of the survey are of groups of region",
    ),
    "a code that no respondent has": (
        {"register": pa.concat_tables([REGISTER, pa.table({"sex": ["X"], "region": ["a"], "people": [1]})])},
        "No respondent has the code X of sex",
    ),
    "columns that follow from others": (
        {"model": WorkingModel(("sex", "again"))}, "follow from one another",
    ),
    "one unit in a stratum": ({"stratum": "region"}, "1 strata have one sampling unit"),
    "a logistic model of numbers": ({"model": WorkingModel(("sex",), kind="logistic")}, "between 0 and 1"),
    "a logistic model that tells without error": (
        {"model": WorkingModel(("sex",), kind="logistic"), "measure": "is_f"}, "without error",
    ),
    "people below none": (
        {"register": REGISTER.set_column(2, "people", pa.array([1, 1, 1, -1]))}, "fewer than no persons",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_estimated_is_refused(what):
    changed, message = REFUSED[what]
    given = {"register": REGISTER, "model": BY_SEX, "measure": "y"} | changed
    survey = SURVEY.append_column("again", SURVEY["sex"]).append_column("is_f", pa.array([1, 1, 0, 0]))
    register = given.pop("register")
    register = register.append_column("again", register["sex"])
    with pytest.raises(DataRefused, match=message):
        model_assisted(survey, register, given.pop("model"), weight="w", count="people", **given)


def groups(**changed) -> pa.Table:
    """Two groups of ten people: direct 30 and 50, synthetic 34 and 44."""
    columns = {
        "group": ["a", "b"], "respondents": [4, 2], "population": [10.0, 10.0], "direct": [30.0, 50.0],
        "direct_variance": [4.0, 8.0], "synthetic": [34.0, 44.0], "synthetic_variance": [1.0, 1.0],
        "covariance": [0.5, 0.0], "represented": [5.0, 12.0],
    }  # fmt: skip
    return pa.table(columns | changed)


def biased(**changed) -> pa.Table:
    """The same with a synthetic estimate of 35 in the first, and a direct variance of 14 in the second."""
    return groups(**({"direct_variance": [4.0, 14.0], "synthetic": [35.0, 44.0]} | changed))


def test_the_composite_of_least_error_by_hand():
    # Squared gaps are 25 and 36; without bias 4 + 1 - 1 = 4 and 14 + 1 = 15 are expected. With 21 of bias
    # squared they are what is expected: 25/(4 + 21) + 36/(15 + 21) = 2, of two groups.
    found = composite_estimates(biased(), CompositeRule(variances="given")).to_pylist()
    assert [row["bias_squared"] for row in found] == pytest.approx([21, 21])
    # Synthetic errors are 22. Weights: (22 - 0.5)/(4 + 22 - 1) and 22/36.
    weights = [0.86, 22 / 36]
    assert [row["weight"] for row in found] == pytest.approx(weights)
    assert found[0]["estimate"] == pytest.approx(0.86 * 30 + 0.14 * 35)
    # With the best weight the error is (4·22 - 0.5²)/(4 + 22 - 1), and 14·22/36, if it is known.
    assert [row["mse"] - row["weight_mse"] for row in found] == pytest.approx([87.75 / 25, 308 / 36])
    # Two groups hardly tell a bias, so that nothing better is promised than the direct estimates have.
    assert [row["mse"] for row in found] == pytest.approx([4, 14])


def test_the_error_of_an_estimated_weight_by_hand():
    # The same groups twelve times: squared gaps are expected to be 25 and 36, and the squared bias that they
    # tell varies by 2·24/(12/25 + 12/36)² = 48·(75/61)² = 72.561.
    found = composite_estimates(pa.concat_tables([biased()] * 12), CompositeRule(variances="given"))
    # Twice that, times (4 - 0.5)²/25³, and times 14²/36³: 0.113776 and 0.609653.
    expected = [2 * 48 * (75 / 61) ** 2 * 3.5**2 / 25**3, 2 * 48 * (75 / 61) ** 2 * 14**2 / 36**3]
    assert found["weight_mse"].to_pylist()[:2] == pytest.approx(expected)
    assert expected == pytest.approx([0.113776, 0.609653], abs=1e-6)
    assert found["mse"].to_pylist()[:2] == pytest.approx([3.51 + expected[0], 308 / 36 + expected[1]])


def test_direct_estimates_that_are_hardly_known_do_not_drown_the_bias_that_others_tell():
    # Two more groups have a variance of 10,000 and no gap.
    rows = [groups(group=["c", "d"], synthetic=[30.0, 50.0], direct_variance=[1e4, 1e4]), biased()]
    found = composite_estimates(pa.concat_tables(rows), CompositeRule(variances="given"))
    # 25/(4 + b) + 36/(15 + b) = 4 of four groups; a mean of squared gaps less variances would be below zero.
    bias = found["bias_squared"][0].as_py()
    assert bias > 4
    assert 25 / (4 + bias) + 36 / (15 + bias) == pytest.approx(4)


def test_gaps_that_are_certain_are_bias():
    # Nothing varies, and the gaps are 4 and 6: 16/b + 36/b = 2.
    certain = {"direct_variance": [0.0, 0.0], "synthetic_variance": [0.0, 0.0], "covariance": [0.0, 0.0]}
    found = composite_estimates(groups(**certain), CompositeRule(variances="given"))
    assert found["bias_squared"].to_pylist() == pytest.approx([26, 26])
    assert (found["weight"].to_pylist(), found["mse"].to_pylist()) == ([1, 1], [0, 0])
    agree = groups(**certain, synthetic=[30.0, 50.0])
    assert composite_estimates(agree, CompositeRule(variances="given"))["mse"].to_pylist() == [0, 0]
    # One of them certain: 16/b + 36/(9 + b) = 2.
    one = groups(direct_variance=[0.0, 8.0], synthetic_variance=[0.0, 1.0], covariance=[0.0, 0.0])
    bias = composite_estimates(one, CompositeRule(variances="given"))["bias_squared"][0].as_py()
    assert 16 / bias + 36 / (9 + bias) == pytest.approx(2)


def test_weights_that_are_not_estimated_add_no_error():
    for rule in (CompositeRule("sample_size"), CompositeRule("declared", weight=0.3)):
        assert composite_estimates(groups(), rule)["weight_mse"].to_pylist() == [0, 0]


def test_where_the_direct_estimate_is_no_less_certain_its_weight_does_not_depend_on_the_bias():
    # Variance and covariance are both 0.5: whatever the bias, all weight is on the direct estimate.
    found = composite_estimates(
        groups(direct_variance=[0.5, 8.0], covariance=[0.5, 0.0]), CompositeRule(variances="given")
    ).to_pylist()[0]
    assert (found["weight"], found["weight_mse"], found["mse"]) == pytest.approx((1, 0, 0.5))


@pytest.mark.parametrize("spread", [1.0, 2.0])
def test_composites_of_many_groups_err_as_they_say(spread):
    # True totals are zero, of one person each. Errors of 500 draws of 24 groups, known to about one in 100.
    draw = np.random.default_rng(4)
    variance = 25 / np.linspace(14, 70, 24)
    zeros = np.zeros(24)
    said, known, made = [], [], []
    for _ in range(500):
        found = composite_estimates(
            groups(
                group=[str(number) for number in range(24)], respondents=[20] * 24, population=zeros + 1,
                direct=draw.normal(0, np.sqrt(variance)), direct_variance=variance,
                synthetic=draw.normal(0, spread, 24), synthetic_variance=zeros, covariance=zeros,
                represented=zeros + 1,
            ),
            CompositeRule(variances="given"),
        )  # fmt: skip
        said.append(found["mse"].to_numpy().mean())
        known.append(said[-1] - found["weight_mse"].to_numpy().mean())
        made.append((found["estimate"].to_numpy() ** 2).mean())
    assert np.mean(said) == pytest.approx(np.mean(made), rel=0.05)
    assert np.mean(known) < 0.98 * np.mean(made)


def test_variances_of_direct_estimates_are_pooled_over_groups():
    # Of one respondent's value per head: 4/100·4 = 0.16 and 8/100·2 = 0.16, in both; so they stay.
    found = composite_estimates(groups(), CompositeRule())
    assert found["unbiased_mse"].to_pylist() == pytest.approx([4, 8])
    # 0.16 and 0.32, weighted by 4 and 2 respondents: 0.2133; over 4 and 2, times 100.
    found = composite_estimates(groups(direct_variance=[4.0, 16.0]), CompositeRule())
    assert found["unbiased_mse"].to_pylist() == pytest.approx([16 / 75 * 25, 16 / 75 * 50])


def test_variances_of_model_assisted_estimates_are_pooled_by_whom_respondents_represent():
    # 4/5²·4 = 0.64 and 8/12²·2 = 1/9, weighted by 4 and 2: 0.463; times 5²/4 and 12²/2.
    given = groups(estimate=[30.0, 50.0], variance=[4.0, 8.0], estimate_covariance=[0.5, 0.0])
    found = composite_estimates(given, CompositeRule(unbiased="model-assisted"))
    pooled = (0.64 * 4 + 2 / 9) / 6
    assert found["unbiased_mse"].to_pylist() == pytest.approx([pooled * 25 / 4, pooled * 72])


def test_weights_by_sample_size_and_declared_ones():
    by_size = composite_estimates(groups(), CompositeRule("sample_size"))
    assert by_size["weight"].to_pylist() == [0.5, 1.0]
    lower = composite_estimates(groups(), CompositeRule("sample_size", delta=0.5))
    assert lower["weight"].to_pylist() == [1.0, 1.0]
    declared = composite_estimates(groups(), CompositeRule("declared", weight={"a": 0.25, "b": 0.5}))
    assert declared["estimate"].to_pylist() == pytest.approx([33, 47])
    assert composite_estimates(groups(), CompositeRule("declared", weight=1.0))["estimate"].to_pylist() == [
        30.0,
        50.0,
    ]


def test_the_unbiased_part_can_be_model_assisted():
    model_assisted_ones = groups(
        estimate=[30.0, 50.0], variance=[4.0, 8.0], estimate_covariance=[0.5, 0.0], direct=[0.0, 0.0]
    )
    rule = CompositeRule(unbiased="model-assisted", variances="given")
    found = composite_estimates(model_assisted_ones, rule)
    assert found == composite_estimates(groups(), CompositeRule(variances="given"))


def test_a_group_without_a_direct_estimate_or_its_variance_is_synthetic():
    found = composite_estimates(
        pa.concat_tables(
            [
                groups(),
                groups(direct=pa.array([None, 9.0]), direct_variance=pa.array([None, None], pa.float64())),
            ]
        ),
        CompositeRule(),
    ).to_pylist()
    assert [row["weight"] for row in found[2:]] == [0, 0]
    assert [row["estimate"] for row in found[2:]] == [34, 44]
    assert [row["mse"] for row in found[2:]] == [row["synthetic_mse"] for row in found[2:]]


def test_estimates_that_agree_show_no_bias():
    found = composite_estimates(groups(synthetic=[30.0, 50.0]), CompositeRule(variances="given"))
    assert found["bias_squared"].to_pylist() == [0, 0]
    # (1 - 0.5)/(4 + 1 - 1).
    assert found["weight"].to_pylist()[0] == pytest.approx(0.125)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: CompositeRule("guess"), ProjectError, "cannot have a weight by"),
        (lambda: CompositeRule(unbiased="naive"), ProjectError, "no unbiased estimate"),
        (lambda: CompositeRule("declared"), ProjectError, "goes with `by: declared`"),
        (lambda: CompositeRule(weight=0.5), ProjectError, "goes with `by: declared`"),
        (lambda: CompositeRule("declared", weight=1.5), ProjectError, "between 0 and 1"),
        (lambda: CompositeRule(delta=0), ProjectError, "not above zero"),
        (lambda: CompositeRule(variances="none"), ProjectError, "Variances cannot be"),
        (lambda: WorkingModel(kind="tree"), ProjectError, "no model"),
        (
            lambda: composite_estimates(groups(), CompositeRule("declared", weight={"a": 1})),
            ProjectError,
            "No weight is declared for the group b",
        ),
        (
            lambda: composite_estimates(groups(population=[10.0, 0.0]), CompositeRule()),
            DataRefused,
            "no population",
        ),
        (
            lambda: composite_estimates(groups(direct=pa.array([None, 5.0])), CompositeRule()),
            DataRefused,
            "Fewer than two groups",
        ),
    ],
)
def test_what_makes_no_composite_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_joint_shares_of_two_files_lie_between_frechets_bounds():
    # P(worker) 0.6 in one file, P(sends money) 0.7 in the other: between 0.3 and 0.6 are both.
    first = pa.table({"works": ["y"] * 6 + ["n"] * 4})
    second = pa.table({"sends": ["y"] * 7 + ["n"] * 3})
    found = joint_bounds(first, second, shared=(), of_first="works", of_second="sends")
    both = found.cells.to_pylist()[-1]
    assert (both["works"], both["sends"]) == ("y", "y")
    assert [both[name] for name in ("lower", "upper", "independent")] == pytest.approx([0.3, 0.6, 0.42])
    assert found.uncertainty == pytest.approx(found.uncertainty_without) == pytest.approx(0.3)


def test_shared_columns_narrow_the_bounds_and_may_leave_no_doubt():
    # All F work and send; no M do: given sex there is nothing left to know.
    first = pa.table({"sex": ["F", "F", "M", "M"], "works": ["y", "y", "n", "n"]})
    second = pa.table({"sex": ["F", "M"], "sends": ["y", "n"], "w": [1.0, 1.0]})
    found = joint_bounds(
        first, second, shared=("sex",), of_first="works", of_second="sends", second_weight="w"
    )
    assert (found.uncertainty, found.uncertainty_without) == pytest.approx((0.0, 0.5))
    cells = {(row["works"], row["sends"]): row for row in found.cells.to_pylist()}
    assert (cells["y", "y"]["lower"], cells["y", "y"]["upper"]) == (0.5, 0.5)
    assert (cells["y", "n"]["lower_without"], cells["y", "n"]["upper_without"]) == (0.0, 0.5)


@pytest.mark.parametrize(("classes_of", "share"), [("first", 0.75), ("second", 0.5), ("both", 0.625)])
def test_the_shares_of_classes_are_those_of_the_file_that_is_named(classes_of, share):
    first = pa.table({"sex": ["F", "F", "F", "M"], "works": ["y", "y", "y", "n"]})
    second = pa.table({"sex": ["F", "M"], "sends": ["y", "n"]})
    found = joint_bounds(
        first, second, shared=("sex",), of_first="works", of_second="sends", classes_of=classes_of
    )
    assert found.cells.to_pylist()[-1]["lower"] == pytest.approx(share)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"classes_of": "third"}, ProjectError, "cannot be those of"),
        ({"of_second": "works"}, ProjectError, "Rename one"),
        ({"shared": ("age",)}, ProjectError, "no column age"),
        ({"second": pa.table({"sex": ["F"], "sends": ["y"]})}, DataRefused, "people in one file only.*sex M"),
        ({"second": pa.table({"sex": ["F"], "sends": ["y"]}).slice(1)}, DataRefused, "no records"),
    ],
)
def test_bounds_that_cannot_be_told_are_refused(changed, error, message):
    given = {
        "first": pa.table({"sex": ["F", "M"], "works": ["y", "n"]}),
        "second": pa.table({"sex": ["F", "M"], "sends": ["y", "n"], "works": ["y", "n"]}),
        "shared": ("sex",), "of_first": "works", "of_second": "sends",
    } | changed  # fmt: skip
    with pytest.raises(error, match=message):
        joint_bounds(given.pop("first"), given.pop("second"), **given)
