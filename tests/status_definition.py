"""The person spine and migratory status, told person by person: the slow definitions of the methods."""

from __future__ import annotations

import calendar
import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sojourn.concepts import area, code_list, present_successors

Record = Mapping[str, Any]
Truth = bool | None
DAY = datetime.timedelta(1)
STRENGTH = ("A3", "A4", "A5", "A6", "A2", "A1")
GRANTED = ("A3", "A4", "A5")


def best_value(records: Iterable[Record], attribute: str, order: Sequence[str]) -> tuple[Any, ...] | None:
    """Value, source, record, records that state one and different values, of one attribute of one person."""
    heard = [record for record in records if record["source"] in order and record[attribute] is not None]
    if not heard:
        return None
    times = Counter(record[attribute] for record in heard)

    def rank(record: Record) -> tuple[Any, ...]:
        day = record["reference_date"] or datetime.date.min
        return (
            record[attribute] == "_U",
            order.index(record["source"]),
            -day.toordinal(),
            -times[record[attribute]],
            record["record_id"],
        )

    best = min(heard, key=rank)
    stated = [record[attribute] for record in heard if record[attribute] != "_U"]
    return best[attribute], best["source"], best["record_id"], len(stated), len(set(stated))


def both(*claims: Truth) -> Truth:
    """Kleene's and: one false claim decides; else one unknown leaves it unknown."""
    return False if False in claims else None if None in claims else True


def either(*claims: Truth) -> Truth:
    """Kleene's or."""
    return True if True in claims else None if None in claims else False


def negated(claim: Truth) -> Truth:
    return None if claim is None else not claim


def coded(claim: Truth) -> str:
    return "_U" if claim is None else "Y" if claim else "N"


def born(place: str | None, country: str) -> str:
    """Where a birthplace lies: in the country, abroad, or nobody knows."""
    if place == country:
        return "NB"
    if place is None or place not in code_list("CL_AREA"):
        return "_U"
    if area(place).kind == "historic" and country in present_successors(place):
        return "NB" if set(present_successors(place)) == {country} else "_U"
    return "FB" if area(place).kind in ("country", "historic", "user-assigned", "other") else "_U"


def nationality(place: str | None, country: str) -> str:
    if place == country:
        return "CIT"
    if place is None or place not in code_list("CL_AREA"):
        return "_U"
    kind = area(place).kind
    if kind == "stateless":
        return "STLS"
    return "NONCIT" if kind in ("country", "historic", "user-assigned", "other") else "_U"


def anniversary(day: datetime.date, years: int) -> datetime.date:
    """The same day of a later year; 29 February falls on the 28th where there is none."""
    month_end = calendar.monthrange(day.year + years, day.month)[1]
    return datetime.date(day.year + years, day.month, min(day.day, month_end))


def completed_years(since: datetime.date, on: datetime.date) -> int:
    return max(years for years in range(on.year - since.year + 1) if anniversary(since, years) <= on)


def completed_months(since: datetime.date, until: datetime.date) -> int:
    """Months of the calendar from a day to another, which does not belong to them."""
    months = (until.year - since.year) * 12 + until.month - since.month
    last = calendar.monthrange(until.year, until.month)[1]
    return months - (until.day < min(since.day, last))


def band(years: int) -> str:
    return "Y_LT1" if years < 1 else "Y1T4" if years < 5 else "Y5T9" if years < 10 else "Y_GE10"


def second_generation(nativity: str, mother: str, father: str) -> str:
    if nativity == "FB":
        return "_Z"
    if "_U" in (nativity, mother, father):
        return "_U"
    return {0: "NONE", 1: "ONE", 2: "BOTH"}[(mother, father).count("FB")]


def refugee_category(
    citizen: str,
    stated: str | None,
    statuses: Sequence[Record],
    on: datetime.date,
    categories: Mapping[str, str],
) -> str:
    """What the statuses of one person say; `stated` is what a source says, and counts without any spell."""

    def is_in_force(status: Record) -> bool:
        return status["valid_from"] <= on and (status["valid_to"] is None or on <= status["valid_to"])

    spells = [
        status
        for status in statuses
        if status["kind"] == "protection"
        and status["valid_from"] <= on
        and (status["valid_to"] is None or status["valid_to"] >= status["valid_from"])
    ]
    if not spells:
        return stated or "_U"
    ever = [categories.get(spell["category"]) for spell in spells]
    now = [categories.get(spell["category"]) for spell in spells if is_in_force(spell)]
    was_granted = any(code in GRANTED for code in ever)
    if citizen == "CIT":
        return "B1" if was_granted else "_U"
    if citizen == "_U":
        return "_U"
    if "A3" in now:
        return "A3"
    if None in now:
        return "_U"
    if now:
        return min((code for code in now if code is not None), key=STRENGTH.index)
    has_permit = any(status["kind"] == "permit" and is_in_force(status) for status in statuses)
    return "B2" if was_granted and has_permit else "_U"


