"""The population behind a register: residents by the index, put right by a sample whose truth is known.

The index errs: it keeps people who left, and loses quiet ones. A truth sample, drawn at random from the
register within groups, says how often, and so how many of those in the register live here. People who are not
in the register are no part of it: they are what dual- and multiple-system estimation is for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["RegisterCounts", "TruthCounts", "register_population"]

Floats = npt.NDArray[np.float64]
_Z = 1.959963984540054


@dataclass(frozen=True)
class RegisterCounts:
    """People in the register by group (rows) and residence by the index (columns: R, N, _U)."""

    groups: tuple[str, ...]
    people: Floats


@dataclass(frozen=True)
class TruthCounts:
    """People of the truth sample by group (rows) and residence by the index (columns: R, N, _U)."""

    living_here: Floats
    living_elsewhere: Floats

    @property
    def people(self) -> Floats:
        """All of the sample, by group and residence by the index."""
        found: Floats = self.living_here + self.living_elsewhere
        return found


def register_population(
    counts: RegisterCounts, truth: TruthCounts, *, method: str = "predictive"
) -> pa.Table:
    """How many in the register live here, by group and in all (`_T`), with intervals of 95 per cent.

    Columns: `group`, `registered`, `resident_by_index`, `unknown_by_index`, `sample`, `sensitivity` (share of
    residents whom the index finds), `specificity` (share of the others whom it does not take for
    residents), `population`, `standard_error`, `lower`, `upper`, `overcoverage` (share of the register that
    does not live here) with `overcoverage_lower` and `overcoverage_upper`.

    `predictive`: of those whom the index takes for residents, the share of the sample that lives here does,
    and so for those whom it does not, and of whom it does not know. Right for a sample of the register
    itself. The sampled people are known; of the others the variance is that of a binomial number whose
    probability has Jeffreys' prior, so that a cell without an error is not taken to be without any.
    A cell without people in the sample is between none and all.

    `sensitivity`: (residents by the index - (1 - specificity)·registered) / (sensitivity + specificity - 1).
    For a sample that is not one of this register, such as one of another year, where only the index's errors
    are the same and not the share that lives here. Variance by the delta method.

    Raises: ValueError for another method, a sample with more people than the register, or groups without
    people of both kinds in the sample where sensitivity and specificity are asked for.
    Source: J. Buonaccorsi, Measurement Error (2010), chapter 2, for both estimators.
    """
    if method not in ("predictive", "sensitivity"):
        raise ValueError(f"There is no method {method!r}: predictive or sensitivity.")
    if method == "predictive" and np.any(truth.people.sum(axis=1) > counts.people.sum(axis=1)):
        raise ValueError("The truth sample has people who are not in the register.")
    estimate = _by_predictive_values if method == "predictive" else _by_sensitivity
    population, variance = estimate(counts, truth)
    return _as_table(counts, truth, population, variance)


def _by_predictive_values(counts: RegisterCounts, truth: TruthCounts) -> tuple[Floats, Floats]:
    sample, here = truth.people, truth.living_here
    # People judged by a rule that others gave may stand in another cell than by the final one.
    others = np.maximum(counts.people - sample, 0)
    share = np.where(sample > 0, here / np.maximum(sample, 1), 0.5)
    first, second = here + 0.5, sample - here + 0.5
    mean = first / (first + second)
    of_share = mean * (1 - mean) / (sample + 2)
    # Binomial numbers vary around a probability that is itself not known.
    variance = others**2 * of_share + others * (mean * (1 - mean) - of_share)
    return (counts.people * share).sum(axis=1), variance.sum(axis=1)


def _by_sensitivity(counts: RegisterCounts, truth: TruthCounts) -> tuple[Floats, Floats]:
    living, others = truth.living_here.sum(axis=1), truth.living_elsewhere.sum(axis=1)
    if np.any(living == 0) or np.any(others == 0):
        raise ValueError("A group has no residents, or no others, in the truth sample: merge groups.")
    found, kept_out = _sensitivity(truth), _specificity(truth)
    gain = found + kept_out - 1
    if np.any(gain <= 0):
        raise ValueError(
            "In a group the index tells residents no better than chance: it cannot be put right."
        )
    registered, said = counts.people.sum(axis=1), counts.people[:, 0]
    population = (said - (1 - kept_out) * registered) / gain
    elsewhere = registered - population
    chance = np.clip(population, 0, None) * found * (1 - found)
    chance += np.clip(elsewhere, 0, None) * kept_out * (1 - kept_out)
    variance = (
        population**2 * _jeffreys(found, living) + elsewhere**2 * _jeffreys(kept_out, others) + chance
    ) / gain**2
    return population, variance


def _jeffreys(share: Floats, size: Floats) -> Floats:
    """The variance of a share under Jeffreys' prior."""
    mean = (share * size + 0.5) / (size + 1)
    found: Floats = mean * (1 - mean) / (size + 2)
    return found


def _sensitivity(truth: TruthCounts) -> Floats:
    living = truth.living_here.sum(axis=-1)
    found: Floats = np.where(living > 0, truth.living_here[..., 0] / np.maximum(living, 1), np.nan)
    return found


def _specificity(truth: TruthCounts) -> Floats:
    others = truth.living_elsewhere.sum(axis=-1)
    found: Floats = np.where(others > 0, 1 - truth.living_elsewhere[..., 0] / np.maximum(others, 1), np.nan)
    return found


def _as_table(counts: RegisterCounts, truth: TruthCounts, population: Floats, variance: Floats) -> pa.Table:
    whole = TruthCounts(truth.living_here.sum(axis=0), truth.living_elsewhere.sum(axis=0))
    registered = _with_sum(counts.people.sum(axis=1))
    people, error = _with_sum(population), np.sqrt(_with_sum(variance))
    lower = np.clip(people - _Z * error, 0, None)
    upper = np.minimum(people + _Z * error, registered)
    sensitivity = np.append(_sensitivity(truth), _sensitivity(whole))
    specificity = np.append(_specificity(truth), _specificity(whole))
    with np.errstate(divide="ignore", invalid="ignore"):
        over = [1 - each / registered for each in (people, upper, lower)]
    return pa.table(
        {
            "group": [*counts.groups, "_T"],
            "registered": registered.astype(np.int64),
            "resident_by_index": _with_sum(counts.people[:, 0]).astype(np.int64),
            "unknown_by_index": _with_sum(counts.people[:, 2]).astype(np.int64),
            "sample": _with_sum(truth.people.sum(axis=1)).astype(np.int64),
            "sensitivity": pa.array(sensitivity, from_pandas=True),
            "specificity": pa.array(specificity, from_pandas=True),
            "population": people,
            "standard_error": error,
            "lower": lower,
            "upper": upper,
            "overcoverage": pa.array(over[0], from_pandas=True),
            "overcoverage_lower": pa.array(over[1], from_pandas=True),
            "overcoverage_upper": pa.array(over[2], from_pandas=True),
        }
    )


def _with_sum(values: Floats) -> Floats:
    found: Floats = np.append(values, values.sum()).astype(float)
    return found
