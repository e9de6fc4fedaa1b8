"""Receive a delivery: keep the file, read it, judge it, and take it in or hold it.

The file is kept as it came. Its records are put in their places as whole versions, and then one
transaction of the catalogue takes the delivery in. Whatever stops the work before that transaction
leaves the office without the delivery; the same command then does all of it.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from sojourn.catalogue import Transaction, schema
from sojourn.contracts.microdata import Identity, QuarantinedRecord
from sojourn.contracts.table import Zone
from sojourn.errors import DataRefused, NotPermitted, ProjectError, shown
from sojourn.production.fingerprints import fingerprint
from sojourn.production.judgement import Request, reasons_to_hold
from sojourn.production.records import (
    Progress,
    RecordCounts,
    records_fingerprint,
    records_name,
    write_records,
)
from sojourn.production.versions import name_records
from sojourn.production.workspace import Workspace, declared_source
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.database import extract
from sojourn.sources.manifest import Promise, promised
from sojourn.sources.mapping import source_plan

__all__ = ["Receipt", "all_deliveries", "deliveries_in_force", "receive", "receive_table"]


@dataclass(frozen=True)
class Receipt:
    """What the office says back to the sender."""

    source: str
    delivery: str
    file_name: str
    period: str
    state: str
    loaded: int = 0
    quarantined: int = 0
    non_data: int = 0
    physical_records: int = 0
    supersedes: str | None = None
    reasons_held: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The receipt as plain values."""
        return {**vars(self), "reasons_held": list(self.reasons_held)}


def receive(
    workspace: Workspace,
    source_id: str,
    file: Path,
    *,
    period: str | None = None,
    part: str | None = None,
    received_on: datetime.date | None = None,
    repairs: str | None = None,
    accept_because: str | None = None,
    manifest: Path | None = None,
    on_progress: Progress | None = None,
) -> Receipt:
    """Receive one file of a source.

    `part` names one of several files that together make the delivery of a period; each part supersedes only
    itself. `accept_because` takes in a delivery that would be held, with the reason in the audit trail.
    `repairs` names a delivery whose quarantined records the file brings again, mended.

    Raises: ProjectError for an unknown source or an unclear period; NotPermitted when no agreement is in
    force; DataRefused when the file as a whole cannot be read.
    """
    source = declared_source(workspace.declarations, source_id)
    today = received_on or _today(source)
    if not file.is_file():
        raise ProjectError(f"There is no file {file}.", "Look at the path.")
    promise = promised(manifest or file.with_name("manifest.csv"), file, required=manifest is not None)
    request = Request(
        source, file, _period(source, period, part, promise), today, repairs, accept_because, promise
    )
    with workspace.store.one_writer():
        _require_agreement(workspace, source, today)
        return _received(workspace, request, on_progress)


def receive_table(
    workspace: Workspace,
    source_id: str,
    *,
    period: str | None = None,
    received_on: datetime.date | None = None,
    accept_because: str | None = None,
    on_progress: Progress | None = None,
) -> Receipt:
    """Receive the declared table of a sender's database; what was read is kept like a delivered file.

    Raises: as `receive`, and DataRefused when the database, its table or a column is not there.
    """
    source = declared_source(workspace.declarations, source_id)
    arrives = source.arrives
    if arrives.format != "database" or arrives.address is None or arrives.table is None:
        raise ProjectError(
            f"{source_id} is not a table of a database.", f"Name a file: sojourn receive {source_id} FILE"
        )
    today = received_on or _today(source)
    plan = source_plan(source, workspace.declarations.code_maps, workspace.declarations.settings.country)
    covered = _period(source, period, None, None)
    with workspace.store.one_writer():
        _require_agreement(workspace, source, today)
        with workspace.store.beside(Zone.VAULT) as folder:
            file = folder / f"{arrives.table}.csv"
            extract(arrives.address, arrives.table, plan.file_columns, file)
            request = Request(source, file, covered, today, None, accept_because, None)
            return _received(workspace, request, on_progress)


def _today(source: SourceDeclaration) -> datetime.date:
    """The day at the source, which may be ahead of the office's: nothing in a file is later than it."""
    return datetime.datetime.now(ZoneInfo(source.arrives.time_zone)).date()


def _received(workspace: Workspace, request: Request, on_progress: Progress | None) -> Receipt:
    digest, _ = workspace.store.keep_delivery(request.file)
    known = _already_known(workspace, request, digest)
    return known if known is not None else _take_in(workspace, request, digest, on_progress)


