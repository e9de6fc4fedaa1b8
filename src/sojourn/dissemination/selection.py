"""A selection: which cells of a table are looked at. Table, chart, map and file all show the same one.

What is asked arrives as text from an address line. Every part is either understood or refused with the
nearest thing that exists; nothing is dropped, so that no reader takes a part for the whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.spelling import folded, nearest
from sojourn.dissemination.descriptions import Dimension, TableDescription, text_in
from sojourn.errors import ProjectError

__all__ = [
    "ALL",
    "TIME",
    "Cells",
    "Selection",
    "SelectionRefused",
    "UnknownPart",
    "choices",
    "default_selection",
    "label_of",
    "selection_asked",
]

ALL = "*"
TIME = "TIME_PERIOD"
SUM = "_T"
PERIODS_SHOWN = 10
CELLS_AT_FIRST = 10_000


@dataclass(frozen=True)
class Selection:
    """The chosen codes of every dimension and of time, in the order of the lists."""

    codes: Mapping[str, tuple[str, ...]]

    @property
    def periods(self) -> tuple[str, ...]:
        """The chosen periods, oldest first as the table lists them."""
        return self.codes[TIME]

    @property
    def size(self) -> int:
        """How many cells the selection can have at most."""
        return int(np.prod([len(codes) for codes in self.codes.values()], dtype=np.int64))

    def query(self) -> tuple[tuple[str, str], ...]:
        """The selection as the parts of an address."""
        return tuple((name, code) for name, codes in self.codes.items() for code in codes)

    def with_codes(self, name: str, codes: Sequence[str]) -> Selection:
        """The selection with other codes of one dimension."""
        return Selection({**self.codes, name: tuple(codes)})


@dataclass(frozen=True)
class UnknownPart:
    """A part of what was asked that the table does not have, with the nearest that it has.

    `is_name` tells a dimension that does not exist from a code that does not.
    """

    name: str
    written: str
    nearest: tuple[tuple[str, str], ...]
    is_name: bool = False


class SelectionRefused(ProjectError):
    """What was asked names something that the table does not have."""

    def __init__(self, unknown: Sequence[UnknownPart]) -> None:
        self.unknown = tuple(unknown)
        super().__init__(f"The table does not have {len(self.unknown)} of the things asked for.")


class Cells:
    """The cells of one table with the place of each code, so that any selection is found at once."""

    def __init__(self, description: TableDescription, observations: pa.Table) -> None:
        self.description = description
        if "LINKAGE_SE" not in observations.column_names:  # a release made before there was any
            nothing = pa.nulls(len(observations), pa.float64())
            observations = observations.append_column("LINKAGE_SE", nothing)
        self.observations = observations
        self._places: dict[str, npt.NDArray[np.int32]] = {}
        for name, codes in choices(description).items():
            found = pc.index_in(observations[name], value_set=pa.array(codes, pa.string()))
            self._places[name] = found.to_numpy().astype(np.int32)

    def chosen(self, selection: Selection) -> tuple[pa.Table, dict[str, npt.NDArray[np.int32]]]:
        """The chosen cells in the table's order, and for each dimension the place of its code in the list."""
        mask = np.ones(self.observations.num_rows, dtype=bool)
        for name, codes in choices(self.description).items():
            wanted = np.isin(np.array(codes), np.array(selection.codes[name]))
            if not wanted.all():
                mask &= wanted[self._places[name]]
        rows = np.flatnonzero(mask)
        return self.observations.take(pa.array(rows)), {name: at[rows] for name, at in self._places.items()}


def choices(description: TableDescription) -> dict[str, tuple[str, ...]]:
    """The codes that each dimension has, time last."""
    found = {dimension.id: tuple(code.id for code in dimension.codes) for dimension in description.dimensions}
    return {**found, TIME: description.time_periods}


def label_of(description: TableDescription, name: str, code: str, language: str) -> tuple[str, str]:
    """The name of a code with the language it is in; a period is its own name."""
    for dimension in description.dimensions:
        if dimension.id == name:
            return next((text_in(it.name, language) for it in dimension.codes if it.id == code), (code, ""))
    return code, ""


def default_selection(description: TableDescription) -> Selection:
    """What a reader sees first: one dimension in full, totals of the others, the latest periods.

    The dimension in full is that of areas, or the first one. Other dimensions without a total are shown in
    full too while that stays readable; where it does not, those with the most codes show their first one.
    """
    areas = [dimension.id for dimension in description.dimensions if dimension.role == "area"]
    full = next(iter([*areas, *description.dimension_ids]), None)
    codes = {
        dimension.id: _first_codes(dimension, dimension.id == full) for dimension in description.dimensions
    }
    found = Selection({**codes, TIME: description.time_periods[-PERIODS_SHOWN:]})
    for name in sorted(codes.keys() - {full}, key=lambda name: (-len(codes[name]), name)):
        if found.size > CELLS_AT_FIRST:
            found = found.with_codes(name, codes[name][:1])
    return found


def headline_selection(description: TableDescription) -> Selection | None:
    """The one series that stands for the table, over the periods shown first; none where there is none."""
    chosen = default_selection(description)
    for dimension in description.dimensions:
        code = description.headline.get(dimension.id, dimension.total)
        if code is None or code not in choices(description)[dimension.id]:
            return None
        chosen = chosen.with_codes(dimension.id, (code,))
    return chosen


def _first_codes(dimension: Dimension, in_full: bool) -> tuple[str, ...]:
    if dimension.total is None:
        # The sum of shares is one; it tells nothing that a reader wants to see first.
        return tuple(code.id for code in dimension.codes if code.id != SUM) or (SUM,)
    return tuple(code.id for code in dimension.codes) if in_full else (dimension.total,)


def selection_asked(
    description: TableDescription, asked: Sequence[tuple[str, str]], language: str
) -> Selection:
    """The selection that the parts of an address ask for; what they leave open is as at first sight.

    `*` stands for every code of a dimension.

    Raises: SelectionRefused with every part that the table does not have.
    """
    known, unknown = choices(description), []
    wanted: dict[str, set[str]] = {}
    for name, written in asked:
        if name not in known:
            near = nearest(name[:100], {folded(it): it for it in known}, 1)
            likely = [(it, _heading(description, it, language)) for it in known if folded(it) in near]
            unknown.append(UnknownPart(name, written, tuple(likely), is_name=True))
        elif written == ALL:
            wanted.setdefault(name, set()).update(known[name])
        elif written in known[name]:
            wanted.setdefault(name, set()).add(written)
        else:
            unknown.append(UnknownPart(name, written, _nearest_codes(description, name, written, language)))
    if unknown:
        raise SelectionRefused(unknown)
    first = default_selection(description)
    return Selection(
        {
            name: tuple(code for code in codes if code in wanted[name])
            if name in wanted
            else first.codes[name]
            for name, codes in known.items()
        }
    )


def _heading(description: TableDescription, name: str, language: str) -> str:
    named = {dimension.id: text_in(dimension.name, language)[0] for dimension in description.dimensions}
    return named.get(name, name)


def _nearest_codes(
    description: TableDescription, name: str, written: str, language: str
) -> tuple[tuple[str, str], ...]:
    spellings: dict[str, str] = {}
    for code in choices(description)[name]:
        spellings.setdefault(folded(code), code)
    for dimension in description.dimensions:
        for it in dimension.codes if dimension.id == name else ():
            for text in it.name.values():
                spellings.setdefault(folded(text), it.id)
    codes = dict.fromkeys(spellings[near] for near in nearest(written[:100], spellings, 6))
    return tuple((code, label_of(description, name, code, language)[0]) for code in list(codes)[:3])
