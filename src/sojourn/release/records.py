"""What the catalogue keeps of a release on its way: its row, what was found, what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Catalogue, Transaction, schema
from sojourn.errors import ProjectError
from sojourn.project.people import Person
from sojourn.project.permissions import On
from sojourn.release.findings import Finding, Severity

__all__ = [
    "finding_counts",
    "finding_rows",
    "findings_of",
    "on_release",
    "open_findings",
    "release_row",
    "remark",
    "remarks_of",
]


def release_row(act: Transaction, release: str) -> Mapping[str, Any]:
    """The row of a release.

    Raises: ProjectError if there is none.
    """
    found = act.rows(sa.select(schema.release).where(schema.release.c.hash == release))
    if not found:
        raise ProjectError(f"There is no release {release}.", "List them with `sojourn release list`.")
    return found[0]


def on_release(people: Mapping[str, Person], row: Mapping[str, Any]) -> On:
    """A release as what an act is about: its author as declared today, and as known when it was prepared."""
    author = people.get(row["author"]) or Person.model_construct(id=row["author"], subject=None)
    return On(author=author, author_then=json.loads(row["summary"]).get("author"))


def finding_rows(release: str, findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    """Rows for what was found, numbered from 1, the gravest first."""
    order = list(Severity)
    for number, found in enumerate(sorted(findings, key=lambda each: order.index(each.severity)), start=1):
        yield {
            "release_hash": release,
            "number": number,
            "kind": found.kind,
            "severity": found.severity.value,
            "subject": found.table,
            "text": found.text,
            "cells": json.dumps([dict(cell) for cell in found.cells]),
            "cell_count": found.count,
            "decided_by": None,
            "reason": None,
            "decided_at": None,
        }


def open_findings(act: Transaction, release: str) -> list[Mapping[str, Any]]:
    """What was found, must be decided on and is not."""
    table = schema.release_finding.c
    where = sa.and_(
        table.release_hash == release, table.severity != Severity.NOTE.value, table.decided_by.is_(None)
    )
    return act.rows(sa.select(schema.release_finding).where(where).order_by(table.number))


def findings_of(catalogue: Catalogue, release: str) -> list[dict[str, Any]]:
    """What was found about a release, by number; `cells` as values."""
    table = schema.release_finding
    query = sa.select(table).where(table.c.release_hash == release).order_by(table.c.number)
    return [{**row, "cells": json.loads(row["cells"])} for row in catalogue.rows(query)]


def finding_counts(catalogue: Catalogue) -> dict[str, dict[str, tuple[int, int]]]:
    """Of each release and severity how many findings there are, and how many nobody has answered for."""
    table = schema.release_finding.c
    query = sa.select(
        table.release_hash,
        table.severity,
        sa.func.count().label("all"),
        (sa.func.count() - sa.func.count(table.decided_by)).label("open"),
    ).group_by(table.release_hash, table.severity)
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for row in catalogue.rows(query):
        found.setdefault(row["release_hash"], {})[row["severity"]] = (row["all"], row["open"])
    return found


def remark(act: Transaction, release: str, person: Person, kind: str, text: str, at: str) -> None:
    """Keep what somebody said about a release."""
    table = schema.release_remark
    last = act.rows(sa.select(sa.func.coalesce(sa.func.max(table.c.sequence), 0).label("last")))[0]["last"]
    act.insert(
        table, sequence=int(last) + 1, release_hash=release, person=person.id, kind=kind, text=text, at=at
    )


def remarks_of(catalogue: Catalogue, release: str) -> list[dict[str, Any]]:
    """What was said about a release, in order."""
    table = schema.release_remark
    return catalogue.rows(sa.select(table).where(table.c.release_hash == release).order_by(table.c.sequence))
