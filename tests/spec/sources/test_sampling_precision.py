"""How many must answer, how many doors that means, and design effects: sums by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import poisson

from sojourn.errors import ProjectError
from sojourn.sources.sampling.design_effects import (
    cluster_effect,
    effective_size,
    kish_effect,
    kish_effect_of_rates,
)
from sojourn.sources.sampling.fieldwork import Fieldwork, doors_for, respondents_of
from sojourn.sources.sampling.precision import (
    Group,
    Measure,
    Target,
    precision,
    respondents_for,
    variance_asked,
)

Z = 1.959963984540054


def test_a_share_of_a_half_needs_385_answers_for_five_points_either_way():
    found = respondents_for(Measure.proportion(0.5), Target(half_width=0.05))
    # 0.25 · (1.96 / 0.05)² = 384.1
    assert found.respondents == 385
    assert found.half_width == pytest.approx(Z * math.sqrt(0.25 / 385))


def test_a_design_effect_multiplies_the_answers_and_a_finite_population_divides_them():
    target = Target(standard_error=0.02)
    # 0.16 / 0.0004 = 400; twice that; and n = 800 / (1 + 800/2000) = 571.4
    assert respondents_for(Measure.proportion(0.2), target).respondents == 400
    assert respondents_for(Measure.proportion(0.2), target, design_effect=2.0).respondents == 800
    limited = respondents_for(Measure.proportion(0.2, 2000), target, design_effect=2.0)
    assert limited.respondents == 572
    assert limited.standard_error <= 0.02


def test_a_mean_a_total_and_a_count_agree_where_they_are_the_same_thing():
    mean = respondents_for(Measure.mean(50.0, 10.0, 1000), Target(cv=0.02))
    total = respondents_for(Measure.total(50.0, 10.0, 1000), Target(cv=0.02))
    # (10 / 50 / 0.02)² = 100, with 1000 people 100 / 1.1 = 90.9
    assert mean.respondents == total.respondents == 91
    assert total.value == 50_000
    assert total.standard_error == pytest.approx(1000 * mean.standard_error)
    count = respondents_for(Measure.count(0.1, 10_000), Target(standard_error=100))
    # 10 000² · 0.09 · (1/n - 1/10 000) = 10 000: n = 900 / 1.09 = 825.7
    assert count.respondents == 826


def test_a_gap_adds_the_variances_of_its_groups_and_takes_off_what_they_share():
    gap = Measure.gap(0.5, 0.2, share_of_first=0.25)
    # 0.25 / 100 + 0.16 / 300
    assert gap.variance(400) == pytest.approx(0.0025 + 0.16 / 300)
    assert gap.value == pytest.approx(0.3)
    alike = Measure.gap(0.5, 0.2, share_of_first=0.25, correlation=0.5)
    assert alike.variance(400) == pytest.approx(0.0025 + 0.16 / 300 - math.sqrt(0.0025 * 0.16 / 300))
    few = Measure.difference(Group(10.0, 4.0, 100), Group(8.0, 9.0), share_of_first=0.5)
    # 4 · (1/50 - 1/100) + 9/50
    assert few.variance(100) == pytest.approx(0.04 + 0.18)


def test_everyone_who_answers_leaves_no_error():
    found = precision(Measure.proportion(0.3, 50), 50)
    assert (found.standard_error, found.lower, found.upper) == (0.0, 0.3, 0.3)
    assert math.isinf(found.effective)


@pytest.mark.parametrize("interval", ["normal", "wilson", "logit"])
def test_the_size_found_is_the_least_that_is_enough(interval):
    for share, width in ((0.04, 0.01), (0.5, 0.1), (0.93, 0.03)):
        measure, target = Measure.proportion(share, 30_000), Target(half_width=width, interval=interval)
        found = respondents_for(measure, target, design_effect=1.7)
        one_less = precision(measure, found.respondents - 1, design_effect=1.7, interval=interval)
        assert found.half_width <= width < one_less.half_width


def test_the_interval_of_wilson_is_that_of_the_effective_number_of_answers():
    found = precision(Measure.proportion(0.1), 200, design_effect=2.0, interval="wilson")
    # n = 100: centre (0.1 + z²/200) / (1 + z²/100), half z·sqrt(0.0009 + (z/200)²) / (1 + z²/100)
    square = Z * Z
    centre = (0.1 + square / 200) / (1 + square / 100)
    half = Z * math.sqrt(0.0009 + square / 40_000) / (1 + square / 100)
    assert (found.lower, found.upper) == pytest.approx((centre - half, centre + half))


def test_the_interval_of_the_logit_stays_above_zero():
    found = precision(Measure.proportion(0.02), 100, interval="logit")
    # logit(0.02) ± z / sqrt(100 · 0.02 · 0.98)
    middle, distance = math.log(0.02 / 0.98), Z / math.sqrt(1.96)
    assert found.lower == pytest.approx(1 / (1 + math.exp(-(middle - distance))))
    assert found.upper == pytest.approx(1 / (1 + math.exp(-(middle + distance))))
    assert 0 < found.lower < 0.02 < found.upper


def test_a_share_of_none_has_wilsons_interval_and_no_cv():
    found = precision(Measure.proportion(0.0), 50, interval="wilson")
    assert found.cv is None
    # z² / (n + z²)
    assert found.upper == pytest.approx(Z**2 / (50 + Z**2))
    assert found.lower == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize(
    ("target", "value", "kind", "variance"),
    [
        (Target(standard_error=0.2), 7.0, "mean", 0.04),
        (Target(cv=0.1), -30.0, "difference", 9.0),
        (Target(half_width=Z, level=0.95), 0.0, "total", 1.0),
    ],
)
def test_what_the_variance_may_be_follows_from_the_target(target, value, kind, variance):
    assert variance_asked(target, value, kind) == pytest.approx(variance)


@pytest.mark.parametrize("interval", ["wilson", "logit"])
@pytest.mark.parametrize(("share", "width"), [(0.03, 0.01), (0.4, 0.05), (0.9, 0.2)])
def test_the_variance_for_an_interval_of_shares_gives_that_interval(interval, share, width):
    variance = variance_asked(Target(half_width=width, interval=interval), share, "proportion")
    effective = share * (1 - share) / variance
    # Two whole numbers of answers around the effective one have half widths on both sides.
    around = [
        precision(Measure.proportion(share), number, interval=interval).half_width
        for number in (math.floor(effective), math.ceil(effective))
        if number >= 1
    ]
    assert min(around) <= width * (1 + 1e-9)
    assert max(around) >= width * (1 - 1e-9)


def test_households_to_visit_follow_from_who_lives_in_them_and_who_answers():
    fieldwork = Fieldwork(eligible=0.1, screened=0.9, response=0.8)
    doors = doors_for(180, fieldwork)
    # 180 / 0.8 people; 180 / (0.1 · 0.9 · 0.8) households
    assert (doors.asked, doors.households) == (225, 2500)
    assert respondents_of(2500, fieldwork) == 180


def test_enough_doors_to_be_sure_are_those_of_the_poisson_distribution():
    fieldwork = Fieldwork(eligible=0.1)
    doors = doors_for(50, fieldwork, assurance=0.95)
    # At least 50 found with 95 per cent, and not with one household less.
    assert poisson.sf(49, 0.1 * doors.households_to_be_sure) >= 0.95
    assert poisson.sf(49, 0.1 * (doors.households_to_be_sure - 1)) < 0.95
    spread = doors_for(50, Fieldwork(eligible=0.1, spread=3.0), assurance=0.95)
    assert spread.households_to_be_sure > doors.households_to_be_sure > doors.households == 500


def test_people_of_one_place_cost_answers_by_their_likeness():
    assert cluster_effect(11, 0.05) == pytest.approx(1.5)
    assert cluster_effect(1, 0.9) == 1.0
    # Takes of 5 and 15: mean 10, v² = 0.25, so 1 + (12.5 - 1) · 0.1
    assert cluster_effect(10, 0.1, spread_of_take=0.5) == pytest.approx(2.15)
    # A rare group that lies at random: take 0.5, v² = 2, so 1 + 0.5 · 0.1
    assert cluster_effect(0.5, 0.1, spread_of_take=math.sqrt(2)) == pytest.approx(1.05)


def test_unequal_weights_lose_a_part_of_the_sample():
    # (1 + 9) · 2 / 16
    assert kish_effect([1, 3]) == pytest.approx(1.25)
    assert effective_size([1, 3]) == pytest.approx(1.6)
    assert kish_effect([2, 2, 2]) == 1.0
    # Half of the people at 0.1, half at 0.2: (5 + 2.5) · (0.05 + 0.1)
    assert kish_effect_of_rates([0.5, 0.5], [0.1, 0.2]) == pytest.approx(1.125)
    expected = kish_effect(np.repeat([10.0, 5.0], [50, 100]))
    assert kish_effect_of_rates([500, 500], [0.1, 0.2]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: Measure.proportion(1.2), "share of 1.2"),
        (lambda: Measure.mean(float("nan"), 1.0), "value"),
        (lambda: Target(), "one number above 0"),
        (lambda: Target(cv=0.1, standard_error=1.0), "one number above 0"),
        (lambda: Target(cv=0.1, interval="exact"), "no interval"),
        (lambda: Target(cv=0.1, level=95), "level"),
        (lambda: respondents_for(Measure.proportion(0.0), Target(cv=0.1)), "no CV"),
        (lambda: respondents_for(Measure.mean(1, 1), Target(half_width=1, interval="logit")), "for shares"),
        (lambda: precision(Measure.proportion(0.5, 10), 11), "cannot answer"),
        (lambda: precision(Measure.proportion(0.5), 0), "cannot answer"),
        (lambda: precision(Measure.proportion(0.5), 9, design_effect=0), "design effect"),
        (lambda: precision(Measure.proportion(0.0), 9, interval="logit"), "logit"),
        (lambda: Measure.gap(0.1, 0.2, share_of_first=1.0), "Shares of the respondents"),
        (lambda: Measure.gap(0.1, 0.2, share_of_first=0.5, correlation=2), "correlation"),
        (lambda: Group(1.0, -1.0), "variance"),
        (lambda: Group(1.0, 1.0, 0), "one member"),
        (lambda: Measure("mean", (Group(1, 1), Group(1, 1))), "difference is of two"),
        (lambda: variance_asked(Target(cv=0.1), 0.0, "mean"), "no CV"),
        (lambda: variance_asked(Target(half_width=0.1, interval="wilson"), 3.0, "mean"), "for shares"),
        (lambda: Fieldwork(0.0), "above 0"),
        (lambda: Fieldwork(0.1, response=80), "80 % is 0.8"),
        (lambda: doors_for(0, Fieldwork(1.0)), "at least one"),
        (lambda: doors_for(10, Fieldwork(0.1, households=99)), "there are 99"),
        (lambda: respondents_of(100, Fieldwork(0.1, households=99)), "cannot be visited"),
        (lambda: cluster_effect(0.5, 0.1), "cannot be"),
        (lambda: cluster_effect(0, 0.1), "above 0"),
        (lambda: cluster_effect(5, -0.5), "between -0.25"),
        (lambda: kish_effect([]), "list of numbers"),
        (lambda: kish_effect([1.0, float("nan")]), "none missing"),
        (lambda: kish_effect([1.0, -1.0]), "at least 0"),
        (lambda: kish_effect([0.0, 0.0]), "at least 0"),
        (lambda: kish_effect_of_rates([1.0, 1.0], [0.5, 0.0]), "not sampled"),
        (lambda: kish_effect_of_rates([0.0, 0.0], [0.5, 0.5]), "share"),
    ],
)
def test_what_cannot_be_is_refused_in_words(asked, words):
    with pytest.raises(ProjectError, match=words):
        asked()
