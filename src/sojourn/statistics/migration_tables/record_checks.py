"""What no record may say: counts of the records that say it, by check; never the records.

Source: domain reference, section 3, hard validations.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from sojourn.concepts.migration_tables import record_checks
from sojourn.contracts.migration_tables import RecordCheckCount
from sojourn.engine import Relation, SqlFile, sql_beside

__all__ = ["checked_records"]

_FILES: Mapping[str, SqlFile] = {
    "person": sql_beside(__file__, "person_checks.sql"),
    "household": sql_beside(__file__, "household_checks.sql"),
    "emigrant": sql_beside(__file__, "emigrant_checks.sql"),
}
_INPUT = {"person": "persons", "household": "households", "emigrant": "emigrants"}


def checked_records(
    units: Mapping[str, Relation], given: Mapping[str, frozenset[str]], *, country: str
) -> pa.Table:
    """How many records fail each check, as RecordCheckCount says.

    `units` are the variables of persons, households and emigrants, as many as there are; `given` the columns
    that the source gives of each. A check whose variables are missing has no counts.
    """
    counts = {unit: _counted(unit, records, country) for unit, records in units.items()}
    rows = []
    for check in record_checks():
        is_possible = check.unit in units and not check.missing(given.get(check.unit, frozenset()))
        nobody = (0, 0, 0)
        found = counts[check.unit].get(check.id, nobody) if is_possible else (None, None, None)
        decided, failing, undecided = found
        rows.append(
            {
                "check_id": check.id,
                "unit": check.unit,
                "severity": check.severity,
                "meaning": check.title["en"],
                "records": None if decided is None or undecided is None else decided + undecided,
                "failing": failing,
                "undecided": undecided,
            }
        )
    return RecordCheckCount.conform(pa.Table.from_pylist(rows, schema=RecordCheckCount.schema()))


def _counted(unit: str, records: Relation, country: str) -> dict[str, tuple[int, int, int]]:
    """By check: records of which the outcome is known, those that fail, those of which it is not known."""
    own = {} if unit == "household" else {"country": country}
    found = _FILES[unit](**{_INPUT[unit]: records}, **own)
    return {
        row[0]: (row[1], row[2], row[3]) for row in found.rows("check_id", "decided", "failing", "undecided")
    }
