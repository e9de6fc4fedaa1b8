"""Drawing: keyed numbers, random and systematic samples, unequal chances."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest

from sojourn.errors import ProjectError
from sojourn.sources.sampling.by_size import (
    drawn_by_pareto,
    drawn_by_sampford,
    inclusion_probabilities,
)
from sojourn.sources.sampling.chances import chances, hashes, sampling_key
from sojourn.sources.sampling.drawing import (
    drawn_at_random,
    drawn_systematically,
    ranks_of,
    require_different,
)

KEY = sampling_key(1, "units")


def test_the_hash_is_siphash_as_its_authors_published_it():
    # Appendix A of the paper, and the first and last of the reference implementation's 64 vectors.
    key = bytes(range(16))
    texts = ["".join(map(chr, range(length))) for length in (0, 15, 63)]
    assert [hex(int(each)) for each in hashes(pa.array(texts), key)] == [
        "0x726fdb47dd0e0e31",
        "0xa129ca6149be45e5",
        "0x958a324ceb064572",
    ]


def test_numbers_are_even_and_go_with_the_identifier_alone():
    names = pa.array(np.arange(20_000))
    found = chances(names, KEY)
    assert 0 < found.min() < found.max() < 1
    # Twenty bins of a thousand: chi-square with 19 degrees of freedom is below 43.8 in 999 of 1 000.
    counts = np.bincount((found * 20).astype(int), minlength=20)
    assert np.sum((counts - 1000) ** 2 / 1000) < 43.8
    order = np.random.default_rng(1).permutation(len(names))
    assert np.array_equal(chances(names.take(pa.array(order)), KEY), found[order])
    assert np.array_equal(chances(names.cast(pa.string()), KEY), found)
    assert np.array_equal(chances(pa.chunked_array([names[:7], names[7:]]), KEY), found)
    assert np.array_equal(chances(names.slice(5), KEY), found[5:])
    assert not np.any(chances(names, sampling_key(2, "units")) == found)
    assert len(chances(pa.array([], pa.string()), KEY)) == 0


def test_each_stratum_gives_its_number_and_those_with_the_lowest_numbers():
    chance = np.array([0.9, 0.1, 0.5, 0.3, 0.2])
    stratum = np.array([0, 0, 0, 1, 1])
    drawn = drawn_at_random(chance, np.arange(5), stratum, np.array([2, 1]))
    assert drawn.tolist() == [False, True, True, False, True]
    assert not drawn_at_random(chance, np.arange(5), stratum, np.array([0, 0])).any()
    # Equal numbers go by the identifier.
    tied = drawn_at_random(
        np.full(3, 0.5), ranks_of(pa.array(["c", "a", "b"])), np.zeros(3, int), np.array([2])
    )
    assert tied.tolist() == [False, True, True]


def test_a_larger_sample_holds_the_smaller_one():
    names = pa.array([f"household {place}" for place in range(500)])
    drawn = [
        drawn_at_random(chances(names, KEY), ranks_of(names), np.zeros(500, int), np.array([size]))
        for size in (50, 80)
    ]
    assert np.all(drawn[1][drawn[0]])


def test_a_systematic_sample_takes_every_fourth_from_its_start():
    position = np.array([3, 0, 1, 2, 4, 7, 6, 5])
    probability = np.full(8, 0.25)
    # The sums along the order are 0.25, 0.5, …: they pass 0.3 at the second place and 1.3 at the sixth.
    drawn = drawn_systematically(position, probability, np.zeros(8, int), np.array([0.3]))
    assert sorted(position[drawn].tolist()) == [1, 5]


@pytest.mark.parametrize("start", [0.0, 0.1, 0.4999, 0.5, 0.75, 0.999999])
def test_a_systematic_sample_has_its_size_whatever_the_start(start):
    stratum = np.repeat([0, 1, 2], [7, 10, 3])
    sizes = np.array([3, 4, 3])
    probability = (sizes / np.array([7, 10, 3]))[stratum]
    drawn = drawn_systematically(np.arange(20), probability, stratum, np.full(3, start))
    assert np.bincount(stratum[drawn], minlength=3).tolist() == [3, 4, 3]


def test_a_unit_too_large_for_its_share_is_sure_to_be_drawn():
    # 3 of (1, 2, 3, 4, 90): 90 is sure, then 2 of 10: 0.2, 0.4, 0.6, 0.8
    assert inclusion_probabilities([1, 2, 3, 4, 90], 3) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert inclusion_probabilities([5, 0, 5], 2).tolist() == [1.0, 0.0, 1.0]
    assert inclusion_probabilities([5, 5], 0).tolist() == [0.0, 0.0]


def test_paretos_sample_takes_the_sure_unit_and_has_its_size():
    probability = inclusion_probabilities([1, 2, 3, 4, 90, 0], 3)
    rng = np.random.default_rng(5)
    hits = np.zeros(6)
    for _ in range(3000):
        drawn = drawn_by_pareto(rng.random(6), np.arange(6), probability)
        assert drawn.sum() == 3
        hits += drawn
    # Close to the probabilities, but not exactly: the largest error of three is about two points.
    assert np.abs(hits / 3000 - probability).max() < 0.05
    assert hits[4] == 3000
    assert hits[5] == 0


def test_sampfords_sample_has_the_probability_of_his_paper():
    probability = np.array([0.2, 0.7, 0.8, 0.5, 0.4, 0.4])
    weights = {
        chosen: (3 - probability[list(chosen)].sum())
        * np.prod(probability[list(chosen)] / (1 - probability[list(chosen)]))
        for chosen in itertools.combinations(range(6), 3)
    }
    total = sum(weights.values())
    rng = np.random.default_rng(9)
    repetitions = 4000
    hits = dict.fromkeys(weights, 0)
    for _ in range(repetitions):
        drawn = drawn_by_sampford(rng.random(6), rng.random(), probability)
        hits[tuple(np.flatnonzero(drawn).tolist())] += 1
    # Chi-square of 20 samples: below 43.8 in 999 of 1 000.
    expected = {chosen: repetitions * weight / total for chosen, weight in weights.items()}
    assert sum((hits[each] - expected[each]) ** 2 / expected[each] for each in hits) < 43.8


def test_sampfords_sample_takes_sure_units_and_none_without_a_chance():
    drawn = drawn_by_sampford(np.full(4, 0.5), 0.5, np.array([1.0, 0.0, 0.5, 0.5]))
    assert drawn[0]
    assert not drawn[1]
    assert drawn.sum() == 2
    assert drawn_by_sampford(np.full(2, 0.5), 0.5, np.array([1.0, 1.0])).all()


def test_many_places_keep_their_probabilities_in_sampfords_sample():
    sizes = np.random.default_rng(2).lognormal(0, 0.8, 400)
    probability = inclusion_probabilities(sizes, 60)
    drawn = drawn_by_sampford(np.random.default_rng(3).random(400), 0.4, probability)
    assert drawn.sum() == 60


def test_a_missing_identifier_and_one_that_stands_twice_are_refused():
    with pytest.raises(ProjectError, match="identifier is missing"):
        hashes(pa.array(["a", None]), KEY)
    with pytest.raises(ProjectError, match="same identifier"):
        require_different(pa.array(["a", "a"]))
    require_different(pa.array(["a", "b"]))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: sampling_key(-1, "units"), "below 0"),
        (lambda: drawn_at_random(np.zeros(2), np.arange(2), np.zeros(2, int), np.array([3])), "fewer units"),
        (lambda: systematic([0.5, 0.7]), "add up to a whole"),
        (lambda: systematic([0.5, 1.5]), "between 0 and 1"),
        (lambda: inclusion_probabilities([1, -1], 1), "at least 0"),
        (lambda: inclusion_probabilities([1, math.nan], 1), "none missing"),
        (lambda: inclusion_probabilities([1, 0], 2), "have a size"),
        (lambda: drawn_by_pareto(np.full(2, 0.5), np.arange(2), np.array([0.5, 0.6])), "whole number"),
        (lambda: drawn_by_sampford(np.full(2, 0.5), 0.5, np.array([0.5, 0.6])), "whole number"),
        (lambda: drawn_by_sampford(np.zeros(20_000), 0.5, np.full(20_000, 0.5)), "too many"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(asked, words):
    with pytest.raises(ProjectError, match=words):
        asked()


def systematic(probability):
    return drawn_systematically(np.arange(2), np.array(probability), np.zeros(2, int), np.array([0.5]))
