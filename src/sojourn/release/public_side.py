"""The public side of the gate: folders laid into the public zone, and the manifest that makes them visible.

A folder is complete before it gets its name. The manifest is replaced in one step, and only it makes a
release visible: giving the same command again after an interruption finishes what was begun. What waits for
its moment lies in the secure zone, ready to be moved in one step.
"""

from __future__ import annotations

import errno
import fcntl
import json
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Catalogue, Transaction, schema
from sojourn.dissemination.publication import (
    ApprovalCount,
    AuditCheckpoint,
    Manifest,
    ReleaseDescription,
    ReleaseEntry,
    read_manifest,
    write_manifest,
)
from sojourn.dissemination.published import MANIFEST, unlisted_files
from sojourn.errors import NotPermitted, ProjectError
from sojourn.release.passing import differing_files
from sojourn.release.states import State
from sojourn.store.durable import copy_folder, place_folder

__all__ = ["PublicSide", "strange_entries"]

_UNFINISHED = ".unfinished-copy"
_SHOWN_AS = {State.PUBLISHED: "current", State.SUPERSEDED: "superseded", State.WITHDRAWN: "withdrawn"}


def strange_entries(public: Path, published: Collection[str]) -> list[str]:
    """What lies in the public zone and is of no published release, by its path.

    What an interrupted publication leaves is not strange: the next one takes it up.
    """
    releases = public / "releases"
    lying = sorted(path.name for path in releases.iterdir()) if releases.is_dir() else []
    found = [f"releases/{name}" for name in lying if name not in (*published, _UNFINISHED)]
    known = (MANIFEST, f".{MANIFEST}.new", releases.name)
    found += [path.name for path in sorted(public.iterdir()) if path.name not in known]
    for release in set(lying) & set(published):
        found += [f"releases/{release}/{path}" for path in unlisted_files(public, release)]
    return found


