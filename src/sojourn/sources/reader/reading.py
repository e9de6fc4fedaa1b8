"""Reading: one file under one dialect, as a stream of events, in this process.

`parent.read` runs the same stream in a child process with limits and is what a receiving office uses; this
module is for the child itself, for an analyst's own files of text, and for tests.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from io import FileIO
from pathlib import Path

from sojourn.sources.reader import csv_reader
from sojourn.sources.reader.csv_head import read_head
from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.fixed_width import read_fixed_head
from sojourn.sources.reader.frames import Event
from sojourn.sources.reader.headers import UnknownColumns
from sojourn.sources.reader.ledger import Ledger
from sojourn.sources.reader.reasons import FileRefused, refusal
from sojourn.sources.reader.transcode import refuse_contradiction
from sojourn.sources.reader.window import Window

__all__ = ["HEAD", "events", "opened", "reader_of"]

# The part of a file in which encoding, header and the lines above it must show.
HEAD = 4 << 20


def events(
    path: str | os.PathLike[str],
    dialect: Dialect,
    expected_columns: Sequence[str] = (),
    *,
    unknown_columns: UnknownColumns = "drop",
    chunk: int = csv_reader.CHUNK,
) -> Iterator[Event]:
    """Everything that a reading says (see `frames`), the summary last. Raises: FileRefused."""
    try:
        with opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                raise refusal("empty-file")
            if dialect.format in ("csv", "fixed_width"):
                yield from _text_events(file, size, dialect, expected_columns, unknown_columns, chunk)
            else:
                read = reader_of(dialect)
                yield from read(file, size, dialect, expected_columns, unknown_columns)
    except FileRefused as refused:
        raise refused.of(Path(path).name) from None


def reader_of(dialect: Dialect) -> Callable[..., Iterator[Event]]:
    """The reader of a format that is not text; its libraries are loaded only when it is needed."""
    if dialect.format == "excel":
        from sojourn.sources.reader.excel import excel_events

        return excel_events
    if dialect.format == "parquet":
        from sojourn.sources.reader.parquet import parquet_events

        return parquet_events
    from sojourn.sources.reader.statistical import statistical_events

    return statistical_events


def opened(path: str | os.PathLike[str]) -> FileIO:
    """The file, opened without waiting for anything. Raises: FileRefused when it is no ordinary file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        raise refusal("not-a-file", f"{fault.strerror}.") from None
    file = FileIO(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise refusal("not-a-file")
    return file


def _text_events(
    file: FileIO,
    size: int,
    dialect: Dialect,
    expected: Sequence[str],
    unknown_columns: UnknownColumns,
    chunk: int,
) -> Iterator[Event]:
    if dialect.encoding is None:
        raise refusal("encoding-undeclared")
    first = read_fully(file, HEAD)
    encoding, skipped = refuse_contradiction(dialect.encoding, first)
    window = Window(file, size, chunk, first, skipped, encoding)
    if window.end == 0:
        raise refusal("empty-file")
    read = read_fixed_head if dialect.format == "fixed_width" else read_head
    head = read(window, dialect, encoding, expected, unknown_columns)
    ledger = Ledger(met=len(head.non_data))
    yield head.header
    for line in head.non_data:
        yield from ledger.list_lines(line.kind, [line.line or 0], 1)
    yield from csv_reader.records(window, head, ledger)
    yield from ledger.unlisted()
    yield ledger.summary(
        lines=sum(head.newlines.values()) + window.ends_without_newline,
        newlines=head.newlines,
        sha256=window.hash.hexdigest(),
        size=window.done,
    )


def read_fully(file: FileIO, count: int) -> bytes:
    """The next bytes of a file, as many as there are up to `count`."""
    pieces = []
    while count > 0:
        piece = file.read(count)
        if not piece:
            break
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
