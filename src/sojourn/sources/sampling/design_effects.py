"""Design effects: by how much a design's variance exceeds that of a simple random sample of the same size.

People of one place are alike, so that the second one says less than the first; unequal weights waste a part
of the sample. Both effects multiply the variance, and are taken to multiply each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError

__all__ = ["cluster_effect", "effective_size", "kish_effect", "kish_effect_of_rates"]

Floats = npt.NDArray[np.float64]


def cluster_effect(take: float, correlation: float, *, spread_of_take: float = 0.0) -> float:
    """The design effect of taking several respondents from one primary unit: 1 + (m(1 + v²) - 1) rho.

    `take` is the mean number m of respondents of the domain for each primary unit that has any chance of
    having one, `spread_of_take` the coefficient of variation v of that number, `correlation` the intraclass
    correlation rho of the variable. Members of a rare domain that lie at random have a take below one with
    v² = 1/m; then the effect is 1 + m·rho.

    Raises: ProjectError for numbers that cannot be.
    Source: L. Kish, Survey Sampling (1965), section 5.4; S. Eldridge, D. Ashby and S. Kerry, Sample size for
    cluster randomized trials, International Journal of Epidemiology 35 (2006).
    """
    alike = take * (1.0 + spread_of_take**2)
    if not take > 0 or spread_of_take < 0:
        raise ProjectError("A take from a primary unit is above 0, its spread at least 0.", "Look at both.")
    if alike < 1:
        raise ProjectError(
            f"A take of {take:g} on average, the same from every primary unit, cannot be.",
            "Give the spread of the take; for people who lie at random it is 1/sqrt(take).",
        )
    least = -1.0 / (alike - 1.0) if alike > 1 else -1.0
    if not least <= correlation <= 1:
        raise ProjectError(
            f"An intraclass correlation of {correlation:g} cannot be with a take of {take:g}.",
            f"It lies between {least:.3g} and 1.",
        )
    return 1.0 + (alike - 1.0) * correlation


def kish_effect(weights: npt.ArrayLike) -> float:
    """The design effect of weights that have nothing to do with the variable: n·sum(w²)/sum(w)² = 1 + cv²(w).

    Raises: ProjectError when there is no weight, one is missing or negative, or all are zero.
    Source: L. Kish, Weighting for unequal Pi, Journal of Official Statistics 8 (1992).
    """
    given = _weights(weights)
    return float(len(given) * np.sum(given**2) / np.sum(given) ** 2)


def effective_size(weights: npt.ArrayLike) -> float:
    """How many respondents of equal weight say as much: sum(w)²/sum(w²).

    Raises: as `kish_effect`.
    """
    given = _weights(weights)
    return float(np.sum(given) ** 2 / np.sum(given**2))


def kish_effect_of_rates(shares: npt.ArrayLike, rates: npt.ArrayLike) -> float:
    """The design effect of different sampling rates in strata: sum(W/f)·sum(W·f), with W summing to one.

    `shares` are the parts of the domain that live in each stratum, `rates` the sampling rates f there; only
    their ratios count. The expected number sampled in a stratum is proportional to W·f, each with weight 1/f.

    Raises: ProjectError when a stratum with people has no rate above zero.
    """
    share, rate = np.asarray(shares, np.float64), np.asarray(rates, np.float64)
    has_people = share > 0
    if share.shape != rate.shape or not has_people.any() or np.any(share < 0) or np.isnan(share).any():
        raise ProjectError("Each stratum has a share of at least 0 and a rate.", "Give as many of both.")
    if not np.all(rate[has_people] > 0):
        raise ProjectError("A stratum with people of the domain is not sampled.", "Give it a rate above 0.")
    part = share[has_people] / share.sum()
    return float(np.sum(part / rate[has_people]) * np.sum(part * rate[has_people]))


def _weights(weights: npt.ArrayLike) -> Floats:
    given = np.asarray(weights, np.float64)
    if given.ndim != 1 or not len(given) or not np.all(np.isfinite(given)):
        raise ProjectError(
            "Weights are a list of numbers, none missing.",
            "Take records without a weight out, or weight them.",
        )
    if np.any(given < 0) or not np.any(given > 0):
        raise ProjectError(
            "Weights are at least 0, and one of them above.", "Kish's effect is for weights of respondents."
        )
    return given
