"""Code maps: from the codes that a source writes to standard codes, with validity.

A map is a CSV file with the columns `from` and `to` and, where codes changed, `valid_from` and
`valid_to`. A blank `to` is not allowed: unknown is `_U`, not applicable is `_Z`.
"""

from __future__ import annotations

import csv
import datetime
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa

from sojourn.concepts import code_list
from sojourn.errors import Problem
from sojourn.project.text_file import text_of

__all__ = ["CodeMap", "read_code_map"]

_COLUMNS = ("from", "to", "valid_from", "valid_to")
_Validity: TypeAlias = tuple[datetime.date | None, datetime.date | None]
# By what a source writes: the lines that map it, each with its validity.
_Seen: TypeAlias = dict[str, list[tuple[int, datetime.date | None, datetime.date | None]]]


@dataclass(frozen=True)
class CodeMap:
    """The lines of one code map, as columns."""

    file: str
    written: tuple[str, ...]
    standard: tuple[str, ...]
    valid_from: tuple[datetime.date | None, ...]
    valid_to: tuple[datetime.date | None, ...]

    def to_arrow(self) -> pa.Table:
        """Columns `written`, `standard`, `valid_from`, `valid_to`."""
        return pa.table(
            {
                "written": pa.array(self.written, pa.string()),
                "standard": pa.array(self.standard, pa.string()),
                "valid_from": pa.array(self.valid_from, pa.date32()),
                "valid_to": pa.array(self.valid_to, pa.date32()),
            }
        )


def read_code_map(
    file: Path, shown_as: str, codes: str | None, country: str
) -> tuple[CodeMap | None, list[Problem]]:
    """Read a code map and hold its `to` column against a code list; the project's country is always known.

    Returns the map, or none when it cannot be used, and all that is wrong with it.
    """
    problems: list[Problem] = []
    text = text_of(file, shown_as)
    if isinstance(text, Problem):
        return None, [text]
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = tuple(reader.fieldnames or ())
    if not {"from", "to"} <= set(header) or not set(header) <= set(_COLUMNS):
        found = f"the columns are {', '.join(header) or 'absent'}."
        remedy = f"They must be: {', '.join(_COLUMNS)}; the last two may be left out."
        return None, [Problem(shown_as, 1, found, remedy)]
    lines = [(reader.line_num, row) for row in reader]
    days: list[_Validity] = []
    seen: _Seen = {}
    for line, row in lines:
        validity = _validity(row, shown_as, line, problems)
        days.append(validity)
        _check_target(row["to"], codes, country, shown_as, line, problems)
        _check_repetition(row["from"], validity, seen, shown_as, line, problems)
    if problems:
        return None, problems
    return (
        CodeMap(
            shown_as,
            tuple(row["from"] for _, row in lines),
            tuple(row["to"] for _, row in lines),
            tuple(start for start, _ in days),
            tuple(end for _, end in days),
        ),
        [],
    )


def _check_repetition(
    written: str,
    validity: _Validity,
    seen: _Seen,
    shown_as: str,
    line: int,
    problems: list[Problem],
) -> None:
    for earlier_line, start, end in seen.get(written, []):
        if _overlap((start, end), validity):
            problems.append(
                Problem(
                    shown_as,
                    line,
                    f"{written!r} is mapped again; line {earlier_line} maps it for the same days.",
                    "Keep one line, or give both a validity.",
                )
            )
    seen.setdefault(written, []).append((line, *validity))


def _validity(
    row: dict[str, str], shown_as: str, line: int, problems: list[Problem]
) -> tuple[datetime.date | None, datetime.date | None]:
    found: list[datetime.date | None] = []
    for name in ("valid_from", "valid_to"):
        text = row.get(name) or ""
        try:
            found.append(datetime.date.fromisoformat(text) if text else None)
        except ValueError:
            problems.append(
                Problem(
                    shown_as, line, f"{name} is {text!r}, which is not a day.", "Write days as 2024-12-31."
                )
            )
            found.append(None)
    return found[0], found[1]


def _check_target(
    target: str | None, codes: str | None, country: str, shown_as: str, line: int, problems: list[Problem]
) -> None:
    if not target:
        problems.append(
            Problem(
                shown_as, line, "the column `to` is empty.", "Write _U for unknown or _Z for not applicable."
            )
        )
        return
    if codes is None or target in code_list(codes) or (codes == "CL_AREA" and target == country):
        return
    near = [code.code for code in code_list(codes).suggest(target)]
    problems.append(
        Problem(
            shown_as,
            line,
            f"{target!r} is not a code of {codes}.",
            f"Did you mean {', '.join(near)}?" if near else f"See the reference page of {codes}.",
        )
    )


def _overlap(
    one: tuple[datetime.date | None, datetime.date | None],
    other: tuple[datetime.date | None, datetime.date | None],
) -> bool:
    first, last = datetime.date.min, datetime.date.max
    return (one[0] or first) <= (other[1] or last) and (other[0] or first) <= (one[1] or last)
