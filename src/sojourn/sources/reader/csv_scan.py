"""The scan: walks a buffer record by record and keeps the account of lines, line ends and faults.

Each record is tried on the quick path first; one that is unusual there is read by the tokeniser's full
rules. The index of the quick path outlives such a record, so that a file full of unusual records costs
little more.
"""

from __future__ import annotations

import numpy as np

from sojourn.sources.reader import csv_kernel as kernel
from sojourn.sources.reader import csv_quick as quick
from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled
from sojourn.sources.reader.csv_bytes import first_bad_byte

__all__ = [
    "ALL_CR",
    "ALL_CRLF",
    "ALL_LF",
    "BEGIN",
    "DETAIL",
    "END",
    "EXHAUSTED",
    "FULL",
    "LINE",
    "ON_LINE",
    "OUTCOME",
    "POSITION",
    "RECORDS",
    "RECORD_WIDTH",
    "SKIPPING",
    "STATE",
    "STATUS",
    "Records",
    "scan",
    "skip_line",
]

Records = np.ndarray[tuple[int, int], np.dtype[np.int64]]

# Slots of `state`: where the scan stands and what it has counted.
POSITION, LINE, RECORDS, KEPT, ALL_LF, ALL_CRLF, ALL_CR, OUTCOME, STATE = range(9)
# Why a scan stopped.
EXHAUSTED, FULL, SKIPPING = 0, 1, 2
# Slots of one record in `records`.
BEGIN, END, ON_LINE, STATUS, DETAIL, RECORD_WIDTH = range(6)
# Slots of `index`: which bytes the quick path has indexed and how far it has come.
FROM, UNTIL, CURSOR, COUNT, PLAIN, INDEX = range(6)
LF_BYTE = 10


@compiled
def scan(
    buffer: Bytes,
    end: int,
    at_end: bool,
    marks: kernel.Marks,
    spans: Spans,
    records: Records,
    state: Integers,
) -> None:
    """Read records from `state[POSITION]` on until the buffer or the room for results is used up.

    Fills one row of `records` per record and `spans` (start, length) for the fields of records that are fine.
    """
    found = np.zeros(kernel.FOUND, np.int64)
    places, index = np.empty(quick.BLOCK + 8, np.int32), np.zeros(INDEX, np.int64)
    index[FROM] = -1
    rules = marks.rules
    state[RECORDS], state[KEPT] = 0, 0
    while state[POSITION] < end:
        if rules[kernel.QUICK]:
            _scan_quickly(buffer, end, rules, spans, records, state, places, index)
            if state[POSITION] >= end:
                break
        if state[RECORDS] == records.shape[0] or state[KEPT] + 2 * rules[kernel.EXPECTED] > spans.size:
            state[OUTCOME] = FULL
            return
        state[OUTCOME] = EXHAUSTED
        _scan_one(buffer, end, at_end, marks, spans, records, state, found)
        if state[OUTCOME] != FULL:
            return
    state[OUTCOME] = EXHAUSTED


@compiled
def _scan_one(
    buffer: Bytes,
    end: int,
    at_end: bool,
    marks: kernel.Marks,
    spans: Spans,
    records: Records,
    state: Integers,
    found: Integers,
) -> None:
    """Read one record by all the rules; the outcome is FULL when there may be another one behind it."""
    begin, slot = state[POSITION], state[KEPT]
    status = kernel.read_record(buffer, begin, end, at_end, marks, spans, slot, found)
    if status == kernel.NEED_MORE:
        return
    if status == kernel.FINE and kernel.swallows_records(buffer, begin, marks.rules, marks.separator, found):
        status = kernel.NEVER_CLOSED
    outcome = FULL
    if status == kernel.FINE:
        status = kernel.judge(buffer, begin, marks.rules, spans, slot, found)
    else:
        resumed = kernel.first_line(buffer, begin, end, at_end, marks.rules, found)
        if resumed == kernel.NEED_MORE:
            return
        if status == kernel.NEVER_CLOSED and found[kernel.OPEN_COLUMN]:
            found[kernel.AUX] = found[kernel.OPEN_COLUMN]
        if resumed == kernel.TOO_LONG_LINE:
            outcome = SKIPPING
    if status == kernel.FINE:
        state[KEPT] += 2 * marks.rules[kernel.EXPECTED]
    _note(records, begin, status, found, state)
    state[OUTCOME] = outcome


