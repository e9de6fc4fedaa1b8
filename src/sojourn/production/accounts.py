"""Who is at work: declared people prove themselves with a passphrase before they act on a release.

Passphrases are kept as Argon2id hashes. An unknown person and a wrong passphrase get the same answer
after the same work.
"""

from __future__ import annotations

import contextlib

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sojourn.catalogue import schema
from sojourn.errors import NotPermitted, ProjectError
from sojourn.production.workspace import Workspace
from sojourn.project.people import Person, Role

__all__ = ["enrol", "signed_in"]

SHORTEST_PASSPHRASE = 12
_HASHER = PasswordHasher()
_NOBODYS_HASH = _HASHER.hash("a passphrase that nobody has")


def enrol(workspace: Workspace, person: str, passphrase: str) -> None:
    """Give a declared person a passphrase; an administrator can give a new one.

    Raises: ProjectError for somebody who is not declared or a passphrase that is too short; NotPermitted when
    the person has a passphrase and whoever asks is no administrator.
    """
    if person not in workspace.declarations.people:
        raise ProjectError(
            f"{person} is not declared in strategy/people.yaml.", "Add the person there first."
        )
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise ProjectError(
            f"A passphrase needs at least {SHORTEST_PASSPHRASE} characters.", "Use several words."
        )
    with workspace.catalogue.act(workspace.actor, "enrol", f"person:{person}") as act:
        if act.rows(sa.select(schema.account).where(schema.account.c.person == person)):
            _require_administrator(workspace, person)
        act.connection.execute(sa.delete(schema.account).where(schema.account.c.person == person))
        act.insert(
            schema.account,
            person=person,
            passphrase_hash=_HASHER.hash(passphrase),
            enrolled_at=workspace.catalogue.now(),
        )


def _require_administrator(workspace: Workspace, person: str) -> None:
    asking = workspace.declarations.people.get(workspace.actor)
    if asking is None or Role.ADMINISTRATOR not in asking.roles:
        raise NotPermitted(
            f"{person} has a passphrase, and only an administrator can give a new one.",
            "Ask somebody with the role administrator and an `account:` in strategy/people.yaml.",
        )


def signed_in(workspace: Workspace, person: str, passphrase: str) -> Person:
    """The declared person who proves to be who they say.

    Raises: NotPermitted when the person is unknown or the passphrase is not theirs.
    """
    rows = workspace.catalogue.rows(sa.select(schema.account).where(schema.account.c.person == person))
    kept = str(rows[0]["passphrase_hash"]) if rows else _NOBODYS_HASH
    is_right = False
    with contextlib.suppress(VerificationError, InvalidHashError):
        is_right = _HASHER.verify(kept, passphrase)
    declared = workspace.declarations.people.get(person)
    if not is_right or not rows or declared is None:
        # Passphrases are typed where names belong; what is no name stays out of the trail.
        named = person if declared is not None else "unknown"
        with workspace.catalogue.act(workspace.actor, "sign-in", f"person:{named}"):
            raise NotPermitted(
                "This person and passphrase do not go together.",
                "Check both; an administrator can enrol you again.",
            )
    return declared
