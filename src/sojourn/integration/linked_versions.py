"""Linked versions: what could the links have been, and what does not knowing add to an estimate?

A linkage decides, and the decision hides how sure it was. Instead of one set of links several are drawn from
the probabilities; each estimate is made from every version, and how much the versions differ is what linkage
adds to its variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.sources.reader.compiled import Spans, compiled

__all__ = ["Combined", "combined", "linked_versions", "matchings"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def linked_versions(pairs: pa.Table, *, versions: int, seed: int) -> pa.Table:
    """The links of each version: version (from 1), source, record_key, other_source, other_key.

    `pairs` is a LinkPair table; pairs of one source are left out, since a person can stand in a source more
    than once. Each version is one-to-one between each two sources, and a pair is in it with its probability.
    Two sources are drawn apart from any other two: that a link of a to b and one of b to c make one of a to c
    is left to whoever joins links to persons. Equal tables and seeds give equal versions, whatever the order
    of rows.

    The probabilities are taken as known. What is uncertain in them (the model, and pairs not looked at) is
    not part of the versions, so that the variance that they show is a lower bound.
    Source: several linked versions instead of one are the idea of H. Goldstein, K. Harron and A. Wade, The
    analysis of record-linked data using multiple imputation with data value priors, Statistics in Medicine 31
    (2012); it stands in for correcting estimates by linkage-error rates, as R. Chambers, Regression analysis
    of probability-linked data, Official Statistics Research Series 4 (2009), does.

    Raises: as `matchings`.
    """
    apart = pairs.filter(pc.not_equal(pairs["source"], pairs["other_source"]))
    ordered = _turned(apart).sort_by([(name, "ascending") for name in _ENDS])
    here, there = _slots(ordered)
    drawn = matchings(here, there, ordered["probability"].to_numpy(), versions=versions, seed=seed)
    version, place = np.nonzero(drawn)
    links = ordered.select(_ENDS).take(pa.array(place))
    return links.add_column(0, "version", pa.array(version + 1, pa.int64()))


_ENDS = ("source", "record_key", "other_source", "other_key")


def _turned(pairs: pa.Table) -> pa.Table:
    """The pairs with the source that comes first in the alphabet as the one."""
    is_turned = pc.greater(pairs["source"], pairs["other_source"])
    columns = {}
    for name, other in (("source", "other_source"), ("record_key", "other_key")):
        columns[name] = pc.if_else(is_turned, pairs[other], pairs[name])
        columns[other] = pc.if_else(is_turned, pairs[name], pairs[other])
    return pa.table({**{name: columns[name] for name in _ENDS}, "probability": pairs["probability"]})


def _slots(pairs: pa.Table) -> tuple[Spans, Spans]:
    """A number for each key towards each other source, for both ends of each pair."""
    sides = []
    for key in ("record_key", "other_key"):
        parts = [pairs[name].cast(pa.string()) for name in ("source", "other_source", key)]
        text = pc.binary_join_element_wise(*parts, "\0").combine_chunks()
        sides.append(text.dictionary_encode().indices.to_numpy().astype(np.int32))
    here, there = sides
    return here, there + np.int32(here.max(initial=-1) + 1)


def matchings(here: Spans, there: Spans, probability: Floats, *, versions: int, seed: int) -> Flags:
    """Sets of pairs in which no record stands twice: versions × pairs, true where a pair is in a version.

    `here` and `there` number the two records of each pair, from 0; no number is on both sides. Each pair is
    in a version with exactly its probability, and pairs of records that nothing connects are independent.

    Where pairs form no cycle the draw goes from record to record, each choosing among the partners that are
    left with the probabilities given what was drawn: these are draws from the matchings of most entropy with
    the given probabilities. A cycle is opened first, by shifting probability along it from every second pair
    to the others until one pair is out, to either side so that the mean stays; sums by record do not change.
    Source: for the shift, R. Gandhi, S. Khuller, S. Parthasarathy and A. Srinivasan, Dependent rounding and
    its applications to approximation algorithms, Journal of the ACM 53 (2006).

    Raises: ValueError when probabilities are not between 0 and 1, or those of a record add up to more than 1.
    """
    if versions < 1:
        raise ValueError(f"There cannot be {versions} versions.")
    chance = np.asarray(probability, dtype=np.float64)
    if not np.all((chance >= 0) & (chance <= 1)):
        raise ValueError("Probabilities must be between 0 and 1.")
    size = int(max(here.max(initial=-1), there.max(initial=-1))) + 1
    sums = np.bincount(here, chance, size) + np.bincount(there, chance, size)
    if sums.max(initial=0.0) > 1 + 1e-6:
        raise ValueError("The probabilities of one record's pairs add up to more than 1: no record has two.")
    draw = np.random.default_rng(seed)
    # The likeliest pairs make the forest, so that what closes a cycle is little.
    order = np.lexsort((there, here, -chance))
    found = np.zeros((versions, len(chance)), dtype=np.bool_)
    one, other, ordered = here[order], there[order], chance[order]
    for version in range(versions):
        taken = _matching(one, other, ordered.copy(), size, draw.random(len(chance) + size))
        found[version, order] = taken
    return found


@compiled
def _root(parent: Spans, node: int) -> tuple[int, int]:
    """The root of a node's tree, and how many steps it is away."""
    steps = 0
    while parent[node] >= 0:
        node, steps = parent[node], steps + 1
    return node, steps


@compiled
def _make_root(parent: Spans, above: Spans, node: int) -> None:
    """Turn the tree of a node so that the node is its root; `above` is the pair to the parent."""
    before, pair_before = -1, -1
    while node >= 0:
        after, pair = parent[node], above[node]
        parent[node], above[node] = before, pair_before
        before, pair_before = node, pair
        node = after


