"""The cells of a table a page at a time, as checkers read them: old beside new, what was found marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.concepts import code_list
from sojourn.dissemination.descriptions import text_in
from sojourn.dissemination.publication import TableDescription
from sojourn.release.draft_tables import TableBeside

__all__ = ["PAGE", "SHOWN", "Cell", "CellPage", "Figure", "cell_page"]

PAGE = 50
# What may be shown of a table, in words.
SHOWN: Mapping[str, str] = {
    "all": "all cells",
    "findings": "cells with findings",
    "changes": "cells that changed",
    "withheld": "cells that are withheld",
}
_LANGUAGE = "en"


@dataclass(frozen=True)
class Figure:
    """One figure with its standard error, and its status and confidentiality in codes and in words."""

    value: float | None
    error: float | None
    variation: float | None
    status: str
    status_name: str
    confidentiality: str
    confidentiality_name: str


@dataclass(frozen=True)
class Cell:
    """One cell: where it stands, what it was, what it is, and what was found about it.

    `persons` is the number behind the figure before protection; None where it is not shown or not known.
    """

    row: int
    names: tuple[str, ...]
    old: Figure | None
    new: Figure | None
    difference: float | None
    change: str
    findings: tuple[int, ...]
    persons: int | None = None


@dataclass(frozen=True)
class CellPage:
    """One page of the cells that are shown: how many of each kind there are, and which page this is."""

    headings: tuple[str, ...]
    cells: tuple[Cell, ...]
    counts: Mapping[str, int]
    show: str
    page: int
    pages: int
    decimals: int


def cell_page(
    beside: TableBeside,
    findings: Sequence[Mapping[str, Any]],
    *,
    show: str = "all",
    page: int = 1,
    only: int | None = None,
    persons: npt.NDArray[np.int64] | None = None,
) -> CellPage:
    """The cells of one page; `only` is the finding that they must be of, `persons` is by row, -1 not known.

    A page that there is not is the nearest that there is.
    """
    marks = beside.rows_of([dict(finding) for finding in findings])
    rows = {
        "all": np.arange(beside.cells.num_rows),
        "findings": np.array(sorted(marks), np.int64),
        "changes": np.nonzero(beside.changed())[0],
        "withheld": np.nonzero(beside.withheld())[0],
    }
    chosen = rows[show]
    if only is not None:
        chosen = np.array(sorted(row for row, numbers in marks.items() if only in numbers), np.int64)
    pages = max(1, -(-len(chosen) // PAGE))
    page = min(max(1, page), pages)
    taken = chosen[(page - 1) * PAGE : page * PAGE]
    return CellPage(
        _headings(beside.description),
        tuple(_cells(beside, taken, marks, persons)),
        {name: len(found) for name, found in rows.items()},
        show,
        page,
        pages,
        beside.description.unit.decimals,
    )


def _headings(description: TableDescription) -> tuple[str, ...]:
    names = [text_in(dimension.name, _LANGUAGE)[0] or dimension.id for dimension in description.dimensions]
    return (*names, "Time")


def _cells(
    beside: TableBeside,
    rows: npt.NDArray[np.int64],
    marks: Mapping[int, list[int]],
    persons: npt.NDArray[np.int64] | None,
) -> list[Cell]:
    names = [
        {code.id: text_in(code.name, _LANGUAGE)[0] or code.id for code in dimension.codes}
        for dimension in beside.description.dimensions
    ]
    dimensions = [name for name, _ in beside.codes]
    found = []
    for row, cell in zip(rows.tolist(), beside.cells.take(pa.array(rows)).to_pylist(), strict=True):
        codes = [cell[name] for name in dimensions]
        words = [known.get(code, code) for known, code in zip(names, codes, strict=False)]
        known_persons = int(persons[row]) if persons is not None and persons[row] >= 0 else None
        found.append(
            Cell(
                row,
                (*words, codes[-1]),
                _figure(cell, "OLD_"),
                _figure(cell, "NEW_"),
                cell["DIFFERENCE"],
                cell["CHANGE"],
                tuple(marks.get(row, ())),
                known_persons,
            )
        )
    return found


def _figure(cell: Mapping[str, Any], which: str) -> Figure | None:
    """The old or the new figure of a cell; None where the table has no such cell."""
    status, confidentiality = cell[f"{which}OBS_STATUS"], cell[f"{which}CONF_STATUS"]
    if status is None:
        return None
    return Figure(
        cell[f"{which}OBS_VALUE"],
        cell[f"{which}SE"],
        cell[f"{which}CV"],
        status,
        _name("CL_OBS_STATUS", status),
        confidentiality,
        _name("CL_CONF_STATUS", confidentiality),
    )


def _name(codes: str, code: str) -> str:
    known = code_list(codes)
    return known.code(code).name(_LANGUAGE) if code in known else code
