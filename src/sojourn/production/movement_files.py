"""Classify the border crossings of a plain file: read it, split it by person, decide, write the result.

The file may be larger than memory. The result appears under its name when it is whole, and not before. New
crossings can go on from earlier results: then only the people whom they touch are decided again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine import Engine, Relation
from sojourn.engine.crossings import (
    crossings_statement,
)
from sojourn.engine.partitions import parts_of, write_parts
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.movements import CLASSIFIED, Gaps, Observation, classified_movements, direction_codes
from sojourn.production.movement_anchors import known_anchors
from sojourn.production.movement_lives import lives_by_part, require_scope
from sojourn.production.movement_reading import (
    CROSSING_COLUMNS,
    SCOPE_COLUMN,
    opened_table,
)
from sojourn.production.movement_results import Terms, earlier_results, histories, require_same_columns
from sojourn.production.movement_writing import columns_without_gaps, result_writer
from sojourn.production.unfinished import as_parquet, unfinished_beside

__all__ = [
    "Summary",
    "classify_file",
    "require_columns",
    "require_writable",
]

ROWS_OF_A_PART = 1 << 21
Progress = Callable[[int, int], None]


@dataclass
class Summary:
    """What was found in a file of crossings, in numbers."""

    crossings: int = 0
    immigrations: int = 0
    emigrations: int = 0
    unresolved: int = 0
    persons_decided_again: int | None = None
    problems: Counter[str] = field(default_factory=Counter)

    def add(self, found: pa.Table) -> None:
        """Count the crossings of one part."""
        codes = direction_codes(found["direction"])
        by_direction = np.bincount(codes[found["is_migration"].fill_null(False).to_numpy()], minlength=2)
        self.crossings += len(found)
        self.emigrations += int(by_direction[0])
        self.immigrations += int(by_direction[1])
        self.unresolved += found["is_migration"].null_count
        self.problems += _counts(found["problem"].drop_null())

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return {**vars(self), "problems": dict(self.problems)}


def _counts(names: pa.ChunkedArray) -> Counter[str]:
    """How often each name occurs."""
    return Counter({each["values"]: each["counts"] for each in pc.value_counts(names).to_pylist()})


def classify_file(
    source: Path,
    target: Path,
    *,
    rule: ResidenceRule,
    observation: Observation,
    anchors: Path | None = None,
    lives: Path | None = None,
    gaps: Gaps = Gaps.BOUNDS,
    excludes_boundary: bool = False,
    after: Path | None = None,
    memory: str = "1GB",
    on_progress: Progress | None = None,
) -> Summary:
    """Classify the crossings of a Parquet or CSV file into another one, a row for each crossing.

    With `after`, a folder of earlier results, the result has all crossings of the people touched by new ones,
    or by the days observed since, as if all crossings had been decided at once.

    Raises: ProjectError for a target that exists or another form of file, or for earlier results that do not
    fit; DataRefused when a column is missing or of the wrong type, a value cannot be read, an anchor comes
    after its person's last crossing, or a life is told twice or backwards.
    """
    require_writable(target)
    terms = Terms.of(rule, observation, gaps, anchors, lives, excludes_boundary=excludes_boundary)
    earlier = earlier_results(after, target, terms) if after is not None else None
    read_from = [source.resolve().parent, *([after.resolve()] if after is not None else [])]
    with (
        unfinished_beside(target) as folder,
        Engine([*read_from, folder], memory=memory, threads=1, spill=folder) as engine,
    ):
        content = as_parquet(opened_table(source, CROSSING_COLUMNS, SCOPE_COLUMN), folder)
        crossings, summary = engine.relation(content), Summary()
        require_columns(source, target, pq.read_schema(content))
        require_scope(engine, source, crossings)
        rows, columns = pq.read_metadata(content).num_rows, crossings.columns
        if earlier is not None:
            require_same_columns(source, crossings, earlier, engine.relation(earlier.files[-1]))
            crossings, again = histories(engine, crossings, earlier, rule, observation)
            summary.persons_decided_again = again
            rows += earlier.rows
        known = known_anchors(engine, crossings, anchors)
        parts = _parts(rows)
        lives_of = lives_by_part(engine, crossings, lives, parts)
        rows = _split(engine, crossings, folder, parts)
        decide = partial(
            classified_movements,
            rule=rule,
            observation=observation,
            anchors=known,
            gaps=gaps,
            excludes_boundary=excludes_boundary,
            settled_first=True,
        )
        written = folder / f"result{target.suffix}"
        # Lives are split as the crossings are; without them small parts may be decided together.
        least = ROWS_OF_A_PART // 2 if lives is None else 0
        tables = parts_of(folder, parts, least) if rows else iter([crossings.to_arrow()])
        before = earlier.files if earlier is not None else ()
        tell, whole = partial(terms.written_into, after=before), columns_without_gaps([content, *before])
        with result_writer(written, tell, whole) as write:
            for table, of_part in zip(tables, lives_of, strict=False):
                found = _as_given(decide(table, lives=of_part), columns)
                write(found)
                summary.add(found)
                if on_progress is not None:
                    on_progress(summary.crossings, rows)
        os.replace(written, target)
    return summary


def require_writable(target: Path) -> None:
    """Refuse a result in another form than Parquet or CSV, over a file, or where there is no folder."""
    if target.suffix not in (".parquet", ".csv"):
        raise ProjectError(
            f"{target} ends in neither .parquet nor .csv.", "Name the result in one of these forms."
        )
    if target.exists():
        raise ProjectError(f"{target} exists.", "Name a file that does not: nothing is overwritten.")
    if not target.resolve().parent.is_dir():
        raise ProjectError(f"There is no folder {target.parent}.", "Make it first.")


def require_columns(source: Path, target: Path, schema: pa.Schema) -> None:
    """Refuse columns that the result has already, or that its form cannot hold.

    Raises: DataRefused naming them.
    """
    taken = [name for name in CLASSIFIED.names if name in schema.names]
    nested = (
        [field.name for field in schema if pa.types.is_nested(field.type)] if target.suffix == ".csv" else []
    )
    problems = [
        Problem(
            shown(source.name),
            None,
            f"there is a column {name}, which the result adds.",
            "Rename or drop it.",
        )
        for name in taken
    ]
    problems += [
        Problem(
            shown(source.name), None, f"the column {shown(name)} cannot be written as CSV.", "Write .parquet."
        )
        for name in nested
    ]
    if problems:
        raise DataRefused(problems)


class _OtherDirections(Exception):
    """A row is neither an arrival nor a departure."""


def _split(engine: Engine, crossings: Relation, folder: Path, parts: int) -> int:
    """Split the crossings by person into so many files, and return how many there are.

    Directions are short codes; only when there are others does their text travel beside them.
    """
    try:
        return write_parts(_coded(engine, crossings, has_others=False), folder, parts)
    except _OtherDirections:
        return write_parts(_coded(engine, crossings, has_others=True), folder, parts)


def _coded(engine: Engine, crossings: Relation, *, has_others: bool) -> Iterator[pa.RecordBatch]:
    statement = crossings_statement(crossings.columns, has_other_directions=has_others)
    for batch in engine.query(statement, {"crossings": crossings}).batches(122_880):
        if not has_others and batch["direction"].null_count:
            raise _OtherDirections
        yield batch


def _as_given(found: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """The columns in the order in which they came, the found ones after them; directions as they were."""
    if "other_direction" in found.column_names:
        said = found["direction"].cast(pa.string())
        place = found.column_names.index("direction")
        found = found.set_column(place, "direction", pc.coalesce(said, found["other_direction"]))
    return found.select([*columns, *CLASSIFIED.names])


def _parts(rows: int) -> int:
    """Into how many parts rows are split: a power of two, so that none has many more than wanted."""
    return 1 << (rows // ROWS_OF_A_PART).bit_length()
