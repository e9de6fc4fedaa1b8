"""Which key is in force: the catalogue says it, by the key's mark, and the key is looked for in the ring."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from sojourn.catalogue import Catalogue, Transaction, schema
from sojourn.errors import ProjectError
from sojourn.store.keys import KeyRing, mark_of

__all__ = ["KeyInForce", "adopted_key", "key_in_force", "key_problem", "put_in_force", "recorded_key"]

_KEYS = schema.key_in_force


@dataclass(frozen=True)
class KeyInForce:
    """What the catalogue knows of the key: the project whose purpose it serves, its mark, since when."""

    project: str
    mark: str
    since: str
    is_old_destroyed: bool


def recorded_key(catalogue: Catalogue) -> KeyInForce | None:
    """The key in force, or none in a project that has never been opened."""
    rows = catalogue.rows(sa.select(_KEYS))
    return KeyInForce(**rows[0]) if rows else None


def key_in_force(catalogue: Catalogue) -> KeyInForce:
    """The key in force of a project that has been opened."""
    found = recorded_key(catalogue)
    if found is None:
        raise RuntimeError("The catalogue does not say which key is in force.")
    return found


def adopted_key(catalogue: Catalogue, ring: KeyRing, actor: str) -> KeyInForce:
    """The key in force; at the first opening, the one key that is to hand.

    Raises: ProjectError when a first key is to be chosen among several.
    """
    found = recorded_key(catalogue)
    if found is not None:
        return found
    if len(ring.masters) != 1:
        raise ProjectError(
            f"This project has no key in force yet, and {len(ring.masters)} are given.",
            "Give one key until the first delivery has come.",
        )
    with catalogue.act(actor, "adopt-key", "keys") as act:
        # Two commands may open a new project together: the one that comes second takes what it finds.
        rows = act.rows(sa.select(_KEYS))
        if rows:
            return KeyInForce(**rows[0])
        project = secrets.token_hex(16)
        first = KeyInForce(project, mark_of(ring.masters[0], project), catalogue.now(), is_old_destroyed=True)
        act.insert(_KEYS, **vars(first))
        act.detail.update(mark=first.mark)
    return first


def put_in_force(act: Transaction, key: KeyInForce) -> None:
    """Name a key as the one in force, in place of the one before."""
    act.update(_KEYS, _KEYS.c.project == key.project, **vars(key))


def key_problem(catalogue: Catalogue, ring: KeyRing) -> tuple[str, str] | None:
    """What is unfinished about the key, and what to do; none when no key but the one in force is to hand."""
    found = key_in_force(catalogue)
    if not found.is_old_destroyed:
        return (
            "the key was changed, and the old one is not destroyed yet",
            "`sojourn keys rotate` finishes the change.",
        )
    if any(mark_of(master, found.project) != found.mark for master in ring.masters):
        return (
            "a change of the key was begun; the old one is in force",
            "`sojourn keys rotate` goes on where it was interrupted.",
        )
    return None
