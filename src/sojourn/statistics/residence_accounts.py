"""Accounts of residents: a stock, what changed it, the stock afterwards, and that nothing is left over.

They are made from the events of those who crossed the border. Of them, residents at the end of a period are
residents at its start, with immigrants and without emigrants, and with those of whom the border learnt only
then, or no longer knows, where they live. Births, deaths and changes of citizenship are not among them.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from sojourn.engine import Relation, sql_beside
from sojourn.engine.selections import renamed_statement

__all__ = ["FLOWS", "Period", "of_framework", "presence_by_day", "residence_account", "what_is_left_over"]

_ACCOUNT = sql_beside(__file__, "residence_account.sql")
_PRESENCE = sql_beside(__file__, "presence_by_day.sql")
# What adds to the stock of residents, and what takes from it.
FLOWS = {
    "immigrations": 1,
    "emigrations": -1,
    "unrecorded_immigrations": 1,
    "unrecorded_emigrations": -1,
    "found_to_live_here": 1,
    "lost_from_sight": -1,
}


@dataclass(frozen=True)
class Period:
    """A period in SDMX notation with its first and last day."""

    name: str
    first: datetime.date
    last: datetime.date


def of_framework(events: Relation, column: str) -> Relation:
    """Migration events as one framework sees them: class, residence_before and residence_after.

    `column` is the framework's name in the columns of `MigrationEvent`, such as 2021_12.
    """
    names = {
        **{name: name for name in ("person_key", "position", "event_date", "direction")},
        "class": f"class_{column}",
        "residence_before": f"residence_before_{column}",
        "residence_after": f"residence_after_{column}",
    }
    return events.engine.query(renamed_statement(names, "events"), {"events": events})


def residence_account(events: Relation, periods: Sequence[Period]) -> Relation:
    """The account of residents in each period: a row with stocks, flows and crossings not decided.

    `events` is what `of_framework` gives. Identity: domain reference, section 1.4, for those who are seen at
    the border: without births and deaths.
    """
    table = pa.table(
        {
            "period": [period.name for period in periods],
            "first_day": pa.array([period.first for period in periods], pa.date32()),
            "last_day": pa.array([period.last for period in periods], pa.date32()),
        }
    )
    return _ACCOUNT(events=events, periods=events.engine.relation(table))


def what_is_left_over(account: pa.Table) -> list[int]:
    """By how much the stock at each period's end differs from what the flows make of that at its start."""
    return [
        row["residents_at_end"]
        - row["residents_at_start"]
        - sum(sign * row[name] for name, sign in FLOWS.items())
        for row in account.to_pylist()
    ]


def presence_by_day(events: Relation, first: datetime.date, last: datetime.date) -> Relation:
    """For each day arrivals, departures, and at its end people present, residents, and those not known.

    `events` is what `of_framework` gives. People who never crossed the border in the observed period are in
    none of the numbers; a person is present from before the first day who is first seen leaving.
    """
    return _PRESENCE(events=events, first_day=first, last_day=last)