_PERIODS = {
    "day": r"\d{4}-\d{2}-\d{2}",
    "week": r"\d{4}-W\d{2}",
    "month": r"\d{4}-\d{2}",
    "quarter": r"\d{4}-Q[1-4]",
    "year": r"\d{4}",
    "once": r"\d{4}(-\d{2}(-\d{2})?)?|all",
}


def _period(source: SourceDeclaration, given: str | None, part: str | None, promise: Promise | None) -> str:
    period = given or (promise.period if promise is not None else None)
    every = source.arrives.every
    suffix = f"/{part}" if part is not None else ""
    if period is None and every == "once":
        return f"all{suffix}"
    if period is None:
        raise ProjectError(
            f"Which {every} does the file cover? Neither the command nor a manifest says so.",
            "Add --period, for instance --period 2024-03 for a month or --period 2024 for a year.",
        )
    # A snapshot, such as a register on its reference day, names that day whatever its rhythm.
    if not re.fullmatch(f"{_PERIODS[every]}|{_PERIODS['day']}", period):
        raise ProjectError(
            f"{period} is not a {every}, in which {source.id} arrives.",
            "Write 2024, 2024-Q1, 2024-03 or 2024-03-31.",
        )
    return f"{period}{suffix}"


def _require_agreement(workspace: Workspace, source: SourceDeclaration, today: datetime.date) -> None:
    agreement = workspace.declarations.agreements[source.agreement]
    if agreement.is_in_force(today):
        return
    with workspace.catalogue.act(workspace.actor, "receive", f"source:{source.id}"):
        raise NotPermitted(
            f"The agreement {agreement.id} is not in force on {today}; no delivery of {source.id} can be"
            " accepted.",
            "Renew it in strategy/agreements.yaml. The file was not opened.",
        )


def _delivery_id(request: Request, digest: str) -> str:
    return fingerprint(request.source.id, request.period, digest, request.repairs)[:12]


def _already_known(workspace: Workspace, request: Request, digest: str) -> Receipt | None:
    """The receipt of a file that was taken in before under any name."""
    query = sa.select(schema.delivery).where(
        schema.delivery.c.sha256 == digest,
        schema.delivery.c.source == request.source.id,
        schema.delivery.c.state.in_(("accepted", "superseded")),
    )
    for row in workspace.catalogue.rows(query):
        workspace.catalogue.note(
            workspace.actor, "receive", f"delivery:{row['id']}", result="already delivered"
        )
        return _receipt_of(row, "already-delivered", request.file.name)
    return None


def _receipt_of(row: dict[str, Any], state: str, file_name: str) -> Receipt:
    detail = {"first_received": row["received_at"]}
    return Receipt(row["source"], row["id"], file_name, row["period"], state, detail=detail)


@dataclass(frozen=True)
class Outcome:
    """What was found out about a delivery, before it is taken in or held."""

    request: Request
    delivery: str
    digest: str
    version: str
    counts: RecordCounts
    predecessor: dict[str, Any] | None
    reasons: tuple[str, ...]

    @property
    def state(self) -> str:
        """Taken in, or held until somebody decides."""
        return "held" if self.reasons and self.request.accept_because is None else "accepted"

    @property
    def superseded(self) -> str | None:
        """The delivery that this one takes the place of."""
        return (
            str(self.predecessor["id"]) if self.predecessor is not None and self.state == "accepted" else None
        )

    def receipt(self) -> Receipt:
        """What the office says back to the sender."""
        request, counts = self.request, self.counts
        return Receipt(
            request.source.id,
            self.delivery,
            request.file.name,
            request.period,
            self.state,
            counts.loaded,
            counts.quarantined,
            counts.non_data,
            counts.physical_records,
            self.superseded,
            self.reasons,
            counts.to_json(),
        )


