"""A delivery beside the other deliveries of its source, and in the period for which it was sent.

What is found here tells a file sent for the wrong period, or twice, from a new one.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.contracts.table import Zone
from sojourn.engine import Engine, Relation
from sojourn.engine.deliveries import days_statement, elsewhere_statement, persons_again_statement
from sojourn.production.counts import RecordCounts
from sojourn.production.deliveries import deliveries_in_force
from sojourn.production.once import what_is_compared
from sojourn.production.records import records_name
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.mapping import day_of_record
from sojourn.sources.periods import days_of
from sojourn.store.store import Version

__all__ = ["DaysFound", "Elsewhere", "Mending", "Surroundings", "look_around"]


@dataclass(frozen=True)
class DaysFound:
    """The days of a delivery's records against the period that it covers."""

    column: str
    dated: int
    within: int
    earliest: datetime.date
    latest: datetime.date


@dataclass(frozen=True)
class Elsewhere:
    """How many records of a delivery another one in force holds too, and how many of them differ."""

    delivery: str
    period: str
    records: int
    differing: int


@dataclass(frozen=True)
class Mending:
    """What mended records meet: records that still wait, and persons whose records were mended before."""

    waiting: int
    persons_again: int


@dataclass(frozen=True)
class Surroundings:
    """What is known of a delivery from outside its file.

    `compared` is the delivery that it would supersede, or else the last one of its source; `twin` is one of
    another period that says exactly the same.
    """

    compared: Mapping[str, Any] | None = None
    twin: Mapping[str, Any] | None = None
    days: DaysFound | None = None
    elsewhere: tuple[Elsewhere, ...] = ()
    mended: Mending | None = None

    def to_json(self) -> dict[str, Any]:
        """What a receipt tells of it, as plain values."""
        days = None
        if self.days is not None:
            days = {
                **vars(self.days),
                "earliest": self.days.earliest.isoformat(),
                "latest": self.days.latest.isoformat(),
            }
        return {"days": days, "elsewhere": [vars(one) for one in self.elsewhere]}


def look_around(
    workspace: Workspace,
    source: SourceDeclaration,
    version: Version,
    counts: RecordCounts,
    *,
    period: str,
    compared: Mapping[str, Any] | None,
    replaced: Sequence[str],
    repairs: str | None = None,
) -> Surroundings:
    """Hold the records of a version against its period and against the deliveries that stay in force.

    `replaced` are those that the delivery would put out of force, `repairs` the one that it mends.
    """
    if not counts.loaded:
        return Surroundings(compared)
    others = [row for row in deliveries_in_force(workspace, source.id) if row["id"] not in replaced]
    twin = next((row for row in others if row["content_digest"] == counts.content_digest), None)
    with workspace.engine(Zone.SECURE) as engine:
        records = engine.relation(version.files)
        days = _days_found(source, engine, records, period)
        elsewhere = _elsewhere(workspace, source, engine, records, others)
        mended = _mending(workspace, source, engine, records, others, repairs) if repairs else None
    return Surroundings(compared, twin, days, elsewhere, mended)


def _days_found(
    source: SourceDeclaration, engine: Engine, records: Relation, period: str
) -> DaysFound | None:
    day, covered = day_of_record(source), days_of(period)
    if day is None or covered is None:
        return None
    statement = days_statement(day, covered.first, covered.last)
    ((dated, within, earliest, latest),) = engine.query(statement, {"records": records}).rows()
    return DaysFound(day, dated, within, earliest, latest) if dated else None


def _elsewhere(
    workspace: Workspace,
    source: SourceDeclaration,
    engine: Engine,
    records: Relation,
    others: Sequence[Mapping[str, Any]],
) -> tuple[Elsewhere, ...]:
    """What the records share with other deliveries, where records have identifiers."""
    key = CONTRACTS[source.gives].natural_key
    files = [file for row in others for file in _files(workspace, source, row)]
    if not key or not files:
        return ()
    statement = elsewhere_statement(key, what_is_compared(source))
    found = engine.query(statement, {"earlier": engine.relation(files), "fresh": records})
    periods = {row["id"]: row["period"] for row in others}
    return tuple(
        Elsewhere(delivery, periods[delivery], shared, differing)
        for delivery, shared, differing in found.rows(order_by=("delivery",))
    )


def _mending(
    workspace: Workspace,
    source: SourceDeclaration,
    engine: Engine,
    records: Relation,
    others: Sequence[Mapping[str, Any]],
    repairs: str,
) -> Mending:
    (whole,) = [row for row in others if row["id"] == repairs]
    before = [row for row in others if row["repairs"] == repairs]
    waiting = int(whole["quarantined"]) - sum(int(row["loaded"]) + int(row["quarantined"]) for row in before)
    files = [file for row in before for file in _files(workspace, source, row)]
    again, contract = 0, CONTRACTS[source.gives]
    # Where records have identifiers, one that is mended twice counts once; a person may well have several.
    if files and "person_key" in contract.columns and not contract.natural_key:
        inputs = {"earlier": engine.relation(files), "fresh": records}
        ((again,),) = engine.query(persons_again_statement(), inputs).rows()
    return Mending(waiting, again)


def _files(workspace: Workspace, source: SourceDeclaration, row: Mapping[str, Any]) -> list[Any]:
    name = json.loads(row["summary"])["version"]
    version = workspace.store.version(CONTRACTS[source.gives], records_name(source.id), name)
    return version.files if version is not None else []
