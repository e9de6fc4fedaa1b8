"""What is counted of border crossings, part by part: how many of how many, and of how many persons.

Every count is a row of COUNTS. Counts of parts in which no person is twice add up, so that a file of any
size is counted piece by piece.
"""

from __future__ import annotations

import datetime

import pyarrow as pa

from sojourn.contracts.aggregates import QualityMeasure
from sojourn.engine import Engine, Relation, sql_beside

__all__ = ["COUNTS", "INTENTIONS", "counts", "facts", "summed"]

_FACTS = sql_beside(__file__, "facts.sql")
_CROSSINGS = sql_beside(__file__, "crossings.sql")
_PERSONS = sql_beside(__file__, "persons.sql")
_INTENTION = sql_beside(__file__, "intention.sql")
_SUMMED = sql_beside(__file__, "summed.sql")

COUNTS = pa.schema(list(QualityMeasure.schema())[:8])
INTENTIONS = pa.schema([pa.field("visa", pa.string()), pa.field("intended_days", pa.int32())])


def facts(placed: Relation, *, observed_until: datetime.date, intentions: Relation | None = None) -> Relation:
    """Each record of a crossing with what is counted of it; records outside the observed days are left out.

    `placed` is the result of `classified_movements` with the columns of `placed`; border_point, citizenship,
    sex, birth_year, visa and intended_days are used where they are. `intentions` has visa, each once, and the
    days (intended_days) that its holders intend to spend.
    """
    known = intentions or placed.engine.relation(INTENTIONS.empty_table())
    return _FACTS(placed=placed, intentions=known, observed_until=observed_until)


def counts(
    of_crossings: Relation,
    *,
    observed_until: datetime.date,
    threshold_days: int,
    anchors: Relation | None = None,
) -> pa.Table:
    """The counts of one part of the crossings, as COUNTS.

    `of_crossings` are `facts`; `anchors` has person_id and day, on which somebody's residence was known.

    - `matched` crossings have a neighbour in their person's history and none in the same direction.
    - `direction-violations` are crossings that follow one in the same direction, of all that follow one.
    - Unmatched arrivals are followed by another arrival; unmatched departures follow another departure.
    - Conflicts are of persons of whom sex, or year of birth, is stated at least twice.
    - Of crossings that cannot change residence, since the person lived on their new side, no intention is
      looked at.

    Source: the domain reference, section 5.7.
    """
    engine = of_crossings.engine
    nobody = "SELECT person_id, CAST(NULL AS DATE) AS day FROM facts WHERE false"
    known = anchors or engine.query(nobody, {"facts": of_crossings})
    found = [
        _CROSSINGS(facts=of_crossings),
        _PERSONS(facts=of_crossings, anchors=known, observed_until=observed_until),
        _INTENTION(facts=of_crossings, threshold_days=threshold_days),
    ]
    tables = [each.to_arrow().cast(COUNTS) for each in found]
    engine.forget(*found)
    return pa.concat_tables(tables)


def summed(engine: Engine, parts: list[pa.Table]) -> pa.Table:
    """The counts of all parts as one table."""
    found = _SUMMED(counts=engine.relation(pa.concat_tables([COUNTS.empty_table(), *parts])))
    return found.to_arrow().cast(COUNTS)
