"""The quality of a linkage by hand: what is expected to be false and missed, who differs, what is biased."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from sojourn.concepts.ages import age_scheme_of_codes
from sojourn.contracts.link_quality import LinkQuality
from sojourn.contracts.links import Link, LinkPair
from sojourn.integration.link_gaps import GapRule, holm, link_gaps
from sojourn.integration.link_quality import BREAKDOWNS, LinkGroups, link_quality
from sojourn.integration.link_representativity import link_representativity, r_indicators

LINKS = """
    source | record_key | sex | birth_year | citizenship | birthplace | script | has_document | has_birth_day
    -------|------------|-----|------------|-------------|------------|--------|--------------|--------------
    border | b1         | F   | 1984       | SYR         | SYR        | LATN   | true         | true
    border | b2         | F   | 1990       | SYR         | SYR        | LATN   | false        | true
    border | b3         | M   |            | VNM         | VNM        | LATN   | true         | false
    border | b4         | M   | 2001       | VNM         |            | LATN   | true         | true
    health | h1         | F   | 1984       | SYR         | SYR        | ARAB   | false        | true
    health | h2         | M   | 1990       | VNM         | VNM        | LATN   | false        | true
"""
PAIRS = """
    pair_id | source | record_key | other_source | other_key | probability | is_link
    --------|--------|------------|--------------|-----------|-------------|--------
    1       | border | b1         | health       | h1        | 0.9         | true
    2       | border | b2         | health       | h1        | 0.1         | false
    3       | health | h2         | border       | b3        | 0.4         | false
    4       | border | b4         | health       | h2        | 0.3         | false
    5       | border | b1         | border       | b2        | 0.8         | true
