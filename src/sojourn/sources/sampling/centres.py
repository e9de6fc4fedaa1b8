"""Samples of people met at centres: shops, places of worship, agencies, parks where members of a group go.

At each centre some of those who come are asked, at random, and each also tells which of the centres they go
to. Whoever goes to many centres, or to small ones, is met more easily; the weight is one divided by the
expected number of times. Who goes to none of the centres is not covered.

The expected number depends on how many go to each centre. Where that is not known it is estimated from the
same answers: the popularity of a centre is the weighted share of those who go there, and the weights follow
from the popularities. Both are found together, as the maximum of a concave likelihood. It is unique when
answers chain the centres together in both directions.

Source: G. Baio, G. C. Blangiardo and M. Blangiardo, Centre sampling technique in foreign migration surveys: a
methodological note, Journal of Official Statistics 27 (2011); Y. Vardi, Empirical distributions in selection
bias models, Annals of Statistics 13 (1985).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse.csgraph import connected_components

from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.sample_columns import (
    Codes,
    Floats,
    known_codes,
    known_numbers,
    require_columns,
)
from sojourn.sources.sampling.targets import (
    DESIGN_BASED,
    Target,
    answers_from_replicates,
    estimate_table,
    questions,
)

__all__ = ["CentresDesign", "centre_popularity", "centres_estimates", "centres_weights"]

_ITERATIONS = 200
_ENOUGH = 1e-11
# So many numbers are worked on at once.
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class CentresDesign:
    """Columns of a table of the people who were asked.

    `centre` names the centre at which somebody was asked. `attends` gives for each centre the column that
    says whether they go there (true or false), or how often (a number of visits in the same period for all).

    `sizes` are the numbers of people who go to each centre (or of their visits), where they are known for all
    centres. Without them popularity is estimated, and weights are relative: they add up to `population` where
    that is given, else to the number of people who were asked, and then totals cannot be estimated.

    The variance comes from `replicates` bootstrap samples, drawn within centres with the `seed`.
    """

    centre: str
    attends: Mapping[str, str]
    sizes: Mapping[str, float] | None = None
    population: float | None = None
    replicates: int = 500
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.attends:
            raise ProjectError("There is no centre.", "Name the column of each centre in `attends`.")
        if self.sizes is not None and set(self.sizes) != set(self.attends):
            raise ProjectError(
                "The sizes of centres are not given for the same centres as their columns.",
                "Give all of them, or none: then popularity is estimated.",
            )
        if self.sizes is not None and self.population is not None:
            raise ProjectError(
                "With sizes of centres the weights say how many people there are.",
                "Leave out `population` or `sizes`.",
            )
        if any(not size > 0 for size in (self.sizes or {}).values()) or (
            self.population is not None and not self.population > 0
        ):
            raise ProjectError("Sizes are numbers above zero.", "Correct `sizes` or `population`.")
        if self.replicates < 2:
            raise ProjectError("One replicate tells no variance.", "Ask for some hundreds.")


@dataclass(frozen=True)
class _Met:
    """Who was met where: the centre's number by row, visits by row and centre, and interviews by centre."""

    at: Codes
    visits: Floats
    asked: Floats


def centres_estimates(
    table: pa.Table, design: CentresDesign, targets: Sequence[Target], *, confidence: float = 0.95
) -> pa.Table:
    """Estimates (`SampledEstimate`) for people who go to at least one of the centres that were sampled.

    The bootstrap draws one person less than was asked from each centre, with replacement, and estimates
    popularity anew each time. It knows nothing of how few may go to a centre, so its errors are a little
    large where most of them were asked. Sound if at each centre those who come are asked at random, and tell
    truly where they go.

    Raises: DataRefused, ProjectError for a table or a design that allows no estimate.
    """
    if design.sizes is None and design.population is None:
        for target in targets:
            if target.statistic == "total":
                raise ProjectError(
                    f"The target {target.id} asks for a total, and nobody knows how many people there are.",
                    "Give the `sizes` of centres or the `population`, or ask for a mean or a share.",
                )
    met = _met(table, design)
    weights, _ = _weights(met, design, np.ones((1, len(table))))
    replicates, _ = _weights(met, design, _bootstrap(met, design))
    known = "known sizes" if design.sizes is not None else "estimated popularity"
    return estimate_table(
        answers_from_replicates(
            questions(table, targets),
            weights[0],
            replicates,
            method=f"centres, {known}; bootstrap within centres",
            basis=DESIGN_BASED,
            percentile=False,
            confidence=confidence,
        )
    )


def centres_weights(table: pa.Table, design: CentresDesign, *, unit: str) -> pa.Table:
    """The weights of the people who were asked: `unit`, `centre`, `weight`.

    Raises: as `centres_estimates`.
    """
    require_columns(table, [unit])
    weights, _ = _weights(_met(table, design), design, np.ones((1, len(table))))
    return pa.table({"unit": table[unit], "centre": table[design.centre], "weight": weights[0]})


def centre_popularity(table: pa.Table, design: CentresDesign) -> pa.Table:
    """How much each centre is gone to: `centre`, `asked`, `popularity`, `standard_error`.

    The popularity is the share of the population that goes there, or the mean number of visits.

    Raises: as `centres_estimates`; ProjectError when sizes are known.
    """
    if design.sizes is not None:
        raise ProjectError("Sizes of centres are known.", "Leave them out to estimate popularity.")
    met = _met(table, design)
    _, popularity = _weights(met, design, np.ones((1, len(table))))
    _, replicates = _weights(met, design, _bootstrap(met, design))
    return pa.table(
        {
            "centre": list(design.attends),
            "asked": met.asked.astype(np.int64),
            "popularity": popularity[0],
            "standard_error": replicates.std(axis=0, ddof=1),
        }
    )


