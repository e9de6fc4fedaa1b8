"""Small areas against definitions with whole matrices, and laws that hold for any data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.statistics.small_areas import (
    AreaData,
    Bootstrap,
    Population,
    benchmarked,
    direct_level,
    fay_herriot,
    given_level,
    nested_error,
    unit_sums,
)

SOME = settings(max_examples=12, deadline=None, derandomize=True)
AREA_METHODS = ("reml", "ml", "fay_herriot", "prasad_rao", "adjusted_reml")
UNIT_METHODS = ("reml", "ml", "fitting_of_constants")
NAMES = ("(intercept)", "x")


@st.composite
def areas(draw) -> AreaData:
    """Some areas, a few without a sample, with variances over three orders of magnitude."""
    size = draw(st.integers(6, 14))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    spread = draw(st.sampled_from([0.0, 0.3, 1.0, 5.0]))
    x = random.normal(size=size)
    variance = 10 ** random.uniform(-2, 1, size)
    direct = 3 + x + spread * random.normal(size=size) + np.sqrt(variance) * random.normal(size=size)
    without = random.random(size) < 0.2
    without[:5] = False
    return AreaData(
        tuple(f"a{number}" for number in range(size)), np.where(without, np.nan, direct),
        np.where(without, np.nan, variance), np.column_stack([np.ones(size), x]), NAMES,
    )  # fmt: skip


def matrices(data: AreaData, variance: float):
    """The definition: estimates and the two parts of their errors that need no asymptotics."""
    some = np.isfinite(data.direct)
    x, y = data.design[some], data.direct[some]
    total = variance * np.eye(some.sum()) + np.diag(data.variance[some])
    inverse = np.linalg.inv(total)
    covariance = np.linalg.inv(x.T @ inverse @ x)
    beta = covariance @ x.T @ inverse @ y
    weights = np.zeros((len(some), some.sum()))
    weights[np.flatnonzero(some), np.arange(some.sum())] = variance
    kept = weights @ inverse
    estimate = data.design @ beta + kept @ (y - x @ beta)
    off = data.design - kept @ x
    errors = variance * np.eye(len(some)) - kept @ weights.T + off @ covariance @ off.T
    return estimate, errors, beta, covariance


def log_likelihood(data: AreaData, variance: float, *, is_restricted: bool) -> float:
    some = np.isfinite(data.direct)
    x, y = data.design[some], data.direct[some]
    total = variance + data.variance[some]
    _, _, beta, covariance = matrices(data, variance)
    found = -0.5 * (np.log(total).sum() + ((y - x @ beta) ** 2 / total).sum())
    return found + (0.5 * np.linalg.slogdet(covariance)[1] if is_restricted else 0.0)


@SOME
@given(areas(), st.sampled_from(AREA_METHODS))
def test_area_estimates_are_those_of_whole_matrices(data, method):
    found = fay_herriot(data, method=method)
    estimate, errors, beta, covariance = matrices(data, found.fit.area_variance)
    assert found.estimates.estimate == pytest.approx(estimate, rel=1e-9)
    assert found.fit.coefficients == pytest.approx(beta, rel=1e-9)
    assert found.fit.covariance.ravel() == pytest.approx(covariance.ravel(), rel=1e-9, abs=1e-12)
    # What estimating the variance of areas adds is never less than nothing, but for Fay and Herriot's bias.
    if method != "fay_herriot":
        assert np.all(found.estimates.mse >= np.diag(errors) * (1 - 1e-9))
    together = np.diag(found.estimates.errors.own) + (
        found.estimates.errors.loading @ found.estimates.errors.core @ found.estimates.errors.loading.T
    )
    off_diagonal = ~np.eye(len(errors), dtype=bool)
    assert together[off_diagonal] == pytest.approx(errors[off_diagonal], rel=1e-8, abs=1e-12)


@SOME
@given(areas(), st.sampled_from(["reml", "ml"]), st.floats(-3, 3))
def test_no_other_variance_of_areas_has_a_higher_likelihood(data, method, distance):
    found = fay_herriot(data, method=method).fit.area_variance
    best = log_likelihood(data, found, is_restricted=method == "reml")
    for other in (found * np.exp(distance), 10.0 ** (2 * distance), 0.0):
        assert log_likelihood(data, other, is_restricted=method == "reml") <= best + 1e-9


@SOME
@given(areas(), st.sampled_from(AREA_METHODS), st.floats(1e-3, 1e3), st.floats(-50, 50))
def test_another_unit_and_another_origin_change_nothing_else(data, method, unit, origin):
    moved = replace(data, direct=unit * (data.direct + origin), variance=unit**2 * data.variance)
    before, after = (fay_herriot(each, method=method).estimates for each in (data, moved))
    assert after.estimate == pytest.approx(unit * (before.estimate + origin), rel=1e-6, abs=1e-6 * unit)
    assert after.mse == pytest.approx(unit**2 * before.mse, rel=1e-5)
    assert after.kept == pytest.approx(before.kept, rel=1e-6, abs=1e-9)


@SOME
@given(areas(), st.sampled_from(AREA_METHODS), st.randoms(use_true_random=False))
def test_the_order_of_areas_does_not_matter(data, method, random):
    order = list(range(len(data.areas)))
    random.shuffle(order)
    shuffled = AreaData(
        tuple(data.areas[each] for each in order), data.direct[order], data.variance[order],
        data.design[order], data.names,
    )  # fmt: skip
    before, after = (fay_herriot(each, method=method).estimates for each in (data, shuffled))
    assert after.estimate == pytest.approx(before.estimate[order], rel=1e-8)
    assert after.mse == pytest.approx(before.mse[order], rel=1e-7)


@SOME
@given(areas(), st.sampled_from(AREA_METHODS))
def test_estimates_lie_between_direct_and_synthetic_ones(data, method):
    found = fay_herriot(data, method=method)
    some = np.isfinite(data.direct)
    synthetic = data.design @ found.fit.coefficients
    low, high = np.minimum(data.direct, synthetic)[some], np.maximum(data.direct, synthetic)[some]
    estimate = found.estimates.estimate
    assert np.all((estimate[some] >= low - 1e-9) & (estimate[some] <= high + 1e-9))
    assert estimate[~some] == pytest.approx(synthetic[~some])
    assert np.all((found.estimates.kept >= 0) & (found.estimates.kept <= 1))


@SOME
@given(areas())
def test_an_area_that_is_known_exactly_keeps_its_direct_estimate(data):
    variance = data.variance.copy()
    variance[0] = 1e-11
    found = fay_herriot(replace(data, variance=variance), area_variance=1.0).estimates
    assert found.kept[0] == pytest.approx(1, abs=1e-10)
    assert found.estimate[0] == pytest.approx(data.direct[0], abs=1e-9)
    assert found.mse[0] == pytest.approx(0, abs=1e-9)


@st.composite
def units(draw):
    """Units of a few areas, some of them without any, with a covariate and weights."""
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    count = draw(st.integers(5, 8))
    size = random.integers(0, 6, count)
    size[:4] = [3, 1, 4, 2]
    place = np.repeat(np.arange(count), size)
    x = random.normal(size=len(place)) + 0.3 * place
    spread = draw(st.sampled_from([0.0, 1.0, 4.0]))
    outcome = 2 + x + spread * random.normal(size=count)[place] + random.normal(size=len(place))
    means = np.column_stack([np.ones(count), random.normal(size=count)])
    return place, np.column_stack([np.ones(len(place)), x]), outcome, means, random.uniform(1, 5, len(place))


def fitted(data, method="reml", *, weights=None, size=None, bootstrap=None):
    place, design, outcome, means, _ = data
    sums = unit_sums(place, len(means), outcome, design, NAMES, weights)
    codes = tuple(f"a{number}" for number in range(len(means)))
    return nested_error(sums, Population(codes, means, size), NAMES, method=method, bootstrap=bootstrap)


def unit_matrices(data, area: float, unit: float):
    place, design, outcome, means, _ = data
    belongs = np.eye(len(means))[place]
    total = area * belongs @ belongs.T + unit * np.eye(len(place))
    inverse = np.linalg.inv(total)
    covariance = np.linalg.inv(design.T @ inverse @ design)
    beta = covariance @ design.T @ inverse @ outcome
    kept = area * belongs.T @ inverse
    off = means - kept @ design
    errors = area * np.eye(len(means)) - kept @ belongs * area + off @ covariance @ off.T
    return means @ beta + kept @ (outcome - design @ beta), errors, beta, covariance, total


def asymptotic(data, area: float, unit: float, method: str, relative: np.ndarray) -> np.ndarray:
    """What estimating the variances adds, twice, less their bias, from traces of whole matrices."""
    place, design, _, means, _ = data
    belongs = np.eye(len(means))[place]
    _, _, _, covariance, total = unit_matrices(data, area, unit)
    inverse = np.linalg.inv(total)
    parts = [belongs @ belongs.T, np.eye(len(place))]
    information = np.array(
        [[0.5 * np.trace(inverse @ one @ inverse @ other) for other in parts] for one in parts]
    )
    of_variances = np.linalg.inv(information)
    traces = [np.trace(covariance @ design.T @ inverse @ part @ inverse @ design) for part in parts]
    bias = -0.5 * of_variances @ traces if method == "ml" else np.zeros(2)
    kept = area / (area + unit * relative)
    # The derivatives of gamma by the two variances; around the regression the sample varies by area + unit.
    slope = np.column_stack([unit * relative, -area * relative]) / (area + unit * relative)[:, None] ** 2
    third = np.einsum("ij,jk,ik->i", slope, of_variances, slope) * (area + unit * relative)
    of_first = np.column_stack([(1 - kept) ** 2, kept**2 * relative])
    return 2 * third - of_first @ bias


@SOME
@given(units(), st.sampled_from(UNIT_METHODS))
def test_unit_estimates_are_those_of_whole_matrices(data, method):
    found = fitted(data, method)
    area, unit = found.fit.area_variance, found.fit.unit_variance or 0.0
    estimate, errors, beta, covariance, _ = unit_matrices(data, area, unit)
    assert found.estimates.estimate == pytest.approx(estimate, rel=1e-8)
    assert found.fit.coefficients == pytest.approx(beta, rel=1e-8)
    assert found.fit.covariance.ravel() == pytest.approx(covariance.ravel(), rel=1e-8, abs=1e-12)
    size = np.bincount(data[0], minlength=len(data[3]))
    sampled = size > 0
    if method == "fitting_of_constants":
        assert np.all(found.estimates.mse >= np.diag(errors) * (1 - 1e-9))
        return
    added = asymptotic(data, area, unit, method, 1 / size[sampled])
    assert found.estimates.mse[sampled] == pytest.approx(np.diag(errors)[sampled] + added, rel=1e-7)


@SOME
@given(units(), st.sampled_from(["reml", "ml"]), st.floats(-2, 2), st.floats(-2, 2))
def test_no_other_variances_have_a_higher_likelihood(data, method, of_area, of_unit):
    found = fitted(data, method).fit
    area, unit = found.area_variance, found.unit_variance or 0.0

    def height(area: float, unit: float) -> float:
        _, design, outcome, _, _ = data
        _, _, beta, covariance, total = unit_matrices(data, area, unit)
        left = outcome - design @ beta
        value = -0.5 * (np.linalg.slogdet(total)[1] + left @ np.linalg.solve(total, left))
        return value + (0.5 * np.linalg.slogdet(covariance)[1] if method == "reml" else 0.0)

    best = height(area, unit)
    others = [
        (area * np.exp(of_area), unit * np.exp(of_unit)),
        (0.0, unit * np.exp(of_unit)),
        (10**of_area, unit),
    ]
    for other in others:
        assert height(*other) <= best + 1e-8


@SOME
@given(units(), st.randoms(use_true_random=False), st.floats(0.1, 10))
def test_neither_the_order_of_units_nor_the_size_of_weights_matters(data, random, times):
    place, design, outcome, means, weights = data
    order = list(range(len(place)))
    random.shuffle(order)
    shuffled = (place[order], design[order], outcome[order], means, weights)
    before = fitted(data, weights=weights).estimates
    after = fitted(shuffled, weights=times * weights[order]).estimates
    assert after.estimate == pytest.approx(before.estimate, rel=1e-8)
    assert after.mse == pytest.approx(before.mse, rel=1e-7)


@SOME
@given(units())
def test_estimates_with_survey_weights_add_up_to_the_surveys_own(data):
    place, design, outcome, means, weights = data
    found = fitted(data, weights=weights)
    total = np.bincount(place, weights, minlength=len(means))
    sampled = total > 0
    # Weights that add up to the areas' populations: the survey's regression estimate of the total.
    of_sample = (weights[:, None] * design).sum(axis=0)
    of_population = (total[:, None] * means)[sampled].sum(axis=0)
    regression = weights @ outcome + (of_population - of_sample) @ found.fit.coefficients
    assert total[sampled] @ found.estimates.estimate[sampled] == pytest.approx(regression, rel=1e-9)


@SOME
@given(units())
def test_errors_with_survey_weights_are_those_of_a_linear_estimate(data):
    place, _, outcome, means, weights = data
    found = fitted(data, weights=weights)
    area, unit = found.fit.area_variance, found.fit.unit_variance or 0.0
    total = np.bincount(place, weights, minlength=len(means))
    sampled = total > 0
    relative = np.bincount(place, (weights / total[place]) ** 2, minlength=len(means))[sampled]
    # The estimate is a matrix times the outcomes: column by column, what one unit's outcome adds.
    linear = linear_estimate(data, area, unit)
    assert linear @ outcome == pytest.approx(found.estimates.estimate[sampled], rel=1e-8)
    belongs = np.eye(len(means))[place]
    off = linear @ belongs - np.eye(len(means))[sampled]
    exact = area * np.sum(off**2, axis=1) + unit * np.sum(linear**2, axis=1)
    added = asymptotic(data, area, unit, "reml", relative)
    assert found.estimates.mse[sampled] == pytest.approx(exact + added, rel=1e-7)


def linear_estimate(data, area: float, unit: float) -> np.ndarray:
    """The weights of units in the estimates of areas with a sample, as You and Rao define them."""
    place, design, _, means, weights = data
    total = np.bincount(place, weights, minlength=len(means))
    sampled = total > 0
    relative = weights / total[place]
    squares = np.where(sampled, np.bincount(place, relative**2, minlength=len(means)), 1.0)
    kept = area / (area + unit * squares)
    average = np.zeros((len(means), len(place)))
    average[place, np.arange(len(place))] = relative
    z = weights[:, None] * (design - kept[place][:, None] * (average @ design)[place])
    beta = np.linalg.solve(z.T @ design, z.T)
    found = means @ beta + kept[:, None] * (average - average @ design @ beta)
    return found[sampled]


@SOME
@given(units())
def test_areas_that_are_sampled_whole_are_their_own_means(data):
    place, _, outcome, means, _ = data
    size = np.maximum(np.bincount(place, minlength=len(means)), 1).astype(float)
    found = fitted(data, size=size).estimates
    sampled = np.bincount(place, minlength=len(means)) > 0
    own = np.bincount(place, outcome, minlength=len(means))[sampled] / size[sampled]
    assert found.estimate[sampled] == pytest.approx(own, rel=1e-9)
    assert found.mse[sampled] == pytest.approx(0, abs=1e-9)


def test_a_bootstrap_of_units_draws_what_units_draw():
    # Errors of many drawn sums are near the analytic ones where these are nearly exact: many areas.
    random = np.random.default_rng(5)
    place = np.repeat(np.arange(200), 4)
    design = np.column_stack([np.ones(800), random.normal(size=800)])
    outcome = design.sum(axis=1) + random.normal(size=200)[place] + random.normal(size=800)
    data = (place, design, outcome, np.ones((200, 2)), np.ones(800))
    drawn = fitted(data, bootstrap=Bootstrap(60, 1)).estimates.mse
    assert drawn.mean() == pytest.approx(fitted(data).estimates.mse.mean(), rel=0.05)


@SOME
@given(areas(), st.sampled_from(["ratio", "difference", "optimal"]), st.integers(0, 10**6))
def test_benchmarked_estimates_add_up_and_their_errors_are_those_of_whole_matrices(data, method, seed):
    random = np.random.default_rng(seed)
    found = fay_herriot(data, area_variance=1.0).estimates
    size = len(data.areas)
    weights = random.uniform(0.5, 3, size)
    groups = [str(number % 2) for number in range(size)]
    member = np.array([[group == code for code in ("0", "1")] for group in groups], float)
    own = found.errors.loading @ found.errors.core @ found.errors.loading.T + np.diag(found.errors.own)
    change = {"ratio": found.estimate, "difference": np.ones(size), "optimal": weights * found.mse}[method]
    moved = (change[:, None] * member) @ np.linalg.inv(member.T @ ((weights * change)[:, None] * member))
    heavy = weights[:, None] * member
    totals, variances = {"0": 10.0, "1": -5.0}, {"0": 0.5, "1": 2.0}
    made = benchmarked(found, weights, [given_level("g", groups, totals, variances)], method=method)
    assert heavy.T @ made.estimate == pytest.approx([10, -5])
    off = np.eye(size) - moved @ heavy.T
    exact = off @ own @ off.T + moved @ np.diag([0.5, 2.0]) @ moved.T
    assert made.mse == pytest.approx(np.diag(exact), rel=1e-7)


@SOME
@given(areas(), st.sampled_from(["difference", "optimal"]))
def test_adding_up_to_direct_estimates_costs_what_their_distance_varies(data, method):
    some = np.isfinite(data.direct)
    whole = AreaData(
        tuple(np.array(data.areas)[some]), data.direct[some], data.variance[some], data.design[some], NAMES
    )
    found = fay_herriot(whole, area_variance=1.0).estimates
    size = len(whole.areas)
    weights = np.arange(1.0, size + 1)
    level = direct_level("_T", ["_T"] * size, found, weights)
    made = benchmarked(found, weights, [level], method=method)
    assert weights @ made.estimate == pytest.approx(weights @ whole.direct)
    change = np.ones(size) if method == "difference" else weights * found.mse
    step = change / (weights @ change)
    # The benchmarked estimate is a matrix times direct estimates; its error as that of any such matrix.
    linear = np.column_stack([matrices(replace(whole, direct=row), 1.0)[0] for row in np.eye(size)])
    linear = linear + np.outer(step, weights @ (np.eye(size) - linear))
    off = linear - np.eye(size)
    exact = np.sum(off**2, axis=1) + linear**2 @ whole.variance
    first = found.mse - 2 * third_part(whole)
    assert made.mse - (found.mse - first) == pytest.approx(exact, rel=1e-7)


def third_part(data: AreaData) -> np.ndarray:
    """What estimating the variance of areas adds, once, at the variance 1, by restricted likelihood."""
    total = 1 + data.variance
    return data.variance**2 / total**3 * 2 / np.sum(1 / total**2)