@compiled
def _opened(
    parent: Spans, above: Spans, one: int, other: int, pair: int, chance: Floats, toss: float
) -> None:
    """Shift probability along the cycle that a pair closes, until one of its pairs has none."""
    _make_root(parent, above, one)
    least_even, least_odd = chance[pair], 2.0
    node, step = other, 1
    while node != one:
        if step % 2 == 0:
            least_even = min(least_even, chance[above[node]])
        else:
            least_odd = min(least_odd, chance[above[node]])
        node, step = parent[node], step + 1
    # To the even pairs as much as the odd ones can give, or the other way, so that means do not change.
    shift = least_odd if toss * (least_even + least_odd) < least_even else -least_even
    chance[pair] = _nonnegative(chance[pair] + shift)
    node, step, cut = other, 1, -1
    while node != one:
        at = above[node]
        chance[at] = _nonnegative(chance[at] + (shift if step % 2 == 0 else -shift))
        if chance[at] == 0.0:
            cut = node
        node, step = parent[node], step + 1
    if cut >= 0:
        parent[cut], above[cut] = -1, -1


@compiled
def _nonnegative(value: float) -> float:
    return value if value > 1e-15 else 0.0


@compiled
def _matching(here: Spans, there: Spans, chance: Floats, size: int, tosses: Floats) -> Flags:
    """One set of pairs; `chance` is used up. A forest of pairs is kept by each record's parent."""
    parent = np.full(size, -1, dtype=np.int32)
    above = np.full(size, -1, dtype=np.int32)
    pairs = len(chance)
    for pair in range(pairs):
        one, other = here[pair], there[pair]
        if chance[pair] <= 0.0:
            continue
        (root, steps), (other_root, other_steps) = _root(parent, one), _root(parent, other)
        if root == other_root:
            _opened(parent, above, one, other, pair, chance, tosses[pair])
            (root, steps), (other_root, other_steps) = _root(parent, one), _root(parent, other)
            if chance[pair] <= 0.0 or root == other_root:
                continue
        # The nearer one is turned, so that trees do not grow deep.
        if steps > other_steps:
            one, other = other, one
        _make_root(parent, above, one)
        parent[one], above[one] = other, pair
    return _drawn(parent, above, chance, pairs, tosses[pairs:])


@compiled
def _drawn(parent: Spans, above: Spans, chance: Floats, pairs: int, tosses: Floats) -> Flags:
    """Draw from the roots down: each record's pair to its parent, given what was drawn before."""
    size = len(parent)
    found = np.zeros(pairs, dtype=np.bool_)
    is_taken = np.zeros(size, dtype=np.bool_)
    is_done = np.zeros(size, dtype=np.bool_)
    left = np.ones(size, dtype=np.float64)
    waiting = np.empty(size, dtype=np.int32)
    for first in range(size):
        depth, node = 0, first
        while node >= 0 and not is_done[node]:
            waiting[depth] = node
            depth, node = depth + 1, parent[node]
        while depth > 0:
            depth -= 1
            node = waiting[depth]
            is_done[node] = True
            up = parent[node]
            if up < 0:
                continue
            of_pair = chance[above[node]]
            left[node] = 1.0 - of_pair
            if is_taken[up]:
                continue
            if tosses[node] * left[up] < of_pair:
                found[above[node]], is_taken[up], is_taken[node] = True, True, True
            else:
                left[up] = max(left[up] - of_pair, 0.0)
    return found


@dataclass(frozen=True)
class Combined:
    """Estimates from several linked versions as one, one number for each cell.

    `variance` is `within` (the mean of the variances) and `added` by linkage, (1 + 1/m) times the variance
    between m versions; `linkage_share` is the part of it that linkage adds. `missing_information` is the
    fraction of information that is lost, with the finite number of versions taken into account. Where the
    versions do not differ degrees of freedom are infinite.
    """

    estimate: Floats
    within: Floats
    added: Floats
    variance: Floats
    linkage_share: Floats
    degrees_of_freedom: Floats
    missing_information: Floats


def combined(estimates: Floats, within_variances: Floats) -> Combined:
    """Combine estimates, versions × cells, with the variance that each has within its version.

    Raises: ValueError for fewer than two versions, unlike shapes, or a variance below zero.
    Source: D. Rubin, Multiple Imputation for Nonresponse in Surveys (1987), section 3.3. The rules hold for
    draws from all that is uncertain. M. Larsen and D. Rubin, Iterative automated record linkage using mixture
    models, Journal of the American Statistical Association 96 (2001), give the model whose probabilities are
    meant; its own uncertainty is not in the draws of `linked_versions`.
    """
    values, within = np.asarray(estimates, float), np.asarray(within_variances, float)
    if values.shape != within.shape or values.ndim == 0 or len(values) < 2:
        raise ValueError("Each of at least two versions needs its estimates and as many variances.")
    if np.any(within < 0):
        raise ValueError("A variance cannot be below zero.")
    many = len(values)
    inside = within.mean(axis=0)
    added = (1 + 1 / many) * values.var(axis=0, ddof=1)
    variance = inside + added
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(variance > 0, added / variance, 0.0)
        freedom = np.where(added > 0, (many - 1) / share**2, np.inf)
        ratio = added / inside
        lost = np.where(np.isfinite(ratio), (ratio + 2 / (freedom + 3)) / (ratio + 1), 1.0)
    missing = np.where(added > 0, lost, 0.0)
    return Combined(values.mean(axis=0), inside, added, variance, share, freedom, missing)
