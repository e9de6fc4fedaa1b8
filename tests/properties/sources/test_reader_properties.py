"""The reader on random tables and random noise, beside a plain definition of its rules."""

import csv
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from sojourn.errors import DataRefused
from sojourn.sources.reader.dialect import Dialect, FixedColumn
from sojourn.sources.reader.frames import Loaded, NonData, Quarantined, Summary
from sojourn.sources.reader.reading import events
from sojourn.sources.reader.reasons import FileRefused

QUICKLY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CHUNKS = st.sampled_from([1, 2, 3, 7, 16, 64, 1 << 20])


@dataclass
class Told:
    """Everything a reading said, in an order that can be compared."""

    loaded: list[tuple[int, tuple[str | None, ...]]]
    quarantined: list[tuple[int, str, bytes]]
    non_data: list[tuple[str, int | None, int]]
    summary: Summary


def told(content: bytes, dialect: Dialect, chunk: int = 1 << 20) -> Told:
    loaded, quarantined, non_data = [], [], []
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        for said in events(file.name, dialect, chunk=chunk):
            if isinstance(said, Loaded):
                lines, *columns = (column.to_pylist() for column in said.batch.columns)
                loaded += zip(lines, zip(*columns, strict=True), strict=True)
            elif isinstance(said, Quarantined):
                rows = said.batch.to_pylist()
                quarantined += [(row["line"], row["reason"], row["raw"]) for row in rows]
            elif isinstance(said, NonData):
                non_data.append((said.kind, said.line, said.count))
            elif isinstance(said, Summary):
                summary = said
    return Told(loaded, sorted(quarantined), sorted(non_data, key=str), summary)


def headed(content: bytes, columns: int, separator: str, newline: bytes = b"\n") -> bytes:
    return separator.join(f"column{place}" for place in range(columns)).encode() + newline + content


def physical_line_end(text: bytes, begin: int) -> tuple[int, int]:
    """Where the line that begins here ends, and where the next one begins."""
    for place in range(begin, len(text)):
        if text[place : place + 2] == b"\r\n":
            return place, place + 2
        if text[place : place + 1] in (b"\r", b"\n"):
            return place, place + 1
    return len(text), len(text)


def one_record(text: bytes, begin: int, separator: bytes, quote: bytes, limit: int):
    """The cells, the end and the next beginning of a record, or the name of what is wrong with its quotes."""
    cells, place = [], begin
    while True:
        if quote and text[place : place + 1] == quote:
            start = place = place + 1
            while True:
                if place - start > limit:
                    spans_lines = b"\n" in text[begin:place] or b"\r" in text[begin:place]
                    return "quote-never-closed" if spans_lines else "field-too-long"
                if place >= len(text):
                    return "quote-never-closed"
                if text[place : place + 2] == quote * 2:
                    place += 2
                elif text[place : place + 1] == quote:
                    break
                else:
                    place += 1
            cell = ("quoted", text[start:place].replace(quote * 2, quote))
            place += 1
        else:
            start = place
            while place < len(text) and text[place : place + 1] not in (b"\r", b"\n"):
                if text.startswith(separator, place):
                    break
                place += 1
                if place - start > limit:
                    return "field-too-long"
            cell = ("plain", text[start:place])
        cells.append(cell)
        if place >= len(text):
            return cells, place, place
        end, after = physical_line_end(text, place)
        if end == place:
            return cells, end, after
        if not text.startswith(separator, place):
            crossed = b"\n" in text[begin:place] or b"\r" in text[begin:place]
            return "quote-never-closed" if crossed else "text-after-quote"
        place += len(separator)


def fields_of_line(line: bytes, separator: bytes) -> int:
    return line.count(separator) + 1


def swallows(text: bytes, begin: int, end: int, cells: int, expected: int, separator: bytes) -> bool:
    lines, place = [], begin
    while place < end:
        line_end, after = physical_line_end(text[:end], place)
        lines.append(text[place:line_end])
        place = after
    if len(lines) < 2:
        return False
    if cells == expected:
        return expected >= 4 and all(fields_of_line(line, separator) == expected for line in lines if line)
    return any(fields_of_line(line, separator) == expected for line in lines[1:] if line)


def is_text(record: bytes) -> bool:
    try:
        record.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in record


