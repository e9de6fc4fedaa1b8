"""What lets a release pass when it is to pass, and not only when it was decided on.

Between a decision and the publication somebody may have lost the role, become an administrator, or turn out
to be the author under another name; a byte may have been changed; another version may have been published.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Transaction, schema
from sojourn.dissemination.published import changed_files, unlisted_files
from sojourn.errors import NotPermitted
from sojourn.project.people import Person
from sojourn.project.permissions import is_permitted
from sojourn.release.records import on_release
from sojourn.release.votes import VOTES_NEEDED, standing_votes

__all__ = ["differing_files", "require_passed", "require_unchanged"]

_AGAIN = "Return the release and prepare it again."


def require_passed(act: Transaction, people: Mapping[str, Person], row: Mapping[str, Any]) -> None:
    """Nothing, if votes, check and answers still stand and no later version was published meanwhile.

    Raises: NotPermitted.
    """
    standing = standing_votes(act, people, row)
    if len(standing) < VOTES_NEEDED:
        raise NotPermitted(
            f"{len(standing)} of {VOTES_NEEDED} approvals stand: who gave the others may no longer"
            " approve this release.",
            _AGAIN,
        )
    if not _has_standing_check(act, people, row):
        raise NotPermitted(
            "The check does not stand: whoever checked the release, or answered for what was found, may no"
            " longer do so.",
            _AGAIN,
        )
    _require_new_version(act, row)


def _has_standing_check(act: Transaction, people: Mapping[str, Person], row: Mapping[str, Any]) -> bool:
    """Whether a check and every answer to a finding are of people who may give them today."""
    remarks, findings = schema.release_remark.c, schema.release_finding.c
    on = on_release(people, row)

    def may(person: str, what: str) -> bool:
        declared = people.get(person)
        return declared is not None and is_permitted(declared, what, on, people.values())

    checks = act.rows(
        sa.select(remarks.person).where(remarks.release_hash == row["hash"], remarks.kind == "checked")
    )
    answers = act.rows(
        sa.select(findings.decided_by).where(
            findings.release_hash == row["hash"], findings.decided_by.is_not(None)
        )
    )
    return any(may(check["person"], "release-check") for check in checks) and all(
        may(answer["decided_by"], "release-accept") for answer in answers
    )


def _require_new_version(act: Transaction, row: Mapping[str, Any]) -> None:
    """A version is published once: what was prepared beside it names a wrong predecessor by now."""
    releases = schema.release.c
    later = sa.and_(
        releases.id == row["id"],
        releases.hash != row["hash"],
        releases.version >= row["version"],
        releases.published_at.is_not(None),
    )
    if act.rows(sa.select(releases.hash).where(later).limit(1)):
        raise NotPermitted(
            f"Version {row['version']} of {row['id']}, or a later one, was published meanwhile.", _AGAIN
        )


def differing_files(folder: Path, release: str) -> tuple[str, ...]:
    """The files of a release in a folder that are not those that it is named by, or are too many."""
    return (*changed_files(folder, release), *unlisted_files(folder, release))


def require_unchanged(drafts: Path, release: str) -> None:
    """Nothing, if the draft of a release has the files that it is named by and no other.

    Raises: NotPermitted.
    """
    differing = differing_files(drafts, release)
    if differing:
        raise NotPermitted(
            f"{len(differing)} files of the release are not those that were prepared:"
            f" {', '.join(differing[:3])}.",
            "Prepare the release again; decisions on the old bytes do not hold for others.",
        )
