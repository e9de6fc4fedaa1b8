"""Releases that wait, by what somebody can do with them next; and those that wait no more."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sojourn.dissemination.publication import Texts
from sojourn.project.people import Person
from sojourn.project.permissions import require_permitted
from sojourn.release.acts import open_acts
from sojourn.release.gate import Gate
from sojourn.release.records import finding_counts
from sojourn.release.states import WAITING, State

__all__ = ["NEXT", "Queued", "queue_of"]

# The act that moves a release on from a state; after those with a moment it is the clock's turn.
NEXT: Mapping[State, str] = {
    State.PREPARED: "check",
    State.CHECKED: "vote",
    State.APPROVED: "publish",
    State.EMBARGOED: "lift",
}


@dataclass(frozen=True)
class Queued:
    """A release as a queue shows it.

    `next_act` moves it on, if anything does, and `is_for_viewer` says whether the viewer may do that.
    `findings` counts, of each severity, all and those that nobody has answered for.
    """

    row: Mapping[str, Any]
    title: Texts
    state: State
    next_act: str | None
    is_for_viewer: bool
    findings: Mapping[str, tuple[int, int]]
    age: datetime.timedelta

    @property
    def is_waiting(self) -> bool:
        """Whether somebody, or the clock, has still to do something."""
        return self.state in WAITING


def queue_of(gate: Gate, person: Person) -> list[Queued]:
    """All releases as the person may see them: those that wait first, the oldest first; others newest first.

    Raises: NotPermitted without the permission to list releases.
    """
    require_permitted(person, "release-list", "list releases")
    now = datetime.datetime.fromisoformat(gate.catalogue.now())
    counts = finding_counts(gate.catalogue)
    found = [_queued(gate, person, row, counts.get(row["hash"], {}), now) for row in gate.releases()]
    waiting = [one for one in found if one.is_waiting]
    return [*reversed(waiting), *(one for one in found if not one.is_waiting)]


def _queued(
    gate: Gate,
    person: Person,
    row: Mapping[str, Any],
    findings: Mapping[str, tuple[int, int]],
    now: datetime.datetime,
) -> Queued:
    state = State(row["state"])
    following = NEXT.get(state)
    return Queued(
        row,
        json.loads(row["summary"])["description"]["title"],
        state,
        following,
        following is not None and following in open_acts(gate, person, row),
        findings,
        now - datetime.datetime.fromisoformat(row["prepared_at"]),
    )
