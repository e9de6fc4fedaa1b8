"""Permits and crossings: did the person who was given a permit arrive?"""

from __future__ import annotations

import pyarrow as pa

from sojourn.engine import Relation, sql_beside
from sojourn.integration.movements import Observation
from sojourn.quality.counts import COUNTS

__all__ = ["DAYS_TO_ARRIVE", "OUTCOMES", "permit_counts", "permit_outcomes"]

DAYS_TO_ARRIVE = 183
OUTCOMES = pa.schema(
    [pa.field("row", pa.int64()), pa.field("was_here", pa.bool_()), pa.field("has_arrived", pa.bool_())]
)
_OUTCOMES = sql_beside(__file__, "permits.sql")
_COUNTED = sql_beside(__file__, "permits_counted.sql")


def permit_outcomes(permits: Relation, facts: Relation) -> pa.Table:
    """What the crossings of one part say of the permits of its persons, as OUTCOMES.

    `permits` has row (a number of its own), person_id, category and valid_from. Somebody was here when a
    permit began if the last crossing until then was an arrival, or if the first one at all was a departure
    after it.
    """
    return _OUTCOMES(permits=permits, facts=facts, days=DAYS_TO_ARRIVE).to_arrow().cast(OUTCOMES)


def permit_counts(permits: Relation, outcomes: Relation, observation: Observation) -> pa.Table:
    """Permits after which nobody arrived, and those of persons without any crossing, by category, as COUNTS.

    Only permits count whose DAYS_TO_ARRIVE were observed, for the former only those of persons who were
    elsewhere when they began. Of persons without any crossing it is not known whether they came: they may
    have lived here since before the observation.
    """
    found = _COUNTED(
        permits=permits,
        outcomes=outcomes,
        days=DAYS_TO_ARRIVE,
        observed_from=observation.first,
        observed_until=observation.last,
    )
    return found.to_arrow().cast(COUNTS)
