"""Weights for any survey: totals hold, bounds hold, order does not matter, and a plain definition agrees."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from sojourn.errors import DataRefused
from sojourn.statistics.weighting import (
    CollapseStep,
    Distance,
    Household,
    Limit,
    Margin,
    Outcomes,
    TrimmingRule,
    WeightingClasses,
    adjusted_for_nonresponse,
    auxiliaries,
    calibrated,
    calibrated_replicates,
    calibration_residuals,
    post_stratified,
    raked,
    trimmed,
)

DISTANCES = {
    "linear": Distance(),
    "raking": Distance("raking"),
    "logit": Distance("logit", 0.2, 3.5),
    "truncated": Distance("linear", 0.2, 3.5),
    "truncated raking": Distance("raking", 0.2, 3.5),
}
seeds = st.integers(0, 10**6)


def survey(seed: int, persons: int = 40) -> tuple[pa.Table, np.ndarray]:
    """A survey, and weights between 0.3 and 3 times its own, whose totals can therefore be reached."""
    draw = np.random.default_rng(seed)
    records = pa.table(
        {
            "sex": draw.choice(["F", "M"], persons),
            "region": draw.choice(["a", "b", "c"], persons),
            "home": draw.integers(0, persons // 3, persons),
            "x": draw.gamma(2.0, 3.0, persons),
            "w": draw.lognormal(3, draw.uniform(0, 1), persons),
        }
    )
    return records, records["w"].to_numpy() * draw.uniform(0.3, 3.0, persons)


def margins(records: pa.Table, weights: np.ndarray, measure: bool = True) -> list[Margin]:
    table = records.append_column("v", pa.array(weights))
    table = table.append_column("vx", pa.array(weights * records["x"].to_numpy()))
    found = []
    for name, columns in (("sex", ["sex"]), ("region", ["region"])):
        sums = table.group_by(columns).aggregate([("v", "sum")]).to_pylist()
        found.append(Margin(name, columns, {tuple(row[c] for c in columns): row["v_sum"] for row in sums}))
    if measure:
        sums = table.group_by(["sex"]).aggregate([("vx", "sum")]).to_pylist()
        found.append(Margin("x", ("sex",), {(row["sex"],): row["vx_sum"] for row in sums}, of="x"))
    return found


def assert_hold(records: pa.Table, weights: np.ndarray, known: list[Margin]) -> None:
    """Plain sums over the records are the totals."""
    rows = records.to_pylist()
    for margin in known:
        for cell, total in margin.totals.items():
            reached = sum(
                weight * (row[margin.of] if margin.of else 1)
                for row, weight in zip(rows, weights, strict=True)
                if tuple(row[name] for name in margin.columns) == cell
            )
            assert reached == pytest.approx(total, rel=1e-9)


@settings(max_examples=25)
@given(seeds, st.sampled_from(sorted(DISTANCES)))
def test_calibrated_totals_and_bounds_hold(seed, kind):
    records, reachable = survey(seed)
    known = margins(records, reachable)
    distance = DISTANCES[kind]
    found = calibrated(records, known, weight="w", distance=distance).weights
    assert_hold(records, found["weight"].to_numpy(), known)
    low, high = distance.limits
    factors = found["factor"].to_numpy()
    assert low <= factors.min() <= factors.max() <= high
    assert found["weight"].to_numpy() == pytest.approx(records["w"].to_numpy() * factors)


@settings(max_examples=25)
@given(seeds, st.sampled_from(sorted(DISTANCES)), st.booleans())
def test_the_order_of_the_records_changes_no_bit(seed, kind, by_household):
    records, reachable = survey(seed)
    household = None
    if by_household:
        weights = np.random.default_rng(seed).uniform(5, 9, 99)[records["home"].to_numpy()]
        records = records.set_column(4, "w", pa.array(weights))
        household = Household("home")
        reachable = weights * np.random.default_rng(seed).uniform(0.6, 1.4, 99)[records["home"].to_numpy()]
    known = margins(records, reachable, measure=not by_household)
    order = np.random.default_rng(seed).permutation(len(records))
    both = [
        calibrated(table, known, weight="w", distance=DISTANCES[kind], household=household)
        for table in (records, records.take(pa.array(order)))
    ]
    assert both[0].weights["weight"].to_numpy()[order].tolist() == both[1].weights["weight"].to_pylist()
    assert both[0].record == both[1].record


@settings(max_examples=40)
@given(seeds, st.sampled_from(["raking", "logit", "truncated", "truncated raking"]), st.floats(0.3, 1))
def test_calibration_succeeds_exactly_where_a_linear_programme_says_that_it_can(seed, kind, spread):
    records, _ = survey(seed)
    draw = np.random.default_rng(seed)
    known = margins(records, records["w"].to_numpy() * np.exp(draw.normal(0, 2 * spread, len(records))))
    bounds = {"raking": (0, None), "logit": (0.5, 1.6)}.get(kind, (0.6, 1.5))
    distance = {
        "raking": Distance("raking"),
        "logit": Distance("logit", 0.5, 1.6),
        "truncated": Distance("linear", 0.6, 1.5),
        "truncated raking": Distance("raking", 0.6, 1.5),
    }[kind]
    given_ones = auxiliaries(records, known)
    sums = given_ones.matrix.toarray() * given_ones.summed(records["w"].to_numpy())[:, None]
    possible = linprog(
        np.zeros(len(sums)), A_eq=(sums / given_ones.totals).T, b_eq=np.ones(sums.shape[1]), bounds=bounds
    ).success
    if possible:
        found = calibrated(records, known, weight="w", distance=distance).weights["weight"].to_numpy()
        assert_hold(records, found, known)
        return
    with pytest.raises(DataRefused, match=r"too tight|No weights above zero"):
        calibrated(records, known, weight="w", distance=distance)


@settings(max_examples=20)
@given(seeds)
def test_raking_by_fitting_and_by_newton_are_one(seed):
    records, reachable = survey(seed)
    known = margins(records, reachable, measure=False)
    fitted = raked(records, known, weight="w").weights["weight"].to_numpy()
    solved = calibrated(records, known, weight="w", distance=Distance("raking")).weights["weight"].to_numpy()
    assert fitted == pytest.approx(solved, rel=1e-8)
    assert_hold(records, fitted, known)


@settings(max_examples=20)
@given(seeds)
def test_linear_calibration_is_the_plain_formula(seed):
    records, reachable = survey(seed)
    known = margins(records, reachable)
    rows, weights = records.to_pylist(), records["w"].to_numpy()
    columns = np.array(
        [
            [
                (row[margin.of] if margin.of else 1.0) * (tuple(row[n] for n in margin.columns) == cell)
                for margin in known
                for cell in margin.totals
            ]
            for row in rows
        ]
    )
    totals = np.array([total for margin in known for total in margin.totals.values()])
    products = columns.T @ (columns * weights[:, None])
    plain = weights * (1 + columns @ np.linalg.pinv(products) @ (totals - columns.T @ weights))
    found = calibrated(records, known, weight="w")
    assert found.weights["weight"].to_numpy() == pytest.approx(plain, rel=1e-7, abs=1e-9 * weights.sum())
    scores = np.random.default_rng(seed).normal(size=(len(records), 2))
    fit = columns @ np.linalg.pinv(products) @ (columns.T @ (weights[:, None] * scores))
    residuals = calibration_residuals(scores, found.auxiliaries, weights)
    assert residuals == pytest.approx(scores - fit, abs=1e-8)


@settings(max_examples=20)
@given(seeds)
def test_members_of_a_household_have_one_weight_and_totals_hold(seed):
    records, _ = survey(seed)
    homes = records["home"].to_numpy()
    draw = np.random.default_rng(seed)
    weights = draw.uniform(5, 9, 99)[homes]
    records = records.set_column(4, "w", pa.array(weights))
    known = margins(records, weights * draw.uniform(0.6, 1.4, 99)[homes])
    for distance in ("household", "members"):
        found = (
            calibrated(
                records, known, weight="w", distance=Distance("raking"), household=Household("home", distance)
            )
            .weights["weight"]
            .to_numpy()
        )
        assert_hold(records, found, known)
        assert all(len(set(found[homes == home].tolist())) == 1 for home in set(homes.tolist()))


@settings(max_examples=15)
@given(seeds, st.sampled_from(["linear", "raking", "logit"]))
def test_a_replicate_is_calibrated_as_a_main_weight_would_be(seed, kind):
    records, reachable = survey(seed)
    known = margins(records, reachable)
    factors = np.random.default_rng(seed).uniform(0.9, 1.1, len(records))
    records = records.append_column("r", pa.array(records["w"].to_numpy() * factors))
    main = calibrated(records, known, weight="w", distance=DISTANCES[kind])
    try:
        alone = calibrated(records, known, weight="r", distance=DISTANCES[kind])
    except DataRefused:
        assume(False)
    found = calibrated_replicates(records, main, ["r"])["r"].to_numpy()
    assert found == pytest.approx(alone.weights["weight"].to_numpy(), rel=1e-8)


@settings(max_examples=30)
@given(seeds, st.floats(1.05, 4), st.sampled_from(["equal", "proportional"]), st.booleans())
def test_trimmed_weights_keep_their_sum_and_their_bounds(seed, times, spread, both):
    records, _ = survey(seed)
    weights = records["w"].to_numpy()
    lower = Limit("value", float(weights.mean()) / times) if both else None
    rule = TrimmingRule(lower, Limit("value", float(weights.mean()) * times), spread=spread)
    found, record = trimmed(records, rule, weight="w")
    after = found["weight"].to_numpy()
    assert after.sum() == pytest.approx(weights.sum())
    assert after.max() <= weights.mean() * times * (1 + 1e-12)
    if both:
        assert after.min() >= weights.mean() / times * (1 - 1e-12)
    assert record.share_moved == pytest.approx(np.maximum(weights - after, 0).sum() / weights.sum())
    order = np.random.default_rng(seed).permutation(len(records))
    again, _ = trimmed(records.take(pa.array(order)), rule, weight="w")
    assert again["weight"].to_pylist() == after[order].tolist()


@settings(max_examples=25)
@given(seeds, st.integers(1, 6))
def test_classes_keep_the_sum_of_weights_and_what_is_asked_of_them(seed, least):
    records, _ = survey(seed)
    outcomes = np.random.default_rng(seed).choice(["yes", "no", "out", "unclear"], len(records))
    records = records.append_column("outcome", pa.array(outcomes))
    rule = WeightingClasses(
        ("sex", "region"), (CollapseStep("region"), CollapseStep("sex")), least, maximum_factor=4.0
    )
    meant = Outcomes("outcome", ("yes",), ("no",), ("out",), ("unclear",))
    if (outcomes == "yes").sum() < least or _factor_of_all(records, outcomes) > 4.0:
        with pytest.raises(DataRefused, match="class of everybody"):
            adjusted_for_nonresponse(records, meant, rule, weight="w")
        return
    found = adjusted_for_nonresponse(records, meant, rule, weight="w")
    after = found.weights["weight"].to_numpy()
    assert after.sum() == pytest.approx(records["w"].to_numpy().sum())
    assert not after[np.isin(outcomes, ["no", "unclear"])].any()
    for row in found.classes.to_pylist():
        assert row["respondents"] >= least
        assert row["factor"] <= 4.0
    members = found.of_class
    for at in range(len(found.classes)):
        assert after[members == at].sum() == pytest.approx(records["w"].to_numpy()[members == at].sum())


def _factor_of_all(records: pa.Table, outcomes: np.ndarray) -> float:
    weights = records["w"].to_numpy()
    sums = {each: weights[outcomes == each].sum() for each in ("yes", "no", "out", "unclear")}
    known = weights.sum() / (weights.sum() - sums["unclear"])
    return known * (sums["yes"] + sums["no"]) / sums["yes"]


@settings(max_examples=20)
@given(seeds)
def test_post_stratification_is_the_calibration_to_its_margin(seed):
    records, reachable = survey(seed)
    (margin, *_) = margins(records, reachable, measure=False)
    plain = post_stratified(records, margin, weight="w").weights["weight"].to_numpy()
    solved = calibrated(records, [margin], weight="w").weights["weight"].to_numpy()
    assert plain == pytest.approx(solved, rel=1e-10)
