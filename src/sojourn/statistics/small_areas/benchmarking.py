"""Model estimates made to add up to totals: of the country, of regions, or of both at once.

Each level divides the areas into groups and says what the groups add up to. What is missing is spread over
the areas of a group: in proportion to estimates, evenly, or by how uncertain the estimates are. Totals of
several levels must agree where one level is made of another: what does not is named, not averaged away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from sojourn.errors import DataRefused, shown
from sojourn.statistics.small_areas.estimates import AreaEstimates

__all__ = ["BENCHMARKS", "Benchmark", "Benchmarked", "Level", "benchmarked", "direct_level", "given_level"]

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Benchmark = Literal["ratio", "difference", "optimal"]
BENCHMARKS: tuple[Benchmark, ...] = ("ratio", "difference", "optimal")
_SINGULAR = 1e-11


@dataclass(frozen=True)
class Level:
    """One division of the areas: the group of each area, and what the weighted areas of a group add up to.

    `variance` is that of given totals, taken to be independent of the model; it is None for totals that are
    the sums of the areas' own direct estimates.
    """

    name: str
    groups: tuple[str, ...]
    place: Numbers
    totals: Floats
    variance: Floats | None


@dataclass(frozen=True)
class Benchmarked:
    """Estimates that add up, with their mean-squared errors, and what was missing in each group.

    `level` and `group` name the groups; `before` is what the estimates added up to.
    """

    estimate: Floats
    mse: Floats
    lower: Floats
    upper: Floats
    level: tuple[str, ...]
    group: tuple[str, ...]
    total: Floats
    before: Floats


def given_level(
    name: str,
    group_of: Sequence[str],
    totals: dict[str, float],
    variances: dict[str, float] | None = None,
) -> Level:
    """A level whose totals are given, by group.

    Raises: DataRefused when a group has no total, or a total no area.
    """
    groups, place = np.unique(np.asarray(group_of, dtype=object).astype(str), return_inverse=True)
    names = tuple(str(each) for each in groups)
    lacking = [each for each in names if each not in totals or not np.isfinite(totals[each])]
    if lacking:
        raise DataRefused(
            f"The group {shown(lacking[0])} of the level {shown(name)} has areas and no total.",
            "Give its total, or leave the level out.",
        )
    empty = sorted(set(totals) - set(names))
    if empty:
        raise DataRefused(
            f"The total of {shown(empty[0])}, level {shown(name)}, has no area.",
            "Correct the code of the group, or take the total out.",
        )
    known = variances or {}
    return Level(
        name, names, place.astype(np.int64), np.array([totals[each] for each in names]),
        np.array([known.get(each, 0.0) for each in names]),
    )  # fmt: skip


def direct_level(name: str, group_of: Sequence[str], found: AreaEstimates, weights: Floats) -> Level:
    """A level whose totals are the weighted sums of the areas' direct estimates.

    Raises: DataRefused when an area of a group has no direct estimate: its group has no direct total.
    """
    groups, place = np.unique(np.asarray(group_of, dtype=object).astype(str), return_inverse=True)
    names = tuple(str(each) for each in groups)
    missing = np.flatnonzero(~np.isfinite(found.direct) & (weights != 0))
    if len(missing):
        raise DataRefused(
            f"The area {shown(found.areas[int(missing[0])])} has no direct estimate, so that the group"
            f" {shown(names[int(place[missing[0]])])} of the level {shown(name)} has no direct total.",
            "Give the totals in a file of their own.",
        )
    direct = np.where(weights != 0, found.direct, 0.0)
    totals: Floats = np.bincount(place, weights * direct, minlength=len(names)).astype(float)
    # Only a model of these direct estimates knows how their sums hang together with its own.
    own = found.kind == "area"
    variance = None if own else np.zeros(len(names))
    return Level(name, names, place.astype(np.int64), totals, variance)


def benchmarked(
    found: AreaEstimates,
    weights: Floats,
    levels: Sequence[Level],
    *,
    method: Benchmark = "ratio",
    tolerance: float = 1e-6,
) -> Benchmarked:
    """Estimates that, weighted and added up, equal the totals of every level.

    With `ratio` all areas of a group change by the same factor, with `difference` by the same amount, with
    `optimal` in proportion to weight times mean-squared error, which changes estimates least where they are
    surest. Where levels cross, the changes of an area's groups add up.

    The mean-squared error after benchmarking adds what the distance of totals from estimates varies: known
    from the model where totals are sums of direct estimates, else from errors of estimates and the given
    variance of totals. It is exact for known variances of area effects, and linear in transformed models.

    Raises: DataRefused for weights that are not known, or totals that contradict one another or cannot be
    reached, naming level and group.
    Source: J. Wang, W. Fuller and Y. Qu, Small area estimation under a restriction, Survey Methodology 34
    (2008); R. Steorts and M. Ghosh, On estimation of mean squared errors of benchmarked empirical Bayes
    estimators, Statistica Sinica 23 (2013).
    """
    _require_weights(found.areas, weights)
    _require_agreement(levels, weights, tolerance)
    binding = _binding(levels, weights)
    totals = np.concatenate([level.totals for level in binding])
    member = _membership(binding, len(weights))
    before = member.T @ (weights * found.estimate)
    change = {
        "ratio": found.estimate,
        "difference": np.ones(len(weights)),
        "optimal": weights * found.mse,
    }[method]
    spread = (member.T @ sparse.diags(weights * change) @ member).toarray()
    inverse = _inverse(spread)
    step = inverse @ (totals - before)
    moved = change * (member @ step)
    estimate = found.estimate + moved
    _require_reached(binding, member.T @ (weights * estimate), totals, np.abs(before), tolerance)
    mse = _errors(found, weights, binding, member, change, inverse)
    half = np.sqrt(mse / found.mse, out=np.ones(len(mse)), where=found.mse > 0)
    return Benchmarked(
        estimate,
        mse,
        estimate - half * (found.estimate - found.lower),
        estimate + half * (found.upper - found.estimate),
        tuple(level.name for level in levels for _ in level.groups),
        tuple(group for level in levels for group in level.groups),
        np.concatenate([level.totals for level in levels]),
        _membership(levels, len(weights)).T @ (weights * found.estimate),
    )


def _binding(levels: Sequence[Level], weights: Floats) -> list[Level]:
    """The levels without those that are sums of another: they ask for nothing more."""
    kept: list[Level] = []
    for number, level in enumerate(levels):
        others = [*kept, *levels[number + 1 :]]
        if all(_pairs(other, level, weights) is None for other in others):
            kept.append(level)
    return kept


def _pairs(fine: Level, coarse: Level, weights: Floats) -> Numbers | None:
    """Each group of the fine level with the one of the coarse level around it; None when it has several."""
    pairs = np.unique(np.column_stack([fine.place, coarse.place])[weights > 0], axis=0)
    return pairs if len(np.unique(pairs[:, 0])) == len(pairs) else None


def _membership(levels: Sequence[Level], areas: int) -> sparse.csr_matrix:
    """Areas × groups of all levels: 1 where the area is in the group."""
    start, columns = 0, []
    for level in levels:
        columns.append(level.place + start)
        start += len(level.groups)
    places = np.concatenate(columns)
    rows = np.tile(np.arange(areas), len(levels))
    return sparse.csr_matrix((np.ones(len(places)), (rows, places)), shape=(areas, start))


def _inverse(spread: Floats) -> Floats:
    """The inverse, or where levels contain one another the pseudo-inverse."""
    size = np.sqrt(np.abs(np.diag(spread)))
    safe = np.where(size > 0, size, 1.0)
    found: Floats = np.linalg.pinv(spread / np.outer(safe, safe), rcond=_SINGULAR, hermitian=True) / np.outer(
        safe, safe
    )
    return found


def _errors(
    found: AreaEstimates,
    weights: Floats,
    levels: Sequence[Level],
    member: sparse.csr_matrix,
    change: Floats,
    inverse: Floats,
) -> Floats:
    """Mean-squared errors after benchmarking."""
    parts = found.errors
    loads = member.T @ (parts.loading * weights[:, None])
    together = loads @ parts.core @ loads.T
    is_direct = all(level.variance is None for level in levels)
    if is_direct:
        own = (member.T @ sparse.diags(np.nan_to_num(parts.gap) * weights**2) @ member).toarray()
        middle, crossed = own - together, np.zeros(len(weights))
    else:
        own = (member.T @ sparse.diags(parts.own * weights**2) @ member).toarray()
        given = np.concatenate(
            [np.zeros(len(level.groups)) if level.variance is None else level.variance for level in levels]
        )
        middle = own + together + np.diag(given)
        crossed = weights * parts.own * _summed(inverse, levels) + np.einsum(
            "ij,ij->i", member @ (inverse @ loads @ parts.core), parts.loading
        )
    added = change**2 * _summed(inverse @ middle @ inverse, levels)
    total: Floats = found.mse - 2 * change * crossed + added
    return np.maximum(total, 0.0)


def _summed(matrix: Floats, levels: Sequence[Level]) -> Floats:
    """For each area, the sum of a matrix of groups over all pairs of the area's groups."""
    starts = np.cumsum([0, *(len(level.groups) for level in levels)])
    places = [level.place + start for level, start in zip(levels, starts, strict=False)]
    found = np.zeros(len(places[0]))
    for one in places:
        for other in places:
            found += matrix[one, other]
    return found


