"""The statements over a plain file of border crossings."""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.engine.names import quoted
from sojourn.engine.partitions import KEY_HASH

__all__ = ["crossings_statement", "late_anchors_statement"]

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


def late_anchors_statement() -> str:
    """How many of `anchors` come after the last of their person's `crossings`, or have no crossing."""
    return """WITH last AS (
  SELECT person_id, max(CAST(date AS DATE)) AS last_day
  FROM crossings SEMI JOIN anchors USING (person_id) GROUP BY person_id
)
SELECT count(*) AS late
FROM anchors LEFT JOIN last USING (person_id)
WHERE last_day IS NULL OR anchors.date > last_day"""
