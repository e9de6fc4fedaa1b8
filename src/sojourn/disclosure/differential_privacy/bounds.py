"""Bounds of what one person adds: at most so many cells, chosen by a key and not by what is in them."""

from __future__ import annotations

from sojourn.engine import Relation, sql_beside
from sojourn.errors import ProjectError

__all__ = ["bounded"]

_BOUNDED = sql_beside(__file__, "bounded.sql")


def bounded(events: Relation, *, most: int, salt: str) -> Relation:
    """The distinct pairs of `person_key` and `cell`, at most `most` of each person.

    `events` has those two columns; rows that lack one of them are left out. A secret `salt` decides which
    pairs stay, the same whenever and in whatever order it is asked.

    Raises: ProjectError for a bound below 1.
    """
    if most < 1:
        raise ProjectError("A person cannot be bounded to fewer than one cell.", "Bound to 1 or more.")
    return _BOUNDED(events=events, most=most, salt=salt)
