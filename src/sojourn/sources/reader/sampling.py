"""Sampling: the first lines of a text under one separator and quote, and how well those fit.

Splitting is done by the tokeniser itself, so that what a proposal shows is what a reading will give.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sojourn.sources.reader import csv_kernel as kernel
from sojourn.sources.reader.csv_bytes import ESCAPED, LENGTH, QUOTED
from sojourn.sources.reader.csv_head import marks_of
from sojourn.sources.reader.dialect import Dialect, Escape
from sojourn.sources.reader.window import SLACK

__all__ = ["Sample", "SampleRecord", "Split", "best_split", "sampled"]

SEPARATORS = (",", ";", "\t", "|", "||", "::", "~", "^", "\x1f", " ")
QUOTES = ('"', "'", None)
RECORDS = 300
MOST_FIELDS = 4096
# Separators that ordinary text is full of need better evidence than others.
HANDICAP = {" ": 0.55, ",": 1.0, "~": 0.9, "^": 0.9}
KINDS = (
    re.compile(r"[-+]?\d+([.,]\d+)?"),
    re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*"),
    re.compile(r"\S+"),
)


@dataclass(frozen=True)
class SampleRecord:
    """A record as one dialect splits it; `fields` is 0 when its quotes do not make sense."""

    line: int
    fields: int
    cells: tuple[str, ...]
    raw: str
    quoted: int


@dataclass(frozen=True)
class Sample:
    """The first records of a text and their usual number of fields."""

    records: tuple[SampleRecord, ...]
    fields: int


@dataclass(frozen=True)
class Split:
    """A separator, a quote and an escape, the share of lines that they fit, and the sentences that say so."""

    separator: str
    quote: str | None
    escape: Escape
    share: float
    evidence: tuple[str, ...]


def sampled(text: str, separator: str, quote: str | None, escape: Escape = "doubled") -> Sample:
    """The first records of a text under a dialect."""
    dialect = Dialect(separator=separator, quote=quote, escape=escape)
    content = text.encode("utf-8", "replace").replace(b"\0", b"\x1a")
    buffer = np.frombuffer(content + bytes(SLACK), np.uint8)
    marks = marks_of(dialect, MOST_FIELDS, MOST_FIELDS, "utf-8")
    spans, found = np.zeros(2 * MOST_FIELDS, np.int32), np.zeros(kernel.FOUND, np.int64)
    records: list[SampleRecord] = []
    position, line = 0, 1
    while position < len(content) and len(records) < RECORDS:
        fault = kernel.first_record(buffer, position, len(content), marks, spans, found)
        if fault != kernel.FINE:
            kernel.first_line(buffer, position, len(content), True, marks.rules, found)
        after = int(found[kernel.AFTER])
        raw = content[position : int(found[kernel.CONTENT_END])].decode()
        count = 0 if fault != kernel.FINE else int(found[kernel.FIELDS])
        cells, quoted = _cells(content, spans, min(count, MOST_FIELDS), quote, escape)
        if raw.strip():
            records.append(SampleRecord(line, count, cells, raw, quoted))
        line += int(found[kernel.LF] + found[kernel.CRLF] + found[kernel.CR])
        position = after
    usual = Counter(record.fields for record in records if record.fields > 0)
    most = max(usual.values(), default=0)
    return Sample(tuple(records), max((fields for fields, n in usual.items() if n == most), default=1))


def _cells(
    content: bytes,
    spans: np.ndarray[tuple[int], np.dtype[np.int32]],
    count: int,
    quote: str | None,
    escape: Escape,
) -> tuple[tuple[str, ...], int]:
    cells, quoted = [], 0
    for place in range(count):
        start, packed = int(spans[2 * place]), int(spans[2 * place + 1])
        cell = content[start : start + (packed & LENGTH)].decode()
        if packed & ESCAPED and quote:
            cell = cell.replace(quote * 2 if escape == "doubled" else "\\" + quote, quote)
        quoted += bool(packed & QUOTED)
        cells.append(cell)
    return tuple(cells), quoted


def best_split(text: str, only: str | None = None) -> Split:
    """The separator and quote under which the text looks most like a table."""
    best: tuple[float, Split] | None = None
    for separator in (only,) if only else SEPARATORS:
        if separator not in text and separator != ",":
            continue
        if text.count(separator) == 2 * text.count(separator * 2) > 0:
            # It never stands alone: the doubled one is the separator.
            continue
        for quote in QUOTES:
            if quote is not None and (quote in separator or (quote not in text and quote != '"')):
                continue
            score, split = _scored(text, separator, quote)
            if best is None or score > best[0] + 1e-9:
                best = (score, split)
    if best is None:
        raise AssertionError("A text without a comma is still tried with a comma.")
    return best[1]


def _scored(text: str, separator: str, quote: str | None) -> tuple[float, Split]:
    """How much the text looks like a table under a separator and a quote, between 0 and about 1."""
    escape: Escape = "doubled"
    sample = sampled(text, separator, quote)
    if quote is not None and "\\" + quote in text:
        other = sampled(text, separator, quote, "backslash")
        if _faults(other) < _faults(sample):
            sample, escape = other, "backslash"
    records = sample.records
    usual = [record for record in records if record.fields == sample.fields]
    share = len(usual) / max(len(records), 1)
    width = 1 - 1 / sample.fields if sample.fields > 1 else 0.05
    steady = _steadiness(usual, sample.fields)
    quoted = sum(record.quoted for record in usual)
    strange = sum(
        cell.startswith(('"', "'")) or cell.endswith('"') for record in usual for cell in record.cells
    )
    cells = max(sum(record.fields for record in usual), 1)
    score = share * width * (0.6 + 0.4 * steady) * HANDICAP.get(separator, 1.0)
    score += (
        0.1 * share * quoted / cells - 0.2 * strange / cells - 0.2 * _faults(sample) / max(len(records), 1)
    )
    # A few quotes that make no sense are likelier than a file without quotes in which quotes happen to stand.
    score -= 0.02 * (quote is None and '"' in text)
    evidence = [f"Split at {separator!r}, {len(usual)} of {len(records)} lines have {sample.fields} fields."]
    if quoted and quote:
        evidence.append(f"{quoted} fields stand between {quote} quotes.")
    if escape == "backslash":
        evidence.append("Quotes inside quoted fields follow a backslash.")
    if sample.fields == 1:
        evidence = ["No separator divides the lines evenly: one column is proposed."]
    kept = quote if quoted or quote == '"' else ('"' if quote is None and '"' not in text else quote)
    return score, Split(separator, kept, escape, share, tuple(evidence))


def _faults(sample: Sample) -> int:
    return sum(record.fields == 0 for record in sample.records)


def _steadiness(records: Sequence[SampleRecord], fields: int) -> float:
    """The share of columns most of whose cells are of one kind: number, day, word, or empty."""
    if len(records) < 2:
        return 0.5
    total = 0.0
    for place in range(fields):
        kinds = Counter(_kind(record.cells[place]) for record in records[1:] if place < len(record.cells))
        total += max(kinds.values(), default=0) / max(len(records) - 1, 1)
    return total / fields


def _kind(cell: str) -> int:
    text = cell.strip()
    if not text:
        return -1
    return next((kind for kind, pattern in enumerate(KINDS) if pattern.fullmatch(text)), len(KINDS))
