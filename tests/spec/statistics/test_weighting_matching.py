"""Statistical matching: who gives to whom, how often, and the same whatever the order of the rows."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.errors import DataRefused, ProjectError
from sojourn.statistics.weighting import MatchingRule, matched

RECIPIENTS = pa.table(
    {"id": ["r1", "r2", "r3"], "sex": ["F", "F", "M"], "age": [20, 40, 33], "region": ["a", None, "b"]}
)
DONORS = pa.table(
    {
        "donor_id": [1, 2, 3, 4],
        "sex": ["F", "F", "M", "M"],
        "age": [22, 60, 30, 35],
        "region": ["a", "b", "b", "a"],
        "income": [10.0, 20.0, 30.0, 40.0],
        "d": [1.0, 0.0, 2.0, 2.0],
    }
)
NAMES = {"recipient": "id", "donor": "donor_id"}


def donors_of(found) -> list:
    return found.table["donor"].to_pylist()


def test_the_nearest_donor_by_gowers_distance_gives():
    # Ages span 40. r1: donor 1 is 2/40 and 0 apart. r2 has no region: 18/40 from 1, 20/40 from 2.
    rule = MatchingRule(("income",), within=("sex",), near=("age", "region"))
    found = matched(RECIPIENTS, DONORS, rule, **NAMES)
    assert donors_of(found) == [1, 1, 3]
    assert found.table["income"].to_pylist() == [10, 10, 30]
    # r3: donor 3 is 3/40 and 0 apart, donor 4 2/40 and 1.
    assert found.table["distance"].to_pylist() == pytest.approx([0.05 / 2, 0.45, 0.075 / 2])
    assert found.uses.to_pylist() == [
        {"donor": 1, "uses": 2}, {"donor": 2, "uses": 0}, {"donor": 3, "uses": 1}, {"donor": 4, "uses": 0},
    ]  # fmt: skip
    assert found.to_json()["most_uses"] == 2
    assert found.classes["donors"].to_pylist() == [2, 2]


def test_columns_can_count_unequally():
    # With region nine times as important as age donor 3 stays; with a tenth, donor 4 is nearer.
    rule = MatchingRule(("income",), within=("sex",), near=("age", "region"), importance={"region": 0.02})
    found = matched(RECIPIENTS.slice(2), DONORS, rule, **NAMES)
    assert donors_of(found) == [4]
    # (2/27 of the span of ages 22 to 60, plus 0.02) over 1.02: the recipient is 33.
    assert found.table["distance"].to_pylist() == pytest.approx([(2 / 38 + 0.02) / 1.02])


def test_a_donor_gives_no_more_often_than_it_may_at_the_least_sum_of_distances():
    rule = MatchingRule(("income",), within=("sex",), near=("age",), most_uses=1)
    found = matched(RECIPIENTS, DONORS, rule, **NAMES)
    # One of the F must take donor 2: 40 is nearer to 60 than 20 is.
    assert donors_of(found) == [1, 2, 4]
    assert found.to_json()["most_uses"] == 1


def test_donors_who_do_not_state_what_is_given_give_nothing():
    donors = DONORS.set_column(4, "income", pa.array([None, 20.0, 30.0, 40.0]))
    found = matched(RECIPIENTS, donors, MatchingRule(("income",), within=("sex",), near=("age",)), **NAMES)
    assert donors_of(found) == [2, 2, 4]
    assert found.silent_donors == 1


def test_an_unknown_class_gives_to_an_unknown_class():
    recipients = pa.table({"id": [1, 2], "sex": [None, "F"]})
    donors = pa.table({"donor_id": [1, 2], "sex": ["_U", "F"], "income": [1, 2]})
    found = matched(recipients, donors, MatchingRule(("income",), "random", within=("sex",)), **NAMES)
    assert found.table["income"].to_pylist() == [1, 2]


def test_donors_of_weight_zero_are_not_drawn():
    rule = MatchingRule(("income",), "random", within=("sex",), donor_weight="d")
    found = matched(RECIPIENTS, DONORS, rule, **NAMES)
    assert donors_of(found)[:2] == [1, 1]
    assert found.table["distance"].null_count == 3


def test_random_donors_are_drawn_in_proportion_to_their_weights():
    many = pa.table({"id": list(range(4000))})
    donors = pa.table({"donor_id": [1, 2], "income": [1, 2], "d": [3.0, 1.0]})
    found = matched(many, donors, MatchingRule(("income",), "random", donor_weight="d"), **NAMES)
    first = found.uses["uses"].to_pylist()[0]
    # 3000 of 4000 expected; the standard error is 27.
    assert abs(first - 3000) < 110


def test_random_donors_within_a_limit_all_give_when_there_are_just_enough():
    recipients = pa.table({"id": list(range(6))})
    donors = pa.table({"donor_id": [1, 2, 3], "income": [1, 2, 3]})
    found = matched(recipients, donors, MatchingRule(("income",), "random", most_uses=2), **NAMES)
    assert found.uses["uses"].to_pylist() == [2, 2, 2]


def test_another_seed_gives_other_donors_and_the_same_seed_the_same():
    recipients = pa.table({"id": list(range(50))})
    donors = pa.table({"donor_id": list(range(50)), "income": list(range(50))})
    for most_uses in (None, 1):
        first, again, other = (
            donors_of(
                matched(
                    recipients, donors, MatchingRule(("income",), "random", most_uses=most_uses, seed=seed),
                    **NAMES,
                )
            )
            for seed in (1, 1, 2)
        )  # fmt: skip
        assert first == again != other


def plain_distance(recipient: dict, donor: dict, span: float) -> float:
    parts = []
    if recipient["age"] is not None and donor["age"] is not None:
        parts.append(abs(recipient["age"] - donor["age"]) / span if span else 0.0)
    if recipient["work"] not in (None, "_U") and donor["work"] not in (None, "_U"):
        parts.append(float(recipient["work"] != donor["work"]))
    return sum(parts) / len(parts) if parts else 1.0


people = st.lists(
    st.tuples(
        st.sampled_from("FM"), st.one_of(st.none(), st.integers(0, 6)),
        st.sampled_from(["yes", "no", "_U", None]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def as_table(rows: list, name: str) -> pa.Table:
    return pa.table(
        {
            name: [f"{name}{number}" for number in range(len(rows))],
            "sex": pa.array([row[0] for row in rows], pa.string()),
            "age": pa.array([row[1] for row in rows], pa.int64()),
            "work": pa.array([row[2] for row in rows], pa.string()),
            "income": list(range(len(rows))),
        }
    )


@settings(max_examples=60)
@given(people, people, st.integers(1, 3), st.randoms(use_true_random=False))
def test_nearest_donors_are_those_of_the_plain_definition_in_whatever_order(here, there, uses, random):
    there = [*there, ("F", 1, "no"), ("M", None, "yes")]
    recipients, donors = as_table(here, "r"), as_table(there, "d")
    ages = [row[1] for row in here + there if row[1] is not None]
    span = max(ages) - min(ages)
    far = {
        (one["r"], other["d"]): plain_distance(one, other, span)
        for one in recipients.to_pylist()
        for other in donors.to_pylist()
        if one["sex"] == other["sex"]
    }
    names = {"recipient": "r", "donor": "d"}
    rule = MatchingRule(("income",), within=("sex",), near=("age", "work"))
    found = matched(recipients, donors, rule, **names)
    for row in found.table.to_pylist():
        least = min(distance for (one, _), distance in far.items() if one == row["r"])
        assert far[row["r"], row["donor"]] == row["distance"] == least
    shuffled = [
        table.take(pa.array(random.sample(range(len(table)), len(table)))) for table in (recipients, donors)
    ]
    again = matched(*shuffled, rule, **names)
    assert again.table.sort_by("r") == found.table.sort_by("r")
    limited = MatchingRule(("income",), within=("sex",), near=("age", "work"), most_uses=uses)
    classes = {
        sex: [
            [row["r"] for row in recipients.to_pylist() if row["sex"] == sex],
            [row["d"] for row in donors.to_pylist() if row["sex"] == sex] * uses,
        ]
        for sex in "FM"
    }
    if any(len(mine) > len(yours) for mine, yours in classes.values()):
        with pytest.raises(DataRefused, match=r"may give \d+ times"):
            matched(recipients, donors, limited, **names)
        return
    found = matched(recipients, donors, limited, **names)
    assert max(found.uses["uses"].to_pylist()) <= uses
    assert again_is_same(found, shuffled, limited, names)
    for mine, yours in classes.values():
        if mine and len(yours) <= 5:
            best = min(
                sum(far[pair] for pair in zip(mine, order, strict=True))
                for order in itertools.permutations(yours, len(mine))
            )
            total = pc.sum(found.table.filter(pc.is_in(found.table["r"], pa.array(mine)))["distance"])
            assert total.as_py() == pytest.approx(best)


def again_is_same(found, shuffled, rule, names) -> bool:
    return matched(*shuffled, rule, **names).table.sort_by("r") == found.table.sort_by("r")


def test_matching_in_pieces_gives_what_it_gives_at_once(monkeypatch):
    draw = np.random.default_rng(2)
    recipients = pa.table({"id": list(range(60)), "age": draw.integers(0, 9, 60)})
    donors = pa.table(
        {"donor_id": list(range(40)), "age": draw.integers(0, 9, 40), "income": list(range(40))}
    )
    rule = MatchingRule(("income",), near=("age",))
    whole = matched(recipients, donors, rule, **NAMES)
    monkeypatch.setattr("sojourn.statistics.weighting.donors._PAIRS_AT_ONCE", 100)
    assert matched(recipients, donors, rule, **NAMES).table == whole.table


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MatchingRule(()), "names what is given"),
        (lambda: MatchingRule(("y",), "rank"), "no matching 'rank'"),
        (lambda: MatchingRule(("y",)), "go with the method nearest"),
        (lambda: MatchingRule(("y",), "random", near=("x",)), "go with the method nearest"),
        (lambda: MatchingRule(("y",), near=("x",), importance={"z": 1}), "not in `near`"),
        (lambda: MatchingRule(("y",), "random", most_uses=0), "less than once"),
        (lambda: MatchingRule(("y",), "random", most_uses=1, donor_weight="d"), "without a limit"),
        (
            lambda: matched(
                RECIPIENTS, DONORS, MatchingRule(("income",), near=("age",), importance={"age": 0}), **NAMES
            ),
            "importance 0",
        ),
        (
            lambda: matched(
                RECIPIENTS.set_column(2, "age", pa.array(["a", "b", "c"])), DONORS,
                MatchingRule(("income",), near=("age",)), **NAMES,
            ),
            "numbers in one file and codes in the other",
        ),
        (
            lambda: matched(
                RECIPIENTS, DONORS.rename_columns(["donor_id", "sex", "age", "region", "distance", "d"]),
                MatchingRule(("distance",), near=("age",)), **NAMES,
            ),
            "cannot be given under its name",
        ),
        (lambda: matched(RECIPIENTS, DONORS, MatchingRule(("y",), "random"), **NAMES), "no column y"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(make, message):
    with pytest.raises(ProjectError, match=message):
        make()


@pytest.mark.parametrize(
    ("recipients", "donors", "rule", "message"),
    [
        (
            RECIPIENTS, DONORS.slice(0, 2), MatchingRule(("income",), "random", within=("sex",)),
            "The class of sex M has 1 recipients and no donor",
        ),
        (
            RECIPIENTS, DONORS.slice(1, 3), MatchingRule(("income",), "random", within=("sex",), most_uses=1),
            "sex F has 2 recipients and 1 donors, each of whom may give 1 times",
        ),
        (
            RECIPIENTS.set_column(0, "id", pa.array(["r1", "r1", "r2"])), DONORS,
            MatchingRule(("income",), "random"), "1 rows repeat a id",
        ),
        (
            RECIPIENTS.set_column(0, "id", pa.array(["r1", None, "r2"])), DONORS,
            MatchingRule(("income",), "random"), "1 rows have no id",
        ),
        (
            RECIPIENTS, DONORS.set_column(5, "d", pa.array([0.0] * 4)),
            MatchingRule(("income",), "random", donor_weight="d"), "negative weights, or none",
        ),
    ],
)  # fmt: skip
def test_files_that_cannot_be_matched_are_refused(recipients, donors, rule, message):
    with pytest.raises(DataRefused, match=message):
        matched(recipients, donors, rule, **NAMES)


def test_a_class_with_too_many_pairs_for_limits_is_refused(monkeypatch):
    monkeypatch.setattr("sojourn.statistics.weighting.donors._MOST_PAIRS_OF_A_CLASS", 3)
    rule = MatchingRule(("income",), within=("sex",), near=("age",), most_uses=1)
    with pytest.raises(DataRefused, match="Make smaller classes with `within`"):
        matched(RECIPIENTS, DONORS, rule, **NAMES)
