"""Make events of movements, person by person: part by part on one machine, or on a cluster."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.microdata import MigrationEvent
from sojourn.engine import Engine, Relation
from sojourn.engine.partitions import hashed_statement, parts_of, write_parts
from sojourn.engine.spark import cluster
from sojourn.integration.migration_events import EventRules, crossings_of_movements, migration_events
from sojourn.integration.movements import Observation
from sojourn.production.resident_accounts import Accounts, accounts_of, added_up
from sojourn.store.durable import synchronise

__all__ = ["EventWork", "written_events"]

ROWS_OF_A_PART = 1 << 19
MEMORY_OF_A_PART = "1GB"


@dataclass(frozen=True)
class EventWork:
    """What is done with all movements of some people."""

    rules: EventRules
    observation: Observation

    def __call__(self, movements: pa.Table) -> tuple[pa.Table, Mapping[str, Any]]:
        """Their events, with how many there are and the accounts of these people."""
        with Engine(memory=MEMORY_OF_A_PART, threads=1) as engine:
            crossings = crossings_of_movements(engine.relation(movements)).to_arrow()
            found = migration_events(engine, crossings, rules=self.rules, observation=self.observation)
            accounts = accounts_of(engine, found, self.observation)
        return found, {"rows": len(found), "accounts": accounts}


def written_events(
    movements: Relation, rows: int, work: EventWork, folder: Path, unfinished: Path, master: str
) -> tuple[int, Accounts]:
    """Write the events of all movements, of which there are about so many, as files of the folder.

    `unfinished` is a folder for what is on the way; `master` the address of a cluster, or empty. Returns how
    many events there are, and the accounts of all people.
    """
    if master:
        told = _on_cluster(movements, rows, work, folder, unfinished, master)
    else:
        told = _on_this_machine(movements, rows, work, folder, unfinished)
    if not told:
        events, _ = work(movements.to_arrow())
        _write(events, folder / "part-000000.parquet")
    return sum(part["rows"] for part in told), added_up(part["accounts"] for part in told)


def _on_this_machine(
    movements: Relation, rows: int, work: EventWork, folder: Path, unfinished: Path
) -> list[Mapping[str, Any]]:
    parts = 1 << (rows // ROWS_OF_A_PART).bit_length()
    split = movements.engine.query(hashed_statement("person_key", "movements"), {"movements": movements})
    write_parts(split.batches(), unfinished, parts)
    told = []
    for number, part in enumerate(parts_of(unfinished, parts)):
        events, said = work(part)
        _write(events, folder / f"part-{number:06d}.parquet")
        told.append(said)
    return told


def _on_cluster(
    movements: Relation, rows: int, work: EventWork, folder: Path, unfinished: Path, master: str
) -> list[Mapping[str, Any]]:
    file, attempts = unfinished / "movements.parquet", unfinished / "attempts"
    movements.write_parquet(file)
    attempts.mkdir()
    with cluster(master, "sojourn run") as machines:
        pieces = machines.written_by_key(
            [file],
            key="person_key",
            types=movements.schema,
            parts=max(machines.cores, ceil(rows / ROWS_OF_A_PART)),
            folder=attempts,
            work=work,
            write=_write,
        )
    for number, piece in enumerate(sorted(pieces, key=lambda piece: piece.file)):
        os.rename(attempts / piece.file, folder / f"part-{number:06d}.parquet")
    return [piece.found for piece in pieces]


def _write(events: pa.Table, file: Path) -> None:
    pq.write_table(MigrationEvent.conform(events), file)
    synchronise(file)
