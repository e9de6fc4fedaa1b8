"""Draw a planned sample from a frame and write it with its weights and its design.

The sample has the columns that a design is declared by: the weight; for the first stage `stratum`, `psu` and
`psus_in_stratum`; for the second, where places had equal chances, the unit's own column and `units_in_psu`.
Places drawn by size count as drawn with replacement, from infinitely many; one that is sure to be drawn is a
stratum of its own, whose units are its psu.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import ProjectError
from sojourn.production.movement_pictures import require_new
from sojourn.production.sampling_files import planned_sizes
from sojourn.production.sampling_frames import SampleFrame, sample_frame
from sojourn.production.table_files import require_targets, write_table
from sojourn.project.sampling_declarations import SamplingDeclaration
from sojourn.sources.sampling.by_size import drawn_by_pareto, drawn_by_sampford
from sojourn.sources.sampling.chances import chances, sampling_key
from sojourn.sources.sampling.drawing import drawn_at_random, drawn_systematically, ranks_of
from sojourn.sources.sampling.planning import chances_of_places

__all__ = ["Drawn", "draw_file"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
FIRST_STAGE = {"unit": "psu", "stratum": "stratum", "population": "psus_in_stratum"}


@dataclass(frozen=True)
class Drawn:
    """What was drawn, in numbers, and the columns of each stage of the design in the file."""

    units: int
    places: int
    weight: float
    stages: list[dict[str, str]]


def draw_file(
    frame: Path, plan: Path, target: Path, declared: SamplingDeclaration, *, design: Path | None = None
) -> Drawn:
    """Draw a planned sample and write a row for each unit drawn, and where wanted its design's declaration.

    Rows are in the order of strata, places and units. The same seed draws the same sample, whatever the order
    of the frame's rows.

    Raises: ProjectError for a target that exists, or a plan that the frame cannot give; DataRefused when the
    plan is not for this frame.
    """
    require_targets(target)
    if design is not None:
        require_new(design, ".yaml")
    sampled = sample_frame(frame, declared)
    sizes, take = planned_sizes(plan, sampled)
    if (take is None) != (declared.design.kind == "units"):
        raise ProjectError("The plan draws otherwise than the declaration.", "Plan the sample anew.")
    table, stages = (
        _of_units(sampled, declared, sizes) if take is None else _of_places(sampled, declared, sizes, take)
    )
    told = {"sampling_plan": declared.id, "version": declared.version, "seed": str(declared.seed)}
    write_table(table, target, told)
    if design is not None:
        design.write_text(_design(declared, stages), encoding="utf-8")
    places = len(table) if take is None else len(set(table["place"].to_pylist()))
    return Drawn(len(table), places, float(np.sum(table["weight"].to_numpy())), stages)


def _design(declared: SamplingDeclaration, stages: list[dict[str, str]]) -> str:
    """The declaration of the design, as YAML."""
    lines = [f"# How the sample of {declared.id}, version {declared.version}, was drawn."]
    lines += ["variance: taylor", "weight: weight", "numbered: within_strata", "stages:"]
    for stage in stages:
        lines.append(f"  - {{{', '.join(f'{name}: {column}' for name, column in stage.items())}}}")
    return "\n".join(lines) + "\n"


def _of_units(
    sampled: SampleFrame, declared: SamplingDeclaration, sizes: Integers
) -> tuple[pa.Table, list[dict[str, str]]]:
    frame, units = sampled.frame, sampled.units
    number = chances(units, sampling_key(declared.seed, "units"))
    ranks = ranks_of(units)
    if declared.design.method == "systematic":
        rate = (sizes / frame.units)[frame.stratum]
        drawn = drawn_systematically(sampled.order, rate, frame.stratum, _starts(frame.strata, declared))
    else:
        drawn = drawn_at_random(number, ranks, frame.stratum, sizes)
    at = np.flatnonzero(drawn)
    stratum = frame.stratum[at]
    table = pa.table(
        {
            declared.frame.unit: units.take(pa.array(at)),
            "stratum": [frame.strata[each] for each in stratum],
            **{name: [codes[each] for each in stratum] for name, codes in _codes(sampled, declared)},
            "psu": units.take(pa.array(at)),
            "psus_in_stratum": frame.units[stratum],
            "probability": (sizes / frame.units)[stratum],
            "weight": (frame.units / sizes)[stratum],
        }
    )
    return table, [dict(FIRST_STAGE)]


def _of_places(
    sampled: SampleFrame, declared: SamplingDeclaration, sizes: Integers, take: int
) -> tuple[pa.Table, list[dict[str, str]]]:
    frame = sampled.frame
    if frame.place is None or sampled.places is None:
        raise ProjectError("The frame names no places.", "Name the column of places.")
    by_size = declared.design.places == "size"
    probability = chances_of_places(frame, sizes, declared.design.places)
    place_drawn = _places_drawn(sampled, declared, sizes, probability)
    key = sampling_key(declared.seed, "units")
    taken = np.where(place_drawn, np.minimum(frame.units_of_place, take), 0)
    drawn = drawn_at_random(chances(sampled.units, key), ranks_of(sampled.units), frame.place, taken)
    at = np.flatnonzero(drawn)
    place, stratum = frame.place[at], frame.stratum[at]
    within = (taken / frame.units_of_place)[place]
    names, units = sampled.places.take(pa.array(place)), sampled.units.take(pa.array(at))
    is_sure = by_size & (probability >= 1.0)[place]
    columns: dict[str, Any] = {
        declared.frame.unit: units,
        "place": names,
        "stratum": [
            f"{frame.strata[each]} / {name}" if sure else frame.strata[each]
            for each, name, sure in zip(stratum, names.to_pylist(), is_sure, strict=True)
        ],
        **{name: [codes[each] for each in stratum] for name, codes in _codes(sampled, declared)},
        "psu": np.where(is_sure, np.array(units.to_pylist(), object), np.array(names.to_pylist(), object)),
    }
    stages = [dict(FIRST_STAGE)]
    if by_size:
        columns["psus_in_stratum"] = np.where(is_sure, frame.units_of_place[place], np.inf)
    else:
        columns |= {"psus_in_stratum": frame.places[stratum], "units_in_psu": frame.units_of_place[place]}
        stages.append({"unit": declared.frame.unit, "population": "units_in_psu"})
    columns |= {"probability": probability[place] * within, "weight": 1.0 / (probability[place] * within)}
    return pa.table(columns), stages


def _places_drawn(
    sampled: SampleFrame, declared: SamplingDeclaration, sizes: Integers, probability: Floats
) -> Flags:
    """Which places are drawn."""
    frame, design = sampled.frame, declared.design
    stratum = frame.stratum_of_place
    number = chances(sampled.places, sampling_key(declared.seed, "places"))
    ranks = ranks_of(sampled.places)
    if design.method in ("pareto", "sampford"):
        return _one_by_one(sampled, declared, probability, number, ranks)
    if design.method == "random" and design.places == "equal":
        return drawn_at_random(number, ranks, stratum, sizes)
    position = np.empty(len(number), np.int64)
    if design.method == "systematic":
        first = np.searchsorted(frame.place, np.arange(len(number)))  # type: ignore[arg-type]  # there are places
        least = np.minimum.reduceat(sampled.order, first)
        position[np.argsort(least, kind="stable")] = np.arange(len(number))
    else:
        position[np.lexsort((ranks, number))] = np.arange(len(number))
    return drawn_systematically(position, probability, stratum, _starts(frame.strata, declared))


def _one_by_one(
    sampled: SampleFrame, declared: SamplingDeclaration, probability: Floats, number: Floats, ranks: Integers
) -> Flags:
    """Places drawn by Pareto's or Sampford's method, stratum by stratum."""
    drawn = np.zeros(len(number), bool)
    leads = _starts(sampled.frame.strata, declared)
    for stratum in range(len(sampled.frame.strata)):
        at = np.flatnonzero(sampled.frame.stratum_of_place == stratum)
        at = at[np.argsort(ranks[at])]
        if declared.design.method == "pareto":
            drawn[at] = drawn_by_pareto(number[at], ranks[at], probability[at])
        else:
            drawn[at] = drawn_by_sampford(number[at], float(leads[stratum]), probability[at])
    return drawn


def _starts(strata: tuple[str, ...], declared: SamplingDeclaration) -> Floats:
    """A number between 0 and 1 for each stratum."""
    return chances(pa.array(strata), sampling_key(declared.seed, "starts"))


def _codes(sampled: SampleFrame, declared: SamplingDeclaration) -> list[tuple[str, list[str]]]:
    """The columns of codes that make the strata, but for names that the sample has already."""
    taken = {declared.frame.unit, "place", "stratum", "psu", "weight", "probability"}
    return [(name, codes) for name, codes in sampled.codes.items() if name not in taken]
