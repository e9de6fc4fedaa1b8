"""Circular migration: who crossed the border again and again, each time to stay?

A person is a circular migrant when at least three crossings of the last ten years were each followed by a
stay, here or abroad, of at least the threshold: twelve months for circular migration, ninety days for
temporary circularity. For the former only crossings that changed residence are given, so that a short trip
does not cut a stay in two.
"""

from __future__ import annotations

import datetime

from sojourn.engine import Relation, sql_beside

__all__ = ["LONG_TERM_DAYS", "TEMPORARY_DAYS", "circularity"]

LONG_TERM_DAYS = 365
TEMPORARY_DAYS = 90
_CIRCULARITY = sql_beside(__file__, "circularity.sql")


def circularity(crossings: Relation, *, reference: datetime.date, threshold_days: int) -> Relation:
    """Each person with the number of crossings that qualify, and whether they make a circular migrant.

    `crossings` has person_id, crossing_id and date; crossings after the reference date are not looked at, and
    a stay that goes on then counts with the days until then.

    Raises: ValueError for a threshold below one day.
    Source: UNECE task force on circular migration (2016), as in the domain reference, section 1.3.
    """
    if threshold_days < 1:
        raise ValueError(f"A stay of {threshold_days} days cannot be asked for.")
    return _CIRCULARITY(crossings=crossings, reference=reference, threshold_days=threshold_days)
