"""Quantiles, inequality and poverty: figures that need a measure's values in their order.

Each figure comes with what one more unit of weight on a record would do to it, its scores, from which the
variance under a linearised design follows; under replicate weights the figure is formed anew for each.

A quantile has no such score without knowing how dense the values are around it. Its standard error is
Woodruff's: an interval for the share of weights up to the quantile, carried back to values, and its scores
are scaled so that they give that standard error. A poverty line that is a share of the median varies with
the sample as well; the density of values at the median and at the line, which that needs, is estimated with
a normal kernel.

Sources: Woodruff, JASA 47, 1952; Langel and Tillé, JRSS A 176, 2013, for the Gini coefficient and the
quintile share ratio; Osier, Survey Research Methods 3(3), 2009, and Deville, Survey Methodology 25(2), 1999,
for poverty measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.estimates import Totals
from sojourn.statistics.survey.cells import Cells, cells_of
from sojourn.statistics.survey.cube import SurveyCube
from sojourn.statistics.survey.distribution_kernel import (
    gini_coefficients,
    gini_scores,
    quantiles,
    shares_up_to,
    shortfalls,
    sums_beyond,
)
from sojourn.statistics.survey.figures import (
    Base,
    Components,
    Entries,
    Figures,
    components_of,
    records_in,
    spread_of,
    universe,
)
from sojourn.statistics.survey.freedom import Freedom
from sojourn.statistics.survey.measures import Measure
from sojourn.statistics.survey.taylor_design import CensusDesign

__all__ = ["QuantileError", "QuantileRule", "distribution_figures", "quantile_error_of"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
QuantileRule = Literal["reached", "midpoint"]
QuantileError = Literal["woodruff", "replicates"]


@dataclass(frozen=True)
class _Ordered:
    """The rows of each cell in the order of their values; the last cell is the whole universe.

    `weights` is of the cube's rows × (1 + replicates); `weight` and `squared_weight` are the main
    weight of each entry and the sum of its records' squares.
    """

    cells: Cells
    first: Integers
    row: Integers
    values: Floats
    weights: Floats
    weight: Floats
    squared_weight: Floats

    @cached_property
    def cell(self) -> Integers:
        """The cell of each entry."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    def result(self, *, of_main: bool = False) -> Floats:
        """Room for a result: cells × (1 + replicates), or one column for the main weight."""
        return np.empty((len(self.first) - 1, 1 if of_main else self.weights.shape[1]))

    def entries(self, *, of_main: bool = False) -> tuple[Integers, Integers, Floats, Floats]:
        """What kernels read: where cells begin, rows, values and weights."""
        return self.first, self.row, self.values, self.weights[:, :1] if of_main else self.weights

    def quantile(self, share: Floats | float, rule: QuantileRule, *, of_main: bool = False) -> Floats:
        """Cells × weights: the value at which each cell's share is reached."""
        out = self.result(of_main=of_main)
        shares = np.broadcast_to(np.asarray(share, np.float64), (len(out),)).copy()
        quantiles(*self.entries(of_main=of_main), shares, rule == "midpoint", out)
        return out

    def added(self, *amounts: Floats) -> Floats:
        """Cells × amounts: the sums of amounts that are given by entry."""
        cells = len(self.first) - 1
        return np.column_stack([np.bincount(self.cell, amount, cells) for amount in amounts])


def distribution_figures(
    cube: SurveyCube,
    measure: Measure,
    by: Sequence[str],
    totals: Totals = "all",
    *,
    rule: QuantileRule = "reached",
    error: QuantileError | None = None,
    freedom: Freedom = "effective",
    level: float = 0.95,
) -> tuple[Figures, Floats | None]:
    """The figures of a measure that needs values, and for quantiles by Woodruff the ends of his interval.

    Values of the Gini coefficient, quintile share ratio and poverty may be zero or negative, as incomes are;
    a figure that cannot be formed from them is NaN.

    Raises: ProjectError for dimensions, conditions and values that the cube does not hold.
    """
    eligible, counted = universe(cube, measure)
    cells = cells_of([cube.codes(name) for name in by], by, np.flatnonzero(eligible), totals)
    ordered = _ordered(cube, cells, str(measure.of), counted)
    behind = (records_in(cube, cells.among(counted)), records_in(cube, cells.among(eligible & ~counted)))
    figure_of = {"quantile": _quantile, "gini": _gini, "quintile_share_ratio": _quintile_ratio}
    values, scores, extra = figure_of.get(measure.statistic, _poverty)(ordered, measure, rule)
    components, variables = _scored(len(cells), ordered, scores, extra)
    base, meeting = None, None
    if measure.statistic == "poverty_rate":
        weights = cells.among(counted).added_side_by_side(cube.sums(None))
        base = Base(components_of(np.arange(len(cells)), len(variables) - 1), weights, behind[0])
        meeting = _poor(cube, ordered, measure)
    entries = Entries(ordered.first, ordered.row, variables)
    effective, nothing = _effective(ordered)[:-1], np.full(len(cells), np.nan)
    figures = Figures(cells, values, components, entries, *behind, effective, nothing, meeting, base)
    if measure.statistic != "quantile" or isinstance(cube.design, CensusDesign):
        return figures, None
    if quantile_error_of(cube, error) == "replicates":
        return figures, None
    return _woodruff(cube, figures, ordered, rule, freedom, level)


