"""The way of a release to the public, and who opens each door on it.

A release is a folder whose name is the hash of its content. It is prepared in the secure zone with what the
machine finds; a disclosure checker answers for the findings and checks it; two others vote without seeing one
another's vote; a publisher brings it before the public, now or at a moment. Whatever is decided names the
hash, so that any change makes another release without decisions.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Catalogue, Transaction, schema
from sojourn.disclosure import Protected
from sojourn.dissemination.publication import (
    PublishedTable,
    ReleaseDescription,
    TableDescription,
    write_release_folder,
)
from sojourn.errors import DisclosureRisk, NotPermitted, ProjectError
from sojourn.project.people import Person
from sojourn.project.permissions import require_permitted
from sojourn.release.findings import Finding
from sojourn.release.passing import require_passed, require_unchanged
from sojourn.release.prechecks import prechecks
from sojourn.release.public_side import PublicSide
from sojourn.release.records import finding_rows, on_release, open_findings, release_row, remark
from sojourn.release.states import State, require_transition
from sojourn.release.votes import VOTES_NEEDED, require_new_voter, votes_of

__all__ = ["DraftTable", "Gate"]

KeptBack = Callable[[str, NotPermitted], None]
Attack = Callable[[ReleaseDescription, Sequence[PublishedTable]], Sequence[Finding]]


@dataclass(frozen=True)
class DraftTable:
    """One table on its way to the gate: what disclosure made of it, and how it is described.

    `estimates` names the version in the secure zone that was protected, for checkers who look behind it.
    """

    description: TableDescription
    protected: Protected
    method_sql: str
    estimates: str | None = None


class Gate:
    """The door between the secure zone's drafts and the public zone; `people` are those declared."""

    def __init__(
        self, catalogue: Catalogue, drafts: Path, public: Path, people: Mapping[str, Person]
    ) -> None:
        self.catalogue, self.drafts, self.people = catalogue, drafts, people
        self.public = PublicSide(catalogue, drafts, public)

    def prepare(
        self,
        author: Person,
        release: ReleaseDescription,
        tables: Sequence[DraftTable],
        note: Mapping[str, str],
        made_from: str,
        attack: Attack = lambda _release, _tables: (),
    ) -> str:
        """Write the release that is to be decided on, with what is found about it, and return its hash.

        `made_from` says from what it was made, so that the same is not prepared twice; `attack` tries to
        recover what is protected from the tables and all that is public.

        Raises: NotPermitted without the role; DisclosureRisk for a table that did not pass protection.
        """
        # Attack and writing may take minutes: nobody at the gate waits for them.
        with self.catalogue.work(author.id, "release-prepare", f"release:{release.id}") as work:
            require_permitted(author, "release-prepare", "prepare a release", people=self.people.values())
            _require_protected(tables)
            published = [
                PublishedTable(
                    t.description, t.protected.observations.to_arrow(), t.method_sql, t.protected.report
                )
                for t in tables
            ]
            found = [*prechecks(release, published), *attack(release, published)]
            made = write_release_folder(self.drafts, release, published)
            work.detail.update(hash=made, version=release.version, findings=len(found))
            work.then(lambda act: self._enter(act, made, author, release, tables, note, made_from, found))
        return made

    def _enter(
        self,
        act: Transaction,
        made: str,
        author: Person,
        release: ReleaseDescription,
        tables: Sequence[DraftTable],
        note: Mapping[str, str],
        made_from: str,
        found: Sequence[Finding],
    ) -> None:
        if act.rows(sa.select(schema.release).where(schema.release.c.hash == made)):
            return
        act.insert(
            schema.release,
            hash=made,
            id=release.id,
            version=int(release.version),
            state=State.PREPARED,
            author=author.id,
            summary=_summary(author, release, tables, made_from),
            supersedes=release.supersedes,
            reason=json.dumps(dict(note)),
            prepared_at=self.catalogue.now(),
            published_at=None,
            embargo=None,
            scheduled_by=None,
        )
        for row in finding_rows(made, found):
            act.insert(schema.release_finding, **row)

    def accept(
        self, person: Person, release: str, number: int, reason: str, *, only_if_open: bool = False
    ) -> None:
        """Answer for a finding by name, with the reason why the release may pass in spite of it.

        The last answer counts; with `only_if_open` an answer that somebody gave meanwhile stays.

        Raises: NotPermitted for the author, a missing role, a finding that blocks or a wrong state;
        ProjectError without a reason, or for a finding that there is not.
        """
        with self.catalogue.act(person.id, "release-accept", f"release:{release}", reason) as act:
            row = self._row(act, person, "release-accept", "answer for what was found", release)
            _require_state(row, State.PREPARED, "Findings are answered for before the release is checked.")
            if not reason.strip():
                raise ProjectError("A finding is not accepted without a reason.", "Say why it may stand.")
            table = schema.release_finding
            where = sa.and_(table.c.release_hash == release, table.c.number == number)
            rows = act.rows(sa.select(table).where(where))
            if not rows:
                raise ProjectError(
                    f"The release has no finding {number}.", f"Look: sojourn release look {release[:12]}"
                )
            if rows[0]["severity"] == "blocks":
                raise NotPermitted(
                    "This finding blocks the release: nobody can answer for it.",
                    "Mend what was found, and prepare the release again.",
                )
            if only_if_open and rows[0]["decided_by"] is not None:
                raise NotPermitted(
                    f"{rows[0]['decided_by']} has answered for finding {number} meanwhile.",
                    "Read that answer; give yours if it should take its place.",
                )
            act.update(table, where, decided_by=person.id, reason=reason, decided_at=self.catalogue.now())
            act.detail.update(finding=number)

    def check(self, person: Person, release: str, comment: str = "") -> State:
        """Say as a disclosure checker that the release may be voted on: everything found is answered for.

        Raises: NotPermitted for the author, a missing role, a wrong state, open findings or changed bytes.
        """
        with self.catalogue.act(person.id, "release-check", f"release:{release}", comment) as act:
            row = self._row(act, person, "release-check", "check a release", release)
            require_transition(State(row["state"]), State.CHECKED)
            require_unchanged(self.drafts, release)
            left = open_findings(act, release)
            if left:
                numbers = ", ".join(str(each["number"]) for each in left[:10])
                raise NotPermitted(
                    f"{len(left)} findings are neither mended nor answered for: {numbers}.",
                    f"Look at them: sojourn release look {release[:12]}",
                )
            remark(act, release, person, "checked", comment, self.catalogue.now())
            self._move(act, release, State.CHECKED)
        return State.CHECKED

    def send_back(self, person: Person, release: str, reasons: str) -> State:
        """Return a release that nobody may see yet to its author, with the reasons.

        Raises: NotPermitted for the author, a missing role or a wrong state; ProjectError without reasons.
        """
        with self.catalogue.act(person.id, "release-return", f"release:{release}", reasons) as act:
            row = self._row(act, person, "release-return", "return a release", release)
            require_transition(State(row["state"]), State.RETURNED)
            if not reasons.strip():
                raise ProjectError("A release is not returned without a reason.", "Say what to mend.")
            remark(act, release, person, "returned", reasons, self.catalogue.now())
            self._move(act, release, State.RETURNED, embargo=None)
            self.public.forget_staged(release)
        return State.RETURNED

    def vote(self, person: Person, release: str, *, approves: bool, comment: str = "") -> State:
        """Approve or refuse a checked release, unseen by the other voter until both votes are in.

        Two votes are needed. Both must approve; otherwise the release is returned with what was said.

        Raises: NotPermitted for the author, a second vote, a missing role, a wrong state or changed bytes.
        """
        # Neither the vote nor the comment is in the event: the other voter may read the trail.
        with self.catalogue.act(person.id, "release-vote", f"release:{release}") as act:
            row = self._row(act, person, "release-vote", "approve or refuse a release", release)
            require_transition(State(row["state"]), State.APPROVED)
            # A release that waits for its moment becomes approved by taking that back, not by a vote.
            _require_state(row, State.CHECKED, "Votes are given on releases that are checked.")
            require_unchanged(self.drafts, release)
            require_new_voter(act, self.people, release, person)
            act.insert(
                schema.approval,
                release_hash=release,
                person=person.id,
                decision="approved" if approves else "refused",
                comment=comment,
                at=self.catalogue.now(),
            )
            votes = votes_of(act, release)
            state = State.CHECKED
            if len(votes) >= VOTES_NEEDED:
                is_approved = all(vote["decision"] == "approved" for vote in votes)
                state = State.APPROVED if is_approved else State.RETURNED
                self._move(act, release, state)
                act.detail.update(votes={vote["person"]: vote["decision"] for vote in votes})
        return state

    def publish(self, person: Person, release: str, at: datetime.datetime | None = None) -> State:
        """Bring an approved release before the public, now or at a moment to come.

        Until that moment nothing of it is in the public zone. A moment that was set is moved by setting
        another. The release that it supersedes stays citable.

        Raises: NotPermitted without role or standing votes, or when a byte is not the approved one;
        ProjectError for a moment that is past.
        """
        if at is not None:
            return self._embargo(person, release, at)
        with self.catalogue.act(person.id, "release-publish", f"release:{release}") as act:
            row = self._row(act, person, "release-publish", "publish a release", release)
            if State(row["state"]) is not State.PUBLISHED:
                require_transition(State(row["state"]), State.PUBLISHED)
                self._require_passed(act, row)
                self.public.show(act, row)
        self.public.refresh_manifest()
        return State.PUBLISHED

    def _embargo(self, person: Person, release: str, at: datetime.datetime) -> State:
        if at.tzinfo is None:
            raise ProjectError(f"{at.isoformat()} has no offset from UTC.", "Name the moment with one.")
        moment = at.astimezone(datetime.UTC).isoformat(timespec="microseconds")
        with self.catalogue.act(person.id, "release-embargo", f"release:{release}") as act:
            row = self._row(act, person, "release-embargo", "set the moment of a release", release)
            if State(row["state"]) is not State.EMBARGOED:
                require_transition(State(row["state"]), State.EMBARGOED)
            if moment <= self.catalogue.now():
                raise ProjectError(f"{at.isoformat()} is past.", "Name a moment to come, or publish now.")
            self._require_passed(act, row)
            self.public.stage(release)
            self._move(act, release, State.EMBARGOED, embargo=moment, scheduled_by=person.id)
            act.detail.update(embargo=moment)
        return State.EMBARGOED

    def lift_embargo(self, person: Person, release: str) -> State:
        """Take back the moment of a release, which is approved as before.

        Raises: NotPermitted without the role or a moment.
        """
        with self.catalogue.act(person.id, "release-embargo", f"release:{release}") as act:
            row = self._row(act, person, "release-embargo", "take back the moment of a release", release)
            _require_state(row, State.EMBARGOED, "It has no moment to take back.")
            self._move(act, release, State.APPROVED, embargo=None, scheduled_by=None)
            self.public.forget_staged(release)
        return State.APPROVED

    def open_due(self, on_kept_back: KeptBack = lambda _release, _error: None) -> list[str]:
        """Publish what has reached its moment and give the hashes; whoever set it is the one who acts.

        What may not pass any more goes back to approved, with the reason among its remarks, is told to
        `on_kept_back`, and holds up no other.
        """
        opened = []
        table = schema.release.c
        due = sa.and_(table.state == State.EMBARGOED, table.embargo <= self.catalogue.now())
        query = sa.select(table.hash, table.scheduled_by).where(due).order_by(table.embargo, table.hash)
        try:
            for found in self.catalogue.rows(query):
                try:
                    self._open(found["hash"], found["scheduled_by"])
                    opened.append(str(found["hash"]))
                except NotPermitted as error:
                    if self._is_kept_back(found["hash"], found["scheduled_by"], error):
                        on_kept_back(found["hash"], error)
        finally:
            if opened:
                self.public.refresh_manifest()
        return opened

    def _open(self, release: str, scheduled_by: str) -> None:
        with self.catalogue.act(scheduled_by, "release-publish", f"release:{release}") as act:
            row = release_row(act, release)
            if not self._is_due(row):
                raise NotPermitted("The release does not wait any more.", "Look at it.")
            if scheduled_by not in self.people:
                raise NotPermitted(f"{scheduled_by}, who set the moment, is declared no more.")
            self._row(act, self.people[scheduled_by], "release-publish", "publish a release", release)
            self._require_passed(act, row)
            self.public.show(act, row)
            act.detail.update(embargo=row["embargo"])

    def _is_due(self, row: Mapping[str, Any]) -> bool:
        return State(row["state"]) is State.EMBARGOED and row["embargo"] <= self.catalogue.now()

    def _is_kept_back(self, release: str, scheduled_by: str, error: NotPermitted) -> bool:
        """Take the moment of a release back if it still waits, and tell whether it did."""
        why = error.problems[0].message
        with self.catalogue.act(scheduled_by, "release-embargo", f"release:{release}", why) as act:
            is_due = self._is_due(release_row(act, release))
            if is_due:
                who = self.people.get(scheduled_by) or Person.model_construct(id=scheduled_by)
                remark(act, release, who, "kept back", why, self.catalogue.now())
                self._move(act, release, State.APPROVED, embargo=None, scheduled_by=None)
                self.public.forget_staged(release)
        return is_due

    def withdraw(self, person: Person, release: str, reason: Mapping[str, str]) -> None:
        """Take a release back: its figures are shown no more, its place says why.

        Raises: NotPermitted without the role or from a state that cannot be withdrawn.
        """
        with self.catalogue.act(person.id, "release-withdraw", f"release:{release}") as act:
            row = self._row(act, person, "release-withdraw", "withdraw a release", release)
            require_transition(State(row["state"]), State.WITHDRAWN)
            if not any(text.strip() for text in reason.values()):
                raise ProjectError("A release is not withdrawn without a reason.", "Readers will ask for it.")
            self._move(act, release, State.WITHDRAWN, reason=json.dumps(dict(reason)))
        self.public.refresh_manifest()

    def releases(self) -> list[dict[str, Any]]:
        """All releases, newest first; `votes` counts those that are in."""
        rows = self.catalogue.rows(sa.select(schema.release).order_by(schema.release.c.prepared_at.desc()))
        votes = self.catalogue.rows(sa.select(schema.approval.c.release_hash))
        for row in rows:
            row["votes"] = sum(vote["release_hash"] == row["hash"] for vote in votes)
        return rows

    def _row(
        self, act: Transaction, person: Person, what: str, words: str, release: str
    ) -> Mapping[str, Any]:
        """The row of a release on which the person may act so."""
        row = release_row(act, release)
        require_permitted(person, what, words, on_release(self.people, row), self.people.values())
        return row

    def _move(self, act: Transaction, release: str, state: State, **values: Any) -> None:
        act.update(schema.release, schema.release.c.hash == release, state=state, **values)
        act.detail.update(state=state)

    def _require_passed(self, act: Transaction, row: Mapping[str, Any]) -> None:
        """Nothing, if what was decided on the release still stands and is for these bytes."""
        require_passed(act, self.people, row)
        require_unchanged(self.drafts, row["hash"])


def _require_state(row: Mapping[str, Any], state: State, remedy: str) -> None:
    if State(row["state"]) is not state:
        raise NotPermitted(f"The release is {row['state']}.", remedy)


def _require_protected(tables: Sequence[DraftTable]) -> None:
    for table in tables:
        if not isinstance(table.protected, Protected):
            raise DisclosureRisk(
                f"{table.description.id} did not come from the protection step.",
                "Nothing was prepared.",
            )


def _summary(
    author: Person, release: ReleaseDescription, tables: Sequence[DraftTable], made_from: str
) -> str:
    """What the catalogue keeps of a release beside its row: how it is described, protected and made."""
    return json.dumps(
        {
            "description": release.model_dump(mode="json"),
            "reports": {table.description.id: table.protected.report for table in tables},
            "estimates": {table.description.id: table.estimates for table in tables},
            "made_from": made_from,
            "author": author.human,
        }
    )
