"""Risk and protection of files held to what they mean, record by record, on files made up by hypothesis."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sojourn.disclosure.microdata import (
    KeyCodes,
    Secret,
    agreeing_sums,
    corrected_counts,
    household_risk,
    individual_risk,
    invariant_transitions,
    key_codes,
    locally_suppressed,
    mdav_groups,
    patterns_of,
    special_uniques,
    swapped_households,
)
from sojourn.disclosure.microdata.key_codes import packed

FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
SECRET = Secret(bytes(range(32)))


@st.composite
def files(draw, *, gaps: bool = True, most: int = 14, keys: int = 3) -> np.ndarray:
    code = st.sampled_from([-1, 0, 1, 2]) if gaps else st.sampled_from([0, 1, 2])
    rows = draw(st.lists(st.lists(code, min_size=keys, max_size=keys), min_size=3, max_size=most))
    return np.array(rows, np.int32)


def agree(one, other) -> bool:
    return all(a == b or -1 in (a, b) for a, b in zip(one, other, strict=True))


def agreeing(codes: np.ndarray, missing: str = "matches") -> list[float]:
    own = patterns_of(codes)
    return agreeing_sums(own.codes, own.records[:, None].astype(float), missing)[own.of_record, 0].tolist()


def as_keys(codes: np.ndarray) -> KeyCodes:
    names = tuple(f"k{key}" for key in range(codes.shape[1]))
    return KeyCodes(names, codes, tuple(pa.array(["a", "b", "c"]) for _ in names))


@FEW
@given(files())
def test_those_who_agree_are_those_who_are_the_same_in_what_both_state(codes):
    assert agreeing(codes) == [sum(agree(one, other) for other in codes) for one in codes]
    same = [sum(np.array_equal(one, other) for other in codes) for one in codes]
    assert agreeing(codes, "category") == same


@FEW
@given(st.integers(1, 2_000), st.floats(1e-6, 1.0))
def test_individual_risk_is_the_mean_of_one_over_the_population(agreeing_records, chance):
    found = individual_risk(np.array([float(agreeing_records)]), np.array([agreeing_records / chance]))[0]
    assert 0 < found <= 1 / agreeing_records + 1e-15
    if chance > 0.02 and agreeing_records < 60:
        mean, term = 0.0, chance**agreeing_records
        for size in range(agreeing_records, agreeing_records + 6_000):
            mean += term / size
            term *= size / (size - agreeing_records + 1) * (1 - chance)
        assert found == pytest.approx(mean, rel=1e-9)


@FEW
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.integers(0, 3)), min_size=1))
def test_a_household_is_recognised_when_one_of_its_members_is(members):
    risks, homes = np.array([risk for risk, _ in members]), np.array([home for _, home in members])
    found = household_risk(risks, homes)
    for home, own in zip(homes, found, strict=True):
        assert own == pytest.approx(1 - math.prod(1 - risk for risk in risks[homes == home]))


@FEW
@given(files(keys=4, most=10), st.sampled_from(["matches", "category"]))
def test_minimal_sets_make_unique_and_none_of_their_parts_does(codes, missing):
    def is_alone(row: int, keys: tuple[int, ...]) -> bool:
        own = codes[row, keys]
        if -1 in own:
            return False
        same = agree if missing == "matches" else np.array_equal
        return sum(same(own, other) for other in codes[:, keys]) == 1

    scores = []
    for row in range(len(codes)):
        score = 0
        sets = [some for size in range(1, 5) for some in itertools.combinations(range(4), size)]
        for keys in sets:
            parts = itertools.combinations(keys, len(keys) - 1)
            if is_alone(row, keys) and not any(part and is_alone(row, part) for part in parts):
                score += math.factorial(4 - len(keys))
        scores.append(score)
    assert special_uniques(codes, fraction=0.1, missing=missing).scores.tolist() == scores


@FEW
@given(files(most=24), st.integers(2, 3), st.sampled_from(["matches", "category"]))
def test_after_suppression_enough_agree_and_nothing_is_made_up(codes, least, missing):
    found = locally_suppressed(as_keys(codes), least=least, missing=missing)
    after = found.keys.codes
    assert min(agreeing(after, missing)) >= least
    assert np.all((after == codes) | (after == -1))
    if min(agreeing(codes, missing)) >= least:
        assert found.cells == 0


@settings(max_examples=25)
@given(files(gaps=False, most=7))
def test_suppression_is_seldom_far_from_the_least_that_can_be_suppressed(codes):
    found = locally_suppressed(as_keys(codes), least=2)
    endangered = [row for row, count in enumerate(agreeing(codes)) if count < 2]
    cells = [(row, key) for row in endangered for key in range(3)]
    least = next(
        size
        for size in range(len(cells) + 1)
        for some in itertools.combinations(cells, size)
        if _is_enough(codes, some)
    )
    assert least <= found.cells <= 2 * least


def _is_enough(codes: np.ndarray, some: tuple[tuple[int, int], ...]) -> bool:
    trial = codes.copy()
    for row, key in some:
        trial[row, key] = -1
    return all(sum(agree(one, other) for other in trial) >= 2 for one in trial)


@FEW
@given(files(most=20), st.randoms(use_true_random=False))
def test_what_is_suppressed_does_not_depend_on_the_order_of_records(codes, random):
    order = list(range(len(codes)))
    random.shuffle(order)
    names = SECRET.numbers(pa.array(range(len(codes))), "suppression")
    one = locally_suppressed(as_keys(codes), least=2, order=names).keys.codes
    other = locally_suppressed(as_keys(codes[order]), least=2, order=names[order]).keys.codes
    assert np.array_equal(one[order], other)


@FEW
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), min_size=2, max_size=40),
    st.floats(0.05, 1),
)
def test_households_change_places_in_pairs_that_look_alike(homes, rate):
    place, profile, risk = (np.array(column) for column in zip(*homes, strict=True))
    chances = SECRET.chances(pa.array(range(len(homes))), "swapping")
    found = swapped_households(place, [profile], risk, chances, rate=rate)
    moved = np.flatnonzero(found.partner != np.arange(len(homes)))
    assert np.array_equal(found.partner[found.partner], np.arange(len(homes)))
    assert np.all(place[found.partner[moved]] != place[moved])
    assert np.all(profile[found.partner[moved]] == profile[moved])
    for home in np.flatnonzero(risk & (found.partner == np.arange(len(homes)))):
        free = (profile == profile[home]) & (place != place[home]) & (found.partner == np.arange(len(homes)))
        assert not free.any()


@FEW
@given(st.lists(st.sampled_from("abcd"), min_size=1), st.floats(0.6, 0.95))
def test_an_invariant_matrix_keeps_the_expected_counts_and_its_inverse_corrects(codes, stay):
    column = pa.chunked_array([codes])
    found = invariant_transitions(column, stay)
    counts = np.array([codes.count(code) for code in found.codes], float)
    expected = counts @ found.chances
    assert expected == pytest.approx(counts)
    assert corrected_counts(expected, found) == pytest.approx(counts)


@FEW
@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=3, max_size=40), st.integers(2, 3)
)
def test_groups_of_microaggregation_have_k_to_two_k_less_one_records(values, least):
    sizes = np.bincount(mdav_groups(np.array(values, float), least))
    assert sizes.min() >= least
    assert sizes.max() <= 2 * least - 1


@FEW
@given(st.lists(st.lists(st.sampled_from(["", None, "x", "y", "_U"]), min_size=2, max_size=2), min_size=1))
def test_keys_as_codes_are_the_keys(rows):
    table = pa.table({"a": pa.array([row[0] for row in rows], pa.string()),
                      "b": pa.array([row[1] for row in rows], pa.string())})  # fmt: skip
    keys = key_codes(table, ["a", "b"])
    for place, name in enumerate(("a", "b")):
        stated = [None if value == "_U" else value for value in table[name].to_pylist()]
        assert keys.text(place).to_pylist() == stated
    numbers = packed(keys.codes, [0, 1]).tolist()
    for (one, here), (other, there) in itertools.combinations(
        zip(keys.codes.tolist(), numbers, strict=True), 2
    ):
        assert (one == other) == (here == there)
