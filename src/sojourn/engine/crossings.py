"""The statements over a plain file of border crossings."""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.engine.names import quoted
from sojourn.engine.partitions import KEY_HASH

__all__ = ["anchors_statement", "crossings_statement", "lives_mistakes_statement", "lives_statement"]

_DIRECTIONS = "ENUM('arrival', 'departure')"


def crossings_statement(columns: Sequence[str], *, has_other_directions: bool) -> str:
    """The rows of `crossings`, with a number made from the person, by which they can be split.

    Directions become a short code; what is neither of the two stands beside it in `other_direction`, if
    there is any.
    """
    shown = [quoted(name) for name in columns if name != "direction"]
    direction = f"TRY_CAST(direction AS {_DIRECTIONS})"
    others = f", CASE WHEN {direction} IS NULL THEN direction END AS other_direction"
    return (
        f"SELECT {', '.join(shown)}, {direction} AS direction{others if has_other_directions else ''},"
        f" hash(person_id) AS {quoted(KEY_HASH)}\nFROM crossings"
    )


def lives_mistakes_statement() -> str:
    """What is wrong with `lives`: how many rows, and the first one, of three mistakes."""
    return """WITH judged AS (      -- each life with what is wrong with it
  SELECT row, person_id IS NULL AS is_nobodys, count(*) OVER (PARTITION BY person_id) > 1 AS is_repeated,
    CAST(death_date AS DATE) < CAST(birth_date AS DATE) AS is_backwards
  FROM lives
)
SELECT count(*) FILTER (WHERE is_nobodys) AS nobodys, min(row) FILTER (WHERE is_nobodys) AS first_nobodys,
  count(*) FILTER (WHERE is_repeated AND NOT is_nobodys) AS repeated,
  min(row) FILTER (WHERE is_repeated AND NOT is_nobodys) AS first_repeated,
  count(*) FILTER (WHERE is_backwards) AS backwards, min(row) FILTER (WHERE is_backwards) AS first_backwards
FROM judged"""


def lives_statement() -> str:
    """Birth and death in `lives` of those who have `crossings`, with the number made from each person."""
    return f"""WITH persons AS (SELECT DISTINCT person_id FROM crossings)
SELECT persons.person_id, CAST(birth_date AS DATE) AS birth_date, CAST(death_date AS DATE) AS death_date,
  hash(persons.person_id) AS {quoted(KEY_HASH)}
FROM persons JOIN lives ON persons.person_id = lives.person_id"""


def anchors_statement() -> str:
    """What is wrong with `anchors`, beside `crossings`: how many, and the first row, of three mistakes.

    Columns: incomplete, first_incomplete, contradicted, first_contradicted, late, first_late. `anchors` has
    the row's number. A person without a crossing decides nothing and is no mistake.
    """
    return """WITH last AS (        -- the last crossing of each person who has an anchor
  SELECT person_id, max(CAST(date AS DATE)) AS last_day
  FROM crossings SEMI JOIN anchors USING (person_id) GROUP BY person_id
),
judged AS (                 -- each anchor with what is wrong with it
  SELECT anchors.row, person_id IS NULL OR date IS NULL OR resident IS NULL AS is_incomplete,
    min(resident) OVER same <> max(resident) OVER same AS is_contradicted, date > last_day AS is_late
  FROM anchors LEFT JOIN last USING (person_id)
  WINDOW same AS (PARTITION BY person_id, date)
)
SELECT count(*) FILTER (WHERE is_incomplete) AS incomplete,
  min(row) FILTER (WHERE is_incomplete) AS first_incomplete,
  count(*) FILTER (WHERE is_contradicted AND NOT is_incomplete) AS contradicted,
  min(row) FILTER (WHERE is_contradicted AND NOT is_incomplete) AS first_contradicted,
  count(*) FILTER (WHERE is_late) AS late, min(row) FILTER (WHERE is_late) AS first_late
FROM judged"""
