"""Is a delivery fit to be taken in, or must somebody decide?

A delivery is held when too many of its records are in quarantine, when it is much smaller than the one
before, when a rule is kept too rarely, or when it is not what its sender's manifest promises.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sojourn.production.counts import RecordCounts
from sojourn.project.declarations import SourceDeclaration
from sojourn.sources.manifest import Promise

__all__ = ["Request", "reasons_to_hold"]


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


def reasons_to_hold(request: Request, counts: RecordCounts, compared: Mapping[str, Any] | None) -> list[str]:
    """Why a delivery should not be taken in without a decision; none when all is well.

    `compared` is the delivery that it would supersede, or else the last one of its source.
    """
    records = counts.loaded + counts.quarantined
    reasons = list(_about_quarantine(request.source, counts, records))
    if compared is not None and request.repairs is None:
        before = int(compared["loaded"]) + int(compared["quarantined"])
        if records < (1 - request.source.thresholds.fewer_records_at_most) * before:
            reasons.append(
                f"The file has {records} records; the delivery for {compared['period']} had {before}."
            )
    reasons += _about_rules(request.source, counts)
    if request.promise is not None:
        reasons += request.promise.broken_by(records)
    return reasons


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
