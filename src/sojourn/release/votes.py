"""Votes on a release: by two human beings, neither of them its author, who do not see one another's vote.

A vote stands as long as whoever gave it may still give it: between the vote and the publication somebody may
have lost the role, become an administrator, or turn out to be the author under another name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from sojourn.catalogue import Catalogue, Transaction, schema
from sojourn.errors import NotPermitted
from sojourn.project.people import Person
from sojourn.project.permissions import is_permitted
from sojourn.release.records import on_release

__all__ = ["VOTES_NEEDED", "has_voted", "require_new_voter", "shown_votes", "standing_votes", "votes_of"]

VOTES_NEEDED = 2


def votes_of(act: Transaction, release: str) -> list[Mapping[str, Any]]:
    """The votes on a release, in the order in which they came."""
    table = schema.approval
    return act.rows(sa.select(table).where(table.c.release_hash == release).order_by(table.c.at))


def require_new_voter(act: Transaction, people: Mapping[str, Person], release: str, person: Person) -> None:
    """Nothing, if the human being has not voted on the release under any name.

    Raises: NotPermitted.
    """
    voted = {_human(people, vote["person"]) for vote in votes_of(act, release)}
    if person.human in voted or person.id in voted:
        raise NotPermitted(f"{person.id} has already voted on this release.", "Ask another person.")


def has_voted(catalogue: Catalogue, people: Mapping[str, Person], release: str, person: Person) -> bool:
    """Whether the human being has voted on the release under any name."""
    table = schema.approval.c
    voted = catalogue.rows(sa.select(table.person).where(table.release_hash == release))
    return any(person.human in (vote["person"], _human(people, vote["person"])) for vote in voted)


def standing_votes(
    act: Transaction, people: Mapping[str, Person], row: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """The approvals of a release that still count: one for each human being who may vote on it today."""
    on = on_release(people, row)
    standing: dict[str, Mapping[str, Any]] = {}
    for vote in votes_of(act, row["hash"]):
        person = people.get(vote["person"])
        if (
            person is not None
            and vote["decision"] == "approved"
            and is_permitted(person, "release-vote", on, people.values())
        ):
            standing.setdefault(person.human, vote)
    return list(standing.values())


def shown_votes(catalogue: Catalogue, release: str, viewer: Person) -> list[dict[str, Any]]:
    """The votes that a person may see: their own, and all once both are in."""
    table = schema.approval
    query = sa.select(table).where(table.c.release_hash == release).order_by(table.c.at)
    votes = catalogue.rows(query)
    if len(votes) >= VOTES_NEEDED:
        return votes
    return [vote for vote in votes if vote["person"] == viewer.id]


def _human(people: Mapping[str, Person], person: str) -> str:
    declared = people.get(person)
    return declared.human if declared is not None else person
