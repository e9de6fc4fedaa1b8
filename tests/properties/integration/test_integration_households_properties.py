"""Households: ties and lists against plain definitions, whatever the records."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sojourn.integration.linkage.households import CONFIDENT, Tie, ties
from sojourn.integration.linkage.persons import grouped

RECORDS = 12
# Households lie within a source: four records of each of three sources, in two households or none.
homes = st.lists(st.sampled_from([-1, 0, 1]), min_size=RECORDS, max_size=RECORDS)
pairs = st.lists(
    st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from([0.1, 0.5, 0.9, 0.91, 1.0])),
    max_size=18,
    unique_by=lambda row: row[:2],
)


def tie_by_definition(pair, listed, home, source):
    """What the words say: taken link by link."""
    one, other, _ = pair
    for record in (one, other):
        if home[record] < 0 or home.count(home[record]) < 2:
            return Tie.UNKNOWN
    found = Tie.NOWHERE
    for link, link2, chance in listed:
        if chance <= CONFIDENT or (link, link2) == (one, other):
            continue
        if (home[link], home[link2]) == (home[one], home[other]):
            return Tie.HERE
        for mine, theirs in ((link, link2), (link2, link)):
            for own, towards in ((one, other), (other, one)):
                if mine != own and home[mine] == home[own] and source[theirs] == source[towards]:
                    found = Tie.ELSEWHERE
    return found


@given(homes, pairs, st.randoms(use_true_random=False))
def test_ties_are_those_of_the_definition_in_any_order_of_pairs(drawn, listed, random):
    source = [at // 4 for at in range(RECORDS)]
    home = [-1 if number < 0 else 2 * source[at] + number for at, number in enumerate(drawn)]
    listed = [row for row in listed if source[row[0]] < source[row[1]]]
    expected = {row: tie_by_definition(row, listed, home, source) for row in listed}
    for mixed in (listed, random.sample(listed, len(listed))):
        ones, others = (np.array([row[at] for row in mixed], np.int32) for at in (0, 1))
        chance = np.array([row[2] for row in mixed], np.float64)
        found = ties(ones, others, chance, np.array(home, np.int32), np.array(source, np.int32))
        assert [Tie(tie) for tie in found] == [expected[row] for row in mixed]


@given(homes, pairs)
def test_a_group_holds_one_record_of_each_list_and_the_rest_is_joined(drawn, listed):
    listed = [row for row in listed if row[0] < row[1]]
    ones, others = (np.array([row[at] for row in listed], np.int32) for at in (0, 1))
    chance = np.array([row[2] for row in listed], np.float64)
    nobody = np.zeros(RECORDS, np.int32)
    person, joins = grouped(ones, others, chance, nobody, listing=np.array(drawn, np.int32))
    held = [(root, number) for root, number in zip(person.tolist(), drawn, strict=True) if number >= 0]
    assert len(held) == len(set(held))
    for one, other, joined in zip(ones, others, joins, strict=True):
        assert joined == (person[one] == person[other])
        if not joined:
            lists = [{n for root, n in held if root == person[end]} for end in (one, other)]
            assert lists[0] & lists[1]