def counts_as_work_abroad(spell: Record, on: datetime.date, months: int) -> Truth:
    first, last = spell["first_day"], spell["last_day"]
    if first is not None and first > on:
        return False
    worked = {"Y": True, "N": False}.get(spell["worked_abroad"])
    has_ended = None if last is None else last <= on
    if first is None:
        is_long = None
    elif last is not None:
        is_long = last >= first and completed_months(first, last + DAY) >= months
    else:
        is_long = None if completed_months(first, on + DAY) >= months else False
    return both(worked, has_ended, is_long)


def is_aged_between(birth_year: int | None, on: datetime.date, youngest: int, oldest: int | None) -> Truth:
    if birth_year is None:
        return None
    ages = {on.year - birth_year} if (on.month, on.day) == (12, 31) else {
        on.year - birth_year, on.year - birth_year - 1
    }  # fmt: skip
    fits = {youngest <= age and (oldest is None or age <= oldest) for age in ages}
    # A span of one year of age may lie between the two: then neither is decided.
    low = {age >= youngest for age in ages}
    high = {oldest is None or age <= oldest for age in ages}
    decided = both(*(side.pop() if len(side) == 1 else None for side in (low, high)))
    assert decided is None or fits == {decided}
    return decided


def status(person: Record, on: datetime.date, told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The status of one person; `told` holds country, rules, and the person's statuses and whereabouts."""
    rules, country = told["rules"], told["country"]
    if person["birth_year"] is not None and person["birth_year"] > on.year:
        return None
    if person["death_date"] is not None and person["death_date"] <= on:
        return None
    nativity = born(person["birthplace"], country)
    if nativity == "_U" and person["birthplace"] != "ATSEA":
        nativity = person["nativity"] or "_U"
    is_later = person["citizenship_since"] is not None and person["citizenship_since"] > on
    citizenship = person["former_citizenship"] if is_later else person["citizenship"]
    citizen = nationality(citizenship, country)
    if citizen == "_U" and not is_later:
        citizen = person["citizen"] or "_U"
    stay = _stay(person, nativity, on)
    return {
        "nativity": nativity,
        "citizen": citizen,
        "second_generation": second_generation(
            nativity, born(person["birthplace_mother"], country), born(person["birthplace_father"], country)
        ),
        **stay,
        "refugee_category": refugee_category(
            citizen, person["refugee_category"], told["statuses"], on, rules.protection
        ),
        **_labour(person, nativity, citizen, stay["reason"], on, told),
    }


def _stay(person: Record, nativity: str, on: datetime.date) -> dict[str, Any]:
    """Years of stay, their band, and the reason."""
    stated = person["reason"] if person["reason"] != "_U" else None
    if person["arrival_date"] is not None:
        possible = (person["arrival_date"], person["arrival_date"])
    elif person["arrival_year"] is not None:
        year = person["arrival_year"]
        possible = (datetime.date(year, 1, 1), datetime.date(year, 12, 31))
    else:
        without = "_Z" if nativity == "NB" else "_U"
        return {"years_of_stay": None, "duration_of_stay": without, "reason": stated or without}
    if possible[1] > on:
        return {"years_of_stay": None, "duration_of_stay": "_U", "reason": "_U"}
    years = {completed_years(day, on) for day in possible}
    bands = {band(each) for each in years}
    return {
        "years_of_stay": years.pop() if len(years) == 1 else None,
        "duration_of_stay": bands.pop() if len(bands) == 1 else "_U",
        "reason": stated or "_U",
    }


def _labour(
    person: Record, nativity: str, citizen: str, reason: str, on: datetime.date, told: Mapping[str, Any]
) -> dict[str, Any]:
    rules, there = told["rules"], told["attachment"]
    by_birth = {"FB": True, "NB": False}.get(nativity)
    by_citizenship = {"CIT": False, "NONCIT": True, "STLS": True}.get(citizen)
    is_migrant = {
        "birth": by_birth, "citizenship": by_citizenship, "either": either(by_birth, by_citizenship)
    }[str(rules.migrants_by)]  # fmt: skip
    is_resident = {"R": True, "N": False}.get(there["residence"])
    is_active = {"EMP": True, "UNE": True, "OLF": False, "_Z": False}.get(there["activity"])
    worker = both(
        is_aged_between(person["birth_year"], on, rules.working_age_from, rules.working_age_to),
        {"IN": True, "OUT": False}.get(there["presence"]),
        either(
            both(is_resident, is_migrant, is_active),
            both(negated(is_resident), {"Y": True, "N": False}.get(there["works_here"])),
        ),
    )
    spells = [counts_as_work_abroad(spell, on, rules.return_months) for spell in told["spells"]]
    unrecorded = False if rules.spells_abroad_complete else None
    reasons = code_list("CL_REASON")
    main = (reason, *reasons.ancestors(reason))[-1] if reason in reasons else "_U"
    return {
        "migrant_worker": coded(worker),
        "for_work_migrant": "_Z" if main == "_Z" else "_U" if main == "_U" else coded(main == "EMP"),
        "return_migrant_worker": coded(both(is_resident, either(*spells, unrecorded))),
    }
