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
from sojourn.statistics.survey.known_totals import KnownTotals
from sojourn.statistics.survey.measures import Measure
from sojourn.statistics.survey.units import Units
from sojourn.statistics.survey.variance_kernel import combination_variances

__all__ = [
    "Components",
    "Entries",
    "Figures",
    "Spread",
    "figures_of",
    "records_behind",
    "spread_of",
    "universe",
]

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

    Those of cell c are `place[first[c]:first[c + 1]]`, columns of `variables` (variables × columns). A column
    belongs to the row of the cube that `cube_row` names; without it columns are rows.
    """

    first: Integers
    place: Integers
    variables: Floats
    cube_row: Integers | None = None


@dataclass(frozen=True)
class Figures:
    """A figure for each cell of a table.

    `values` is figures × (1 + replicates); NaN where a figure cannot be formed. `contributors` and
    `not_stated` count records of those who are in the base and of those of whom it is not known; `meeting`
    those in the base who meet the condition of a proportion, or are poor.
    """

    cells: Cells
    values: Floats
    components: Components
    entries: Entries
    contributors: Integers
    not_stated: Integers
    effective_size: Floats
    simple_variance: Floats
    meeting: Integers | None = None


@dataclass(frozen=True)
class Spread:
    """The variance of each figure, and the units and strata of the first stage that it rests on."""

    variance: Floats
    freedom: Integers


def figures_of(cube: SurveyCube, measure: Measure, by: Sequence[str], totals: Totals = "all") -> Figures:
    """The figures of a measure by the dimensions of a table.

    Raises: ProjectError for dimensions, measures and conditions that the cube does not hold.
    """
    eligible, counted = universe(cube, measure)
    cells = cells_of([cube.codes(name) for name in by], by, np.flatnonzero(eligible), totals)
    weights = np.where(counted[:, None], cube.sums(None), 0.0)
    upper, lower = _numerator(cube, measure, weights, counted), _denominator(cube, measure, weights, counted)
    above = cells.added(upper)
    base = _bases(cells, measure) if measure.statistic == "share" else np.arange(len(cells))
    if lower is None:
        values, components = above, _components(cells, base, above, None)
    else:
        below = cells.added(lower)[base]
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(below != 0, above / below, np.nan)
        components = _components(cells, base, values, below[:, 0])
    variables = np.vstack([upper[:, 0], (upper if lower is None else lower)[:, 0]])
    entries = Entries(*cells.rows_by_cell(counted), variables)
    simple, effective = _simple(cube, measure, cells, base, counted, values[:, 0])
    meeting = None
    if measure.when is not None:
        meets = counted & (cube.holds(measure.when) == 1)
        meeting, _ = records_behind(cube, cells, meets, meets)
    behind = records_behind(cube, cells, eligible, counted)
    return Figures(cells, values, components, entries, *behind, effective, simple, meeting)


def records_behind(
    cube: SurveyCube, cells: Cells, eligible: Flags, counted: Flags
) -> tuple[Integers, Integers]:
    """By cell, the records that are counted and those of whom it is not known whether they should be."""
    of_rows = np.column_stack([counted, eligible & ~counted]) * cube.contributors[:, None]
    found = cells.added(of_rows.astype(float)).astype(np.int64)
    return found[:, 0], found[:, 1]


def spread_of(entries: Entries, components: Components, values: Floats, cube: SurveyCube) -> Spread:
    """The variance of figures with these components and these values under every replicate weight."""
    design = cube.design
    if isinstance(design, ReplicateDesign):
        every = values[:, 1:]
        centre = values[:, 0] if design.centre == "estimate" else every.mean(axis=1)
        variance = ((every - centre[:, None]) ** 2) @ np.asarray(design.coefficients)
        return Spread(variance, np.full(len(values), design.freedom))
    if cube.units is None:
        return Spread(np.full(len(values), np.nan), np.zeros(len(values), np.int64))
    return _linearised(entries, components, values, cube.units, cube.known_totals)


def _linearised(
    entries: Entries, components: Components, values: Floats, units: Units, known: KnownTotals | None
) -> Spread:
    count, width = components.cell.shape
    variance = np.zeros(count)
    freedom = np.zeros(count, np.int64)
    first = np.arange(count + 1, dtype=np.int64) * width
    flat = (components.cell.ravel(), components.variable.ravel(), components.coefficient.ravel())
    group, weight, fitted = np.empty(0, np.int64), np.empty(0), np.empty((0, count))
    if known is not None:
        group, weight = known.group, known.weight
        fitted = known.fitted(
            entries.first, entries.place, entries.variables, entries.cube_row,
            components.cell, components.variable, components.coefficient,
        )  # fmt: skip
    for place, stage in enumerate(units.stages):
        met, strata = np.zeros(count, np.int64), np.zeros(count, np.int64)
        unit = stage.unit_of_row if entries.cube_row is None else stage.unit_of_row[entries.cube_row]
        combination_variances(
            entries.first, entries.place, entries.variables, first, *flat, unit,
            stage.stratum_of_unit, stage.drawn, stage.factor, stage.is_single,
            stage.unit_of_row, group, weight, fitted, variance, met, strata,
        )  # fmt: skip
        if place == 0:
            freedom = met - strata
    variance[np.isnan(values[:, 0])] = np.nan
    return Spread(variance, freedom)


def universe(cube: SurveyCube, measure: Measure) -> tuple[Flags, Flags]:
    """Rows that may belong to the universe, and those that are counted: in it, and all is stated."""
    eligible = np.ones(cube.table.num_rows, np.bool_)
    counted = eligible.copy()
    if measure.where is not None:
        held = cube.holds(measure.where)
        eligible, counted = held != 0, held == 1
    if measure.when is not None:
        counted = counted & (cube.holds(measure.when) != -1)
    for name in (measure.of, measure.over):
        if name is not None:
            counted = counted & cube.is_stated(name)
    return eligible, counted


def _numerator(cube: SurveyCube, measure: Measure, weights: Floats, counted: Flags) -> Floats:
    if measure.of is not None:
        return np.where(counted[:, None], cube.sums(measure.of), 0.0)
    if measure.when is not None:
        return np.where((cube.holds(measure.when) == 1)[:, None], weights, 0.0)
    return weights


def _denominator(cube: SurveyCube, measure: Measure, weights: Floats, counted: Flags) -> Floats | None:
    if measure.statistic in ("count", "total"):
        return None
    if measure.over is not None:
        return np.where(counted[:, None], cube.sums(measure.over), 0.0)
    return weights


def _bases(cells: Cells, measure: Measure) -> Integers:
    """For each cell the one that its share is taken of."""
    wanted = cells.codes.copy()
    for place, name in enumerate(cells.dimensions):
        if name not in measure.within:
            wanted[:, place] = -1
    return cells.position(wanted)


def _components(cells: Cells, base: Integers, values: Floats, below: Floats | None) -> Components:
    own = np.arange(len(cells))[:, None]
    if below is None:
        return Components(own, np.zeros_like(own), np.ones(own.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(below != 0, 1.0 / below, 0.0)
        other = np.where(below != 0, -values[:, 0] / below, 0.0)
    return Components(
        np.hstack([own, base[:, None]]),
        np.hstack([np.zeros_like(own), np.ones_like(own)]),
        np.column_stack([inverse, other]),
    )


def _simple(
    cube: SurveyCube, measure: Measure, cells: Cells, base: Integers, counted: Flags, value: Floats
) -> tuple[Floats, Floats]:
    """The variance of a simple random sample drawn with replacement, and Kish's effective sample size."""
    main = np.where(counted, cube.sums(None)[:, 0], 0.0)
    squared = np.where(counted, cube.sums(None, squared=True)[:, 0], 0.0)
    size = np.where(counted, cube.contributors, 0).astype(float)
    sums = cells.added(np.column_stack([main, squared, size]))
    weight, square, number = sums[base].T
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(square > 0, weight**2 / square, np.nan)
        if measure.statistic == "count":
            number, weight = np.full(len(cells), size.sum()), np.full(len(cells), main.sum())
            value = value / weight
        bessel = number / (number - 1)
        if measure.of is None:
            spread = bessel * value * (1 - value)
        else:
            sums_of = cells.added(np.where(counted, cube.sums(measure.of, squared=True)[:, 0], 0.0)[:, None])
            mean = cells.added(np.where(counted, cube.sums(measure.of)[:, 0], 0.0)[:, None])[:, 0] / weight
            spread = bessel * (sums_of[:, 0] / weight - mean**2)
        variance = spread / number
        if measure.statistic in ("count", "total"):
            variance = variance * weight**2
    if measure.statistic == "ratio":
        variance = np.full(len(cells), np.nan)
    return variance, effective
