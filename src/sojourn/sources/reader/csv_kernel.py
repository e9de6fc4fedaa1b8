"""The tokeniser: finds records, fields and line ends in a buffer of bytes, and says what is wrong with each
record.

Quotes. A quote counts only at the start of a field. A field so opened ends at the next quote that is
neither doubled nor escaped; a separator, a line end or the end of the file must follow. Line ends are LF,
CRLF and CR, mixed at will.

A quote that is never closed must not swallow the file. When a record breaks at a quote, only the physical
line on which it begins is quarantined and reading resumes on the next line. A record is taken to have lost
its closing quote when no quote closes it within the field limit or before the file ends; when the quote
that would close it, on a later line, is followed by text; when it spans several lines, has the wrong number
of fields, and one of its later lines alone has the right number; or when it spans several lines, has the
right number of at least four fields, and each of its lines alone has that number too. Lines of a quoted
text that happen to look like records are so refused, never misread: the sender sees them in quarantine.

A quote inside an unquoted field stands for itself: 10" is ten inches. But when two unquoted fields of a
record hold an odd number of quotes each, a separator between them may have belonged to a value, or one
before them may be lost; the record is quarantined.

Nothing depends on where the buffer is cut: a record is judged only once all bytes that decide about it are
there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sojourn.sources.reader.compiled import Bytes, Integers, Spans, compiled
from sojourn.sources.reader.csv_bytes import ESCAPED, LENGTH, QUOTED, first_bad_byte

# What a record is. Codes from FAULT upwards are quarantined; `csv_reader` gives them their names.
FINE, BLANK, EMPTY = 0, 1, 2
FAULT = 10
FIELD_COUNT, NEVER_CLOSED, TEXT_AFTER, NUL_BYTE, UNDECODABLE = 10, 11, 12, 13, 14
FIELD_TOO_LONG, RECORD_TOO_LONG, UNNAMED_VALUE, QUOTE_INSIDE = 15, 16, 17, 18
NEED_MORE, TOO_LONG_LINE = -1, -2

# Slots of `rules`: what the dialect says.
QUOTE, BACKSLASH, EXPECTED, NAMED, FIELD_LIMIT, RECORD_LIMIT, ONLY_ASCII, QUICK, RULES = range(9)
# Slots of `found`: what one record turned out to be.
AFTER, CONTENT_END, FIELDS, AUX, LF, CRLF, CR, FIRST_END, FIRST_AFTER, FIRST_KIND, HAS_CONTENT = range(11)
ODD_QUOTES, ODD_FIELDS, ODD_COLUMN, OPEN_COLUMN, FOUND = range(11, 16)
LETTER, STOP = 0, 1
# What stands between two fields, told apart from the outcomes above.
ANOTHER_FIELD = 99
LF_BYTE, CR_BYTE, SPACE, TAB, SUBSTITUTE, BACKSLASH_BYTE = 10, 13, 32, 9, 26, 92


class Marks(NamedTuple):
    """What sets fields and records apart, as the kernels want it."""

    rules: Integers
    plain_stops: Bytes
    quoted_stops: Bytes
    separator: Bytes


def stop_table(stops: bytes) -> Bytes:
    """Which bytes end a run of ordinary ones."""
    table = np.zeros(256, np.uint8)
    table[list(stops)] = STOP
    return table


@compiled
def newline_length(buffer: Bytes, i: int, end: int, at_end: bool) -> int:
    """Length of the line end at `i`: 1 or 2, 0 when it is none, NEED_MORE when the next byte decides."""
    if buffer[i] == LF_BYTE:
        return 1
    if buffer[i] != CR_BYTE:
        return 0
    if i + 1 < end:
        return 2 if buffer[i + 1] == LF_BYTE else 1
    return 1 if at_end else NEED_MORE


@compiled
def _count_newline(found: Integers, buffer: Bytes, i: int, length: int) -> None:
    kind = CRLF if length == 2 else (LF if buffer[i] == LF_BYTE else CR)
    found[kind] += 1
    if found[FIRST_AFTER] < 0:
        found[FIRST_END] = i
        found[FIRST_AFTER] = i + length
        found[FIRST_KIND] = kind
        found[OPEN_COLUMN] = found[FIELDS] + 1


@compiled
def _separator_at(buffer: Bytes, i: int, end: int, separator: Bytes, at_end: bool) -> int:
    """1 when the separator stands at `i`, 0 when not, NEED_MORE when its end is not there yet."""
    for k in range(separator.size):
        if i + k >= end:
            return 0 if at_end else NEED_MORE
        if buffer[i + k] != separator[k]:
            return 0
    return 1


@compiled
def _quoted(buffer: Bytes, i: int, end: int, at_end: bool, marks: Marks, found: Integers) -> int:
    """Position of the quote that closes the field beginning at `i`, or NEED_MORE, or minus the fault."""
    rules, stops = marks.rules, marks.quoted_stops
    begin = i
    farthest = min(end, begin + rules[FIELD_LIMIT] + 1)
    while True:
        while i < farthest and stops[buffer[i]] == LETTER:
            i += 1
        if i >= farthest:
            break
        byte = buffer[i]
        if byte in (LF_BYTE, CR_BYTE):
            length = newline_length(buffer, i, end, at_end)
            if length == NEED_MORE:
                return NEED_MORE
            _count_newline(found, buffer, i, length)
            i += length
        elif byte == BACKSLASH_BYTE and rules[BACKSLASH]:
            found[AUX] = ESCAPED
            i += 1
            # A line end behind a backslash is counted as any other.
            if i < end and buffer[i] != LF_BYTE and buffer[i] != CR_BYTE:
                i += 1
        else:
            if i + 1 >= end and not at_end:
                return NEED_MORE
            if rules[BACKSLASH] or i + 1 >= end or buffer[i + 1] != rules[QUOTE]:
                return i
            found[AUX] = ESCAPED
            i += 2
    if farthest == end and not at_end:
        return NEED_MORE
    if end > begin + rules[FIELD_LIMIT] and found[FIRST_AFTER] < 0:
        return -FIELD_TOO_LONG
    return -NEVER_CLOSED


@compiled
def _plain(buffer: Bytes, i: int, end: int, at_end: bool, marks: Marks, found: Integers) -> int:
    """Position of the separator or line end behind an unquoted field, or NEED_MORE, or minus the fault."""
    rules, stops, separator = marks.rules, marks.plain_stops, marks.separator
    farthest = min(end, i + rules[FIELD_LIMIT] + 1)
    while True:
        while i < farthest and stops[buffer[i]] == LETTER:
            i += 1
        if i >= farthest:
            if farthest == end:
                return i if at_end else NEED_MORE
            return -FIELD_TOO_LONG
        byte = buffer[i]
        if byte in (LF_BYTE, CR_BYTE):
            return i
        if byte == BACKSLASH_BYTE and rules[BACKSLASH]:
            if i + 1 >= end and not at_end:
                return NEED_MORE
            after = buffer[i + 1] if i + 1 < end else LF_BYTE
            if after == separator[0] or after == BACKSLASH_BYTE or after == rules[QUOTE]:
                found[AUX] = ESCAPED
                i += 1
            i += 1
            continue
        if byte == rules[QUOTE]:
            found[ODD_QUOTES] ^= 1
            i += 1
            continue
        hit = _separator_at(buffer, i, end, separator, at_end)
        if hit != 0:
            return i if hit == 1 else NEED_MORE
        i += 1


@compiled
def read_record(
    buffer: Bytes, begin: int, end: int, at_end: bool, marks: Marks, spans: Spans, slot: int, found: Integers
) -> int:
    """Read one record: FINE, or NEED_MORE, or its fault; `found` says where it ends and what it holds."""
    found[:] = 0
    found[FIRST_AFTER] = -1
    i = begin
    rules = marks.rules
    while True:
        if i >= end and not at_end:
            return NEED_MORE
        start, kind = i, 0
        found[AUX] = 0
        if i < end and buffer[i] == rules[QUOTE]:
            kind = QUOTED
            start = i + 1
            i = _quoted(buffer, start, end, at_end, marks, found)
        else:
            i = _plain(buffer, i, end, at_end, marks, found)
        if i < 0:
            return NEED_MORE if i == NEED_MORE else -i
        length = i - start
        if length > rules[FIELD_LIMIT]:
            return FIELD_TOO_LONG
        if found[FIELDS] < rules[EXPECTED]:
            spans[slot + 2 * found[FIELDS]] = start
            spans[slot + 2 * found[FIELDS] + 1] = length | kind | found[AUX]
        _count_field(found, length | kind)
        if kind:
            i += 1
        outcome = _behind_field(buffer, i, end, at_end, marks.separator, found)
        if outcome != ANOTHER_FIELD:
            return outcome
        i += marks.separator.size
        if i - begin > rules[RECORD_LIMIT]:
            return RECORD_TOO_LONG


@compiled
def _count_field(found: Integers, content: int) -> None:
    """Count a field and, if the quotes inside it are odd in number, that too."""
    found[HAS_CONTENT] |= content
    found[FIELDS] += 1
    if found[ODD_QUOTES]:
        found[ODD_QUOTES] = 0
        found[ODD_FIELDS] += 1
        found[ODD_COLUMN] = found[ODD_COLUMN] or found[FIELDS]


@compiled
def _behind_field(buffer: Bytes, i: int, end: int, at_end: bool, separator: Bytes, found: Integers) -> int:
    """What stands behind a field: FINE for the record's end, ANOTHER_FIELD, NEED_MORE, or what is wrong."""
    if i >= end:
        if not at_end:
            return NEED_MORE
        found[CONTENT_END] = i
        found[AFTER] = i
        return FINE
    length = newline_length(buffer, i, end, at_end)
    if length == NEED_MORE:
        return NEED_MORE
    if length:
        found[CONTENT_END] = i
        found[AFTER] = i + length
        _count_newline(found, buffer, i, length)
        return FINE
    hit = _separator_at(buffer, i, end, separator, at_end)
    if hit == NEED_MORE:
        return NEED_MORE
    if hit == 1:
        return ANOTHER_FIELD
    found[FIELDS] -= 1
    return TEXT_AFTER if found[FIRST_AFTER] < 0 else NEVER_CLOSED