def _met(table: pa.Table, design: CentresDesign) -> _Met:
    known_codes(table, (design.centre,))
    names = list(design.attends)
    at = pc.index_in(table[design.centre].cast(pa.string()).combine_chunks(), pa.array(names))
    if at.null_count:
        raise DataRefused(
            f"{at.null_count} people were asked at centres that are not declared.",
            f"The column {design.centre} may hold {', '.join(names)}.",
        )
    rows = at.to_numpy().astype(np.int64)
    visits = np.stack([known_numbers(table, column) for column in design.attends.values()], axis=1)
    if visits.size and visits.min() < 0:
        raise DataRefused("A number of visits is negative.", "Write 0 for a centre that is not gone to.")
    strange = int((visits[np.arange(len(rows)), rows] == 0).sum())
    if strange:
        raise DataRefused(
            f"{strange} people were asked at a centre that they say they do not go to.",
            "Whoever was met there goes there: correct the answers.",
        )
    asked = np.bincount(rows, minlength=len(names)).astype(float)
    if not len(rows) or np.any(asked == 1):
        raise DataRefused(
            "A centre has a single interview, or there is none at all.",
            "Ask at least two people at each centre, or put centres together.",
        )
    met = _Met(rows, visits, asked)
    if design.sizes is None:
        _require_chained(met, names)
    return met


def _require_chained(met: _Met, names: Sequence[str]) -> None:
    """Raises: DataRefused when nobody who was asked at some centres goes to the others."""
    goes = np.zeros((len(names), len(names)))
    np.add.at(goes, met.at, met.visits)
    sampled = np.flatnonzero(met.asked)
    count, group = connected_components(goes[np.ix_(sampled, sampled)], directed=True, connection="strong")
    if count > 1:
        own = ", ".join(names[place] for place in sampled[group == group[0]])
        raise DataRefused(
            f"The popularity of centres cannot be compared: {own} are not chained in both directions with the"
            " others by people who go to several.",
            "Ask more people there, put centres together, or give the sizes of all centres.",
        )


def _bootstrap(met: _Met, design: CentresDesign) -> Floats:
    """How often each person is drawn, replicates × rows; each centre keeps its number of interviews."""
    draw = np.random.default_rng(design.seed)
    found = np.zeros((design.replicates, len(met.at)))
    for place, asked in enumerate(met.asked.astype(int)):
        own = np.flatnonzero(met.at == place)
        if asked:
            times = draw.multinomial(asked - 1, np.full(asked, 1 / asked), design.replicates)
            found[:, own] = times * (asked / (asked - 1))
    return found


def _weights(met: _Met, design: CentresDesign, times: Floats) -> tuple[Floats, Floats]:
    """Weights, replicates × rows, and popularities, replicates × centres, when rows count so many times.

    A replicate in which popularity cannot be told has weights of zero.
    """
    sampled = met.asked > 0
    profiles, profile = np.unique(met.visits[:, sampled], axis=0, return_inverse=True)
    profile = profile.ravel()
    asked = met.asked[sampled]
    if design.sizes is not None:
        rates = asked / np.array(list(design.sizes.values()))[sampled]
        weights = times / (profiles @ rates)[profile]
        return weights, np.full((len(times), len(sampled)), np.nan)
    counts = np.zeros((len(times), len(profiles)))
    np.add.at(counts.T, profile, times.T)
    rates = _rates(profiles, counts, asked)
    with np.errstate(invalid="ignore"):
        weights = times / (rates @ profiles.T)[:, profile]
        popularity = (weights @ met.visits) / weights.sum(axis=1, keepdims=True)
    weights = np.nan_to_num(weights)
    sums = weights.sum(axis=1, keepdims=True)
    wanted = len(met.at) if design.population is None else design.population
    return weights * np.divide(wanted, sums, where=sums > 0, out=np.zeros_like(sums)), popularity


def _rates(profiles: Floats, counts: Floats, asked: Floats) -> Floats:
    """Interviews divided by popularity, replicates × centres; not a number where nothing converges.

    The likelihood of who was met where is concave in the logarithms; Newton's steps are kept short.
    """
    size = max(1, _AT_ONCE // max(profiles.size, 1))
    parts = [_newton(profiles, counts[start : start + size], asked) for start in range(0, len(counts), size)]
    return np.concatenate(parts)


def _newton(profiles: Floats, counts: Floats, asked: Floats) -> Floats:
    replicates, centres = len(counts), len(asked)
    logarithms = np.zeros((replicates, centres))
    going: npt.NDArray[np.int64] = np.arange(replicates)
    for _ in range(_ITERATIONS):
        rates = np.exp(logarithms[going]) * asked
        shares = profiles[None] * rates[:, None, :]
        shares /= shares.sum(axis=2, keepdims=True)
        weighted = shares * counts[going][:, :, None]
        met = weighted.sum(axis=1)
        slope = asked - met
        open_ = np.abs(slope).max(axis=1) > _ENOUGH * asked.sum()
        going, slope, met = going[open_], slope[open_], met[open_]
        if not len(going):
            break
        curve = -np.einsum("rpi,rpj->rij", weighted[open_], shares[open_])
        curve[:, np.arange(centres), np.arange(centres)] += met
        # All logarithms may move together without a change: that direction is held.
        curve += asked.sum() / centres**2
        step = np.linalg.solve(curve, slope[:, :, None])[:, :, 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        logarithms[going] += step * np.minimum(1, 1 / np.maximum(longest, 1e-300))
    found = np.exp(logarithms) * asked
    found[going] = np.nan
    return found
