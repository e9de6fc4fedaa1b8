"""How many of the records that are unique in a file are unique in the population.

Three views, since nobody knows. *Data intrusion simulation* asks how often a match with a unique record is
right, from how many records are unique and how many come in twos; it needs nothing but the sampling
fraction. The *weights* give each unique record its own chance, as the individual risk does. The *log-linear
model* expects as many people with a pattern as independent keys would have, so that a strange combination
counts as riskier than an ordinary one. The first two err where weights are poor, the last where keys depend
on each other: for strongly dependent keys it says more than there are.

Source: C. J. Skinner and M. J. Elliot, A measure of disclosure risk for microdata, Journal of the Royal
Statistical Society B 64 (2002); C. J. Skinner and D. J. Holmes, Estimating the re-identification risk per
record in microdata, Journal of Official Statistics 14 (1998).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.disclosure.microdata.individual_risk import unique_in_population
from sojourn.disclosure.microdata.key_codes import MISSING, Codes

__all__ = ["Uniques", "correct_given_unique", "uniques"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Uniques:
    """Records unique in the file, and how many of them are expected to be unique in the population.

    `correct_matches` is the chance that a match with a unique record is the right person; None where no
    record is unique. `expected_correct` is the number of right matches with unique records that the
    log-linear model expects.
    """

    in_file: int
    in_pairs: int
    correct_matches: float | None
    by_weights: float
    by_model: float
    expected_correct: float


def correct_given_unique(unique: int, in_pairs: int, fraction: float) -> float | None:
    """The chance that somebody of the population who matches a unique record, and no other, is that person.

    It is fraction · unique over that plus (1 - fraction) · in pairs.
    `in_pairs` counts the records of which there are exactly two. None where neither occurs.
    """
    right = fraction * unique
    wrong = (1.0 - fraction) * in_pairs
    return right / (right + wrong) if right + wrong > 0 else None


def uniques(codes: Codes, records: Integers, agreeing: Floats, weight: Floats, total: float) -> Uniques:
    """The uniques of a file, from its patterns (patterns × keys), their records and what agrees with them.

    `weight` is that of all that agree, `total` that of the file; for a census it is the number of records,
    and every unique record is unique in the population.
    """
    alone = agreeing == 1
    unique = int(records[alone].sum())
    pairs = int(records[agreeing == 2].sum())
    size = float(records.sum())
    fraction = min(1.0, size / total) if total > 0 else 1.0
    expected = _expected(codes, records)[alone] * (1.0 - fraction) / fraction
    with np.errstate(divide="ignore", invalid="ignore"):
        right = np.where(expected > 1e-12, -np.expm1(-expected) / expected, 1.0)
    return Uniques(
        in_file=unique,
        in_pairs=pairs,
        correct_matches=correct_given_unique(unique, pairs, fraction) if unique else None,
        by_weights=float((unique_in_population(agreeing, weight) * records).sum()),
        by_model=float((np.exp(-expected) * records[alone]).sum()),
        expected_correct=float((right * records[alone]).sum()),
    )


def _expected(codes: Codes, records: Integers) -> Floats:
    """Records that each pattern would have if the keys were independent."""
    size = float(records.sum())
    found = np.full(len(codes), size)
    for key in range(codes.shape[1]):
        own = codes[:, key]
        stated = own != MISSING
        counts = np.bincount(own[stated], records[stated])
        found[stated] *= counts[own[stated]] / counts.sum()
    return found
