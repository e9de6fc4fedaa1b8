"""Every delivery read again under another key, beside what is there, and persons held against persons.

Deliveries are kept as received, so that pseudonyms under a new key come from the same evidence as the old
ones, by the same way, and as those of every later delivery will. Nothing that is written here is looked
for before the key is in force: versions are named by their key too.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Transaction, schema
from sojourn.contracts import links, microdata, spine
from sojourn.contracts.links import Link, LinkPair
from sojourn.contracts.table import Zone
from sojourn.engine.deliveries import persons_kept_statement
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.counted import record_versions
from sojourn.production.records import Delivered, records_fingerprint, records_name, write_records
from sojourn.production.tables import make_tables, run_tables
from sojourn.production.versions import name_records
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.store.store import Version

__all__ = ["Persons", "Reread", "compared_persons", "forget_others", "made_again", "name_anew", "reread_all"]

_RECORDS = frozenset([*microdata.__all__, *spine.__all__, *links.__all__])
_READING = "read_under_new_key"
OnDelivery = Callable[[int, int], None]


@dataclass(frozen=True)
class Reread:
    """A delivery under the new key: its row in the catalogue, its new version, and what was counted.

    `before` is its version under the old key, where that differs in nothing but the key. Without `reading`
    it could not be read again, and does not count: its pseudonyms are given up, its file is kept.
    """

    delivery: Mapping[str, Any]
    version: str | None
    reading: Mapping[str, Any] | None
    before: Version | None
    after: Version | None


@dataclass(frozen=True)
class Persons:
    """How many persons the compared records told apart before and after, and whether they are the same."""

    before: int = 0
    after: int = 0
    pairs: int = 0
    unpaired: int = 0
    records: int = 0

    @property
    def are_kept(self) -> bool:
        """Whether no person was lost, split or merged."""
        return self.before == self.after == self.pairs and not self.unpaired


def reread_all(
    before: Workspace, after: Workspace, *, is_old_lost: bool, on_delivery: OnDelivery | None = None
) -> list[Reread]:
    """Read all deliveries, whatever their state, under the key of `after`, and name their versions.

    What an interrupted change has read already is found and not read again.

    Raises: DataRefused when a delivery in force cannot be read under today's declarations.
    """
    rows = before.catalogue.rows(sa.select(schema.delivery).order_by(schema.delivery.c.received_at))
    found = []
    for position, row in enumerate(rows, start=1):
        found.append(_reread(before, after, row, is_old_lost=is_old_lost))
        if on_delivery is not None:
            on_delivery(position, len(rows))
    return found


def _reread(before: Workspace, after: Workspace, row: dict[str, Any], *, is_old_lost: bool) -> Reread:
    source = before.declarations.sources.get(row["source"])
    if source is None:
        return Reread(row, None, None, None, None)
    summary = json.loads(row["summary"])
    received_on = datetime.date.fromisoformat(summary["received_on"])
    delivered = Delivered(row["id"], row["sha256"], row["period"], received_on)
    version = records_fingerprint(after, source, delivered)
    try:
        reading = _reading_of(after, source, version) or _read_anew(after, source, delivered, version)
    except (DataRefused, ProjectError):
        if row["state"] == "accepted":
            raise
        return Reread(row, None, None, None, None)
    contract, name = CONTRACTS[source.gives], records_name(source.id)
    is_same_reading = is_old_lost or summary["version"] == records_fingerprint(before, source, delivered)
    has_persons = "person_key" in contract.columns
    earlier = before.store.version(contract, name, summary["version"])
    return Reread(
        row,
        version,
        reading,
        earlier if is_same_reading and has_persons else None,
        after.store.version(contract, name, version) if has_persons else None,
    )


def _reading_of(after: Workspace, source: SourceDeclaration, version: str) -> dict[str, Any] | None:
    """What was counted when a delivery was read under the new key before, or none."""
    name, versions = records_name(source.id), schema.table_version.c
    query = sa.select(versions.settings).where(
        versions.name == name,
        versions.fingerprint == version,
        versions.contract == CONTRACTS[source.gives].__name__,
    )
    rows = after.catalogue.rows(query)
    if not rows or after.store.version(CONTRACTS[source.gives], name, version) is None:
        return None
    found: dict[str, Any] | None = json.loads(rows[0]["settings"]).get(_READING)
    return found


def _read_anew(
    after: Workspace, source: SourceDeclaration, delivered: Delivered, version: str
) -> dict[str, Any]:
    about = f"delivery:{delivered.id}"
    with after.catalogue.work(after.actor, "read-delivery", about, "keys rotate") as work:
        counts = write_records(after, source, delivered, version)
        reading = {
            "loaded": counts.loaded,
            "quarantined": counts.quarantined,
            "content_digest": counts.content_digest,
            "summary": counts.to_json(),
        }
        named = partial(
            name_records, after, source, delivered.digest, version, counts, beside={_READING: reading}
        )
        work.then(named)
    return reading


def compared_persons(workspace: Workspace, rereads: Sequence[Reread]) -> Persons:
    """Hold the persons of all records under the old key against those under the new one."""
    pairs = [(one.before, one.after) for one in rereads if one.before is not None and one.after is not None]
    before = [file for old, _ in pairs for file in old.files]
    after = [file for _, new in pairs for file in new.files]
    if not before or not after:
        return Persons()
    with workspace.engine(Zone.SECURE) as engine:
        columns = "SELECT record_id, person_key FROM records"
        inputs = {
            name: engine.query(columns, {"records": engine.relation(files)})
            for name, files in (("before", before), ("after", after))
        }
        ((unpaired, old, new, meetings),) = engine.query(persons_kept_statement(), inputs).rows()
    return Persons(old, new, meetings, unpaired, sum(old_version.rows for old_version, _ in pairs))


def made_again(before: Workspace, after: Workspace) -> tuple[tuple[str, ...], set[tuple[str, str]]]:
    """Make under the new key the tables that are made under the old one.

    Returns their names, and the name and fingerprint of every version of records that stands behind them.
    """
    names, kept = [], set()
    for name, table in sorted(before.declarations.tables.items()):
        if not _is_made(before, name):
            continue
        make_tables(after, [name])
        names.append(name)
        indicator = after.declarations.indicators[table.indicator]
        behind = record_versions(after, indicator, name).values()
        kept |= {(version.name, version.fingerprint) for version in behind}
        # Pairs go with the links that were made with them.
        kept |= {
            (LinkPair.title(), version.fingerprint) for version in behind if version.name == Link.title()
        }
    return tuple(names), kept


def _is_made(workspace: Workspace, name: str) -> bool:
    try:
        return name in run_tables(workspace, [name], is_dry=True).tables
    except ProjectError:  # a table whose sources have no delivery in force
        return False


def name_anew(act: Transaction, rereads: Sequence[Reread]) -> None:
    """Let the deliveries' rows speak of their versions under the new key."""
    for one in rereads:
        if one.reading is None:
            continue
        summary = {
            **json.loads(one.delivery["summary"]),
            **one.reading["summary"],
            "version": one.version,
        }
        act.update(
            schema.delivery,
            schema.delivery.c.id == one.delivery["id"],
            summary=json.dumps(summary),
            content_digest=one.reading["content_digest"],
            loaded=one.reading["loaded"],
            quarantined=one.reading["quarantined"],
        )


def forget_others(act: Transaction, rereads: Sequence[Reread], kept: set[tuple[str, str]]) -> int:
    """Take from the catalogue every version of records that is not under the new key; return how many.

    Quarantined records bear no pseudonym: those of deliveries that were not read again stay to be looked at.
    Estimates and what was protected of them stay: they are about no person.
    """
    new = {one.version for one in rereads if one.reading is not None}
    waiting = {json.loads(one.delivery["summary"])["version"] for one in rereads if one.reading is None}
    versions = schema.table_version.c
    gone = 0
    for row in act.rows(sa.select(schema.table_version)):
        is_waiting = row["contract"] == "QuarantinedRecord" and row["fingerprint"] in waiting
        is_new = row["fingerprint"] in new or (row["name"], row["fingerprint"]) in kept
        if row["contract"] not in _RECORDS or is_new or is_waiting:
            continue
        same = sa.and_(
            versions.fingerprint == row["fingerprint"],
            versions.name == row["name"],
            versions.zone == row["zone"],
        )
        act.connection.execute(sa.delete(schema.table_version).where(same))
        gone += 1
    return gone
