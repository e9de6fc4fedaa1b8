"""Work on a cluster that goes wrong on purpose, as a program of its own.

python cluster_jobs.py waiting MASTER SOURCE FOLDER    says on which workers it runs, and waits for a word
python cluster_jobs.py failing MASTER SOURCE FOLDER    stumbles over a value of a row
"""

from __future__ import annotations

import datetime
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine.spark import cluster
from sojourn.integration.movements import Observation
from sojourn.production.movement_clusters import Decision

FIRST = datetime.date(2010, 1, 1)
RULE = ResidenceRule(20, 26)
OBSERVED_UNTIL = 100
OBSERVATION = Observation(FIRST, FIRST + datetime.timedelta(OBSERVED_UNTIL))
SECONDS = 240


@dataclass(frozen=True)
class Waiting:
    """Decides once the folder has a file `go`; until then tasks leave files named for worker and part."""

    folder: Path

    def __call__(self, crossings: pa.Table) -> tuple[pa.Table, Mapping[str, Any]]:
        from pyspark import TaskContext

        worker = next(part for part in Path.cwd().parts if re.fullmatch(r"worker\d", part))
        (self.folder / f"{worker}-{TaskContext.get().partitionId()}").touch()
        until = time.monotonic() + SECONDS
        while not (self.folder / "go").exists() and time.monotonic() < until:
            time.sleep(0.1)
        return Decision(RULE, OBSERVATION)(crossings)


def failing(crossings: pa.Table) -> tuple[pa.Table, Mapping[str, Any]]:
    """A mistake whose message holds what stood in a row."""
    return crossings, {"days": int(crossings["name"][0].as_py())}


def write(table: pa.Table, file: Path) -> None:
    """Write the decided crossings."""
    pq.write_table(table, file)


def main(kind: str, master: str, source: Path, folder: Path) -> None:
    """Run one of the two."""
    attempts = folder / "attempts"
    attempts.mkdir(parents=True)
    with cluster(master, kind) as machines:
        pieces = machines.written_by_key(
            [source],
            key="person_id",
            types=pq.read_schema(source).remove_metadata(),
            parts=4,
            folder=attempts,
            work=Waiting(folder) if kind == "waiting" else failing,
            write=write,
        )
    (folder / "pieces").write_text("\n".join(piece.file for piece in pieces))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
