"""Figures of a table from a survey cube, and how much they would vary from sample to sample.

Every figure here is made of totals of cells. How it answers to a small change of each total is kept as its
components: the coefficients of its linear approximation, from which the variance of a linearised design and
that of the difference of two figures follow. Under replicate weights the figure is formed anew for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.estimates import Totals
from sojourn.statistics.survey.cells import Cells, cells_of
from sojourn.statistics.survey.cube import SurveyCube
from sojourn.statistics.survey.freedom import Freedom, both_phases_freedom, effective_freedom
from sojourn.statistics.survey.known_totals import KnownTotals
from sojourn.statistics.survey.measures import Measure
from sojourn.statistics.survey.stage_units import StageUnits
from sojourn.statistics.survey.units import Units
from sojourn.statistics.survey.variance_kernel import combination_variances

__all__ = [
    "Base",
    "Components",
    "Entries",
    "Figures",
    "Spread",
    "StageSpread",
    "components_of",
    "figures_of",
    "records_in",
    "spread_of",
    "universe",
    "variance_parts",
]

# Figures that differ by less, as a share, differ by the rounding of their sums.
_ROUNDING = 1e-13
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Components:
    """Figures × components: the cell, the variable and the coefficient of each."""

    cell: Integers
    variable: Integers
    coefficient: Floats

    def beside(self, other: Components, own: Floats, others: Floats) -> Components:
        """The components of `own` times these figures plus `others` times the other ones."""
        return Components(
            np.hstack([self.cell, other.cell]),
            np.hstack([self.variable, other.variable]),
            np.hstack([self.coefficient * own[:, None], other.coefficient * others[:, None]]),
        )

    def of(self, figures: Integers) -> Components:
        """The components of some of the figures."""
        return Components(self.cell[figures], self.variable[figures], self.coefficient[figures])


@dataclass(frozen=True)
class Entries:
    """What the units add to the cells that components name.

    Those of cell c are the columns from `first[c]` of `variables` (variables × columns); each belongs to the
    row of the cube that `row` names.
    """

    first: Integers
    row: Integers
    variables: Floats


@dataclass(frozen=True)
class Base:
    """The totals that figures are shares or means of: components, values and the records behind them."""

    components: Components
    values: Floats
    records: Integers


@dataclass(frozen=True)
class Figures:
    """A figure for each cell of a table.

    `values` is figures × (1 + replicates); NaN where a figure cannot be formed. `contributors` and
    `not_stated` count records of those who are in the base and of those of whom it is not known; `meeting`
    those in the base who meet the condition of a proportion, or are poor. Only a linearised variance needs
    `entries`; counts and totals have no `base`. `is_certain` marks figures that no sample can change, if
    their variance is zero as well: shares of the whole, and what weights were calibrated to.
    """

    cells: Cells
    values: Floats
    components: Components
    entries: Entries | None
    contributors: Integers
    not_stated: Integers
    effective_size: Floats
    simple_variance: Floats
    meeting: Integers | None = None
    base: Base | None = None
    is_certain: Flags | None = None


@dataclass(frozen=True)
class Spread:
    """The variance of each figure, and its degrees of freedom.

    `freedom` counts units less strata of the first stage with records in the cell; `effective` are those of
    `effective_freedom`. `behind` are the same but of two phases, of which they are the lesser of each by
    itself: how many units are behind a figure, however well the variance is known.
    """

    variance: Floats
    freedom: Integers
    effective: Integers
    behind: Integers

    def degrees(self, freedom: Freedom, cube: SurveyCube) -> Integers:
        """The degrees of freedom that are asked for."""
        if freedom == "design" and cube.units is not None:
            return np.full(len(self.variance), cube.units.freedom)
        return self.effective if freedom == "effective" else self.freedom


def figures_of(cube: SurveyCube, measure: Measure, by: Sequence[str], totals: Totals = "all") -> Figures:
    """The figures of a measure by the dimensions of a table.

    Raises: ProjectError for dimensions, measures and conditions that the cube does not hold.
    """
    eligible, counted = universe(cube, measure)
    cells = cells_of([cube.codes(name) for name in by], by, np.flatnonzero(eligible), totals)
    rows = cells.among(counted)
    above_rows = rows if measure.when is None else rows.among(cube.holds(measure.when) == 1)
    upper = cube.sums(measure.of)
    above = above_rows.added_side_by_side(upper)
    whole = _bases(cells, measure) if measure.statistic == "share" else np.arange(len(cells))
    behind = records_in(cube, rows), records_in(cube, cells.among(eligible & ~counted))
    lower, base = None, None
    if measure.statistic in ("count", "total"):
        values, components = above, _components(cells, whole, above, None)
    else:
        lower = cube.sums(measure.over)
        below = rows.added_side_by_side(lower)[whole]
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(below != 0, above / below, np.nan)
        components = _components(cells, whole, values, below[:, 0])
        base = Base(components_of(whole, 1), below, behind[0][whole])
    entries = None if cube.units is None else _entries(rows, above_rows, upper, lower)
    simple, effective = _simple(cube, measure, rows, whole, values[:, 0])
    meeting = None if measure.when is None else records_in(cube, above_rows)
    certain = (whole == np.arange(len(cells))) if measure.statistic == "share" else np.zeros(len(cells), bool)
    if cube.known_totals is not None:
        certain = np.ones(len(cells), bool)
    return Figures(cells, values, components, entries, *behind, effective, simple, meeting, base, certain)


def components_of(cells: Integers, variable: int) -> Components:
    """The components of the totals of a variable in these cells."""
    own = cells[:, None]
    return Components(own, np.full_like(own, variable), np.ones(own.shape))


def records_in(cube: SurveyCube, rows: Cells) -> Integers:
    """By cell, the records behind its rows."""
    return rows.added([cube.contributors.astype(float)])[:, 0].astype(np.int64)


def spread_of(entries: Entries | None, components: Components, values: Floats, cube: SurveyCube) -> Spread:
    """The variance of figures with these components and these values under every replicate weight."""
    design = cube.design
    if isinstance(design, ReplicateDesign):
        every = values[:, 1:]
        centre = values[:, 0] if design.centre == "estimate" else every.mean(axis=1)
        apart = every - centre[:, None]
        apart[np.abs(apart) <= _ROUNDING * np.abs(centre[:, None])] = 0.0
        squares = apart**2 * np.asarray(design.coefficients)
        # Not a matrix product: its bits would depend on the threads of the linear algebra library.
        variance, fourths = squares.sum(axis=1), (squares**2).sum(axis=1)
        effective = effective_freedom(variance, fourths, count=every.shape[1], most=design.freedom)
        return Spread(variance, np.full(len(values), design.freedom), effective, effective)
    if entries is None or cube.units is None:
        nothing = np.zeros(len(values), np.int64)
        return Spread(np.full(len(values), np.nan), nothing, nothing, nothing)
    return _linearised(entries, components, values, cube.units, cube.known_totals)


def _linearised(
    entries: Entries, components: Components, values: Floats, units: Units, known: KnownTotals | None
) -> Spread:
    parts = variance_parts(entries, components, units, known)
    first = parts[0]
    freedom = first.units - first.strata
    effective = behind = first.effective(units.stages[0])
    variance = first.variance.copy()
    for each in parts[1:]:
        variance += each.variance
    if units.second:
        squares = sum((each.variance for each in parts[: len(units.stages)]), np.zeros(len(values)))
        last = parts[-1]
        freedom = np.minimum(freedom, last.units - last.strata)
        variance[np.abs(variance) <= _ROUNDING * sum(np.abs(each.variance) for each in parts)] = 0.0
        of_second = last.effective(units.second[-1])
        effective = both_phases_freedom(variance, squares, last.variance, behind, of_second)
        behind = np.minimum(behind, of_second)
        # An unbiased estimate can come out below zero; it is then no variance.
        variance[variance < 0] = np.nan
    variance[variance <= (_ROUNDING * values[:, 0]) ** 2] = 0.0
    variance[np.isnan(values[:, 0])] = np.nan
    return Spread(variance, freedom, effective, behind)


def variance_parts(
    entries: Entries, components: Components, units: Units, known: KnownTotals | None
) -> list[StageSpread]:
    """What each stage adds to the variance of each figure; those of a second phase come last."""
    fitted = None
    if known is not None:
        fitted = known.fitted(
            entries.first, entries.row, entries.variables,
            components.cell, components.variable, components.coefficient,
        )  # fmt: skip
    every = (*units.stages, *units.second)
    return [_of_stage(entries, components, stage, known, fitted, units.is_drawn) for stage in every]


@dataclass(frozen=True)
class StageSpread:
    """By figure what a stage adds to the variance, the squares of what its units add, and how many do.

    `strata` have units with something, and drew `most` units more than they are.
    """

    variance: Floats
    fourths: Floats
    units: Integers
    strata: Integers
    most: Integers

    def effective(self, stage: StageUnits) -> Integers:
        """Effective degrees of freedom, at most those of the strata with something."""
        count, most = int(stage.drawn.sum()), stage.freedom
        own = effective_freedom(self.variance, self.fourths, count=count, most=most)
        least: Integers = np.minimum(own, self.most)
        return least


def _of_stage(
    entries: Entries,
    components: Components,
    stage: StageUnits,
    known: KnownTotals | None,
    fitted: Floats | None,
    is_drawn: Flags | None,
) -> StageSpread:
    count, width = components.cell.shape
    first = np.arange(count + 1, dtype=np.int64) * width
    flat = (components.cell.ravel(), components.variable.ravel(), components.coefficient.ravel())
    group, weight, of_row = np.empty(0, np.int64), np.empty(0), stage.unit_of_row
    if known is not None:
        group, weight = known.group, known.weight
        if is_drawn is not None:  # units that the second phase did not draw are none of its strata's
            group, weight, of_row = group[is_drawn], weight[is_drawn], of_row[is_drawn]
    if fitted is None:
        fitted = np.empty((0, count))
    variance, fourths = np.zeros(count), np.zeros(count)
    met, strata, most = (np.zeros(count, np.int64) for _ in range(3))
    combination_variances(
        entries.first, entries.variables, first, *flat, stage.unit_of_row[entries.row],
        stage.stratum_of_unit, stage.drawn, stage.factor, stage.is_single,
        of_row, group, weight, fitted, variance, fourths, met, strata, most,
    )  # fmt: skip
    return StageSpread(variance, fourths, met, strata, most)


def universe(cube: SurveyCube, measure: Measure) -> tuple[Flags, Flags]:
    """Rows that may belong to the universe, and those that are counted: in it, and all is stated."""
    eligible = cube.is_asked
    counted = eligible.copy()
    if measure.where is not None:
        held = cube.holds(measure.where)
        eligible, counted = eligible & (held != 0), eligible & (held == 1)
    if measure.when is not None:
        counted = counted & (cube.holds(measure.when) != -1)
    for name in (measure.of, measure.over):
        if name is not None:
            counted = counted & cube.is_stated(name)
    return eligible, counted


def _entries(rows: Cells, above_rows: Cells, upper: Floats, lower: Floats | None) -> Entries:
    first, row = rows.rows_by_cell()
    one = upper[:, 0]
    if above_rows is not rows:
        one = np.zeros(len(upper))
        one[above_rows.row] = upper[above_rows.row, 0]
    variables = [one[row]] if lower is None else [one[row], lower[row, 0]]
    return Entries(first, row, np.vstack(variables))


def _bases(cells: Cells, measure: Measure) -> Integers:
    """For each cell the one that its share is taken of."""
    wanted = cells.codes.copy()
    for place, name in enumerate(cells.dimensions):
        if name not in measure.within:
            wanted[:, place] = -1
    return cells.position(wanted)


def _components(cells: Cells, base: Integers, values: Floats, below: Floats | None) -> Components:
    if below is None:
        return components_of(np.arange(len(cells)), 0)
    own = np.arange(len(cells))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(below != 0, 1.0 / below, 0.0)
        other = np.where(below != 0, -values[:, 0] / below, 0.0)
    return Components(
        np.hstack([own, base[:, None]]),
        np.hstack([np.zeros_like(own), np.ones_like(own)]),
        np.column_stack([inverse, other]),
    )


def _simple(
    cube: SurveyCube, measure: Measure, rows: Cells, base: Integers, value: Floats
) -> tuple[Floats, Floats]:
    """The variance of a simple random sample drawn with replacement, and Kish's effective sample size."""
    main, records = cube.sums(None)[:, 0], cube.contributors.astype(float)
    columns = [main, cube.squares(None), records]
    if measure.of is not None:
        columns += [cube.sums(measure.of)[:, 0], cube.squares(measure.of)]
    sums = rows.added(columns)
    weight, square, number = sums[base, :3].T
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(square > 0, weight**2 / square, np.nan)
        if measure.statistic == "count":
            number, weight = (np.full(len(rows), each[rows.row].sum()) for each in (records, main))
            value = value / weight
        bessel = number / (number - 1)
        if measure.of is None:
            spread = bessel * value * np.where(np.abs(1 - value) <= _ROUNDING, 0.0, 1 - value)
        else:
            of_squares = sums[:, 4] / weight
            within = of_squares - (sums[:, 3] / weight) ** 2
            spread = bessel * np.where(within <= _ROUNDING * of_squares, 0.0, within)
        variance = spread / number
        if measure.statistic in ("count", "total"):
            variance = variance * weight**2
    if measure.statistic == "ratio":
        variance = np.full(len(rows), np.nan)
    return variance, effective