def plain_definition(text: bytes, begin: int, expected: int, separator: bytes, quote: bytes, limit: int):
    """Loaded records, quarantined records and blank lines from a position on, as (line, …)."""
    line = 1 + text[:begin].count(b"\n")
    loaded, quarantined, non_data = [], [], []
    while begin < len(text):
        found = one_record(text, begin, separator, quote, limit)
        fault = found if isinstance(found, str) else ""
        if not fault and swallows(text, begin, found[1], len(found[0]), expected, separator):
            fault = "quote-never-closed"
        if fault:
            end, after = physical_line_end(text, begin)
        else:
            cells, end, after = found
        raw = text[begin:end]
        if fault:
            quarantined.append((line, fault, raw))
        elif not is_text(raw):
            bad = raw.find(b"\0")
            strict = raw if bad < 0 else raw[:bad]
            quarantined.append((line, "nul-byte" if is_text(strict) else "undecodable-byte", raw))
        elif all(cell == ("plain", b"") for cell in cells):
            non_data.append(("blank" if len(cells) == 1 else "empty-record", line, 1))
        elif len(cells) == 1 and not raw.strip(b" \t\x1a"):
            non_data.append(("blank", line, 1))
        elif len(cells) != expected:
            quarantined.append((line, "field-count", raw))
        elif quote and sum(kind == "plain" and cell.count(quote) % 2 for kind, cell in cells) > 1:
            quarantined.append((line, "quote-inside-field", raw))
        else:
            values = tuple(None if cell == ("plain", b"") else cell[1].decode() for cell in cells)
            loaded.append((line, values))
        taken = text[begin:after]
        line += taken.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")
        begin = after
    return loaded, sorted(quarantined), sorted(non_data, key=str)


ODD_PIECES = ("ü".encode(), "字".encode(), b"\xed\xa0\x80", b"\xc0\xaf", b"\\", b";", b"\0", b"\xff")
PLAIN_PIECES = (b"a", b"bc", b"7", b" ", b",", b",", b",", b'"', b'"', b'""', b"\n", b"\n", b"\r\n", b"\r")
PIECES = st.sampled_from([*PLAIN_PIECES, *ODD_PIECES])


@QUICKLY
@given(pieces=st.lists(PIECES, max_size=60), columns=st.integers(1, 5), chunk=CHUNKS)
def test_the_tokeniser_agrees_with_the_plain_definition(pieces, columns, chunk):
    text = headed(b"".join(pieces), columns, ",")
    begin = text.index(b"\n") + 1
    loaded, quarantined, non_data = plain_definition(text, begin, columns, b",", b'"', 1 << 20)
    header = tuple(f"column{place}" for place in range(columns))
    loaded = [record for record in loaded if record[1] != header]
    found = told(text, Dialect(), chunk)
    assert (found.loaded, found.quarantined) == (loaded, quarantined)
    assert found.non_data == sorted([("header", 1, 1), *non_data], key=str)


@QUICKLY
@given(
    pieces=st.lists(PIECES, max_size=50), columns=st.integers(1, 4), limit=st.integers(1, 12), chunk=CHUNKS
)
def test_the_field_limit_cuts_where_the_plain_definition_cuts(pieces, columns, limit, chunk):
    names = "\n" if columns == 1 else ",".join("c" * min(limit, place + 1) for place in range(columns)) + "\n"
    assume(columns <= limit and names.strip())
    text = names.encode() + b"".join(pieces)
    loaded, quarantined, _ = plain_definition(text, len(names), columns, b",", b'"', limit)
    found = told(text, Dialect(field_limit=limit, header_line=1), chunk)
    assume("record-too-long" not in {reason for _, reason, _ in found.quarantined})
    header = tuple(names.strip().split(","))
    assert found.loaded == [record for record in loaded if record[1] != header]
    assert found.quarantined == quarantined


@QUICKLY
@given(
    pieces=st.lists(PIECES, max_size=50),
    separator=st.sampled_from(["||", "::", "; ", "ü", "\t"]),
    chunk=CHUNKS,
)
def test_longer_separators_follow_the_same_rules(pieces, separator, chunk):
    body = b"".join(separator.encode() if piece == b"," else piece for piece in pieces)
    text = headed(body, 3, separator)
    loaded, quarantined, _ = plain_definition(
        text, text.index(b"\n") + 1, 3, separator.encode(), b'"', 1 << 20
    )
    found = told(text, Dialect(separator=separator), chunk)
    assert (found.loaded, found.quarantined) == (loaded, quarantined)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8) | st.sampled_from(
    ["", "NA", "a,b", 'say "x"', "two\nlines", "0012", "x\r\ny", " padded "]
)


@st.composite
def tables(draw):
    width = draw(st.integers(2, 6))
    return draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=12))


