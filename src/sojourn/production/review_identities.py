"""What the vault says of the two keys of a pair: of each its newest record, and how many there are.

Only a case of clerical review asks for it, one at a time, and each asking is in the audit trail before an
answer is given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.contracts.links import Link
from sojourn.contracts.table import Zone
from sojourn.integration.review_masks import ATTRIBUTES, FIELDS
from sojourn.production.deliveries import in_order_of_arrival
from sojourn.production.records import records_name
from sojourn.production.workspace import Workspace

__all__ = ["Known", "attributes_of", "known_of"]

_OF_KEY = """\
-- One row for each record that carries the key, with the place of its delivery among those in force.
SELECT identities.*, places.place, try_cast(split_part(record_id, ':', -1) AS BIGINT) AS line
FROM identities
JOIN places ON places.delivery = split_part(identities.record_id, ':', -2)
WHERE identities.person_key = $key
"""

_ATTRIBUTES = """\
-- One row: what the linkage knows of the key.
SELECT * FROM links WHERE source = $source AND record_key = $key
"""


@dataclass(frozen=True)
class Known:
    """The newest record that carries a key, by field, and how many records in force carry it."""

    source: str
    records: int
    values: Mapping[str, str | None]


def known_of(workspace: Workspace, source: str, key: str) -> Known:
    """What the deliveries in force say of a key. The newest record is the last of the last delivery."""
    nothing = Known(source, 0, dict.fromkeys(FIELDS))
    files, places = _identities(workspace, source)
    if not files:
        return nothing
    with workspace.engine(Zone.VAULT) as engine:
        found = engine.query(_OF_KEY, {"identities": engine.relation(files), "places": places}, {"key": key})
        stated = [name for name in FIELDS if name in found.columns]
        rows = found.rows(*stated, order_by=("place", "line"))
    if not rows:
        return nothing
    return Known(source, len(rows), {**dict.fromkeys(FIELDS), **dict(zip(stated, rows[-1], strict=True))})


def _identities(workspace: Workspace, source: str) -> tuple[list[Path], pa.Table]:
    """The files of a source's identities, and the order of its deliveries in force."""
    files: list[Path] = []
    deliveries = in_order_of_arrival(workspace, source)
    for delivery in deliveries:
        fingerprint = json.loads(delivery["summary"])["version"]
        version = workspace.store.version_in(Zone.VAULT, records_name(source), fingerprint)
        files += version.files if version is not None else []
    places = {"delivery": [str(one["id"]) for one in deliveries], "place": list(range(len(deliveries)))}
    return files, pa.table(places, schema=pa.schema([("delivery", pa.string()), ("place", pa.int64())]))


def attributes_of(workspace: Workspace, source: str, key: str) -> dict[str, str | None]:
    """What the newest links say of a key besides, by code; all missing when there are none."""
    versions = schema.table_version.c
    query = sa.select(versions.fingerprint).where(versions.name == Link.title())
    for row in workspace.catalogue.rows(query.order_by(versions.made_at.desc())):
        version = workspace.store.version(Link, Link.title(), row["fingerprint"])
        if version is not None and version.files:
            with workspace.engine(Zone.SECURE) as engine:
                inputs = {"links": engine.relation(version.files)}
                found = engine.query(_ATTRIBUTES, inputs, {"source": source, "key": key}).rows(*ATTRIBUTES)
            return dict(zip(ATTRIBUTES, found[0] if found else (None,) * len(ATTRIBUTES), strict=True))
    return dict.fromkeys(ATTRIBUTES)
