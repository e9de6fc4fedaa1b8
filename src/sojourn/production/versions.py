"""How the catalogue names versions: what is on the disk counts only once it is named here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Transaction, schema
from sojourn.contracts.microdata import Identity, QuarantinedRecord
from sojourn.contracts.table import Table, Zone
from sojourn.production.records import RecordCounts, records_name
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.store.store import Version

__all__ = [
    "VersionRecord",
    "found_version",
    "is_named",
    "made_version",
    "name_records",
    "name_version",
    "record_delivery_version",
]


@dataclass(frozen=True)
class VersionRecord:
    """What the catalogue keeps of one version."""

    name: str
    zone: Zone
    contract: str
    fingerprint: str
    rows: int
    inputs: tuple[str, ...]
    settings: Mapping[str, Any]


def is_named(workspace: Workspace, name: str, fingerprint: str) -> bool:
    """Whether the catalogue knows the version; what is only on the disk is unfinished work."""
    versions = schema.table_version.c
    query = sa.select(versions.fingerprint).where(versions.name == name, versions.fingerprint == fingerprint)
    return bool(workspace.catalogue.rows(query))


def found_version(workspace: Workspace, contract: type[Table], fingerprint: str) -> Version | None:
    """The version of made records, named after their contract, or none when it is not there or not named."""
    if not is_named(workspace, contract.title(), fingerprint):
        return None
    return workspace.store.version(contract, contract.title(), fingerprint)


def made_version(workspace: Workspace, contract: type[Table], fingerprint: str) -> Version:
    """The version of made records that was written a moment ago."""
    found = workspace.store.version(contract, contract.title(), fingerprint)
    if found is None:
        raise RuntimeError("The version is not there, although it was written a moment ago.")
    return found


def name_version(workspace: Workspace, version: VersionRecord, act: Transaction) -> None:
    """Name a version, in place of what was known of it before."""
    versions = schema.table_version.c
    same = sa.and_(
        versions.fingerprint == version.fingerprint,
        versions.name == version.name,
        versions.zone == str(version.zone),
    )
    act.connection.execute(sa.delete(schema.table_version).where(same))
    act.insert(
        schema.table_version,
        fingerprint=version.fingerprint,
        zone=str(version.zone),
        name=version.name,
        contract=version.contract,
        rows=version.rows,
        inputs=json.dumps(version.inputs),
        settings=json.dumps(version.settings, default=str),
        made_at=workspace.catalogue.now(),
    )


def name_records(
    workspace: Workspace,
    source: SourceDeclaration,
    digest: str,
    fingerprint: str,
    counts: RecordCounts,
    act: Transaction,
    beside: Mapping[str, Any] | None = None,
) -> None:
    """Name the three versions that a delivery gives: content, identities, quarantined records.

    `beside` is kept with the content's settings.
    """
    contract, name = CONTRACTS[source.gives], records_name(source.id)
    identities = counts.loaded if "person_key" in contract.columns else 0
    inputs, settings = (f"delivery:{digest}",), {"source": source.id}
    for kind, folder, rows, more in (
        (contract, name, counts.loaded, beside or {}),
        (Identity, name, identities, {}),
        (QuarantinedRecord, f"quarantine_{name}", counts.quarantined, {}),
    ):
        name_version(
            workspace,
            VersionRecord(folder, kind.zone, kind.__name__, fingerprint, rows, inputs, {**settings, **more}),
            act,
        )


def record_delivery_version(
    workspace: Workspace,
    source: SourceDeclaration,
    delivery: Mapping[str, Any],
    fingerprint: str,
    counts: RecordCounts,
    act: Transaction,
) -> None:
    """Note that a delivery was read anew, because code or declarations changed."""
    name_records(workspace, source, delivery["sha256"], fingerprint, counts, act)
    summary = {**json.loads(delivery["summary"]), **counts.to_json(), "version": fingerprint}
    act.update(
        schema.delivery,
        schema.delivery.c.id == delivery["id"],
        summary=json.dumps(summary),
        loaded=counts.loaded,
        quarantined=counts.quarantined,
    )
