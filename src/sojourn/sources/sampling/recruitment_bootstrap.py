"""Bootstrap samples of chains of recruitment: how often each person is in each of them.

- `salganik`: a chain as long as the sample. From somebody of one group it goes on to one of those whom people
  of that group recruited.
- `tree`: seeds are drawn with replacement, then the recruits of each, and so on down. It keeps what recruits
  of one recruiter have in common, for any trait; its intervals are wide rather than narrow.

Source: M. Salganik, Variance estimation, design effects, and sample size calculations for respondent-driven
sampling, Journal of Urban Health 83 (2006); A. Baraff, T. McCormick and A. Raftery, Estimating uncertainty in
respondent-driven sampling using a tree bootstrap method, PNAS 113 (2016).
"""

from __future__ import annotations

import numpy as np

from sojourn.sources.reader.compiled import compiled
from sojourn.sources.sampling.recruitment import Chains
from sojourn.sources.sampling.sample_columns import Codes, Floats

__all__ = ["chain_replicates", "tree_replicates"]


def tree_replicates(chains: Chains, *, replicates: int, seed: int) -> Floats:
    """How often each row is in each bootstrap sample of trees, replicates × rows."""
    draw = np.random.default_rng(seed)
    size = len(chains.recruiter)
    found = np.zeros(replicates * size)
    seeds = chains.seeds
    rows = seeds[draw.integers(0, len(seeds), replicates * len(seeds))]
    sample = np.repeat(np.arange(replicates), len(seeds))
    while len(rows):
        found += np.bincount(sample * size + rows, minlength=len(found))
        many = chains.recruits[rows]
        parents = np.repeat(rows, many)
        sample = np.repeat(sample, many)
        chosen = (draw.random(len(parents)) * chains.recruits[parents]).astype(np.int64)
        rows = chains.order[chains.start[parents] + chosen]
    return found.reshape(replicates, size)


def chain_replicates(chains: Chains, groups: Codes, *, replicates: int, seed: int) -> Floats:
    """How often each row is in each bootstrap chain, replicates × rows; seeds are in none.

    A chain begins after somebody of the sample, drawn at random. From a group of which nobody recruited it
    goes on to any of the recruits.
    """
    draw = np.random.default_rng(seed)
    recruited = np.flatnonzero(chains.recruiter >= 0)
    size = int(groups.max()) + 1
    by = groups[chains.recruiter[recruited]]
    pools = recruited[np.argsort(by, kind="stable")]
    many = np.bincount(by, minlength=size)
    start = np.concatenate([[0], np.cumsum(many)[:-1]])
    start, many = np.where(many > 0, start, 0), np.where(many > 0, many, len(pools))
    here = groups[draw.integers(0, len(groups), replicates)]
    found = np.zeros((replicates, len(groups)))
    _walk(draw.random((replicates, len(recruited))), pools, start, many, groups, here, found)
    return found


@compiled
def _walk(
    chances: Floats, pools: Codes, start: Codes, many: Codes, groups: Codes, begun: Codes, found: Floats
) -> None:
    """Count, for each chain, how often its steps come to each row; a step is chosen by a number below 1."""
    for chain in range(chances.shape[0]):
        here = begun[chain]
        for step in range(chances.shape[1]):
            row = pools[start[here] + np.int64(chances[chain, step] * many[here])]
            found[chain, row] += 1.0
            here = groups[row]
