"""Sampling units: which were drawn, in which strata, and how much of the variance each stage holds.

Units are told apart by what the records state: two records are in the same unit of the second stage if they
are in the same unit of the first, the same stratum and bear the same number; so do units of a second phase
within the last stage of the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import ContractBroken, ProjectError
from sojourn.statistics.survey.positions import numbered, sortable
from sojourn.statistics.survey.second_phase import drawn_again, second_phase_stages
from sojourn.statistics.survey.stage_units import (
    NOTHING_LEFT,
    StageUnits,
    first_rows,
    paired,
    refuse_single,
)
from sojourn.statistics.survey.taylor_design import EACH_RECORD, Stage, TaylorDesign

__all__ = ["Units", "units_of"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Units:
    """The units of every stage that adds to the variance, the first stage first.

    Of a two-phase sample `second` holds what the second phase adds, its own units last, and `is_drawn` says
    which rows it drew.
    """

    stages: tuple[StageUnits, ...]
    second: tuple[StageUnits, ...] = ()
    is_drawn: npt.NDArray[np.bool_] | None = None

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the whole design: units of the first stage less strata.

        Of a two-phase sample they are those of the phase that has fewer.
        """
        return min(stage.freedom for stage in (self.stages[0], *self.second[-1:]))


def units_of(columns: Mapping[str, pa.ChunkedArray], rows: int, design: TaylorDesign) -> Units:
    """The units that rows belong to, from the columns that the design names.

    Raises: ProjectError where the design leaves open which units are one, or what a stratum with a single
    unit adds; ContractBroken where sizes contradict one another or the number of units drawn.
    """
    codes = {name: sortable(column)[0] for name, column in columns.items()}
    parent = np.zeros(rows, np.int64)
    above = np.ones(1)
    stages = []
    for place, stage in enumerate(design.effective_stages):
        stratum_code = codes[stage.stratum] if stage.stratum else np.zeros(rows, np.int64)
        stratum = paired(parent, stratum_code)
        if stage.unit == EACH_RECORD:
            unit = np.arange(rows, dtype=np.int64)
        else:
            if place == 0 and stage.stratum and design.numbered != "within_strata":
                _refuse_recurring(codes[stage.unit], stratum, stage, design)
            unit = paired(stratum, codes[stage.unit])
        found, above = _stage(stage, unit, stratum, parent, above, columns)
        if design.single_unit == "error":
            strata, rules = stage.stratum or "the only stratum", "certainty, around_zero or average"
            refuse_single(found, f"At stage {place + 1}", strata, rules)
        elif design.single_unit == "certainty":
            found.factor[found.is_single] = 0.0
        elif design.single_unit == "average":
            _average_single(found)
        stages.append(found)
        parent = unit
    if design.second_phase is None:
        return Units(tuple(stages))
    is_drawn = drawn_again(columns[design.second_phase.drawn])
    within = _last_units(parent, codes, design)
    second = second_phase_stages(is_drawn, codes, within, stages, design.second_phase, design.single_unit)
    return Units(tuple(stages), second, is_drawn)


def _last_units(parent: Integers, codes: Mapping[str, Integers], design: TaylorDesign) -> Integers:
    """By row the unit of the last stage, where stages below those of the variance tell units apart."""
    if design.second_phase is None or design.second_phase.unit == EACH_RECORD:
        return parent
    for stage in design.stages[len(design.effective_stages) :]:
        for name in filter(None, (stage.stratum, stage.unit)):
            parent = paired(parent, codes[name])
    return parent


def _stage(
    stage: Stage,
    unit: Integers,
    stratum: Integers,
    parent: Integers,
    above: Floats,
    columns: Mapping[str, pa.ChunkedArray],
) -> tuple[StageUnits, Floats]:
    """The units of a stage, and by unit the product of sampling fractions down to it."""
    first = first_rows(unit)
    stratum_of_unit = stratum[first]
    drawn = np.bincount(stratum_of_unit)
    first_of_stratum = first_rows(stratum)
    fraction = _fraction(stage, columns, stratum, first_of_stratum, drawn)
    left = 1.0 - fraction
    many = drawn > 1
    factor = above[parent[first_of_stratum]] * left * np.where(many, drawn / np.maximum(drawn - 1, 1), 1.0)
    is_single = ~many & (left >= NOTHING_LEFT)
    factor[left < NOTHING_LEFT] = 0.0
    found = StageUnits(unit, stratum_of_unit, drawn, factor, is_single)
    return found, above[parent[first]] * fraction[stratum_of_unit]


def _average_single(found: StageUnits) -> None:
    """Give what the other strata add on average to those with a single unit: raise their factors."""
    others = len(found.drawn) - int(found.is_single.sum())
    found.factor[:] = found.factor * len(found.drawn) / others if others else np.nan
    found.factor[found.is_single] = 0.0 if others else np.nan


def _fraction(
    stage: Stage,
    columns: Mapping[str, pa.ChunkedArray],
    stratum: Integers,
    first_of_stratum: Integers,
    drawn: Integers,
) -> Floats:
    """The share of each stratum's units that was drawn; 0 where nothing is declared."""
    name = stage.population or stage.fraction
    if name is None:
        return np.zeros(len(drawn))
    stated = np.asarray(columns[name], dtype=np.float64)
    of_stratum = stated[first_of_stratum]
    if (stated != of_stratum[stratum]).any():
        raise ContractBroken(
            f"{name} is not the same in all records of a stratum.",
            "The size of a stratum, or the share that was drawn of it, is one number for all its records.",
        )
    if stage.fraction:
        if (of_stratum <= 0).any() or (of_stratum > 1).any():
            raise ContractBroken(
                f"{name} holds a share that is not above 0 and at most 1.",
                "Declare numbers of units as `population`, shares as `fraction`.",
            )
        return of_stratum
    if (of_stratum < drawn).any():
        raise ContractBroken(
            f"{name} says that a stratum has fewer units than were drawn from it.",
            "It counts units of the stage in the stratum, not persons; shares are declared as `fraction`.",
        )
    return drawn / of_stratum


def _refuse_recurring(unit: Integers, stratum: Integers, stage: Stage, design: TaylorDesign) -> None:
    pairs = paired(unit, stratum)
    if not len(unit) or int(pairs.max()) == int(numbered(unit)[0].max()):
        return
    if design.numbered == "across":
        raise ContractBroken(
            f"Units of {stage.unit} lie in more than one stratum of {stage.stratum}, though their numbers"
            " are declared to count across strata.",
            "Look at the strata of these units, or declare `numbered: within_strata`.",
        )
    raise ProjectError(
        f"Numbers of {stage.unit} recur in several strata of {stage.stratum}: one unit, or several?",
        "Declare `numbered: within_strata` if each stratum numbers its own units.",
    )
