"""Writing text files from columns: join, encode, count lines; and the sender's manifest beside them."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.demo.country import NEVER, Integers

__all__ = ["DeliveredFile", "TextFile", "checksum", "date_texts", "joined", "quoted", "write_manifest"]

_FIRST_WRITTEN, _LAST_WRITTEN = -30_000, 30_000


@dataclass(frozen=True)
class DeliveredFile:
    """One file as sent: from which source, for which period, with how many records."""

    source: str
    path: Path
    period: str
    rows: int


@cache
def _calendar(form: str) -> pa.StringArray:
    iso = np.datetime_as_string(np.arange(_FIRST_WRITTEN, _LAST_WRITTEN).astype("datetime64[D]"))
    if form == "iso":
        return pa.array(iso.tolist(), pa.string())
    return pa.array([f"{day[8:]}.{day[5:7]}.{day[:4]}" for day in iso.tolist()], pa.string())


def date_texts(days: Integers, form: str = "dotted") -> pa.StringArray:
    """Day numbers as 31.12.2024 (`dotted`) or 2024-12-31 (`iso`); `NEVER` is null."""
    known = days < NEVER
    return _calendar(form).take(pa.array(np.where(known, days - _FIRST_WRITTEN, 0), mask=~known))


def quoted(texts: pa.StringArray) -> pa.StringArray:
    """Fields in quotation marks where they hold a comma or a quotation mark."""
    doubled = pc.replace_substring(texts, '"', '""')
    marked = pc.binary_join_element_wise('"', doubled, '"', "")
    return pc.if_else(pc.match_substring_regex(texts, '[,"\n]'), marked, texts)


def joined(columns: Sequence[pa.StringArray], separator: str) -> pa.StringArray:
    """One line a record; null is the empty field."""
    return pc.binary_join_element_wise(*columns, separator, null_handling="replace", null_replacement="")


class TextFile:
    """A text file written block by block, which knows the number of the line it will write next."""

    def __init__(self, path: Path, *, encoding: str, newline: str = "\r\n", head: Sequence[str] = ()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.rows = 0
        self.next_line = 1
        self._encoding, self._newline = encoding, newline
        self._file = path.open("wb")
        if encoding == "utf-8-sig":
            self._file.write(b"\xef\xbb\xbf")
            self._encoding = "utf-8"
        self.print(head)

    def print(self, lines: Sequence[str]) -> None:
        """Write lines that are not records: titles, headers, totals, footnotes."""
        self._file.write("".join(line + self._newline for line in lines).encode(self._encoding))
        self.next_line += len(lines)

    def write(self, records: pa.StringArray) -> Integers:
        """Write records, one a line; their line numbers."""
        lines = np.arange(self.next_line, self.next_line + len(records))
        self.rows += len(records)
        self.next_line += len(records)
        if len(records):
            ended = pc.binary_join_element_wise(records, "", self._newline)
            buffer = ended.buffers()[2]
            self._file.write(buffer.to_pybytes().decode("utf-8").encode(self._encoding))
        return lines

    def close(self, foot: Sequence[str] = ()) -> None:
        """Write the last lines and close."""
        self.print(foot)
        self._file.close()


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write_manifest(folder: Path, delivered: Sequence[DeliveredFile]) -> None:
    """What the sender says was sent: file, rows, checksum, period."""
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(["file", "rows", "sha256", "period"])
        writer.writerows([file.path.name, file.rows, checksum(file.path), file.period] for file in delivered)
