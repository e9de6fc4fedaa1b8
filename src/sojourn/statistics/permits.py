"""Residence permits as European statistics count them: first permits, changes of reason, permits in force.

Each function gives the records that one of the tables of Regulation (EC) 862/2007, article 6, counts. Their
dimensions are `citizenship`, `permit_reason`, `previous_permit_reason`, `permit_duration`, `sex` and the age
groups. The tables are about citizens of third countries: a source that also grants permits to others is
narrowed first.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from sojourn.engine import Relation, sql_beside

__all__ = ["LONG_TERM_MONTHS", "changes_of_reason", "first_permits", "long_term_permits", "valid_permits"]

LONG_TERM_MONTHS = 60
_VALID = sql_beside(__file__, "valid_permits.sql")
_ISSUED = sql_beside(__file__, "issued_permits.sql")


def first_permits(outcomes: Relation, *, year: int) -> Relation:
    """The first permits of a year: rows of PermitOutcome, by the year in which the validity begins."""
    return _ISSUED(outcomes=outcomes, occasion="FIRST", year=year)


def changes_of_reason(outcomes: Relation, *, year: int) -> Relation:
    """The permits of a year by which their holders changed the reason to stay: rows of PermitOutcome."""
    return _ISSUED(outcomes=outcomes, occasion="CHANGE", year=year)


def valid_permits(outcomes: Relation, *, on: Sequence[datetime.date]) -> Relation:
    """The permits valid on each of some days, such as the last of a year: one row for each holder and day.

    The rows are those of PermitOutcome with the day as `reference_date`, by which ages are taken. Holders are
    counted whether or not they are in the country: European statistics count permits, and a holder who never
    came is one of them.
    """
    return _VALID(outcomes=outcomes, days=list(on), least_months=0)


def long_term_permits(outcomes: Relation, *, on: Sequence[datetime.date]) -> Relation:
    """Those of the valid permits that were granted for five years or more, or without an end.

    Source: Eurostat, glossary on long-term residence permits.
    """
    return _VALID(outcomes=outcomes, days=list(on), least_months=LONG_TERM_MONTHS)
