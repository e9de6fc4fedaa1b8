"""Which records are found to be one person, and which are kept apart."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from linkage_records import as_records, drawn, linked_tables
from sojourn.integration.linkage.assignment import (
    distinct_pairs,
    exclusive_probabilities,
    matched,
    prior_bits,
    probabilities,
    supported,
)
from sojourn.integration.linkage.blocking import blocks_of
from sojourn.integration.linkage.linking import Known, linked, planned
from sojourn.integration.linkage.persons import NEVER, Facts, grouped
from sojourn.integration.linkage.specification import BlockKey, BlockRule, Part

ONES = np.array([0, 0, 1], np.int32)
OTHERS = np.array([2, 3, 2], np.int32)
TWO_SOURCES = np.array([0, 0, 1, 1], np.int32)


def test_the_best_pair_is_linked_first_and_takes_both_records():
    links = matched(ONES, OTHERS, np.array([9.0, 5.0, 7.0], np.float32), TWO_SOURCES)
    assert links.tolist() == [True, False, False]


def test_what_is_left_is_linked_next():
    links = matched(ONES, OTHERS, np.array([5.0, 6.0, 7.0], np.float32), TWO_SOURCES)
    assert links.tolist() == [False, True, True]


def test_pairs_of_one_score_are_linked_in_the_order_of_their_records():
    links = matched(ONES, OTHERS, np.array([5.0, 5.0, 5.0], np.float32), TWO_SOURCES)
    assert links.tolist() == [True, False, False]


def test_rivals_for_one_record_cannot_both_have_it():
    sure, rival = np.array([0, 0], np.int32), np.array([2, 3], np.int32)
    chance, _ = exclusive_probabilities(sure, rival, np.array([20, 20], np.float32), TWO_SOURCES)
    assert chance[0] == pytest.approx(chance[1])
    assert 0.45 < chance[0] <= 0.5


def test_each_record_is_with_a_partner_or_free_with_probability_one():
    # Two and two records, one pair possible of likelihood 8, k pairs expected: the prior odds are
    # k / (2 - k)^2, both records are free with probability f, and k = 8 k f^2 / (2 - k)^2 with k = 1 - f.
    # So 8 f^2 = (1 + f)^2 and f = 1 / (sqrt(8) - 1).
    chance, priors = exclusive_probabilities(
        np.array([0], np.int32), np.array([2], np.int32), np.array([3], np.float32), TWO_SOURCES
    )
    free = 1 / (math.sqrt(8) - 1)
    assert chance[0] == pytest.approx(1 - free, rel=1e-3)
    assert 2 ** priors[0, 1] == pytest.approx((1 - free) / (1 + free) ** 2, rel=1e-3)


@pytest.mark.parametrize("many", [1, 2, 50])
@pytest.mark.parametrize("score", [20, 40, 60])
def test_records_that_fit_one_another_and_nobody_else_are_surely_one_person(many, score):
    ones = np.arange(many, dtype=np.int32)
    source = np.repeat(np.array([0, 1], np.int32), many)
    chance, _ = exclusive_probabilities(ones, ones + many, np.full(many, score, np.float32), source)
    assert (chance > 0.999).all()


def test_three_who_fit_two_have_each_of_them_by_a_third():
    ones, others = (part.ravel().astype(np.int32) for part in np.meshgrid([0, 1, 2], [3, 4]))
    source = np.array([0, 0, 0, 1, 1], np.int32)
    chance, _ = exclusive_probabilities(ones, others, np.full(6, 40, np.float32), source)
    assert chance == pytest.approx([1 / 3] * 6, abs=1e-4)


def test_without_rivalry_odds_become_probabilities():
    found = probabilities(np.array([0, 1, -1], np.float32), 0.0)
    assert found == pytest.approx([1 / 2, 2 / 3, 1 / 3])


def test_the_prior_gives_itself_as_the_sum_of_probabilities():
    scores = np.concatenate([np.full(100, 30.0), np.full(1000, -5.0)]).astype(np.float32)
    assert 2 ** prior_bits(scores, 1e6) * 1e6 == pytest.approx(100, rel=0.01)


def test_a_pair_of_several_rules_counts_once():
    ones, others, scores = distinct_pairs(
        np.array([1, 0, 1], np.int32), np.array([2, 3, 2], np.int32), np.array([4, 5, 4], np.float32)
    )
    assert (ones.tolist(), others.tolist(), scores.tolist()) == ([0, 1], [3, 2], [5.0, 4.0])


def test_a_group_holds_one_record_of_each_source():
    source = np.array([0, 1, 2, 0], np.int32)
    ones, others = np.array([0, 1, 2], np.int32), np.array([1, 2, 3], np.int32)
    scores = np.array([9, 8, 7], np.float32)
    once = np.array([True, True, True])
    person, joins = grouped(ones, others, scores, source, once=once)
    assert (person.tolist(), joins.tolist()) == ([0, 0, 0, 3], [True, True, False])
    assert grouped(ones, others, scores, source)[0].tolist() == [0, 0, 0, 0]
    often = np.array([False, True, True])
    assert grouped(ones, others, scores, source, once=often)[0].tolist() == [0, 0, 0, 0]


CHAIN = (np.array([0, 1], np.int32), np.array([1, 2], np.int32), np.array([9, 8], np.float32))


def facts(birth, died=(NEVER,) * 3, seen=(NEVER,) * 3):
    return Facts(*(np.array(column, np.int32) for column in (birth, died, seen)))


def persons_of_a_chain(known):
    return grouped(*CHAIN, np.array([0, 1, 2], np.int32), facts=known)[0].tolist()


def test_a_person_is_not_born_in_two_years():
    # 0 and 2 meet only through 1, who does not know the year: 1980 and 1993 differ in two digits.
    assert persons_of_a_chain(facts([19800517, -1, 19930517])) == [0, 0, 2]
    assert persons_of_a_chain(facts([19800517, -1, 19810517])) == [0, 0, 0]
    assert persons_of_a_chain(facts([19800517, -1, 19900517])) == [0, 0, 0]


def test_two_records_that_are_known_to_be_apart_do_not_meet_through_a_third():
    apart = (np.array([0], np.int32), np.array([2], np.int32))
    person, joins = grouped(*CHAIN, np.array([0, 1, 2], np.int32), apart=apart)
    assert (person.tolist(), joins.tolist()) == ([0, 0, 2], [True, False])
    # Of four in a chain, the two ends: the last link would bring them together.
    ones, others = np.array([0, 2, 1], np.int32), np.array([1, 3, 2], np.int32)
    ends = (np.array([3], np.int32), np.array([0], np.int32))
    scores = np.array([9, 8, 7], np.float32)
    found, _ = grouped(ones, others, scores, np.arange(4, dtype=np.int32), apart=ends)
    assert found.tolist() == [0, 0, 2, 2]


def test_two_records_that_are_a_link_themselves_may_differ_in_the_year():
    assert persons_of_a_chain(facts([19800517, 19930517, -1])) == [0, 0, 0]


def test_nobody_travels_after_their_death():
    day = 19_000
    assert persons_of_a_chain(facts([-1] * 3, [day, NEVER, NEVER], [day, day + 31, day + 32])) == [0, 0, 2]
    assert persons_of_a_chain(facts([-1] * 3, [day, NEVER, NEVER], [NEVER, NEVER, NEVER])) == [0, 0, 0]


def test_a_record_of_a_source_of_many_records_a_person_takes_the_only_partner():
    # Two crossings of one person, each with the register's only record of that person.
    ones, others = np.array([0, 1], np.int32), np.array([2, 2], np.int32)
    scores = np.array([40.0, 40.0], np.float32)
    source = np.array([0, 0, 1], np.int32)
    once, often = np.array([True, True]), np.array([False, True])
    assert matched(ones, others, scores, source, once).tolist() == [True, False]
    assert matched(ones, others, scores, source, often).tolist() == [True, True]
    apart, _ = exclusive_probabilities(ones, others, scores, source, once)
    together, _ = exclusive_probabilities(ones, others, scores, source, often)
    assert apart == pytest.approx([0.5, 0.5], abs=0.01)
    assert together == pytest.approx([1.0, 1.0], abs=0.01)


def test_what_is_known_of_a_pair_stands_whatever_its_score():
    one = drawn("""
        surname | given_names | birth_date
        --------|-------------|-----------
        Garba   | Amina       | 1980-05-17
        Toure   | Binta       | 1991-08-02
    """)
    other = drawn("""
        surname | given_names | birth_date
        --------|-------------|-----------
        Garba   | Amina       | 1980-05-17
        Kone    | Fanta       | 1975-11-23
    """)
    records, specification = as_records(one, other)
    plan = planned(records, specification)
    ones, others = np.array([0, 1], np.int32), np.array([2, 3], np.int32)
    for same, persons in (([False, True], [0, 1, 2, 1]), ([True, False], [0, 1, 0, 3])):
        known = Known(ones, others, np.array(same))
        assert linked(records, specification, plan, known=known).person.tolist() == persons


def test_a_link_between_two_groups_that_no_other_bears_out_is_taken_out():
    inside = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
    ones, others = (np.array(part, np.int32) for part in zip(*inside, (2, 3), strict=True))
    assert supported(ones, others, 6).tolist() == [True] * 6 + [False]


def test_a_chain_of_two_links_stays():
    assert supported(np.array([0, 1], np.int32), np.array([1, 2], np.int32), 3).tolist() == [True, True]


COPIES = pa.table({name: ["Anna"] * 10_000 for name in ("surname", "given_names", "sex")})


def test_ten_thousand_copies_of_one_record_stay_within_the_budget():
    records, specification = as_records(COPIES)
    plan = planned(records, specification, dedupe=True)
    assert plan.pairs == 0
    rule = BlockRule((BlockKey("surname", Part.SOUNDS),))
    found = blocks_of(records, rule, dedupe=True, pairs_at_most=250_000)
    assert (len(found.pairs), found.left_out, found.worst_pairs) == (0, 10_000, 10_000 * 9_999 // 2)


def test_a_block_that_is_too_large_is_narrowed():
    people = pa.table(
        {"surname": ["Anna"] * 100, "birth_date": [f"{1950 + at % 50}-05-17" for at in range(100)]}
    )
    records, _ = as_records(people)
    rule = BlockRule((BlockKey("surname", Part.SOUNDS),), (BlockKey("birth_date", Part.YEAR),))
    found = blocks_of(records, rule, dedupe=True, pairs_at_most=1_000)
    assert (int(found.pairs.sum()), found.left_out) == (50, 0)


def test_columns_without_a_value_are_no_evidence():
    left = pa.table(
        {
            "surname": [f"name{at}" for at in range(50)],
            "birth_date": [f"19{at + 10}-05-17" for at in range(50)],
            "sex": pa.nulls(50, pa.string()),
            "document_no": pa.nulls(50, pa.string()),
        }
    )
    found = linked_tables(left, left)
    assert int(found.is_link.sum()) == 50
    assert all(found.others[found.is_link] - found.ones[found.is_link] == 50)


def test_sources_without_any_value_give_no_link():
    nothing = pa.table({"surname": pa.nulls(20, pa.string()), "birth_date": pa.nulls(20, pa.string())})
    assert len(linked_tables(nothing, nothing).ones) == 0


def test_empty_sources_give_no_link():
    nothing = drawn("surname | birth_date\n---|---")
    assert len(linked_tables(nothing, nothing).ones) == 0