def _take_in(workspace: Workspace, request: Request, digest: str, on_progress: Progress | None) -> Receipt:
    source, delivery = request.source, _delivery_id(request, digest)
    version = records_fingerprint(workspace, source, digest, request.received_on)
    content = workspace.store.delivery(digest)
    if content is None:
        raise RuntimeError("The version is not there, although the file was kept a moment ago.")
    purpose = request.accept_because or ""
    with workspace.catalogue.work(workspace.actor, "receive", f"delivery:{delivery}", purpose) as work:
        with _named_as_sent(request):
            counts = write_records(
                workspace, source, content, version, delivery, request.received_on, on_progress
            )
        predecessor = _predecessor(workspace, request)
        if predecessor is not None and predecessor["content_digest"] == counts.content_digest:
            _forget_version(workspace, source, version)
            work.detail.update(source=source.id, same_records_as=predecessor["id"])
            return _receipt_of(predecessor, "same-records", request.file.name)
        compared = predecessor or _last(workspace, request)
        reasons = reasons_to_hold(request, counts, compared)
        outcome = Outcome(request, delivery, digest, version, counts, predecessor, tuple(reasons))
        work.then(partial(_write_delivery, workspace, outcome))
    return outcome.receipt()


@contextmanager
def _named_as_sent(request: Request) -> Iterator[None]:
    """Name the file in a refusal as its sender did, not as it is kept."""
    try:
        yield
    except DataRefused as refused:
        raise DataRefused(
            [replace(problem, file=shown(request.file.name)) for problem in refused.problems]
        ) from refused


def _forget_version(workspace: Workspace, source: SourceDeclaration, version: str) -> None:
    name = records_name(source.id)
    for contract, folder in (
        (CONTRACTS[source.gives], name),
        (Identity, name),
        (QuarantinedRecord, f"quarantine_{name}"),
    ):
        workspace.store.remove(contract.zone, folder, version)


def _predecessor(workspace: Workspace, request: Request) -> dict[str, Any] | None:
    """The delivery in force for the same source and period, which a new one supersedes."""
    if request.repairs is not None:
        return None
    rows = deliveries_in_force(workspace, request.source.id)
    return next((row for row in rows if row["period"] == request.period and row["repairs"] is None), None)


def _last(workspace: Workspace, request: Request) -> dict[str, Any] | None:
    """The last delivery of the same part: the parts of one period may well differ in size."""
    part = request.period.partition("/")[2]
    rows = [
        row
        for row in deliveries_in_force(workspace, request.source.id)
        if row["repairs"] is None and row["period"].partition("/")[2] == part
    ]
    return max(rows, key=lambda row: str(row["received_at"])) if rows else None


def deliveries_in_force(workspace: Workspace, source_id: str) -> list[dict[str, Any]]:
    """The accepted deliveries of a source that no later one supersedes, by period."""
    query = (
        sa.select(schema.delivery)
        .where(schema.delivery.c.source == source_id, schema.delivery.c.state == "accepted")
        .order_by(schema.delivery.c.period, schema.delivery.c.received_at)
    )
    return workspace.catalogue.rows(query)


def all_deliveries(workspace: Workspace, source_id: str | None = None) -> list[dict[str, Any]]:
    """Every delivery, or every one of a source, in the order of receipt, without its long summary."""
    columns = [column for column in schema.delivery.c if column.name != "summary"]
    query = sa.select(*columns).order_by(schema.delivery.c.received_at)
    if source_id is not None:
        query = query.where(schema.delivery.c.source == source_id)
    return workspace.catalogue.rows(query)


def _write_delivery(workspace: Workspace, outcome: Outcome, act: Transaction) -> None:
    request, counts = outcome.request, outcome.counts
    source, superseded = request.source, outcome.superseded
    act.connection.execute(sa.delete(schema.delivery).where(schema.delivery.c.id == outcome.delivery))
    if superseded is not None:
        act.update(schema.delivery, schema.delivery.c.id == superseded, state="superseded")
    summary = {
        **counts.to_json(),
        "version": outcome.version,
        "reasons_held": outcome.reasons,
        "received_on": request.received_on.isoformat(),
    }
    figures = {
        "loaded": counts.loaded,
        "quarantined": counts.quarantined,
        "non_data": counts.non_data,
        "physical_records": counts.physical_records,
    }
    about = {
        "source": source.id,
        "period": request.period,
        "sha256": outcome.digest,
        "state": outcome.state,
        "supersedes": superseded,
        "repairs": request.repairs,
    }
    act.insert(
        schema.delivery,
        id=outcome.delivery,
        file_name=request.file.name,
        content_digest=counts.content_digest,
        received_at=workspace.catalogue.now(),
        received_by=workspace.actor,
        summary=json.dumps(summary),
        **about,
        **figures,
    )
    name_records(workspace, source, outcome.digest, outcome.version, counts, act)
    act.detail.update(**about, **figures)
