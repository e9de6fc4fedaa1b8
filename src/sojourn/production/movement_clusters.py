"""Classify border crossings on a cluster: the same rule, by the same code, person by person on many machines.

The Parquet files stand on storage that every machine sees. Each task writes its own file beside the result;
when all are there, those of the attempts that counted are moved together, and the folder gets its name.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine import Engine
from sojourn.engine.crossings import anchors_statement
from sojourn.engine.names import quoted
from sojourn.engine.spark import Piece, can_travel, cluster
from sojourn.engine.spark_tasks import FILE_COLUMN, ROW_COLUMN
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.movements import CLASSIFIED, Gaps, Observation, classified_movements
from sojourn.production.movement_anchors import anchor_problems, anchors_of_file
from sojourn.production.movement_files import (
    ROWS_OF_A_PART,
    Progress,
    Summary,
    require_columns,
)
from sojourn.production.movement_lives import lives_of_file, require_scope
from sojourn.production.movement_reading import CROSSING_COLUMNS, SCOPE_COLUMN, opened_table
from sojourn.production.movement_writing import columns_without_gaps, opened_parquet, with_whole_columns
from sojourn.store.durable import synchronise

__all__ = ["Decision", "classified_on_cluster"]

Mistakes = tuple[int | None, ...]


@dataclass(frozen=True)
class Decision:
    """What each task does with the crossings of its persons; `anchors` have the row's number."""

    rule: ResidenceRule
    observation: Observation
    anchors: pa.Table | None = None
    lives: pa.Table | None = None
    gaps: Gaps = Gaps.BOUNDS
    excludes_boundary: bool = False

    def __call__(self, crossings: pa.Table) -> tuple[pa.Table, Mapping[str, Any]]:
        """The crossings with what they did, and how many did what."""
        decided = classified_movements(
            crossings,
            rule=self.rule,
            observation=self.observation,
            anchors=self.anchors,
            lives=self.lives,
            gaps=self.gaps,
            excludes_boundary=self.excludes_boundary,
        )
        found = decided.select([*crossings.column_names, *CLASSIFIED.names])
        summary = Summary()
        summary.add(found)
        return found, {**summary.to_json(), "anchors": self.anchor_mistakes(crossings)}

    def anchor_mistakes(self, crossings: pa.Table) -> Mistakes:
        """What is wrong with the anchors, as far as these crossings tell."""
        if self.anchors is None:
            return (0, None) * 3
        with Engine(memory="512MB", threads=1) as engine:
            inputs = {"anchors": self.anchors, "crossings": crossings}
            (found,) = engine.query(anchors_statement(), inputs).rows()
        return found


def classified_on_cluster(
    source: Path | Sequence[Path],
    target: Path,
    *,
    master: str,
    rule: ResidenceRule,
    observation: Observation,
    anchors: Path | None = None,
    lives: Path | None = None,
    gaps: Gaps = Gaps.BOUNDS,
    excludes_boundary: bool = False,
    on_progress: Progress | None = None,
) -> Summary:
    """Classify the crossings of Parquet files into a folder of Parquet files, a row for each crossing.

    `source` is a file, a folder of files that end in .parquet, or such files; `master` the address of a
    standalone Spark cluster. The rows are those that `classify_file` gives; directions are plain text.

    Raises: ProjectError for a target that exists, another form of file, or a cluster that cannot work;
    DataRefused as `classify_file` does, and for columns that Spark cannot carry exactly.
    """
    _require_writable(target)
    files = _files(source)
    types = _types(files, target)
    known = anchors_of_file(anchors)
    born_and_dead = _lives(files, lives)
    decision = Decision(rule, observation, known, born_and_dead, gaps, excludes_boundary)
    nothing = types.empty_table()
    empty, _ = decision(nothing)  # settings and anchors that make no sense are refused before anything runs
    _require_anchors(anchors, decision.anchor_mistakes(nothing))
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    write = partial(_write, whole=frozenset(columns_without_gaps(files)))
    with _beside(target) as folder, cluster(master, "sojourn classify-movements") as machines:
        attempts = folder / "attempts"
        attempts.mkdir()
        pieces = machines.written_by_key(
            files,
            key="person_id",
            types=types,
            parts=max(machines.cores, ceil(rows / ROWS_OF_A_PART)),
            folder=attempts,
            work=decision,
            write=write,
            on_progress=on_progress,
        )
        summary = _summary(pieces, rows)
        _require_anchors(anchors, _together([piece.found["anchors"] for piece in pieces]))
        if not pieces:
            write(empty, attempts / "empty.parquet")
            pieces = [Piece("empty.parquet", {})]
        _place(pieces, attempts, folder / "result", target)
    return summary


