"""Samples of small groups in clustered populations, drawn all at once, with what is true of each population.

Which situations there are, `survey_coverage.py` says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from sojourn.sources.reader.compiled import compiled

__all__ = [
    "AMOUNT",
    "CLUSTERING",
    "GROUP",
    "HITS",
    "OTHERS",
    "OTHER_HITS",
    "SIDES",
    "SIZES",
    "Samples",
    "Situation",
    "drawn_samples",
]

Floats = npt.NDArray[np.float64]
FRAME, LOOKED_AT = 400, 1
CLUSTERING = {"none": (0.0, 0.0), "some": (0.05, 0.05), "strong": (0.2, 0.1)}
SIZES = {"50 × 4 × 25": (50, 4, 25), "30 × 2 × 40": (30, 2, 40)}
# What is added up of each unit, and of each sample.
GROUP, HITS, AMOUNT, OTHERS, OTHER_HITS = range(5)
SIDES = {"group": (0, 1, 2), "others": (3, 4, 5)}


@compiled
def drawn(
    seed: int,
    shares: Floats,
    own: Floats,
    others: Floats,
    weight: Floats,
    factors: Floats,
    sums: Floats,
    records: Floats,
    persons: Floats,
) -> None:
    """Samples: sums of each unit, records and squared weights of each sample, all persons of the first."""
    np.random.seed(seed)
    for sample in range(sums.shape[0]):
        for stratum in range(sums.shape[1]):
            for unit in range(sums.shape[2]):
                place = np.random.randint(shares.shape[1])
                for person in range(persons.shape[3]):
                    w = weight[stratum] * factors[np.random.randint(len(factors))]
                    side = 0 if np.random.random() < shares[stratum, place] else 3
                    chance = own[stratum, place] if side == 0 else others[stratum, place]
                    hit = 1.0 if np.random.random() < chance else 0.0
                    amount = np.exp(0.8 * np.random.normal())
                    sums[sample, stratum, unit, side] += w
                    sums[sample, stratum, unit, side + 1] += w * hit
                    if side == 0:
                        sums[sample, stratum, unit, 2] += w * amount
                    records[sample, side] += 1.0
                    records[sample, side + 1] += hit
                    records[sample, side + 2] += w * w
                    if sample < persons.shape[0]:
                        persons[sample, stratum, unit, person, 0] = w
                        persons[sample, stratum, unit, person, 1] = side
                        persons[sample, stratum, unit, person, 2] = hit
                        persons[sample, stratum, unit, person, 3] = amount


@dataclass(frozen=True)
class Situation:
    """What is varied, and what it is called in the results."""

    size: str
    clustering: str
    prevalence: float
    cases: int


@dataclass(frozen=True)
class Samples:
    """Sums by sample, stratum, unit and variable; records by sample; the true totals of the variables."""

    sums: Floats
    records: Floats
    persons: Floats
    truth: Floats

    @property
    def totals(self) -> Floats:
        """Samples × variables."""
        total: Floats = self.sums.sum(axis=(1, 2))
        return total


def drawn_samples(situation: Situation, samples: int) -> Samples:
    """All samples of a situation, and what is true of the population they are drawn from."""
    strata, units, persons = SIZES[situation.size]
    of_group, of_characteristic = CLUSTERING[situation.clustering]
    draw = np.random.default_rng(situation.cases)
    concentration = np.exp(draw.normal(0, 0.5, strata))
    expected = situation.cases / (strata * units * persons) * concentration / concentration.mean()
    shares = correlated(draw.random((strata, FRAME)), expected[:, None], of_group)
    shares *= (expected / shares.mean(axis=1))[:, None]
    place = draw.random((strata, FRAME))
    own = correlated(place, situation.prevalence, of_characteristic)
    others = correlated(place, 0.6 * situation.prevalence, of_characteristic)
    weight = 100 * np.geomspace(1, 5, strata)[draw.permutation(strata)]
    factors = np.exp(draw.normal(0, 0.3, 1000))
    sums = np.zeros((samples, strata, units, 5))
    records = np.zeros((samples, 6))
    kept = np.zeros((LOOKED_AT, strata, units, persons, 4))
    drawn(situation.cases + 1, shares, own, others, weight, factors / factors.mean(), sums, records, kept)
    raised = (weight * units * persons)[:, None]
    everyone = [shares, shares * own, shares * np.exp(0.32), 1 - shares, (1 - shares) * others]
    return Samples(sums, records, kept, np.array([(raised * each).sum() / FRAME for each in everyone]))


def correlated(place: Floats, mean: Floats | float, correlation: float) -> Floats:
    """Beta distributed shares of units, their correlation within units as given."""
    middle = np.broadcast_to(mean, place.shape)
    if not correlation:
        return np.array(middle)
    strength = 1 / correlation - 1
    found: Floats = beta.ppf(place, middle * strength, (1 - middle) * strength)
    return found
