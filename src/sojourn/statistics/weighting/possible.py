"""Whether known totals can be reached at all, and if not, which margin, category or bound is in the way."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linprog

from sojourn.concepts import UNKNOWN
from sojourn.errors import DataRefused, Problem
from sojourn.statistics.weighting.auxiliaries import Auxiliaries
from sojourn.statistics.weighting.distances import Distance
from sojourn.statistics.weighting.margins import Margin, cell_name
from sojourn.statistics.weighting.newton import relative

__all__ = ["TightestBounds", "require_possible", "require_same", "tightest_bounds", "unreached"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_MOST_TOLD = 5
# Linear programmes over more groups than this take minutes.
_MOST_GROUPS = 20_000
_WITHOUT_BOUND = 1e6


def require_possible(given: Auxiliaries, weights: Floats, *, tolerance: float, who: str = "") -> None:
    """Refuse totals that no weights reach: without respondents, of nobody, or in contradiction.

    `weights` are those of the groups; `who` is added to messages, as the name of a replicate.

    Raises: DataRefused naming margins and categories.
    """
    problems = list(_of_categories(given, weights, who))
    if not problems:
        problems = list(_of_pairs(given, tolerance))
    if problems:
        raise DataRefused([Problem("", None, *problem) for problem in problems[:_MOST_TOLD]])


def require_same(given: Auxiliaries, independent: Integers, combined: Floats, *, tolerance: float) -> None:
    """Refuse totals that follow from others for these records, but not to the same number.

    Raises: DataRefused naming the total that does not fit.
    """
    others = np.setdiff1d(np.arange(len(given.totals)), independent)
    implied = given.totals[independent] @ combined
    size = np.abs(given.totals[independent]) @ np.abs(combined)
    off = np.abs(relative(implied - given.totals[others], given.totals[others], size))
    # What follows by many sums is known less exactly than what is given.
    for place in np.flatnonzero(off > max(100 * tolerance, 1e-8)):
        at = int(others[place])
        margin = given.margins[given.cells[at][0]]
        raise DataRefused(
            f"The margin {margin.id} contradicts the other margins: its total of {given.category(at)} is"
            f" {given.totals[at]:,.10g}, while theirs, for the persons of the sample, make it"
            f" {implied[place]:,.10g}.",
            "Take all totals from one source and one day, scale one margin to another, or leave one out.",
        )


def _of_categories(given: Auxiliaries, weights: Floats, who: str) -> Iterator[tuple[str, str]]:
    """Categories with a total and nobody to carry it, or with somebody and no total."""
    present = (weights != 0).astype(float)
    carriers = (given.matrix.T != 0).astype(float) @ present
    with_nobody = (given.totals != 0) & (carriers == 0)
    with_no_total = (given.totals == 0) & (carriers > 0)
    for place in np.flatnonzero(with_nobody | with_no_total):
        margin = given.margins[given.cells[place][0]]
        said = f"The margin {margin.id}: {given.category(int(place))} has"
        if with_nobody[place]:
            yield (
                f"{said} a total of {given.totals[place]:,.10g} and no respondent with a weight{who}.",
                "Merge the category with another in margin and records, or leave it out of both.",
            )
        elif margin.of is None:
            yield (
                f"{said} a total of zero and respondents with weights{who}.",
                "Correct the total, or take the respondents out of the population.",
            )


def _of_pairs(given: Auxiliaries, tolerance: float) -> Iterator[tuple[str, str]]:
    """Margins of the same thing that do not add up to the same."""
    for one, other in itertools.combinations(given.margins, 2):
        if one.of != other.of:
            continue
        shared = [name for name in one.columns if name in other.columns]
        sums = [_sums(margin, shared) for margin in (one, other)]
        if sums[0].keys() != sums[1].keys():
            shared, sums = [], [_sums(margin, []) for margin in (one, other)]
        for cell, total in sums[0].items():
            if not math.isclose(total, sums[1][cell], rel_tol=max(tolerance, 1e-9), abs_tol=1e-9):
                yield (
                    f"The margins {one.id} and {other.id} contradict each other: {cell_name(shared, cell)} is"
                    f" {total:,.10g} in {one.id} and {sums[1][cell]:,.10g} in {other.id}.",
                    "Take both from one source and one day, or scale one to the other.",
                )


def _sums(margin: Margin, columns: Sequence[str]) -> dict[tuple[str, ...], float]:
    places = [margin.columns.index(name) for name in columns]
    parts: dict[tuple[str, ...], list[float]] = {}
    for cell, total in margin.known_totals.items():
        parts.setdefault(tuple(cell[place] for place in places), []).append(total)
    if margin.unknown == "spread":
        parts = {cell: numbers for cell, numbers in parts.items() if UNKNOWN not in cell}
    return {cell: math.fsum(numbers) for cell, numbers in parts.items()}


@dataclass(frozen=True)
class TightestBounds:
    """How tight factors can be bound; None where no bound on that side is enough, or it was not computed."""

    is_computed: bool
    lower: float = -math.inf
    upper: float = math.inf
    upper_with_lower: float | None = None
    lower_with_upper: float | None = None

    def __str__(self) -> str:
        if not self.is_computed:
            return "The tightest possible bounds were not computed: there are too many kinds of records."
        said = []
        if math.isfinite(self.lower):
            least = self.upper_with_lower
            said.append(
                f"With the lower bound {self.lower:g} "
                + ("no upper one is enough" if least is None else f"the upper one is at least {least:.6g}")
            )
        if math.isfinite(self.upper):
            most = self.lower_with_upper
            said.append(
                f"with the upper bound {self.upper:g} "
                + ("no lower one is enough" if most is None else f"the lower one is at most {most:.6g}")
            )
        text = "; ".join(said)
        return f"{text[0].upper()}{text[1:]}."


def tightest_bounds(
    matrix: Any, weights: Floats, totals: Floats, *, lower: float, upper: float
) -> TightestBounds:
    """The least upper bound that goes with a lower one, and the greatest lower bound with an upper one.

    By linear programmes over the groups, whose factors may be any numbers between the bounds.
    """
    used = np.flatnonzero(weights)
    if len(used) > _MOST_GROUPS:
        return TightestBounds(is_computed=False)
    sums = sparse.csc_array(matrix[used].T.multiply(weights[used][None, :]))
    least_upper = _bound(sums, totals, fixed=lower, is_lower_fixed=True) if math.isfinite(lower) else None
    most_lower = _bound(sums, totals, fixed=upper, is_lower_fixed=False) if math.isfinite(upper) else None
    return TightestBounds(True, lower, upper, least_upper, most_lower)


def _bound(sums: Any, totals: Floats, *, fixed: float, is_lower_fixed: bool) -> float | None:
    """The other bound, as tight as it can be; None where there is none.

    The unknowns are the groups' distances from the fixed bound, and the widest of them.
    """
    groups = sums.shape[1]
    side = 1.0 if is_lower_fixed else -1.0
    left = totals - fixed * sums.sum(axis=1)
    scale = np.maximum(np.abs(totals), 1e-300)
    equal = sparse.hstack([side * sums, sparse.csc_array((len(totals), 1))], format="csr")
    equal = sparse.csr_array(equal.multiply(1 / scale[:, None]))
    below = sparse.hstack([sparse.eye_array(groups), -np.ones((groups, 1))], format="csr")
    found = linprog(
        np.append(np.zeros(groups), 1.0), A_ub=below, b_ub=np.zeros(groups), A_eq=equal, b_eq=left / scale,
        bounds=(0, _WITHOUT_BOUND), method="highs",
    )  # fmt: skip
    return fixed + side * float(found.x[-1]) if found.success else None


def unreached(
    given: Auxiliaries,
    independent: Integers,
    weights: Floats,
    misfit: Floats,
    *,
    distance: Distance,
    iterations: int,
    who: str = "",
) -> DataRefused:
    """The refusal of a calibration that did not get there: its worst total, and whether bounds forbid it."""
    worst = int(independent[int(np.argmax(np.abs(misfit)))])
    margin = given.margins[given.cells[worst][0]]
    off = float(np.max(np.abs(misfit)))
    about = (
        f"The total of {given.category(worst)} in the margin {margin.id} is furthest off{who}:"
        f" {f'{off:.3%}' if off > 1e-5 else f'{off:.1e}'} of {given.totals[worst]:,.10g} after {iterations}"
        " iterations."
    )
    lower, upper = distance.limits
    if not math.isfinite(lower) and not math.isfinite(upper):
        return DataRefused(f"Calibration did not settle. {about}", _SETTLES)
    matrix, totals = given.matrix[:, independent], given.totals[independent]
    bounds = tightest_bounds(matrix, weights, totals, lower=lower, upper=upper)
    if bounds.is_computed and _is_feasible(bounds, lower, upper):
        return DataRefused(f"Calibration did not settle. {about}", _SETTLES)
    if not distance.is_bounded:
        said = f"No weights above zero reach the totals. {about}"
        return DataRefused(said, "Merge categories, or use the distance linear without a lower bound.")
    said = f"The {_bound_text(distance)} too tight{who}. {bounds} {about}"
    return DataRefused(said, "Widen the bounds a little beyond that, merge categories, or drop a margin.")


def _bound_text(distance: Distance) -> str:
    given = [f"{bound:g}" for bound in (distance.lower, distance.upper) if bound is not None]
    return f"bounds {given[0]} and {given[1]} are" if len(given) == 2 else f"bound {given[0]} is"


_SETTLES = (
    "Merge small categories, drop a margin, widen bounds, or allow more iterations; calibration with the"
    " distance raking needs fewer than fitting one margin after another."
)


def _is_feasible(bounds: TightestBounds, lower: float, upper: float) -> bool:
    slack = 1e-7
    if bounds.upper_with_lower is not None:
        return bounds.upper_with_lower <= upper * (1 + slack)
    return bounds.lower_with_upper is not None and bounds.lower_with_upper >= lower - slack * abs(lower)