def _scored(
    cells: int, ordered: _Ordered, scores: Floats, extra: tuple[Floats, Floats] | None
) -> tuple[Components, Floats]:
    """The components of figures that have scores, and the variables: scores first, the weight last."""
    components = components_of(np.arange(cells), 0)
    if extra is None:
        return components, np.vstack([scores, ordered.weight])
    own = components.cell
    further = Components(np.full_like(own, cells), np.ones_like(own), extra[1][:, None])
    components = components.beside(further, np.ones(cells), np.ones(cells))
    return components, np.vstack([scores, extra[0], ordered.weight])


def quantile_error_of(cube: SurveyCube, asked: QuantileError | None) -> QuantileError:
    """How the standard error of a quantile is made: left out, by replicates unless these leave units out.

    A jackknife does not tell how a quantile varies: it moves by one record or not at all.

    Raises: ProjectError for replicates where the design has none.
    """
    if not isinstance(cube.design, ReplicateDesign):
        if asked == "replicates":
            raise ProjectError(
                "The design has no replicate weights.", "Leave `quantile_error` out: woodruff."
            )
        return "woodruff"
    return asked or ("woodruff" if cube.design.kind == "jackknife" else "replicates")


def _ordered(cube: SurveyCube, cells: Cells, measure: str, counted: npt.NDArray[np.bool_]) -> _Ordered:
    value = cube.values(measure)
    # Values without weight are nobody's: they must not become a quantile.
    counted = counted & (np.abs(cube.sums(None)).sum(axis=1) > 0)
    by_value = np.argsort(value[cells.row], kind="stable")
    sorted_cells = replace(cells, row=cells.row[by_value], sets=tuple(cell[by_value] for cell in cells.sets))
    sorted_cells = sorted_cells.among(counted)
    first, rows = sorted_cells.rows_by_cell()
    everyone = sorted_cells.row
    first, rows = np.append(first, len(rows) + len(everyone)), np.append(rows, everyone)
    weights, squares = cube.sums(None), cube.squares(None)[rows]
    return _Ordered(cells, first, rows, value[rows], weights, weights[rows, 0], squares)