@compiled
def swallows_records(buffer: Bytes, begin: int, rules: Integers, separator: Bytes, found: Integers) -> bool:
    """Whether the lines of a record of several lines look like records of their own, by the rule above."""
    if found[FIRST_AFTER] < 0 or found[FIRST_AFTER] >= found[AFTER]:
        return False
    as_expected = bool(found[FIELDS] == rules[EXPECTED])
    if as_expected and rules[EXPECTED] < 4:
        return False
    i = begin if as_expected else found[FIRST_AFTER]
    fields, length = 1, 0
    while i <= found[CONTENT_END]:
        if i == found[CONTENT_END] or buffer[i] == LF_BYTE or buffer[i] == CR_BYTE:
            if length and (fields == rules[EXPECTED]) != as_expected:
                return not as_expected
            fields, length = 1, 0
            i += 1
        elif _separator_at(buffer, i, found[CONTENT_END], separator, True) == 1:
            fields += 1
            length += 1
            i += separator.size
        else:
            length += 1
            i += 1
    return as_expected


@compiled
def first_line(buffer: Bytes, begin: int, end: int, at_end: bool, rules: Integers, found: Integers) -> int:
    """Shorten what was found to the record's first physical line: FINE, NEED_MORE or TOO_LONG_LINE."""
    found[AUX] = found[FIELDS] + 1
    found[LF], found[CRLF], found[CR] = 0, 0, 0
    if found[FIRST_AFTER] < 0:
        i = begin
        while i < end and buffer[i] != LF_BYTE and buffer[i] != CR_BYTE:
            i += 1
        length = 0 if i >= end else newline_length(buffer, i, end, at_end)
        if length == NEED_MORE:
            return NEED_MORE
        if length == 0 and not at_end:
            found[CONTENT_END] = end
            found[AFTER] = end
            return TOO_LONG_LINE if end - begin >= rules[RECORD_LIMIT] else NEED_MORE
        if length == 0:
            found[FIRST_END], found[FIRST_AFTER] = i, i
        else:
            _count_newline(found, buffer, i, length)
    else:
        found[found[FIRST_KIND]] = 1
    found[CONTENT_END] = found[FIRST_END]
    found[AFTER] = found[FIRST_AFTER]
    return FINE