@QUICKLY
@given(
    table=tables(),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    chunk=CHUNKS,
)
def test_a_table_written_by_python_comes_back_cell_by_cell(table, separator, quote, newline, chunk):
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=separator, quotechar=quote, lineterminator=newline, quoting=csv.QUOTE_ALL
    )
    header = [f"column{place}" for place in range(len(table[0]))]
    writer.writerows([header, *table])
    found = told(out.getvalue().encode(), Dialect(separator=separator, quote=quote), chunk)
    # A quoted text whose lines look like whole records is quarantined by rule; none is ever misread.
    if not found.quarantined:
        assert [list(cells) for _, cells in found.loaded] == [row for row in table if row != header]
    loaded = [list(cells) for _, cells in found.loaded]
    if not any(set(cell) & set("\r\n") for row in table for cell in row):
        assert loaded == [row for row in table if row != header]


@QUICKLY
@given(
    table=tables(),
    encoding=st.sampled_from(["utf-16-le", "utf-16-be", "utf-32-le", "gb18030", "utf-8-sig"]),
    chunk=st.integers(1, 9),
)
def test_the_encoding_never_changes_the_cells(table, encoding, chunk):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [[f"column{place}" for place in range(len(table[0]))], *table]
    )
    expected = told(out.getvalue().encode(), Dialect())
    found = told(out.getvalue().encode(encoding), Dialect(encoding=encoding), chunk)
    assert found.loaded == expected.loaded
    assert [entry[:2] for entry in found.quarantined] == [entry[:2] for entry in expected.quarantined]


@QUICKLY
@given(content=st.binary(max_size=300), chunk=CHUNKS)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "ascii", "cp1252", "shift_jis", "gb18030", "utf-16", "euc_kr", "utf-32-be"]
)
def test_noise_is_refused_or_accounted_for(encoding, content, chunk):
    try:
        found = told(b"a,b\n" + content, Dialect(encoding=encoding), chunk)
    except DataRefused:
        return
    summary = found.summary
    assert summary.loaded + summary.quarantined + summary.non_data == summary.physical_records
    assert summary.loaded == len(found.loaded)
    assert summary.quarantined == len(found.quarantined)


@QUICKLY
@given(content=st.binary(max_size=300), chunk=CHUNKS, header_line=st.integers(0, 3))
def test_noise_in_a_fixed_width_file_is_refused_or_accounted_for(content, chunk, header_line):
    columns = (FixedColumn("a", 1, 2), FixedColumn("b", 5, 6))
    try:
        found = told(content, Dialect(format="fixed_width", columns=columns, header_line=header_line), chunk)
    except DataRefused:
        return
    assert found.summary.loaded == len(found.loaded)
    assert all(len(cells) == 2 for _, cells in found.loaded)


@QUICKLY
@given(pieces=st.lists(PIECES, max_size=60), chunk=CHUNKS, escape=st.sampled_from(["doubled", "backslash"]))
def test_the_size_of_the_pieces_read_never_changes_the_result(pieces, chunk, escape):
    text = headed(b"".join(pieces), 2, ",")
    dialect = Dialect(escape=escape, non_data=("7.*", "a;?"))
    assert told(text, dialect, chunk) == told(text, dialect)


@QUICKLY
@given(table=tables())
def test_backslash_escapes_written_by_python_come_back(table):
    assume(not any(set(cell) & set("\r\n") for row in table for cell in row))
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\", lineterminator="\n")
    header = [f"column{place}" for place in range(len(table[0]))]
    writer.writerows([header, *table])
    found = told(out.getvalue().encode(), Dialect(escape="backslash"))
    assert [list(cells) for _, cells in found.loaded] == [row for row in table if row != header]


@QUICKLY
@given(pieces=st.lists(PIECES, max_size=40))
def test_what_is_quarantined_is_given_back_byte_for_byte(pieces):
    text = headed(b"".join(pieces), 2, ",")
    for _, _, raw in told(text, Dialect()).quarantined:
        assert raw in text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    pieces=st.lists(PIECES, min_size=1, max_size=40),
    filler=st.integers(0, 40_000),
    chunk=st.sampled_from([1000, 16_384, 1 << 20]),
)
def test_long_files_follow_the_same_definition_across_the_edges_of_the_index(pieces, filler, chunk):
    # The quick path indexes 16 KiB at a time: repeat a random piece over several of those.
    body = b"".join(pieces) * 400 + b"\n" + b"x" * filler + b",1\n" + b"".join(pieces) * 400
    text = headed(body, 2, ",")
    loaded, quarantined, _ = plain_definition(text, text.index(b"\n") + 1, 2, b",", b'"', 1 << 20)
    try:
        found = told(text, Dialect(), chunk)
    except FileRefused as refused:
        # Hundreds of lines beyond ASCII, nearly all of them broken: a file in another encoding.
        event(f"refused: {refused.code}")
        return
    assert found.loaded == [record for record in loaded if record[1] != ("column0", "column1")]
    assert found.quarantined == [(line, reason, raw[: 64 * 1024]) for line, reason, raw in quarantined]
