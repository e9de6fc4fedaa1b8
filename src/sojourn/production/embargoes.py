"""Releases that wait for their moment: published when it comes, by whoever keeps the time."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.errors import NotPermitted
from sojourn.production.at_work import require_at_work
from sojourn.production.doctor import gate_of
from sojourn.production.workspace import Workspace
from sojourn.project.load import load
from sojourn.release import State

__all__ = ["opened_embargoes"]

# So often a moment that is set or moved meanwhile is noticed.
_LONGEST_SLEEP = 5.0


def opened_embargoes(
    workspace: Workspace,
    *,
    wait: bool,
    on_kept_back: Callable[[str, NotPermitted], None] = lambda _release, _error: None,
) -> Iterator[str]:
    """Publish what has reached its moment, and with `wait` what waits, each at its moment.

    Gives the hashes as they are published; `on_kept_back` is told what may not pass any more. Long work of
    others on records does not hold it up.

    Raises: NotPermitted when whoever is at work may not.
    """
    require_at_work(workspace, "release-open", "publish what has reached its moment", "releases")
    gate = gate_of(workspace)
    left: float | None = None
    while True:
        if not left:
            # Who may do what is asked when the moment has come, not when the wait began.
            gate.people = load(workspace.declarations.folder).people
            yield from gate.open_due(on_kept_back)
        left = _seconds_left(workspace)
        if not wait or left is None:
            return
        time.sleep(min(left, _LONGEST_SLEEP))


def _seconds_left(workspace: Workspace) -> float | None:
    """Seconds until the next moment, by the catalogue's clock; None if nothing waits."""
    table = schema.release.c
    query = sa.select(sa.func.min(table.embargo).label("next")).where(table.state == State.EMBARGOED)
    due = workspace.catalogue.rows(query)[0]["next"]
    if due is None:
        return None
    now = datetime.datetime.fromisoformat(workspace.catalogue.now())
    return max(0.0, (datetime.datetime.fromisoformat(due) - now).total_seconds())
