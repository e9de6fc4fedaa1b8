"""Anchors beside a file of crossings: states of residence that were known for certain on a day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.engine import Engine, Relation
from sojourn.engine.crossings import anchors_statement
from sojourn.errors import DataRefused, Problem, shown
from sojourn.production.movement_reading import ANCHOR_COLUMNS, opened_table

__all__ = ["anchor_problems", "anchors_of_file", "known_anchors"]

_ANCHOR_MISTAKES = (
    ("lack a person, a day or a state", "Fill them in, or take them out."),
    ("say two things of one person and day", "Keep the one that is right."),
    (
        "come after the last crossing of their persons, so they decide nothing",
        "Take them out, or look whether crossings are missing.",
    ),
)


def anchors_of_file(file: Path | None) -> pa.Table | None:
    """The anchors of a file, each with the row in which it stands."""
    if file is None:
        return None
    opened = opened_table(file, ANCHOR_COLUMNS)
    anchors = pq.read_table(opened) if isinstance(opened, Path) else opened.read_all()
    return anchors.append_column("row", pa.array(range(1, len(anchors) + 1), pa.int64()))


def known_anchors(engine: Engine, crossings: Relation, file: Path | None) -> pa.Table | None:
    """The anchors of a file: whole, without contradiction, none after its person's last crossing.

    Raises: DataRefused telling of each kind of mistake how many there are, and where the first one stands.
    """
    anchors = anchors_of_file(file)
    if file is None or anchors is None:
        return None
    inputs = {"anchors": engine.relation(anchors), "crossings": crossings}
    (found,) = engine.query(anchors_statement(), inputs).rows()
    problems = anchor_problems(file, found)
    if problems:
        raise DataRefused(problems)
    return anchors


def anchor_problems(file: Path, found: Sequence[int | None]) -> list[Problem]:
    """What `anchors_statement` found in a file of anchors, in words."""
    return [
        Problem(shown(file.name), None, f"{count} anchors {what}; the first is in row {first}.", remedy)
        for count, first, (what, remedy) in zip(found[::2], found[1::2], _ANCHOR_MISTAKES, strict=True)
        if count
    ]
