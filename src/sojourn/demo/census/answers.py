"""What the census writes down: the answers of persons and households in national codes, gaps included.

An answer that was not given is 9 or 999; a question that was not asked of a person leaves an empty cell. A
few answers contradict one another, as in every census.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sojourn.demo.census.people import REFERENCE_YEAR, Flags, Households, Rng
from sojourn.demo.country import HOME, Integers, areas, regions

__all__ = ["Answers", "answers_of"]

_ITEM_MISSING = 0.012
_WRONG = 0.0006
_WITH_EMIGRANTS = 0.07
_COUNTRY_NOT_STATED, _STATELESS = "999", "998"


@dataclass(frozen=True)
class Answers:
    """The persons and the emigrants as the census writes them, one row each."""

    persons: pa.Table
    emigrants: pa.Table


def answers_of(rng: Rng, people: Households) -> Answers:
    """The answers of these households."""
    citizenship, acquired, since = _citizenship(rng, people)
    origin = people.arrival_year > 0
    columns = {
        "HH": people.household + 1,
        "PNO": people.member + 1,
        "REG": _regions(people.region),
        "SEX": people.sex + 1,
        "AGE": _gaps(rng, people.age),
        "COB": _places(rng, people.birthplace),
        "CTZ1": _places(rng, citizenship),
        "CTZ2": _second(rng, people, acquired),
        "CTZACQ": _gaps(rng, acquired, is_asked=citizenship == HOME, code=9),
        "CTZYR": _gaps(rng, since, is_asked=acquired == 2),
        "COBM": _places(rng, people.mother),
        "COBF": _places(rng, people.father),
        "ABROAD": _gaps(rng, np.where(origin, 1, 2), code=9),
        "LASTC": _places(rng, people.previous, is_asked=origin),
        **_arrival(rng, people, origin),
        **_five_years_ago(rng, people),
        **_work(rng, people),
        **_household(rng, people),
    }
    persons = pa.table(columns)
    return Answers(persons, _emigrants(rng, people, persons))


def _citizenship(rng: Rng, people: Households) -> tuple[Integers, Integers, Integers]:
    """Citizenship, how it was obtained (1 by birth, 2 otherwise), and the year of it; -1 is stateless."""
    years = REFERENCE_YEAR - people.arrival_year
    foreign = people.birthplace != HOME
    second = ~foreign & (people.mother != HOME) & (people.father != HOME)
    is_naturalised = foreign & (years >= 5) & (rng.random(len(people)) < np.minimum(0.03 * years, 0.6))
    keeps = second & (rng.random(len(people)) < 0.35)
    own = np.where(is_naturalised, HOME, np.where(keeps, people.mother, people.birthplace))
    own = np.where((own != HOME) & (rng.random(len(people)) < 0.01), -1, own)
    acquired = np.where(own != HOME, 0, np.where(is_naturalised, 2, 1))
    since = people.arrival_year + 5 + rng.integers(0, 1 + np.maximum(years - 5, 0))
    return own, acquired, since


def _second(rng: Rng, people: Households, acquired: Integers) -> pa.Array:
    """A second citizenship: of those who were naturalised, one in three keeps the former one."""
    keeps = (acquired == 2) & (rng.random(len(people)) < 0.33)
    return _country_codes(people.birthplace, ~keeps)


def _arrival(rng: Rng, people: Households, came: Flags) -> dict[str, pa.Array]:
    count = len(people)
    year = people.arrival_year.copy()
    wrong = came & (people.age > 0) & (rng.random(count) < _WRONG)
    year[wrong] = REFERENCE_YEAR - people.age[wrong] - 5
    share = np.array([0.34, 0.14, 0.33, 0.09, 0.10])
    return {
        "ARRYR": _gaps(rng, year, is_asked=came),
        "ARRMO": _gaps(rng, rng.integers(1, 13, count), is_asked=came, share=0.2),
        "WHY": _gaps(rng, rng.choice(5, count, p=share) + 1, is_asked=came, code=9),
    }


def _five_years_ago(rng: Rng, people: Households) -> dict[str, pa.Array]:
    count = len(people)
    is_asked, recent = people.age >= 5, people.arrival_year > REFERENCE_YEAR - 5
    moved = rng.random(count) < 0.09
    place = np.where(recent, 3, np.where(moved, 2, 1))
    region = (people.region + rng.integers(1, len(regions().code), count)) % len(regions().code)
    return {
        "R5": _gaps(rng, place, is_asked=is_asked, code=9),
        "R5REG": _regions(region, ~(is_asked & (place == 2))),
        "R5CTRY": _places(rng, people.previous, is_asked=is_asked & (place == 3)),
    }


def _work(rng: Rng, people: Households) -> dict[str, pa.Array]:
    count, foreign = len(people), people.birthplace != HOME
    employed = np.select([people.age < 15, people.age < 25, people.age < 65], [0.0, 0.4, 0.78], 0.06)
    luck = rng.random(count) + 0.05 * foreign
    activity = np.where(luck < employed, 1, np.where(luck < employed + 0.05, 2, 3))
    activity = np.where(people.age < 15, 4, activity)
    group = rng.choice(10, count, p=[0.01, 0.05, 0.16, 0.15, 0.09, 0.18, 0.07, 0.12, 0.08, 0.09])
    occupation = np.char.add(group.astype(str), rng.integers(111, 999, count).astype(str))
    division = rng.choice([1, 10, 41, 46, 47, 49, 55, 62, 64, 69, 84, 85, 86, 97], count)
    industry = np.char.zfill(division.astype(str), 2)
    ceiling = np.select([people.age < 6, people.age < 16, people.age < 22], [0, 2, 4], 8)
    return {
        "ACT": _gaps(rng, activity, code=9),
        "ISCO": pa.array(occupation.tolist(), mask=(activity != 1) | (rng.random(count) < _ITEM_MISSING)),
        "ISIC": pa.array(industry.tolist(), mask=(activity != 1) | (rng.random(count) < _ITEM_MISSING)),
        "EDU": _gaps(rng, np.minimum(rng.integers(0, 9, count), ceiling), code=9),
    }


def _household(rng: Rng, people: Households) -> dict[str, pa.Array]:
    households = int(people.household.max()) + 1
    has = rng.random(households) < _WITH_EMIGRANTS
    receives = rng.random(households) < np.where(has, 0.55, 0.03)
    not_stated = rng.random((2, households)) < _ITEM_MISSING
    return {
        "EMIG": pa.array(np.where(not_stated[0], 9, np.where(has, 1, 2))[people.household]),
        "REMIT": pa.array(np.where(not_stated[1], 9, np.where(receives, 1, 2))[people.household]),
    }


def _emigrants(rng: Rng, people: Households, persons: pa.Table) -> pa.Table:
    """One or two persons of each household that says it has emigrants."""
    heads = people.member == 0
    has = np.asarray(persons["EMIG"])[heads] == 1
    number = np.where(has, rng.choice([1, 2], len(has), p=[0.8, 0.2]), 0)
    household = np.repeat(people.household[heads], number) + 1
    count = len(household)
    years = rng.integers(0, 10, count)
    age = rng.integers(16, 45, count)
    return pa.table(
        {
            "HH": household,
            "SEX": rng.integers(1, 3, count),
            "AGEDEP": _gaps(rng, age),
            "AGENOW": age + years,
            "YRDEP": _gaps(rng, REFERENCE_YEAR - years),
            "DEST": _places(rng, rng.choice(np.arange(1, len(areas().code)), count)),
            "EDUDEP": _gaps(rng, rng.integers(1, 9, count), code=9),
            "WHYDEP": _gaps(rng, rng.choice(5, count, p=[0.5, 0.2, 0.2, 0.02, 0.08]) + 1, code=9),
        }
    )


def _gaps(
    rng: Rng,
    values: Integers,
    *,
    is_asked: Flags | None = None,
    code: int | None = None,
    share: float = _ITEM_MISSING,
) -> pa.Array:
    """The values, empty where nobody was asked; where one is not stated a code or an empty cell says so."""
    lost = rng.random(len(values)) < share
    empty = np.zeros(len(values), np.bool_) if is_asked is None else ~is_asked
    if code is not None:
        return pa.array(np.where(lost, code, values), mask=empty)
    return pa.array(values, mask=empty | lost)


def _places(rng: Rng, places: Integers, *, is_asked: Flags | None = None) -> pa.Array:
    """Countries by the national number; 999 is not stated."""
    lost = rng.random(len(places)) < _ITEM_MISSING
    return _country_codes(np.where(lost, -2, places), None if is_asked is None else ~is_asked)


def _country_codes(places: Integers, empty: Flags | None = None) -> pa.Array:
    """National numbers of countries: -1 is stateless, -2 is not stated."""
    codes = pa.array([*areas().number, _COUNTRY_NOT_STATED, _STATELESS])
    return codes.take(pa.array(np.where(places < 0, len(codes) + places, places), mask=empty))


def _regions(region: Integers, empty: Flags | None = None) -> pa.Array:
    return pa.array(regions().code).take(pa.array(region, mask=empty))
