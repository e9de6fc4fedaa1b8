"""A record counts once, however many deliveries of its source bring it.

Senders repeat the last days of a month in the next file, or send a file again for another period. For a
source that gives its records identifiers, the record of the delivery that came first counts; a correction
stands where the delivery stood that it corrects. Which records do not count follows from the deliveries in
force alone, so that a withdrawn or corrected delivery never takes a record away for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.microdata import Repetition
from sojourn.contracts.table import Table, Zone
from sojourn.engine import Engine, Relation
from sojourn.engine.deliveries import each_once_statement, key_hashes_statement, repetitions_statement
from sojourn.production.records import records_name
from sojourn.production.repeats import KeyHashes
from sojourn.production.versions import VersionRecord, name_version
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.store.store import Version

__all__ = ["each_once", "repetitions_name", "what_is_compared", "write_repetitions"]


def repetitions_name(source: SourceDeclaration) -> str:
    """The name of the versions that list a source's repeated records."""
    return f"repetitions_{records_name(source.id)}"


def what_is_compared(source: SourceDeclaration) -> tuple[str, ...]:
    """The columns in which two records of one identifier can differ."""
    contract = CONTRACTS[source.gives]
    return tuple(name for name in contract.columns if name in source.columns or name == "person_key")


def write_repetitions(
    workspace: Workspace,
    source: SourceDeclaration,
    deliveries: Sequence[str],
    versions: Sequence[Version],
    mark: str,
) -> Version:
    """Find the records of the deliveries, in their order of arrival, that do not count, and keep the list."""
    contract, name = CONTRACTS[source.gives], repetitions_name(source)
    with workspace.catalogue.work(workspace.actor, "read-records", f"source:{source.id}", "run") as work:
        with workspace.store.writing(Repetition, name, mark) as folder:
            found = Repetition.schema().empty_table()
            if len(deliveries) > 1:
                found = _repetitions(workspace, source, contract, deliveries, versions)
            pq.write_table(Repetition.conform(found), folder / "part-000000.parquet")
        inputs = tuple(version.fingerprint for version in versions)
        about = VersionRecord(
            name, Zone.SECURE, "Repetition", mark, len(found), inputs, {"source": source.id}
        )
        work.then(partial(name_version, workspace, about))
        work.detail.update(records=sum(version.rows for version in versions), repetitions=len(found))
    made = workspace.store.version(Repetition, name, mark)
    if made is None:
        raise RuntimeError("The version is not there, although it was written a moment ago.")
    return made


def _repetitions(
    workspace: Workspace,
    source: SourceDeclaration,
    contract: type[Table],
    deliveries: Sequence[str],
    versions: Sequence[Version],
) -> pa.Table:
    with workspace.store.beside(Zone.SECURE) as unfinished, workspace.engine(Zone.SECURE) as engine:
        records = engine.relation([file for version in versions for file in version.files])
        suspected = _keys_seen_again(engine, records, contract, unfinished)
        if not len(suspected):
            return Repetition.schema().empty_table()
        inputs = {
            "records": records,
            "suspected": engine.relation(suspected),
            "places": engine.relation(
                pa.table({"delivery": list(deliveries), "place": list(range(len(deliveries)))})
            ),
        }
        statement = repetitions_statement(contract.natural_key, what_is_compared(source))
        return engine.query(statement, inputs).to_arrow()


def _keys_seen_again(engine: Engine, records: Relation, contract: type[Table], folder: Path) -> pa.Table:
    hashes = KeyHashes(folder)
    for batch in engine.query(key_hashes_statement(contract.natural_key), {"records": records}).batches():
        hashes.add(batch["key_hash"].to_numpy())
    return pa.table({"key_hash": hashes.seen_again()})


def each_once(engine: Engine, records: Sequence[Version], repetitions: Version | None) -> Relation:
    """The records of a source's deliveries in force, each once."""
    found = engine.relation([file for version in records for file in version.files])
    if repetitions is None:
        return found
    inputs: dict[str, Any] = {"records": found, "repetitions": engine.relation(repetitions.files)}
    return engine.query(each_once_statement(), inputs)
