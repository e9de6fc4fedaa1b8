"""The statements that hold the deliveries of one source against each other and against their period.

A record is named `source:delivery:line`, so that its second part says which delivery brought it.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from sojourn.engine.names import quoted

__all__ = [
    "days_statement",
    "each_once_statement",
    "elsewhere_statement",
    "key_hashes_statement",
    "persons_again_statement",
    "persons_kept_statement",
    "repetitions_statement",
]

_DELIVERY = "split_part({record_id}, ':', 2)"


def days_statement(day: str, first: datetime.date, last: datetime.date) -> str:
    """How many of `records` have a day, how many one from `first` to `last`, and their outermost days."""
    column = quoted(day)
    within = f"{column} BETWEEN DATE '{first.isoformat()}' AND DATE '{last.isoformat()}'"
    return (
        f"SELECT count({column}) AS dated, count(*) FILTER (WHERE {within}) AS within,\n"
        f"  min({column}) AS earliest, max({column}) AS latest\nFROM records"
    )


def elsewhere_statement(key: Sequence[str], compared: Sequence[str]) -> str:
    """For each delivery of `earlier` how many keys it shares with `fresh`, and how many of them differ.

    Columns: delivery, records, differing.
    """
    keys = ", ".join(map(quoted, key))
    return f"""WITH same AS (
  SELECT {_DELIVERY.format(record_id="earlier.record_id")} AS delivery,
    {_hash("earlier", compared)} <> {_hash("fresh", compared)} AS differs
  FROM earlier JOIN fresh USING ({keys})
)
SELECT delivery, count(*) AS records, count(*) FILTER (WHERE differs) AS differing
FROM same GROUP BY delivery"""


def persons_again_statement() -> str:
    """How many records of `fresh` are about a person of whom `earlier` has a record."""
    return "SELECT count(*) AS records FROM fresh SEMI JOIN earlier USING (person_key)"


def persons_kept_statement() -> str:
    """Whether records under a new key (`after`) tell the same persons apart as under the old one (`before`).

    Columns: unpaired, records that stand on one side only; before and after, the persons on each side; pairs,
    how often a person of one side meets one of the other. Nobody was split or merged when the last three are
    the same.
    """
    return """WITH both_keys AS (   -- one row for each record, with its two keys
  SELECT before.person_key AS old_key, after.person_key AS new_key
  FROM before FULL JOIN after USING (record_id)
),
meetings AS (         -- one row for each old key that meets a new one, with its records
  SELECT old_key, new_key, count(*) AS records FROM both_keys GROUP BY ALL
)
SELECT coalesce(sum(records) FILTER (WHERE old_key IS NULL OR new_key IS NULL), 0)::BIGINT AS unpaired,
  count(DISTINCT old_key) AS before, count(DISTINCT new_key) AS after, count(*) AS pairs
FROM meetings"""


def key_hashes_statement(key: Sequence[str]) -> str:
    """A stand-in for the key of every record of `records`."""
    return f"SELECT {_hash('records', key)} AS key_hash FROM records"


def repetitions_statement(key: Sequence[str], compared: Sequence[str]) -> str:
    """The records of `records` whose key a delivery before theirs holds already.

    Columns: record_id; counted_as, the record that counts in its place; differs, whether the two say
    different things. `places` has delivery and place; `suspected` the key_hash that several records have.
    """
    keys = ", ".join(f"records.{quoted(name)}" for name in key)
    return f"""WITH several AS (     -- the records that may share a key, with the place of their delivery
  SELECT record_id, place, {keys}, {_hash("records", compared)} AS content
  FROM records JOIN places ON {_DELIVERY.format(record_id="record_id")} = places.delivery
  WHERE {_hash("records", key)} IN (SELECT key_hash FROM suspected)
),
placed AS (           -- beside each the one that was delivered first
  SELECT record_id, first_value(record_id) OVER of_key AS counted_as,
    content <> first_value(content) OVER of_key AS differs, row_number() OVER of_key AS position
  FROM several
  WINDOW of_key AS (PARTITION BY {", ".join(map(quoted, key))} ORDER BY place, record_id)
)
SELECT record_id, counted_as, differs FROM placed WHERE position > 1"""


def each_once_statement() -> str:
    """The records without those that repeat what another delivery brought before."""
    return "SELECT * FROM records ANTI JOIN repetitions USING (record_id)"


def _hash(table: str, columns: Sequence[str]) -> str:
    return f"hash({', '.join(f'{table}.{quoted(name)}' for name in columns)})"
