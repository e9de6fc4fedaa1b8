"""Survey tables: figures with variance, interval, design effect and what they rest on, from a cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import ProjectError
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.estimates import Totals
from sojourn.statistics.survey.cube import SurveyCube
from sojourn.statistics.survey.distribution import (
    QuantileError,
    QuantileRule,
    distribution_figures,
    quantile_error_of,
)
from sojourn.statistics.survey.figures import Components, Figures, Spread, figures_of, spread_of
from sojourn.statistics.survey.freedom import Freedom
from sojourn.statistics.survey.intervals import INTERVALS, Interval, ends, recovered
from sojourn.statistics.survey.measures import LINEAR, Measure
from sojourn.statistics.survey.taylor_design import CensusDesign

__all__ = ["Freedom", "Gap", "survey_table"]

# Columns of a table of figures, and of the files it is written to.
_COLUMNS = frozenset(
    [
        "measure", "figure", "value", "variance", "standard_error", "cv", "lower", "upper",
        "degrees_of_freedom", "contributors", "not_stated", "meeting", "effective_size", "design_effect",
        "error_method",
    ]
)  # fmt: skip
_SHARES = ("share", "proportion", "poverty_rate")
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Gap:
    """How the figure of one code of a dimension compares with that of another, all else equal.

    A `difference` is that of `of` less that of `against`, a `ratio` the one over the other. The two groups
    share sampling units: what they have in common is taken out of the variance. The gap stands in the table
    under the code `of-against`, as in FB-NB.
    """

    dimension: str
    of: str
    against: str
    kind: Literal["difference", "ratio"] = "difference"

    @property
    def code(self) -> str:
        """The code under which the gap stands."""
        return f"{self.of}-{self.against}" if self.kind == "difference" else f"{self.of}/{self.against}"


def survey_table(
    cube: SurveyCube,
    measure: Measure,
    *,
    by: Sequence[str] = (),
    totals: Totals = "all",
    gaps: Sequence[Gap] = (),
    interval: Interval | None = None,
    level: float = 0.95,
    freedom: Freedom = "effective",
    rule: QuantileRule = "reached",
    quantile_error: QuantileError | None = None,
) -> pa.Table:
    """The figures of a measure by the dimensions of a table, with all that says how far to trust them.

    Columns: the dimensions; `figure` (`value`, `difference` or `ratio`); `value`; `variance`;
    `standard_error`; `cv` (per cent); `lower` and `upper` of the interval; `degrees_of_freedom`;
    `contributors` and `not_stated` (records; behind a gap the contributors of the smaller side), `meeting`
    those who meet the condition of a proportion or are poor; `effective_size` (Kish); `design_effect`
    (against a simple random sample drawn with replacement). Null where a figure cannot be formed, never zero.

    Degrees of freedom are `effective`, by how unevenly units add to the variance (of a share its base's, of a
    mean or ratio at most its base's), or units less strata, of those with records in the `cell` or of the
    whole `design`.

    Intervals left out are `log` for counts, and for totals of what is nowhere negative; `moderated` for
    shares, proportions and poverty rates; Woodruff's for quantiles of linearised designs and jackknives; `t`
    for others. Those of differences are recovered from the two sides', unless these are `t`; those of ratios
    are `log`. A quantile is the value at which the share is `reached`, or, where it is met exactly, the
    `midpoint` between that and the next. `error_method` names how the variance was made.

    Raises: ProjectError for what the cube does not hold, and for settings that contradict one another.
    Source: methods reference, sections 3 and 5; R `survey`.
    """
    _refuse_names(by)
    figures, woodruff = _made(
        cube, measure, by, totals, {"rule": rule, "error": quantile_error, "freedom": freedom, "level": level}
    )
    spread = spread_of(figures.entries, figures.components, figures.values, cube)
    kind = _kind(interval, measure, cube)
    own = _columns(figures, figures.values[:, 0], spread, _degrees(figures, measure, spread, cube, freedom))
    own |= _interval(kind, own, figures, measure, level)
    if woodruff is not None and interval is None:
        own |= {"lower": woodruff[:, 0], "upper": woodruff[:, 1]}
    parts = [_table(figures.cells.columns(), "value", own)]
    parts += [_gap_table(cube, figures, gap, own, kind, level, freedom) for gap in gaps]
    found = pa.concat_tables(parts)
    return found.append_column(
        "error_method", pa.repeat(_error_method(cube, measure, quantile_error), len(found))
    )


def _refuse_names(by: Sequence[str]) -> None:
    taken = sorted(set(by) & _COLUMNS)
    if taken:
        raise ProjectError(
            f"A dimension cannot be called {', '.join(taken)}: a column of the table of figures is.",
            "Give the column of the records another name.",
        )


def _error_method(cube: SurveyCube, measure: Measure, asked: QuantileError | None) -> str:
    if measure.statistic == "quantile" and not isinstance(cube.design, CensusDesign):
        return quantile_error_of(cube, asked)
    if isinstance(cube.design, CensusDesign):
        return "none"
    return "replicates" if isinstance(cube.design, ReplicateDesign) else "linearised"


def _made(
    cube: SurveyCube,
    measure: Measure,
    by: Sequence[str],
    totals: Totals,
    settings: dict[str, Any],
) -> tuple[Figures, Floats | None]:
    if measure.statistic in LINEAR:
        return figures_of(cube, measure, by, totals), None
    return distribution_figures(cube, measure, by, totals, **settings)


def _kind(interval: Interval | None, measure: Measure, cube: SurveyCube) -> Interval:
    """The interval that is asked for, or the one that holds the truth most often as it says."""
    is_share = measure.statistic in _SHARES
    if interval is None:
        if is_share:
            return "moderated"
        is_amount = measure.statistic == "total" and not (cube.sums(measure.of)[:, 0] < 0).any()
        return "log" if is_amount or measure.statistic == "count" else "t"
    if interval not in INTERVALS or (interval not in ("t", "log") and not is_share):
        raise ProjectError(
            f"There is no interval {interval!r} for a {measure.statistic}.",
            f"Shares and proportions have {', '.join(INTERVALS)}; others t and log.",
        )
    return interval


def _degrees(
    figures: Figures, measure: Measure, spread: Spread, cube: SurveyCube, freedom: Freedom
) -> Integers:
    own = spread.degrees(freedom, cube)
    if freedom != "effective":
        return own
    if figures.base is not None:
        base = figures.base
        of_base = spread_of(figures.entries, base.components, base.values, cube).behind
        own = of_base if measure.statistic in _SHARES else np.minimum(own, of_base)
    if isinstance(cube.design, ReplicateDesign):
        # Replicates that mix all units do not tell how few are behind a figure; its persons do.
        own = np.minimum(own, np.maximum(2 * np.nan_to_num(figures.effective_size), 1).astype(np.int64))
    return own


def _columns(figures: Figures, value: Floats, spread: Spread, degrees: Integers) -> dict[str, Any]:
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(figures.simple_variance > 0, spread.variance / figures.simple_variance, np.nan)
    return {
        "value": value,
        "variance": spread.variance,
        "degrees_of_freedom": degrees,
        "contributors": figures.contributors,
        "not_stated": figures.not_stated,
        "meeting": figures.meeting,
        "effective_size": figures.effective_size,
        "design_effect": effect,
    }


def _interval(
    kind: Interval, columns: dict[str, Any], figures: Figures, measure: Measure, level: float
) -> dict[str, Any]:
    size = figures.contributors if figures.base is None else figures.base.records
    hits = figures.contributors if measure.statistic == "share" else figures.meeting
    fewer = None if hits is None else np.minimum(hits, size - hits).astype(np.float64)
    lower, upper = ends(
        kind, columns["value"], columns["variance"], columns["degrees_of_freedom"].astype(float),
        size.astype(float), level, effective_size=figures.effective_size, fewer=fewer,
    )  # fmt: skip
    if figures.is_certain is not None:
        sure = figures.is_certain & (columns["variance"] == 0)
        lower, upper = (np.where(sure, columns["value"], end) for end in (lower, upper))
    return {"lower": lower, "upper": upper}


def _gap_table(
    cube: SurveyCube,
    figures: Figures,
    gap: Gap,
    sides: dict[str, Any],
    kind: Interval,
    level: float,
    freedom: Freedom,
) -> pa.Table:
    cells = figures.cells
    if gap.dimension not in cells.dimensions:
        raise ProjectError(
            f"A gap is between codes of {gap.dimension}, which is no dimension of the table.",
            f"The dimensions are {', '.join(cells.dimensions)}."
            if cells.dimensions
            else f"The table has none: break it down by {gap.dimension}.",
        )
    place = cells.dimensions.index(gap.dimension)
    labels = cells.labels[place]
    absent = [code for code in (gap.of, gap.against) if code not in labels]
    own = np.flatnonzero(cells.codes[:, place] == (labels.index(gap.of) if not absent else -2))
    wanted = cells.codes[own].copy()
    wanted[:, place] = labels.index(gap.against) if not absent else -2
    other = cells.position(wanted)
    own, other = own[other >= 0], other[other >= 0]
    values, components = _compared(figures, gap, own, other)
    spread = spread_of(figures.entries, components, values, cube)
    found = Figures(
        cells, values, components, figures.entries,
        np.minimum(figures.contributors[own], figures.contributors[other]),
        figures.not_stated[own] + figures.not_stated[other],
        np.full(len(own), np.nan), np.full(len(own), np.nan),
    )  # fmt: skip
    columns = _columns(found, values[:, 0], spread, spread.degrees(freedom, cube))
    columns |= _gap_interval(gap, columns, sides, (own, other), kind, level)
    codes = {name: column.take(pa.array(own)) for name, column in cells.columns().items()}
    codes[gap.dimension] = pa.array([gap.code] * len(own), pa.string())
    return _table(codes, gap.kind, columns)


def _gap_interval(
    gap: Gap,
    columns: dict[str, Any],
    sides: dict[str, Any],
    pairs: tuple[Integers, Integers],
    kind: Interval,
    level: float,
) -> dict[str, Any]:
    if gap.kind == "difference" and kind != "t":
        value, variance, lower, upper = (
            [sides[name][each] for each in pairs] for name in ("value", "variance", "lower", "upper")
        )
        low, high = recovered(
            (value[0], value[1]),
            ((lower[0], upper[0]), (lower[1], upper[1])),
            (variance[0], variance[1]),
            columns["variance"],
        )
        return {"lower": low, "upper": high}
    low, high = ends(
        "t" if gap.kind == "difference" else "log", columns["value"], columns["variance"],
        columns["degrees_of_freedom"].astype(float), columns["contributors"].astype(float), level,
    )  # fmt: skip
    return {"lower": low, "upper": high}


def _compared(figures: Figures, gap: Gap, own: Integers, other: Integers) -> tuple[Floats, Components]:
    first, second = figures.values[own], figures.values[other]
    if gap.kind == "difference":
        one = np.ones(len(own))
        return first - second, figures.components.of(own).beside(figures.components.of(other), one, -one)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(second != 0, first / second, np.nan)
        inverse = np.nan_to_num(1.0 / second[:, 0], posinf=0.0, neginf=0.0)
    change = -np.nan_to_num(values[:, 0]) * inverse
    return values, figures.components.of(own).beside(figures.components.of(other), inverse, change)


def _table(codes: dict[str, pa.Array], figure: str, columns: dict[str, Any]) -> pa.Table:
    value, variance = columns["value"], columns["variance"]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(variance)
        cv = np.where(value != 0, 100 * error / np.abs(value), np.nan)
    numbers = {
        "value": value, "variance": variance, "standard_error": error, "cv": cv,
        "lower": columns["lower"], "upper": columns["upper"],
    }  # fmt: skip
    counts = {name: columns[name] for name in ("degrees_of_freedom", "contributors", "not_stated")}
    meeting = columns["meeting"]
    sizes = {name: columns[name] for name in ("effective_size", "design_effect")}
    return pa.table(
        {**codes, "figure": pa.array([figure] * len(value), pa.string())}
        | {name: _without_nan(each) for name, each in numbers.items()}
        | {name: pa.array(each, pa.int64()) for name, each in counts.items()}
        | {"meeting": pa.nulls(len(value), pa.int64()) if meeting is None else pa.array(meeting, pa.int64())}
        | {name: _without_nan(each) for name, each in sizes.items()}
    )


def _without_nan(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), mask=~np.isfinite(values))
