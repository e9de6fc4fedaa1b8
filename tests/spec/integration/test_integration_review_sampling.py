"""The sample of clerical review, and what decisions on it say: by hand, and against known truth."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from sojourn.integration.review_sampling import ReviewDesign, accuracy, drawn_pairs, sampling_plan

Z = 1.959963984540054


def pairs_of(*groups):
    """So many pairs of one probability, links or not."""
    rows = [(probability, is_link) for number, probability, is_link in groups for _ in range(number)]
    return pa.table(
        {
            "pair_id": [f"p{n:06d}" for n in range(len(rows))],
            "probability": [row[0] for row in rows],
            "is_link": [row[1] for row in rows],
        }
    )


def decided(*strata):
    """Strata with their decisions: link or not, pairs, same, different, unsure."""
    names = ("is_link", "pairs", "same", "different", "unsure")
    return pa.table({name: [stratum[i] for stratum in strata] for i, name in enumerate(names)})


def wilson(share, looks):
    centre = (share + Z**2 / (2 * looks)) / (1 + Z**2 / looks)
    half = Z * math.sqrt(share * (1 - share) / looks + Z**2 / (4 * looks**2)) / (1 + Z**2 / looks)
    return centre - half, centre + half


def test_strata_are_bands_of_probability_on_each_side_of_the_decision():
    pairs = pairs_of((40, 0.1, False), (30, 0.6, False), (20, 0.6, True), (10, 0.95, True))
    plan = sampling_plan(pairs, design=ReviewDesign(size=40, minimum=2, bands=(0.5, 0.9)))
    told = plan.select(["stratum", "is_link", "above", "up_to", "pairs", "expected_same"]).to_pylist()
    assert [tuple(row.values())[:5] for row in told] == [
        (0, False, 0.0, 0.5, 40),
        (1, False, 0.5, 0.9, 30),
        (2, True, 0.5, 0.9, 20),
        (3, True, 0.9, 1.0, 10),
    ]
    # 40 · 0.1, 30 · 0.6, 20 · 0.6, 10 · 0.95
    assert [row["expected_same"] for row in told] == pytest.approx([4, 18, 12, 9.5])


def test_sizes_go_by_pairs_times_standard_deviation():
    pairs = pairs_of((1000, 0.5, False), (1000, 0.1, True))
    plan = sampling_plan(pairs, design=ReviewDesign(size=80, minimum=2, bands=(0.3,)))
    # √(0.5 · 0.5) = 0.5 and √(0.1 · 0.9) = 0.3: of 80 looks 50 and 30.
    assert plan["size"].to_pylist() == [50, 30]
    assert plan["inclusion_probability"].to_pylist() == [0.05, 0.03]


def test_no_stratum_gets_fewer_than_the_minimum_or_more_than_it_has():
    pairs = pairs_of((5, 0.5, False), (50, 0.2, False), (100_000, 0.6, True))
    plan = sampling_plan(pairs, design=ReviewDesign(size=100, minimum=8, bands=(0.3,)))
    # Five pairs are all there are; the fifty get the minimum; the rest is 100 - 8 - 5.
    assert plan["size"].to_pylist() == [8, 5, 87]


def test_a_sample_is_the_whole_where_there_are_fewer_pairs_than_looks():
    pairs = pairs_of((5, 0.5, False), (7, 0.6, True))
    plan = sampling_plan(pairs, design=ReviewDesign(size=100, minimum=2))
    assert plan["size"].to_pylist() == [5, 7]
    drawn = drawn_pairs(pairs, plan, design=ReviewDesign(size=100, minimum=2), seed=1)
    assert sorted(drawn["pair_id"].to_pylist()) == pairs["pair_id"].to_pylist()


def test_the_same_seed_draws_the_same_pairs_and_another_seed_others():
    design = ReviewDesign(size=60, minimum=5)
    pairs = pairs_of((500, 0.2, False), (500, 0.8, True))
    plan = sampling_plan(pairs, design=design)
    first = drawn_pairs(pairs, plan, design=design, seed=4)
    assert first.equals(drawn_pairs(pairs, plan, design=design, seed=4))
    assert not first.equals(drawn_pairs(pairs, plan, design=design, seed=5))


def test_each_pair_is_drawn_as_often_as_its_inclusion_probability_says():
    design = ReviewDesign(size=12, minimum=4)
    pairs = pairs_of((20, 0.3, False), (10, 0.8, True))
    plan = sampling_plan(pairs, design=design)
    drawn = [
        drawn_pairs(pairs, plan, design=design, seed=seed)["pair_id"].to_numpy(False) for seed in range(600)
    ]
    counts = dict(zip(*np.unique(np.concatenate(drawn), return_counts=True), strict=True))
    expected = dict(enumerate(plan["inclusion_probability"].to_pylist()))
    for n in range(30):
        share = counts[f"p{n:06d}"] / 600
        probability = expected[0 if n < 20 else 1]
        # Five standard errors: of thirty shares one lies further off in ten thousand runs.
        assert abs(share - probability) < 5 * math.sqrt(probability * (1 - probability) / 600)


def test_the_front_of_the_queue_has_a_pair_of_every_stratum_and_all_advance_together():
    design = ReviewDesign(size=100, minimum=5)
    pairs = pairs_of((900, 0.005, False), (300, 0.3, False), (300, 0.7, True), (900, 0.995, True))
    plan = sampling_plan(pairs, design=design)
    drawn = drawn_pairs(pairs, plan, design=design, seed=2)
    assert sorted(drawn["stratum"].to_pylist()[: len(plan)]) == list(range(len(plan)))
    half = drawn["stratum"].to_numpy()[:50]
    for stratum, size in enumerate(plan["size"].to_pylist()):
        assert abs(np.sum(half == stratum) - size / 2) <= 1


def test_precision_of_one_stratum_is_its_share_with_wilsons_interval():
    # 90 of 100 links are right, of so many links that the sample hardly counts.
    found = accuracy(decided((True, 10**9, 90, 10, 0))).precision
    lower, upper = wilson(0.9, 100)
    assert (found.estimate, found.lower, found.upper) == pytest.approx((0.9, lower, upper), rel=1e-6)
    assert (lower, upper) == pytest.approx((0.8256, 0.9448), abs=5e-5)


def test_strata_are_weighed_by_their_pairs_and_their_ends_add_by_squares():
    found = accuracy(decided((True, 3 * 10**9, 48, 2, 0), (True, 10**9, 15, 10, 0))).precision
    # (3 · 48/50 + 1 · 15/25) / 4 = (2.88 + 0.6) / 4 = 0.87
    assert found.estimate == pytest.approx(0.87)
    first, second = wilson(0.96, 50), wilson(0.6, 25)
    below = math.hypot(0.75 * (0.96 - first[0]), 0.25 * (0.6 - second[0]))
    above = math.hypot(0.75 * (first[1] - 0.96), 0.25 * (second[1] - 0.6))
    assert (found.lower, found.upper) == pytest.approx((0.87 - below, 0.87 + above), rel=1e-6)


def test_recall_is_the_share_of_the_same_pairs_that_are_links():
    # 1000 links · 40/50 = 800 right; 4000 others · 5/100 = 200 missed; 800 / 1000.
    found = accuracy(decided((True, 1000, 40, 10, 0), (False, 4000, 5, 95, 0))).recall
    assert found.estimate == pytest.approx(0.8)
    assert found.lower < 0.8 < found.upper


def test_what_is_looked_at_whole_is_known():
    found = accuracy(decided((True, 10, 8, 2, 0), (False, 20, 4, 16, 0)))
    assert vars(found.precision) == {"estimate": 0.8, "lower": 0.8, "upper": 0.8}
    # Eight of the twelve that are the same.
    assert list(vars(found.recall).values()) == pytest.approx([2 / 3] * 3)


def test_the_ends_keep_a_width_at_nought_and_one():
    found = accuracy(decided((True, 1000, 50, 0, 0), (False, 1000, 0, 50, 0)))
    assert found.precision.estimate == found.precision.upper == 1
    assert found.recall.estimate == found.recall.upper == 1
    # Of 50 looks out of 1000 the finite number makes 50 · 999/950; z²/(n + z²) may still be wrong.
    looks = 50 * 999 / 950
    assert 1 - found.precision.lower == pytest.approx(Z**2 / (looks + Z**2))
    assert 0.9 < found.recall.lower < 0.95


def test_nothing_is_told_before_every_stratum_has_a_decision_that_is_sure():
    found = accuracy(decided((True, 100, 9, 1, 0), (False, 100, 0, 0, 3)))
    assert found.precision is not None
    assert found.recall is None
    assert accuracy(decided((True, 100, 9, 1, 0), (True, 50, 0, 0, 0))).precision is None


def test_without_links_there_is_no_precision_and_no_link_is_found():
    found = accuracy(decided((False, 100, 10, 10, 0)))
    assert found.precision is None
    assert found.recall.estimate == found.recall.upper == 0


def test_without_any_same_pair_there_is_no_recall():
    assert accuracy(decided((True, 10, 0, 10, 0), (False, 10, 0, 10, 0))).recall is None


def test_what_reviewers_are_unsure_of_moves_no_estimate_and_widens_the_interval_both_ways():
    sure = accuracy(decided((True, 10**6, 90, 10, 0), (False, 10**6, 5, 95, 0)))
    unsure = accuracy(decided((True, 10**6, 90, 10, 20), (False, 10**6, 5, 95, 20)))
    for name in ("precision", "recall"):
        one, other = getattr(sure, name), getattr(unsure, name)
        assert one.estimate == other.estimate
        assert other.lower < one.lower
        assert other.upper > one.upper
    # The ends are those that hold if all twenty were wrong, and if all were right.
    assert unsure.precision.lower == pytest.approx(wilson(90 / 120, 120)[0], rel=1e-3)
    assert unsure.precision.upper == pytest.approx(wilson(110 / 120, 120)[1], rel=1e-3)


def test_more_decisions_than_pairs_are_refused():
    with pytest.raises(ValueError, match="more decisions than"):
        accuracy(decided((True, 5, 4, 2, 0)))


@pytest.mark.parametrize(
    "settings", [{"size": 1}, {"minimum": 1}, {"bands": (0.5, 0.2)}, {"bands": (0.0,)}, {"least_spread": 0.0}]
)
def test_a_design_that_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match=r"sample needs|Bands end|least spread"):
        ReviewDesign(**settings)


@pytest.mark.parametrize(
    ("sharpness", "size", "threshold", "number"),
    [
        pytest.param(1.0, 200, 0.5, 30_000, id="probabilities are right"),
        pytest.param(0.6, 200, 0.5, 30_000, id="the model is too sure of itself"),
        pytest.param(3.0, 80, 0.9, 30_000, id="few looks, hardly an error"),
        pytest.param(1.0, 150, 0.5, 1_000, id="the sample is a good part of all pairs"),
    ],
)
def test_the_intervals_hold_the_truth_in_nine_of_ten_reviews_at_least(sharpness, size, threshold, number):
    """The truth is drawn once, then reviewed 400 times with other seeds; 95 per cent is what they say."""
    drawing = np.random.default_rng(1)
    shapes = ((0.3, 8, number // 2), (8, 0.3, number // 3), (1, 1, number // 6))
    probability = np.concatenate([drawing.beta(a, b, n) for a, b, n in shapes])
    odds = (probability / (1 - probability)) ** sharpness
    same, is_link = drawing.random(len(probability)) < odds / (1 + odds), probability >= threshold
    names = np.array([f"{n:06d}" for n in range(len(probability))])
    pairs = pa.table({"pair_id": names, "probability": probability, "is_link": is_link})
    design = ReviewDesign(size=size)
    plan = sampling_plan(pairs, design=design)
    truth = {"precision": same[is_link].mean(), "recall": same[is_link].sum() / same.sum()}
    held = dict.fromkeys(truth, 0)
    for seed in range(400):
        drawn = drawn_pairs(pairs, plan, design=design, seed=seed)
        rows, stratum = drawn["pair_id"].to_numpy(False).astype(int), drawn["stratum"].to_numpy()
        found = np.bincount(stratum, weights=same[rows], minlength=len(plan)).astype(int)
        strata = plan.select(["is_link", "pairs"]).to_pydict()
        strata |= {"same": found, "different": plan["size"].to_numpy() - found, "unsure": 0 * found}
        told = accuracy(pa.table(strata))
        for name, value in truth.items():
            interval = getattr(told, name)
            held[name] += interval.lower <= value <= interval.upper
    assert min(held.values()) >= 360, held
