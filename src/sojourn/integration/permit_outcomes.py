"""Visas and permits joined to border crossings: who came, and what happened when the validity ended?

Every visa and every permit is judged by the crossings of its holder and by the holder's other statuses. What
they do not decide is said to be unknown, not yet decided, or without any crossing recorded; it is never
counted as having stayed away or stayed on. The result is there to be counted: who stays beyond the validity
of a status without another one known is a number with caveats, and no list of persons.

A status without a last day goes on. Crossings count by day, and the last one of a day says where its person
was overnight. Two crossings in a row in the same direction mean that one was not recorded: between them the
side of the border is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import pyarrow as pa

from sojourn.concepts import code_list
from sojourn.engine import Relation, sql_beside
from sojourn.integration.movements import Observation

__all__ = [
    "NEWCOMER_DAYS",
    "RESIDENCE_PERMIT_MONTHS",
    "PermitRule",
    "permit_outcomes",
    "sql_of_permit_outcomes",
]

NEWCOMER_DAYS = 365
RESIDENCE_PERMIT_MONTHS = 3
_OUTCOMES = sql_beside(__file__, "permit_outcomes.sql")


@dataclass(frozen=True)
class PermitRule:
    """What a country lays down for judging its visas and permits.

    `grace_days` after the last day of validity a departure is still in time, another status may still begin,
    and nobody is yet said not to have come. `gap_months` without a permit make the next one a first permit
    again. `newcomer_categories` are national categories that only newcomers are given: a holder without any
    crossing has not arrived, while any other may have lived here since before crossings were recorded.
    """

    grace_days: int = 0
    gap_months: int = 6
    newcomer_categories: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.grace_days < 0:
            raise ValueError(f"Days of grace cannot be {self.grace_days}.")
        if self.gap_months < 1:
            raise ValueError(f"A gap of {self.gap_months} months cannot make a permit a first one.")


def permit_outcomes(
    statuses: Relation,
    movements: Relation,
    *,
    observation: Observation,
    statuses_since: date,
    rule: PermitRule,
) -> Relation:
    """One row for each visa and permit, as the contract PermitOutcome says.

    `statuses` is a Status table; visas, permits and protection count as statuses that allow a stay,
    registrations and enrolments do not. It must hold every status in force on any day from `statuses_since`
    to the end of the observation. `movements` is a Movement table; crossings outside the observation are left
    out. Each person must have one key in both.

    The holder was here within the validity (`outcome`) when a crossing falls into it, or when the crossings
    around its beginning agree that the person was inside. A holder who was outside and did not arrive never
    came once the validity and the days of grace are over. A newcomer without any crossing is judged so only
    when crossings were recorded for NEWCOMER_DAYS before the validity, since a permit may be granted some
    time after arriving.

    A stay beyond validity (`after_validity`: LATE, GAP, NODEP) is what remains when the person was here at
    the end of the last day, no longer status began within the days of grace, and no departure is recorded by
    then. It is no offence: applications may be pending, departures unrecorded, holders dead, naturalised or
    travelling on another passport, and a permit may be withdrawn early. Each end is counted once: where two
    statuses end on the same day, one of them is the other status.

    Permits of at least three months are residence permits in the sense of European statistics. A first permit
    follows no other, or a gap of `rule.gap_months`; else it renews, or changes, the reason of the permit that
    was valid longest, compared by the main reasons of CL_REASON. On any day, the permit with the latest end
    stands for its holder (`stands_until`).

    Computed now and kept by the engine.
    Source: domain reference, sections 4.3 and 5.7; Eurostat, glossary on residence permits.
    """
    return _OUTCOMES(
        statuses=statuses,
        movements=movements,
        reasons=statuses.engine.relation(_main_reasons()),
        observed_from=observation.first,
        observed_until=observation.last,
        statuses_since=statuses_since,
        grace_days=rule.grace_days,
        gap_months=rule.gap_months,
        newcomer_categories=sorted(rule.newcomer_categories),
        newcomer_days=NEWCOMER_DAYS,
        least_months=RESIDENCE_PERMIT_MONTHS,
    )


def sql_of_permit_outcomes() -> str:
    """The statement by which visas and permits are joined, as it is published."""
    return _OUTCOMES.text


@cache
def _main_reasons() -> pa.Table:
    """One row for each reason that a record may hold, with the main reason that it belongs to."""
    reasons = code_list("CL_REASON")
    held = reasons.for_records
    return pa.table({"reason": held, "main_reason": [(code, *reasons.ancestors(code))[-1] for code in held]})
