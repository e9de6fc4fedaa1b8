"""The quick path: records without surprises, read from an index of the bytes that matter.

A first pass notes where separators, quotes and line ends stand, eight bytes at a time and without a branch
per byte; a second walks over those places. Most records of most files are read so. Whatever is unusual (a
quoted line end, text after a quote, a record longer than the index, a field near its limit) is left to the
tokeniser, which knows the rules; the two must agree on every record that the quick path accepts.
"""

from __future__ import annotations

import numpy as np

from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled, load8, lowest_bit
from sojourn.sources.reader.csv_bytes import ESCAPED, QUOTED

__all__ = ["BLOCK", "EXHAUSTED", "UNUSUAL", "index_marks", "quick_record"]

# Bytes indexed at a time: the index stays in the processor's first cache.
BLOCK = 1 << 14
EXHAUSTED, UNUSUAL = -1, -2
LF_BYTE, CR_BYTE = 10, 13
# Slots of what a quick record turned out to be.
END, AFTER, FIELDS, CONTENT, FOUND = range(5)


@compiled
def index_marks(
    buffer: Bytes, begin: int, end: int, quote: int, separator: int, places: Spans
) -> tuple[int, bool]:
    """Note the places of quotes, separators and line ends; returns their number and whether all bytes are
    plain ASCII.

    Places behind `end` may be noted too when the buffer holds bytes there; they are not counted.
    """
    ones, lows = np.uint64(0x0101010101010101), np.uint64(0x7F7F7F7F7F7F7F7F)
    highs = np.uint64(0x8080808080808080)
    quotes, separators = ones * np.uint64(quote), ones * np.uint64(separator)
    lfs, crs = ones * np.uint64(LF_BYTE), ones * np.uint64(CR_BYTE)
    count, strange = 0, np.uint64(0)
    for i in range(begin, end, 8):
        word = load8(buffer, i)
        strange |= word | ((word - ones) & ~word)
        away = word ^ quotes
        others = ((away & lows) + lows) | away
        away = word ^ separators
        others &= ((away & lows) + lows) | away
        away = word ^ lfs
        others &= ((away & lows) + lows) | away
        away = word ^ crs
        others &= ((away & lows) + lows) | away
        marked = ~others & highs
        while marked != 0:
            places[count] = i + (lowest_bit(marked) >> 3)
            count += 1
            marked &= marked - np.uint64(1)
    while count > 0 and places[count - 1] >= end:
        count -= 1
    return count, (strange & highs) == 0


@compiled
def quick_record(
    buffer: Bytes,
    places: Spans,
    cursor: int,
    count: int,
    begin: int,
    quote: int,
    separator: int,
    expected: int,
    spans: Spans,
    slot: int,
    found: Integers,
) -> int:
    """Read the record that begins at `begin`; returns the cursor behind it, or EXHAUSTED or UNUSUAL."""
    start, fields, content, kind, stop = begin, 0, 0, 0, 0
    while cursor < count:
        at = places[cursor]
        cursor += 1
        if buffer[at] == quote:
            # Without a quote character the index marks NULs instead.
            if quote == 0 or at != start:
                return UNUSUAL
            closed = _closing_quote(buffer, places, cursor, count, quote, separator)
            if closed < 0:
                return closed
            cursor = closed >> 1
            kind = QUOTED | ESCAPED if closed & 1 else QUOTED
            start, stop = at + 1, places[cursor] - 1
            continue
        length = (stop if kind else at) - start
        if fields < expected:
            spans[slot] = start
            spans[slot + 1] = length | kind
            slot += 2
        fields += 1
        content |= length | kind
        start, kind = at + 1, 0
        if buffer[at] != separator:
            return _behind_record(buffer, at, cursor, count, fields, content, found)
    return EXHAUSTED


@compiled
def _closing_quote(buffer: Bytes, places: Spans, cursor: int, count: int, quote: int, separator: int) -> int:
    """Twice the cursor of the mark behind the closing quote, plus 1 when quotes are doubled before it."""
    doubled = 0
    while cursor + 1 < count:
        at = places[cursor]
        if buffer[at] == quote:
            cursor += 1
            if places[cursor] != at + 1:
                return UNUSUAL
            if buffer[at + 1] != quote:
                return 2 * cursor + doubled
            doubled = 1
        elif buffer[at] != separator:
            return UNUSUAL
        cursor += 1
    return EXHAUSTED


@compiled
def _behind_record(
    buffer: Bytes, at: int, cursor: int, count: int, fields: int, content: int, found: Integers
) -> int:
    """Note a record that ends at a line end; returns the cursor behind it."""
    after = at + 1
    if buffer[at] == CR_BYTE:
        if cursor >= count:
            return EXHAUSTED
        if buffer[after] == LF_BYTE:
            after += 1
            cursor += 1
    found[END] = at
    found[AFTER] = after
    found[FIELDS] = fields
    found[CONTENT] = content
    return cursor