@compiled
def _note_row(records: Records, row: int, begin: int, end: int, line: int, status: int) -> None:
    records[row, BEGIN] = begin
    records[row, END] = end
    records[row, ON_LINE] = line
    records[row, STATUS] = status


@compiled
def _note(records: Records, begin: int, status: int, found: Integers, state: Integers) -> None:
    row = state[RECORDS]
    _note_row(records, row, begin, found[kernel.CONTENT_END], state[LINE], status)
    records[row, DETAIL] = found[kernel.AUX]
    state[RECORDS] += 1
    state[LINE] += found[kernel.LF] + found[kernel.CRLF] + found[kernel.CR]
    state[ALL_LF] += found[kernel.LF]
    state[ALL_CRLF] += found[kernel.CRLF]
    state[ALL_CR] += found[kernel.CR]
    state[POSITION] = found[kernel.AFTER]


@compiled
def _scan_quickly(
    buffer: Bytes,
    end: int,
    rules: Integers,
    spans: Spans,
    records: Records,
    state: Integers,
    places: Spans,
    index: Integers,
) -> None:
    """Read records by the quick path until one of them is unusual, or the room or the buffer is used up."""
    found = np.zeros(quick.FOUND, np.int64)
    quote, separator, expected = rules[kernel.QUICK] >> 8, rules[kernel.QUICK] & 255, rules[kernel.EXPECTED]
    begin, row, slot = state[POSITION], state[RECORDS], state[KEPT]
    cursor, count = index[CURSOR], index[COUNT]
    while cursor < count and places[cursor] < begin:
        cursor += 1
    while begin < end and row < records.shape[0] and slot + 2 * expected <= spans.size:
        after = quick.quick_record(
            buffer, places, cursor, count, begin, quote, separator, expected, spans, slot, found
        )
        if after == quick.EXHAUSTED and index[UNTIL] < end and index[FROM] != begin:
            index[FROM], index[UNTIL] = begin, min(begin + quick.BLOCK, end)
            count, index[PLAIN] = quick.index_marks(buffer, begin, index[UNTIL], quote, separator, places)
            cursor = 0
            continue
        if after < 0:
            break
        status = _quick_status(buffer, begin, index[PLAIN] != 0, rules, found)
        if status < 0:
            break
        _note_row(records, row, begin, found[quick.END], state[LINE], status)
        row += 1
        slot += 2 * expected if status == kernel.FINE else 0
        kind = ALL_LF if buffer[found[quick.END]] == LF_BYTE else ALL_CR
        state[ALL_CRLF if found[quick.AFTER] - found[quick.END] == 2 else kind] += 1
        state[LINE] += 1
        begin, cursor = found[quick.AFTER], after
    index[CURSOR], index[COUNT] = cursor, count
    state[POSITION], state[RECORDS], state[KEPT] = begin, row, slot


@compiled
def _quick_status(buffer: Bytes, begin: int, is_plain: bool, rules: Integers, found: Integers) -> int:
    """FINE, BLANK or EMPTY, or -1 when the record needs a closer look."""
    fields = found[quick.FIELDS]
    if found[quick.END] - begin > rules[kernel.FIELD_LIMIT]:
        return -1
    if found[quick.CONTENT] == 0:
        return kernel.BLANK if fields == 1 else kernel.EMPTY
    if fields != rules[kernel.EXPECTED] or fields != rules[kernel.NAMED] or fields == 1:
        return -1
    if not is_plain and first_bad_byte(buffer, begin, found[quick.END], rules[kernel.ONLY_ASCII] != 0) >= 0:
        return -1
    return kernel.FINE


@compiled
def skip_line(buffer: Bytes, end: int, at_end: bool, state: Integers) -> None:
    """Move on behind the next line end; the outcome stays SKIPPING while it is not in the buffer."""
    i = state[POSITION]
    while i < end and buffer[i] != LF_BYTE and buffer[i] != kernel.CR_BYTE:
        i += 1
    length = 0 if i >= end else kernel.newline_length(buffer, i, end, at_end)
    state[POSITION] = i + max(length, 0)
    if length > 0:
        state[LINE] += 1
        kind = ALL_LF if buffer[i] == LF_BYTE else ALL_CR
        state[ALL_CRLF if length == 2 else kind] += 1
    if length > 0 or at_end:
        state[OUTCOME] = EXHAUSTED