@compiled
def judge(buffer: Bytes, begin: int, rules: Integers, spans: Spans, slot: int, found: Integers) -> int:
    """What a record is that was read to its end; `found[AUX]` then holds the detail of the fault."""
    bad = first_bad_byte(buffer, begin, found[CONTENT_END], rules[ONLY_ASCII] != 0)
    if bad >= 0:
        found[AUX] = bad - begin
        return NUL_BYTE if buffer[bad] == 0 else UNDECODABLE
    if found[HAS_CONTENT] == 0:
        return BLANK if found[FIELDS] == 1 else EMPTY
    if found[FIELDS] == 1:
        i = begin
        while i < found[CONTENT_END] and (buffer[i] == SPACE or buffer[i] == TAB or buffer[i] == SUBSTITUTE):
            i += 1
        if i == found[CONTENT_END]:
            return BLANK
    found[AUX] = found[FIELDS]
    if found[FIELDS] != rules[EXPECTED]:
        return FIELD_COUNT
    if found[ODD_FIELDS] > 1:
        found[AUX] = found[ODD_COLUMN]
        return QUOTE_INSIDE
    for k in range(rules[NAMED], rules[EXPECTED]):
        if spans[slot + 2 * k + 1] & LENGTH:
            found[AUX] = k + 1
            return UNNAMED_VALUE
    return FINE


@compiled
def first_record(buffer: Bytes, begin: int, end: int, marks: Marks, spans: Spans, found: Integers) -> int:
    """Read one record of any number of fields, for the header; no judgement beyond quotes and bytes."""
    fault = read_record(buffer, begin, end, True, marks, spans, 0, found)
    if fault != FINE:
        return fault
    bad = first_bad_byte(buffer, begin, found[CONTENT_END], marks.rules[ONLY_ASCII] != 0)
    if bad >= 0:
        found[AUX] = bad
        return NUL_BYTE if buffer[bad] == 0 else UNDECODABLE
    return FINE
