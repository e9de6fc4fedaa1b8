"""Generalised linear models by iteratively reweighted least squares: logistic and Poisson regression.

Both have their canonical link, so that the fitted sums of each column equal the observed ones. Whether
estimates exist at all is asked beforehand, by a linear programme: where the columns tell an answer without
error, or a margin of a table is empty, the likelihood rises without end along some direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog, minimize
from scipy.special import expit, gammaln

__all__ = ["Fit", "attainable_cells", "is_separated", "logistic", "logistic_reduced_bias", "poisson"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_MOST_STEPS = 200
_CLOSE = 1e-12
_FLAT = 1e-7
_POSITIVE = 1e-7
# The exponential of more than this is no number.
_FAR = 700.0


@dataclass(frozen=True)
class Fit:
    """Coefficients of the columns, their covariance, fitted means, and the logarithm of the likelihood.

    `deviance` is twice what the likelihood lacks to that of a model with a parameter for each row.
    """

    coefficients: Floats
    covariance: Floats
    means: Floats
    log_likelihood: float
    deviance: float


def logistic(design: Floats, outcomes: Floats, weights: Floats | None = None) -> Fit:
    """Maximum likelihood of P(outcome = 1) = 1 / (1 + exp(-design · b)); rows may count several times.

    `design` is rows × columns of full column rank, with a column of ones where an intercept is wanted;
    `outcomes` are between 0 and 1, as are shares of a row's weight.

    Raises: ArithmeticError when the iteration does not settle, as when outcomes are separated.
    """
    size = np.ones(len(outcomes)) if weights is None else np.asarray(weights, float)
    beta = np.zeros(design.shape[1])
    reached = _logistic_log_likelihood(design, outcomes, size, beta)
    for _ in range(_MOST_STEPS):
        means = expit(design @ beta)
        slope = design.T @ (size * (outcomes - means))
        step = _solved(_information(design, size * means * (1 - means)), slope)
        if np.max(np.abs(step)) < _CLOSE * (1 + np.max(np.abs(beta))):
            return _logistic_fit(design, outcomes, size, beta + step)
        # The direction is right, but a whole step may overshoot: the likelihood is concave along it.
        whole = _logistic_log_likelihood(design, outcomes, size, beta + step)
        while whole < reached - 1e-9 * (1 + abs(reached)) and np.max(np.abs(step)) > _CLOSE:
            step = step / 2
            whole = _logistic_log_likelihood(design, outcomes, size, beta + step)
        beta, reached = beta + step, whole
    raise ArithmeticError("The logistic regression does not settle: its outcomes may be separated.")


def _solved(information: Floats, slope: Floats) -> Floats:
    try:
        return np.linalg.solve(information, slope).astype(np.float64)
    except np.linalg.LinAlgError as error:
        raise ArithmeticError("Estimates do not exist: outcomes are separated, or columns depend.") from error


def _logistic_log_likelihood(design: Floats, outcomes: Floats, size: Floats, beta: Floats) -> float:
    linear = design @ beta
    of_each = outcomes * np.logaddexp(0, -linear) + (1 - outcomes) * np.logaddexp(0, linear)
    return float(-np.sum(size * of_each))


def logistic_reduced_bias(design: Floats, outcomes: Floats) -> Fit:
    """Logistic regression with Jeffreys' prior, whose estimates are finite also for separated outcomes.

    Source: D. Firth, Bias reduction of maximum likelihood estimates, Biometrika 80 (1993).

    Raises: ArithmeticError when the iteration does not settle.
    """
    rows, place = np.unique(np.column_stack([design, outcomes]), axis=0, return_inverse=True)
    size = np.bincount(place.ravel()).astype(float)
    columns = rows[:, :-1]
    found = minimize(
        _penalised, np.zeros(design.shape[1]), (columns, rows[:, -1], size), jac=True, method="BFGS",
        options={"gtol": 1e-9, "maxiter": 2000},
    )  # fmt: skip
    if np.max(np.abs(found.jac)) > _FLAT * (1 + size.sum()):
        raise ArithmeticError("The logistic regression does not settle.")
    return _logistic_fit(design, outcomes, np.ones(len(outcomes)), found.x)


def _penalised(beta: Floats, design: Floats, outcomes: Floats, size: Floats) -> tuple[float, Floats]:
    """Less the logarithm of likelihood and Jeffreys' prior, the root of the information, and its slope."""
    linear = design @ beta
    means = expit(linear)
    spread = size * np.maximum(means * (1 - means), 1e-300)
    information = _information(design, spread)
    sign, logarithm = np.linalg.slogdet(information)
    if sign <= 0:
        return np.inf, np.zeros(len(beta))
    leverage = spread * np.einsum("ij,jk,ik->i", design, np.linalg.inv(information), design)
    slope: Floats = design.T @ (size * (outcomes - means) + leverage * (0.5 - means))
    likelihood = outcomes * np.logaddexp(0, -linear) + (1 - outcomes) * np.logaddexp(0, linear)
    return float(np.sum(size * likelihood) - logarithm / 2), -slope


