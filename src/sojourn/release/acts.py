"""What somebody could do with a release now: what its state allows and who they are permits.

The gate decides; this says beforehand what it would say, so that nobody is offered what would be refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sojourn.errors import NotPermitted
from sojourn.project.people import Person
from sojourn.project.permissions import On, is_permitted, require_permitted
from sojourn.release.gate import Gate
from sojourn.release.states import WAITING, State
from sojourn.release.votes import has_voted

__all__ = ["ACTS", "Act", "open_acts", "require_open"]


@dataclass(frozen=True)
class Act:
    """One thing done at the gate: its permission, in words as after "may not", and from which states."""

    permission: str
    words: str
    states: frozenset[State]


ACTS: Mapping[str, Act] = {
    "accept": Act("release-accept", "answer for what was found", frozenset({State.PREPARED})),
    "check": Act("release-check", "check a release", frozenset({State.PREPARED})),
    "return": Act("release-return", "return a release", WAITING),
    "vote": Act("release-vote", "approve or refuse a release", frozenset({State.CHECKED})),
    "publish": Act("release-publish", "publish a release", frozenset({State.APPROVED, State.EMBARGOED})),
    "embargo": Act(
        "release-embargo", "set the moment of a release", frozenset({State.APPROVED, State.EMBARGOED})
    ),
    "lift": Act("release-embargo", "take back the moment of a release", frozenset({State.EMBARGOED})),
    "withdraw": Act("release-withdraw", "withdraw a release", frozenset({State.PUBLISHED, State.SUPERSEDED})),
}


def open_acts(gate: Gate, person: Person, row: Mapping[str, Any]) -> frozenset[str]:
    """The acts on a release that the person may do in the state that it is in."""
    state, on = State(row["state"]), _on(gate, row)
    found = {
        name for name, act in ACTS.items() if state in act.states and is_permitted(person, act.permission, on)
    }
    if "vote" in found and has_voted(gate.catalogue, gate.people, row["hash"], person):
        found.remove("vote")
    return frozenset(found)


def require_open(gate: Gate, person: Person, row: Mapping[str, Any], name: str) -> None:
    """Nothing, if the person may do the act on the release in the state that it is in.

    Raises: NotPermitted.
    """
    act = ACTS[name]
    require_permitted(person, act.permission, act.words, _on(gate, row))
    if State(row["state"]) not in act.states:
        states = ", ".join(sorted(act.states))
        raise NotPermitted(f"The release is {row['state']}.", f"This is done with one that is {states}.")
    if name == "vote" and has_voted(gate.catalogue, gate.people, row["hash"], person):
        raise NotPermitted(f"{person.id} has already voted on this release.", "Ask another person.")


def _on(gate: Gate, row: Mapping[str, Any]) -> On:
    return On(author=gate.people.get(row["author"]) or Person.model_construct(id=row["author"], subject=None))