def _require_writable(target: Path) -> None:
    if target.suffix == ".csv":
        raise ProjectError(
            "A cluster writes a folder of Parquet files.", "Name one that does not end in .csv."
        )
    if target.exists():
        raise ProjectError(f"{target} exists.", "Name a folder that does not: nothing is overwritten.")
    if not target.resolve().parent.is_dir():
        raise ProjectError(f"There is no folder {target.parent}.", "Make it first.")


def _files(source: Path | Sequence[Path]) -> list[Path]:
    if not isinstance(source, Path):
        return list(source)
    if source.suffix == ".csv":
        raise ProjectError("A cluster reads Parquet.", "Write the crossings as Parquet, or use one machine.")
    if not source.is_dir():
        return [source]
    files = sorted(file for file in source.glob("*.parquet") if file.name[0] not in "._")
    if not files:
        raise ProjectError(f"There is no Parquet file in {source}.", "Name a folder with files that end so.")
    return files


def _types(files: Sequence[Path], target: Path) -> pa.Schema:
    """The columns of the crossings, the same in all files, with the types in which one machine works.

    Raises: DataRefused naming what is missing, of the wrong type, different, or cannot travel.
    """
    for file in files:
        opened_table(file, CROSSING_COLUMNS, SCOPE_COLUMN)
    schemas = [pq.read_schema(file).remove_metadata() for file in files]
    first = schemas[0]
    problems = [
        Problem(
            shown(file.name), None, f"the columns are not those of {shown(files[0].name)}.", "Write it anew."
        )
        for file, schema in zip(files, schemas, strict=True)
        if not schema.equals(first)
    ]
    problems += [
        Problem(
            shown(files[0].name),
            None,
            f"the column {shown(field.name)} holds {field.type}, which a cluster cannot carry exactly.",
            "Convert or drop it, or use one machine.",
        )
        for field in first
        if not can_travel(field.type)
    ]
    problems += [
        Problem(shown(files[0].name), None, f"a column is called {name}.", "Rename it.")
        for name in (FILE_COLUMN, ROW_COLUMN)
        if name in first.names
    ]
    if problems:
        raise DataRefused(problems)
    require_columns(files[0], target, first)
    for name in first.names:
        quoted(name)
    with Engine([files[0].resolve().parent], threads=1) as engine:
        types = engine.relation(files[0]).schema
    place = types.get_field_index("direction")
    return types.set(place, pa.field("direction", pa.string()))


def _lives(files: Sequence[Path], lives: Path | None) -> pa.Table | None:
    """The lives of a file, if there is one; the files say to whom the rule applies, if they say it."""
    with Engine([file.resolve().parent for file in files], threads=1) as engine:
        require_scope(engine, files[0], engine.relation(files))
        return lives_of_file(engine, lives) if lives is not None else None


def _require_anchors(file: Path | None, mistakes: Mistakes) -> None:
    problems = anchor_problems(file, mistakes) if file is not None else []
    if problems:
        raise DataRefused(problems)


def _together(mistakes: Sequence[Sequence[int | None]]) -> Mistakes:
    """The mistakes that the parts found: those of whole anchors are told by every part, late ones by one."""
    late = sum(part[4] or 0 for part in mistakes)
    first_late = min((part[5] for part in mistakes if part[5]), default=None)
    return (0, None, 0, None, late, first_late)


def _write(table: pa.Table, file: Path, *, whole: frozenset[str]) -> None:
    found = with_whole_columns(table, whole)
    with opened_parquet(file, found.schema) as writer:
        writer.write_table(found)
    synchronise(file)


def _summary(pieces: Sequence[Piece], rows: int) -> Summary:
    """All that the parts found together.

    Raises: RuntimeError when they are not as many rows as the files have.
    """
    summary = Summary()
    for piece in pieces:
        for name in ("crossings", "immigrations", "emigrations", "unresolved"):
            setattr(summary, name, getattr(summary, name) + piece.found[name])
        summary.problems.update(piece.found["problems"])
    if summary.crossings != rows:
        raise RuntimeError(f"The files have {rows} rows and the cluster returned {summary.crossings}.")
    return summary


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A folder for unfinished work on the target's storage, open to whom the storage's owner lets in."""
    folder = target.resolve().parent / f".sojourn-{uuid4().hex}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place(pieces: Sequence[Piece], attempts: Path, made: Path, target: Path) -> None:
    """Move the files that count into one folder and give it its name; a straggler's file stays behind."""
    made.mkdir()
    for number, piece in enumerate(sorted(pieces, key=lambda piece: piece.file)):
        os.rename(attempts / piece.file, made / f"part-{number:05d}.parquet")
    synchronise(made)
    _require_writable(target)
    os.rename(made, target)
    synchronise(target.resolve().parent)
