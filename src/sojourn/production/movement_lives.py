"""Births and deaths beside a file of crossings, and whom the rule of residence does not apply to."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.engine import Engine, Relation
from sojourn.engine.crossings import lives_mistakes_statement, lives_statement
from sojourn.engine.gather import by_part, taken
from sojourn.engine.partitions import KEY_HASH
from sojourn.errors import DataRefused, Problem, shown
from sojourn.production.movement_reading import LIFE_COLUMNS, opened_table

__all__ = ["in_scope", "lives_by_part", "lives_of_file", "require_scope"]

_MISTAKES = (
    ("lack a person", "Fill it in, or take them out."),
    ("share a person with another one", "Keep one row for a person, the one that is right."),
    ("have a death before the birth", "Look which day is wrong; leave one empty that is not known."),
)


def lives_by_part(
    engine: Engine, crossings: Relation, file: Path | None, parts: int
) -> list[pa.Table | None]:
    """For each part of the crossings the lives of its persons; they have person_id, birth_date, death_date.

    A part is told by the person as `write_parts` tells it. Who never crossed is left out.

    Raises: DataRefused when a row lacks its person, a person has two, or a death comes before the birth.
    """
    if file is None:
        return [None] * parts
    inputs = {"lives": engine.relation(lives_of_file(engine, file)), "crossings": crossings}
    known = engine.query(lives_statement(), inputs).to_arrow()
    if parts == 1:
        return [known]
    order, starts = by_part(known[KEY_HASH].to_numpy(), parts)
    ordered = taken(known.combine_chunks(), order)
    return [ordered.slice(begin, end - begin) for begin, end in pairwise(starts.tolist())]


def lives_of_file(engine: Engine, file: Path) -> pa.Table:
    """The lives of a file: person_id, birth_date, death_date.

    Raises: DataRefused when a row lacks its person, a person has two, or a death comes before the birth.
    """
    opened = opened_table(file, LIFE_COLUMNS)
    lives = pq.read_table(opened) if isinstance(opened, Path) else opened.read_all()
    lives = lives.select(list(LIFE_COLUMNS))
    numbered = lives.append_column("row", pa.array(range(1, len(lives) + 1), pa.int64()))
    (found,) = engine.query(lives_mistakes_statement(), {"lives": engine.relation(numbered)}).rows()
    problems = [
        Problem(shown(file.name), None, f"{count} rows {what}; the first is row {first}.", remedy)
        for count, first, (what, remedy) in zip(found[::2], found[1::2], _MISTAKES, strict=True)
        if count
    ]
    if problems:
        raise DataRefused(problems)
    return lives


def in_scope(engine: Engine, source: Path, crossings: Relation) -> Relation:
    """The crossings to which the rule applies: all, where no column says otherwise.

    Raises: DataRefused when the column does not say it of a crossing.
    """
    if "out_of_scope" not in crossings.columns:
        return crossings
    require_scope(engine, source, crossings)
    return engine.query("SELECT * FROM crossings WHERE NOT out_of_scope", {"crossings": crossings})


def require_scope(engine: Engine, source: Path, crossings: Relation) -> None:
    """Refuse crossings of which it is not said whether the rule applies to them, where a column says it."""
    if "out_of_scope" not in crossings.columns:
        return
    said = engine.query("SELECT out_of_scope FROM crossings", {"crossings": crossings})
    missing = sum(pc.sum(pc.is_null(batch["out_of_scope"])).as_py() or 0 for batch in said.batches())
    if missing:
        raise DataRefused(
            Problem(
                shown(source.name),
                None,
                f"the column out_of_scope is empty in {missing} rows.",
                "Write true where the rule does not apply to the crossing, false where it does.",
            )
        )
