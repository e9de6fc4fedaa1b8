"""Adaptive cluster samples: where one of the group is found, the neighbours are looked at too.

An initial sample is drawn at random. Whoever meets a condition brings in the neighbours, these theirs if they
meet it, and so on until nobody new does. Units that meet the condition and reach one another are a *network*;
a unit that does not meet it is a network of its own. Neighbours that were looked at and do not meet it are
*edge units*: networks that were not hit may lie beside them too and would have brought them in, so that their
chance is not known, and they count only if the initial sample drew them.

Both estimators are unbiased, and so are their variances, however the condition was chosen beforehand:

- `horvitz-thompson`: each network that was hit, by its probability of being hit.
- `hansen-hurwitz`: the mean of the networks of the initial units, once for each such unit.

Source: S. Thompson, Adaptive cluster sampling, Journal of the American Statistical Association 85 (1990), and
Stratified adaptive cluster sampling, Biometrika 78 (1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.adaptive_improvement import Improvement, improvement
from sojourn.sources.sampling.sample_columns import (
    Claims,
    Codes,
    Floats,
    claims,
    known_codes,
    known_numbers,
    positive_numbers,
    require_columns,
    require_once,
)
from sojourn.sources.sampling.targets import (
    Spread,
    Target,
    estimate_table,
    linear_answers,
    questions,
)

__all__ = ["AdaptiveDesign", "adaptive_estimates", "adaptive_weights", "grid_links"]


@dataclass(frozen=True)
class AdaptiveDesign:
    """Columns of a table of all units that were looked at.

    `initial` is 1 for units of the initial sample and 0 for others (with `replacement` how often each was
    drawn), `satisfies` is true for units that meet the condition, and `population` the number of units in the
    unit's stratum. Networks may cross strata.

    `improved` takes the mean of the estimator over all initial samples that would have led to the same units
    (Rao and Blackwell), so that edge units tell something too. It varies less and stays unbiased.
    """

    unit: str
    initial: str
    satisfies: str
    population: str
    strata: tuple[str, ...] = ()
    replacement: bool = False
    estimator: Literal["horvitz-thompson", "hansen-hurwitz"] = "horvitz-thompson"
    improved: bool = False

    def __post_init__(self) -> None:
        if self.improved and (self.strata or self.replacement):
            raise ProjectError(
                "The improved estimator is for an initial sample without strata and without replacement.",
                "Write `improved: false`.",
            )


@dataclass(frozen=True)
class _Networks:
    """Networks that the initial sample hit.

    By unit: `of` its network (of edge units that were not drawn: -1), whether it `meets` the condition,
    whether it is beside one that does (`is_edge`), `drawn`, `strata`. By network: `sizes` and `hits`, both by
    stratum. By stratum: `population`, `sampled`.
    """

    of: Codes
    meets: Claims
    is_edge: Claims
    drawn: Floats
    strata: Codes
    sizes: Floats
    hits: Floats
    population: Floats
    sampled: Floats
    replacement: bool

    def __post_init__(self) -> None:
        if np.any((self.sampled < 2) & (self.population > 1)):
            raise DataRefused(
                "A stratum has fewer than two units of the initial sample, so that it tells no variance.",
                "Merge strata.",
            )

    def probability(self, sizes: Floats) -> Floats:
        """The probability that the initial sample hits a set with so many units in each stratum."""
        missed = np.zeros(sizes.shape[:-1])
        for place, (everyone, drawn) in enumerate(zip(self.population, self.sampled, strict=True)):
            own = sizes[..., place]
            if self.replacement:
                with np.errstate(divide="ignore"):
                    missed += drawn * np.log1p(-own / everyone)
            else:
                # Of the units that are not in the set all must be drawn: a product of as many ratios.
                steps = np.arange(int(own.max(initial=0)))
                with np.errstate(divide="ignore", invalid="ignore"):
                    ratios = np.log1p(-drawn / np.maximum(everyone - steps, drawn))
                missed += np.concatenate([[0.0], np.cumsum(ratios)])[own.astype(int)]
        found: Floats = -np.expm1(missed)
        return found


def adaptive_estimates(
    units: pa.Table,
    links: pa.Table,
    design: AdaptiveDesign,
    targets: Sequence[Target],
    *,
    confidence: float = 0.95,
) -> pa.Table:
    """Estimates (`SampledEstimate`) from units and the links between neighbours (`unit`, `neighbour`).

    A link holds in both directions. The variance is the unbiased one of the estimator; that of
    `horvitz-thompson` can be negative, and then no standard error is told. `respondents` are units that
    count, edge units left out. Degrees of freedom are those of the initial sample.

    Raises: DataRefused for a network that was not followed to its edge, units that nobody led to, and columns
    that are absent or contradict each other.
    """
    networks = _networks(units, links, design)
    better = _improved(networks, design) if design.improved else None
    weights = _weights(networks, design) if better is None else better.weights
    name = design.estimator if better is None else f"{design.estimator}, improved"
    plain = _hansen_hurwitz if design.estimator == "hansen-hurwitz" else _horvitz_thompson

    def spread(values: Floats) -> Spread:
        return Spread(plain(networks, values) - (0.0 if better is None else better.gain(values[:, 0])))

    return estimate_table(
        linear_answers(
            questions(units, targets),
            weights,
            spread,
            method=f"adaptive cluster, {name}; unbiased variance",
            freedom=int(networks.sampled.sum()) - len(networks.sampled),
            confidence=confidence,
            rows=weights > 0,
        )
    )


def adaptive_weights(units: pa.Table, links: pa.Table, design: AdaptiveDesign) -> pa.Table:
    """The weight of each unit, and what it comes from.

    Columns: `unit`, `network` (number; null for edge units), `network_size`, `probability` (that the initial
    sample hits the network), `weight`. Edge units have the weight 0.

    Raises: as `adaptive_estimates`.
    """
    networks = _networks(units, links, design)
    inside = networks.of >= 0
    sizes = networks.sizes.sum(axis=1)[networks.of]
    probability = networks.probability(networks.sizes)[networks.of]
    return pa.table(
        {
            "unit": units[design.unit],
            "network": pa.array(networks.of, mask=~inside),
            "network_size": pa.array(sizes.astype(np.int64), mask=~inside),
            "probability": pa.array(probability, mask=~inside),
            "weight": _improved(networks, design).weights if design.improved else _weights(networks, design),
        }
    )


def grid_links(units: pa.Table, *, unit: str, row: str, column: str, corners: bool = False) -> pa.Table:
    """Links between units that lie beside each other on a grid: `unit`, `neighbour`.

    `row` and `column` hold whole numbers. Neighbours share a side, with `corners` also a corner. Cells beyond
    the units of the table are not known: where a network ends at them, look whether they exist.

    Raises: DataRefused for places that are no whole numbers or hold two units.
    """
    places = np.stack([known_numbers(units, row), known_numbers(units, column)], axis=1)
    if np.any(places != np.rint(places)):
        raise DataRefused("Places on the grid are no whole numbers.", "Number rows and columns.")
    # An empty column on either side keeps the ends of rows apart.
    places = (places - places.min(axis=0, initial=np.inf) + 1).astype(np.int64)
    width = int(places[:, 1].max(initial=0)) + 2
    keys = places[:, 0] * width + places[:, 1]
    order = np.argsort(keys)
    if np.any(np.diff(keys[order]) == 0):
        raise DataRefused("Two units lie in one place of the grid.", "Give each cell one row.")
    ends = []
    for step in (1, width, *((width + 1, width - 1) if corners else ())):
        at = np.minimum(np.searchsorted(keys[order], keys + step), len(keys) - 1)
        beside = np.flatnonzero(keys[order][at] == keys + step)
        ends.append(np.stack([beside, order[at[beside]]]))
    from_, to = np.concatenate(ends, axis=1)
    return pa.table({"unit": units[unit].take(pa.array(from_)), "neighbour": units[unit].take(pa.array(to))})


def _networks(units: pa.Table, links: pa.Table, design: AdaptiveDesign) -> _Networks:
    require_once(units, design.unit, "unit")
    drawn, satisfies = _drawn(units, design), claims(units, design.satisfies)
    from_, to = _ends(units, links, design, satisfies)
    count = len(units)
    chained = satisfies[from_] & satisfies[to]
    graph = coo_array((np.ones(int(chained.sum())), (from_[chained], to[chained])), (count, count))
    _, component = connected_components(graph, directed=False)
    is_hit = np.bincount(component, drawn) > 0
    if np.any(satisfies & ~is_hit[component]):
        raise DataRefused(
            "Units meet the condition, and no chain of links leads to them from the initial sample.",
            "Add the links by which they were found, or take them out.",
        )
    inside = is_hit[component]
    of = np.full(count, -1, np.int64)
    of[inside] = np.unique(component[inside], return_inverse=True)[1]
    strata = known_codes(units, design.strata)
    population, sampled = _strata(units, design, strata, drawn)
    shape = (int(of.max()) + 1, len(population))
    sizes, hits = np.zeros(shape), np.zeros(shape)
    np.add.at(sizes, (of[inside], strata[inside]), 1)
    np.add.at(hits, (of[inside], strata[inside]), drawn[inside])
    is_edge = np.zeros(count, bool)
    is_edge[to[satisfies[from_]]] = is_edge[from_[satisfies[to]]] = True
    return _Networks(
        of,
        satisfies,
        is_edge & ~satisfies,
        drawn,
        strata,
        sizes,
        hits,
        population,
        sampled,
        design.replacement,
    )


def _drawn(units: pa.Table, design: AdaptiveDesign) -> Floats:
    """How often the initial sample drew each unit."""
    drawn = known_numbers(units, design.initial)
    is_whole = np.all(drawn == np.rint(drawn)) and drawn.min(initial=0) >= 0
    if not is_whole or (drawn.max(initial=0) > 1 and not design.replacement):
        raise DataRefused(
            f"The column {design.initial} does not say which units the initial sample drew.",
            "Write 1 for units that it drew and 0 for others; more than 1 only with `replacement`.",
        )
    if not drawn.any():
        raise DataRefused("The initial sample is empty.", f"Look at the column {design.initial}.")
    return drawn


def _ends(units: pa.Table, links: pa.Table, design: AdaptiveDesign, satisfies: Claims) -> tuple[Codes, Codes]:
    """Both ends of the links as rows of the units; those that lead nowhere must not matter."""
    require_columns(links, ["unit", "neighbour"])
    known = units[design.unit].cast(pa.string()).combine_chunks()
    ends = []
    for name in ("unit", "neighbour"):
        places = pc.fill_null(pc.index_in(links[name].cast(pa.string()).combine_chunks(), known), -1)
        ends.append(places.to_numpy(zero_copy_only=False).astype(np.int64))
    from_, to = ends
    for one, other in ((from_, to), (to, from_)):
        if np.any((other < 0) & (one >= 0) & satisfies[one]):
            raise DataRefused(
                "A unit that meets the condition has a neighbour that was not looked at.",
                "Networks must be followed to their edge: add all neighbours to the units.",
            )
    both = (from_ >= 0) & (to >= 0)
    return from_[both], to[both]


def _strata(units: pa.Table, design: AdaptiveDesign, strata: Codes, drawn: Floats) -> tuple[Floats, Floats]:
    """Population and initial sample of each stratum."""
    given = positive_numbers(units, design.population)
    size = int(strata.max()) + 1
    population = np.zeros(size)
    population[strata] = given
    if np.any(population[strata] != given):
        raise DataRefused(
            f"The column {design.population} differs within a stratum.",
            "It is the number of units of the whole stratum: write the same in all of its rows.",
        )
    sampled = np.bincount(strata, drawn, size).astype(float)
    if np.any(sampled == 0):
        raise DataRefused(
            "A stratum has units, and none of the initial sample.",
            "Merge it with a stratum that was sampled.",
        )
    if np.any(np.bincount(strata, minlength=size) > population):
        raise DataRefused(
            "More units of a stratum were looked at than it has.", f"Look at {design.population}."
        )
    return population, sampled


def _weights(networks: _Networks, design: AdaptiveDesign) -> Floats:
    """The weight of each unit; 0 for edge units."""
    if design.estimator == "hansen-hurwitz":
        times = (networks.hits * (networks.population / networks.sampled)).sum(axis=1)
        by_network = times / networks.sizes.sum(axis=1)
    else:
        by_network = 1 / networks.probability(networks.sizes)
    found: Floats = np.where(networks.of >= 0, by_network[networks.of], 0.0)
    return found


def _improved(networks: _Networks, design: AdaptiveDesign) -> Improvement:
    """Weights that are means over all initial samples that lead to the same units."""
    return improvement(
        np.where(networks.meets, networks.of, -1),
        networks.is_edge,
        networks.drawn,
        everyone=float(networks.population[0]),
        once_for_each_draw=design.estimator == "hansen-hurwitz",
        weights=_weights(networks, design),
    )


def _by_network(networks: _Networks, values: Floats) -> Floats:
    inside = networks.of >= 0
    return np.bincount(networks.of[inside], values[inside, 0], len(networks.sizes)).astype(float)


def _hansen_hurwitz(networks: _Networks, values: Floats) -> float:
    """The variance of a stratified sample of means of networks."""
    means = _by_network(networks, values) / networks.sizes.sum(axis=1)
    total = 0.0
    for place, (everyone, sampled) in enumerate(zip(networks.population, networks.sampled, strict=True)):
        own = (networks.strata == place) & (networks.drawn > 0)
        if sampled < 2:
            continue
        each, times = means[networks.of[own]], networks.drawn[own]
        middle = (times @ each) / sampled
        spread = (times @ (each - middle) ** 2) / (sampled - 1)
        left = 1.0 if networks.replacement else 1 - sampled / everyone
        total += everyone**2 * left * spread / sampled
    return float(total)


def _horvitz_thompson(networks: _Networks, values: Floats) -> float:
    """The sum over pairs of networks of what both being hit has more in it than chance.

    Probabilities depend on a network's numbers of units by stratum alone, so pairs are summed by such
    numbers.
    """
    sums = _by_network(networks, values)
    kinds, numbers = np.unique(networks.sizes, axis=0, return_inverse=True)
    kind = numbers.ravel()
    one = networks.probability(kinds)
    either = networks.probability(kinds[:, None, :] + kinds[None, :, :])
    both = one[:, None] + one[None, :] - either
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = 1 / (one[:, None] * one[None, :]) - 1 / both
    # Pairs that cannot both be hit do not occur.
    excess = np.where(both > 1e-14, excess, 0.0)
    by_kind = np.bincount(kind, sums, len(kinds))
    squares = np.bincount(kind, sums**2, len(kinds))
    pairs = by_kind @ excess @ by_kind - squares @ np.diag(excess)
    return float(pairs + squares @ ((1 - one) / one**2))
