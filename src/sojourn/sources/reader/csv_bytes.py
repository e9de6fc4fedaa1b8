"""Bytes: strict UTF-8, and the copying of fields out of a buffer into columns.

A cell is copied as it stands; only doubled quotes become one, and a backslash goes when it stands before a
quote, a separator or another backslash. An empty field without quotes is null, a quoted one is empty text.
"""

from __future__ import annotations

import numpy as np

from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled, load8, store8

__all__ = [
    "ESCAPED",
    "LENGTH",
    "QUOTED",
    "Plane",
    "column_totals",
    "fill_columns",
    "first_bad_byte",
    "gather",
]

Plane = np.ndarray[tuple[int, int], np.dtype[np.int32]]
BitPlane = np.ndarray[tuple[int, int], np.dtype[np.uint8]]

# A field's length carries how it was written in two bits above it.
QUOTED, ESCAPED, LENGTH = 1 << 28, 1 << 29, (1 << 28) - 1
BACKSLASH_BYTE = 92
# Records filled column by column at a time: their bytes stay in the processor's second cache.
TILE = 1024


@compiled
def first_bad_byte(buffer: Bytes, begin: int, end: int, only_ascii: bool) -> int:
    """Position of the first byte that is NUL or not UTF-8 as RFC 3629 defines it; -1 when there is none."""
    ones, highs = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
    i = begin
    while i < end:
        if i + 8 <= end:
            word = load8(buffer, i)
            if ((word | ((word - ones) & ~word)) & highs) == 0:
                i += 8
                continue
        first = buffer[i]
        if 0 < first < 0x80:
            i += 1
            continue
        length = 0 if only_ascii else _character_length(buffer, i, end)
        if length == 0:
            return i
        i += length
    return -1


@compiled
def _character_length(buffer: Bytes, i: int, end: int) -> int:
    """Bytes of the UTF-8 character of two to four bytes at `i`; 0 when there is none."""
    first = buffer[i]
    if 0xC2 <= first <= 0xDF:
        length = 2
    elif 0xE0 <= first <= 0xEF:
        length = 3
    elif 0xF0 <= first <= 0xF4:
        length = 4
    else:
        return 0
    if i + length > end:
        return 0
    second = buffer[i + 1]
    if (first == 0xE0 and second < 0xA0) or (first == 0xED and second > 0x9F):
        return 0
    if (first == 0xF0 and second < 0x90) or (first == 0xF4 and second > 0x8F):
        return 0
    for k in range(1, length):
        if buffer[i + k] < 0x80 or buffer[i + k] > 0xBF:
            return 0
    return length


@compiled
def column_totals(spans: Spans, width: int, count: int, totals: Integers) -> None:
    """Bytes of each column over all records, before any quote is undoubled."""
    at = 0
    for _ in range(count):
        for column in range(totals.size):
            totals[column] += spans[at + 2 * column + 1] & LENGTH
        at += width


@compiled
def _unescaped(
    buffer: Bytes,
    start: int,
    length: int,
    quote: int,
    separator: int,
    backslash: bool,
    data: Bytes,
    cursor: int,
) -> int:
    """Copy a field without its escapes; returns where the copy ends."""
    i, end = start, start + length
    while i < end:
        if i + 1 < end:
            after = buffer[i + 1]
            if backslash:
                if buffer[i] == BACKSLASH_BYTE and (after in (quote, separator, BACKSLASH_BYTE)):
                    i += 1
            elif buffer[i] == quote:
                i += 1
        data[cursor] = buffer[i]
        cursor += 1
        i += 1
    return cursor


@compiled
def fill_columns(
    buffer: Bytes,
    spans: Spans,
    width: int,
    count: int,
    wanted: Integers,
    marks: Integers,
    data: Bytes,
    cursors: Integers,
    offsets: Plane,
    valid: BitPlane,
) -> None:
    """Copy the wanted columns of `count` records into `data`, one region per column beginning at its cursor.

    `marks` holds the quote, the separator's first byte and whether backslashes escape. Regions lie eight
    bytes apart, since fields are copied eight bytes at a time.
    """
    bases = cursors.copy()
    for first in range(0, count, TILE):
        last = min(count, first + TILE)
        for k in range(wanted.size):
            cursor = cursors[k]
            at = first * width + 2 * wanted[k]
            for row in range(first, last):
                start = spans[at]
                packed = spans[at + 1]
                at += width
                length = packed & LENGTH
                if packed & ESCAPED:
                    cursor = _unescaped(
                        buffer, start, length, marks[0], marks[1], marks[2] != 0, data, cursor
                    )
                else:
                    for moved in range(0, length, 8):
                        store8(data, cursor + moved, load8(buffer, start + moved))
                    cursor += length
                if packed:
                    valid[k, row >> 3] |= np.uint8(1 << (row & 7))
                offsets[k, row + 1] = cursor - bases[k]
            cursors[k] = cursor


@compiled
def gather(buffer: Bytes, begins: Integers, lengths: Integers, data: Bytes) -> None:
    """Copy pieces of a buffer one behind the other."""
    cursor = 0
    for piece in range(begins.size):
        for k in range(lengths[piece]):
            data[cursor + k] = buffer[begins[piece] + k]
        cursor += lengths[piece]
