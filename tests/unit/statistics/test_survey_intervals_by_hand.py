"""Degrees of freedom and intervals that hold for small groups, each sum shown."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sojourn.statistics.survey.freedom import effective_freedom
from sojourn.statistics.survey.intervals import ends, recovered


def freedom(contributions, *, most):
    squares = np.array([sum(each**2 for each in contributions)], dtype=float)
    fourths = np.array([sum(each**4 for each in contributions)], dtype=float)
    return int(effective_freedom(squares, fourths, count=len(contributions), most=most)[0])


def test_a_group_in_three_of_twelve_units_has_twice_as_many_degrees_of_freedom_and_a_little_more():
    # Squares 12, fourth powers 48: 48/144 - 1/12 = 1/4, and 2 × (9/12) / (1/4) = 6.
    assert freedom([2, -2, 2, *[0] * 9], most=9) == 6


def test_units_that_add_alike_have_the_degrees_of_freedom_of_the_design():
    assert freedom([3, -3] * 6, most=9) == 9


def test_a_group_in_one_unit_has_at_least_one_degree_of_freedom():
    # 1 - 1/12 = 11/12, and 2 × (9/12) / (11/12) = 1.6.
    assert freedom([5, *[0] * 11], most=9) == 1


def test_where_nothing_varies_the_degrees_of_freedom_are_those_of_the_design():
    assert freedom([0] * 12, most=9) == 9


def test_a_design_without_freedom_leaves_none():
    assert freedom([1, -1], most=0) == 0


def test_contributions_like_normal_numbers_have_nearly_all_degrees_of_freedom():
    drawn = np.random.default_rng(1).normal(size=(500, 200))
    drawn -= drawn.mean(axis=1, keepdims=True)
    found = effective_freedom((drawn**2).sum(axis=1), (drawn**4).sum(axis=1), count=200, most=199)
    assert 165 <= np.median(found) <= 199


def one(kind, share, variance, freedom=math.inf, size=40.0, **settings):
    """The ends of one interval."""
    arrays = (np.array([float(each)]) for each in (share, variance, freedom, size))
    further = {name: np.array([float(each)]) for name, each in settings.items()}
    return tuple(float(each[0]) for each in ends(kind, *arrays, **further))


def test_a_variance_below_that_of_the_weights_is_moved_towards_it():
    # Weights alone: 0.1 × 0.9 / 50 = 0.0018. Five persons on the smaller side count as 10 degrees against 5:
    # 0.0009 + 5/15 × (0.0018 - 0.0009) = 0.0012.
    moderated = one("moderated", 0.1, 0.0009, effective_size=50, fewer=5)
    assert moderated == pytest.approx(one("wilson", 0.1, 0.0012))


def test_a_variance_above_that_of_the_weights_stays_as_it_is():
    moderated = one("moderated", 0.1, 0.004, effective_size=50, fewer=5)
    assert moderated == pytest.approx(one("wilson", 0.1, 0.004))


def test_a_group_in_which_nobody_is_has_an_interval_from_its_records():
    # Wilson: from 0 to z² / (n + z²), here with 36 records.
    lower, upper = one("moderated", 0, 0, size=36, effective_size=30, fewer=0)
    square = 1.959963984540054**2
    assert (lower, upper) == (0, pytest.approx(square / (36 + square)))


def test_a_group_that_lies_within_one_unit_has_an_interval_though_its_proportion_does_not_vary():
    # Its scores cancel within the unit: the variance is zero, and five fifteenths of 0.25/20 are put there.
    moderated = one("moderated", 0.5, 0, effective_size=20, fewer=5)
    assert moderated == pytest.approx(one("wilson", 0.5, 0.25 / 20 / 3))


def test_a_moderated_interval_without_what_it_needs_is_our_mistake():
    with pytest.raises(ValueError, match="effective sizes"):
        one("moderated", 0.1, 0.001)


def gap(of_difference):
    arrays = [np.array([each]) for each in (0.5, 0.3, 0.4, 0.62, 0.25, 0.37, 0.002, 0.002, of_difference)]
    first, second, low, high, other_low, other_high, variance, other, together = arrays
    found = recovered((first, second), ((low, high), (other_low, other_high)), (variance, other), together)
    return tuple(float(each[0]) for each in found)


def test_the_ends_of_a_gap_of_strangers_are_those_nearest_put_together_as_errors_are():
    # 0.2 - √(0.1² + 0.07²) and 0.2 + √(0.12² + 0.05²) = 0.2 + 0.13.
    assert gap(0.004) == pytest.approx((0.2 - math.sqrt(0.0149), 0.33))


def test_what_both_sides_share_is_no_part_of_the_gap():
    # Perfectly correlated: 0.2 - |0.1 - 0.07| and 0.2 + |0.12 - 0.05|.
    assert gap(0.0) == pytest.approx((0.17, 0.27))


def test_sides_that_move_against_each_other_make_the_gap_wider():
    # Perfectly opposed: 0.2 - (0.1 + 0.07) and 0.2 + (0.12 + 0.05).
    assert gap(0.008) == pytest.approx((0.03, 0.37))
