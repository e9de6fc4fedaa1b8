"""Dialect: how a file is written, as its sender declared it.

A reader obeys a declaration and never guesses one. `proposal.propose` suggests a dialect with its evidence,
and a person confirms it. A dialect that cannot be obeyed is refused at birth, so that no file is opened
under it. Positions of a fixed-width column count characters from 1 and include both ends.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Literal, Self, cast, get_args

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Dialect", "Escape", "FixedColumn", "Format", "Limits"]

Format = Literal["csv", "fixed_width", "excel", "parquet", "spss", "stata", "sas"]
Escape = Literal["doubled", "backslash"]

TEXT_FORMATS = ("csv", "fixed_width")
MEBIBYTE = 1 << 20
LARGEST_FIELD = 64 * MEBIBYTE
# Encodings whose bytes below 128 do not stand for themselves: `codecs` knows them, a line reader must not.
NOT_TEXT = frozenset(
    {"utf-7", "idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs", "oem"}
)


@dataclass(frozen=True)
class FixedColumn:
    """A column that stands between two positions of every line."""

    name: str
    first: int
    last: int

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("A fixed-width column needs a name.")
        if not 1 <= self.first <= self.last:
            raise ValueError(
                f"Column {self.name} cannot run from position {self.first} to {self.last}: "
                "positions count from 1 and the first comes before the last."
            )


@dataclass(frozen=True)
class Limits:
    """What reading one file may cost before it is refused.

    `cpu_seconds` of None means 60 seconds and one more for each MiB of the file; `silent_seconds` is how long
    the child may say nothing before it counts as stuck.
    """

    memory_bytes: int = 2048 * MEBIBYTE
    cpu_seconds: int | None = None
    silent_seconds: float = 600.0

    def __post_init__(self) -> None:
        if self.memory_bytes < 512 * MEBIBYTE:
            raise ValueError("The reader itself needs 512 MiB of address space; allow it at least that much.")
        if self.cpu_seconds is not None and self.cpu_seconds < 1:
            raise ValueError("A reading needs at least one second.")
        if self.silent_seconds <= 0:
            raise ValueError("The time that a reading may be silent must be positive.")

    def seconds_for(self, size: int) -> int:
        """CPU seconds that a file of `size` bytes may take."""
        return self.cpu_seconds if self.cpu_seconds is not None else 60 + size // MEBIBYTE


@dataclass(frozen=True)
class Dialect:
    """How one kind of file is written.

    `encoding` is None only in a proposal that found no single answer. `header_line` is the physical line of
    the header, 1-based; 0 means that the file has none, and `columns` then names its columns in order.
    `columns` of a fixed-width file are `FixedColumn`s. `non_data` are regular expressions (RE2) that must
    match a whole physical line for it to be listed as non-data: printed totals, footnotes. Lines without
    any content are always listed as non-data. An empty field is null; a quoted empty field is empty text.
    """

    format: Format = "csv"
    encoding: str | None = "utf-8"
    separator: str = ","
    quote: str | None = '"'
    escape: Escape = "doubled"
    header_line: int = 1
    columns: tuple[str, ...] | tuple[FixedColumn, ...] = ()
    non_data: tuple[str, ...] = ()
    sheet: str | int | None = None
    field_limit: int = MEBIBYTE
    column_limit: int = 2000

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))
        object.__setattr__(self, "non_data", tuple(self.non_data))
        if self.format not in get_args(Format):
            raise ValueError(
                f"The format is one of {', '.join(get_args(Format))}; {self.format!r} is not among them."
            )
        if self.encoding is not None:
            object.__setattr__(self, "encoding", canonical_encoding(self.encoding))
        if self.format == "csv":
            self._refuse_confused_marks()
        self._refuse_confused_columns()
        self._refuse_unreadable_patterns()
        if not 1 <= self.field_limit <= LARGEST_FIELD:
            raise ValueError(
                f"The longest field lies between 1 and {LARGEST_FIELD} bytes, not {self.field_limit}."
            )
        if not 1 <= self.column_limit <= 16384:
            raise ValueError(f"The column limit lies between 1 and 16 384, not {self.column_limit}.")

    def _refuse_confused_marks(self) -> None:
        if not self.separator or len(self.separator.encode()) > 16:
            raise ValueError("The separator has between 1 and 16 bytes.")
        if any(mark in self.separator for mark in "\r\n\0"):
            raise ValueError("The separator cannot hold a line end or a NUL.")
        if self.quote is not None and (
            len(self.quote) != 1 or not self.quote.isascii() or self.quote in "\r\n\0"
        ):
            raise ValueError("The quote is one ASCII character, or none.")
        if self.quote is not None and self.quote in self.separator:
            raise ValueError(f"The quote {self.quote!r} cannot be part of the separator {self.separator!r}.")
        if self.escape not in get_args(Escape):
            raise ValueError(
                f"Quotes inside a quoted field are 'doubled' or follow a 'backslash', not {self.escape!r}."
            )
        if self.escape == "backslash" and ("\\" in self.separator or self.quote == "\\"):
            raise ValueError("A backslash cannot be an escape and also a separator or a quote.")

    def _refuse_confused_columns(self) -> None:
        if self.header_line < 0:
            raise ValueError("The header line counts from 1; 0 says that the file has no header.")
        fixed = self.format == "fixed_width"
        kind = FixedColumn if fixed else str
        if not all(isinstance(column, kind) for column in self.columns):
            raise ValueError(
                f"The columns of a {self.format} file are declared as {'positions' if fixed else 'names'}."
            )
        if fixed and not self.columns:
            raise ValueError("A fixed-width file needs its columns declared: name, first and last position.")
        if self.format in ("csv", "excel") and self.header_line == 0 and not self.columns:
            raise ValueError("A file without a header needs its columns declared, in order.")
        names = [column.name if isinstance(column, FixedColumn) else column for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("Two declared columns have the same name.")
        if fixed:
            self._refuse_overlaps()

    def _refuse_overlaps(self) -> None:
        placed = sorted(self.fixed_columns, key=lambda column: column.first)
        for before, after in pairwise(placed):
            if after.first <= before.last:
                raise ValueError(f"Columns {before.name} and {after.name} share position {after.first}.")

    def _refuse_unreadable_patterns(self) -> None:
        for pattern in self.non_data:
            try:
                pc.match_substring_regex(pa.array([""]), f"^(?:{pattern})$")
            except pa.ArrowInvalid as fault:
                raise ValueError(
                    f"The pattern for non-data lines {pattern!r} cannot be read: {fault}."
                ) from None

    @property
    def fixed_columns(self) -> tuple[FixedColumn, ...]:
        """The columns of a fixed-width file."""
        return tuple(column for column in self.columns if isinstance(column, FixedColumn))

    @property
    def column_names(self) -> tuple[str, ...]:
        """The declared names, in order; empty when the header gives them."""
        return tuple(column.name if isinstance(column, FixedColumn) else column for column in self.columns)

    def to_json(self) -> dict[str, Any]:
        """The dialect as plain values that `from_json` reads back."""
        plain: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        plain["columns"] = [
            [column.name, column.first, column.last] if isinstance(column, FixedColumn) else column
            for column in self.columns
        ]
        plain["non_data"] = list(self.non_data)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The dialect that `to_json` wrote. Raises: ValueError when it is not one."""
        values = dict(plain)
        declared = cast("Sequence[Any]", values.get("columns", ()))
        values["columns"] = tuple(
            column if isinstance(column, str) else FixedColumn(column[0], int(column[1]), int(column[2]))
            for column in declared
        )
        values["non_data"] = tuple(values.get("non_data", ()))
        return cls(**values)


def canonical_encoding(name: str) -> str:
    """Python's name of an encoding. Raises: ValueError when there is no such text encoding."""
    try:
        found = codecs.lookup(name)
    except LookupError:
        raise ValueError(f"There is no encoding named {name!r}.") from None
    if not getattr(found, "_is_text_encoding", True) or found.name.replace("_", "-") in NOT_TEXT:
        raise ValueError(f"{name!r} is not an encoding in which files of records are written.")
    return found.name
