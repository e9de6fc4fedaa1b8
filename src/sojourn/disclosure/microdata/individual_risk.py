"""The chance that a record is recognised: of one person, of a household, of a file.

An intruder who knows the keys of a person and that the person is in the file finds `f` records that agree, of
an unknown number F in the population. With weights, F given f is taken to be negative binomial with the
chance p = f / (sum of weights) of being in the sample, and the risk is the mean of 1/F.

Source: R. Benedetti and L. Franconi, Statistical and technological solutions for controlled data
dissemination, NTTS 1998; L. Franconi and S. Polettini, Individual risk estimation in mu-Argus: a review,
Privacy in Statistical Databases, LNCS 3050 (2004).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.errors import DataRefused

__all__ = ["household_risk", "individual_risk", "unique_in_population"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# With so many records that agree, or p above a half, a series of so many terms is exact to the last digits.
_LONG, _TERMS = 40, 60


def individual_risk(agreeing: Floats, weight: Floats) -> Floats:
    """The risk of a record, from how many records agree with it, itself included, and their weight.

    The mean of 1/F is (p / f) · 2F1(1, 1; f + 1; 1 - p), the published closed form; at p = 1 it is 1/f. It is
    summed as a series where that is short, and else found step by step from the logarithm for f = 1, so that
    nothing cancels and nothing is ever not a number. A weight below the number of records, which says less of
    a population than the file itself, counts as that number.

    Raises: DataRefused for fewer than one record, or a weight that is not a number or below zero.
    """
    if np.any(agreeing < 1) or not np.all(weight >= 0):
        raise DataRefused(
            "A weight is below zero, or not a number.", "Correct the weights: records stand for persons."
        )
    chance = agreeing / np.maximum(weight, agreeing)
    found = np.empty(len(agreeing))
    is_short = (agreeing >= _LONG) | (chance >= 0.5)
    found[is_short] = _by_series(agreeing[is_short], chance[is_short])
    found[~is_short] = _by_steps(agreeing[~is_short], chance[~is_short])
    return found


def _by_series(agreeing: Floats, chance: Floats) -> Floats:
    """p/f times the sum of j! f! / (f + j)! · (1 - p)^j: of every further term at most half is left."""
    term = np.ones(len(agreeing))
    total = np.ones(len(agreeing))
    for place in range(_TERMS):
        term = term * (1.0 - chance) * (place + 1.0) / (agreeing + place + 1.0)
        total += term
    found: Floats = chance / agreeing * total
    return found


def _by_steps(agreeing: Floats, chance: Floats) -> Floats:
    """p times the integral of (1 - t)^(f-1) / (1 - (1 - p) t) from 0 to 1, which f - 1 gives for f.

    An error shrinks at each step, since p is below a half.
    """
    rest = 1.0 - chance
    integral = -np.log(chance) / rest
    for step in range(1, _LONG):
        further = (1.0 / step - chance * integral) / rest
        integral = np.where(agreeing > step, further, integral)
    found: Floats = chance * integral
    return found


def unique_in_population(agreeing: Floats, weight: Floats) -> Floats:
    """The chance that nobody else in the population agrees with a record: p where f is 1, else nothing.

    It is the chance of F = 1 in the same model.
    """
    found: Floats = np.where(agreeing == 1, agreeing / np.maximum(weight, agreeing), 0.0)
    return found


def household_risk(risks: Floats, household: Integers) -> Floats:
    """The chance that at least one member of each record's household is recognised.

    `household` numbers the households from 0 on. Members count as recognised independently of each other.
    """
    certain = risks >= 1.0
    logarithms = np.log1p(-np.where(certain, 0.0, risks))
    nobody = np.exp(np.bincount(household, logarithms))
    nobody[np.bincount(household, certain) > 0] = 0.0
    found: Floats = (1.0 - nobody)[household]
    return found
