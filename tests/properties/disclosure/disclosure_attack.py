"""An attack on published tables that shares nothing with the method that protects them.

The reader knows the observations, that every total is the sum of its parts, that a combination without a
row is empty, and that a withheld figure has at least one person. What they can find out is the smallest and
the largest number of persons that a withheld figure can have in any table of whole persons.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import highspy
import pyarrow as pa

Cell = tuple[str, ...]
PRIMAL = 4  # the primal simplex method, as HiGHS numbers it


class Silent(highspy.Highs):
    def enableCallbacks(self) -> None:
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()


def counted(inner: dict[Cell, int]) -> pa.Table:
    """The estimates of a table of counts, with all totals, from its inner cells."""
    width = len(next(iter(inner)))
    totals: dict[Cell, int] = {}
    for cell, persons in inner.items():
        if persons == 0:
            continue
        for summed in itertools.product((False, True), repeat=width):
            name = tuple("_T" if is_total else code for is_total, code in zip(summed, cell, strict=True))
            totals[name] = totals.get(name, 0) + persons
    columns = {f"d{place}": [cell[place] for cell in totals] for place in range(width)}
    rows = len(totals)
    return pa.table(
        columns
        | {
            "time_period": ["2024"] * rows,
            "value": pa.array([float(count) for count in totals.values()], pa.float64()),
            "contributors": pa.array(list(totals.values()), pa.int64()),
            "variance": pa.nulls(rows, pa.float64()),
            "degrees_of_freedom": pa.nulls(rows, pa.int64()),
            "method": ["m"] * rows,
        }
    )


def published(observations: pa.Table) -> dict[Cell, float | None]:
    names = [name for name in observations.column_names if name.startswith("D")]
    return {tuple(row[name] for name in names): row["OBS_VALUE"] for row in observations.to_pylist()}


class Reader:
    """One who knows what is published, and perhaps one withheld figure of their own.

    With `is_whole` unset the reader does not think of whole persons: quicker, and a little less sharp.
    """

    def __init__(
        self,
        figures: dict[Cell, float | None],
        known: Iterable[tuple[Cell, float]] = (),
        *,
        is_whole: bool = True,
    ) -> None:
        self.model = Silent()
        if not is_whole:
            # The answer to one question is a table that the next question can begin with.
            self.model.setOptionValue("simplex_strategy", PRIMAL)
        self.persons = {}
        kind = highspy.HighsVarType.kInteger if is_whole else highspy.HighsVarType.kContinuous
        own = dict(known)
        for cell, value in figures.items():
            value = own.get(cell, value)
            low, high = (1, 10_000_000) if value is None else (value, value)
            self.persons[cell] = self.model.addVariable(low, high, type=kind)
        lines: dict[tuple[int, Cell], list[Cell]] = {}
        for cell in self.persons:
            for place, code in enumerate(cell):
                if code != "_T":
                    lines.setdefault((place, (*cell[:place], "_T", *cell[place + 1 :])), []).append(cell)
        for (_, total), parts in lines.items():
            if total in self.persons:
                self.model.addConstr(
                    self.model.qsum(self.persons[part] for part in parts) == self.persons[total]
                )

    def bounds(self, cell: Cell) -> tuple[int, int]:
        """The fewest and the most persons that a figure can have for all this reader knows."""
        found = []
        for ask in (self.model.minimize, self.model.maximize):
            ask(1 * self.persons[cell])
            assert self.model.getModelStatus() == highspy.HighsModelStatus.kOptimal
            found.append(round(self.model.val(self.persons[cell])))
        return found[0], found[1]
