"""The report on SDG indicators as a page that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sojourn.concepts import code_list

__all__ = ["report_lines", "report_text"]

_ORDER = (
    *("COMPUTED", "TOO_FEW", "NO_STATUS", "UNIVERSE_EMPTY", "VARIABLE_MISSING", "NOT_MICRODATA"),
    *("NOT_DECLARED", "LEFT_OUT"),
)
Rows = Sequence[Mapping[str, Any]]


def report_text(outcomes: pa.Table, told: Mapping[str, str]) -> str:
    """The report in Markdown: how many of each outcome, then every indicator under its outcome."""
    rows = outcomes.to_pylist()
    lines = ["# SDG indicators by migratory status: what could be computed, and why not", ""]
    lines += [f"- {name}: {value}" for name, value in told.items()]
    lines += ["", *_table(("Outcome", "Indicators", "Series"), _counts(rows))]
    for outcome in _ORDER:
        chosen = [row for row in rows if row["outcome"] == outcome]
        if chosen:
            lines += ["", f"## {_name(outcome)}", "", *_section(outcome, chosen)]
    return "\n".join(lines) + "\n"


def report_lines(rows: Rows) -> Iterator[str]:
    """How many indicators and series have each outcome, as lines for a screen."""
    for name, indicators, series in _counts(rows):
        yield f"  {name}: {indicators} indicators, {series} series"


def _counts(rows: Rows) -> list[tuple[str, str, str]]:
    found = []
    for outcome in _ORDER:
        chosen = [row for row in rows if row["outcome"] == outcome]
        if chosen:
            series = sum(row["series"] != "_Z" for row in chosen)
            found.append((_name(outcome), str(len({row["indicator"] for row in chosen})), str(series)))
    return found


def _section(outcome: str, rows: Rows) -> list[str]:
    if outcome in ("COMPUTED", "TOO_FEW", "NO_STATUS"):
        heads = (
            "Indicator",
            "Series",
            "Title",
            "Records",
            "Shown",
            "With caution",
            "Not shown",
            "Fits",
            "Note",
        )
        return _table(
            heads,
            (
                (
                    row["indicator"], row["series"], row["full_title"], f"{row['contributors']:,}",
                    str(row["published"]), str(row["caution"]), str(row["suppressed"]), row["fits"],
                    " ".join(filter(None, (row["note"], _wanting(row)))),
                )
                for row in rows
            ),
        )  # fmt: skip
    return _table(
        ("Indicator", "Series", "Title", "Why", "Standing of the line"),
        (
            (row["indicator"], row["series"], row["full_title"], row["explanation"], _standing(row))
            for row in rows
        ),
    )


def _wanting(row: Mapping[str, Any]) -> str:
    wanting = row["not_broken_down"]
    return f"Not broken down further for want of {wanting}." if wanting else ""


def _standing(row: Mapping[str, Any]) -> str:
    return f"{row['status']}, {'verified' if row['verified'] else 'not verified'}"


def _name(outcome: str) -> str:
    return code_list("CL_SDG_OUTCOME").code(outcome).name()


def _table(heads: Sequence[str], rows: Any) -> list[str]:
    lines = [_line(heads), _line(["---"] * len(heads))]
    return [*lines, *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
