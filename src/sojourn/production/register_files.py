"""Figures of groups from a survey and a register on plain files: estimated in four ways, written, drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.dissemination.small_area_chart import AreaMark
from sojourn.errors import ProjectError
from sojourn.production.movement_pictures import require_new
from sojourn.production.register_reading import GROUP, PEOPLE, Joined, joined_files
from sojourn.production.report_files import said_of
from sojourn.production.small_area_pictures import draw_areas
from sojourn.production.table_files import require_targets, write_table
from sojourn.project.joining_declarations import RegisterDeclaration, RegisterMeasure
from sojourn.statistics.weighting import CompositeRule, WorkingModel, estimates_by_kind, model_assisted
from sojourn.statistics.weighting.estimators import SAMPLING_AND_BIAS

__all__ = ["RegisterSummary", "RegisterTargets", "register_figures_file"]

_Z = 1.959963984540054


@dataclass(frozen=True)
class RegisterTargets:
    """Files to write: the figures; where wanted a picture (.svg) of direct and composite ones."""

    figures: Path
    picture: Path | None = None


@dataclass(frozen=True)
class MeasureSummary:
    """Of a measure: the median over groups of each kind's error per head and cv, and the range of weights.

    The weights are those of unbiased estimates in composites; None where there are no composites.
    `shows_bias`: whether the groups show a bias of synthetic figures beyond chance.
    """

    measure: str
    median_error: dict[str, float | None]
    median_cv: dict[str, float | None]
    weights: tuple[float, float] | None
    shows_bias: bool


@dataclass(frozen=True)
class RegisterSummary:
    """What came out: respondents, people, groups and those of them without respondents, and each measure."""

    respondents: int
    people: float
    kinds: int
    groups: int
    without_respondents: int
    measures: tuple[MeasureSummary, ...]

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


def register_figures_file(
    survey: Path,
    register: Path,
    targets: RegisterTargets,
    *,
    declared: RegisterDeclaration,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> RegisterSummary:
    """Write direct, model-assisted, synthetic and composite figures of each group and measure, with errors.

    Columns: measure, the dimensions of `by`, and those of `estimates_by_kind` but the group. `on_progress` is
    told how many rows of the register of how many (0 if that is not known) were read.

    Raises: ProjectError for targets that exist and declarations that do not fit; DataRefused when a column is
    missing or wrong, or the data do not bear the model.
    """
    require_targets(targets.figures)
    _require_names(declared)
    if targets.picture is not None:
        require_new(targets.picture, ".svg")
        _require_drawable(declared)
    joined = joined_files(survey, register, declared, on_progress)
    made = []
    for measure, name in zip(declared.measures, joined.measures, strict=True):
        with said_of(survey, register):
            made.append(_figures(joined, measure, name, declared))
    table = pa.concat_tables([_named(rows, measure, joined, declared) for rows, measure in made])
    if targets.picture is not None:
        _draw(table, targets.picture, declared)
    metadata = {"sojourn.estimation": declared.id, "sojourn.version": declared.version}
    write_table(table, targets.figures, metadata)
    return _summary(joined, [(rows, measure.id) for rows, measure in made])


def _require_names(declared: RegisterDeclaration) -> None:
    taken = sorted(set(declared.by) & set(_COLUMNS))
    if taken:
        raise ProjectError(
            f"The result has a column {taken[0]} of its own, which `by` names too.",
            "Rename that dimension in both files.",
        )


def _require_drawable(declared: RegisterDeclaration) -> None:
    if len(declared.measures) > 1 or not declared.by:
        raise ProjectError(
            "A picture shows the groups of one measure.",
            "Leave out --picture, or declare `by` and one measure.",
        )


def _figures(
    joined: Joined, measure: RegisterMeasure, name: str, declared: RegisterDeclaration
) -> tuple[pa.Table, RegisterMeasure]:
    found = model_assisted(
        joined.survey,
        joined.register,
        WorkingModel(declared.model.codes, declared.model.numbers, measure.model),
        measure=name,
        weight=declared.weight,
        by=GROUP if declared.by else None,
        count=PEOPLE,
        stratum=declared.stratum,
        unit=declared.unit,
    )
    asked = declared.composite
    rule = CompositeRule(asked.by, asked.unbiased, asked.weight, asked.delta, asked.variances)
    return estimates_by_kind(found, rule), measure


_COLUMNS = (
    "measure",
    "estimator",
    "basis",
    "is_model_based",
    "respondents",
    "population",
    "total",
    "total_error",
    "mean",
    "mean_error",
    "cv",
    "error_of",
    "weight",
)


def _named(
    rows: pa.Table, measure: RegisterMeasure, joined: Joined, declared: RegisterDeclaration
) -> pa.Table:
    """Rows with the name of their measure, and the codes of their group in the place of its number."""
    columns = {"measure": pa.array([measure.id], pa.string()).take(pa.array([0] * len(rows)))}
    if declared.by:
        places = rows["group"].cast(pa.int64()).combine_chunks()
        for at, name in enumerate(declared.by):
            columns[name] = pa.array([cell[at] for cell in joined.groups], pa.string()).take(places)
    return pa.table(columns | {name: rows[name] for name in _COLUMNS[1:]})


def _draw(table: pa.Table, target: Path, declared: RegisterDeclaration) -> None:
    """Direct and composite means per head, with intervals of 95 per cent."""
    kinds = {name: table.filter(pc.equal(table["estimator"], name)) for name in ("direct", "composite")}
    if not len(kinds["composite"]):
        raise ProjectError(
            "There are no composites to draw: fewer than two groups have unbiased figures with a variance.",
            "Leave out --picture, or declare larger groups.",
        )
    marks = [
        _mark(direct, composite, declared)
        for direct, composite in zip(kinds["direct"].to_pylist(), kinds["composite"].to_pylist(), strict=True)
    ]
    draw_areas(marks, target)


def _mark(direct: dict[str, Any], composite: dict[str, Any], declared: RegisterDeclaration) -> AreaMark:
    half = None if direct["mean_error"] is None else _Z * direct["mean_error"]
    wide = _Z * composite["mean_error"]
    return AreaMark(
        area=", ".join(composite[name] for name in declared.by),
        estimate=composite["mean"],
        low=composite["mean"] - wide,
        high=composite["mean"] + wide,
        direct=direct["mean"],
        direct_low=None if half is None else direct["mean"] - half,
        direct_high=None if half is None else direct["mean"] + half,
        is_synthetic=composite["weight"] == 0,
    )


def _summary(joined: Joined, made: list[tuple[pa.Table, str]]) -> RegisterSummary:
    first = made[0][0].filter(pc.equal(made[0][0]["estimator"], "direct"))
    return RegisterSummary(
        respondents=len(joined.survey),
        people=float(pc.sum(joined.register[PEOPLE]).as_py()),
        kinds=len(joined.register),
        groups=len(first),
        without_respondents=pc.sum(pc.equal(first["respondents"], 0)).as_py(),
        measures=tuple(_measure_summary(rows, name) for rows, name in made),
    )


def _measure_summary(rows: pa.Table, name: str) -> MeasureSummary:
    kinds = {
        kind: rows.filter(pc.equal(rows["estimator"], kind))
        for kind in pc.unique(rows["estimator"]).to_pylist()
    }
    weights = None
    if "composite" in kinds:
        spread = pc.min_max(kinds["composite"]["weight"]).as_py()
        weights = spread["min"], spread["max"]
    errors = {kind: _median(each["mean_error"]) for kind, each in kinds.items()}
    cvs = {kind: _median(each["cv"]) for kind, each in kinds.items()}
    shows_bias = pc.any(pc.equal(rows["error_of"], SAMPLING_AND_BIAS)).as_py()
    return MeasureSummary(name, errors, cvs, weights, shows_bias)


def _median(column: pa.ChunkedArray) -> float | None:
    known = column.drop_null().to_numpy()
    return float(np.median(known)) if len(known) else None
