"""One source's records of a block of persons: names, dates, places and papers, with declared flaws."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.demo.country import HOME, LAST_DAY, NO_AREA, Floats, Integers, areas, day_number, regions
from sojourn.demo.identities.families import Family, origin_shares
from sojourn.demo.identities.rates import COVERAGE, LINKAGE_RATES, SOURCES, chosen
from sojourn.demo.identities.record_dates import written_dates
from sojourn.demo.identities.record_names import read_from_zone, written_names
from sojourn.demo.papers import (
    area_texts,
    chance,
    either,
    passport_numbers,
    personal_numbers,
    worded,
    written_twice,
)
from sojourn.demo.people import Flags, Rng, drawn
from sojourn.demo.spelling import latin

__all__ = ["Records", "records"]

_YEAR = 365.25
_STREETS = (
    "Центральная", "Садовая", "Лесная", "Новая", "Школьная", "Речная", "Мельничная", "Полевая", "Озёрная",
    "Вокзальная", "Рыночная", "Мостовая", "Горная", "Луговая", "Северная", "Южная", "Липовая", "Каменная",
)  # fmt: skip
_PUBLISHED = {
    "register": datetime.date(2024, 12, 31),
    "work": datetime.date(2024, 10, 1),
    "survey": datetime.date(2024, 11, 15),
}


@dataclass(frozen=True)
class Records:
    """A source's records of a block, without numbers, and of whom they speak (from 0 in the block)."""

    table: pa.Table
    who: Integers
    flaws: dict[str, Flags]
    able: dict[str, Flags]


def _covered(seed: int, source: str, people: Family, person: Integers) -> Flags:
    """Who is in a source: a share of those who can be, whole families more often than chance."""
    age = (LAST_DAY - people.birth_day) / _YEAR
    can = np.ones(len(people), dtype=bool)
    if source == "permits":
        can = people.citizenship != HOME
    elif source == "work":
        can = (age >= 16) & (age < 66)
    is_in: Flags = chance(seed, 200 + SOURCES.index(source), person) < COVERAGE[source]
    return can & is_in


@dataclass(frozen=True)
class _Sheet:
    """What the columns of one source have in common while they are being filled."""

    rng: Rng
    seed: int
    source: str
    people: Family
    who: Integers
    person: Integers
    household: Integers
    flaws: dict[str, Flags]
    able: dict[str, Flags]

    def some(self, flaw: str, able: Flags, luck: Floats | None = None) -> Flags:
        """Who gets a flaw that this source is declared to have."""
        own = self.rng.random(len(self.who)) if luck is None else luck
        picked = chosen(own, able, self.source, flaw)
        if flaw in LINKAGE_RATES[self.source]:
            self.flaws[flaw], self.able[flaw] = picked, able
        return picked

    def everyone(self) -> Flags:
        return np.ones(len(self.who), dtype=bool)


def _regions(sheet: _Sheet) -> Integers:
    """The region of arrival, or that to which the family has moved since."""
    first = sheet.people.region[sheet.who]
    moved = sheet.some("region_moved", sheet.everyone(), chance(sheet.seed, 130, sheet.household))
    count = len(regions().code)
    step = 1 + (chance(sheet.seed, 131, sheet.household) * (count - 1)).astype(np.int64)
    return np.where(moved, (first + step) % count, first)


def _citizenships(sheet: _Sheet) -> Integers:
    own = sheet.people.citizenship[sheet.who]
    other = drawn(sheet.rng, origin_shares(), len(own))
    changed = sheet.some("citizenship_changed", other != own)
    return np.where(changed, other, own)


def _documents(sheet: _Sheet) -> pa.StringArray:
    """The passport shown on arrival, or the one that followed it."""
    missing = sheet.some("document_null", sheet.everyone())
    renewed = sheet.some("document_changed", ~missing, chance(sheet.seed, 140, sheet.person))
    numbers = passport_numbers(32 * sheet.person + renewed, sheet.people.citizenship[sheet.who])
    return either(missing, None, numbers)


def _national_ids(sheet: _Sheet, again: Flags) -> pa.StringArray | pa.NullArray:
    """The register's number, a second one for some entered twice; a part of employers know it."""
    if sheet.source == "register":
        other = again & (sheet.rng.random(len(again)) < 0.5)
        return personal_numbers(2 * sheet.person + other)
    known = sheet.some("national_id_known", sheet.everyone())
    return either(~known, None, personal_numbers(2 * sheet.person))


