"""Residents: who is in the country and who lives in it on given days, of all who crossed its border.

People who never crossed the border in the observed period are in no record of it: these are not the
population, but what the border knows of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pyarrow as pa

from sojourn.contracts.microdata import Resident
from sojourn.engine import Engine, sql_beside

__all__ = ["residents", "sql_of_residents"]

_RESIDENTS = sql_beside(__file__, "residents.sql")


def residents(engine: Engine, events: pa.Table, days: Sequence[datetime.date]) -> pa.Table:
    """Side of the border and residence of each person at the end of each day, as `Resident`.

    `events` is what `migration_events` gives for whole persons. Those who are abroad and live there under
    every framework are left out; those of whom it is not known are not.
    """
    given = engine.relation(events)
    dates = engine.relation(pa.table({"reference_date": pa.array(days, pa.date32())}))
    found = _RESIDENTS(events=given, days=dates)
    table = found.to_arrow()
    engine.forget(found, given, dates)
    return Resident.conform(table)


def sql_of_residents() -> str:
    """The statement by which they are found."""
    return _RESIDENTS.text
