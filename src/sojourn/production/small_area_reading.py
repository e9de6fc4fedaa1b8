"""The files behind small areas: direct estimates, what is known of areas, units, and totals to add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.direct_estimates import DirectEstimates, direct_estimates
from sojourn.production.mixed_codes import mixed_notes, mixed_writings
from sojourn.production.survey_reading import survey_rows
from sojourn.project.declarations import Arrival
from sojourn.project.small_area_declarations import SmallAreaDeclaration
from sojourn.statistics.small_areas import UnitSums, unit_sums

__all__ = ["ALL", "Areas", "SmallAreaSources", "areas_of", "totals_of", "units_of"]

Floats = npt.NDArray[np.float64]
ALL = "_T"
_TOTALS = {"level": "text", "group": "any", "total": "number", "standard_error": "number"}


@dataclass(frozen=True)
class SmallAreaSources:
    """Files to read: direct estimates; where there are, auxiliaries, units, and totals."""

    direct: Path
    auxiliaries: Path | None = None
    units: Path | None = None
    totals: Path | None = None


@dataclass(frozen=True)
class Areas:
    """All areas, in the order of the file that has them all, with what is known of each.

    `names` and `design` are the covariates, the intercept among them. What is not known is not a number.
    """

    areas: tuple[str, ...]
    direct: Floats
    variance: Floats
    sample_size: Floats | None
    effective_size: Floats | None
    names: tuple[str, ...]
    design: Floats
    smoothing: dict[str, Floats]
    population: Floats | None
    weight: Floats
    groups: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()


def areas_of(sources: SmallAreaSources, declared: SmallAreaDeclaration) -> Areas:
    """The areas of the auxiliaries, or, without such a file, those of the direct estimates.

    Raises: ProjectError for a file that is not there; DataRefused for a column that is missing or wrong, an
    area that occurs twice, or a direct estimate of an area that the auxiliaries do not have.
    """
    known, area = sources.auxiliaries or sources.direct, declared.area
    made = direct_estimates(sources.direct, declared)
    direct, codes = made.table, _codes(sources.direct, made.table, area)
    table = _known(sources, made, declared)
    areas = _codes(known, table, area)
    place = _places(sources.direct, codes, known, areas)
    names, design = _design(known, table, declared)
    benchmark = declared.benchmark
    return Areas(
        areas=areas,
        direct=_placed(direct, "estimate", place, len(areas)),
        variance=_variance(sources.direct, direct, place, len(areas)),
        sample_size=_placed_if(direct, "sample_size", place, len(areas)),
        effective_size=_placed_if(direct, "effective_sample_size", place, len(areas)),
        names=names,
        design=design,
        smoothing={
            name: _floats(table[name]) for name in (declared.smoothing.by if declared.smoothing else ())
        },
        population=None if declared.population is None else _floats(table[declared.population]),
        weight=np.ones(len(areas))
        if benchmark is None or benchmark.weight is None
        else _floats(table[benchmark.weight]),
        notes=(
            *made.notes,
            *mixed_notes(mixed_writings(table, _code_columns(declared)), remedy="Write them alike."),
        ),
        groups={
            level: _groups(known, table, level, areas) for level in (benchmark.levels if benchmark else ())
        },
    )


def _known(sources: SmallAreaSources, made: DirectEstimates, declared: SmallAreaDeclaration) -> pa.Table:
    """What is known of every area, from the auxiliaries or from the file of the direct estimates."""
    benchmark, smoothing = declared.benchmark, declared.smoothing
    numbers = [*declared.covariates, *(smoothing.by if smoothing else ())]
    numbers += [name for name in (declared.population, benchmark and benchmark.weight) if name]
    codes = _code_columns(declared)
    columns = {declared.area: "any", **dict.fromkeys(codes, "any"), **dict.fromkeys(numbers, "number")}
    if sources.auxiliaries is not None:
        return survey_rows(sources.auxiliaries, columns, arrives=declared.arrives.auxiliaries)
    if not made.made:
        return survey_rows(sources.direct, columns, arrives=declared.arrives.direct)
    further = [name for name in columns if name not in made.table.column_names]
    if further:
        raise ProjectError(
            f"A table of estimates does not know {', '.join(map(shown, further))} of the areas.",
            "Give --auxiliaries with a row for each area.",
        )
    return made.table


def _code_columns(declared: SmallAreaDeclaration) -> list[str]:
    """The columns with codes: categories, and groups that are to add up."""
    levels = declared.benchmark.levels if declared.benchmark else ()
    return [*declared.categories, *(name for name in levels if name != ALL)]


def _codes(file: Path, table: pa.Table, area: str) -> tuple[str, ...]:
    """The areas of a file, each once."""
    if table[area].null_count:
        _refuse(file, f"the column {shown(area)} has empty cells.", "Give the code of the area.")
    codes = tuple(str(each) for each in table[area].to_pylist())
    if len(set(codes)) < len(codes):
        seen: set[str] = set()
        twice = next(code for code in codes if code in seen or seen.add(code))  # type: ignore[func-returns-value]
        _refuse(file, f"the area {shown(twice)} occurs twice.", "Keep one row for each area.")
    if not codes:
        _refuse(file, "there is no area.", "Write the file anew.")
    return codes


def _places(file: Path, codes: Sequence[str], known: Path, areas: Sequence[str]) -> npt.NDArray[np.int64]:
    """Where each code stands among the areas."""
    place = {code: number for number, code in enumerate(areas)}
    strange = next((code for code in codes if code not in place), None)
    if strange is not None:
        _refuse(
            file, f"the area {shown(strange)} is not in {shown(known.name)}.",
            "Give its covariates there, or take it out.",
        )  # fmt: skip
    return np.array([place[code] for code in codes], np.int64)


def _design(file: Path, table: pa.Table, declared: SmallAreaDeclaration) -> tuple[tuple[str, ...], Floats]:
    names: list[str] = []
    columns: list[Floats] = []
    if declared.intercept:
        names.append("(intercept)")
        columns.append(np.ones(len(table)))
    for name in declared.covariates:
        names.append(name)
        columns.append(_floats(table[name]))
    for name in declared.categories:
        if table[name].null_count:
            _refuse(
                file, f"the column {shown(name)} has empty cells.", "Write a code of its own, such as _U."
            )
        codes = np.array([str(each) for each in table[name].to_pylist()])
        kinds = np.unique(codes)
        for code in kinds[1:] if declared.intercept or columns else kinds:
            names.append(f"{name}={code}")
            columns.append((codes == code).astype(float))
    return tuple(names), np.column_stack(columns) if columns else np.zeros((len(table), 0))


def _groups(file: Path, table: pa.Table, level: str, areas: Sequence[str]) -> tuple[str, ...]:
    if level == ALL:
        return (ALL,) * len(areas)
    if table[level].null_count:
        _refuse(file, f"the column {shown(level)} has empty cells.", "Say to which group each area belongs.")
    return tuple(str(each) for each in table[level].to_pylist())


def _variance(file: Path, table: pa.Table, place: npt.NDArray[np.int64], size: int) -> Floats:
    """Variances, or squared standard errors; an estimate needs one of them."""
    names = [name for name in ("variance", "standard_error") if name in table.column_names]
    if len(names) != 1:
        _refuse(
            file,
            "direct estimates come with one column, variance or standard_error.",
            "Give one of the two.",
        )
    values = _floats(table[names[0]])
    if np.any(values < 0):
        _refuse(file, f"the column {names[0]} has values below zero.", "Look at how they were computed.")
    found = np.full(size, np.nan)
    found[place] = values if names[0] == "variance" else values**2
    return found


def units_of(file: Path, areas: Sequence[str], declared: SmallAreaDeclaration, known: Path) -> UnitSums:
    """The units of the sample as sums by area.

    Raises: as `areas_of`; DataRefused when a unit is of an area that is not known.
    """
    outcome = declared.outcome or ""
    names = [outcome, *declared.covariates, *([declared.weight] if declared.weight else [])]
    area = declared.area
    kinds = {area: "any", **dict.fromkeys(names, "number")}
    table = survey_rows(file, kinds, arrives=declared.arrives.units)
    if table[area].null_count:
        message = f"the column {shown(area)} has empty cells."
        _refuse(file, message, "Give each unit its area, or leave the unit out.")
    encoded = table[area].cast(pa.string()).combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    if not len(encoded):
        _refuse(file, "there is no unit.", "Write the file anew.")
    place = _places(file, encoded.dictionary.to_pylist(), known, areas)[encoded.indices.to_numpy()]
    columns = [np.ones(len(place))] if declared.intercept else []
    columns += [_floats(table[name]) for name in declared.covariates]
    labels = (*(["(intercept)"] if declared.intercept else []), *declared.covariates)
    weights = None if declared.weight is None else _floats(table[declared.weight])
    return unit_sums(place, len(areas), _floats(table[outcome]), np.column_stack(columns), labels, weights)


def totals_of(
    file: Path, levels: Sequence[str], arrives: Arrival | None = None
) -> dict[str, tuple[dict[str, float], dict[str, float]]]:
    """Totals and their variances by level and group.

    Raises: as `areas_of`; DataRefused for a level that was not declared or a total that occurs twice.
    """
    table = survey_rows(file, _TOTALS, arrives=arrives)
    for name in _TOTALS:
        if table[name].null_count:
            _refuse(
                file, f"the column {name} has empty cells.",
                "A total that is known without error has the standard error 0.",
            )  # fmt: skip
    found: dict[str, tuple[dict[str, float], dict[str, float]]] = {level: ({}, {}) for level in levels}
    for row in table.to_pylist():
        level, group = row["level"], str(row["group"])
        if level not in found:
            _refuse(file, f"the level {shown(level)} is not declared.", f"Levels: {', '.join(levels)}.")
        if group in found[level][0]:
            _refuse(file, f"{shown(group)} of the level {shown(level)} occurs twice.", "Keep one total.")
        if row["standard_error"] < 0:
            _refuse(file, f"the standard error of {shown(group)} is below zero.", "Correct it.")
        found[level][0][group] = row["total"]
        found[level][1][group] = row["standard_error"] ** 2
    return found


def _placed(table: pa.Table, name: str, place: npt.NDArray[np.int64], size: int) -> Floats:
    found = np.full(size, np.nan)
    found[place] = _floats(table[name])
    return found


def _placed_if(table: pa.Table, name: str, place: npt.NDArray[np.int64], size: int) -> Floats | None:
    return _placed(table, name, place, size) if name in table.column_names else None


def _floats(column: pa.ChunkedArray) -> Floats:
    """Numbers; what is missing is not a number."""
    found: Floats = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy()
    return found


def _refuse(file: Path, message: str, remedy: str) -> None:
    raise DataRefused(Problem(shown(file.name), None, message, remedy))
