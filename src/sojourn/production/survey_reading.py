"""Plain files of surveys, read strictly: separator, encoding and decimal mark are declared, never guessed.

Text goes through the reader by which offices receive deliveries, so that every command understands the same
files; it is read here and not in a process of its own, since an analyst's file is not a stranger's. Other
forms (workbooks, files of statistical packages) are read in such a process. A record of another shape and a
cell that is no number refuse the file with line and column: a figure without them would be too low without
telling. What a cell holds is not repeated, only its form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.cells import trimmed
from sojourn.production.movement_reading import absent_columns, column_names, opened_table
from sojourn.production.table_files import table_of
from sojourn.production.written_forms import seems_written
from sojourn.production.written_numbers import masked, numbers
from sojourn.project.declarations import Arrival
from sojourn.sources.dialects import declared_dialect
from sojourn.sources.reader.dialect import TEXT_FORMATS, Dialect
from sojourn.sources.reader.frames import Event, Header, Loaded, Quarantined
from sojourn.sources.reader.parent import read
from sojourn.sources.reader.reading import events
from sojourn.sources.reader.reasons import QUARANTINE, FileRefused

__all__ = ["arrival_of", "cell_schema", "cells_of", "names_in", "survey_parts", "survey_rows"]

_FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".sav": "spss", ".zsav": "spss",
    ".dta": "stata", ".sas7bdat": "sas", ".xpt": "sas", ".xlsx": "excel",
}  # fmt: skip
_TYPES = {"number": pa.float64(), "whole": pa.int64(), "claim": pa.bool_()}
_IS_NOT = {"number": "no number", "whole": "no whole number", "claim": "neither true nor false"}
_CLAIMS = {"true": True, "1": True, "false": False, "0": False}
# Decimal mark and mark between thousands, as they are met with: what fits is told, and never taken by itself.
_WAYS = ((".", None), (",", None), (",", " "), (",", "."), (".", ","), (".", " "), (".", "'"), (",", "'"))
# As many places are named of each thing that is wrong; all are counted.
_MOST_PLACES = 3
# Refusals behind which another way of writing may stand than the declared one.
_OF_WRITING = (
    "encoding-contradicted", "header-undecodable", "header-missing", "header-unreadable", "missing-column",
    "separator-contradicted", "two-header-rows", "blank-header",
)  # fmt: skip


def arrival_of(file: Path, declared: Arrival | None = None) -> Arrival:
    """How a file is written: as declared; its form, where that is not said, as the end of its name says.

    Raises: ProjectError for a file that is not there, and for one of which the form is not known.
    """
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        raise ProjectError(f"{file} {what}.", "Name a file that is.")
    if declared is not None and "format" in declared.model_fields_set:
        return declared
    form = _FORMATS.get(file.suffix.lower())
    if declared is not None:
        return declared.model_copy(update={"format": form or "csv"})
    if form is None:
        raise ProjectError(
            f"It is not known how {shown(file.name)} is written.",
            f"Say so under `arrives`, or give a file that ends in {', '.join(_FORMATS)}.",
        )
    separated = {"separator": "\t"} if file.suffix.lower() == ".tsv" else {}
    return Arrival.model_validate({"format": form, **separated})


def names_in(file: Path, declared: Arrival | None = None) -> list[str]:
    """The names of a file's columns, in order.

    Raises: as `survey_rows`.
    """
    arrives = arrival_of(file, declared)
    if arrives.format == "parquet":
        return column_names(file)
    with _advised(file, arrives), _opened(file, declared_dialect(arrives), ()) as (header, _):
        names = [column.name for column in header.columns]
    if len(names) == 1 and not names[0].isalnum():
        advice = seems_written(file, arrives)
        if advice is not None:
            raise DataRefused(Problem(shown(file.name), None, "there is one column only.", advice))
    return names


def survey_rows(
    file: Path,
    columns: Mapping[str, str],
    optional: Mapping[str, str] | None = None,
    *,
    arrives: Arrival | None = None,
    missing: Sequence[str] = (),
    others: bool = False,
) -> pa.Table:
    """The rows of a file, with the columns that were asked for and those of the optional ones that it has.

    Columns of numbers and claims become such; others of a text stay text, without blanks around it, since
    ` F` is `F`. A Parquet file keeps its types. `missing` are texts that mean that nothing is stated, beside
    the declared ones and the empty cell. With `others` the file's further columns come too,
    in its order; with a decimal mark other than the point, those of nothing but numbers become numbers.

    Raises: ProjectError for a file that is not there or of unknown form; DataRefused for one that is written
    otherwise than declared, lacks columns, or holds records or cells that cannot be read, with their places.
    """
    known = arrival_of(file, arrives)
    if known.format == "parquet":
        return _whole(file, columns) if others else table_of(file, columns, optional)
    names = names_in(file, known)
    asked = {**columns, **{name: kind for name, kind in (optional or {}).items() if name in names}}
    _require(file, known, asked, names)
    # A table without a column has no rows to count.
    asked = asked or {names[0]: "text"}
    wanted = [name for name in names if others or name in asked]
    kinds = {name: asked.get(name, "text") for name in wanted}
    found = _table(file, known, kinds, (*known.missing, *missing))
    if others and known.decimal != ".":
        for name in set(wanted) - set(asked):
            found = _as_decimals(found, name, known)
    return found if others else found.select(list(asked))


def survey_parts(
    file: Path, columns: Mapping[str, str], *, arrives: Arrival | None = None
) -> Iterator[pa.RecordBatch]:
    """The named columns of a file that is no Parquet, part by part, with the types of `survey_rows`.

    Raises: as `survey_rows`; what cannot be read is told at the end, when all was looked at.
    """
    known = arrival_of(file, arrives)
    _require(file, known, columns, names_in(file, known))
    yield from _batches(file, known, columns, known.missing)


def _require(file: Path, arrives: Arrival, asked: Mapping[str, str], names: Sequence[str]) -> None:
    """Refuse a file that lacks columns, or seems to be written otherwise where it lacks all of them."""
    absent = [name for name in asked if name not in names]
    if not absent:
        return
    told = absent_columns(file, absent, names, list(asked))
    advice = seems_written(file, arrives) if len(absent) == len(asked) else None
    if advice is not None:
        told = Problem(told.file, None, "none of the columns is there under this declaration.", advice)
    raise DataRefused(told)


def cell_schema(names: Sequence[str]) -> pa.Schema:
    """The schema of the batches of `cells_of`."""
    return pa.schema([("line", pa.int64()), *((f"c{place}", pa.string()) for place in range(len(names)))])


def cells_of(file: Path, arrives: Arrival, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Batches with the line of each record, and its cells in the named columns as `c0`, `c1`, ….

    Cells are text without blanks around it.

    Raises: DataRefused, at the end at the latest, as `survey_rows`.
    """
    aside = _SetAside()
    schema = cell_schema(names)
    with (
        _advised(file, arrives),
        _opened(file, declared_dialect(arrives), names) as (header, said),
    ):
        there = [column.name for column in header.columns]
        places = [there.index(name) for name in names]
        for frame in said:
            if isinstance(frame, Loaded):
                batch = frame.batch
                cells = [trimmed(batch[f"c{place}"]) for place in places]
                yield pa.record_batch([batch["line"], *cells], schema=schema)
            elif isinstance(frame, Quarantined):
                aside.add(frame.batch)
    if aside.count:
        raise DataRefused(_with_advice_last(aside.problems(shown(file.name)), file, arrives))


