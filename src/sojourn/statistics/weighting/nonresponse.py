"""Non-response by weighting classes: who answered stands for those of the class who did not.

Classes are the crossings of columns that are known of everybody in the sample. A class with too few
respondents, or whose respondents would have to stand for too many, becomes one with the classes that differ
from it only in what the next declared step takes away: a column, or the difference between some of its codes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.weighting.auxiliaries import require_columns
from sojourn.statistics.weighting.calibration import require_weights
from sojourn.statistics.weighting.classes import (
    COLLAPSED,
    ClassSums,
    Nonresponse,
    class_sums,
    class_table,
    class_weights,
)
from sojourn.statistics.weighting.crossings import codes_of, crossing
from sojourn.statistics.weighting.margins import Cell, cell_name
from sojourn.statistics.weighting.outcomes import RESPONDENT, Outcomes

__all__ = [
    "CollapseStep",
    "WeightingClasses",
    "adjusted_for_nonresponse",
]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CollapseStep:
    """What makes classes coarser: codes of a column become others, or the column is left out."""

    column: str
    codes: Mapping[str, str] | None = None


@dataclass(frozen=True)
class WeightingClasses:
    """The columns that make classes, when a class will not do, and in which order classes become coarser."""

    columns: tuple[str, ...]
    collapse: tuple[CollapseStep, ...] = ()
    minimum_respondents: int = 20
    maximum_factor: float = 3.0

    def __post_init__(self) -> None:
        left = list(self.columns)
        if not left or len(set(left)) < len(left):
            raise ProjectError("Weighting classes need columns, each once.", "Name them in `columns`.")
        for step in self.collapse:
            if step.column not in left:
                raise ProjectError(
                    f"A step collapses {shown(step.column)}, which makes no classes by then.",
                    "Collapse columns of the classes, and leave each out once.",
                )
            if step.codes is None:
                left.remove(step.column)
        if self.minimum_respondents < 1 or not self.maximum_factor > 1:
            raise ProjectError(
                "A class needs at least one respondent, and a greatest factor above one.",
                "Declare for instance 20 respondents and a factor of 3.",
            )


def adjusted_for_nonresponse(
    records: pa.Table, outcomes: Outcomes, classes: WeightingClasses, *, weight: str
) -> Nonresponse:
    """Weights with which the respondents of each class stand for all of its people.

    First those whose eligibility is known take up the weights of those of whom it is not, then respondents
    those of nonrespondents. Ineligible people keep their weight: they stand for others like them. An empty
    code is `_U`, a class like any other.

    Raises: ProjectError for columns; DataRefused for weights and outcomes, and for a class that will not do
    after all steps, with its numbers.
    """
    weights = require_weights(records, weight)
    require_columns(records, classes.columns)
    kind = outcomes.of(records)
    levels = _levels(records, classes)
    level = np.zeros(len(records), np.int64)
    collapsed: list[dict[str, Any]] = []
    for at, here in enumerate(levels):
        sums = class_sums(here.code, kind, weights, len(here.cells))
        is_used = np.bincount(here.code[level == at], minlength=len(here.cells)) > 0
        wrong = is_used & sums.wrong(classes.minimum_respondents, classes.maximum_factor)
        if not wrong.any():
            continue
        if at + 1 == len(levels):
            raise _last_class_will_not_do(here, sums, int(np.argmax(wrong)), classes)
        coarser = levels[at + 1]
        level[np.isin(coarser.code, coarser.code[wrong[here.code]])] = at + 1
        collapsed += _collapses(here, coarser, sums, wrong)
    of_class, names, steps = _final(levels, level)
    sums = class_sums(of_class, kind, weights, len(names))
    return Nonresponse(
        class_weights(weights, kind, of_class, sums),
        class_table(names, sums, steps),
        pa.Table.from_pylist(collapsed, COLLAPSED),
        "weighting classes", kind, of_class,
    )  # fmt: skip


@dataclass(frozen=True)
class _Level:
    """Classes after so many steps: the columns that are left, each record's class, and the classes."""

    columns: tuple[str, ...]
    code: Integers
    cells: list[Cell]

    def name(self, at: int) -> str:
        return cell_name(self.columns, self.cells[at]) if self.columns else "everybody"


def _levels(records: pa.Table, classes: WeightingClasses) -> list[_Level]:
    """The classes before any step and after each."""
    columns = codes_of(records, classes.columns)
    found = [_Level(tuple(columns), *crossing(columns, len(records)))]
    for step in classes.collapse:
        if step.codes is None:
            del columns[step.column]
        else:
            coded = columns[step.column].dictionary_encode()
            merged = [step.codes.get(code, code) for code in coded.dictionary.to_pylist()]
            columns[step.column] = pa.array(merged, pa.string()).take(coded.indices)
        found.append(_Level(tuple(columns), *crossing(columns, len(records))))
    return found


def _final(levels: Sequence[_Level], level: Integers) -> tuple[Integers, list[str], list[int]]:
    """The class of each record after collapsing, the names of the classes, and the steps each took."""
    of_class = np.zeros(len(level), np.int64)
    names: list[str] = []
    steps: list[int] = []
    for at, classes in enumerate(levels):
        used, place = np.unique(classes.code[level == at], return_inverse=True)
        of_class[level == at] = place.reshape(-1) + len(names)
        names += [classes.name(each) for each in used.tolist()]
        steps += [at] * len(used)
    return of_class, names, steps


def _collapses(
    here: _Level, coarser: _Level, sums: ClassSums, wrong: npt.NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Of each class that will not do: how many answered, the factor, and the class that it becomes."""
    into = np.zeros(len(here.cells), np.int64)
    into[here.code] = coarser.code
    factors = sums.of_respondents
    return [
        {
            "class": here.name(at),
            "respondents": int(sums.people[at, RESPONDENT]),
            "factor": float(factors[at]) if math.isfinite(factors[at]) else None,
            "became": coarser.name(int(into[at])),
        }
        for at in np.flatnonzero(wrong).tolist()
    ]


def _last_class_will_not_do(here: _Level, sums: ClassSums, at: int, classes: WeightingClasses) -> DataRefused:
    factor = float(sums.of_respondents[at])
    said = f"a factor of {factor:.4g}" if math.isfinite(factor) else "nobody to stand for the others"
    return DataRefused(
        f"The weighting class of {here.name(at)} has {int(sums.people[at, RESPONDENT]):,} respondents and"
        f" {said}; asked are {classes.minimum_respondents:,} respondents and a factor of at most"
        f" {classes.maximum_factor:g}, and no step to collapse it is left.",
        "Declare further steps in `collapse`, or ask for less.",
    )
