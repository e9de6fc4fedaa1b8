"""From counts to shares and verdicts: met, not met, no target, or not computed and why.

A share whose denominator is zero is not zero, and neither is one whose column was not given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from sojourn.contracts.aggregates import QualityMeasure
from sojourn.engine import Relation, sql_beside

__all__ = ["MEASURES", "TARGETS", "measures", "without_few_people"]

# The measures of the whole, in the order of the report, each with the input that it needs beside crossings.
MEASURES: Mapping[str, str | None] = {
    "usable": None,
    "matched": None,
    "alone": None,
    "duplicates": None,
    "direction-violations": None,
    "unmatched-arrivals": None,
    "unmatched-departures": None,
    "sex-conflicts": "sex",
    "birth-year-conflicts": "birth_year",
    "initial-state-inferred": None,
    "initial-state-from-anchor": "anchors",
    "initial-state-unknown": None,
    "unresolved": None,
    "present-over-110": "birth_year",
    "unknown-citizenship": "citizenship",
    "unknown-birth-year": "birth_year",
    "unknown-sex": "sex",
    "unknown-border-point": "border_point",
    "permits-without-arrival": "permits",
    "permits-without-crossing": "permits",
}
# Below which share each should be. Source: the domain reference, section 5.7.
TARGETS: Mapping[str, float] = {
    "direction-violations": 0.005,
    "sex-conflicts": 0.001,
    "birth-year-conflicts": 0.001,
    "unknown-citizenship": 0.01,
    "unknown-birth-year": 0.01,
}
_VERDICTS = sql_beside(__file__, "verdicts.sql")
_FEW_PEOPLE = sql_beside(__file__, "few_people.sql")


def measures(
    counts: Relation,
    *,
    inputs: Iterable[str],
    targets: Mapping[str, float] = TARGETS,
    population: Relation | None = None,
) -> pa.Table:
    """The measures with their shares, targets and verdicts, a QualityMeasure table.

    `counts` are COUNTS of all parts; `inputs` names the columns and files that there were. A measure of the
    whole whose input was not there, or of which there was nothing to count, has a row that says so.
    `population` has citizenship and persons: residents by citizenship are compared with it.
    """
    given = set(inputs)
    engine = counts.engine
    known = engine.relation(
        pa.table(
            {
                "measure": pa.array(list(MEASURES), pa.string()),
                "lacks": pa.array(
                    [need if need is not None and need not in given else None for need in MEASURES.values()],
                    pa.string(),
                ),
            }
        )
    )
    limits = engine.relation(
        pa.table({"measure": list(targets), "target": pa.array(targets.values(), pa.float64())})
    )
    people = population or engine.query("SELECT NULL AS citizenship, NULL AS persons WHERE false")
    found = _VERDICTS(counts=counts, known=known, targets=limits, population=people)
    return QualityMeasure.conform(found.to_arrow())


def without_few_people(measured: Relation, minimum: int) -> pa.Table:
    """The measures with numbers left out behind which there are persons, but fewer than the minimum.

    Zero stays zero. This keeps small numbers from casual readers among the staff; it is no protection for
    publication, since totals can give a single cell away.
    """
    found = _FEW_PEOPLE(measures=measured, minimum=minimum)
    return QualityMeasure.conform(found.to_arrow())
