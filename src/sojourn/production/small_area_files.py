"""Small areas on plain files: read, estimate, make them add up, write, and draw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.small_area_pictures import draw_small_areas
from sojourn.production.small_area_reading import (
    Areas,
    SmallAreaSources,
    areas_of,
    totals_of,
    units_of,
)
from sojourn.production.table_files import require_targets, write_table
from sojourn.project.small_area_declarations import SmallAreaDeclaration
from sojourn.statistics.small_areas import (
    AreaData,
    AreaEstimates,
    AreaModel,
    Benchmarked,
    Bootstrap,
    Method,
    ModelFit,
    Population,
    SmoothedVariances,
    UnitMethod,
    benchmarked,
    coefficient_table,
    diagnostics,
    direct_level,
    fay_herriot,
    given_level,
    nested_error,
    small_area_table,
    smoothed_variances,
)

__all__ = ["SmallAreaSummary", "SmallAreaTargets", "small_areas_file"]


@dataclass(frozen=True)
class SmallAreaTargets:
    """Files to write: the areas; where wanted, coefficients and a picture (.svg)."""

    areas: Path
    coefficients: Path | None = None
    picture: Path | None = None


@dataclass(frozen=True)
class SmallAreaSummary:
    """What came out: of the model, of what speaks for and against it, and of the totals."""

    areas: int
    synthetic: int
    smoothed: int
    model: dict[str, Any]
    diagnostics: dict[str, Any]
    totals: list[dict[str, Any]]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class _Made:
    known: Areas
    model: AreaModel
    smoothed: SmoothedVariances | None
    sizes: Any


def small_areas_file(
    sources: SmallAreaSources, targets: SmallAreaTargets, *, declared: SmallAreaDeclaration
) -> SmallAreaSummary:
    """Estimate the areas of files as declared, and write them.

    Raises: ProjectError for a target that exists, or files that the declaration does not ask for or lacks;
    DataRefused when a column is missing or wrong, or the data do not bear the model.
    """
    require_targets(targets.areas, targets.coefficients)
    _require_files(sources, declared)
    with _naming(sources.direct):
        made = _made(sources, declared)
    with _naming(sources.totals or sources.direct):
        totals = _benchmarked(sources, declared, made)
    table = small_area_table(
        made.model.estimates,
        sample_size=made.sizes,
        direct_variance=made.known.variance,
        smoothed=made.smoothed,
        benchmark=totals,
    )
    metadata = {
        "sojourn.model": declared.id,
        "sojourn.version": declared.version,
        "sojourn.method": f"{made.model.fit.model}/{declared.method}/{declared.transformation}",
    }
    if targets.picture is not None:
        draw_small_areas(table, targets.picture)
    write_table(table, targets.areas, metadata)
    if targets.coefficients is not None:
        write_table(coefficient_table(made.model.fit), targets.coefficients, metadata)
    return _summary(made, table, totals)


def _require_files(sources: SmallAreaSources, declared: SmallAreaDeclaration) -> None:
    if declared.model == "unit" and (sources.units is None or sources.auxiliaries is None):
        raise ProjectError(
            "A unit-level model needs units, and the population means of their covariates.",
            "Give --units and --auxiliaries, or declare `model: area`.",
        )
    if declared.model == "area" and sources.units is not None:
        raise ProjectError(
            "An area-level model does not look at units.", "Leave out --units, or declare `model: unit`."
        )
    is_given = declared.benchmark is not None and declared.benchmark.totals == "given"
    if is_given and sources.totals is None:
        raise ProjectError("The totals are to be given, and there is no file.", "Give --totals.")
    if sources.totals is not None and not is_given:
        raise ProjectError(
            "The declaration does not ask for given totals.",
            "Leave out --totals, or declare `benchmark: {totals: given}`.",
        )


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Mistakes that a method finds, under the name of a file."""
    try:
        yield
    except DataRefused as error:
        raise DataRefused(
            Problem(each.file or shown(file.name), each.line, each.message, each.remedy)
            for each in error.problems
        ) from error


def _made(sources: SmallAreaSources, declared: SmallAreaDeclaration) -> _Made:
    known = areas_of(sources, declared)
    bootstrap = None
    if declared.errors.by == "bootstrap":
        bootstrap = Bootstrap(declared.errors.replicates, declared.errors.seed)
    if declared.model == "unit" and sources.units is not None and sources.auxiliaries is not None:
        sums = units_of(sources.units, known.areas, declared, sources.auxiliaries)
        population = Population(known.areas, known.design, known.population, known.direct, known.variance)
        found = nested_error(
            sums, population, known.names, method=cast("UnitMethod", declared.method), bootstrap=bootstrap
        )
        return _Made(known, found, None, np.where(sums.size > 0, sums.size, np.nan))
    smoothed = _smoothed(known, declared)
    data = AreaData(
        known.areas,
        known.direct,
        known.variance if smoothed is None else smoothed.variance,
        known.design,
        known.names,
        known.effective_size,
    )
    found = fay_herriot(
        data,
        method=cast("Method", declared.method),
        transformation=declared.transformation,
        bootstrap=bootstrap,
    )
    return _Made(known, found, smoothed, known.sample_size)


def _smoothed(known: Areas, declared: SmallAreaDeclaration) -> SmoothedVariances | None:
    if declared.smoothing is None:
        return None
    size = np.full(len(known.areas), np.nan) if known.sample_size is None else known.sample_size
    return smoothed_variances(
        known.areas,
        known.direct,
        known.variance,
        size,
        more=known.smoothing,
        only_unusable=declared.smoothing.replace == "unusable",
    )


def _benchmarked(
    sources: SmallAreaSources, declared: SmallAreaDeclaration, made: _Made
) -> Benchmarked | None:
    asked = declared.benchmark
    if asked is None:
        return None
    found, known = made.model.estimates, made.known
    if sources.totals is None:
        levels = [direct_level(name, known.groups[name], found, known.weight) for name in asked.levels]
    else:
        given = totals_of(sources.totals, asked.levels, declared.arrives.totals)
        levels = [given_level(name, known.groups[name], *given[name]) for name in asked.levels]
    return benchmarked(found, known.weight, levels, method=asked.method, tolerance=asked.tolerance)


def _summary(made: _Made, table: pa.Table, totals: Benchmarked | None) -> SmallAreaSummary:
    found: AreaEstimates = made.model.estimates
    return SmallAreaSummary(
        areas=len(table),
        synthetic=int(np.count_nonzero(found.kept == 0)),
        smoothed=0 if made.smoothed is None else int(np.count_nonzero(made.smoothed.is_smoothed)),
        model=_model(made.model.fit),
        diagnostics=asdict(diagnostics(found)),
        totals=[]
        if totals is None
        else [
            {"level": level, "group": group, "total": float(total), "before": float(before)}
            for level, group, total, before in zip(
                totals.level, totals.group, totals.total, totals.before, strict=True
            )
        ],
        notes=(*made.model.fit.notes, *made.known.notes),
    )


def _model(fit: ModelFit) -> dict[str, Any]:
    return {
        "model": fit.model,
        "method": fit.method,
        "transformation": fit.transformation,
        "area_variance": fit.area_variance,
        "area_variance_error": fit.area_variance_error,
        "unit_variance": fit.unit_variance,
        "observations": fit.observations,
        "areas_with_sample": fit.areas_with_sample,
        "log_likelihood": fit.log_likelihood,
        "restricted_log_likelihood": fit.restricted_log_likelihood,
        "aic": fit.aic,
        "bic": fit.bic,
        "coefficients": coefficient_table(fit).to_pylist(),
    }
