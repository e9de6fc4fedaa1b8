"""Estimates: figures of records that are no sample, made from a cube.

A count is the sum of weights in a cell. A share is that count over the count of the cell's base: the
total over every dimension that is not listed in `within`, unknown codes included. A mean is the weighted
mean of a measure among those who state it. What cannot be formed, because the denominator is zero, has no
value: null, never zero. None of them has a sampling error: figures of samples are those of
`statistics.survey`.

Only combinations that occur have a row. Whether a table shows the others as zeros is the publisher's
choice (`complete`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pyarrow as pa

from sojourn.engine import Relation
from sojourn.engine.compose import Ratio, estimates_statement
from sojourn.errors import ProjectError
from sojourn.statistics.cube import COUNT, measure_columns

__all__ = ["Statistic", "Totals", "estimates", "estimates_sql"]

Statistic = Literal["count", "share", "mean"]
Totals = Literal["all", "none"] | Sequence[Sequence[str]]


def estimates(
    cube: Relation,
    *,
    statistic: Statistic,
    dimensions: Sequence[str],
    totals: Totals = "all",
    of: str | None = None,
    within: Sequence[str] = (),
    time_period: str,
    method: str,
    complete: bool = False,
    codes: Mapping[str, Sequence[str]] | None = None,
) -> Relation:
    """The figures of a table as Estimate rows: inner cells and margins (`_T`).

    `totals` is "all", "none", or a list of margins, each the dimensions that it totals. Variances and degrees
    of freedom are null. With `complete` a count has a row for every combination of its codes, and of those
    declared in `codes`: value and contributors 0 where nobody was found.

    Raises: ProjectError when the cube lacks what the figures need, or settings contradict one another.
    """
    cube_dimensions = _dimensions_of(cube)
    statement = _statement(cube, statistic, dimensions, totals, of, within, complete, codes or {})
    inputs = {"cube": cube} | {
        f"codes_{name}": cube.engine.relation(pa.table({name: pa.array(list(listed), pa.string())}))
        for name, listed in (codes or {}).items()
        if complete and name in cube_dimensions
    }
    return cube.engine.query(statement, inputs, {"time_period": time_period, "method": method})


def estimates_sql(
    cube: Relation,
    *,
    statistic: Statistic,
    dimensions: Sequence[str],
    totals: Totals = "all",
    of: str | None = None,
    within: Sequence[str] = (),
    complete: bool = False,
    codes: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The statement that `estimates` runs over `cube`, as it is published."""
    return _statement(cube, statistic, dimensions, totals, of, within, complete, codes or {})


def _statement(
    cube: Relation,
    statistic: Statistic,
    dimensions: Sequence[str],
    totals: Totals,
    of: str | None,
    within: Sequence[str],
    complete: bool,
    codes: Mapping[str, Sequence[str]],
) -> str:
    cube_dimensions = _dimensions_of(cube)
    margins = _margins(totals, dimensions)
    for complaint, remedy in [
        *_contradictions(statistic, of, within, complete, dimensions),
        *_lacking(cube, cube_dimensions, dimensions, of),
    ]:
        raise ProjectError(complaint, remedy)
    ratio = Ratio(COUNT)
    contributors = "contributors"
    if statistic == "share":
        ratio = Ratio(COUNT, COUNT, keeps=tuple(within))
    elif statistic == "mean":
        ratio = Ratio(*measure_columns(str(of)))
        contributors = f"{of}__contributors"
    return estimates_statement(
        cube_dimensions,
        dimensions,
        ratio,
        contributors=contributors,
        margins=margins,
        completed=_completed(dimensions, codes) if complete else None,
    )


def _completed(dimensions: Sequence[str], codes: Mapping[str, Sequence[str]]) -> list[str]:
    unknown = sorted(set(codes) - set(dimensions))
    if unknown:
        raise ProjectError(
            f"Codes are declared for {', '.join(unknown)}, which the table does not have.",
            "Declare codes for the table's own dimensions.",
        )
    return list(codes)


def _dimensions_of(cube: Relation) -> tuple[str, ...]:
    """The columns of a cube before its contributors."""
    columns = cube.columns
    if "contributors" not in columns or COUNT not in columns:
        raise ProjectError("The relation is not a cube.", "Make one with `cube(records, …)`.")
    first = min(columns.index("contributors"), columns.index(COUNT))
    return columns[:first]


def _margins(totals: Totals, dimensions: Sequence[str]) -> list[tuple[str, ...]] | None:
    if totals == "all":
        return None
    if totals == "none":
        return []
    if isinstance(totals, str):
        raise ProjectError(f"Totals cannot be {totals!r}.", "They are `all`, `none`, or a list of margins.")
    listed = [tuple(margin) for margin in totals]
    strange = sorted({name for margin in listed for name in margin if name not in dimensions})
    if strange:
        raise ProjectError(
            f"A margin totals {', '.join(strange)}, which is no dimension of the table.",
            f"The dimensions are {', '.join(dimensions)}.",
        )
    return listed


def _contradictions(
    statistic: Statistic, of: str | None, within: Sequence[str], complete: bool, dimensions: Sequence[str]
) -> list[tuple[str, str]]:
    found = []
    if statistic not in ("count", "share", "mean"):
        found.append((f"There is no statistic {statistic!r}.", "There are count, share and mean."))
    if (statistic == "mean") != (of is not None):
        found.append(("Means, and only means, are of a measure.", "Give `of` with statistic mean."))
    if within and statistic != "share":
        found.append(("Only a share is taken within something.", "Leave out `within`, or ask for shares."))
    if strange := sorted(set(within) - set(dimensions)):
        found.append((f"Shares cannot be within {', '.join(strange)}.", "Name dimensions of the table."))
    if complete and statistic != "count":
        found.append(
            ("Only counts can be completed: nobody has no share and no mean.", "Leave out `complete`.")
        )
    return found


def _lacking(
    cube: Relation,
    cube_dimensions: Sequence[str],
    dimensions: Sequence[str],
    of: str | None,
) -> list[tuple[str, str]]:
    found = []
    columns = set(cube.columns)
    if absent := [name for name in dimensions if name not in cube_dimensions]:
        found.append(
            (f"The cube has no dimension {', '.join(absent)}.", f"It has {', '.join(cube_dimensions)}.")
        )
    if of is not None and measure_columns(of)[0] not in columns:
        found.append((f"The cube has no measure {of}.", "Name it among the `measures` of `cube`."))
    return found
