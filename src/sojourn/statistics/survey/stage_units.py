"""The units of one stage of selection, and how positions of units within units are formed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError
from sojourn.statistics.survey.positions import numbered

__all__ = ["NOTHING_LEFT", "StageUnits", "first_rows", "paired", "refuse_single"]

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# A stratum of which all but this share was drawn has no variance left, as in R `survey`.
NOTHING_LEFT = 1e-7


@dataclass(frozen=True)
class StageUnits:
    """The units of one stage.

    `unit_of_row` and `stratum_of_unit` are positions; `drawn` counts the units of a stratum and `factor` is
    what the sum of squares between them is multiplied by: 0 where nothing is left to vary. `is_single` marks
    strata with one unit, whose square is taken around zero.
    """

    unit_of_row: Integers
    stratum_of_unit: Integers
    drawn: Integers
    factor: Floats
    is_single: npt.NDArray[np.bool_]

    @property
    def freedom(self) -> int:
        """Units that were drawn, less their strata."""
        return int(self.drawn.sum()) - len(self.drawn)


def paired(outer: Integers, inner: Integers) -> Integers:
    """Each pair of positions as one position among the pairs that occur, in order."""
    if not len(outer):
        return outer
    return numbered(outer * (int(inner.max()) + 1) + inner)[0]


def first_rows(position: Integers) -> Integers:
    """For each position the first row that has it."""
    return numbered(position)[1]


def refuse_single(found: StageUnits, where: str, strata: str, rules: str) -> None:
    """Refuse strata with a single unit; `rules` are those that could be declared for them.

    Raises: ProjectError with how many there are.
    """
    count = int(found.is_single.sum())
    if count:
        raise ProjectError(
            f"{where}, {count:,} of {len(found.drawn):,} strata ({strata}) have one sampled unit:"
            " their variance cannot be estimated.",
            f"Join such strata to others, or declare `single_unit`: {rules}.",
        )