def _logistic_fit(design: Floats, outcomes: Floats, size: Floats, beta: Floats) -> Fit:
    means = expit(design @ beta)
    likelihood = _logistic_log_likelihood(design, outcomes, size, beta)
    best = float(np.sum(size * (_entropy(outcomes) + _entropy(1 - outcomes))))
    covariance = np.linalg.inv(_information(design, size * means * (1 - means))).astype(np.float64)
    return Fit(beta, covariance, means, likelihood, 2 * (best - likelihood))


def poisson(design: Floats, counts: Floats, start: Floats | None = None) -> Fit:
    """Maximum likelihood of counts whose means are exp(design · b).

    `design` is cells × columns of full column rank; counts may have fractions. `start` are coefficients of a
    similar fit, which save steps.

    Raises: ArithmeticError when the iteration does not settle, as when the estimates do not exist.
    """
    beta = _first_guess(design, counts) if start is None else np.asarray(start, float)
    reached = _poisson_log_likelihood(design, counts, beta)
    for _ in range(_MOST_STEPS):
        means = np.exp(np.clip(design @ beta, -_FAR, _FAR))
        step = _solved(_information(design, means), design.T @ (counts - means))
        if np.max(np.abs(step)) < _CLOSE * (1 + np.max(np.abs(beta))):
            return _poisson_fit(design, counts, beta + step)
        # The direction is right, but a whole step may overshoot: the likelihood is concave along it.
        whole = _poisson_log_likelihood(design, counts, beta + step)
        while whole < reached - 1e-9 * (1 + abs(reached)) and np.max(np.abs(step)) > _CLOSE:
            step = step / 2
            whole = _poisson_log_likelihood(design, counts, beta + step)
        beta, reached = beta + step, whole
    raise ArithmeticError("The Poisson regression does not settle: its estimates may not exist.")


def _first_guess(design: Floats, counts: Floats) -> Floats:
    """Least squares of the logarithms, with more weight on larger counts."""
    root = np.sqrt(np.maximum(counts, 0) + 0.5)
    guess: Floats = np.linalg.lstsq(design * root[:, None], np.log(root**2) * root, rcond=None)[0]
    return guess


def _poisson_log_likelihood(design: Floats, counts: Floats, beta: Floats) -> float:
    linear = np.clip(design @ beta, -_FAR, _FAR)
    return float(np.sum(counts * linear - np.exp(linear)))


def _poisson_fit(design: Floats, counts: Floats, beta: Floats) -> Fit:
    linear = design @ beta
    means = np.exp(linear)
    likelihood = float(np.sum(counts * linear - means - gammaln(counts + 1)))
    covariance = np.linalg.inv(_information(design, means)).astype(np.float64)
    return Fit(beta, covariance, means, likelihood, _poisson_deviance(counts, means))


def _poisson_deviance(counts: Floats, means: Floats) -> float:
    ratio = np.where(counts > 0, counts, 1.0) / np.where(counts > 0, means, 1.0)
    return float(2 * np.sum(counts * np.log(ratio) - (counts - means)))


def _information(design: Floats, spread: Floats) -> Floats:
    found: Floats = design.T @ (design * spread[:, None])
    return found


def _entropy(shares: Floats) -> Floats:
    safe = np.where(shares > 0, shares, 1.0)
    found: Floats = safe * np.log(safe)
    return found


def attainable_cells(design: Floats, counts: Floats) -> Flags:
    """Which cells can have a positive mean with the observed margins; where all can, estimates exist.

    The others have the mean zero in the extended maximum likelihood: some coefficients are then minus
    infinity. One linear programme says it: the largest sum of y with 0 ≤ y ≤ 1 and y ≤ x for tables x ≥ 0
    whose margins are a multiple of the observed ones.

    Source: S. Fienberg and A. Rinaldo, Maximum likelihood estimation in log-linear models, Annals of
    Statistics 40 (2012).
    """
    cells, columns = design.shape
    margins = design.T @ counts
    # Unknowns: the table x, what of it counts y, the multiple of the observed margins.
    aim = np.concatenate([np.zeros(cells), -np.ones(cells), [0.0]])
    equal = np.hstack([design.T, np.zeros((columns, cells)), -margins[:, None]])
    below = np.hstack([-np.eye(cells), np.eye(cells), np.zeros((cells, 1))])
    bounds = [(0, None)] * cells + [(0, 1)] * cells + [(0, None)]
    found = linprog(aim, A_ub=below, b_ub=np.zeros(cells), A_eq=equal, b_eq=np.zeros(columns), bounds=bounds)
    if not found.success:
        raise ArithmeticError(f"The linear programme of existence was not solved: {found.message}")
    positive: Flags = found.x[cells : 2 * cells] > _POSITIVE
    return positive


def is_separated(design: Floats, outcomes: Floats) -> bool:
    """Whether a combination of the columns tells outcomes of 1 from those of 0, ties aside.

    Then a logistic regression has no finite estimates. The linear programme seeks a direction along which
    no row's likelihood falls and some row's rises.
    """
    signed = np.unique(design * np.where(outcomes > 0.5, 1.0, -1.0)[:, None], axis=0)
    columns = design.shape[1]
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=[(-1, 1)] * columns)
    return bool(found.success and -found.fun > _POSITIVE)
