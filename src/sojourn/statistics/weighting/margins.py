"""Margins: totals that a register or a census knows, and that weights are made to reproduce.

A margin gives the total of each category of a dimension, of each crossing of several, or the total of a
measure (income, years of stay) as a whole or by category. What happens to records and totals whose code is
unknown is declared; it is never guessed:

- `refuse`: there may be none;
- `category`: `_U` is a category like any other, with a total of its own;
- `spread`: unknown records and totals are spread over the categories that they may be of, in proportion to
  the known totals of the margin.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import TOTAL, UNKNOWN
from sojourn.errors import DataRefused, Problem, ProjectError, shown

__all__ = ["Cell", "Margin", "cell_name", "margin_of_table", "scaled_to"]

Cell = tuple[str, ...]
_MOST_TOLD = 5


@dataclass(frozen=True)
class Margin:
    """Known totals by the crossing of columns; of persons, or of the column `of` where one is named.

    `totals` has one number for each crossing of codes, in the order of `columns`; with no columns it has one
    for the empty crossing. Totals of persons are above zero, or zero where no record is of the category.
    """

    id: str
    columns: tuple[str, ...]
    totals: Mapping[Cell, float]
    of: str | None = None
    unknown: Literal["refuse", "category", "spread"] = "refuse"

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "totals", {tuple(cell): float(total) for cell, total in self.totals.items()})
        _refuse_settings(self)
        problems = _problems(self)
        if problems:
            raise DataRefused([Problem("", None, *problem) for problem in problems[:_MOST_TOLD]])

    @property
    def total(self) -> float:
        """The sum over all categories."""
        return math.fsum(self.totals.values())

    @property
    def known_totals(self) -> dict[Cell, float]:
        """The totals of the categories that weights must reproduce, unknown ones spread if so declared."""
        if self.unknown != "spread":
            return dict(self.totals)
        known = {cell: total for cell, total in self.totals.items() if UNKNOWN not in cell}
        found = dict(known)
        for cell, total in self.totals.items():
            if UNKNOWN in cell:
                for candidate, share in shares_of(cell, known).items():
                    found[candidate] += total * share
        return found


def shares_of(cell: Cell, known: Mapping[Cell, float]) -> dict[Cell, float]:
    """Over which known categories a partly unknown one is spread, and which share each has.

    Empty when no category with people fits what is known of it.
    """
    fitting = {
        candidate: total
        for candidate, total in known.items()
        if all(code in (UNKNOWN, other) for code, other in zip(cell, candidate, strict=True))
    }
    whole = math.fsum(fitting.values())
    return {candidate: total / whole for candidate, total in fitting.items()} if whole > 0 else {}


def margin_of_table(
    table: pa.Table,
    id: str,
    columns: Sequence[str],
    *,
    total: str = "total",
    of: str | None = None,
    unknown: Literal["refuse", "category", "spread"] = "refuse",
    adds_up: bool = False,
) -> Margin:
    """A margin from a table with the columns, and one of totals; an empty code is unknown.

    With `adds_up` rows of one crossing are added up, so that a finer table can serve.

    Raises: ProjectError for columns that are not there; DataRefused for empty totals, and for crossings that
    occur twice without `adds_up`.
    """
    absent = [name for name in (*columns, total) if name not in table.column_names]
    if absent:
        raise ProjectError(
            f"The totals of the margin {id} have no column {shown(absent[0])}.",
            f"They need the columns {', '.join((*columns, total))}.",
        )
    if table[total].null_count:
        raise DataRefused(f"The margin {id} has empty totals.", "Fill them in, or take the rows out.")
    codes = [pc.fill_null(table[name].cast(pa.string()), UNKNOWN).to_pylist() for name in columns]
    cells: list[Cell] = list(zip(*codes, strict=True)) if columns else [()] * len(table)
    found: dict[Cell, float] = {}
    for cell, number in zip(cells, table[total].cast(pa.float64()).to_pylist(), strict=True):
        if cell in found and not adds_up:
            raise DataRefused(
                f"The margin {id} gives the total of {cell_name(columns, cell)} twice.",
                "Keep one row for each category, or declare that the rows of a category add up.",
            )
        found[cell] = found.get(cell, 0.0) + number
    return Margin(id, tuple(columns), found, of, unknown)


def cell_name(columns: Sequence[str], cell: Cell) -> str:
    """A category in words: `sex F, age_group 15-24`."""
    if not columns:
        return "the whole"
    return ", ".join(f"{name} {shown(code)}" for name, code in zip(columns, cell, strict=True))


def scaled_to(margins: Sequence[Margin], reference: str) -> tuple[Margin, ...]:
    """The margins of persons, each multiplied so that its sum is that of the margin `reference`.

    Raises: ProjectError when no margin of persons has that name.
    """
    named = [margin for margin in margins if margin.id == reference and margin.of is None]
    if not named:
        raise ProjectError(
            f"There is no margin of persons called {shown(reference)} to scale the others to.",
            f"The margins are {', '.join(margin.id for margin in margins)}.",
        )
    wanted = named[0].total
    return tuple(
        margin
        if margin.of is not None or margin.id == reference
        else replace(
            margin, totals={cell: total * wanted / margin.total for cell, total in margin.totals.items()}
        )
        for margin in margins
    )


def _refuse_settings(margin: Margin) -> None:
    if margin.unknown not in ("refuse", "category", "spread"):
        raise ProjectError(
            f"The margin {margin.id} cannot treat unknown codes as {margin.unknown!r}.",
            "Declare `refuse`, `category` or `spread`.",
        )
    if len(set(margin.columns)) < len(margin.columns):
        raise ProjectError(f"The margin {margin.id} names a column twice.", "Name each once.")
    if margin.of in margin.columns:
        raise ProjectError(
            f"The margin {margin.id} is of a column and by it.", "A measure is not its own category."
        )
    if margin.of is not None and margin.unknown == "spread":
        raise ProjectError(
            f"The margin {margin.id} is of a measure, whose unknown categories cannot be spread.",
            "Declare `refuse` or `category`.",
        )
    if any(len(cell) != len(margin.columns) for cell in margin.totals):
        raise ProjectError(
            f"The margin {margin.id} has categories that do not fit its {len(margin.columns)} columns.",
            "Give one code for each column.",
        )


def _problems(margin: Margin) -> list[tuple[str, str]]:
    """What is wrong with the totals by themselves, and what to do about it."""
    if not margin.totals:
        return [(f"The margin {margin.id} has no totals.", "Give the total of each category.")]
    found = []
    for cell, total in sorted(margin.totals.items()):
        category = f"The margin {margin.id} has for {cell_name(margin.columns, cell)}"
        if TOTAL in cell:
            found.append((f"{category} the total over a dimension, {TOTAL}.", "Keep the categories only."))
        elif not math.isfinite(total):
            found.append((f"{category} a total that is not a finite number.", "Correct it."))
        elif margin.of is None and total < 0:
            found.append((f"{category} the negative total {total:,.6g}.", "Numbers of persons are not."))
        elif UNKNOWN in cell and margin.unknown == "refuse":
            remedy = "Declare what `unknown` means: `category` or `spread`; or take the row out."
            found.append((f"{category} a total of unknown persons.", remedy))
        elif UNKNOWN in cell and margin.unknown == "spread" and total > 0:
            known = {each: number for each, number in margin.totals.items() if UNKNOWN not in each}
            if not shares_of(cell, known):
                remedy = "Take the row out, or declare `unknown: category`."
                found.append((f"{category} a total that no known category can take up.", remedy))
    if margin.of is None and not found and margin.total == 0:
        found.append((f"All totals of the margin {margin.id} are zero.", "Look for a wrong column."))
    return found
