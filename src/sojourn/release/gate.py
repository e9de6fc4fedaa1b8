"""Prepare, approve, publish, supersede, withdraw: what each does, and who may do it.

A release is a folder whose name is the hash of its content. It is prepared in the secure zone; approvals
name that hash, so that any change makes another release without approvals. Publishing copies the
folder into the public zone, records it in the catalogue, and lists it in the manifest: only the last step
makes it visible, and giving the command again after an interruption finishes it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Catalogue, Transaction, schema
from sojourn.disclosure import Protected
from sojourn.dissemination.publication import (
    ApprovalCount,
    AuditCheckpoint,
    Manifest,
    PublishedTable,
    ReleaseDescription,
    ReleaseEntry,
    TableDescription,
    changed_files,
    read_manifest,
    write_manifest,
    write_release_folder,
)
from sojourn.errors import DisclosureRisk, NotPermitted, ProjectError
from sojourn.project.declarations import Person, Role
from sojourn.release.states import State, require_transition
from sojourn.store.durable import copy_folder, place_folder

__all__ = ["APPROVALS_NEEDED", "DraftTable", "Gate"]

APPROVALS_NEEDED = 2
_MAY_PREPARE = {Role.STATISTICIAN}
_MAY_APPROVE = {Role.CHECKER, Role.COORDINATOR}
_MAY_PUBLISH = {Role.PUBLISHER}


@dataclass(frozen=True)
class DraftTable:
    """One table on its way to the gate: what disclosure made of it, and how it is described."""

    description: TableDescription
    protected: Protected
    method_sql: str


class Gate:
    """The door between the secure zone's drafts and the public zone."""

    def __init__(self, catalogue: Catalogue, drafts: Path, public: Path) -> None:
        self.catalogue, self.drafts, self.public = catalogue, drafts, public

    def prepare(
        self,
        author: Person,
        release: ReleaseDescription,
        tables: Sequence[DraftTable],
        note: Mapping[str, str],
        made_from: str,
    ) -> str:
        """Write the release that is to be approved and return its hash.

        `made_from` says from what it was made, so that the same is not prepared twice.

        Raises: NotPermitted without the role; DisclosureRisk for a table that did not pass protection.
        """
        _require_role(author, _MAY_PREPARE, "prepare a release")
        _require_protected(tables)
        with self.catalogue.act(author.id, "release-prepare", f"release:{release.id}") as act:
            published = [
                PublishedTable(t.description, t.protected.observations.to_arrow(), t.method_sql)
                for t in tables
            ]
            made = write_release_folder(self.drafts, release, published)
            act.detail.update(hash=made, version=release.version)
            if not self._find(act, made):
                act.insert(
                    schema.release,
                    hash=made,
                    id=release.id,
                    version=int(release.version),
                    state=State.PREPARED,
                    author=author.id,
                    summary=_summary(release, tables, made_from),
                    supersedes=release.supersedes,
                    reason=json.dumps(dict(note)),
                    prepared_at=self.catalogue.now(),
                    published_at=None,
                )
        return made

    def decide(self, person: Person, release: str, *, approves: bool, comment: str = "") -> State:
        """Approve or reject; two approvals by different people other than the author let a release pass.

        Raises: NotPermitted for the author, a second vote, a missing role, a wrong state or changed bytes.
        """
        action = "release-approve" if approves else "release-reject"
        with self.catalogue.act(person.id, action, f"release:{release}", comment) as act:
            row = self._row(act, release)
            if person.id == row["author"]:
                raise NotPermitted(
                    "The author of a release cannot approve or reject it.", "Ask two other people."
                )
            _require_role(person, _MAY_APPROVE, "approve or reject a release")
            present = State(row["state"])
            if present is State.APPROVED and approves:
                raise NotPermitted("The release already has the approvals that it needs.", "Publish it.")
            require_transition(present, State.APPROVED if approves else State.REJECTED)
            self._require_unchanged(self.drafts, release)
            where = sa.and_(schema.approval.c.release_hash == release, schema.approval.c.person == person.id)
            if act.rows(sa.select(schema.approval).where(where)):
                raise NotPermitted(f"{person.id} has already decided on this release.", "Ask another person.")
            decision = "approved" if approves else "rejected"
            act.insert(
                schema.approval,
                release_hash=release,
                person=person.id,
                decision=decision,
                comment=comment,
                at=self.catalogue.now(),
            )
            state = State.REJECTED if not approves else self._state_after_approval(act, release)
            act.update(schema.release, schema.release.c.hash == release, state=state)
            act.detail.update(state=state)
        return state

    def _state_after_approval(self, act: Transaction, release: str) -> State:
        where = sa.and_(schema.approval.c.release_hash == release, schema.approval.c.decision == "approved")
        return (
            State.APPROVED
            if len(act.rows(sa.select(schema.approval).where(where))) >= APPROVALS_NEEDED
            else State.PREPARED
        )

    def publish(self, person: Person, release: str) -> None:
        """Bring an approved release before the public; the one it supersedes stays citable.

        Raises: NotPermitted without role or approvals, or when a byte is not the approved one.
        """
        with self.catalogue.act(person.id, "release-publish", f"release:{release}") as act:
            row = self._row(act, release)
            _require_role(person, _MAY_PUBLISH, "publish a release")
            if State(row["state"]) is not State.PUBLISHED:
                require_transition(State(row["state"]), State.PUBLISHED)
                self._require_unchanged(self.drafts, release)
                self._copy_to_public(release)
                self._supersede_earlier(act, row)
                moment = self.catalogue.now()
                act.update(
                    schema.release,
                    schema.release.c.hash == release,
                    state=State.PUBLISHED,
                    published_at=moment,
                )
        self.refresh_manifest()

    def _supersede_earlier(self, act: Transaction, row: Mapping[str, Any]) -> None:
        earlier = sa.and_(schema.release.c.id == row["id"], schema.release.c.state == State.PUBLISHED)
        act.update(schema.release, earlier, state=State.SUPERSEDED)

    def _copy_to_public(self, release: str) -> None:
        target = self.public / "releases" / release
        if target.is_dir() and not changed_files(self.public, release):
            return
        unfinished = self.public / "releases" / ".unfinished-copy"
        shutil.rmtree(unfinished, ignore_errors=True)
        copy_folder(self.drafts / "releases" / release, unfinished)
        place_folder(unfinished, target)
        self._require_unchanged(self.public, release)

    def withdraw(self, person: Person, release: str, reason: Mapping[str, str]) -> None:
        """Take a release back: its figures are shown no more, its place says why.

        Raises: NotPermitted without the role or from a state that cannot be withdrawn.
        """
        with self.catalogue.act(person.id, "release-withdraw", f"release:{release}") as act:
            row = self._row(act, release)
            _require_role(person, _MAY_PUBLISH, "withdraw a release")
            require_transition(State(row["state"]), State.WITHDRAWN)
            act.update(
                schema.release,
                schema.release.c.hash == release,
                state=State.WITHDRAWN,
                reason=json.dumps(dict(reason)),
            )
        self.refresh_manifest()

    def releases(self) -> list[dict[str, Any]]:
        """All releases, newest first, with the number of their approvals."""
        rows = self.catalogue.rows(sa.select(schema.release).order_by(schema.release.c.prepared_at.desc()))
        approvals = self.catalogue.rows(sa.select(schema.approval))
        for row in rows:
            row["approvals"] = sum(
                a["release_hash"] == row["hash"] and a["decision"] == "approved" for a in approvals
            )
        return rows

    def refresh_manifest(self) -> bool:
        """Make the manifest say what the catalogue says, and tell whether it had to change."""
        manifest = self._due_manifest()
        if manifest is None or read_manifest(self.public) == manifest:
            return False
        write_manifest(self.public, manifest)
        return True

    def is_shown(self) -> bool:
        """Whether the manifest says what the catalogue says."""
        manifest = self._due_manifest()
        return manifest is None or read_manifest(self.public) == manifest

    def _due_manifest(self) -> Manifest | None:
        """What the manifest should say by the catalogue; none before anything is published."""
        rows = [row for row in self.releases() if row["published_at"] is not None]
        if not rows:
            return None
        newest = ReleaseDescription.model_validate_json(
            json.dumps(json.loads(rows[0]["summary"])["description"])
        )
        return self._manifest(rows, newest)

    def _manifest(self, rows: list[dict[str, Any]], newest: ReleaseDescription) -> Manifest:
        ordered = sorted(rows, key=lambda row: str(row["published_at"]))
        entries = [self._entry(row, ordered) for row in ordered]
        return Manifest(
            agency=newest.agency,
            country=newest.country,
            languages=newest.languages,
            releases=tuple(entries),
        )

    def _entry(self, row: Mapping[str, Any], ordered: list[dict[str, Any]]) -> ReleaseEntry:
        description = json.loads(row["summary"])["description"]
        same = [other for other in ordered if other["id"] == row["id"]]
        position = same.index(dict(row))
        status = {State.PUBLISHED: "current", State.SUPERSEDED: "superseded", State.WITHDRAWN: "withdrawn"}[
            State(row["state"])
        ]
        return ReleaseEntry.model_validate_json(
            json.dumps(
                {
                    "id": row["id"],
                    "version": str(row["version"]),
                    "hash": row["hash"],
                    "title": description["title"],
                    "published_at": row["published_at"],
                    "tables": description["tables"],
                    "status": status,
                    "supersedes": same[position - 1]["hash"] if position else None,
                    "superseded_by": same[position + 1]["hash"] if position + 1 < len(same) else None,
                    "reason": json.loads(row["reason"]),
                    "approvals": [count.model_dump() for count in self._approval_counts(row["hash"])],
                    "audit": self._checkpoint_at(row["hash"]),
                }
            )
        )

    def _approval_counts(self, release: str) -> list[ApprovalCount]:
        query = sa.select(schema.approval).where(
            schema.approval.c.release_hash == release, schema.approval.c.decision == "approved"
        )
        return [ApprovalCount(role="approver", people=len(self.catalogue.rows(query)))]

    def _checkpoint_at(self, release: str) -> dict[str, Any] | None:
        """The signed checkpoint of the event that published the release."""
        events = schema.audit_event.c
        query = sa.select(events.sequence, events.hash).where(
            events.action == "release-publish",
            events.object == f"release:{release}",
            events.outcome == "done",
        )
        found = self.catalogue.rows(query.order_by(events.sequence).limit(1))
        if not found or self.catalogue.witness is None:
            return None
        made = self.catalogue.witness.checkpoint(found[0]["sequence"], found[0]["hash"])
        return AuditCheckpoint(
            size=made.sequence, root=made.hash, signature=made.signature, key=made.key
        ).model_dump()

    def _find(self, act: Transaction, release: str) -> list[Mapping[str, Any]]:
        return act.rows(sa.select(schema.release).where(schema.release.c.hash == release))

    def _row(self, act: Transaction, release: str) -> Mapping[str, Any]:
        found = self._find(act, release)
        if not found:
            raise ProjectError(f"There is no release {release}.", "List them with `sojourn release list`.")
        return found[0]

    def _require_unchanged(self, zone: Path, release: str) -> None:
        changed = changed_files(zone, release)
        if changed:
            raise NotPermitted(
                f"{len(changed)} files of the release are not those that were prepared:"
                f" {', '.join(changed[:3])}.",
                "Prepare the release again; approvals of the old bytes do not hold for others.",
            )


def _require_protected(tables: Sequence[DraftTable]) -> None:
    for table in tables:
        if not isinstance(table.protected, Protected):
            raise DisclosureRisk(
                f"{table.description.id} did not come from the protection step.",
                "Nothing was prepared.",
            )


def _summary(release: ReleaseDescription, tables: Sequence[DraftTable], made_from: str) -> str:
    """What the catalogue keeps of a release beside its row: how it is described, protected and made."""
    return json.dumps(
        {
            "description": release.model_dump(mode="json"),
            "reports": {table.description.id: table.protected.report for table in tables},
            "made_from": made_from,
        }
    )


def _require_role(person: Person, allowed: set[Role], what: str) -> None:
    if not allowed & set(person.roles):
        roles = " or ".join(sorted(role.value for role in allowed))
        raise NotPermitted(
            f"{person.id} may not {what}: that takes the role {roles}.",
            "Roles are declared in strategy/people.yaml.",
        )
