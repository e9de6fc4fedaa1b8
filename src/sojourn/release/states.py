"""The states of a release and the ways between them.

What may be done in a state is one question, who may do it another: the first is answered here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sojourn.errors import NotPermitted

__all__ = ["State", "require_transition"]


class State(StrEnum):
    """Where a release stands."""

    PREPARED = "prepared"
    APPROVED = "approved"
    REJECTED = "rejected"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


ALLOWED: Mapping[State, frozenset[State]] = {
    State.PREPARED: frozenset({State.APPROVED, State.REJECTED}),
    State.APPROVED: frozenset({State.PUBLISHED, State.REJECTED}),
    State.REJECTED: frozenset(),
    State.PUBLISHED: frozenset({State.SUPERSEDED, State.WITHDRAWN}),
    State.SUPERSEDED: frozenset({State.WITHDRAWN}),
    State.WITHDRAWN: frozenset(),
}


def require_transition(present: State, wanted: State) -> None:
    """Nothing, if a release may go from one state to the other.

    Raises: NotPermitted if there is no such way.
    """
    if wanted not in ALLOWED[present]:
        ways = ", ".join(sorted(ALLOWED[present])) or "nothing else"
        raise NotPermitted(
            f"A release that is {present} cannot become {wanted}.", f"From {present} it can become: {ways}."
        )
