"""Change the key of a project: everything is made under the new key, one transaction changes over, and the
old key and all that bears its pseudonyms is destroyed.

Until the transaction nothing has changed for anyone; from it on nothing but the new key counts. Killed at
any point, the same command goes on where it was.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.errors import ProjectError
from sojourn.production.at_work import require_at_work
from sojourn.production.key_state import KeyInForce, key_in_force, put_in_force
from sojourn.production.rekeying import (
    OnDelivery,
    Persons,
    Reread,
    compared_persons,
    forget_others,
    made_again,
    name_anew,
    reread_all,
)
from sojourn.production.workspace import Workspace
from sojourn.store.keys import Keys

__all__ = ["Rotation", "rotate_key"]

_LAST_ACT = "destroy-old-key"
_REPEATED_WITHIN = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Rotation:
    """What came of changing the key.

    `nothing-to-do`: the key was changed within the last day. `old-key-remains`: everything is done but what
    only the owner of the secret manager can do. `not_compared` are deliveries whose records were last read
    by other code or declarations, so that their persons cannot be held against those before.
    """

    state: Literal["done", "nothing-to-do", "old-key-remains"]
    deliveries: int = 0
    not_compared: int = 0
    persons: Persons = field(default_factory=Persons)
    tables: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain values."""
        return {
            **vars(self),
            "persons": self.persons.after,
            "records": self.persons.records,
            "tables": list(self.tables),
        }


def rotate_key(
    workspace: Workspace,
    *,
    is_old_lost: bool = False,
    again: bool = False,
    because: str = "",
    on_delivery: OnDelivery | None = None,
) -> Rotation:
    """Put a new key in force and destroy the old one, or finish a change that was interrupted.

    Every record of one person before has one key after, and every later delivery of the same document gets
    the same. `again` changes a key that was changed within the last day. The project has to be opened anew
    afterwards: what was opened before holds the old key, and may write no records.

    Raises: ProjectError when persons would be lost, split or merged, when another command is writing, or
    when the secret manager has no new key; DataRefused when a delivery in force can no longer be read;
    NotPermitted when whoever is at work may not.
    """
    require_at_work(workspace, "keys-rotate", "change the project's key", "keys")
    with workspace.store.one_writer() if is_old_lost else workspace.writing():
        found = key_in_force(workspace.catalogue)
        if not found.is_old_destroyed:
            return _finished(workspace, found, Rotation("done"))
        if not again and not is_old_lost and _was_just_changed(workspace):
            return Rotation("nothing-to-do")
        master = workspace.ring.next_master(found.project, found.mark)
        agency = workspace.declarations.settings.agency.id
        keys = Keys.of(master, project=found.project, agency=agency)
        after = replace(workspace, keys=keys)
        workspace.catalogue.note(workspace.actor, "begin-key-change", "keys", because, mark=keys.mark)
        rereads = reread_all(workspace, after, is_old_lost=is_old_lost, on_delivery=on_delivery)
        persons = compared_persons(after, rereads)
        if not persons.are_kept and not is_old_lost:
            raise _persons_changed(persons)
        # Without the old key it is not known which tables stand: `run` makes them.
        tables, kept = made_again(workspace, after) if not is_old_lost else ((), set())
        outcome = Rotation("done", len(rereads), _not_compared(rereads), persons, tables)
        new = replace(found, mark=keys.mark, since=workspace.catalogue.now(), is_old_destroyed=False)
        with workspace.catalogue.act(workspace.actor, "change-key", "keys", because) as act:
            name_anew(act, rereads)
            given_up = forget_others(act, rereads, kept)
            put_in_force(act, new)
            act.detail.update(outcome.to_json(), mark=new.mark, versions_given_up=given_up)
        return _finished(workspace, new, outcome)


def _not_compared(rereads: list[Reread]) -> int:
    return sum(one.before is None and one.after is not None for one in rereads)


def _persons_changed(persons: Persons) -> ProjectError:
    return ProjectError(
        f"Under the new key {persons.before} persons would become {persons.after}, with {persons.pairs} pairs"
        f" of old and new keys and {persons.unpaired} records on one side only. Nothing was changed.",
        "Run `sojourn doctor`: a delivery or a version was changed on the disk.",
    )


def _was_just_changed(workspace: Workspace) -> bool:
    """Whether the last change ended a short time ago: the same command given again is no second change."""
    events = schema.audit_event.c
    query = sa.select(events.at).where(events.action == _LAST_ACT, events.outcome == "done")
    rows = workspace.catalogue.rows(query.order_by(events.sequence.desc()).limit(1))
    now = datetime.datetime.fromisoformat(workspace.catalogue.now())
    return bool(rows) and now - datetime.datetime.fromisoformat(rows[0]["at"]) < _REPEATED_WITHIN


def _finished(workspace: Workspace, key: KeyInForce, outcome: Rotation) -> Rotation:
    """Remove what bears pseudonyms of the old key, destroy that key, and say so in the audit trail."""
    _remove_old_records(workspace)
    if not workspace.ring.destroy_others(key.project, key.mark):
        return replace(outcome, state="old-key-remains")
    with workspace.catalogue.act(workspace.actor, _LAST_ACT, "keys") as act:
        put_in_force(act, replace(key, is_old_destroyed=True))
        act.detail.update(mark=key.mark)
    return outcome


def _remove_old_records(workspace: Workspace) -> None:
    store, versions = workspace.store, schema.table_version
    named = {
        (row["zone"], row["name"], row["fingerprint"])
        for row in workspace.catalogue.rows(sa.select(versions))
    }
    for zone, name, fingerprint in store.unnamed(named):
        store.remove(zone, name, fingerprint)
    for left in _spilled(workspace):
        left.unlink()
    if store.unnamed(named) or store.leftovers():
        raise ProjectError(
            "Records under the old key could not be removed from the disk.",
            "Look at the permissions of local/, then give the same command again.",
        )


def _spilled(workspace: Workspace) -> Iterator[Any]:
    """What killed work had moved from memory to the disk; nobody reads it again."""
    return (path for path in workspace.spill_folder().rglob("*") if path.is_file())
