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
from scipy.special import hyp2f1

from sojourn.errors import DataRefused

__all__ = ["household_risk", "individual_risk", "unique_in_population"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def individual_risk(agreeing: Floats, weight: Floats) -> Floats:
    """The risk of a record, from how many records agree with it, itself included, and their weight.

    The mean of 1/F is (p / f) · 2F1(1, 1; f + 1; 1 - p), which is the published closed form written so that
    nothing cancels: at p = 1 it is 1/f. A weight below the number of records, which says less of a
    population than the file itself, counts as that number.

    Raises: DataRefused for fewer than one record, or a weight that is not a number or below zero.
    """
    if np.any(agreeing < 1) or not np.all(weight >= 0):
        raise DataRefused(
            "A weight is below zero, or not a number.", "Correct the weights: records stand for persons."
        )
    chance = agreeing / np.maximum(weight, agreeing)
    found: Floats = chance / agreeing * hyp2f1(1.0, 1.0, agreeing + 1.0, 1.0 - chance)
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
