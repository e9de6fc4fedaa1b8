"""A release on its way through the gate, as people of the small project bring it there."""

from __future__ import annotations

from collections.abc import Mapping

from sojourn.project.people import Person
from sojourn.release import Gate
from sojourn.release.findings import Severity
from sojourn.release.records import findings_of

CHECKERS = ("checker-1", "checker-2")


def approved(gate: Gate, people: Mapping[str, Person], release: str) -> str:
    """Answer for what was found, check, and give both votes."""
    first, second = (people[name] for name in CHECKERS)
    for found in findings_of(gate.catalogue, release):
        if found["severity"] == Severity.DECIDE and found["decided_by"] is None:
            gate.accept(first, release, found["number"], "looked at")
    gate.check(first, release, "looked at")
    gate.vote(first, release, approves=True, comment="looked at")
    gate.vote(second, release, approves=True, comment="looked at")
    return release


def published(gate: Gate, people: Mapping[str, Person], release: str) -> str:
    """Approve and publish."""
    gate.publish(people["publisher-1"], approved(gate, people, release))
    return release