def _require_weights(areas: tuple[str, ...], weights: Floats) -> None:
    wrong = np.flatnonzero(~(weights >= 0) | ~np.isfinite(weights))
    if len(wrong):
        raise DataRefused(
            f"The area {shown(areas[int(wrong[0])])} has no weight of at least zero to be added up with.",
            "Give each area its population, its share of it, or 1.",
        )


def _require_agreement(levels: Sequence[Level], weights: Floats, tolerance: float) -> None:
    """Refuse totals of one level that are not the sums of another that lies within it."""
    for fine in levels:
        for coarse in levels:
            if fine is coarse:
                continue
            pairs = _pairs(fine, coarse, weights)
            if pairs is None:
                continue
            sums = np.bincount(pairs[:, 1], fine.totals[pairs[:, 0]], minlength=len(coarse.groups))
            sizes = np.bincount(pairs[:, 1], np.abs(fine.totals[pairs[:, 0]]), minlength=len(coarse.groups))
            off = np.abs(sums - coarse.totals) > tolerance * np.maximum(sizes, np.abs(coarse.totals))
            for group in np.flatnonzero(off)[:1].tolist():
                _refuse_sums(fine.name, coarse, group, float(sums[group]))
    for one, other in pairwise(levels):
        all_of_one, whole = float(one.totals.sum()), float(other.totals.sum())
        if abs(all_of_one - whole) > tolerance * max(abs(all_of_one), abs(whole)):
            raise DataRefused(
                f"The totals of the level {shown(one.name)} add up to {all_of_one:,.6g}, those of"
                f" {shown(other.name)} to {whole:,.6g}.",
                "Both are of all areas: correct the totals, or leave one level out.",
            )


def _refuse_sums(fine: str, coarse: Level, group: int, found: float) -> None:
    raise DataRefused(
        f"The totals of the level {shown(fine)} within {shown(coarse.groups[group])} add up to"
        f" {found:,.6g}; the level {shown(coarse.name)} says {coarse.totals[group]:,.6g}.",
        "Correct the totals so that they add up, or leave one level out.",
    )


def _require_reached(
    levels: Sequence[Level], reached: Floats, totals: Floats, size: Floats, tolerance: float
) -> None:
    """Refuse totals that no change of this kind reaches, such as a ratio of nothing."""
    slack = np.maximum(tolerance, 1e-9) * np.maximum(np.abs(totals), size)
    names = [(level.name, group) for level in levels for group in level.groups]
    off = np.flatnonzero(~(np.abs(reached - totals) <= slack))
    if len(off):
        name, group = names[int(off[0])]
        raise DataRefused(
            f"The group {shown(group)} of the level {shown(name)} cannot be made to add up to"
            f" {totals[off[0]]:,.6g}: it reaches {reached[off[0]]:,.6g}.",
            "Its estimates add up to zero, its weights are zero, or the totals of crossing levels contradict"
            " one another: look at them, or take the method difference.",
        )
