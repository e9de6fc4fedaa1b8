"""Pairs of a linkage scored on a cluster: many tasks, each some blocks of one rule, by the same kernel.

What the tasks read lies in a folder that the workers see under the same name; through Spark go the numbers of
blocks, and back come files of record numbers and scores.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.engine.spark import cluster
from sojourn.integration.linkage.comparison_kernel import remembered
from sojourn.integration.linkage.pair_kernel import scored
from sojourn.integration.linkage.scoring import Pairs, Work, as_one

__all__ = ["ScoredOnCluster"]

# A task's pairs: enough that its start does not count, few enough for its memory.
PAIRS_OF_A_TASK = 2_000_000
_CHUNKS = pa.schema([("task", pa.int64()), ("rule", pa.int64()), ("first", pa.int64()), ("end", pa.int64())])
_SCORED = pa.schema([("one", pa.int32()), ("other", pa.int32()), ("score", pa.float32())])


@dataclass(frozen=True)
class ScoredOnCluster:
    """Has the pairs of a linkage scored by the workers of a cluster; `folder` is theirs and ours."""

    master: str
    folder: Path

    def __call__(self, work: Work, on_progress: Callable[[int, int], None]) -> Pairs:
        """Every pair of every rule that scores enough.

        Raises: ProjectError when no cluster answers or a worker lacks something.
        """
        chunks = _chunks(work)
        if not len(chunks):
            return as_one([])
        bare = work.records._replace(likeness=work.records.likeness[:0])
        with (self.folder / "work.pickle").open("wb") as file:
            pickle.dump(Work(bare, work.weights, work.blocks, work.dedupe, work.least), file, protocol=5)
        source, attempts = self.folder / "chunks.parquet", self.folder / "attempts"
        pq.write_table(chunks, source)
        attempts.mkdir()
        with cluster(self.master, "sojourn run") as machines:
            pieces = machines.written_by_key(
                [source],
                key="task",
                types=_CHUNKS,
                parts=max(machines.cores, len(chunks)),
                folder=attempts,
                work=Scored(self.folder),
                write=_write,
                on_progress=on_progress,
            )
        read = [pq.read_table(attempts / name) for name in sorted(piece.file for piece in pieces)]
        return as_one([tuple(table[name].to_numpy() for name in _SCORED.names) for table in read])


@dataclass(frozen=True)
class Scored:
    """What one task does: score the pairs of some blocks."""

    folder: Path

    def __call__(self, chunks: pa.Table) -> tuple[pa.Table, Mapping[str, Any]]:
        """The pairs of the blocks that are listed, and how many they are."""
        work = _work(self.folder / "work.pickle")
        records = work.records._replace(likeness=remembered())
        found = []
        for chunk in chunks.to_pylist():
            part = work.blocks[chunk["rule"]]
            starts = part.starts[chunk["first"] : chunk["end"] + 1]
            members = part.records[starts[0] : starts[-1]]
            found.append(scored(records, work.weights, members, starts - starts[0], work.dedupe, work.least))
        table = pa.table(dict(zip(_SCORED.names, as_one(found), strict=True)), schema=_SCORED)
        return table, {"pairs": len(table)}


@functools.lru_cache(maxsize=1)
def _work(file: Path) -> Work:
    """What is scored, read once by each worker. Only what this office's own project wrote is unpickled."""
    with file.open("rb") as opened:
        found: Work = pickle.load(opened)  # noqa: S301  a file of the vault, written by this run
    return found


def _write(pairs: pa.Table, file: Path) -> None:
    pq.write_table(pairs, file)


def _chunks(work: Work) -> pa.Table:
    """Which blocks of which rule each task scores: about as many pairs for each."""
    rules, firsts, ends = [], [], []
    for rule, part in enumerate(work.blocks):
        of_task = np.cumsum(part.pairs) // PAIRS_OF_A_TASK
        first = np.flatnonzero(np.concatenate(([True], of_task[1:] != of_task[:-1])))
        rules.append(np.full(len(first), rule))
        firsts.append(first)
        ends.append(np.append(first[1:], len(part.pairs)))
    if not rules:
        return _CHUNKS.empty_table()
    columns = [np.concatenate(column).astype(np.int64) for column in (rules, firsts, ends)]
    return pa.table([np.arange(len(columns[0])), *columns], schema=_CHUNKS)
