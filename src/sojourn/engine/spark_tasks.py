"""What runs on the workers of a cluster: one task takes all rows of its keys, works, and writes one file.

A task gives the work its rows in the order in which they stand in the files, whatever way they travelled, so
that a task that is repeated on another machine finds the same. It first looks whether it is the same Sojourn
as the one that sent it. What goes wrong is told by its kind and place: messages of libraries may hold values.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import numpy as np
import pyarrow as pa

from sojourn.engine.gather import taken

__all__ = ["FILE_COLUMN", "FOUND", "ROW_COLUMN", "Task", "TaskFailed", "Work", "reports", "this_code"]

Work: TypeAlias = Callable[[pa.Table], tuple[pa.Table, Mapping[str, Any]]]
Write: TypeAlias = Callable[[pa.Table, Path], None]

# Where a row stood before it travelled; a column of a file that is called so is refused beforehand.
FILE_COLUMN, ROW_COLUMN = "sojourn_file", "sojourn_row"
FOUND = "file string, found string, obstacle string"
_FOUND = pa.schema([(name, pa.string()) for name in ("file", "found", "obstacle")])
_LIBRARIES = ("numpy", "numba", "pyarrow", "duckdb")


class TaskFailed(Exception):
    """A task failed; the message names the kind and the place and holds no value of a row."""


@functools.cache
def this_code() -> str:
    """What results may depend on: Sojourn's text, Python and the libraries that compute."""
    digest = hashlib.sha256()
    base = Path(__file__).parents[1]
    for file in sorted((*base.rglob("*.py"), *base.rglob("*.sql"))):
        digest.update(f"{file.relative_to(base)}\0".encode())
        digest.update(file.read_bytes())
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    release = ".".join(platform.python_version_tuple()[:2])
    return f"Sojourn {digest.hexdigest()[:12]}, Python {release}, {libraries}"


@dataclass(frozen=True)
class Task:
    """What each task does with its rows, and where it writes.

    `types` are the columns as the work expects them; Spark has no unsigned numbers and no nanoseconds, so
    that some travel as others that hold them exactly.
    """

    code: str
    types: pa.Schema
    folder: Path
    work: Work
    write: Write

    def __call__(self, part: int, batches: Iterable[pa.RecordBatch]) -> dict[str, str | None] | None:
        """Work on the rows and write the result; none when there are no rows."""
        obstacle = self.obstacle()
        if obstacle:
            return {"file": None, "found": None, "obstacle": obstacle}
        rows = pa.Table.from_batches(list(batches), None)
        done, found = self.work(_in_order(rows).cast(self.types))
        # Two attempts at one part, on two machines, never write into one file.
        file = self.folder / f"{part:05d}-{uuid4().hex}.parquet"
        self.write(done, file)
        return {"file": file.name, "found": json.dumps(found), "obstacle": None}

    def obstacle(self) -> str | None:
        """What keeps this machine from working, in words; none when nothing does."""
        if this_code() != self.code:
            return f"{platform.node()} has {this_code()}; the machine that asks has {self.code}."
        if not os.access(self.folder, os.W_OK | os.X_OK):
            return f"{platform.node()} cannot write into the folder of the result."
        return None


def reports(task: Task, part: int, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """One row that says what became of a part; nothing for a part without rows.

    Raises: TaskFailed for whatever the work raises.
    """
    first = next(batches, None)
    if first is None:
        return
    try:
        report = task(part, _with_first(first, batches))
    except Exception as error:  # noqa: BLE001  its message may hold a value of a record and goes no further
        raise TaskFailed(_kind_and_place(error)) from None
    yield pa.RecordBatch.from_pylist([report], _FOUND)


def _with_first(first: pa.RecordBatch, others: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from others


def _in_order(rows: pa.Table) -> pa.Table:
    """The rows as they stood in the files, file by file, without the columns that say so."""
    file, row = (rows[name].to_numpy() for name in (FILE_COLUMN, ROW_COLUMN))
    content = rows.drop_columns([FILE_COLUMN, ROW_COLUMN])
    order = np.lexsort((row, file))
    return taken(content.combine_chunks(), order)


def _kind_and_place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    ours = [frame for frame in frames if "sojourn" in Path(frame.filename).parts]
    from_ours = f", called at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    system = f" ({os.strerror(error.errno)})" if isinstance(error, OSError) and error.errno else ""
    return f"{type(error).__name__}{system} in {place}{from_ours}"
