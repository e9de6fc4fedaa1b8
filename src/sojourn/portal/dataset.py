"""One table and one selection of it, prepared for a page: what to show, never how it looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sojourn.dissemination.charts import BARS, LINES
from sojourn.dissemination.descriptions import Dimension, ReleaseEntry, TableDescription, text_in
from sojourn.dissemination.flags import Flag, flag_symbol, flags_present
from sojourn.dissemination.grid import Grid, grid
from sojourn.dissemination.maps import areas_off_map, has_marks, is_shaded, map_dimension, map_selection
from sojourn.dissemination.selection import (
    ALL,
    TIME,
    Cells,
    Selection,
    SelectionRefused,
    UnknownPart,
    choices,
    default_selection,
    selection_asked,
)
from sojourn.dissemination.sentences import NORMAL_95, summary, title_of
from sojourn.dissemination.shapes import installed_shapes
from sojourn.dissemination.wording import Wording
from sojourn.portal.problems import PageProblem
from sojourn.portal.site import OpenRelease
from sojourn.portal.visits import Visit

__all__ = ["CELLS_ON_A_PAGE", "Dataset", "dataset_of", "release_of", "selection_of"]

CELLS_ON_A_PAGE = 100_000
ROWS_ON_A_PAGE = 100
_NOT_DIMENSIONS = ("lang", "view", "release", "page", "theme", "size")


@dataclass(frozen=True)
class Shown:
    """One cell as a reader sees it."""

    text: str
    symbol: str
    interval: str
    linkage: str


@dataclass(frozen=True)
class Head:
    """The name of a code with the language that the name is in."""

    code: str
    name: str
    language: str


@dataclass(frozen=True)
class Row:
    """One line of the table: its names and its cells."""

    heads: tuple[Head, ...]
    cells: tuple[Shown, ...]


@dataclass(frozen=True)
class Choice:
    """One dimension in the form: its codes, which are chosen, and whether all are."""

    id: str
    name: str
    options: tuple[tuple[Head, bool], ...]
    chosen: int

    @property
    def is_all(self) -> bool:
        """Whether every code is chosen."""
        return self.chosen == len(self.options)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table, a release, a selection and the words to show them in."""

    description: TableDescription
    release: OpenRelease
    selection: Selection
    cells: Cells
    words: Wording
    page: int = 1

    @cached_property
    def grid(self) -> Grid:
        """The selection laid out."""
        return grid(self.cells, self.selection)

    @property
    def entry(self) -> ReleaseEntry:
        """The manifest's line of the release."""
        return self.release.entry

    @cached_property
    def title(self) -> str:
        """The table's title with what the selection fixes."""
        return title_of(self.description, self.grid, self.words)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The selection in plain words."""
        return summary(self.description, self.grid, self.words)

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """The flags that the selection holds."""
        return flags_present(self.grid.cells, self.words)

    @property
    def has_intervals(self) -> bool:
        """Whether any chosen cell has a standard error."""
        return bool(self.grid.cells["SE"].null_count < self.grid.cells.num_rows)

    @property
    def has_linkage(self) -> bool:
        """Whether any chosen cell says what linkage adds to its error."""
        return bool(self.grid.cells["LINKAGE_SE"].null_count < self.grid.cells.num_rows)

    @property
    def can_be_mapped(self) -> bool:
        """Whether the table has areas that a map of the world knows."""
        return map_dimension(self.description) is not None

    @property
    def chart_rows(self) -> int:
        """How many rows a chart can show."""
        over_time = self.grid.column_dimension == TIME and len(self.grid.columns) > 1
        return min(len(self.grid.rows), LINES if over_time else BARS)

    @property
    def map_is_shaded(self) -> bool:
        """Whether a map shades areas rather than drawing circles."""
        return is_shaded(self.description)

    @cached_property
    def off_map(self) -> list[str]:
        """The names of areas that have a figure but no place on the map."""
        by, shapes = map_dimension(self.description), installed_shapes()
        if by is None or shapes is None:
            return []
        return list(
            areas_off_map(
                self.cells, map_selection(self.description, self.selection, by), by, shapes, self.words
            )
        )

    @cached_property
    def map_has_marks(self) -> bool:
        """Whether some areas have a mark on the map in place of a figure."""
        by, shapes = map_dimension(self.description), installed_shapes()
        if by is None or shapes is None:
            return False
        return has_marks(
            self.cells, map_selection(self.description, self.selection, by), by, shapes, self.words
        )

    @property
    def latest_period(self) -> str:
        """The last chosen period."""
        return self.selection.periods[-1]

    @cached_property
    def latest(self) -> Shown | None:
        """The last cell of the first row: the headline where the selection is one series."""
        return self.rows[0].cells[-1] if self.rows else None

    @cached_property
    def spark(self) -> str:
        """The first row as points of a line 240 wide and 48 high; empty where there is too little to draw."""
        values = self.grid.numbers("OBS_VALUE")
        if not len(values) or values.shape[1] < 3 or np.isnan(values[0]).any() or values[0].max() <= 0:
            return ""
        across = np.linspace(2, 238, values.shape[1])
        up = 46 - 44 * values[0] / values[0].max()
        return " ".join(f"{x:.0f},{y:.1f}" for x, y in zip(across, up, strict=True))

    @property
    def pages(self) -> int:
        """How many pages the rows fill."""
        return max(1, math.ceil(len(self.grid.rows) / ROWS_ON_A_PAGE))

    @property
    def first_row(self) -> int:
        """The number of the first row of this page, from one."""
        return (self.page - 1) * ROWS_ON_A_PAGE + 1

    @property
    def last_row(self) -> int:
        """The number of the last row of this page."""
        return min(self.page * ROWS_ON_A_PAGE, len(self.grid.rows))

    @cached_property
    def _names(self) -> dict[str, dict[str, Head]]:
        language = self.words.language
        found = {
            dimension.id: {code.id: Head(code.id, *text_in(code.name, language)) for code in dimension.codes}
            for dimension in self.description.dimensions
        }
        return {**found, TIME: {period: Head(period, period, "") for period in self.description.time_periods}}

    def head(self, name: str, code: str) -> Head:
        """The name of a code."""
        return self._names[name][code]

    def name_of(self, name: str) -> str:
        """The name of a dimension or of time."""
        dimension = self._dimension(name)
        return (
            self.words("dataset.time")
            if dimension is None
            else text_in(dimension.name, self.words.language)[0]
        )

    def _dimension(self, name: str) -> Dimension | None:
        return next((it for it in self.description.dimensions if it.id == name), None)

    @property
    def columns(self) -> tuple[Head, ...]:
        """The heads of the columns of figures."""
        return tuple(self.head(self.grid.column_dimension, code) for code in self.grid.columns)

    @property
    def row_names(self) -> tuple[str, ...]:
        """The heads of the columns of names."""
        return tuple(self.name_of(name) for name in self.grid.row_dimensions)

    @property
    def fixed(self) -> tuple[tuple[str, Head], ...]:
        """What is the same for all cells: the dimension and its one chosen code."""
        return tuple((self.name_of(name), self.head(name, code)) for name, code in self.grid.fixed)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The rows of this page."""
        laid_out, decimals = self.grid, self.description.unit.decimals
        values, by_sample = laid_out.numbers("OBS_VALUE"), self._half_widths("SE")
        by_linkage = self._half_widths("LINKAGE_SE")
        statuses, free = laid_out.texts("OBS_STATUS"), laid_out.texts("CONF_STATUS")
        found = []
        for row in range(self.first_row - 1, self.last_row):
            cells = []
            for column in range(len(laid_out.columns)):
                value = float(values[row, column])
                known = laid_out.at[row, column] >= 0
                symbol = flag_symbol(str(statuses[row, column]), str(free[row, column])) if known else ""
                text = "" if math.isnan(value) else self.words.number(value, decimals)
                cells.append(Shown(text, symbol, by_sample[row][column], by_linkage[row][column]))
            heads = zip(laid_out.row_dimensions, laid_out.rows[row], strict=True)
            found.append(Row(tuple(self.head(name, code) for name, code in heads), tuple(cells)))
        return tuple(found)

    def _half_widths(self, column: str) -> list[list[str]]:
        """Half of the interval of 95 per cent of each cell, as text; empty where there is no error."""
        decimals = max(self.description.unit.decimals, 0)
        return [
            ["" if math.isnan(error) else self.words.number(NORMAL_95 * error, decimals) for error in row]
            for row in self.grid.numbers(column).tolist()
        ]

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The form's questions, with what is chosen."""
        found = []
        for name, codes in choices(self.description).items():
            chosen = frozenset(self.selection.codes[name])
            options = tuple((self.head(name, code), code in chosen) for code in codes)
            found.append(Choice(name, self.name_of(name), options, len(chosen)))
        return tuple(found)

    def parts(self, visit: Visit, **changes: object) -> tuple[tuple[str, str], ...]:
        """The parts of an address that shows this selection, as short as it can be said."""
        first = default_selection(self.description)
        found: list[tuple[str, str]] = []
        for name, codes in choices(self.description).items():
            chosen = self.selection.codes[name]
            if chosen == first.codes[name]:
                continue
            found += [(name, ALL)] if chosen == codes else [(name, code) for code in chosen]
        kept: dict[str, object] = {key: visit.one(key) for key in ("view", "release")} | changes
        return (*found, *((key, str(value)) for key, value in kept.items() if value))


