"""Is a delivery fit to be taken in, or must somebody decide?

A delivery is held when too many of its records are in quarantine, when it is much smaller than the one
before, when a rule is kept too rarely, when it is not what its sender's manifest promises, or when its
records belong to another period or were delivered before.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sojourn.production.counts import RecordCounts
from sojourn.production.surroundings import Surroundings
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.manifest import Promise

__all__ = ["Request", "reasons_to_hold", "withdrawal"]


@dataclass(frozen=True)
class Request:
    """One file to receive, as the command asks for it."""

    source: SourceDeclaration
    file: Path
    period: str
    received_on: datetime.date
    repairs: str | None
    accept_because: str | None
    promise: Promise | None


def reasons_to_hold(request: Request, counts: RecordCounts, around: Surroundings) -> list[str]:
    """Why a delivery should not be taken in without a decision; none when all is well.

    Mended records are few, and what is still wrong with them stays in quarantine: they are held only when
    they are not in their period, not what was promised, or more than wait to be mended.
    """
    records = counts.loaded + counts.quarantined
    reasons = list(_about_period(request, around))
    reasons += _about_mending(request, around, records)
    if request.repairs is None:
        reasons += _about_quarantine(request.source, counts, records)
        reasons += _about_size(request, around, records)
        reasons += _about_other_deliveries(request.source, around, records)
    reasons += _about_rules(request.source, counts)
    if request.promise is not None:
        reasons += request.promise.broken_by(records)
    return reasons


def _about_period(request: Request, around: Surroundings) -> Iterator[str]:
    days = around.days
    # A spell of a status may well have begun before the period in which it is reported.
    if days is None or days.within or request.source.gives == "status":
        return
    covered = request.period.partition("/")[0]
    yield (
        f"No record has a day in {covered}: they run from {days.earliest} to {days.latest}. "
        "If the period is wrong, give the right one with --period."
    )


def _about_mending(request: Request, around: Surroundings, records: int) -> Iterator[str]:
    if around.mended is None:
        return
    if around.mended.persons_again:
        yield (
            f"{around.mended.persons_again} of {records} records are of persons whose records in delivery"
            f" {request.repairs} were mended before."
        )
    elif records > around.mended.waiting:
        yield (
            f"The file brings {records} records, and {max(around.mended.waiting, 0)} of delivery"
            f" {request.repairs} wait to be mended."
        )


def _about_size(request: Request, around: Surroundings, records: int) -> Iterator[str]:
    compared = around.compared
    if compared is None:
        return
    before = int(compared["loaded"]) + int(compared["quarantined"])
    if records < (1 - request.source.thresholds.fewer_records_at_most) * before:
        yield f"The file has {records} records; the delivery for {compared['period']} had {before}."


def _about_other_deliveries(source: SourceDeclaration, around: Surroundings, records: int) -> Iterator[str]:
    if around.twin is not None:
        yield (
            f"Delivery {around.twin['id']} for {around.twin['period']} holds exactly the same records. "
            f"If that period is wrong: {withdrawal(around.twin['id'])}"
        )
        return
    shared = sum(other.records for other in around.elsewhere)
    if shared > source.thresholds.quarantined_at_most * records:
        where = ", ".join(
            f"{other.records} with delivery {other.delivery} for {other.period}" for other in around.elsewhere
        )
        yield (
            f"{shared} of {records} records have identifiers that were delivered before ({where}). "
            f"If that period is wrong: {withdrawal(around.elsewhere[0].delivery)}"
        )


def withdrawal(delivery: str) -> str:
    """The command that takes a delivery back."""
    return f'sojourn withdraw-delivery {delivery} --because "…"'


def _about_quarantine(source: SourceDeclaration, counts: RecordCounts, records: int) -> Iterator[str]:
    allowed = source.thresholds.quarantined_at_most
    if records == 0:
        yield "The file has no records."
    elif counts.quarantined > allowed * records:
        yield (
            f"{counts.quarantined} of {records} records are in quarantine, more than the {allowed:.1%} "
            "that are allowed."
        )


def _about_rules(source: SourceDeclaration, counts: RecordCounts) -> Iterator[str]:
    for check in source.checks:
        passes, fails, unknown = counts.outcomes.get(check.id, [0, 0, 0])
        judged = passes + fails + unknown
        if check.at_least is not None and judged and passes < check.at_least * judged:
            yield (
                f"The rule {check.id} holds for {passes} of {judged} records; at least {check.at_least:.1%} "
                "must keep it."
            )