@dataclass
class _SetAside:
    """Records that do not have the shape of the table: how many, and where the first are."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch) -> None:
        self.count += batch.num_rows
        room = _MOST_PLACES - len(self.first)
        self.first += [(row["line"], row["reason"]) for row in batch.slice(0, max(room, 0)).to_pylist()]

    def problems(self, file: str) -> list[Problem]:
        found = [
            Problem(file, line, QUARANTINE[reason].title, QUARANTINE[reason].remedy)
            for line, reason in self.first
        ]
        more = self.count - len(found)
        if more:
            found.append(Problem(file, None, f"{more:,} more records do not have the shape of the table."))
        return found


@dataclass
class _Unread:
    """Cells of a column that are no numbers: how many, and where the first are and of what form."""

    name: str
    kind: str
    count: int = 0
    filled: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, lines: pa.Array, cells: pa.Array, is_unread: pa.Array) -> None:
        self.count += pc.sum(is_unread).as_py() or 0
        room = max(_MOST_PLACES - len(self.first), 0)
        places = zip(lines.filter(is_unread)[:room], cells.filter(is_unread)[:room], strict=True)
        self.first += [(line.as_py(), masked(cell.as_py())) for line, cell in places]

    def problems(self, file: str, arrives: Arrival) -> list[Problem]:
        what = _IS_NOT[self.kind]
        name = shown(self.name)
        if self.count == self.filled:
            line, form = self.first[0]
            message = f"the column {name} holds {what} in any record; here a cell has the form {form!r}."
            return [Problem(file, line, message, self._remedy(arrives, "Name a column of numbers."))]
        found = [
            Problem(file, line, f"the cell in the column {name} is {what}; it has the form {form!r}.")
            for line, form in self.first
        ]
        more = self.count - len(found)
        if more:
            found.append(Problem(file, None, f"{more:,} more cells in the column {name} are like that."))
        last = found[-1]
        remedy = (
            "If the text means that nothing is stated, declare it: `arrives: {missing: [TEXT]}`."
            " Otherwise look at `decimal` and `thousands`, or mend the cell."
        )
        found[-1] = Problem(last.file, last.line, last.message, self._remedy(arrives, remedy))
        return found

    def _remedy(self, arrives: Arrival, otherwise: str) -> str:
        if self.kind == "claim":
            return "Write true or false, or 1 or 0."
        for decimal, thousands in _WAYS:
            way = Arrival(decimal=decimal, thousands=thousands)
            forms = [form for _, form in self.first if "9" in form and "A" not in form]
            if forms and not numbers(pa.array(forms), way).null_count:
                said = f'decimal: "{decimal}"' + (f', thousands: "{thousands}"' if thousands else "")
                return f"If that is how numbers are written, declare `arrives: {{{said}}}`."
        return otherwise


def _whole(file: Path, columns: Mapping[str, str]) -> pa.Table:
    opened_table(file, columns)
    return pq.read_table(file)


def _table(file: Path, arrives: Arrival, kinds: Mapping[str, str], missing: Sequence[str]) -> pa.Table:
    return pa.Table.from_batches(_batches(file, arrives, kinds, missing), _schema(kinds))


def _schema(kinds: Mapping[str, str]) -> pa.Schema:
    return pa.schema([(name, _TYPES.get(kind, pa.string())) for name, kind in kinds.items()])


def _batches(
    file: Path, arrives: Arrival, kinds: Mapping[str, str], missing: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """The columns with their types, part by part; what cannot be read is told when all was looked at."""
    names, schema = list(kinds), _schema(kinds)
    unread = {name: _Unread(name, kind) for name, kind in kinds.items() if kind in _TYPES}
    nothing = pa.array(["", *missing], pa.string())
    for batch in cells_of(file, arrives, names):
        made = []
        for place, name in enumerate(names):
            cells = batch[f"c{place}"]
            cells = pc.if_else(pc.is_in(cells, nothing), pa.scalar(None, pa.string()), cells)
            made.append(_converted(cells, batch["line"], arrives, unread[name]) if name in unread else cells)
        yield pa.record_batch(made, schema=schema)
    wrong = [
        problem
        for each in unread.values()
        if each.count
        for problem in each.problems(shown(file.name), arrives)
    ]
    if wrong:
        raise DataRefused(wrong)


def _converted(cells: pa.Array, lines: pa.Array, arrives: Arrival, unread: _Unread) -> pa.Array:
    if cells.null_count == len(cells):
        return pa.nulls(len(cells), _TYPES[unread.kind])
    found = _claims(cells) if unread.kind == "claim" else numbers(cells, arrives)
    if unread.kind == "whole":
        found = pc.if_else(pc.equal(pc.trunc(found), found), found, None).cast(pa.int64())
    unread.filled += len(cells) - cells.null_count
    is_unread = pc.and_(pc.is_valid(cells), pc.is_null(found))
    if pc.any(is_unread).as_py():
        unread.add(lines, cells, is_unread)
    return found


def _claims(cells: pa.Array) -> pa.Array:
    place = pc.index_in(pc.utf8_lower(cells), pa.array(list(_CLAIMS)))
    return pa.array(list(_CLAIMS.values())).take(place)


def _as_decimals(table: pa.Table, name: str, arrives: Arrival) -> pa.Table:
    """The table with a column as numbers where it holds nothing else, and a decimal mark somewhere."""
    column = table[name]
    if not pc.any(pc.match_substring(column, arrives.decimal)).as_py():
        return table
    found = numbers(column, arrives)
    if found.null_count > column.null_count:
        return table
    return table.set_column(table.column_names.index(name), name, found)


@contextmanager
def _opened(file: Path, dialect: Dialect, names: Sequence[str]) -> Iterator[tuple[Header, Iterator[Event]]]:
    """What a file says of itself, and what follows; forms that are no text are read in another process."""
    if dialect.format not in TEXT_FORMATS:
        with read(file, dialect, names) as reading:
            yield reading.header, iter(reading)
        return
    said = events(file, dialect, names)
    header = next(said)
    if not isinstance(header, Header):
        raise AssertionError("A reading begins with the header.")
    yield header, said


@contextmanager
def _advised(file: Path, arrives: Arrival) -> Iterator[None]:
    """A refusal that may come of how the file is written, with what it seems to be written like."""
    try:
        yield
    except FileRefused as refused:
        if refused.code not in _OF_WRITING:
            raise
        raise DataRefused([_with_advice(problem, file, arrives) for problem in refused.problems]) from None


def _with_advice(problem: Problem, file: Path, arrives: Arrival) -> Problem:
    advice = seems_written(file, arrives)
    if advice is None:
        return problem
    return Problem(problem.file, problem.line, problem.message, f"{problem.remedy} {advice}".strip())


def _with_advice_last(problems: list[Problem], file: Path, arrives: Arrival) -> list[Problem]:
    return [*problems[:-1], _with_advice(problems[-1], file, arrives)]
