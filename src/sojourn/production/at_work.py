"""Whether whoever is at work on the server may do what is asked.

Who signs in at the gate proves to be somebody with a passphrase. For the rest it is the login that counts:
the person who is declared with it, and otherwise the operator. A refusal is in the audit trail; what is
allowed has an event of its own where it is done.
"""

from __future__ import annotations

from sojourn.production.workspace import Workspace
from sojourn.project.people import Person
from sojourn.project.permissions import On, is_permitted, require_permitted

__all__ = ["may_at_work", "require_at_work", "require_signed_in"]


def _at_work(workspace: Workspace) -> Person | None:
    return workspace.declarations.people.get(workspace.actor)


def _on_source(workspace: Workspace, source: str | None) -> On:
    declared = workspace.declarations.sources.get(source) if source is not None else None
    return On(organisation=declared.provider if declared is not None else None)


def may_at_work(workspace: Workspace, act: str, source: str | None = None) -> bool:
    """Whether who is at work may do the act, on what a source delivers."""
    people = workspace.declarations.people.values()
    return is_permitted(_at_work(workspace), act, _on_source(workspace, source), people)


def require_at_work(workspace: Workspace, act: str, what: str, about: str, source: str | None = None) -> None:
    """Nothing, if who is at work may do the act, on what a source delivers.

    `what` is the act in words, `about` its object as the audit trail names it.

    Raises: NotPermitted, with the roles that may.
    """
    on = _on_source(workspace, source)
    _require(workspace, workspace.actor, _at_work(workspace), act, what, about, on)


def require_signed_in(workspace: Workspace, person: Person, act: str, what: str, about: str) -> None:
    """Nothing, if somebody who has signed in may do the act.

    Raises: NotPermitted, with the roles that may.
    """
    _require(workspace, person.id, person, act, what, about, On())


def _require(
    workspace: Workspace, actor: str, person: Person | None, act: str, what: str, about: str, on: On
) -> None:
    people = workspace.declarations.people.values()
    if is_permitted(person, act, on, people):
        return
    with workspace.catalogue.act(actor, act, about):
        require_permitted(person, act, what, on, people)
