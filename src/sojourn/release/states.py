"""The states of a release and the ways between them.

    prepared ─► checked ─► approved ─► published ─► superseded
        │          │         │  ▲          │             │
        │          │         ▼  │          └──────┬──────┘
        │          │      embargoed ─► published  ▼
        └──────────┴─────────┴─► returned      withdrawn

What may be done in a state is one question, who may do it another: the first is answered here, the second
in `permissions.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sojourn.errors import NotPermitted

__all__ = ["WAITING", "State", "require_transition"]


class State(StrEnum):
    """Where a release stands."""

    PREPARED = "prepared"
    CHECKED = "checked"
    APPROVED = "approved"
    EMBARGOED = "embargoed"
    RETURNED = "returned"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


# Before the public sees anything of a release, and while it still may.
WAITING = frozenset({State.PREPARED, State.CHECKED, State.APPROVED, State.EMBARGOED})

ALLOWED: Mapping[State, frozenset[State]] = {
    State.PREPARED: frozenset({State.CHECKED, State.RETURNED}),
    State.CHECKED: frozenset({State.APPROVED, State.RETURNED}),
    State.APPROVED: frozenset({State.EMBARGOED, State.PUBLISHED, State.RETURNED}),
    # Another moment is set by going back to approved first.
    State.EMBARGOED: frozenset({State.APPROVED, State.PUBLISHED, State.RETURNED}),
    State.RETURNED: frozenset(),
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
