"""Character-separated files: from bytes to batches of text columns, one piece of the file at a time.

The header and what stands above it are read from the first piece; each further piece goes through the
tokeniser, and the fields of the records that are fine through the column builder. Memory depends on the
piece, not on the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.sources.reader import csv_kernel as kernel
from sojourn.sources.reader import csv_scan as scanning
from sojourn.sources.reader.columns import loaded_batch, quarantined_batch
from sojourn.sources.reader.compiled import Integers, Spans
from sojourn.sources.reader.csv_head import Head
from sojourn.sources.reader.frames import Event, Notice, Progress
from sojourn.sources.reader.ledger import Ledger
from sojourn.sources.reader.tables import repeated_header
from sojourn.sources.reader.window import Window

__all__ = ["CHUNK", "records"]

# Measured: larger pieces leave the processor's caches, smaller ones spend their time in batches.
CHUNK = 16 << 20
FIELDS_AT_ONCE = 1 << 21
RECORDS_AT_ONCE = 1 << 18
DECLARED, REPEATED = 3, 4
KINDS = {
    kernel.BLANK: "blank",
    kernel.EMPTY: "empty-record",
    DECLARED: "declared",
    REPEATED: "repeated-header",
}
NEWLINES = {scanning.ALL_LF: "lf", scanning.ALL_CRLF: "crlf", scanning.ALL_CR: "cr"}


@dataclass
class Scan:
    """A file being tokenised: the window on it, the rules, and room for results."""

    window: Window
    head: Head
    ledger: Ledger
    spans: Spans = field(init=False)
    found: scanning.Records = field(init=False)
    state: Integers = field(init=False)

    def __post_init__(self) -> None:
        width = 2 * self.head.fields
        self.spans = np.zeros(max(2 * FIELDS_AT_ONCE // width, 1) * width, np.int32)
        self.found = np.zeros((RECORDS_AT_ONCE, scanning.RECORD_WIDTH), np.int64)
        self.state = np.zeros(scanning.STATE, np.int64)
        self.state[scanning.POSITION] = self.head.after
        self.state[scanning.LINE] = self.head.next_line
        for slot, name in NEWLINES.items():
            self.state[slot] = self.head.newlines[name]


def records(window: Window, head: Head, ledger: Ledger) -> Iterator[Event]:
    """Everything behind the header, as batches, then nothing: the caller asks the ledger for the summary."""
    scan = Scan(window, head, ledger)
    while True:
        scanning.scan(
            window.buffer, window.end, window.at_end, head.marks, scan.spans, scan.found, scan.state
        )
        yield from _handed_on(scan)
        outcome = scan.state[scanning.OUTCOME]
        if outcome == scanning.FULL:
            continue
        if outcome == scanning.SKIPPING:
            _skip_line(scan)
            continue
        if window.at_end:
            break
        _advance(scan)
        yield Progress(window.done, window.size)
    head.newlines.update({name: int(scan.state[slot]) for slot, name in NEWLINES.items()})


def _advance(scan: Scan) -> None:
    scan.window.forget(int(scan.state[scanning.POSITION]))
    scan.state[scanning.POSITION] = 0
    scan.window.more()


def _skip_line(scan: Scan) -> None:
    """Leave the rest of a line that is longer than any record may be."""
    while True:
        scanning.skip_line(scan.window.buffer, scan.window.end, scan.window.at_end, scan.state)
        if scan.state[scanning.OUTCOME] != scanning.SKIPPING:
            return
        _advance(scan)


def _handed_on(scan: Scan) -> Iterator[Event]:
    """The records of one scan, each in exactly one place."""
    count = int(scan.state[scanning.RECORDS])
    if count == 0:
        return
    scan.ledger.met += count
    found = scan.found[:count]
    status = found[:, scanning.STATUS]
    fine = status == kernel.FINE
    lines = found[fine, scanning.ON_LINE]
    batch = loaded_batch(scan.window.buffer, scan.spans, scan.head, lines)
    if scan.head.patterns:
        status = np.where(_declared(scan, found) & (status != kernel.BLANK), DECLARED, status)
    repeats = repeated_header(batch, scan.head.header_cells)
    if repeats is not None:
        status = status.copy()
        status[np.flatnonzero(fine)[repeats]] = REPEATED
    still_fine = (status == kernel.FINE)[fine]
    if not still_fine.all():
        batch = batch.filter(pa.array(still_fine))
    if scan.head.cut is not None:
        batch, refused = scan.head.cut(batch)
        if refused is not None:
            yield scan.ledger.quarantine(refused)
    if batch.num_rows:
        yield scan.ledger.load(batch)
    bad = status >= kernel.FAULT
    if bad.any():
        _note_first_bad_byte(scan, found[bad])
        yield scan.ledger.quarantine(quarantined_batch(scan.window, scan.head, found[bad]))
    for code, kind in KINDS.items():
        of_kind = found[status == code, scanning.ON_LINE]
        if of_kind.size:
            yield from scan.ledger.list_lines(kind, _python_integers(of_kind), of_kind.size)


def _python_integers(lines: Integers) -> Iterator[int]:
    return (int(line) for line in lines)


def _declared(scan: Scan, found: scanning.Records) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which records are lines that the declaration lists as non-data."""
    bounds = np.append(found[:, scanning.BEGIN], scan.state[scanning.POSITION])
    first = int(bounds[0])
    piece = pa.py_buffer(scan.window.buffer[first : int(bounds[-1])])
    offsets = pa.py_buffer((bounds - first).astype(np.int64))
    lines = pa.Array.from_buffers(pa.large_string(), len(found), [None, offsets, piece])
    matches = np.zeros(len(found), bool)
    for pattern in scan.head.patterns:
        hits = pc.match_substring_regex(lines, rf"\A(?:{pattern})[\r\n]*\z")
        matches |= hits.to_numpy(zero_copy_only=False)
    return matches


def _note_first_bad_byte(scan: Scan, bad: scanning.Records) -> None:
    broken = bad[bad[:, scanning.STATUS] == kernel.UNDECODABLE]
    if not broken.size or any(notice.code == "first-undecodable-byte" for notice in scan.ledger.warnings):
        return
    line = int(broken[0, scanning.ON_LINE])
    place = ""
    if scan.window.transcoder is None:
        place = (
            f" has offset {scan.window.origin + broken[0, scanning.BEGIN] + broken[0, scanning.DETAIL]} and"
        )
    detail = f"The first byte that {scan.head.encoding} does not have{place} stands on line {line}."
    scan.ledger.warnings.append(Notice("first-undecodable-byte", detail, line))
