"""Direct estimates of areas: a file of one row for each, or the table that `sojourn tool estimate` wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import TOTAL, UNKNOWN
from sojourn.concepts.spelling import folded, nearest
from sojourn.errors import DataRefused, Problem, shown
from sojourn.production.survey_reading import names_in, survey_rows
from sojourn.project.small_area_declarations import SmallAreaDeclaration

__all__ = ["DirectEstimates", "direct_estimates"]

_COLUMNS = {"estimate": "number"}
_MORE = {
    "variance": "number",
    "standard_error": "number",
    "sample_size": "number",
    "effective_sample_size": "number",
}
# What tells a table of estimates, and the columns of it that are no dimensions.
_OF_ESTIMATES = ("measure", "figure", "value", "variance", "contributors", "design_effect")
_NO_DIMENSIONS = frozenset(
    [*_OF_ESTIMATES, "standard_error", "cv", "lower", "upper", "degrees_of_freedom", "not_stated", "meeting",
     "effective_size", "error_method"]
)  # fmt: skip


@dataclass(frozen=True)
class DirectEstimates:
    """One row for each area: its code, `estimate`, `variance` or `standard_error`, sizes where known.

    `made` says that they are of a table of estimates, which has nothing else about the areas.
    """

    table: pa.Table
    made: bool = False
    notes: tuple[str, ...] = ()


def direct_estimates(file: Path, declared: SmallAreaDeclaration) -> DirectEstimates:
    """The direct estimates of a file, whoever made it.

    Of a table of estimates the figures of the areas are taken, over the totals of other dimensions: `value`
    with its `variance`, `contributors` as sample size, and these over the design effect as the effective one.

    Raises: as `survey_rows`; DataRefused for a table of estimates that does not say which figures are meant.
    """
    arrives = declared.arrives.direct
    names = names_in(file, arrives)
    if "estimate" in names or not set(_OF_ESTIMATES) <= set(names):
        return DirectEstimates(survey_rows(file, {declared.area: "any", **_COLUMNS}, _MORE, arrives=arrives))
    return _of_estimates(file, declared, [name for name in names if name not in _NO_DIMENSIONS])


def _of_estimates(file: Path, declared: SmallAreaDeclaration, dimensions: Sequence[str]) -> DirectEstimates:
    area = declared.area
    if area not in dimensions:
        listed = ", ".join(map(shown, dimensions)) or "nothing"
        remedy = f"Declare as `area` the one that tells areas apart; it is broken down by {listed}."
        _refuse(file, f"this table of estimates has no dimension {shown(area)}.", remedy)
    others = [name for name in dimensions if name != area]
    kinds = {"measure": "text", "figure": "text", **dict.fromkeys(dimensions, "any")}
    kinds |= dict.fromkeys(("value", "variance", "contributors", "design_effect"), "number")
    table = survey_rows(file, kinds, arrives=declared.arrives.direct)
    table = table.filter(pc.and_(pc.equal(table["figure"], "value"), pc.not_equal(table[area], TOTAL)))
    table = table.filter(pc.equal(table["measure"], _measure(file, table, declared)))
    for name in others:
        table = table.filter(pc.equal(table[name], TOTAL))
    if not len(table):
        by = f" over all of {', '.join(map(shown, others))}" if others else ""
        _refuse(file, f"the table has no figure of an area{by}.", "Estimate with `--totals all`.")
    notes = []
    unknown = table.filter(pc.equal(table[area], UNKNOWN))
    if len(unknown):
        records = int(pc.sum(unknown["contributors"]).as_py() or 0)
        notes.append(
            f"{records:,} records of the direct estimates are of an unknown area ({UNKNOWN}) and left out"
        )
        table = table.filter(pc.not_equal(table[area], UNKNOWN))
    size = np.asarray(table["contributors"], dtype=np.float64)
    effect = pc.fill_null(table["design_effect"], np.nan).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(effect > 0, size / effect, np.nan)
    found = pa.table(
        {
            area: table[area],
            "estimate": table["value"],
            "variance": table["variance"],
            "sample_size": pa.array(size),
            "effective_sample_size": pa.array(effective, mask=np.isnan(effective)),
        }
    )
    return DirectEstimates(found, made=True, notes=tuple(notes))


def _measure(file: Path, table: pa.Table, declared: SmallAreaDeclaration) -> str:
    """The measure that is meant: the declared one, or the only one."""
    there = table["measure"].unique().to_pylist()
    if declared.measure is None:
        if len(there) != 1:
            listed = ", ".join(map(repr, there))
            _refuse(file, f"the table has {len(there)} measures.", f"Declare `measure` as one of {listed}.")
        return str(there[0])
    if declared.measure not in there:
        by_folded = {folded(each): each for each in there}
        near = nearest(declared.measure, by_folded, 1)
        remedy = f"Did you mean {by_folded[near[0]]!r}?" if near else f"It has {', '.join(map(repr, there))}."
        _refuse(file, f"the table has no measure {declared.measure!r}.", remedy)
    return declared.measure


def _refuse(file: Path, message: str, remedy: str) -> None:
    raise DataRefused(Problem(shown(file.name), None, message, remedy))
