"""Receive a delivery: keep the file, read it, judge it, and take it in or hold it.

The file is kept as it came. Its records are put in their places as whole versions, and then one
transaction of the catalogue takes the delivery in. Whatever stops the work before that transaction
leaves the office without the delivery; the same command then does all of it.
"""

from __future__ import annotations

import datetime
import json
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
from sojourn.errors import DataRefused, NotPermitted, Problem, ProjectError, shown
from sojourn.production.at_work import require_at_work
from sojourn.production.covered import covered_period, period_of_mended
from sojourn.production.deliveries import deliveries_in_force, put_out_of_force, with_mended
from sojourn.production.fingerprints import fingerprint
from sojourn.production.judgement import Request, reasons_to_hold, withdrawal
from sojourn.production.records import (
    Delivered,
    Progress,
    RecordCounts,
    records_fingerprint,
    records_name,
    write_records,
)
from sojourn.production.surroundings import Surroundings, look_around
from sojourn.production.versions import name_records
from sojourn.production.workspace import Workspace, declared_source
from sojourn.project.contracts import CONTRACTS
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.database import extract
from sojourn.sources.manifest import promised
from sojourn.sources.mapping import file_columns

__all__ = ["Receipt", "receive", "receive_table"]


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
    `repairs` names a delivery whose quarantined records the file brings again, mended; they belong to its
    period.

    Raises: ProjectError for an unknown source or an unclear period; NotPermitted when no agreement is in
    force, or whoever is at work may not; DataRefused when the file as a whole cannot be read, or was taken in
    for another period.
    """
    source = _received_source(workspace, source_id)
    today = received_on or _today(source)
    if not file.is_file():
        raise ProjectError(f"There is no file {file}.", "Look at the path.")
    promise = promised(manifest or file.with_name("manifest.csv"), file, required=manifest is not None)
    covered = (
        covered_period(source, period, part, promise)
        if repairs is None
        else period_of_mended(workspace, source, repairs, period, part)
    )
    request = Request(source, file, covered, today, repairs, accept_because, promise)
    with workspace.writing():
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
    source = _received_source(workspace, source_id)
    arrives = source.arrives
    if arrives.format != "database" or arrives.address is None or arrives.table is None:
        raise ProjectError(
            f"{source_id} is not a table of a database.", f"Name a file: sojourn receive {source_id} FILE"
        )
    today = received_on or _today(source)
    covered = covered_period(source, period, None, None)
    with workspace.writing():
        _require_agreement(workspace, source, today)
        with workspace.store.beside(Zone.VAULT) as folder:
            file = folder / f"{arrives.table}.csv"
            extract(arrives.address, arrives.table, file_columns(source), file)
            request = Request(source, file, covered, today, None, accept_because, None)
            return _received(workspace, request, on_progress)


def _received_source(workspace: Workspace, source_id: str) -> SourceDeclaration:
    """The declaration of a source of which whoever is at work may receive deliveries."""
    source = declared_source(workspace.declarations, source_id)
    what = f"receive deliveries of {source.id}"
    require_at_work(workspace, "receive", what, f"source:{source.id}", source.id)
    return source


def _today(source: SourceDeclaration) -> datetime.date:
    """The day at the source, which may be ahead of the office's: nothing in a file is later than it."""
    return datetime.datetime.now(ZoneInfo(source.arrives.time_zone)).date()


def _received(workspace: Workspace, request: Request, on_progress: Progress | None) -> Receipt:
    digest, _ = workspace.store.keep_delivery(request.file)
    known = _already_known(workspace, request, digest)
    return known if known is not None else _take_in(workspace, request, digest, on_progress)


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
    """The receipt of a file that was taken in before under any name.

    Raises: DataRefused when it counts for another period.
    """
    query = sa.select(schema.delivery).where(
        schema.delivery.c.sha256 == digest,
        schema.delivery.c.source == request.source.id,
        schema.delivery.c.state.in_(("accepted", "superseded")),
    )
    rows = workspace.catalogue.rows(query)
    for row in rows:
        # The same corrections made to another delivery are another mending, whatever became of the first.
        is_same = row["state"] == "accepted" or row["repairs"] == request.repairs
        if row["period"] == request.period and is_same:
            about = f"delivery:{row['id']}"
            workspace.catalogue.note(workspace.actor, "receive", about, result="already delivered")
            return _receipt_of(row, "already-delivered", request.file.name)
    for row in rows:
        if row["state"] == "accepted":
            _refuse_second_period(workspace, request, row)
    return None


def _refuse_second_period(workspace: Workspace, request: Request, row: dict[str, Any]) -> None:
    with workspace.catalogue.act(workspace.actor, "receive", f"delivery:{row['id']}"):
        raise DataRefused(
            Problem(
                shown(request.file.name),
                None,
                f"the same file was taken in for {row['period']} as delivery {row['id']}; its records cannot"
                f" count for {request.period} as well.",
                f"If {row['period']} is wrong: {withdrawal(row['id'])}; then receive the file again.",
            )
        )


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
    around: Surroundings
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
            {**counts.to_json(), **self.around.to_json()},
        )


def _take_in(workspace: Workspace, request: Request, digest: str, on_progress: Progress | None) -> Receipt:
    source, delivery = request.source, _delivery_id(request, digest)
    delivered = Delivered(delivery, digest, request.period, request.received_on)
    version = records_fingerprint(workspace, source, delivered)
    purpose = request.accept_because or ""
    with workspace.catalogue.work(workspace.actor, "receive", f"delivery:{delivery}", purpose) as work:
        with _named_as_sent(request):
            counts = write_records(workspace, source, delivered, version, on_progress)
        predecessor = _predecessor(workspace, request)
        if predecessor is not None and predecessor["content_digest"] == counts.content_digest:
            _forget_version(workspace, source, version)
            work.detail.update(source=source.id, same_records_as=predecessor["id"])
            return _receipt_of(predecessor, "same-records", request.file.name)
        around = _surroundings(workspace, request, version, counts, predecessor)
        reasons = reasons_to_hold(request, counts, around)
        outcome = Outcome(request, delivery, digest, version, counts, predecessor, around, tuple(reasons))
        work.then(partial(_write_delivery, workspace, outcome))
    return outcome.receipt()


def _surroundings(
    workspace: Workspace,
    request: Request,
    version: str,
    counts: RecordCounts,
    predecessor: dict[str, Any] | None,
) -> Surroundings:
    source = request.source
    written = workspace.store.version(CONTRACTS[source.gives], records_name(source.id), version)
    if written is None:
        raise RuntimeError("The version is not there, although it was written a moment ago.")
    replaced = with_mended(workspace, source.id, predecessor["id"]) if predecessor is not None else ()
    compared = predecessor or _last(workspace, request)
    return look_around(
        workspace,
        source,
        written,
        counts,
        period=request.period,
        compared=compared,
        replaced=replaced,
        repairs=request.repairs,
    )


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


def _write_delivery(workspace: Workspace, outcome: Outcome, act: Transaction) -> None:
    request, counts = outcome.request, outcome.counts
    source, superseded = request.source, outcome.superseded
    act.connection.execute(sa.delete(schema.delivery).where(schema.delivery.c.id == outcome.delivery))
    if superseded is not None:
        put_out_of_force(act, superseded, "superseded")
    summary = {
        **counts.to_json(),
        **outcome.around.to_json(),
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
