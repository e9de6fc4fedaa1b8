"""A declared sampling frame: its units in order, the strata they lie in, and what its goals ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.sampling_columns import FrameRows, frame_rows, numbered
from sojourn.project.sampling_declarations import SampleGoal, SamplingDeclaration
from sojourn.sources.sampling.chances import hashes, sampling_key
from sojourn.sources.sampling.figures import Figure, Figures, figures_of
from sojourn.sources.sampling.planning import UnitFrame
from sojourn.sources.sampling.precision import Target, variance_asked

__all__ = ["Asked", "SampleFrame", "sample_frame"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Asked:
    """A goal for one code of its `by`, or for all: its name and what is asked for."""

    name: str
    goal: SampleGoal
    target: Target


@dataclass(frozen=True)
class SampleFrame:
    """A frame as it is planned for and drawn from.

    `units` are the identifiers of the units of `frame`, in its order, `places` those of the places. `codes`
    are the codes of each stratum by column. `most` is what the variance of each figure may be. `order` is
    where each unit stands in a systematic sample.
    """

    frame: UnitFrame
    units: pa.Array
    places: pa.Array | None
    codes: dict[str, list[str]]
    figures: Figures
    asked: tuple[Asked, ...]
    most: Floats
    order: Integers


def sample_frame(file: Path, declared: SamplingDeclaration) -> SampleFrame:
    """Read a frame and work out what the declared goals ask of it.

    Raises: ProjectError for a goal that cannot be, such as one of a group without members; DataRefused when
    the frame is not as declared.
    """
    rows = frame_rows(file, declared)
    strata, codes, names = _strata(rows, declared)
    unit, unit_names = numbered(rows.texts[declared.frame.unit])
    place, place_names = (
        (None, []) if declared.frame.place is None else numbered(rows.texts[declared.frame.place])
    )
    _require_whole(file, declared, unit, place, strata)
    first = np.unique(unit, return_index=True)[1]
    in_order = np.lexsort([np.arange(len(first)), *([] if place is None else [place[first]]), strata[first]])
    number = np.empty(len(first), np.int64)
    number[in_order] = np.arange(len(first))
    placed = None if place is None else place[first][in_order]
    # Places are numbered as they come in the order of strata.
    begins = None if placed is None else np.append(True, np.diff(placed) != 0)
    interviews = np.bincount(number[unit], _interviewed(rows, declared), len(first)).astype(np.float64)
    frame = UnitFrame(
        names,
        strata[first][in_order],
        interviews,
        None if begins is None else np.cumsum(begins) - 1,
        _of_group(rows, declared, number[unit], len(first)),
    )
    asked, asked_figures = _figures(rows, declared, number[unit])
    figures = figures_of(asked_figures, number[unit], len(first))
    return SampleFrame(
        frame,
        pa.array(np.array(unit_names, object)[in_order]),
        None if placed is None else pa.array(np.array(place_names, object)[placed[begins]]),
        codes,
        figures,
        asked,
        _most(asked, figures),
        _order(rows, declared, number[unit], len(first)),
    )


def _interviewed(rows: FrameRows, declared: SamplingDeclaration) -> Floats:
    condition = declared.frame.interviewed
    return np.ones(len(rows)) if condition is None else rows.claims[condition].astype(np.float64)


def _of_group(rows: FrameRows, declared: SamplingDeclaration, unit: Integers, units: int) -> Flags | None:
    """Which units have anybody of the group whose density makes strata."""
    density = declared.frame.density
    if density is None:
        return None
    found: Flags = np.bincount(unit, rows.claims[declared.groups[density.group]], units) > 0
    return found


def _most(asked: tuple[Asked, ...], figures: Figures) -> Floats:
    """What the variance of each figure may be."""
    most = []
    for each, value in zip(asked, figures.truth.tolist(), strict=True):
        try:
            most.append(variance_asked(each.target, value, each.goal.figure))
        except ProjectError as error:
            raise ProjectError(
                f"{each.name}: {error.problems[0].message}", error.problems[0].remedy
            ) from error
    return np.array(most)


def _require_whole(
    file: Path,
    declared: SamplingDeclaration,
    unit: Integers,
    place: Integers | None,
    strata: Integers,
) -> None:
    """Refuse a unit or a place that lies in two strata, and a unit that lies in two places."""
    asked = [(unit, strata, declared.frame.unit, "strata")]
    if place is not None and declared.frame.place is not None:
        asked += [
            (unit, place, declared.frame.unit, "places"),
            (place, strata, declared.frame.place, "strata"),
        ]
    for inner, outer, name, what in asked:
        first = np.unique(inner, return_index=True)[1]
        divided = np.unique(inner[outer != outer[first][inner]])
        if len(divided):
            message = f"{len(divided):,} of the column {name} lie in two {what}."
            remedy = "Let all rows of one of them say the same."
            raise DataRefused(Problem(shown(file.name), None, message, remedy))


def _strata(
    rows: FrameRows, declared: SamplingDeclaration
) -> tuple[Integers, dict[str, list[str]], tuple[str, ...]]:
    """The stratum of each row, the codes of each stratum by column, and the strata's names."""
    columns = {name: rows.texts[name] for name in declared.frame.strata}
    density = declared.frame.density
    if density is not None:
        area, areas = numbered(rows.texts[density.area])
        member = rows.claims[declared.groups[density.group]].astype(np.float64)
        share = np.bincount(area, member, len(areas)) / np.bincount(area, minlength=len(areas))
        band = np.searchsorted(np.array(density.bounds), share, side="right")
        labels = [f"below {density.bounds[0]:g}", *(f"{bound:g} and more" for bound in density.bounds)]
        columns[f"{density.group}_share"] = pa.array([labels[each] for each in band[area]])
    if not columns:
        return np.zeros(len(rows), np.int64), {}, ("all",)
    parts = [numbered(column) for column in columns.values()]
    whole = np.ravel_multi_index([part[0] for part in parts], [len(part[1]) for part in parts])
    present, stratum = np.unique(whole, return_inverse=True)
    each = np.unravel_index(present, [len(part[1]) for part in parts])
    codes = {
        name: [part[1][at] for at in where] for name, part, where in zip(columns, parts, each, strict=True)
    }
    return stratum, codes, tuple(" / ".join(row) for row in zip(*codes.values(), strict=True))