class PublicSide:
    """The public zone as the gate writes it."""

    def __init__(self, catalogue: Catalogue, drafts: Path, public: Path) -> None:
        self.catalogue, self.drafts, self.folder = catalogue, drafts, public

    def stage(self, release: str) -> None:
        """Lay a copy ready that can be moved into the public zone at its moment."""
        staged = self._staged(release)
        if staged.is_dir() and not differing_files(self._waiting, release):
            return
        self.forget_staged(release)
        unfinished = staged.with_name(f".{release}")
        shutil.rmtree(unfinished, ignore_errors=True)
        copy_folder(self.drafts / "releases" / release, unfinished)
        place_folder(unfinished, staged)

    def forget_staged(self, release: str) -> None:
        """Remove the copy that was laid ready, if there is one."""
        shutil.rmtree(self._staged(release), ignore_errors=True)

    def show(self, act: Transaction, row: Mapping[str, Any]) -> None:
        """Lay the folder of a release into the public zone, and let it supersede the one in force."""
        release = str(row["hash"])
        self._lay(release)
        earlier = sa.and_(schema.release.c.id == row["id"], schema.release.c.state == State.PUBLISHED)
        act.update(schema.release, earlier, state=State.SUPERSEDED)
        act.update(
            schema.release,
            schema.release.c.hash == release,
            state=State.PUBLISHED,
            published_at=self.catalogue.now(),
        )

    def _lay(self, release: str) -> None:
        target = self.folder / "releases" / release
        if target.is_dir() and not differing_files(self.folder, release):
            return
        if not self._is_moved(release, target):
            unfinished = self.folder / "releases" / _UNFINISHED
            shutil.rmtree(unfinished, ignore_errors=True)
            copy_folder(self.drafts / "releases" / release, unfinished)
            place_folder(unfinished, target)
        self.forget_staged(release)
        differing = differing_files(self.folder, release)
        if differing:
            shutil.rmtree(target)
            raise NotPermitted(
                f"{len(differing)} files of the release are not those that were approved:"
                f" {', '.join(differing[:3])}.",
                "Prepare the release again.",
            )

    def _is_moved(self, release: str, target: Path) -> bool:
        """Move what lies ready; false where nothing does, it was changed, or it is on another disk."""
        staged = self._staged(release)
        if not staged.is_dir() or differing_files(self._waiting, release):
            return False
        try:
            place_folder(staged, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    @property
    def _waiting(self) -> Path:
        """Where releases lie ready for their moment."""
        return self.drafts / "embargoed"

    def _staged(self, release: str) -> Path:
        return self._waiting / "releases" / release

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Whoever writes the manifest reads the catalogue while nobody else writes it."""
        with (self.drafts / ".manifest").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def refresh_manifest(self) -> bool:
        """Make the manifest say what the catalogue says, and tell whether it had to change."""
        with self._one_at_a_time():
            manifest = self._due_manifest()
            if self._says(manifest):
                return False
            if manifest is None:
                (self.folder / MANIFEST).unlink()
            else:
                write_manifest(self.folder, manifest)
        return True

    def is_shown(self) -> bool:
        """Whether the manifest says what the catalogue says."""
        return self._says(self._due_manifest())

    def _says(self, manifest: Manifest | None) -> bool:
        try:
            return read_manifest(self.folder) == manifest
        except ProjectError:  # it was damaged, and says nothing
            return False

    def _due_manifest(self) -> Manifest | None:
        """What the manifest should say by the catalogue; none before anything is published."""
        table = schema.release
        order = (table.c.published_at, table.c.version, table.c.hash)
        query = sa.select(table).where(table.c.published_at.is_not(None)).order_by(*order)
        rows = self.catalogue.rows(query)
        if not rows:
            return None
        latest = max(rows, key=lambda row: str(row["prepared_at"]))
        newest = ReleaseDescription.model_validate_json(
            json.dumps(json.loads(latest["summary"])["description"])
        )
        approvals, events = self._approvals(), self._publications()
        return Manifest(
            agency=newest.agency,
            country=newest.country,
            languages=newest.languages,
            releases=tuple(
                self._entry(
                    row,
                    [other["hash"] for other in rows if other["id"] == row["id"]],
                    approvals[row["hash"]],
                    events.get(row["hash"]),
                )
                for row in rows
            ),
        )

    def _entry(
        self, row: Mapping[str, Any], vintages: list[str], approvals: int, event: tuple[int, str] | None
    ) -> ReleaseEntry:
        """The line of a release; `vintages` are all of its name in the order of their publication."""
        description = json.loads(row["summary"])["description"]
        position = vintages.index(row["hash"])
        return ReleaseEntry.model_validate_json(
            json.dumps(
                {
                    "id": row["id"],
                    "version": str(row["version"]),
                    "hash": row["hash"],
                    "title": description["title"],
                    "published_at": row["published_at"],
                    "tables": description["tables"],
                    "status": _SHOWN_AS[State(row["state"])],
                    "supersedes": vintages[position - 1] if position else None,
                    "superseded_by": vintages[position + 1] if position + 1 < len(vintages) else None,
                    "reason": json.loads(row["reason"]),
                    "approvals": [ApprovalCount(role="approver", people=approvals).model_dump()],
                    "audit": self._checkpoint(event),
                }
            )
        )

    def _approvals(self) -> Counter[str]:
        """How many people approved each release."""
        approvals = schema.approval.c
        query = sa.select(approvals.release_hash).where(approvals.decision == "approved")
        return Counter(row["release_hash"] for row in self.catalogue.rows(query))

    def _publications(self) -> dict[str, tuple[int, str]]:
        """The number and hash of the event that published each release: the first that says so."""
        events = schema.audit_event.c
        query = (
            sa.select(events.object, events.sequence, events.hash)
            .where(events.action == "release-publish", events.outcome == "done")
            .order_by(events.sequence.desc())
        )
        return {
            row["object"].removeprefix("release:"): (row["sequence"], row["hash"])
            for row in self.catalogue.rows(query)
        }

    def _checkpoint(self, event: tuple[int, str] | None) -> dict[str, Any] | None:
        """The signed checkpoint of an event."""
        if event is None or self.catalogue.witness is None:
            return None
        made = self.catalogue.witness.checkpoint(*event)
        return AuditCheckpoint(
            size=made.sequence, root=made.hash, signature=made.signature, key=made.key
        ).model_dump()
