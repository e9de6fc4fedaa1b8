"""Precision and recall of a review against their definitions, and what holds of every sample and mask."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.integration.review_masks import DOT, FIELDS, compared, masked
from sojourn.integration.review_sampling import ReviewDesign, accuracy, drawn_pairs, sampling_plan


@st.composite
def reviews(draw):
    """Strata with decisions: link or not, pairs, same, different, unsure."""
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        same, different, unsure = (draw(st.integers(0, 30)) for _ in range(3))
        unseen = draw(st.sampled_from([0, 1, 50, 10**7]))
        pairs = max(same + different + unsure + unseen, 1)
        rows.append((draw(st.booleans()), pairs, same, different, unsure))
    return rows


def as_table(rows):
    names = ("is_link", "pairs", "same", "different", "unsure")
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})


def by_definition(rows):
    """Precision and recall from same pairs expected in each stratum; none where nothing tells them."""

    def expected(side):
        return sum(Fraction(pairs * same, same + different) for _, pairs, same, different, _ in side)

    links = [row for row in rows if row[0]]
    precision = recall = None
    if links and all(row[2] + row[3] for row in links):
        precision = expected(links) / sum(row[1] for row in links)
    if all(row[2] + row[3] for row in rows) and expected(rows):
        recall = expected(links) / expected(rows)
    return precision, recall


@given(reviews())
def test_estimates_are_those_of_the_definition(rows):
    found = accuracy(as_table(rows))
    for one, value in zip((found.precision, found.recall), by_definition(rows), strict=True):
        if value is None:
            assert one is None
        else:
            assert one.estimate == pytest.approx(float(value), abs=1e-12)


@given(reviews())
def test_an_interval_lies_between_nought_and_one_around_its_estimate(rows):
    found = accuracy(as_table(rows))
    for one in (found.precision, found.recall):
        if one is not None:
            assert -1e-12 <= one.lower <= one.estimate + 1e-12
            assert one.estimate - 1e-12 <= one.upper <= 1 + 1e-12


@given(reviews())
def test_the_order_of_the_strata_makes_no_difference(rows):
    one, other = accuracy(as_table(rows)), accuracy(as_table(rows[::-1]))
    for name in ("precision", "recall"):
        ends, other_ends = getattr(one, name), getattr(other, name)
        assert (ends is None) == (other_ends is None)
        if ends is not None:
            assert list(vars(ends).values()) == pytest.approx(list(vars(other_ends).values()), abs=1e-9)


@given(reviews(), st.randoms(use_true_random=False))
def test_however_the_unsure_cases_turn_out_the_estimate_lies_in_the_interval(rows, chance):
    before = accuracy(as_table(rows))
    settled = []
    for is_link, pairs, same, different, unsure in rows:
        more = chance.randint(0, unsure)
        settled.append((is_link, pairs, same + more, different + unsure - more, 0))
    after = accuracy(as_table(settled))
    for name in ("precision", "recall"):
        one, other = getattr(before, name), getattr(after, name)
        if one is not None:
            assert one.lower - 1e-9 <= other.estimate <= one.upper + 1e-9


pairs_strategy = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=300)


@given(pairs_strategy, st.integers(8, 120), st.integers(0, 2**40))
def test_every_stratum_has_its_least_and_the_sample_is_the_plan(rows, size, seed):
    pairs = pa.table(
        {
            "pair_id": [f"{n:04d}" for n in range(len(rows))],
            "probability": [row[0] for row in rows],
            "is_link": [row[1] for row in rows],
        }
    )
    design = ReviewDesign(size=size, minimum=3)
    plan = sampling_plan(pairs, design=design)
    sizes, counts = plan["size"].to_numpy(), plan["pairs"].to_numpy()
    assert counts.sum() == len(rows)
    assert np.all(sizes <= counts)
    assert np.all(sizes >= np.minimum(counts, 3))
    least = np.minimum(counts, 3).sum()
    assert sizes.sum() == min(max(size, least), len(rows))
    drawn = drawn_pairs(pairs, plan, design=design, seed=seed)
    assert len(set(drawn["pair_id"].to_pylist())) == len(drawn) == sizes.sum()
    assert np.array_equal(np.bincount(drawn["stratum"].to_numpy(), minlength=len(plan)), sizes)
    for row in drawn.to_pylist():
        probability, is_link = rows[int(row["pair_id"])]
        stratum = plan.slice(row["stratum"], 1).to_pylist()[0]
        assert stratum["is_link"] == is_link
        assert stratum["above"] < probability <= stratum["up_to"] or probability == stratum["above"] == 0


@given(st.sampled_from(FIELDS), st.text(min_size=1, max_size=40))
def test_a_masked_value_never_shows_more_than_its_field_allows(field, value):
    shown = masked(field, value)
    open_signs = [sign for sign in shown if sign not in f"{DOT} "]
    if field in ("surname", "given_names", "address"):
        assert len(open_signs) <= len(value.split())
        assert all(len(word) == 1 or word[1:] == DOT * (len(word) - 1) for word in shown.split())
    elif field == "birth_date":
        assert len(open_signs) <= len("1985--")
    else:
        assert len(open_signs) <= 2


@given(st.sampled_from(FIELDS), st.text(max_size=20), st.text(max_size=20))
def test_a_comparison_has_no_direction_and_equal_values_agree(field, one, other):
    assert compared(field, one, other) == compared(field, other, one)
    assert compared(field, one, one).kind == "agree"
