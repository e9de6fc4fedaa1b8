"""What somebody who works at the gate may see of a release."""

from __future__ import annotations

from typing import Any

from sojourn.project.people import Person
from sojourn.project.permissions import require_permitted
from sojourn.release.gate import Gate
from sojourn.release.records import findings_of, release_row, remarks_of
from sojourn.release.votes import shown_votes

__all__ = ["seen_by"]

_SHOWN = (
    "hash", "id", "version", "state", "author", "supersedes", "prepared_at", "published_at", "embargo",
)  # fmt: skip


def seen_by(gate: Gate, person: Person, release: str) -> dict[str, Any]:
    """A release with its findings, remarks, and the votes that the person may see; the look is recorded.

    Raises: NotPermitted without a role at the gate; ProjectError if there is no such release.
    """
    with gate.catalogue.act(person.id, "release-look", f"release:{release}") as act:
        people = gate.people.values()
        require_permitted(person, "release-look", "look at a release that is not public", people=people)
        row = release_row(act, release)
    return {name: row[name] for name in _SHOWN} | {
        "findings": findings_of(gate.catalogue, release),
        "remarks": remarks_of(gate.catalogue, release),
        "votes": shown_votes(gate.catalogue, release, person),
    }