@cache
def _streets(is_cyrillic: bool) -> pa.StringArray:
    if is_cyrillic:
        return pa.array([f"ул. {street}" for street in _STREETS])
    return pa.array([f"{latin('ruritanian', street)} str." for street in _STREETS])


def _addresses(sheet: _Sheet, region: Integers) -> pa.StringArray:
    """Street, house and door of a dwelling that nobody has; another one in another region."""
    if sheet.source not in ("register", "permits", "survey"):
        return pa.nulls(len(sheet.who), pa.string())
    dwelling = 16 * sheet.household + region
    street, house, door = (
        (chance(sheet.seed, question, dwelling) * size).astype(np.int64)
        for question, size in ((150, len(_STREETS)), (151, 180), (152, 60))
    )
    return pc.binary_join_element_wise(
        _streets(sheet.source == "register").take(pa.array(street)),
        pa.array(house + 1).cast(pa.string()),
        pa.array(door + 1).cast(pa.string()),
        ", ",
    )


def _households(sheet: _Sheet) -> pa.StringArray:
    """The source's own number of a household, where it has one."""
    if sheet.source not in ("register", "survey"):
        return pa.nulls(len(sheet.who), pa.string())
    factor = 387_420_489 if sheet.source == "register" else 129_140_163
    return pa.array((sheet.household * factor + 577) % 1_000_000_007).cast(pa.string())


def _reference_dates(sheet: _Sheet) -> pa.Array:
    if sheet.source in _PUBLISHED:
        days = np.full(len(sheet.who), day_number(_PUBLISHED[sheet.source]), dtype=np.int32)
    else:
        earliest = 0 if sheet.source == "permits" else 400
        days = (LAST_DAY - earliest - sheet.rng.integers(0, 3000, len(sheet.who))).astype(np.int32)
    return pa.array(days).cast(pa.date32())


def _in_capitals(text: pa.StringArray) -> pa.StringArray:
    """Capitals, but for Georgian: Unicode has capitals for it that no paper shows."""
    return pc.if_else(pc.match_substring_regex(text, "[\u10d0-\u10ff]"), text, pc.utf8_upper(text))


def _columns(sheet: _Sheet, again: Flags, first: tuple[int, int]) -> dict[str, pa.Array]:
    people, who, codes = sheet.people, sheet.who, areas().alpha_2
    names = written_names(sheet.rng, sheet.seed, sheet.source, people, who, first)
    if sheet.source == "border":
        names = read_from_zone(sheet.rng, sheet.source, names)
    dates, date_flaws, date_able = written_dates(sheet.rng, sheet.source, people.papers_day[who])
    sheet.flaws.update({**names.flaws, **date_flaws})
    sheet.able.update({**names.able, **date_able})
    wrong = sheet.some("sex_wrong", sheet.everyone())
    region = _regions(sheet)
    unstated = sheet.rng.random(len(who)) < 0.03
    in_capitals = sheet.source == "permits"
    return {
        "surname": _in_capitals(names.surname) if in_capitals else names.surname,
        "given_names": _in_capitals(names.given) if in_capitals else names.given,
        "birth_date": dates,
        "sex": worded(("M", "F"), np.where(wrong, 1 - people.sex[who], people.sex[who])),
        "citizenship": area_texts(_citizenships(sheet), codes, "STLS"),
        "birthplace": area_texts(np.where(unstated, NO_AREA, people.birthplace[who]), codes, "STLS"),
        "region": pa.array(regions().code).take(pa.array(region)),
        "document_no": _documents(sheet),
        "national_id": _national_ids(sheet, again),
        "address": _addresses(sheet, region),
        "household_id": _households(sheet),
        "reference_date": _reference_dates(sheet),
    }


def records(rng: Rng, seed: int, source: str, people: Family, first: tuple[int, int]) -> Records:
    """A source's records of a block in no order; `first` are the block's first person and household."""
    covered = np.flatnonzero(_covered(seed, source, people, first[0] + np.arange(len(people))))
    twice = rng.random(len(covered)) < LINKAGE_RATES[source]["entered_twice"]
    row, again = written_twice(twice)
    order = rng.permutation(len(row))
    who, again = covered[row[order]], again[order]
    sheet = _Sheet(
        rng, seed, source, people, who, first[0] + who, first[1] + people.household[who],
        {"entered_twice": again}, {"entered_twice": np.ones(len(who), dtype=bool)},
    )  # fmt: skip
    return Records(pa.table(_columns(sheet, again, first)), who, sheet.flaws, sheet.able)
