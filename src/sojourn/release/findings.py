"""What was found about a release before people decide on it: what stops it, what somebody answers for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["MOST_CELLS", "Finding", "Severity"]

MOST_CELLS = 200


class Severity(StrEnum):
    """How much a finding weighs: it blocks, somebody decides on it by name, or it is only told."""

    BLOCKS = "blocks"
    DECIDE = "decide"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing found: its kind, which table it is of, in words, and the cells that it is about.

    A cell is the codes of its dimensions and its `TIME_PERIOD`; `cells` holds the first of them, at most
    `MOST_CELLS`, and `count` says how many there are.
    """

    kind: str
    severity: Severity
    table: str
    text: str
    cells: tuple[Mapping[str, str], ...] = field(default=())
    count: int = 0
