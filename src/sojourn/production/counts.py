"""What became of the records of a delivery, in numbers and places; never a value."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

__all__ = ["RecordCounts"]


@dataclass
class RecordCounts:
    """What became of every record of a delivery."""

    loaded: int = 0
    quarantined: int = 0
    non_data: int = 0
    physical_records: int = 0
    content_digest: str = ""
    reasons: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    first_lines: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    outcomes: dict[str, list[int]] = field(default_factory=dict)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    non_data_lines: list[dict[str, Any]] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    encoding: str | None = None

    def add_reasons(self, quarantined: pa.Table) -> None:
        """Count the problems of a batch and keep the first lines on which each kind was seen."""
        kinds = ["reason", "column_name", "column_letter"]
        for group in (
            quarantined.group_by(kinds).aggregate([("line", "count"), ("line", "list")]).to_batches()
        ):
            named = zip(*(group[kind].to_pylist() for kind in kinds), strict=True)
            for kind, count, lines in zip(
                named, group["line_count"].to_pylist(), group["line_list"], strict=True
            ):
                self.reasons[kind] += count
                earliest = [*self.first_lines.get(kind, []), *lines.values.slice(0, 1_000).to_pylist()]
                self.first_lines[kind] = sorted(earliest)[:5]

    def to_json(self) -> dict[str, Any]:
        """The counts as the catalogue keeps them; no value of a record is among them."""
        groups = [
            {
                "reason": reason,
                "column": column,
                "letter": letter,
                "records": count,
                "first_lines": self.first_lines[reason, column, letter],
            }
            for (reason, column, letter), count in sorted(
                self.reasons.items(), key=lambda kind: (-kind[1], kind[0])
            )
        ]
        return {
            "problems": groups,
            "checks": {
                rule: dict(zip(("passes", "fails", "unknown"), found, strict=True))
                for rule, found in self.outcomes.items()
            },
            "warnings": self.warnings,
            "non_data_lines": self.non_data_lines,
            "unknown_columns": self.unknown_columns,
            "encoding": self.encoding,
        }