def _effective(ordered: _Ordered) -> Floats:
    found = ordered.added(ordered.weight, ordered.squared_weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        size: Floats = np.where(found[:, 1] > 0, found[:, 0] ** 2 / found[:, 1], np.nan)
    return size


_Made = tuple[Floats, Floats, tuple[Floats, Floats] | None]


def _quantile(ordered: _Ordered, measure: Measure, rule: QuantileRule) -> _Made:
    values = ordered.quantile(float(measure.at or 0.5), rule)
    return values[:-1], _share_scores(ordered, values[:, 0]), None


def _share_scores(ordered: _Ordered, limits: Floats) -> Floats:
    """By entry: its weight times the score of the share of weights up to the limit of its cell."""
    cell, weight = ordered.cell, ordered.weight
    below = (ordered.values <= limits[cell]).astype(float)
    sums = ordered.added(weight, weight * below)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = sums[:, 1] / sums[:, 0]
        scores: Floats = weight * (below - share[cell]) / sums[cell, 0]
    return np.nan_to_num(scores)


def _gini(ordered: _Ordered, measure: Measure, rule: QuantileRule) -> _Made:
    values, scores = ordered.result(), np.zeros(len(ordered.row))
    gini_coefficients(*ordered.entries(), values)
    gini_scores(*ordered.entries(), scores)
    return values[:-1], scores * ordered.weight, None


def _quintile_ratio(ordered: _Ordered, measure: Measure, rule: QuantileRule) -> _Made:
    low, high = ordered.quantile(0.2, rule), ordered.quantile(0.8, rule)
    lower, upper = ordered.result(), ordered.result()
    sums_beyond(*ordered.entries(), low, False, lower)
    sums_beyond(*ordered.entries(), high, True, upper)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(lower != 0, upper / lower, np.nan)
    cell, value = ordered.cell, ordered.values
    own_low, own_high = low[cell, 0], high[cell, 0]
    rich = np.where(value > own_high, value, 0.0) + own_high * ((value <= own_high) - 0.8)
    poor = np.where(value <= own_low, value, 0.0) - own_low * ((value <= own_low) - 0.2)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = (rich - ratio[cell, 0] * poor) / lower[cell, 0]
    return ratio[:-1], np.nan_to_num(scores) * ordered.weight, None


def _poor(cube: SurveyCube, ordered: _Ordered, measure: Measure) -> Integers:
    """By cell, the records below the poverty line."""
    line = measure.line
    if line is None:
        line = float(measure.line_share or 0.0) * float(ordered.quantile(0.5, "reached", of_main=True)[-1, 0])
    poor = np.where(ordered.values < line, cube.contributors[ordered.row], 0).astype(np.float64)
    found: Integers = ordered.added(poor)[:-1, 0].astype(np.int64)
    return found


def _poverty(ordered: _Ordered, measure: Measure, rule: QuantileRule) -> _Made:
    is_gap, cell = measure.statistic == "poverty_gap", ordered.cell
    if measure.line is not None:
        lines = np.full(ordered.weights.shape[1], measure.line)
    else:
        median = ordered.quantile(0.5, rule)[-1]
        lines = float(measure.line_share or 0.0) * median
    if (lines <= 0).any():
        raise ProjectError(
            "The poverty line is not above zero: half of the weights have no positive value.",
            "Look at the measure, or declare a fixed `line`.",
        )
    values = ordered.result()
    shortfalls(*ordered.entries(), lines, is_gap, values)
    short = np.maximum(0.0, 1.0 - ordered.values / lines[0])
    poor = short if is_gap else (short > 0).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = ordered.weight * (poor - values[cell, 0]) / ordered.added(ordered.weight)[cell, 0]
    scores = np.nan_to_num(scores)
    if measure.line is not None:
        return values[:-1], scores, None
    return values[:-1], scores, _line_scores(ordered, measure, float(lines[0]), is_gap)


def _line_scores(ordered: _Ordered, measure: Measure, line: float, is_gap: bool) -> tuple[Floats, Floats]:
    """By entry of the whole universe the score of the line; by cell what a change of it does."""
    median = line / float(measure.line_share or 1.0)
    whole = len(ordered.first) - 2
    limits = np.full(len(ordered.first) - 1, median)
    density = _density(ordered, median)[whole]
    scores = -float(measure.line_share or 1.0) * _share_scores(ordered, limits) / density
    if is_gap:
        # A higher line adds to each shortfall: the mean of value / line² among those below it.
        below = ordered.weight * np.where(ordered.values < line, ordered.values / line**2, 0.0)
        sums = ordered.added(ordered.weight, below)
        with np.errstate(divide="ignore", invalid="ignore"):
            effect = sums[:, 1] / sums[:, 0]
    else:
        effect = _density(ordered, line)
    return scores, np.nan_to_num(effect[:-1])


def _density(ordered: _Ordered, at_value: float) -> Floats:
    """By cell, how dense the weights lie at a value: a normal kernel, its width by Silverman's rule."""
    weight, cell = ordered.weight, ordered.cell
    sums = ordered.added(weight, weight * ordered.values, ordered.squared_weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums[:, 1] / sums[:, 0]
        spread = ordered.added(weight * (ordered.values - mean[cell]) ** 2)[:, 0] / sums[:, 0]
        low, high = (ordered.quantile(at, "reached", of_main=True)[:, 0] for at in (0.25, 0.75))
        width = np.minimum(np.sqrt(spread), (high - low) / 1.34)
        width = np.where(width > 0, width, np.sqrt(spread))
        width = 0.9 * width * (sums[:, 0] ** 2 / sums[:, 2]) ** -0.2
        height = np.exp(-(((at_value - ordered.values) / width[cell]) ** 2) / 2) / np.sqrt(2 * np.pi)
        found: Floats = ordered.added(weight * height)[:, 0] / (sums[:, 0] * width)
    return found


def _woodruff(
    cube: SurveyCube,
    figures: Figures,
    ordered: _Ordered,
    rule: QuantileRule,
    freedom: Freedom,
    level: float,
) -> tuple[Figures, Floats]:
    """The quantiles with scores that give Woodruff's standard error, and the ends of his interval."""
    from scipy.special import stdtrit

    shares = ordered.result()
    shares_up_to(*ordered.entries(), np.append(figures.values[:, 0], np.nan), shares)
    shares = shares[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = spread_of(figures.entries, figures.components, shares, cube)
        degrees = spread.degrees(freedom, cube).astype(float)
        error = np.sqrt(spread.variance)
        factor = np.where(degrees >= 1, stdtrit(np.maximum(degrees, 1), (1 + level) / 2), np.nan)
        found = []
        for sign in (-1.0, 1.0):
            wanted = np.append(shares[:, 0] + sign * factor * error, np.nan)
            found.append(ordered.quantile(np.nan_to_num(wanted, nan=-1.0), rule, of_main=True)[:-1, 0])
        ends = np.column_stack(found)
        scale = -np.where(error > 0, (ends[:, 1] - ends[:, 0]) / (2 * factor) / error, np.nan)
    # Replicates move the share; the quantile moves the other way, in proportion.
    moved = figures.values[:, :1] + scale[:, None] * (shares - shares[:, :1])
    moved[:, 0] = figures.values[:, 0]
    components = replace(figures.components, coefficient=scale[:, None])
    return replace(figures, values=moved, components=components), ends
