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

from sojourn.contracts.table import Zone
from sojourn.integration.review_masks import FIELDS
from sojourn.production.deliveries import in_order_of_arrival
from sojourn.production.records import records_name
from sojourn.production.workspace import Workspace

__all__ = ["Known", "known_of"]

_OF_KEY = """\
-- One row for each record that carries the key, with the place of its delivery among those in force.
SELECT identities.*, places.place, try_cast(split_part(record_id, ':', -1) AS BIGINT) AS line
FROM identities
JOIN places ON places.delivery = split_part(identities.record_id, ':', -2)
WHERE identities.person_key = $key
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
