"""How many records stand behind a table, and how many of those received could not be used."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["RecordsBehind", "records_behind"]


@dataclass(frozen=True)
class RecordsBehind:
    """Records that count, and records that nobody could use."""

    counted: int
    unusable: int

    @property
    def unusable_share(self) -> float:
        """Of all records that should have counted, how many per cent could not be used."""
        received = self.counted + self.unusable
        return 100 * self.unusable / received if received else 0.0


def records_behind(deliveries: Sequence[Mapping[str, Any]], repetitions: int) -> RecordsBehind:
    """The records behind the deliveries in force, of which `repetitions` came with several deliveries.

    A record that stood in a file twice is not lost, nor is one that came again mended: they are not among
    the unusable.
    """
    loaded = sum(int(row["loaded"]) for row in deliveries)
    set_aside = sum(int(row["quarantined"]) - _said_twice(row) for row in deliveries)
    came_again = sum(int(row["loaded"]) + int(row["quarantined"]) for row in deliveries if row["repairs"])
    return RecordsBehind(loaded - repetitions, max(set_aside - came_again, 0))


def _said_twice(row: Mapping[str, Any]) -> int:
    problems = json.loads(row["summary"]).get("problems", [])
    return sum(int(group["records"]) for group in problems if group["reason"] == "repeated-record")