def release_of(visit: Visit, table: str) -> OpenRelease:
    """The release that a table is shown from: the one asked for, or the current one.

    Raises: PageProblem 404 where there is none, 410 with the reason where it was withdrawn.
    """
    snapshot = visit.snapshot
    asked = visit.one("release")
    vintages = snapshot.vintages(table)
    if asked:
        entry = next((it for it in vintages if it.hash == asked), None)
        if entry is None:
            raise PageProblem(404, "problem.404")
        if entry.status == "withdrawn":
            raise _withdrawn(visit, entry)
        if entry.hash not in snapshot.releases:
            raise PageProblem(404, "problem.unshown")
        return snapshot.releases[entry.hash]
    if table in snapshot.current:
        return snapshot.current[table]
    if any(entry.status != "withdrawn" for entry in vintages):
        raise PageProblem(404, "problem.unshown")
    if vintages:
        raise _withdrawn(visit, vintages[0])
    raise PageProblem(404, "problem.404")


def _withdrawn(visit: Visit, entry: ReleaseEntry) -> PageProblem:
    reason = text_in(entry.reason, visit.language)[0]
    return PageProblem(410, "problem.410", page={"reason": reason}, members={"reason": reason})


def selection_of(visit: Visit, release: OpenRelease, table: str) -> Selection:
    """The selection that a visit asks for.

    Raises: PageProblem 400 with what was typed and the nearest that exists.
    """
    description = release.tables[table]
    asked = visit.without(*_NOT_DIMENSIONS)
    try:
        return selection_asked(description, asked, visit.language)
    except SelectionRefused as refused:
        unknown = refused.unknown
        raise PageProblem(
            400,
            "problem.selection",
            page={
                "suggestions": _suggestions(visit, asked, unknown),
                "typed": asked,
                "form_path": visit.path,
            },
            members={
                "unknown": [
                    {"name": it.name, "value": it.written, "nearest": [code for code, _ in it.nearest]}
                    for it in unknown
                ]
            },
        ) from refused


