"""Indirect samples: one population is sampled to reach another through links, as households for emigrants.

A sampled unit leads to the target units that it is linked with: relatives abroad, persons who once lived in
the dwelling, workers of an employer. A target that several units lead to could be reached through each, so
that each carries a share of it (the generalised weight share method; network or multiplicity sampling). That
asks for one number more: how many links the target has in all, also to units that were not drawn.

The estimate is the sum, over sampled units, of their weight times the values that they carry. So its variance
is that of an ordinary total, by whatever design drew the units; `linked_values` returns what they carry.

Source: P. Lavallée, Indirect Sampling (2007), chapters 2 and 4; J.-C. Deville and P. Lavallée, Indirect
sampling: the foundations of the generalised weight share method, Survey Methodology 32 (2006); M. Sirken,
Household surveys with multiplicity, Journal of the American Statistical Association 65 (1970).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array, csr_array

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.sample_columns import (
    Codes,
    Floats,
    known_codes,
    places_of,
    positive_numbers,
    require_columns,
    require_once,
)
from sojourn.sources.sampling.staged_designs import Draw, StagedDesign, staged_draw
from sojourn.sources.sampling.targets import (
    Spread,
    Target,
    estimate_table,
    linear_answers,
    questions,
)

__all__ = ["IndirectDesign", "IndirectSample", "indirect_estimates", "linked_values", "shared_weights"]


@dataclass(frozen=True)
class IndirectDesign:
    """Columns of the three tables of an indirect sample, and how links share a target out.

    `unit` tells the sampled units apart, `target` the units that were reached; the table of links has both.
    `cluster` is a column of targets: whoever reaches one member reaches, and asks, all.

    By default a link counts one, or its `strength`, divided by `links`: the column of targets that holds the
    number, or the strength, of all their links to the sampled population. In a cluster these are added up.

    With `probability`, a column of links, shares are instead those that make each weight, taken by itself,
    vary least when units are drawn independently (weak optimality): in proportion to p/(1 - p), where p is
    the unit's probability to be drawn. It needs all links of every target that was reached, also those to
    units that were not drawn. Where all units have the same probability both ways are the same.
    """

    unit: str
    target: str
    draw: StagedDesign
    links: str | None = None
    strength: str | None = None
    probability: str | None = None
    cluster: str | None = None

    def __post_init__(self) -> None:
        if (self.links is None) == (self.probability is None):
            raise ProjectError(
                "It is not clear what shares a target out among its links.",
                "Name `links`, the column of targets with the number of all their links, or `probability`.",
            )
        if self.probability is not None and self.strength is not None:
            raise ProjectError(
                "Links are shared out by their strength or by probabilities, not by both.",
                "Leave one of them out.",
            )


@dataclass(frozen=True)
class IndirectSample:
    """The tables of an indirect sample: units that were drawn, links, and targets that were reached."""

    units: pa.Table
    links: pa.Table
    targets: pa.Table


@dataclass(frozen=True)
class _Shared:
    """How units were drawn, and the part of each target that each sampled unit carries: units × targets."""

    draw: Draw
    parts: csr_array

    @property
    def weights(self) -> Floats:
        found: Floats = self.parts.T @ self.draw.weights
        return found


def indirect_estimates(
    sample: IndirectSample,
    design: IndirectDesign,
    targets: Sequence[Target],
    *,
    confidence: float = 0.95,
) -> pa.Table:
    """Estimates (`SampledEstimate`) for the population that was reached, with the variance of the draw.

    Unbiased for targets that have a link to the sampled population; the others are not covered. `respondents`
    are targets that were reached.

    Raises: DataRefused for links to targets that are not in the table, targets that nobody led to, fewer
    links in all than were seen, and columns that are absent or contradict each other.
    """
    shared = _shared(sample, design)
    method = "weight share, by probability" if design.probability else "weight share"
    return estimate_table(
        linear_answers(
            questions(sample.targets, targets),
            shared.weights,
            lambda values: Spread(float(_covariance(shared, values)[0, 0])),
            method=f"indirect, {method}; variance of the sampled units' design",
            freedom=shared.draw.degrees_of_freedom,
            confidence=confidence,
        )
    )


def shared_weights(sample: IndirectSample, design: IndirectDesign) -> pa.Table:
    """The weight of each target that was reached: `target`, `weight`.

    Raises: as `indirect_estimates`.
    """
    return pa.table({"target": sample.targets[design.target], "weight": _shared(sample, design).weights})


def linked_values(sample: IndirectSample, design: IndirectDesign, targets: Sequence[Target]) -> pa.Table:
    """What each sampled unit carries: `unit`, then a column for each figure, in the order of the estimates.

    The total of a column by the units' weights is a total's estimate; of a mean, share or ratio it is 0, and
    varies as the estimate does. So any program that estimates variances of totals can take it. A figure that
    nobody answers has a column of nulls.

    Raises: as `indirect_estimates`.
    """
    shared = _shared(sample, design)
    columns = {"unit": sample.units[design.unit]}
    for question in questions(sample.targets, targets):
        _, values = question.linearised(shared.weights)
        name = f"{question.target.id}:{question.breakdown}={question.group}"
        carried = np.full(len(sample.units), np.nan) if values is None else shared.parts @ values
        columns[name] = pa.array(carried, from_pandas=True)
    return pa.table(columns)


def _covariance(shared: _Shared, values: Floats) -> Floats:
    return shared.draw.covariance(shared.draw.weights[:, None] * (shared.parts @ values))


def _shared(sample: IndirectSample, design: IndirectDesign) -> _Shared:
    require_once(sample.units, design.unit, "sampled unit")
    require_once(sample.targets, design.target, "target")
    require_columns(sample.links, [design.unit, design.target, design.strength, design.probability])
    draw = staged_draw(sample.units, design.draw)
    from_ = _rows(sample.links, sample.units, design.unit)
    to = _rows(sample.links, sample.targets, design.target)
    if np.any((from_ >= 0) & (to < 0)):
        raise DataRefused(
            "A link of a sampled unit leads to a target that is not in the table of targets.",
            "Add the target, also where it could not be asked, with its answers left empty.",
        )
    clusters = (
        np.arange(len(sample.targets), dtype=np.int64)
        if design.cluster is None
        else known_codes(sample.targets, (design.cluster,))
    )
    part = (_by_probability if design.probability else _by_number)(sample, design, from_, to, clusters)
    own = from_ >= 0
    size = int(clusters.max(initial=-1)) + 1
    shape = (len(sample.units), size)
    carried = coo_array((part[own], (from_[own], clusters[to[own]])), shape).tocsr()
    if np.any(np.diff(carried.tocsc().indptr) == 0):
        raise DataRefused(
            "Targets were reached that no sampled unit is linked with.", "Add their links, or take them out."
        )
    members = coo_array((np.ones(len(clusters)), (clusters, np.arange(len(clusters)))), (size, len(clusters)))
    return _Shared(draw, (carried @ members.tocsr()).tocsr())


def _rows(links: pa.Table, table: pa.Table, name: str) -> Codes:
    """The row of the table that each link names; -1 for none."""
    known = table[name].cast(pa.string()).combine_chunks()
    found = pc.index_in(links[name].cast(pa.string()).combine_chunks(), known)
    rows: Codes = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return rows


def _by_number(
    sample: IndirectSample, design: IndirectDesign, from_: Codes, to: Codes, clusters: Codes
) -> Floats:
    """Each link's number or strength, divided by all those of the cluster."""
    strength = (
        np.ones(len(sample.links))
        if design.strength is None
        else positive_numbers(sample.links, design.strength)
    )
    every = np.bincount(clusters, positive_numbers(sample.targets, str(design.links)))
    seen = to >= 0
    found = np.zeros(len(to))
    found[seen] = strength[seen] / every[clusters[to[seen]]]
    own = seen & (from_ >= 0)
    shown = np.bincount(clusters[to[own]], found[own], len(every))
    if np.any(shown > 1 + 1e-9):
        raise DataRefused(
            f"Targets have more links to sampled units than {design.links} says they have in all.",
            "It must count all links, those of the sample included.",
        )
    return found


def _by_probability(
    sample: IndirectSample, design: IndirectDesign, from_: Codes, to: Codes, clusters: Codes
) -> Floats:
    """Each unit's p/(1 - p), divided by that of all units that lead to the cluster.

    A unit that leads to several members of a cluster leads to it once. Units that are drawn with certainty
    carry all of it.
    """
    chance = positive_numbers(sample.links, str(design.probability))
    if np.any(chance > 1):
        raise DataRefused(f"The column {design.probability} is above 1.", "It holds probabilities.")
    seen = np.flatnonzero(to >= 0)
    cluster = clusters[to[seen]]
    units = known_codes(sample.links, (design.unit,))[seen]
    first = np.zeros(len(seen), bool)
    first[np.unique(places_of(cluster, units), return_index=True)[1]] = True
    is_certain = chance[seen] == 1
    has_certain = np.bincount(cluster, is_certain.astype(float)) > 0
    odds = np.where(is_certain, 1.0, chance[seen] / np.where(is_certain, 1.0, 1 - chance[seen]))
    odds = np.where(first & (is_certain | ~has_certain[cluster]), odds, 0.0)
    found = np.zeros(len(to))
    found[seen] = odds / np.bincount(cluster, odds)[cluster]
    return found
