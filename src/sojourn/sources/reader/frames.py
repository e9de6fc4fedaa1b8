"""Frames: what a reading says, in the order in which it says it.

One `Header`, then any number of `Loaded`, `Quarantined`, `NonData` and `Progress`, then one `Summary`. The
same events leave the in-process reader and, as bytes, the child process. Values travel only in `Loaded`
batches and in the `raw` column of `Quarantined` batches; nothing else here ever holds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow as pa

from sojourn.sources.reader.dialect import Dialect

__all__ = [
    "QUARANTINE_SCHEMA",
    "RAW_LIMIT",
    "Column",
    "Event",
    "Header",
    "Loaded",
    "NonData",
    "Notice",
    "Progress",
    "Quarantined",
    "Summary",
    "column_letter",
    "loaded_schema",
]

RAW_LIMIT = 64 * 1024

QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field("line", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("column", pa.int32()),
        pa.field("expected", pa.string()),
        pa.field("found", pa.string()),
        pa.field("raw", pa.binary(), nullable=False),
        pa.field("raw_cut", pa.bool_(), nullable=False),
    ]
)


def loaded_schema(columns: int) -> pa.Schema:
    """The shape of a batch of loaded records: the line each stands on, then its cells as text."""
    cells = [pa.field(f"c{position}", pa.string()) for position in range(columns)]
    return pa.schema([pa.field("line", pa.int64(), nullable=False), *cells])


def column_letter(position: int) -> str:
    """The letter that a spreadsheet gives to a column: 1 is A, 27 is AA."""
    letters = ""
    while position > 0:
        position, remainder = divmod(position - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


@dataclass(frozen=True)
class Column:
    """A column as the reader hands it on: `name` is the expected name, `header` what the file says."""

    name: str
    header: str
    position: int

    @property
    def letter(self) -> str:
        """The spreadsheet letter of the column."""
        return column_letter(self.position)


@dataclass(frozen=True)
class Notice:
    """Something that did not stop the reading and that a person should know."""

    code: str
    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True)
class Header:
    """What the file says of itself before its first record.

    `columns` are those handed on, in the order of the batches' c0, c1, …; `unknown` are those that nobody
    expected. `notes` holds what the format adds: value labels, sheet names, page counts.
    """

    columns: tuple[Column, ...]
    dialect: Dialect
    encoding: str | None
    unknown: tuple[Column, ...] = ()
    warnings: tuple[Notice, ...] = ()
    notes: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The header as plain values that `from_json` reads back."""
        return {
            "columns": [_plain_column(column) for column in self.columns],
            "dialect": self.dialect.to_json(),
            "encoding": self.encoding,
            "unknown": [_plain_column(column) for column in self.unknown],
            "warnings": [vars(notice) for notice in self.warnings],
            "notes": dict(self.notes),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The header that `to_json` wrote."""
        return cls(
            columns=tuple(_column(entry) for entry in plain["columns"]),
            dialect=Dialect.from_json(plain["dialect"]),
            encoding=plain["encoding"],
            unknown=tuple(_column(entry) for entry in plain["unknown"]),
            warnings=tuple(Notice(**entry) for entry in plain["warnings"]),
            notes=plain["notes"],
        )


def _plain_column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "header": column.header,
        "position": column.position,
        "letter": column.letter,
    }


def _column(plain: Mapping[str, Any]) -> Column:
    return Column(plain["name"], plain["header"], plain["position"])


@dataclass(frozen=True)
class Loaded:
    """Records that have the shape of the table."""

    batch: pa.RecordBatch


@dataclass(frozen=True)
class Quarantined:
    """Records that do not, each with its reason; the schema is `QUARANTINE_SCHEMA`."""

    batch: pa.RecordBatch


@dataclass(frozen=True)
class NonData:
    """A line that is no record of the table, or (`line` None) how many of a kind are not listed singly."""

    kind: str
    line: int | None
    count: int = 1


@dataclass(frozen=True)
class Progress:
    """How far the reading has come, in bytes of the file (or rows, for formats that are not lines)."""

    done: int
    total: int


@dataclass(frozen=True)
class Summary:
    """What became of every physical record, and the fingerprint of the bytes that were read."""

    physical_records: int
    loaded: int
    quarantined: int
    non_data: int
    lines: int
    newlines: Mapping[str, int]
    sha256: str
    size: int
    warnings: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        if self.loaded + self.quarantined + self.non_data != self.physical_records:
            raise AssertionError(
                f"{self.loaded} loaded + {self.quarantined} quarantined + {self.non_data} non-data is not "
                f"{self.physical_records} physical records: the reader has lost or doubled a record."
            )

    def to_json(self) -> dict[str, Any]:
        """The summary as plain values that `from_json` reads back."""
        return vars(self) | {
            "newlines": dict(self.newlines),
            "warnings": [vars(notice) for notice in self.warnings],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The summary that `to_json` wrote."""
        return cls(**{**plain, "warnings": tuple(Notice(**entry) for entry in plain["warnings"])})


Event = Header | Loaded | Quarantined | NonData | Progress | Summary
