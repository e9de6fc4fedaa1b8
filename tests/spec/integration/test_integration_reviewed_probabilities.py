"""What a review leaves open of the probabilities of pairs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from sojourn.integration.reviewed_probabilities import ReviewedProbabilities, at_most_one, moved

DRAWS = 4_000


def strata_of(*rows):
    """Strata `(is_link, above, up_to, same, different)`."""
    names = ("is_link", "above", "up_to", "same", "different")
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def apart(size):
    """Slots of pairs that share none."""
    return np.arange(size, dtype=np.int32), np.arange(size, 2 * size, dtype=np.int32)


def drawn(probability, is_link, strata, decided=None, slots=None, draws=DRAWS):
    size = len(probability)
    here, there = slots or apart(size)
    known = ReviewedProbabilities(
        here, there, np.array(probability), np.array(is_link),
        np.zeros(size, bool) if decided is None else np.array(decided), strata,
    )  # fmt: skip
    draw = np.random.default_rng(3)
    return np.array([known.drawn(draw) for _ in range(draws)])


def test_the_share_of_a_stratum_is_what_was_found_as_uncertain_as_so_few_looks_leave_it():
    strata = strata_of((True, 0.5, 0.9, 3, 7))
    found = drawn([0.8] * 5, [True] * 5, strata)
    # A beta distribution of 0.8 + 3 and 0.2 + 7: mean 3.8/11, variance 3.8 x 7.2 / (121 x 12).
    assert found.mean() == pytest.approx(3.8 / 11, abs=0.01)
    assert found[:, 0].std() == pytest.approx((3.8 * 7.2 / (121 * 12)) ** 0.5, rel=0.05)
    # All pairs of a stratum move together: whoever misjudges one misjudges its like.
    assert np.ptp(found, axis=1).max() < 1e-9


def test_pairs_of_a_stratum_without_a_decision_keep_their_probabilities():
    found = drawn([0.8, 0.3], [True, False], strata_of((True, 0.5, 0.9, 1, 1)), draws=5)
    assert (found[:, 1] == 0.3).all()
    assert (found[:, 0] != 0.8).all()


def test_what_a_person_decided_does_not_move():
    found = drawn([1.0, 0.95], [True, True], strata_of((True, 0.9, 1.0, 1, 1)), [True, False], draws=5)
    assert (found[:, 0] == 1.0).all()
    assert (found[:, 1] != 0.95).all()


def test_the_lowest_band_has_pairs_of_probability_zero():
    found = drawn([0.0], [False], strata_of((False, 0.0, 0.01, 5, 5)))
    assert found.mean() == pytest.approx(5 / 11, abs=0.02)


def test_the_likelier_of_two_pairs_stays_the_likelier():
    found = drawn([0.6, 0.85], [True, True], strata_of((True, 0.5, 0.9, 2, 6)), draws=50)
    assert (found[:, 1] > found[:, 0]).all()


def test_of_the_pairs_of_one_record_no_more_than_one_is_expected():
    slots = (np.array([0, 0, 1], np.int32), np.array([2, 3, 4], np.int32))
    strata = strata_of((True, 0.5, 1.0, 50, 0), (False, 0.0, 0.5, 5, 5))
    found = drawn([0.9, 0.1, 0.1], [True, False, False], strata, slots=slots, draws=200)
    assert (found[:, 0] + found[:, 1]).max() <= 1 + 1e-9
    # Half of the unlinked pairs are one person: the one without a rival has to be it.
    assert found[:, 2].mean() > 2 * found[:, 1].mean()
    assert found[:, 0].mean() > 0.7


def test_a_mean_is_moved_to_a_share():
    given = np.random.default_rng(1).beta(0.3, 2.0, 10_000)
    assert moved(given, 0.7).mean() == pytest.approx(0.7, abs=1e-4)


def test_probabilities_of_one_slot_that_add_up_to_too_much_get_smaller():
    here, there = np.array([0, 0, 1], np.int32), np.array([2, 3, 3], np.int32)
    # The first record's pairs add up to 1.5; the second pair's other end to 1.3, less than that.
    found = at_most_one(here, there, np.array([0.9, 0.6, 0.7]))
    assert found == pytest.approx([0.9 / 1.5, 0.6 / 1.5, 0.7 / 1.3])
