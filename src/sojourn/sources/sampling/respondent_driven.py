"""Respondent-driven samples: people of a hidden group recruit others of it, who recruit others.

Nobody knows the probability of anybody, so this is **not a probability sample**. Estimators model it: ties
are mutual, everybody reports truly how many of the group they know, recruits are drawn at random among these,
and chains are long enough to forget where they began. Where that fails, nothing in the result tells.

- `rds-i` (Salganik and Heckathorn): shares of a trait's groups from who recruits whom and mean degrees.
- `rds-ii` (Volz and Heckathorn): everybody weighted by one divided by their degree.
- `ss` (Gile): as that, but nobody can be drawn twice, which matters when much of a group is sampled. The
  population's size must be given.

Source: M. Salganik and D. Heckathorn, Sociological Methodology 34 (2004); E. Volz and D. Heckathorn, Journal
of Official Statistics 24 (2008); K. Gile, Journal of the American Statistical Association 106 (2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from scipy.sparse.csgraph import connected_components

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.recruitment import Chains, group_codes, recruitment_chains
from sojourn.sources.sampling.recruitment_bootstrap import chain_replicates, tree_replicates
from sojourn.sources.sampling.sample_columns import Codes, Floats
from sojourn.sources.sampling.successive_sampling import population_by_size
from sojourn.sources.sampling.targets import (
    MODEL_BASED,
    Target,
    answers_from_replicates,
    estimate_table,
    questions,
)

__all__ = [
    "RespondentDrivenDesign",
    "recruitment_weights",
    "respondent_driven_estimates",
    "respondent_driven_weights",
]

# So many numbers of bootstrap samples by degree are worked on at once.
_AT_ONCE = 400_000


@dataclass(frozen=True)
class RespondentDrivenDesign:
    """Columns of a table of the people who were asked, and how to estimate from them.

    `recruiter` is empty for seeds. `degree` is how many people of the group somebody knows. `population` is
    the size of the group, for `ss`. `trait` is the column whose groups `rds-i` and the bootstrap `salganik`
    go by. Seeds, whom the office chose, count as the others do unless `without_seeds`.
    """

    person: str
    recruiter: str
    degree: str
    estimator: Literal["rds-i", "rds-ii", "ss"] = "rds-ii"
    trait: str | None = None
    population: float | None = None
    without_seeds: bool = False
    bootstrap: Literal["tree", "salganik"] = "tree"
    replicates: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        if self.trait is None and (self.estimator == "rds-i" or self.bootstrap == "salganik"):
            raise ProjectError(
                "There is no trait by which groups recruit each other.", "Name a column in `trait`."
            )
        if (self.estimator == "ss") != (self.population is not None):
            raise ProjectError(
                "The estimator ss needs the size of the population, and the others do not take one.",
                "Give `population`, or take `rds-ii`.",
            )
        if self.replicates < 2:
            raise ProjectError("One replicate tells no variance.", "Ask for a thousand.")


def respondent_driven_estimates(
    table: pa.Table,
    design: RespondentDrivenDesign,
    targets: Sequence[Target],
    *,
    confidence: float = 0.95,
) -> pa.Table:
    """Estimates (`SampledEstimate`), each marked as model-based.

    Intervals are the percentiles of bootstrap samples. There are no totals: nothing in the sample says how
    many people there are.

    Raises: DataRefused, ProjectError for a table or a design that allows no estimate.
    """
    for target in targets:
        if target.statistic == "total":
            raise ProjectError(
                f"The target {target.id}: a respondent-driven sample tells no totals.",
                "Ask for means and shares, and multiply them by a size of the group that is known elsewhere.",
            )
    chains, groups = _chains(table, design)
    weights = recruitment_weights(chains, design, groups, np.ones((1, len(table))))
    if design.bootstrap == "tree":
        times = tree_replicates(chains, replicates=design.replicates, seed=design.seed)
    else:
        times = chain_replicates(chains, groups, replicates=design.replicates, seed=design.seed)
    return estimate_table(
        answers_from_replicates(
            questions(table, targets),
            weights[0],
            recruitment_weights(chains, design, groups, times),
            method=f"respondent-driven, {design.estimator}; {design.bootstrap} bootstrap",
            basis=MODEL_BASED,
            percentile=True,
            confidence=confidence,
        )
    )


def respondent_driven_weights(table: pa.Table, design: RespondentDrivenDesign) -> pa.Table:
    """Weights and places in the chains: `unit`, `seed` (of the tree), `wave`, `degree`, `weight`, `basis`.

    Weights add up to the population where it is given, else to the number of people.

    Raises: as `respondent_driven_estimates`.
    """
    chains, groups = _chains(table, design)
    weights = recruitment_weights(chains, design, groups, np.ones((1, len(table))))[0]
    scale = (design.population or len(table)) / weights.sum()
    return pa.table(
        {
            "unit": table[design.person],
            "seed": table[design.person].take(pa.array(chains.tree)),
            "wave": chains.wave,
            "degree": chains.degree,
            "weight": weights * scale,
            "basis": pa.array([MODEL_BASED] * len(table)),
        }
    )


def _chains(table: pa.Table, design: RespondentDrivenDesign) -> tuple[Chains, Codes]:
    """The chains, and the group of each person; one group where no trait is named."""
    chains = recruitment_chains(table, person=design.person, recruiter=design.recruiter, degree=design.degree)
    if design.population is not None and design.population < len(table):
        raise DataRefused(
            f"The population of {design.population:,.0f} is less than the {len(table):,} people asked.",
            "Give the size of the whole group.",
        )
    groups = np.zeros(len(table), np.int64) if design.trait is None else group_codes(table, design.trait)[0]
    if design.estimator == "rds-i":
        _require_mixing(chains, groups)
    return chains, groups


def _require_mixing(chains: Chains, groups: Codes) -> None:
    """Raises: DataRefused when some groups never lead to others, so that no balance between them is seen."""
    own = chains.recruiter >= 0
    size = int(groups.max()) + 1
    moves = np.zeros((size, size))
    np.add.at(moves, (groups[chains.recruiter[own]], groups[own]), 1)
    if connected_components(moves, directed=True, connection="strong")[0] > 1:
        raise DataRefused(
            "Groups of the trait did not recruit each other in both directions, so that rds-i has no answer.",
            "Merge groups, or take `rds-ii`.",
        )


def recruitment_weights(
    chains: Chains, design: RespondentDrivenDesign, groups: Codes, times: Floats
) -> Floats:
    """Weights of samples, samples × rows, in which each row is so many times; they are relative."""
    if design.without_seeds:
        times = np.where(chains.recruiter < 0, 0.0, times)
    if design.estimator == "rds-i":
        return _by_groups(chains, groups, times)
    if design.estimator == "rds-ii":
        found: Floats = times / chains.degree
        return found
    sizes, place = np.unique(chains.degree, return_inverse=True)
    sampled = times @ np.eye(len(sizes))[place]
    many = max(1, _AT_ONCE // len(sizes))
    chances = np.concatenate(
        [
            population_by_size(sizes, sampled[start : start + many], float(design.population or 0))[1]
            for start in range(0, len(sampled), many)
        ]
    )
    found = times / chances[:, place]
    return np.nan_to_num(found)


def _by_groups(chains: Chains, groups: Codes, times: Floats) -> Floats:
    """Weights that give each group its share by RDS-I, the same to all of a group.

    Recruitment is a chain between groups; the part of its steps that end in a group, divided by the group's
    mean degree (the harmonic mean of the sample), is in proportion to its share. A group of which nobody
    recruited in a bootstrap sample is taken to recruit as all together did.
    """
    size = int(groups.max()) + 1
    is_of = np.eye(size)[groups]
    counts = times @ is_of
    own = np.flatnonzero(chains.recruiter >= 0)
    pairs = groups[chains.recruiter[own]] * size + groups[own]
    moves = (times[:, own] @ np.eye(size**2)[pairs]).reshape(-1, size, size)
    by_all = moves.sum(axis=1, keepdims=True)
    moves = np.where(moves.sum(axis=2, keepdims=True) > 0, moves, by_all)
    # A little of all together joins groups that a bootstrap sample leaves apart.
    moves = moves + 1e-12 * by_all
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = np.nan_to_num(moves / moves.sum(axis=2, keepdims=True))
        degrees = counts / (times / chains.degree @ is_of)
    # A balance that stays as it is: with the sum of its parts as a further equation it is unique.
    equations = np.eye(size) - steps.transpose(0, 2, 1) + 1 / size
    balance = np.linalg.solve(equations, np.full((len(times), size, 1), 1 / size))[:, :, 0]
    balance = np.where(by_all[:, 0].sum(axis=1, keepdims=True) > 0, balance, 0.0)
    shares = np.where(counts > 0, balance / np.where(counts > 0, degrees, 1.0), 0.0)
    sums = shares.sum(axis=1, keepdims=True)
    shares = np.divide(shares, sums, where=sums > 0, out=np.zeros_like(shares))
    each = shares / np.where(counts > 0, counts, 1.0)
    found: Floats = times * each[:, groups]
    return found
