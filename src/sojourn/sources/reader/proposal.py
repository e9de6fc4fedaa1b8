"""Proposal: what dialect a file seems to be written in, with the evidence, for a person to confirm.

Nothing here reads records for use. Candidate separators and quotes are tried on the first lines by the
rules of the tokeniser; the one under which most lines have the same, larger number of fields of steady
kinds wins. Evidence is sentences that a clerk can check against the preview; the preview holds values and
belongs on the clerk's screen only.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sojourn.sources.reader.dialect import Dialect
from sojourn.sources.reader.encodings import MARGIN, Candidate, candidates
from sojourn.sources.reader.reading import opened, read_fully
from sojourn.sources.reader.reasons import refusal
from sojourn.sources.reader.sampling import Sample, best_split, sampled
from sojourn.sources.reader.signatures import signature_of
from sojourn.sources.reader.transcode import byte_order_mark

__all__ = ["Proposal", "propose"]

HEAD = 1 << 18
PREVIEW_ROWS = 10
NUMBER = re.compile(r"[-+]?[$€£]?\d[\d., \u00a0\u202f]*%?")
DAY_OR_TIME = re.compile(r"\d{1,4}[-/.:]\d{1,2}([-/.:]\d{1,4})?([T ]\d{1,2}:\d{2}.*)?")
SEPARATOR_LINE = re.compile(r'"?sep=(.+?)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Proposal:
    """A dialect to confirm: why it, how sure, and what the first rows look like under it.

    `dialect.encoding` is None when several encodings are about as likely; `encodings` lists them with
    samples.
    """

    dialect: Dialect
    evidence: tuple[str, ...]
    confidence: float
    preview: tuple[tuple[str, ...], ...] = ()
    encodings: tuple[Candidate, ...] = ()


def propose(path: str | os.PathLike[str]) -> Proposal:
    """Look at the beginning and the end of a file. Raises: FileRefused when there is nothing to propose."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = read_fully(file, HEAD)
        file.seek(max(size - HEAD // 4, 0))
        tail = read_fully(file, HEAD // 4)
    if not head:
        raise refusal("empty-file")
    known = _by_magic(head)
    if known is not None:
        return known
    encodings = candidates(head)
    _, mark = byte_order_mark(head)
    text = head[mark:].decode(encodings[0].encoding, "replace")
    if size > len(head):
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    last_lines = [] if size <= len(head) else tail.decode(encodings[0].encoding, "replace").splitlines()[1:]
    return _text_proposal(text, last_lines, encodings)


def _by_magic(head: bytes) -> Proposal | None:
    """A proposal for a file that says by its first bytes what it is."""
    found = signature_of(head)
    if found is None:
        return None
    if found.format is None:
        raise refusal(
            "not-the-format", f"This is {found.name}, not a table.", remedy="Save it as .xlsx or CSV."
        )
    if found.format == "excel":
        evidence = "The first bytes are those of a workbook. Declare the sheet and the row of the header."
        return Proposal(Dialect(format="excel"), (evidence,), 0.9)
    evidence = f"The first bytes are those of a file of {found.name}."
    return Proposal(Dialect(format=found.format), (evidence,), 0.99)


def _text_proposal(text: str, last_lines: Sequence[str], encodings: Sequence[Candidate]) -> Proposal:
    directive = SEPARATOR_LINE.fullmatch(re.split(r"\r\n|\n|\r", text, maxsplit=1)[0])
    split = best_split(text, directive.group(1) if directive else None)
    sample = sampled(text, split.separator, split.quote, split.escape)
    header_line, header_evidence, certain = _header(sample)
    data = [
        record for record in sample.records if record.line > header_line and record.fields == sample.fields
    ]
    patterns, footer_evidence = _footer(sample, last_lines, header_line, split.separator)
    sure = len(encodings) < 2 or encodings[0].likelihood - encodings[1].likelihood > MARGIN
    columns = () if header_line else tuple(f"column_{place + 1}" for place in range(sample.fields))
    dialect = Dialect(
        encoding=encodings[0].encoding if sure else None,
        separator=split.separator,
        quote=split.quote,
        escape=split.escape,
        header_line=header_line,
        columns=columns,
        non_data=patterns,
    )
    evidence = [encodings[0].evidence, *split.evidence, *header_evidence, *footer_evidence]
    if directive:
        evidence.append(f"Line 1 is Excel's own and names the separator {directive.group(1)!r}.")
    if not sure:
        evidence.append(
            f"{encodings[1].encoding} is about as likely as {encodings[0].encoding}: look at the samples."
        )
    confidence = min(encodings[0].likelihood, split.share, 0.95 if certain else 0.7)
    preview = tuple(record.cells for record in sample.records if record.line == header_line)
    preview += tuple(record.cells for record in data[:PREVIEW_ROWS])
    return Proposal(dialect, tuple(evidence), round(confidence, 3), preview, tuple(encodings[:5]))


def _header(sample: Sample) -> tuple[int, list[str], bool]:
    """The line of the header (0 for none), why, and whether that is certain."""
    whole = [record for record in sample.records if record.fields == sample.fields]
    if not whole:
        return 0, ["No line has the usual number of fields."], False
    first = whole[0]
    named = [cell.strip() for cell in first.cells]
    while len(named) > 1 and not named[-1]:
        named.pop()
    distinct = len(set(named)) == len(named) and all(named)
    values_in_first = sum(_is_value(cell) for cell in named)
    below = whole[1:200]
    steady = sum(
        bool(below) and sum(_is_value(record.cells[place]) for record in below) > 0.5 * len(below)
        for place in range(len(named))
    )
    if distinct and values_in_first == 0:
        why = f"Line {first.line} holds {len(named)} different names and no number or day"
        why += f", and the columns below it hold values in {steady} of them." if steady else "."
        above = f" The {first.line - 1} lines above it have other shapes." if first.line > 1 else ""
        return first.line, [why + above], steady > 0 or not below
    return (
        0,
        [f"Line {first.line} looks like a record, not like names: the file seems to have no header."],
        False,
    )


def _is_value(cell: str) -> bool:
    text = cell.strip()
    return bool(NUMBER.fullmatch(text) or DAY_OR_TIME.fullmatch(text))


def _footer(
    sample: Sample, last_lines: Sequence[str], header_line: int, separator: str
) -> tuple[tuple[str, ...], list[str]]:
    """Patterns for lines at the end that have another shape than the records."""
    if last_lines:
        endings = [(line, line.count(separator) + 1) for line in last_lines[-20:]]
    else:
        endings = [
            (record.raw, record.fields) for record in sample.records[-20:] if record.line > header_line
        ]
    found: list[str] = []
    for raw, fields in reversed(endings):
        if not raw.strip():
            continue
        if fields == sample.fields or fields > sample.fields or "\n" in raw or "\r" in raw or len(found) == 5:
            break
        found.append(raw)
    shapes = Counter(fields for _, fields in endings)
    if not found or len(found) > 3 or shapes[sample.fields] < len(found):
        return (), []
    patterns = tuple(re.escape(raw) for raw in reversed(found) if _is_remark(raw, separator))
    if not patterns:
        return (), []
    return patterns, [
        f"The last {len(patterns)} lines have fewer fields than the others, as totals and footnotes do."
    ]


def _is_remark(raw: str, separator: str) -> bool:
    """Whether a line reads like a total or a footnote rather than like a damaged record."""
    return raw.count(separator) + 1 <= 2
