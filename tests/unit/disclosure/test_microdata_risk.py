"""The risk of files of persons, by hand."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from sojourn.disclosure.microdata import (
    Secret,
    correct_given_unique,
    file_risk,
    individual_risk,
    key_codes,
    special_uniques,
    uniques,
)
from sojourn.errors import DataRefused, ProjectError

SIX = {
    "age": ["20-29"] * 3 + ["30-39", "30-39", None],
    "sex": ["F", "F", "M", "M", "M", "M"],
    "w": [10.0, 20.0, 30.0, 5.0, 5.0, 2.0],
}


def test_a_record_whose_age_is_not_known_agrees_with_every_age(engine):
    found = file_risk(engine.relation(pa.table(SIX)), keys=["age", "sex"], weight="w", levels=[2, 3, 4])
    # Women of 20-29 are two; the man of 20-29 agrees with the last one, those of 30-39 with each other and
    # with him, and he with all four men.
    assert [(each.below, each.records, each.weight) for each in found.too_few] == [
        (2, 0, 0.0), (3, 3, 60.0), (4, 5, 70.0),
    ]  # fmt: skip
    assert [found.smallest, found.patterns, found.records, found.weight] == [2, 4, 6, 72.0]


def test_as_a_category_what_is_not_known_agrees_with_itself_alone(engine):
    found = file_risk(
        engine.relation(pa.table(SIX)), keys=["age", "sex"], weight="w", missing="category", levels=[2]
    )
    assert [(each.records, each.weight) for each in found.too_few] == [(2, 32.0)]


def test_the_code_for_unknown_is_like_an_empty_cell(engine):
    table = pa.table({**SIX, "age": ["20-29"] * 3 + ["30-39", "30-39", "_U"]})
    one = file_risk(engine.relation(table), keys=["age", "sex"], weight="w")
    other = file_risk(engine.relation(pa.table(SIX)), keys=["age", "sex"], weight="w")
    assert one == other
    assert file_risk(engine.relation(table), keys=["age", "sex"], unknown=["?"]).smallest == 1


def test_risk_adds_up_over_records(engine):
    found = file_risk(engine.relation(pa.table(SIX)), keys=["age"])
    # As a census: four agree with each of 20-29, three with each of 30-39, all six with the last.
    assert found.expected == pytest.approx(3 / 4 + 2 / 3 + 1 / 6)
    assert found.share == pytest.approx(found.expected / 6)
    assert found.highest == pytest.approx(1 / 3)
    assert found.above == {"0.01": 6, "0.05": 6, "0.1": 6, "0.5": 0}


@pytest.mark.parametrize("agreeing", [1.0, 2.0, 3.0, 39.0, 40.0, 1e6])
def test_risk_is_a_number_where_the_file_is_the_population(agreeing):
    found = individual_risk(np.array([agreeing, agreeing]), np.array([agreeing, agreeing / 2]))
    assert found == pytest.approx([1 / agreeing, 1 / agreeing], rel=1e-14)


def test_risk_of_one_of_two_in_a_population_is_the_logarithm():
    # f = 1 and p = 1/2: p / (1 - p) · ln(1/p) = ln 2.
    assert individual_risk(np.array([1.0]), np.array([2.0]))[0] == pytest.approx(math.log(2))


def test_weights_below_zero_are_refused():
    with pytest.raises(DataRefused, match="below zero"):
        individual_risk(np.array([1.0]), np.array([-2.0]))


def test_diversity_counts_known_values_among_all_who_agree(engine):
    table = pa.table({
        "key": ["a", "a", "a", "b", "b", None],
        "status": ["work", "work", "study", "work", None, "study"],
    })  # fmt: skip
    (found,) = file_risk(engine.relation(table), keys=["key"], sensitive=["status"], levels=[2]).diversity
    # b: work twice none, but the last record could be b and studies.
    assert [found.smallest, found.too_few[0].records] == [2, 0]
    (own,) = file_risk(
        engine.relation(table), keys=["key"], sensitive=["status"], missing="category", levels=[2]
    ).diversity
    assert [own.smallest, own.too_few[0].records] == [1, 3]


def test_entropy_of_three_to_one_is_less_than_two_values(engine):
    table = pa.table({"key": ["a"] * 4, "status": ["x", "x", "x", "y"]})
    (found,) = file_risk(engine.relation(table), keys=["key"], sensitive=["status"]).diversity
    # exp(-(3/4 ln 3/4 + 1/4 ln 1/4)) = 1.7548.
    assert found.smallest_entropy == pytest.approx(1.7548, abs=1e-4)


def test_a_pattern_without_any_known_value_is_not_judged(engine):
    table = pa.table({"key": ["a", "b"], "status": pa.array([None, None], pa.string())})
    (found,) = file_risk(engine.relation(table), keys=["key"], sensitive=["status"]).diversity
    assert [found.smallest, found.smallest_entropy] == [None, None]


def test_several_sensitive_columns_are_judged_each_by_itself(engine):
    table = pa.table({"key": ["a", "a"], "one": ["x", "y"], "other": ["x", "x"]})
    found = file_risk(engine.relation(table), keys=["key"], sensitive=["one", "other"])
    assert [each.smallest for each in found.diversity] == [2, 1]


def test_matches_with_uniques_are_right_as_often_as_intrusion_simulation_says():
    # 10 uniques and 5 pairs at a tenth: 0.1 · 10 / (0.1 · 10 + 0.9 · 10) = 0.1.
    assert correct_given_unique(10, 10, 0.1) == pytest.approx(0.1)
    assert correct_given_unique(0, 0, 0.1) is None
    assert correct_given_unique(3, 0, 0.1) == 1.0


def test_uniques_of_a_census_are_unique_in_the_population():
    codes = key_codes(pa.table({"a": ["x", "y", "y"]}), ["a"]).codes[:2]
    found = uniques(codes, np.array([1, 2]), np.array([1.0, 2.0]), np.array([1.0, 2.0]), 3.0)
    assert [found.in_file, found.in_pairs, found.by_weights, found.by_model, found.expected_correct] == [
        1, 2, 1.0, 1.0, 1.0,
    ]  # fmt: skip


def test_uniques_of_a_sample_count_by_weight_and_by_how_strange_they_are():
    codes = np.array([[0, 0], [0, 1], [1, 0]], np.int32)
    records = np.array([7, 1, 2])
    found = uniques(codes, records, records.astype(float), records * 10.0, 100.0)
    # The unique record has weight 10. Independent keys would give 10 · 8/10 · 1/10 = 0.8 records, and so 7.2
    # others in the population that are not in the file.
    assert found.by_weights == pytest.approx(0.1)
    assert found.by_model == pytest.approx(math.exp(-7.2))
    assert found.expected_correct == pytest.approx((1 - math.exp(-7.2)) / 7.2)


def test_population_uniques_by_weight_are_near_the_truth_of_a_drawn_sample():
    random = np.random.default_rng(4)
    people = np.column_stack([random.geometric(0.02, 40_000), random.geometric(0.1, 40_000)])
    _, place, counts = np.unique(people, axis=0, return_inverse=True, return_counts=True)
    drawn = random.random(len(people)) < 0.25
    sample = people[drawn]
    _, own, records = np.unique(sample, axis=0, return_inverse=True, return_counts=True)
    alone = records[own.reshape(-1)] == 1
    truth = int((counts[place.reshape(-1)[drawn]][alone] == 1).sum())
    population = counts[place.reshape(-1)[drawn]][alone]
    codes = sample[np.unique(own.reshape(-1), return_index=True)[1]].astype(np.int32)
    found = uniques(codes, records, records.astype(float), records * 4.0, len(sample) * 4.0)
    assert found.in_file == alone.sum()
    assert found.by_weights == pytest.approx(truth, rel=0.35)
    # A person of the population who matches a unique record is the right one so often.
    assert found.correct_matches == pytest.approx(alone.sum() / population.sum(), rel=0.1)
    assert found.expected_correct == pytest.approx(float((1 / population).sum()), rel=0.25)


def test_special_uniques_have_the_sizes_of_their_smallest_sets():
    codes = np.array([[0, 0], [0, 1], [0, 2], [1, 1], [1, 2]], np.int32)
    found = special_uniques(codes, fraction=0.5)
    # The first is alone with its second key; the others only with both.
    assert found.smallest.tolist() == [1, 2, 2, 2, 2]
    assert found.sets == (1, 4)
    assert found.scores.tolist() == [1, 1, 1, 1, 1]


def test_too_many_sets_of_keys_are_refused():
    with pytest.raises(ProjectError, match="sets of up to 16"):
        special_uniques(np.zeros((2, 16), np.int32), fraction=0.1)


@pytest.mark.parametrize(
    ("table", "settings", "said"),
    [
        ({"a": pa.array([], pa.string())}, {}, "no records"),
        ({"a": ["x"], "w": [None]}, {"weight": "w"}, "weight is missing"),
        ({"a": ["x"], "w": [math.nan]}, {"weight": "w"}, "weight is missing"),
        ({"a": ["x"], "w": [0.0]}, {"weight": "w"}, "all are zero"),
        ({"a": ["x"]}, {"levels": [1]}, "protects nobody"),
    ],
)
def test_files_that_cannot_be_judged_are_refused(engine, table, settings, said):
    columns = {
        name: pa.array(values, pa.float64()) if name == "w" else values for name, values in table.items()
    }
    with pytest.raises((DataRefused, ProjectError), match=said):
        file_risk(engine.relation(pa.table(columns)), keys=["a"], **settings)


def test_a_secret_gives_the_same_chances_for_the_same_identifier_and_purpose_only():
    one, other = Secret(b"k" * 32), Secret(b"l" * 32)
    names = pa.array(["a", "b", "c"])
    assert (
        one.chances(names, "x").tolist() == one.chances(names.take(pa.array([2, 1, 0])), "x").tolist()[::-1]
    )
    assert not set(one.chances(names, "x")) & {*one.chances(names, "y"), *other.chances(names, "x")}
    assert "k" * 8 not in repr(one)
    with pytest.raises(ProjectError, match="bytes"):
        Secret(b"short")
    with pytest.raises(DataRefused, match="no identifier"):
        one.chances(pa.array(["a", None]), "x")