def _figures(
    rows: FrameRows, declared: SamplingDeclaration, unit: Integers
) -> tuple[tuple[Asked, ...], list[Figure]]:
    """The figures of the goals, one for each code of `by`."""
    asked, figures = [], []
    for goal in declared.goals:
        among, against = (
            None if name is None else rows.claims[declared.groups[name]]
            for name in (goal.among, goal.against)
        )
        everybody = np.ones(len(rows), bool)
        among = everybody if among is None else among
        value = _value(rows, goal, declared, unit, among, against)
        target = Target(goal.standard_error, goal.cv, goal.half_width, goal.level, goal.interval)
        levels: list[tuple[str, Flags]] = [(goal.id, everybody)]
        if goal.by is not None:
            number, codes = numbered(rows.texts[goal.by])
            levels = [(f"{goal.id}, {code}", number == place) for place, code in enumerate(codes)]
        for name, of_level in levels:
            asked.append(Asked(name, goal, target))
            other = None if against is None else against & of_level
            figures.append(Figure(name, goal.figure, value, among & of_level, other))
    return tuple(asked), figures


def _value(
    rows: FrameRows, goal: SampleGoal, declared: SamplingDeclaration, unit: Integers, among: Flags,
    against: Flags | None,
) -> Floats:  # fmt: skip
    """The value of each row: that of the frame, 1 where rows are counted, or one that is made up."""
    if goal.expected is None:
        value = np.ones(len(rows)) if goal.of is None else rows.values[goal.of]
        inside = value[among & ~np.isnan(value)]
        if goal.figure == "proportion" and np.any((inside != 0) & (inside != 1)):
            raise ProjectError(
                f"{goal.id}: {goal.of} has values other than 0 and 1, which a proportion cannot be of.",
                "Write a condition, or declare a mean.",
            )
        return value
    chance = _made_up(rows, goal, declared, unit)
    share = np.full(len(rows), goal.expected)
    if against is not None and goal.expected_against is not None:
        share[against & ~among] = goal.expected_against
    return (chance < share).astype(np.float64)


def _made_up(rows: FrameRows, goal: SampleGoal, declared: SamplingDeclaration, unit: Integers) -> Floats:
    """A number between 0 and 1 for each row, from its unit and its place within; equal rows may swap."""
    columns = [numbered(column)[0] for column in rows.texts.values()]
    kept = [*rows.values.values(), *rows.claims.values(), *columns, unit]
    order = np.lexsort(kept)
    ordered = unit[order]
    starts = np.flatnonzero(np.append(True, np.diff(ordered) != 0))
    within = np.empty(len(unit), np.uint64)
    within[order] = np.arange(len(unit)) - np.repeat(starts, np.diff(np.append(starts, len(unit))))
    mixed = hashes(rows.texts[declared.frame.unit], sampling_key(declared.seed, f"made up {goal.id}"))
    mixed = mixed ^ (within * GOLDEN)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed = mixed ^ (mixed >> np.uint64(31))
    found: Floats = (mixed >> np.uint64(12)).astype(np.float64) / 2.0**52
    return found


def _order(rows: FrameRows, declared: SamplingDeclaration, unit: Integers, units: int) -> Integers:
    """Where each unit stands in the order of a systematic sample: by its least values, then as it is."""
    keys = [np.arange(units)]
    for name in reversed(declared.design.order):
        values = rows.values[name] if name in rows.values else numbered(rows.texts[name])[0]
        least = np.full(units, np.inf)
        np.fmin.at(least, unit, values)
        keys.append(least)
    position = np.empty(units, np.int64)
    position[np.lexsort(keys)] = np.arange(units)
    return position
