"""The quality of a linkage against its definition in plain Python, and laws of linked versions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from sojourn.contracts.links import LinkPair
from sojourn.engine import Engine
from sojourn.integration.link_quality import chance_limits, link_quality, recall_limits
from sojourn.integration.link_representativity import r_indicators
from sojourn.integration.linked_versions import combined, linked_versions, matchings

SEXES = ["F", "M", None]
KEYS = [("border", f"b{at}") for at in range(4)] + [("health", f"h{at}") for at in range(3)]
KEYS += [("school", f"s{at}") for at in range(2)]
COUPLES = [(one, other) for one, other in itertools.combinations(KEYS, 2) if one[0] != other[0]]
CHANCES = st.integers(0, 1000).map(lambda it: it / 1000)


def links_of(sexes):
    """A table of keys with the attributes that the method reads."""
    size = len(KEYS)
    nothing = pa.nulls(size, pa.string())
    return pa.table(
        {
            "source": [source for source, _ in KEYS],
            "record_key": [key for _, key in KEYS],
            "sex": pa.array(sexes, pa.string()),
            "birth_year": pa.nulls(size, pa.int64()),
            "citizenship": nothing, "birthplace": nothing, "script": nothing,
            "has_document": pa.nulls(size, pa.bool_()), "has_birth_day": pa.nulls(size, pa.bool_()),
        }
    )  # fmt: skip


def pairs_of(pairs):
    """A LinkPair table of couples, probabilities and decisions."""
    rows = [
        {
            "pair_id": str(at), "source": one[0], "record_key": one[1], "other_source": other[0],
            "other_key": other[1], "score": None, "probability": chance, "is_link": is_link, "method": "PROB",
        }
        for at, ((one, other), chance, is_link) in enumerate(pairs)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=LinkPair.schema())


def defined(sexes, pairs, source, other_source, sex):
    """Keys, linked keys, links, false and missed of a group: the definition, key by key."""
    keys = {
        key for key, of in zip(KEYS, sexes, strict=True) if key[0] == source and sex in ("_T", of or "_U")
    }

    def room(key, towards):
        own = [
            (c, is_link)
            for couple, c, is_link in pairs
            if key in couple and any(it[0] == towards for it in couple)
        ]
        wanted = sum(c for c, is_link in own if not is_link)
        left = max(1 - sum(c for c, is_link in own if is_link), 0)
        return min(1, left / wanted) if wanted else 1

    linked, links, false, missed = set(), 0, 0.0, 0.0
    for (one, other), chance, is_link in pairs:
        for key, partner in ((one, other), (other, one)):
            if key in keys and other_source in ("_T", partner[0]):
                if is_link:
                    linked.add(key)
                    links, false = links + 1, false + 1 - chance
                else:
                    missed += chance * min(room(key, partner[0]), room(partner, key[0]))
    return len(keys), len(linked), links, false, missed


@drawn(
    st.lists(st.sampled_from(SEXES), min_size=len(KEYS), max_size=len(KEYS)),
    st.lists(
        st.tuples(st.sampled_from(COUPLES), CHANCES, st.booleans()), unique_by=lambda it: it[0], max_size=12
    ),
)
def test_groups_are_counted_as_the_definition_says(sexes, pairs):
    with Engine() as engine:
        found = link_quality(engine.relation(links_of(sexes)), engine.relation(pairs_of(pairs))).to_pylist()
    of_sex = [row for row in found if row["breakdown"] in ("all", "sex")]
    assert {row["other_source"] for row in found} == {"border", "health", "school", "_T"}
    for row in of_sex:
        keys, linked, links, false, missed = defined(
            sexes, pairs, row["source"], row["other_source"], row["category"]
        )
        assert (row["all_keys"], row["linked_keys"], row["links"]) == (keys, linked, links)
        assert row["expected_false"] == pytest.approx(false, abs=1e-9)
        assert row["expected_missed"] == pytest.approx(missed, abs=1e-9)
        for measure in ("precision", "recall"):
            if row[measure] is not None:
                slack = 1e-9
                low, high = row[f"{measure}_lower"], row[f"{measure}_upper"]
                assert -slack <= low <= row[measure] + slack <= high + 2 * slack <= 1 + 3 * slack


def exact_quantiles(chances):
    """The quantiles 0.025 and 0.975 of the number of independent events, by adding one after another."""
    shares = np.ones(1)
    for chance in chances:
        shares = np.convolve(shares, [1 - chance, chance])
    reached = np.cumsum(shares)
    return int(np.searchsorted(reached, 0.025)), int(np.searchsorted(reached, 0.975))


@drawn(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=60))
def test_limits_of_a_number_are_at_most_two_from_those_of_its_distribution(chances):
    values = np.array(chances)
    mean, variance = values.sum(keepdims=True), (values * (1 - values)).sum(keepdims=True)
    lower, upper = chance_limits(mean, variance, np.array([len(values)]))
    least, most = exact_quantiles(values)
    assert abs(lower[0] - min(least, mean[0])) <= 2
    assert abs(upper[0] - max(most, mean[0])) <= 2


def test_the_interval_of_recall_holds_the_truth_nineteen_times_in_twenty():
    draw = np.random.default_rng(4)
    of_links, of_rest = draw.beta(9, 1, 400), draw.beta(1, 12, 500)
    true, missed = of_links.sum(keepdims=True), of_rest.sum(keepdims=True)
    false_limits = chance_limits(400 - true, (of_links * (1 - of_links)).sum(keepdims=True), np.array([400]))
    missed_limits = chance_limits(missed, (of_rest * (1 - of_rest)).sum(keepdims=True), np.array([500]))
    lower, upper = recall_limits(
        (true, 400 - false_limits[1], 400 - false_limits[0]), (missed, *missed_limits)
    )
    links = (draw.random((4000, 400)) < of_links).sum(axis=1)
    rest = (draw.random((4000, 500)) < of_rest).sum(axis=1)
    recalls = links / (links + rest)
    held = ((lower <= recalls) & (recalls <= upper)).mean()
    assert 0.935 < held < 0.975


@drawn(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), min_size=1, max_size=8))
def test_the_indicator_is_between_nought_and_one_and_chance_only_lowers_it(groups):
    keys = np.array([size for size, _ in groups], float)
    linked = np.floor(keys * np.array([share for _, share in groups]))
    plain, adjusted = r_indicators(keys, linked)
    assert -1e-12 <= plain <= adjusted <= 1
    doubled = r_indicators(np.repeat(keys, 2), np.repeat(linked, 2))[0]
    assert doubled == pytest.approx(plain)


def chances_of_weights(here, there, weights):
    """The probability of each pair when a matching is as likely as the product of its weights."""
    total, sums = 0.0, np.zeros(len(weights))
    for chosen in itertools.product([False, True], repeat=len(weights)):
        picked = np.array(chosen)
        if len(set(here[picked])) == picked.sum() == len(set(there[picked])):
            weight = math.prod(weights[picked])
            total, sums[picked] = total + weight, sums[picked] + weight
    return sums / total


GRAPHS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9, unique=True)


@drawn(GRAPHS, st.integers(0, 2**32 - 1))
def test_no_record_stands_twice_in_a_version_and_each_pair_in_its_share_of_them(graph, seed):
    here = np.array([one for one, _ in graph], np.int32)
    there = np.array([4 + other for _, other in graph], np.int32)
    draw = np.random.default_rng(seed)
    chances = chances_of_weights(here, there, draw.exponential(2.0, len(graph)))
    found = matchings(here, there, chances, versions=3000, seed=seed)
    for side, size in ((here, 4), (there, 8)):
        counts = np.array([found[:, side == record].sum(axis=1) for record in range(size)])
        assert counts.max() <= 1
    # Five and a half standard errors: fewer than one in ten million pairs lies farther off by chance.
    error = np.sqrt(chances * (1 - chances) / 3000)
    assert np.all(np.abs(found.mean(axis=0) - chances) <= 5.5 * error + 1e-3)


def test_where_no_cycle_is_versions_are_drawn_as_matchings_by_their_weights():
    # A path of three pairs: b0-h0, b1-h0, b1-h1. The outer two can stand together.
    here, there = np.array([0, 1, 1], np.int32), np.array([2, 2, 3], np.int32)
    weights = np.array([1.0, 2.0, 0.5])
    chances = chances_of_weights(here, there, weights)
    # Matchings: none 1, the pairs 1, 2 and 0.5, the outer two 0.5; together 5.
    assert chances == pytest.approx([0.3, 0.4, 0.2])
    found = matchings(here, there, chances, versions=40_000, seed=8)
    shares = [(found == pattern).all(axis=1).mean() for pattern in ([0, 0, 0], [1, 0, 1], [1, 0, 0])]
    assert shares == pytest.approx([0.2, 0.1, 0.2], abs=0.012)


@drawn(st.permutations(range(6)), st.integers(0, 99))
def test_the_order_of_rows_and_of_ends_does_not_matter_to_the_versions(order, seed):
    pairs = [(COUPLES[at], 0.1 + at / 100, False) for at in range(6)]
    turned = [((other, one), chance, is_link) if at % 2 else ((one, other), chance, is_link)
              for at, ((one, other), chance, is_link) in enumerate(pairs)]  # fmt: skip
    again = linked_versions(pairs_of([turned[at] for at in order]), versions=4, seed=seed)
    assert again.equals(linked_versions(pairs_of(pairs), versions=4, seed=seed))


def test_sure_pairs_are_in_every_version_and_impossible_ones_in_none():
    here, there = np.array([0, 1, 0], np.int32), np.array([2, 3, 3], np.int32)
    found = matchings(here, there, np.array([1.0, 1.0, 0.0]), versions=50, seed=1)
    assert found.all(axis=0).tolist() == [True, True, False]
    assert not found[:, 2].any()


def test_probabilities_of_one_record_that_make_more_than_one_are_refused():
    with pytest.raises(ValueError, match="add up to more than 1"):
        matchings(
            np.array([0, 0], np.int32), np.array([1, 2], np.int32), np.array([0.7, 0.7]), versions=1, seed=1
        )
    with pytest.raises(ValueError, match="between 0 and 1"):
        matchings(np.array([0], np.int32), np.array([1], np.int32), np.array([np.nan]), versions=1, seed=1)


def test_what_linkage_adds_is_the_spread_between_versions():
    found = combined(np.array([[10.0], [12.0], [14.0]]), np.array([[3.0], [3.0], [3.0]]))
    # Between: (4 + 0 + 4) / 2 = 4; added (1 + 1/3) · 4 = 16/3; together 25/3, of which 16/25.
    assert (found.estimate[0], found.within[0]) == (12.0, 3.0)
    assert (found.added[0], found.variance[0]) == (pytest.approx(16 / 3), pytest.approx(25 / 3))
    assert found.linkage_share[0] == pytest.approx(0.64)
    assert found.degrees_of_freedom[0] == pytest.approx(2 / 0.64**2)


def test_versions_that_agree_add_nothing_and_one_version_says_nothing():
    found = combined(np.full((5, 2), 7.0), np.ones((5, 2)))
    assert found.linkage_share.tolist() == [0.0, 0.0]
    assert np.isinf(found.degrees_of_freedom).all()
    with pytest.raises(ValueError, match="at least two versions"):
        combined(np.ones((1, 2)), np.ones((1, 2)))


def test_the_spread_of_a_count_of_links_is_that_of_its_probabilities():
    # 300 records with one candidate each: the variance of the count is the sum of p (1 - p).
    chances = np.random.default_rng(2).beta(2, 1, 300)
    numbers = np.arange(300, dtype=np.int32)
    found = matchings(numbers, numbers + 300, chances, versions=2000, seed=5)
    counts = found.sum(axis=1)[:, None].astype(float)
    added = combined(counts, np.zeros_like(counts))
    assert added.estimate[0] == pytest.approx(chances.sum(), abs=1.0)
    assert added.added[0] == pytest.approx((chances * (1 - chances)).sum(), rel=0.15)