def _suggestions(
    visit: Visit, asked: Sequence[tuple[str, str]], unknown: Sequence[UnknownPart]
) -> list[tuple[UnknownPart, list[tuple[str, str, str]]]]:
    """Each part that does not exist with addresses that put the nearest in its place."""
    kept = [pair for pair in visit.asked if pair[0] in _NOT_DIMENSIONS]
    known = [pair for pair in asked if pair not in {(it.name, it.written) for it in unknown}]
    found = []
    for part in unknown:
        links = []
        for code, name in part.nearest:
            mended = (code, part.written) if part.is_name else (part.name, code)
            links.append((code, name, visit.link(visit.path, [*known, mended, *kept])))
        found.append((part, links))
    return found


def dataset_of(visit: Visit, table: str) -> Dataset:
    """The table and selection that a visit asks for.

    Raises: PageProblem 404, 410, 400, or 413 where the selection has more cells than a page can hold.
    """
    release = release_of(visit, table)
    selection = selection_of(visit, release, table)
    if selection.size > CELLS_ON_A_PAGE:
        raise PageProblem(
            413,
            "problem.413",
            texts={"count": visit.words.number(selection.size), "most": visit.words.number(CELLS_ON_A_PAGE)},
            page={"whole": f"/data/{table}#downloads"},
            members={"cells": selection.size, "most": CELLS_ON_A_PAGE},
        )
    written = visit.one("page", "1")
    if not written.isascii() or not written.isdigit() or len(written) > 6 or int(written) < 1:
        raise PageProblem(400, "problem.page")
    found = Dataset(
        release.tables[table], release, selection, visit.site.cells(release, table), visit.words, int(written)
    )
    if found.page > found.pages:
        raise PageProblem(404, "problem.page")
    return found
