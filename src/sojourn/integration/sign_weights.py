"""Weights of signs of life from a truth sample: what does activity in each register say of living here?

What the index remembers of a register's activity is a weighted sum over years, and the index a weighted sum
of those. So a logistic regression on what is remembered, group by group, finds the index that tells residents
best. Its scale becomes that of the index: what is as likely as not is the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit
from scipy.stats import rankdata

from sojourn.integration.generalised_linear import Fit, is_separated, logistic, logistic_reduced_bias
from sojourn.integration.residency_index import GroupRule, IndexRule

__all__ = ["SignWeights", "area_under_curve", "folds_of", "learned_rule", "sign_weights"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# A probability as sure as this weighs as much as can be.
SURE = 0.95
FEWEST = 20


@dataclass(frozen=True)
class SignWeights:
    """A rule with estimated weights, and how well they tell.

    `coefficients` has a row for each group (null: the general rule) and `term` (`intercept`, `activity` in a
    `register`, `start`: what is remembered of it) with `coefficient`, `standard_error` and `separated`:
    whether there were no finite estimates of maximum likelihood, so that those of Firth stand in their place.
    `quality` has for each group, and for all (`_T`), the `people` of the sample, the `residents` among them,
    those `expected` by probabilities, the `population_error` (expected less residents, as a share of these),
    `brier` and `auc`; all from people whose own answer was not learned from. AUC is null where only one
    answer occurs.
    """

    rule: IndexRule
    coefficients: pa.Table
    quality: pa.Table
    probabilities: Floats


def sign_weights(
    activity: Floats, resident: Flags, groups: Numbers, *, rule: IndexRule, folds: int = 5, seed: int = 1
) -> SignWeights:
    """Estimate the weights of a rule, group by group, and judge them by cross-validation.

    `activity` is what `activity_of` gives for the people of the truth sample, `resident` whether they lived
    here on that 1 January, `groups` the numbers of their rules (0 the general one). A group's people are
    taken to be a random sample of it.

    The index is c + (1 - c) · z / logit(SURE), where z is the log-odds and c the group's threshold: the
    intercept gives the base, the coefficients the weights, which may be negative. What is remembered of the
    start is allowed for and gives no weight, since every index starts at the value that the rule says.

    Raises: ValueError for activity that is not known, or a group with fewer than FEWEST people.
    """
    if np.isnan(activity).any():
        raise ValueError("Activity in a register is not known for some people of the truth sample.")
    members = [np.flatnonzero(groups == number) for number in range(len(rule.rules))]
    few = [number for number, rows in enumerate(members) if 0 < len(rows) < FEWEST]
    if few:
        raise ValueError(f"A group of the truth sample has fewer than {FEWEST} people: merge groups.")
    fits, separated = {}, {}
    chances = np.full(len(resident), np.nan)
    for number, rows in enumerate(members):
        if len(rows):
            design = _with_intercept(activity[rows])
            fits[number], separated[number] = _fitted(design, resident[rows])
            chances[rows] = _held_out(design, resident[rows], folds_of(len(rows), folds, seed + number))
    learned = _with_weights(rule, fits)
    return SignWeights(
        learned, _coefficients(rule, fits, separated), _quality(rule, members, resident, chances), chances
    )


def learned_rule(activity: Floats, resident: Flags, groups: Numbers, *, rule: IndexRule) -> IndexRule:
    """The rule with weights estimated as in `sign_weights`; groups without people keep theirs."""
    fits = {
        number: _fitted(_with_intercept(activity[groups == number]), resident[groups == number])[0]
        for number in range(len(rule.rules))
        if (groups == number).any()
    }
    return _with_weights(rule, fits)


def folds_of(people: int, folds: int, seed: int) -> Numbers:
    """The fold of each person: a random one, all of the same size but for one person."""
    found: Numbers = np.random.default_rng(seed).permutation(people) % folds
    return found


def area_under_curve(chances: Floats, outcomes: Flags) -> float | None:
    """The probability that a resident has a higher chance than a non-resident; ties count half."""
    positive = int(outcomes.sum())
    negative = len(outcomes) - positive
    if not positive or not negative:
        return None
    ranks = rankdata(chances)
    return float((ranks[outcomes].sum() - positive * (positive + 1) / 2) / (positive * negative))


def _with_intercept(activity: Floats) -> Floats:
    found: Floats = np.column_stack([np.ones(len(activity)), activity])
    return found


def _fitted(design: Floats, resident: Flags) -> tuple[Fit, bool]:
    """A regression on the columns that differ between people; the coefficients of the others are 0."""
    kept = _independent(design)
    outcomes = resident.astype(float)
    separated = is_separated(design[:, kept], outcomes)
    fit = (logistic_reduced_bias if separated else logistic)(design[:, kept], outcomes)
    width = design.shape[1]
    coefficients, covariance = np.zeros(width), np.full((width, width), np.nan)
    coefficients[kept] = fit.coefficients
    covariance[np.ix_(kept, kept)] = fit.covariance
    return replace(fit, coefficients=coefficients, covariance=covariance), separated


def _independent(design: Floats) -> list[int]:
    """The columns that are no combination of the ones before them."""
    cross = design.T @ design
    chosen: list[int] = []
    for column in range(design.shape[1]):
        wider = [*chosen, column]
        if np.linalg.matrix_rank(cross[np.ix_(wider, wider)]) == len(wider):
            chosen = wider
    return chosen


def _held_out(design: Floats, resident: Flags, fold: Numbers) -> Floats:
    """The probability of each person by a regression on the people of the other folds."""
    found = np.empty(len(resident))
    for each in range(int(fold.max()) + 1):
        out = fold == each
        fit, _ = _fitted(design[~out], resident[~out])
        found[out] = expit(design[out] @ fit.coefficients)
    return found


def _with_weights(rule: IndexRule, fits: Mapping[int, Fit]) -> IndexRule:
    changed = [
        _learned(each, rule, fits[number].coefficients) if number in fits else each
        for number, each in enumerate(rule.rules)
    ]
    return replace(rule, general=changed[0], groups=dict(zip(rule.groups, changed[1:], strict=True)))


def _learned(group: GroupRule, rule: IndexRule, coefficients: Floats) -> GroupRule:
    # With a threshold of one there is no room above it, and any scale will do.
    scale = (1 - group.threshold) / math.log(SURE / (1 - SURE)) if group.threshold < 1 else 1.0
    base, *weights = (scale * coefficients[:-1]).tolist()
    names = [register.name for register in rule.registers]
    return replace(group, base=group.threshold + base, weights=dict(zip(names, weights, strict=True)))


def _coefficients(rule: IndexRule, fits: Mapping[int, Fit], separated: Mapping[int, bool]) -> pa.Table:
    groups = (None, *rule.groups)
    names = (None, *(register.name for register in rule.registers), None)
    terms = ("intercept", *("activity" for _ in rule.registers), "start")
    errors = [math.sqrt(each) for fit in fits.values() for each in np.diag(fit.covariance)]
    return pa.table(
        {
            "group": pa.array([groups[number] for number in fits for _ in names], pa.string()),
            "term": [term for _ in fits for term in terms],
            "register": pa.array([name for _ in fits for name in names], pa.string()),
            "coefficient": [each for fit in fits.values() for each in fit.coefficients.tolist()],
            "standard_error": pa.array(np.array(errors), from_pandas=True),
            "separated": [separated[number] for number in fits for _ in names],
        }
    )


def _quality(rule: IndexRule, members: list[Numbers], resident: Flags, chances: Floats) -> pa.Table:
    groups = (None, *rule.groups)
    parts = [(groups[number], rows) for number, rows in enumerate(members) if len(rows)]
    parts.append(("_T", np.arange(len(resident))))
    lived = np.array([resident[rows].sum() for _, rows in parts], float)
    expected = np.array([chances[rows].sum() for _, rows in parts])
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = np.where(lived > 0, (expected - lived) / lived, np.nan)
    return pa.table(
        {
            "group": pa.array([name for name, _ in parts], pa.string()),
            "people": pa.array([len(rows) for _, rows in parts], pa.int64()),
            "residents": lived.astype(np.int64),
            "expected": expected,
            "population_error": pa.array(missed, from_pandas=True),
            "brier": [float(np.mean((chances[rows] - resident[rows]) ** 2)) for _, rows in parts],
            "auc": pa.array(
                [area_under_curve(chances[rows], resident[rows]) for _, rows in parts], pa.float64()
            ),
        }
    )
