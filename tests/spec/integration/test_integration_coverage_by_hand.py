"""Dual and multiple systems by hand: sums that can be done on paper, and what cannot be estimated."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sojourn.integration.dual_system import DualCounts, Rates, dual_system, false_from_precision
from sojourn.integration.log_linear import (
    CaptureModel,
    Existence,
    capture_models,
    fitted_model,
    profile_interval,
)
from sojourn.integration.multiple_systems import (
    ListErrors,
    linked_again,
    multiple_systems,
    without_erroneous,
)


def numbers(*values):
    return np.array(values, float)


def one(first, second, linked, **rates):
    """The row of one stratum."""
    counts = DualCounts(("all",), numbers(first), numbers(second), numbers(linked))
    return dual_system(counts, rates=Rates(**rates), chapman=False).to_pylist()[0]


def test_two_lists_of_which_one_holds_half_of_the_other():
    # The second list is half on the first: the first holds half of all. Variance 600·200·500·100/100³.
    found = one(600, 200, 100)
    assert (found["total"], found["first_undercoverage"]) == (1200.0, 0.5)
    assert found["standard_error"] == pytest.approx(math.sqrt(600 * 200 * 500 * 100 / 100**3))
    assert found["lower"] * found["upper"] == pytest.approx(1200.0**2)


def test_chapmans_estimate_and_sebers_variance():
    counts = DualCounts(("all",), numbers(9), numbers(11), numbers(4))
    found = dual_system(counts).to_pylist()[0]
    # 10 · 12 / 5 - 1 = 23; 10·12·5·7 / (25·6) = 28.
    assert found["total"] == pytest.approx(23.0)
    assert found["standard_error"] ** 2 == pytest.approx(28.0)


def test_missed_links_make_too_many_people_and_their_rate_takes_them_off():
    # Of 100 pairs 80 were linked: 600·200/80 = 1500; with the rate 600·200/(80/0.8) = 1200.
    assert one(600, 200, 80)["total"] == pytest.approx(1500.0)
    found = one(600, 200, 80, missed=0.2)
    assert (found["linked_corrected"], found["total"]) == (pytest.approx(100.0), pytest.approx(1200.0))
    assert found["standard_error"] > one(600, 200, 100)["standard_error"]


def test_false_links_make_too_few_people_and_their_rate_puts_them_back():
    # Of the other 100 records of the second list 5 were linked: (85 - 0.05·200)/(1 - 0.2 - 0.05) = 100.
    assert one(600, 200, 85, missed=0.2, false=0.05)["total"] == pytest.approx(1200.0)


def test_a_precision_says_how_many_links_are_false():
    # 5 of 85 links are false, of the 200 - 80 records that have no true link.
    counts = DualCounts(("all",), numbers(600), numbers(200), numbers(85))
    assert false_from_precision(counts, 80 / 85) == pytest.approx([5 / 120])


def test_records_of_people_who_are_not_of_the_population_are_taken_off_the_list():
    found = one(750, 200, 100, first_erroneous=0.2)
    assert (found["total"], found["first_undercoverage"]) == (pytest.approx(1200.0), pytest.approx(0.5))


def test_the_interval_grows_with_what_is_not_known_of_the_rates():
    # dN/du = 600·200·(1 - u)'/80 = -1500; one standard error of 0.02 adds 30².
    sure = one(600, 200, 80, missed=0.2)["standard_error"]
    unsure = one(600, 200, 80, missed=0.2, missed_error=0.02)["standard_error"]
    assert unsure**2 - sure**2 == pytest.approx(30.0**2, rel=1e-6)


def test_one_estimate_of_the_rates_does_not_average_out_over_strata():
    counts = DualCounts(("a", "b"), numbers(600, 600), numbers(200, 200), numbers(80, 80))
    rates = Rates(missed=0.2, missed_error=0.02)
    apart, common = (
        dual_system(counts, rates=rates, chapman=False, linkage_in_common=shared).to_pylist()[-1]
        for shared in (False, True)
    )
    # 2·30² against (2·30)².
    assert common["standard_error"] ** 2 - apart["standard_error"] ** 2 == pytest.approx(1800.0, rel=1e-6)
    assert common["total"] == apart["total"] == pytest.approx(2400.0)


def test_a_stratum_without_a_pair_has_no_total_and_nor_has_the_sum():
    counts = DualCounts(("a", "b"), numbers(600, 5), numbers(200, 3), numbers(100, 0))
    found = dual_system(counts).to_pylist()
    assert [row["total"] is None for row in found] == [False, True, True]


def test_the_interval_holds_the_truth_where_links_go_wrong_at_known_rates():
    draw, people, held = np.random.default_rng(8), 5_000, 0
    for _ in range(400):
        first, second = draw.random(people) < 0.8, draw.random(people) < 0.1
        pairs = int((first & second).sum())
        links = draw.binomial(pairs, 0.93) + draw.binomial(int((second & ~first).sum()), 0.02)
        seen = {name: draw.binomial(800, rate) / 800 for name, rate in (("missed", 0.07), ("false", 0.02))}
        errors = {f"{name}_error": math.sqrt(rate * (1 - rate) / 800) for name, rate in seen.items()}
        found = one(first.sum(), second.sum(), links, **seen, **errors)
        held += found["lower"] <= people <= found["upper"]
    # 400 intervals of 95 per cent: 380 expected, with a standard deviation of 4.4.
    assert 365 <= held <= 395


def test_three_independent_lists_are_found_to_be_so():
    # 1000 people on lists with probabilities 1/2, 1/2 and 2/5, as expected: 150 are on none of them.
    counts = numbers(100, 150, 100, 150, 100, 150, 100)
    found = multiple_systems(counts, ["a", "b", "c"])
    assert found.chosen["model"] == "a + b + c"
    assert found.chosen["total"] == pytest.approx(1000.0)
    assert found.chosen["lower"] < 1000.0 < found.chosen["upper"]


def test_there_are_as_many_models_as_sets_of_pairs():
    assert [len(list(capture_models(lists))) for lists in (2, 3, 4, 5)] == [1, 2**3, 2**6, 2**10]


# Lists a and b have nobody in common, and nobody is on all three.
APART = numbers(20, 35, 6, 40, 9, 0, 0)


def test_a_pair_of_lists_that_never_overlap_has_an_estimate_at_minus_infinity():
    found = fitted_model(CaptureModel(3, ((0, 1),)), APART)
    # c is independent of the others: of those on a or b 15 are on c and 75 are not, so that of those on
    # neither 20 are on c and 20·75/15 = 100 are not.
    assert (found.existence, found.total) == (Existence.EXTENDED, pytest.approx(110.0 + 100.0))
    plain = fitted_model(CaptureModel(3), APART)
    assert plain.existence == Existence.EXISTS


def test_the_extended_estimate_is_the_limit_of_tables_with_ever_smaller_overlap():
    model = CaptureModel(3, ((0, 1),))
    totals = [
        fitted_model(model, APART + least * numbers(0, 0, 0, 0, 0, 1, 1)).total for least in (1e-3, 1e-6)
    ]
    limit = fitted_model(model, APART).total
    assert totals[1] == pytest.approx(limit, rel=1e-5)
    assert abs(totals[1] - limit) < abs(totals[0] - limit)


def test_a_model_that_cannot_tell_who_is_on_no_list_says_so():
    # With all three pairs the people on none of the lists hang on those on all lists, and there are none.
    everything = CaptureModel(3, ((0, 1), (0, 2), (1, 2)))
    found = fitted_model(everything, numbers(20, 35, 6, 40, 9, 0, 0))
    assert (found.existence, found.total) == (Existence.NOT_IDENTIFIED, None)
    with pytest.raises(ValueError, match="not identified"):
        profile_interval(everything, APART)


def test_the_spread_is_that_of_all_models_with_support():
    found = multiple_systems(numbers(120, 90, 33, 80, 41, 20, 12), ["a", "b", "c"])
    rows = [row for row in found.models.to_pylist() if row["lower"] is not None]
    assert found.spread == (min(row["total"] for row in rows), max(row["total"] for row in rows))
    assert sum(row["weight"] for row in found.models.to_pylist()) == pytest.approx(1.0)
    assert found.spread[0] < found.spread[1]


def test_loose_records_are_put_back_to_their_people():
    # 100 people on both lists, 40 on a alone, 60 on b alone. A tenth of the records of a and a fifth of those
    # of b come loose: 100·0.9·0.8 = 72 pairs hold, and 28 people stand on each list once more.
    assert linked_again(numbers(60 + 28, 40 + 28, 72), [0.1, 0.2]) == pytest.approx([60, 40, 100])


def test_three_lists_with_loose_records_come_back_as_they_were():
    true = {"c": 30, "b": 50, "bc": 20, "a": 70, "ac": 10, "ab": 40, "abc": 15}
    loose = {"a": 0.1, "b": 0.05, "c": 0.2}
    seen = dict.fromkeys(true, 0.0)
    for lists, people in true.items():
        for held in range(2 ** len(lists)):
            together = "".join(name for place, name in enumerate(lists) if held >> place & 1)
            chance = math.prod(1 - loose[name] if name in together else loose[name] for name in lists)
            for group in [together] * (together != "") + [name for name in lists if name not in together]:
                seen[group] += people * chance
    assert linked_again(np.array(list(seen.values())), [0.1, 0.05, 0.2]) == pytest.approx(list(true.values()))


def test_more_missed_links_than_there_can_be_are_refused():
    with pytest.raises(ValueError, match="more people would be on several lists"):
        linked_again(numbers(1, 1, 50), [0.4, 0.4])


def test_erroneous_records_are_taken_off_people_on_one_list_alone():
    # a has 40 + 100 records, a tenth of them erroneous.
    assert without_erroneous(numbers(60, 40, 100), [0.1, 0.0]) == pytest.approx([60, 26, 100])


def test_errors_of_lists_widen_the_interval_of_the_best_model():
    counts = numbers(100, 150, 100, 150, 100, 150, 100)
    none = (0.0, 0.0, 0.0)
    sure = multiple_systems(
        counts, ["a", "b", "c"], errors=ListErrors((0.05, 0.0, 0.0), none, none, none), seed=4
    )
    unsure = multiple_systems(
        counts, ["a", "b", "c"], errors=ListErrors((0.05, 0.0, 0.0), (0.03, 0.0, 0.0), none, none), seed=4
    )
    widths = [found.chosen["upper"] - found.chosen["lower"] for found in (sure, unsure)]
    assert sure.chosen["total"] == unsure.chosen["total"]
    assert sure.chosen["total"] < 1000.0
    assert widths[0] < widths[1]


@pytest.mark.parametrize(
    ("counts", "titles", "reason"),
    [
        (numbers(1), ["a"], "2 to 5 lists"),
        (numbers(*[1] * 63), list("abcdef"), "2 to 5 lists"),
        (numbers(1, 2), ["a", "b"], "3 patterns"),
        (numbers(1, -2, 3), ["a", "b"], "not negative"),
        (numbers(10, 20, 0), ["a", "b"], "overlap too little"),
    ],
)
def test_counts_that_allow_no_estimate_are_refused(counts, titles, reason):
    with pytest.raises(ValueError, match=reason):
        multiple_systems(counts, titles)