"""


@pytest.fixture
def found(given):
    return link_quality(given(Link, LINKS), given(LinkPair, PAIRS))


def row(found, source, breakdown="all", category="_T", other=None):
    """The one row of a group."""
    rows = [
        it
        for it in found.to_pylist()
        if (it["source"], it["breakdown"], it["category"]) == (source, breakdown, category)
        and other in (None, it["other_source"])
    ]
    (only,) = rows
    return only


def test_a_link_is_false_and_a_pair_missed_with_what_its_probability_leaves(found):
    whole = row(found, "border")
    assert (whole["all_keys"], whole["linked_keys"], whole["links"]) == (4, 1, 1)
    assert whole["expected_false"] == pytest.approx(0.1)
    # 0.1 of b2, whose h1 has just so much room beside its link; 0.4 of b3 and 0.3 of b4.
    assert whole["expected_missed"] == pytest.approx(0.8)
    assert whole["precision"] == pytest.approx(0.9)
    assert whole["recall"] == pytest.approx(0.9 / (0.9 + 0.8))
    assert whole["false_variance"] == pytest.approx(0.9 * 0.1)
    assert whole["missed_variance"] == pytest.approx(0.1 * 0.9 + 0.4 * 0.6 + 0.3 * 0.7)


def test_both_sources_tell_the_same_of_all_their_pairs(found):
    here, there = row(found, "border"), row(found, "health")
    for name in ("links", "expected_false", "expected_missed", "precision", "recall"):
        assert here[name] == pytest.approx(there[name])
    assert (there["all_keys"], there["linked_share"]) == (2, 0.5)


def test_pairs_of_one_source_are_left_out(found):
    assert row(found, "border", "citizenship", "SYR")["links"] == 1


def test_a_key_without_room_has_missed_no_more_than_its_link_leaves(given):
    pairs = """
        pair_id | source | record_key | other_source | other_key | probability | is_link
        --------|--------|------------|--------------|-----------|-------------|--------
        1       | border | b1         | health       | h1        | 0.9         | true
        2       | border | b1         | health       | h2        | 0.4         | false
        3       | border | b2         | health       | h2        | 0.9         | false
    """
    found = link_quality(given(Link, LINKS), given(LinkPair, pairs))
    # b1 has room for 0.1 beside its link, a quarter of 0.4; h2 has room for 1 and 1.3 is wanted of it.
    assert row(found, "border", "sex", "F")["expected_missed"] == pytest.approx(0.4 / 4 + 0.9 / 1.3)


def test_what_is_not_stated_is_a_group_of_its_own(found):
    assert row(found, "border", "birthplace", "_U")["all_keys"] == 1
    assert row(found, "border", "birth_decade", "_U")["all_keys"] == 1
    assert {it["category"] for it in found.to_pylist() if it["breakdown"] == "has_document"} == {"Y", "N"}


def test_ages_are_those_at_the_end_of_a_year(given):
    ages = age_scheme_of_codes("children", ("Y0T17", "Y_GE18"))
    groups = LinkGroups(breakdowns=("age",), age_year=2018, ages=ages)
    found = link_quality(given(Link, LINKS), given(LinkPair, PAIRS), groups=groups)
    # Born in 2001: 17 at the end of 2018. Two were born in 1984 and 1990, of one the year is not known.
    ages_of = {it["category"]: it["all_keys"] for it in found.to_pylist() if it["source"] == "border"}
    assert ages_of == {"_T": 4, "Y0T17": 1, "Y_GE18": 2, "_U": 1}


def test_only_the_breakdowns_asked_for_are_told_and_an_unknown_one_is_refused(given):
    found = link_quality(given(Link, LINKS), given(LinkPair, PAIRS), groups=LinkGroups(("sex",)))
    assert set(found["breakdown"].to_pylist()) == {"all", "sex"}
    with pytest.raises(ValueError, match="Keys cannot be grouped by shoe_size"):
        LinkGroups(("shoe_size",))
    assert len(BREAKDOWNS) == 7


def test_of_three_sources_a_key_is_linked_where_it_is_linked_to_any_other(given):
    links = LINKS + "    school | s1 | F | 1984 | SYR | SYR | LATN | true | true\n"
    pairs = PAIRS + "    6       | school | s1         | border       | b2        | 0.7         | true\n"
    found = link_quality(given(Link, links), given(LinkPair, pairs))
    assert row(found, "border", other="health")["linked_keys"] == 1
    assert row(found, "border", other="school")["linked_keys"] == 1
    # b1 to health and b2 to school: two of four.
    assert row(found, "border", other="_T")["linked_share"] == 0.5
    assert row(found, "health", other="school")["recall"] is None


def test_few_keys_are_flagged_and_told(found):
    assert all(found["is_small"].to_pylist())
    assert row(found, "border", "sex", "F")["linked_share"] == 0.5


def test_the_group_that_is_linked_has_a_larger_share_of_the_linked(found):
    women = row(found, "border", "sex", "F")
    assert (women["share_of_keys"], women["share_of_linked"]) == (0.5, 1.0)
    # Half of all and all of the linked: a difference of 0.5, the mean of both variances is 0.125.
    assert women["standardised_difference"] == pytest.approx(0.5 / math.sqrt(0.125))


def quality(*groups):
    """A LinkQuality table of one breakdown: category, keys, linked keys, false, missed of each group."""
    rows = []
    of_all = ("_T", *(sum(group[place] for group in groups) for place in range(1, 5)))
    total = of_all[1]
    for category, keys, linked, false, missed in (of_all, *groups):
        rows.append(
            {
                "source": "border", "other_source": "health",
                "breakdown": "all" if category == "_T" else "sex",
                "category": category, "all_keys": keys, "linked_keys": linked, "linked_share": linked / keys,
                "links": linked, "candidates": keys, "expected_false": false, "expected_missed": missed,
                "false_variance": 0.0, "missed_variance": 0.0, "share_of_keys": keys / total,
                "is_small": False,
            }
        )  # fmt: skip
    return LinkQuality.conform(pa.Table.from_pylist(rows, schema=LinkQuality.schema()))


def test_a_gap_is_named_where_it_is_large_and_no_chance():
    found = link_gaps(quality(("F", 400, 240, 0.0, 0.0), ("M", 600, 420, 0.0, 0.0))).to_pylist()
    women = next(it for it in found if it["category"] == "F" and it["measure"] == "linked_share")
    assert women["difference"] == pytest.approx(0.6 - 0.7)
    # Both together 0.66: z = 0.1 / sqrt(0.66 * 0.34 * (1/400 + 1/600)) = 3.270
    score = 0.1 / math.sqrt(0.66 * 0.34 * (1 / 400 + 1 / 600))
    assert women["p_value"] == pytest.approx(math.erfc(score / math.sqrt(2)))
    assert women["is_gap"]
    assert not any(it["is_gap"] for it in found if it["measure"] != "linked_share")


def test_a_gap_of_less_than_the_points_asked_for_is_not_named():
    table = quality(("F", 400_000, 276_000, 0.0, 0.0), ("M", 600_000, 420_000, 0.0, 0.0))
    assert not any(link_gaps(table)["is_gap"].to_pylist())
    assert any(link_gaps(table, rule=GapRule(points=1.0))["is_gap"].to_pylist())


def test_recall_is_compared_among_true_pairs_and_few_of_them_are_not_compared():
    found = link_gaps(quality(("F", 400, 300, 0.0, 100.0), ("M", 600, 300, 0.0, 10.0))).to_pylist()
    recalls = {it["category"]: it["value"] for it in found if it["measure"] == "recall"}
    assert recalls == {"F": pytest.approx(300 / 400), "M": pytest.approx(300 / 310)}
    assert link_gaps(quality(("F", 49, 30, 0.0, 0.0), ("M", 600, 300, 0.0, 10.0))).num_rows == 0


def test_the_smallest_of_three_probabilities_counts_three_times():
    # 3 · 0.01; then 2 · 0.04 = 0.08; then 0.06, which cannot be below the one before.
    assert holm(np.array([0.04, 0.01, 0.06])) == pytest.approx([0.08, 0.03, 0.08])


def test_linked_keys_are_like_all_where_every_group_is_linked_equally_often():
    assert r_indicators(np.array([100.0, 300.0]), np.array([50.0, 150.0])) == (1.0, 1.0)


def test_the_indicator_falls_by_twice_the_deviation_of_the_shares():
    # Shares 0.8 and 0.4 of half of the keys each: deviation 0.2. Chance adds 0.5 · 0.5 · (0.16 + 0.24) / 99.
    plain, adjusted = r_indicators(np.array([100.0, 100.0]), np.array([80.0, 40.0]))
    assert plain == pytest.approx(1 - 2 * 0.2)
    assert adjusted == pytest.approx(1 - 2 * math.sqrt(0.04 - 0.5 * 0.5 * (0.16 + 0.24) / 99))


def test_the_largest_bias_is_the_deviation_in_terms_of_the_linked_share():
    (found,) = link_representativity(quality(("F", 100, 80, 0.0, 0.0), ("M", 100, 40, 0.0, 0.0))).to_pylist()
    assert found["largest_bias"] == pytest.approx(0.2 / 0.6)
