"""The statements over a plain file of border crossings."""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.engine.names import quoted
from sojourn.engine.partitions import KEY_HASH

__all__ = ["anchors_statement", "crossings_statement", "histories_statement", "touched_statement"]

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


def touched_statement() -> str:
    """The people with new `crossings`, and those of `results` with a crossing since `$open_since`, if any."""
    return """SELECT DISTINCT person_id FROM (
  SELECT person_id FROM crossings
  UNION ALL
  SELECT person_id FROM results WHERE CAST(date AS DATE) >= CAST($open_since AS DATE)
) AS people WHERE person_id IS NOT NULL"""


def histories_statement(columns: Sequence[str], results: Sequence[str]) -> str:
    """All crossings of people in `touched`: those of the last result that has them, and new `crossings`."""
    shown = ", ".join(quoted(name) for name in columns)
    parts = []
    for number, result in enumerate(results):
        replaced = "".join(f" ANTI JOIN {quoted(later)} USING (person_id)" for later in results[number + 1 :])
        parts.append(f"SELECT {shown} FROM {quoted(result)} SEMI JOIN touched USING (person_id){replaced}")
    return "\nUNION ALL\n".join([*parts, f"SELECT {shown} FROM crossings"])
