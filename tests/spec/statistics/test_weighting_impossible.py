"""Totals that no weights reach are refused by the name of what is in the way."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sojourn.errors import DataRefused, ProjectError
from sojourn.statistics.weighting import (
    Distance,
    Household,
    Margin,
    auxiliaries,
    calibrated,
    calibrated_replicates,
    calibration_residuals,
    margin_of_table,
    post_stratified,
    raked,
)

RECORDS = pa.table(
    {
        "sex": ["F", "F", "M", "M"],
        "age": ["young", "old", "young", "old"],
        "x": [1.0, 2.0, 3.0, 4.0],
        "w": [10.0, 10.0, 10.0, 10.0],
        "home": [1, 1, 2, 2],
    }
)
SEX = Margin("sex", ("sex",), {("F",): 30, ("M",): 10})
AGE = Margin("age", ("age",), {("young",): 20, ("old",): 20})


def refused(margins, records=RECORDS, **settings) -> str:
    with pytest.raises(DataRefused) as told:
        calibrated(records, margins, weight="w", **settings)
    return str(told.value)


def test_a_category_without_respondents_is_named():
    margin = Margin("sex", ("sex",), {("F",): 30, ("M",): 10, ("X",): 5})
    assert "The margin sex: sex X has a total of 5 and no respondent" in refused([margin])


def test_a_category_whose_only_respondents_have_weight_zero_is_named():
    records = RECORDS.set_column(3, "w", pa.array([10.0, 10.0, 0.0, 0.0]))
    assert "sex M has a total of 10 and no respondent with a weight" in refused([SEX], records)


def test_a_total_of_zero_with_respondents_is_named():
    margin = Margin("sex", ("sex",), {("F",): 30, ("M",): 0})
    assert "sex M has a total of zero and respondents" in refused([margin])


def test_every_impossible_category_is_told_at_once():
    margins = [
        Margin("sex", ("sex",), {("F",): 30, ("M",): 0}),
        Margin("age", ("age",), {("young",): 20, ("old",): 20, ("older",): 1}),
    ]
    told = refused(margins)
    assert "sex M" in told
    assert "age older" in told


def test_a_category_of_the_records_that_the_margin_lacks_is_named():
    margin = Margin("sex", ("sex",), {("F",): 30})
    assert "The margin sex has no total for sex M, of which there are 2 records" in refused([margin])


def test_unknown_codes_need_a_decision():
    records = RECORDS.set_column(0, "sex", pa.array(["F", None, "M", "_U"]))
    told = refused([SEX], records)
    assert "The margin sex: 2 records have an unknown or empty code" in told
    assert "Declare what `unknown` means" in told


def test_margins_that_do_not_add_up_to_the_same_are_named():
    age = Margin("age", ("age",), {("young",): 20, ("old",): 25})
    told = refused([SEX, age])
    assert "The margins sex and age contradict each other: the whole is 40 in sex and 45 in age" in told
    assert "scale one to the other" in told


def test_crossings_that_disagree_in_a_shared_column_are_named():
    both = Margin(
        "both", ("sex", "age"),
        {("F", "young"): 15, ("F", "old"): 10, ("M", "young"): 5, ("M", "old"): 10},
    )  # fmt: skip
    told = refused([both, SEX])
    assert "The margins both and sex contradict each other: sex F is 25 in both and 30 in sex" in told


def test_totals_that_follow_from_others_in_this_sample_must_be_theirs():
    # All F are young here, so that the total of F is that of the young.
    records = pa.table({"sex": ["F", "F", "M"], "age": ["young", "young", "old"], "w": [1.0, 1.0, 1.0]})
    told = refused([SEX, AGE], records)
    assert "The margin age contradicts the other margins" in told
    assert "is 20, while theirs, for the persons of the sample, make it" in told


@pytest.mark.parametrize("kind", ["linear", "raking", "logit"])
def test_bounds_that_are_too_tight_are_told_with_the_tightest_that_are_possible(kind):
    # F need the factor 1.5, M 0.5.
    told = refused([SEX], distance=Distance(kind, 0.6, 1.4))
    assert "The bounds 0.6 and 1.4 are too tight." in told
    assert "With the lower bound 0.6 no upper one is enough" in told
    told = refused([SEX], distance=Distance(kind, 0.3, 1.4))
    assert "With the lower bound 0.3 the upper one is at least 1.5" in told
    assert "The total of sex F in the margin sex is furthest off" in told
    told = refused([SEX], distance=Distance(kind, 0.6, 1.7))
    assert "with the upper bound 1.7 the lower one is at most 0.5" in told


def test_one_bound_alone_can_be_too_tight():
    told = refused([SEX], distance=Distance("linear", upper=1.4))
    assert "The bound 1.4 is too tight. With the upper bound 1.4 no lower one is enough" in told


def test_totals_that_only_negative_weights_reach_are_told():
    margins = [Margin("all", (), {(): 40}), Margin("x", (), {(): 500}, of="x")]
    assert "No weights above zero reach the totals." in refused(margins, distance=Distance("raking"))
    assert calibrated(RECORDS, margins, weight="w").record.negative_weights == 2


STRUCTURAL = pa.table({"row": ["a", "a", "b"], "column": ["x", "y", "y"], "w": [10.0, 10.0, 10.0]})
# Nobody is in b and x: all 25 of x must be in a, which has 20.
TOO_MANY = [
    Margin("row", ("row",), {("a",): 20, ("b",): 10}),
    Margin("column", ("column",), {("x",): 25, ("y",): 5}),
]


def test_raking_that_cannot_settle_names_the_worst_total():
    with pytest.raises(DataRefused, match=r"No weights above zero reach the totals.*furthest off") as told:
        raked(STRUCTURAL, TOO_MANY, weight="w", most_iterations=50)
    assert "after 50 iterations" in str(told.value)


def test_too_few_iterations_are_told_with_the_worst_total():
    told = refused([SEX, AGE], distance=Distance("raking"), most_iterations=1)
    assert "Calibration did not settle. The total of" in told
    assert "after 1 iterations" in told


@pytest.mark.parametrize(
    ("totals", "message"),
    [
        ({("F",): -1.0}, "negative total -1"),
        ({("F",): float("nan")}, "not a finite number"),
        ({("_T",): 5.0}, "total over a dimension"),
        ({("_U",): 5.0}, "total of unknown persons"),
        ({("F",): 0.0}, "All totals of the margin sex are zero"),
        ({}, "has no totals"),
    ],
)
def test_totals_that_are_none_are_refused(totals, message):
    with pytest.raises(DataRefused, match=message):
        Margin("sex", ("sex",), totals)


def test_an_unknown_total_that_nothing_can_take_up_is_refused():
    with pytest.raises(DataRefused, match="no known category can take up"):
        Margin("m", ("a", "b"), {("x", "y"): 0, ("_U", "z"): 3}, unknown="spread")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, None, 1.0, 1.0], "The column w is empty in 1 record."),
        ([1.0, float("nan"), 1.0, 1.0], "w holds what is no finite number in 1 record."),
        ([1.0, -2.0, 1.0, 1.0], "negative in 1 records"),
        ([0.0] * 4, "All weights w are zero"),
        (["1"] * 4, "holds no numbers"),
    ],
)
def test_weights_that_are_none_are_refused(weights, message):
    assert message in refused([SEX], RECORDS.set_column(3, "w", pa.array(weights)))


def test_a_measure_that_is_empty_is_refused():
    records = RECORDS.set_column(2, "x", pa.array([1.0, None, 2.0, 3.0]))
    assert "The column x is empty in 1 record." in refused([Margin("x", (), {(): 9}, of="x")], records)


def test_no_records_are_refused():
    assert "no records to weight" in refused([SEX], RECORDS.slice(0, 0))


def test_members_of_a_household_with_different_weights_are_refused():
    records = RECORDS.set_column(3, "w", pa.array([10.0, 20.0, 10.0, 10.0]))
    assert "The members of 1 households have different weights" in refused(
        [AGE], records, household=Household("home")
    )
    mean = calibrated(records, [AGE], weight="w", household=Household("home", unequal="mean"))
    # 15 each in the first home and 10 in the other, with one young and one old each: 25 become 20.
    assert mean.weights["weight"].to_pylist() == pytest.approx([12, 12, 8, 8])
    homeless = RECORDS.set_column(4, "home", pa.array([1, None, 2, 2]))
    assert "1 records do not say their household" in refused([AGE], homeless, household=Household("home"))


def test_a_variance_of_zero_is_refused():
    records = RECORDS.append_column("v", pa.array([1.0, 0.0, 1.0, 1.0]))
    assert "The variance v is not above zero" in refused([AGE], records, variance="v")


def test_a_replicate_that_leaves_out_a_category_is_named():
    records = RECORDS.append_column("r7", pa.array([0.0, 0.0, 10.0, 10.0]))
    for main in (
        calibrated(records, [SEX], weight="w", distance=Distance("raking")),
        post_stratified(records, SEX, weight="w"),
    ):
        with pytest.raises(DataRefused, match=r"sex F has a total of 30 .* in the replicate r7"):
            calibrated_replicates(records, main, ["r7"])


def test_a_replicate_that_bounds_do_not_allow_is_named():
    records = RECORDS.append_column("r7", pa.array([1.0, 1.0, 10.0, 10.0]))
    main = calibrated(records, [SEX], weight="w", distance=Distance("linear", 0.2, 2.0))
    with pytest.raises(DataRefused, match="too tight in the replicate r7"):
        calibrated_replicates(records, main, ["r7"])


def test_a_replicate_that_raking_does_not_settle_is_named():
    margins = [
        Margin("row", ("row",), {("a",): 20, ("b",): 10}),
        Margin("column", ("column",), {("x",): 18, ("y",): 12}),
    ]
    # The replicate leaves out the only one in a and y.
    records = pa.table(
        {
            "row": ["a", "a", "b", "b"], "column": ["x", "y", "x", "y"], "w": [9.0] * 4,
            "r7": [9.0, 0.0, 0.0, 9.0],
        }
    )  # fmt: skip
    main = raked(records, margins, weight="w")
    with pytest.raises(DataRefused, match="Raking did not settle in the replicate r7"):
        calibrated_replicates(records, main, ["r7"])


def test_a_replicate_that_divides_a_household_is_refused():
    records = RECORDS.append_column("r", pa.array([10.0, 0.0, 10.0, 10.0]))
    main = calibrated(records, [AGE], weight="w", household=Household("home"))
    with pytest.raises(DataRefused, match="replicate weight r differs within households"):
        calibrated_replicates(records, main, ["r"])


SETTINGS = {
    "no margins": (lambda: calibrated(RECORDS, [], weight="w"), "There are no margins"),
    "two of one name": (lambda: calibrated(RECORDS, [SEX, SEX], weight="w"), "called sex"),
    "an absent column": (
        lambda: calibrated(RECORDS, [Margin("m", ("region",), {("a",): 1})], weight="w"),
        "no column region",
    ),
    "an absent weight": (lambda: calibrated(RECORDS, [SEX], weight="v"), "no column v"),
    "a household with a variance": (
        lambda: calibrated(RECORDS, [AGE], weight="w", household=Household("home"), variance="x"),
        "has no place",
    ),
    "another distance of households": (
        lambda: Household("home", "rooms"), "cannot have the distance 'rooms'"
    ),
    "raking a measure": (
        lambda: raked(RECORDS, [Margin("x", (), {(): 1}, of="x")], weight="w"),
        "raking cannot fit it",
    ),
    "post-stratifying a measure": (
        lambda: post_stratified(RECORDS, Margin("x", (), {(): 1}, of="x"), weight="w"),
        "Use `calibrated`",
    ),
    "scores of others": (
        lambda: calibration_residuals([1.0], auxiliaries(RECORDS, [SEX]), [1.0] * 4),
        "4 records with auxiliaries, 1 with scores",
    ),
    "sweeps over a measure": (
        lambda: calibration_residuals(
            [1.0] * 4, auxiliaries(RECORDS, [Margin("x", (), {(): 1}, of="x")]), [1.0] * 4,
            regression="sweeps",
        ),
        "know neither measures",
    ),
    "another regression": (
        lambda: calibration_residuals(
            [1.0] * 4, auxiliaries(RECORDS, [SEX]), [1.0] * 4, regression="ridge"
        ),
        "no regression 'ridge'",
    ),
    "totals without a column": (
        lambda: margin_of_table(pa.table({"sex": ["F"]}), "sex", ["sex"]), "have no column total"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", SETTINGS)
def test_what_cannot_be_asked_is_refused(what):
    make, message = SETTINGS[what]
    with pytest.raises(ProjectError, match=message):
        make()


@pytest.mark.parametrize(
    ("totals", "message"),
    [([1.0, 2.0], "gives the total of sex F twice"), ([None, 2.0], "has empty totals")],
)
def test_files_of_totals_that_say_nothing_certain_are_refused(totals, message):
    table = pa.table({"sex": ["F", "F"], "total": totals})
    with pytest.raises(DataRefused, match=message):
        margin_of_table(table, "sex", ["sex"])
