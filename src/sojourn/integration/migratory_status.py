"""Migratory status: what is each person on a day, by birth, citizenship, parents, stay, refuge and work?

The definition is step-wise and asks nothing of legal status: born here or abroad, citizen or not, and then
what a country finds of interest. Nothing is concluded from a name or a language. What the records do not
decide is unknown, a code of its own; a question that does not apply has another. Criteria are three-valued:
an unknown one leaves the result unknown unless the others decide it alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType

import pyarrow as pa

from sojourn.concepts import NOT_APPLICABLE, UNKNOWN, code_list, migrant_places
from sojourn.contracts.microdata import Status
from sojourn.contracts.spine import LabourAttachment, SpellAbroad
from sojourn.engine import Relation, sql_beside

__all__ = ["MigrantsBy", "StatusRules", "held_protection", "migratory_status", "sql_of_migratory_status"]

_STATUS = sql_beside(__file__, "migratory_status.sql")
_PROTECTION = sql_beside(__file__, "protection_held.sql")
_WORKED = sql_beside(__file__, "worked_abroad.sql")
_NO_LIMIT = 10_000


class MigrantsBy(StrEnum):
    """What makes a resident an international migrant in statistics of labour migration."""

    CITIZENSHIP = "citizenship"
    BIRTH = "birth"
    EITHER = "either"


@dataclass(frozen=True)
class StatusRules:
    """What a country lays down for migratory status.

    `protection` says of each national category of a status of the kind `protection` where it stands in
    CL_REFUGEE_CATEGORY, A1 to A6. Working age runs from `working_age_from` to `working_age_to` completed
    years, both included. A spell abroad makes a return migrant worker after `return_months`. With
    `spells_abroad_complete`, who has no such spell on record has had none; without it, that is not known.
    """

    migrants_by: MigrantsBy = MigrantsBy.CITIZENSHIP
    working_age_from: int = 15
    working_age_to: int | None = None
    return_months: int = 6
    protection: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    spells_abroad_complete: bool = False

    def __post_init__(self) -> None:
        if self.working_age_to is not None and self.working_age_to < self.working_age_from:
            raise ValueError(
                f"Working age cannot run from {self.working_age_from} to {self.working_age_to} years."
            )
        if self.return_months < 1:
            raise ValueError(f"A spell abroad of {self.return_months} months cannot be asked for.")
        wrong = sorted(set(self.protection.values()) - set(held_protection()))
        if wrong:
            raise ValueError(f"No status gives {', '.join(wrong)}: use {', '.join(held_protection())}.")


def held_protection() -> tuple[str, ...]:
    """The codes of CL_REFUGEE_CATEGORY that a status can give, the strongest first."""
    found = [code for code in code_list("CL_REFUGEE_CATEGORY") if "precedence" in code.attributes]
    return tuple(code.code for code in sorted(found, key=lambda code: int(code.attributes["precedence"])))


def migratory_status(
    people: Relation,
    days: Sequence[datetime.date],
    *,
    country: str,
    rules: StatusRules,
    statuses: Relation | None = None,
    attachments: Relation | None = None,
    spells_abroad: Relation | None = None,
) -> Relation:
    """One row for each person and day, as the contract MigratoryStatus says.

    `people` is a PersonSpine table, one row a person; who dies by the end of a day, or is born in a later
    year, has no row on it. `statuses` is a Status table with the spells of protection and permits,
    `attachments` a LabourAttachment table, `spells_abroad` a SpellAbroad table; without them, what they would
    decide is unknown. Computed now and kept by the engine.

    Birth and citizenship are judged by the country's code, within present borders; where the country is not
    known, a stated nativity or citizen status stands. Whoever acquired the citizenship after a day had the
    former one on it. The second generation is asked of those born in the country; with either parent's
    birthplace unknown it is unknown. Years of stay are completed years of the calendar since the most recent
    arrival, and the band is known where a year of arrival alone decides it; an arrival after the day is that
    of another stay. Who was born here without a recorded arrival has neither duration nor reason.

    Raises: ProjectError when `country` is no country.
    Source: domain reference, sections 2.1, 4.4 and 4.5: UN expert group on migratory status (2017), 20th
    ICLS guidelines on international labour migration (2018), IRRS (2018, categories from memory).
    """
    engine = people.engine
    dates = engine.relation(pa.table({"reference_date": pa.array(sorted(set(days)), pa.date32())}))
    held = statuses or engine.relation(Status.schema().empty_table())
    placed = attachments or engine.relation(LabourAttachment.schema().empty_table())
    abroad = spells_abroad or engine.relation(SpellAbroad.schema().empty_table())
    return _STATUS(
        people=people,
        days=dates,
        places=engine.relation(migrant_places(country)),
        reasons=engine.relation(_reasons()),
        protection=_PROTECTION(
            statuses=held, days=dates, categories=engine.relation(_categories(rules.protection))
        ),
        worked=_WORKED(spells_abroad=abroad, days=dates, least_months=rules.return_months),
        attachments=placed,
        migrants_by=str(rules.migrants_by),
        youngest=rules.working_age_from,
        oldest=_NO_LIMIT if rules.working_age_to is None else rules.working_age_to,
        spells_complete=rules.spells_abroad_complete,
    )


def sql_of_migratory_status() -> list[tuple[str, str]]:
    """The statements by which status is found, each with what it gives, as they are published."""
    return [
        ("Protection held", _PROTECTION.text),
        ("Spells abroad with work", _WORKED.text),
        ("Migratory status", _STATUS.text),
    ]


def _categories(protection: Mapping[str, str]) -> pa.Table:
    """One row for each national category of protection, with its code, its strength, and if it is granted."""
    codes = [code_list("CL_REFUGEE_CATEGORY").code(code) for code in protection.values()]
    return pa.table(
        {
            "category": pa.array(protection, pa.string()),
            "code": pa.array([code.code for code in codes], pa.string()),
            "precedence": pa.array([int(code.attributes["precedence"]) for code in codes], pa.int64()),
            "is_granted": pa.array(
                [code.attributes.get("is_granted") == "yes" for code in codes], pa.bool_()
            ),
        }
    )


@cache
def _reasons() -> pa.Table:
    """One row for each reason that a record may hold, and whether it is work."""
    reasons = code_list("CL_REASON")
    held = [code for code in reasons.for_records if code not in (UNKNOWN, NOT_APPLICABLE)]
    is_work = ["EMP" in (code, *reasons.ancestors(code)) for code in held]
    return pa.table({"reason": pa.array(held, pa.string()), "is_for_work": pa.array(is_work, pa.bool_())})
