"""Non-response by hand: who stands for whom, which classes are collapsed, what propensities are made into."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.statistics.weighting import (
    CollapseStep,
    Outcomes,
    Propensity,
    WeightingClasses,
    adjusted_by_propensity,
    adjusted_for_nonresponse,
    adjusted_replicates,
    propensity_replicates,
)

OUTCOMES = Outcomes("outcome", ("yes",), ("no",), ("empty",), ("unknown",))


def sample(*rows: tuple) -> pa.Table:
    """Records of (region, age, outcome, weight), each with so many copies."""
    names = ["region", "age", "outcome", "w"]
    listed = [row[:4] for row in rows for _ in range(row[4] if len(row) > 4 else 1)]
    return pa.table(dict(zip(names, zip(*listed, strict=True), strict=True)))


def classes(*columns: str, collapse=(), least=1, most=10.0) -> WeightingClasses:
    return WeightingClasses(columns, tuple(collapse), least, most)


def test_respondents_stand_for_the_others_of_their_class():
    records = sample(
        ("north", "old", "yes", 10.0, 3), ("north", "old", "no", 10.0), ("south", "old", "yes", 5.0),
        ("south", "old", "no", 20.0),
    )  # fmt: skip
    found = adjusted_for_nonresponse(records, OUTCOMES, classes("region"), weight="w")
    # North 40/30, south 25/5.
    assert found.weights["weight"].to_pylist() == pytest.approx([40 / 3] * 3 + [0, 25, 0])
    assert found.classes.select(["class", "respondents", "nonrespondents", "factor"]).to_pylist() == [
        {"class": "region north", "respondents": 3, "nonrespondents": 1, "factor": pytest.approx(4 / 3)},
        {"class": "region south", "respondents": 1, "nonrespondents": 1, "factor": 5.0},
    ]
    assert len(found.collapsed) == 0


def test_undecided_people_are_first_taken_up_by_all_whose_eligibility_is_known():
    # 100 in all, 80 of them known: a factor of 1.25. Of 60 eligible 40 answered: 1.5 more.
    records = sample(
        ("north", "old", "yes", 40.0), ("north", "old", "no", 20.0), ("north", "old", "empty", 20.0),
        ("north", "old", "unknown", 20.0),
    )  # fmt: skip
    found = adjusted_for_nonresponse(records, OUTCOMES, classes("region"), weight="w")
    assert found.weights["weight"].to_pylist() == pytest.approx([75, 0, 25, 0])
    assert found.classes["factor_of_known"].to_pylist() == [1.25]


def test_a_class_with_few_respondents_becomes_one_with_those_that_differ_in_the_first_step():
    records = sample(
        ("north", "young", "yes", 1.0), ("north", "young", "no", 1.0), ("north", "old", "yes", 1.0, 3),
        ("south", "young", "yes", 1.0, 2), ("south", "old", "yes", 1.0, 2), ("south", "old", "no", 1.0, 2),
    )  # fmt: skip
    rule = classes("region", "age", collapse=[CollapseStep("age")], least=2)
    found = adjusted_for_nonresponse(records, OUTCOMES, rule, weight="w")
    # The young of the north are one of two: the north becomes one class, 5/4. In the south the old are 4/2.
    assert found.weights["weight"].to_pylist() == pytest.approx([1.25, 0, 1.25, 1.25, 1.25, 1, 1, 2, 2, 0, 0])
    assert found.collapsed.to_pylist() == [
        {
            "class": "region north, age young", "respondents": 1, "factor": 2.0, "became": "region north",
        }
    ]  # fmt: skip
    assert found.classes["class"].to_pylist() == [
        "region south, age old",
        "region south, age young",
        "region north",
    ]
    assert found.classes["steps"].to_pylist() == [0, 0, 1]


def test_a_step_can_merge_codes_and_a_class_that_still_will_not_do_goes_on():
    records = sample(
        ("north", "15", "no", 1.0), ("north", "25", "yes", 1.0), ("north", "65", "yes", 1.0, 4),
        ("south", "15", "no", 1.0), ("south", "25", "yes", 1.0, 3), ("south", "65", "yes", 1.0, 2),
    )  # fmt: skip
    merged = CollapseStep("age", {"15": "15-64", "25": "15-64"})
    rule = classes("region", "age", collapse=[merged, CollapseStep("age")], least=2)
    found = adjusted_for_nonresponse(records, OUTCOMES, rule, weight="w")
    # South 15-64 has 3 respondents for 4. North 15-64 has one, and goes on to be the whole north: 6/5.
    assert found.weights["weight"].to_pylist() == pytest.approx([0, 1.2, *[1.2] * 4, 0, *[4 / 3] * 3, 1, 1])
    assert [(row["class"], row["factor"], row["became"]) for row in found.collapsed.to_pylist()] == [
        ("region north, age 15", None, "region north, age 15-64"),
        ("region north, age 25", 1.0, "region north, age 15-64"),
        ("region south, age 15", None, "region south, age 15-64"),
        ("region north, age 15-64", 2.0, "region north"),
    ]


def test_a_class_whose_factor_is_too_great_is_collapsed():
    records = sample(
        ("north", "young", "yes", 1.0), ("north", "young", "no", 3.0), ("north", "old", "yes", 4.0)
    )
    rule = classes("region", "age", collapse=[CollapseStep("age")], most=2.0)
    found = adjusted_for_nonresponse(records, OUTCOMES, rule, weight="w")
    assert found.weights["weight"].to_pylist() == pytest.approx([1.6, 0, 6.4])


def test_when_all_columns_are_left_out_everybody_is_one_class():
    records = sample(("north", "old", "no", 1.0), ("south", "old", "yes", 1.0))
    rule = classes("region", collapse=[CollapseStep("region")])
    found = adjusted_for_nonresponse(records, OUTCOMES, rule, weight="w")
    assert found.weights["weight"].to_pylist() == [0, 2]
    assert found.classes["class"].to_pylist() == ["everybody"]


def test_a_class_of_ineligible_people_alone_needs_nobody():
    records = sample(("north", "old", "empty", 3.0), ("south", "old", "yes", 1.0))
    found = adjusted_for_nonresponse(records, OUTCOMES, classes("region"), weight="w")
    assert found.weights["weight"].to_pylist() == [3, 1]


def test_a_class_that_will_not_do_after_all_steps_is_named():
    records = sample(("north", "old", "no", 1.0), ("south", "old", "yes", 1.0))
    with pytest.raises(DataRefused, match="class of region north has 0 respondents and nobody to stand"):
        adjusted_for_nonresponse(records, OUTCOMES, classes("region"), weight="w")
    with pytest.raises(DataRefused, match="1 respondents and a factor of 2; asked are 5 respondents"):
        rule = classes("region", collapse=[CollapseStep("region")], least=5)
        adjusted_for_nonresponse(records, OUTCOMES, rule, weight="w")


def test_an_unknown_code_of_a_class_is_a_class():
    records = sample((None, "old", "yes", 1.0), ("_U", "old", "no", 1.0), ("south", "old", "yes", 1.0))
    found = adjusted_for_nonresponse(records, OUTCOMES, classes("region"), weight="w")
    assert found.weights["weight"].to_pylist() == [2, 0, 1]
    assert found.classes["class"].to_pylist()[0] == "region _U"


def test_replicates_have_factors_of_their_own_in_the_same_classes():
    records = sample(("north", "old", "yes", 1.0, 2), ("north", "old", "no", 1.0))
    records = records.append_column("r1", pa.array([2.0, 0.0, 4.0]))
    records = records.append_column("r2", pa.array([0.0, 0.0, 1.0]))
    found = adjusted_for_nonresponse(records, OUTCOMES, classes("region"), weight="w")
    assert adjusted_replicates(records, found, ["r1"])["r1"].to_pylist() == pytest.approx([6, 0, 0])
    with pytest.raises(DataRefused, match="In the replicate r2 nobody answered in the class region north"):
        adjusted_replicates(records, found, ["r2"])


@pytest.mark.parametrize(
    ("outcome", "message"),
    [("refused", "codes that are not declared: refused"), (None, "empty in 1 records")],
)
def test_outcomes_that_nobody_declared_are_refused(outcome, message):
    records = sample(("north", "old", "yes", 1.0), ("north", "old", outcome, 1.0))
    with pytest.raises(DataRefused, match=message):
        adjusted_for_nonresponse(records, OUTCOMES, classes("region"), weight="w")


SAMPLE = sample(
    ("north", "old", "yes", 1.0, 6), ("north", "old", "no", 1.0, 2), ("south", "old", "yes", 1.0, 2),
    ("south", "old", "no", 1.0, 6),
)  # fmt: skip


def test_propensities_of_one_column_are_its_response_rates():
    rule = Propensity(("region",), use="inverse", maximum_factor=5)
    found = adjusted_by_propensity(SAMPLE, OUTCOMES, rule, weight="w")
    # 6 of 8 and 2 of 8.
    assert found.weights["weight"].to_pylist() == pytest.approx([4 / 3] * 6 + [0, 0] + [4, 4] + [0] * 6)
    assert found.classes["greatest_factor"].to_pylist() == pytest.approx([4])


def test_strata_of_propensities_make_respondents_stand_for_all_of_their_stratum():
    rule = Propensity(("region",), strata=2, minimum_respondents=2, maximum_factor=5)
    found = adjusted_by_propensity(SAMPLE, OUTCOMES, rule, weight="w")
    assert found.weights["weight"].to_pylist() == pytest.approx([4 / 3] * 6 + [0, 0] + [4, 4] + [0] * 6)
    assert found.classes["class"].to_pylist() == [
        "propensity 0.2500 to 0.2500",
        "propensity 0.7500 to 0.7500",
    ]


def test_strata_that_will_not_do_are_joined_with_a_neighbour():
    rule = Propensity(("region",), strata=2, minimum_respondents=3, maximum_factor=5)
    found = adjusted_by_propensity(SAMPLE, OUTCOMES, rule, weight="w")
    # 16 over 8.
    assert found.weights["weight"].to_pylist()[0] == pytest.approx(2)
    assert found.collapsed.to_pylist() == [
        {
            "class": "propensity 0.2500 to 0.2500", "respondents": 2, "factor": pytest.approx(4),
            "became": "propensity 0.2500 to 0.7500",
        }
    ]  # fmt: skip
    with pytest.raises(DataRefused, match="All strata together have 8 respondents"):
        adjusted_by_propensity(SAMPLE, OUTCOMES, Propensity(("region",), minimum_respondents=9), weight="w")


def test_a_number_and_columns_that_follow_from_others_do_no_harm():
    records = SAMPLE.append_column("age_again", SAMPLE["age"]).append_column("x", pa.array([1.0] * 16))
    rule = Propensity(("region", "age_again"), ("x",), use="inverse", maximum_factor=5)
    found = adjusted_by_propensity(records, OUTCOMES, rule, weight="w")
    assert found.weights["weight"].to_pylist()[8] == pytest.approx(4)
    assert list(found.details["coefficients"]) == ["intercept", "region south"]


def test_each_replicate_has_propensities_of_its_own():
    records = SAMPLE.append_column("r", pa.array([1.0] * 5 + [0.0] + [1.0] * 10))
    rule = Propensity(("region",), use="inverse", maximum_factor=5)
    found = adjusted_by_propensity(records, OUTCOMES, rule, weight="w")
    # In the north 5 of 7 are left.
    replicate = propensity_replicates(records, found, rule, ["r"])["r"].to_pylist()
    assert replicate == pytest.approx([7 / 5] * 5 + [0, 0, 0] + [4, 4] + [0] * 6)
    by_strata = Propensity(("region",), strata=2, minimum_respondents=2, maximum_factor=5)
    found = adjusted_by_propensity(records, OUTCOMES, by_strata, weight="w")
    assert propensity_replicates(records, found, by_strata, ["r"])["r"].to_pylist() == pytest.approx(
        replicate
    )


def test_ineligible_people_keep_their_weight():
    records = pa.concat_tables([SAMPLE, sample(("south", "old", "empty", 7.0))])
    rule = Propensity(("region",), use="inverse", maximum_factor=5)
    assert adjusted_by_propensity(records, OUTCOMES, rule, weight="w").weights["weight"].to_pylist()[-1] == 7


def test_columns_that_tell_without_error_who_answered_are_refused():
    records = sample(("north", "old", "yes", 1.0, 3), ("south", "old", "no", 1.0, 3))
    with pytest.raises(DataRefused, match="tells without error who answered"):
        adjusted_by_propensity(records, OUTCOMES, Propensity(("region",)), weight="w")


def test_a_factor_beyond_the_greatest_is_refused():
    with pytest.raises(DataRefused, match="greatest factor by propensity is 4, above 3"):
        adjusted_by_propensity(SAMPLE, OUTCOMES, Propensity(("region",), use="inverse"), weight="w")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Outcomes("o", ("a",), ("a",)), "declared twice"),
        (lambda: Outcomes("o", (), ("a",)), "somebody answered"),
        (lambda: WeightingClasses(()), "need columns"),
        (lambda: WeightingClasses(("a",), (CollapseStep("b"),)), "makes no classes by then"),
        (lambda: WeightingClasses(("a",), (CollapseStep("a"), CollapseStep("a"))), "makes no classes"),
        (lambda: WeightingClasses(("a",), maximum_factor=1.0), "greatest factor above one"),
        (lambda: Propensity(), "depend on no column"),
        (lambda: Propensity(("a",), use="rank"), "cannot be used"),
        (lambda: Propensity(("a",), strata=0), "need a stratum"),
        (
            lambda: adjusted_by_propensity(
                sample(("a", "b", "unknown", 1.0)), OUTCOMES, Propensity(("age",)), weight="w"
            ),
            "some outcomes are undecided",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ProjectError, match=message):
        make()
