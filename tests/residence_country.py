"""A country whose residents are known, its register, and what other registers know of the people in it.

Lives are those of the generated country: births, deaths, moves, departures of which nobody is told. The
register keeps who left silently, and never learns of some who came. Activity depends on age, on where a
person was born, on how much of the year they were here, and on the person: one in twelve is quiet in all
registers. Registers go on with a few people who left (pensions paid abroad, taxes on a house).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sojourn.demo.country import FIRST_DAY, HOME, LAST_DAY, NEVER, YEARS, first_day_of
from sojourn.demo.lives import Lives, lives
from sojourn.demo.people import year_of

FIRST_YEAR, LAST_YEAR = YEARS[0] + 1, YEARS[-1] + 1
GROUPS = ("child", "foreign", "old")
STRATA = ("_Z", *GROUPS)
REGISTERS = ("tax", "health", "school", "benefit")
# Chance of activity in a year here, by group (adults born here, children, adults born abroad, old people).
HERE = np.array(
    [[0.80, 0.62, 0.05, 0.15], [0.01, 0.70, 0.78, 0.55], [0.66, 0.45, 0.10, 0.12], [0.15, 0.82, 0.0, 0.94]]
)
AWAY = np.array(
    [[0.03, 0.01, 0.0, 0.01], [0.0, 0.01, 0.01, 0.03], [0.04, 0.01, 0.01, 0.02], [0.03, 0.02, 0.0, 0.20]]
)
QUIET, OF_ITS_USUAL_ACTIVITY = 1 / 12, 0.3
ENTERED_IN_TIME = 0.86
DEATHS_NOT_ENTERED = 0.004
# Of departures of which people told somebody; the others are never entered.
DEPARTURES_NOT_ENTERED = 0.5


@dataclass(frozen=True)
class Country:
    """Signs and register as tables; who stands in the register, and who lives here, on the last 1 January.

    `stratum` are the positions of people's groups in STRATA on that day.
    """

    signs: pa.Table
    register: pa.Table
    registered: np.ndarray
    resident: np.ndarray
    stratum: np.ndarray


def country(seed: int, residents: int) -> Country:
    """Ten years of so many residents, from the seed."""
    draw = np.random.default_rng([seed, residents])
    known = lives(draw, residents)
    groups = {year: strata_of(known, year) for year in range(FIRST_YEAR - 1, LAST_YEAR + 1)}
    register, in_register = _register(draw, known, groups)
    return Country(
        _signs(draw, known, groups), register, in_register, resident_on(known, LAST_YEAR), groups[LAST_YEAR]
    )


def strata_of(known: Lives, year: int) -> np.ndarray:
    """The group of each person on 1 January: adults born here are 0, the others as in STRATA."""
    age = (first_day_of(year) - known.persons.birth_day) / 365.25
    return np.select([age < 18, age >= 67, known.persons.birthplace != HOME], [1, 3, 2], 0)


def resident_on(known: Lives, year: int) -> np.ndarray:
    """Who lives here at the beginning of a year."""
    day, spells = first_day_of(year), known.spells
    found = np.zeros(len(known.persons), bool)
    found[spells.person[(spells.start < day) & (spells.end >= day)]] = True
    return found


def share_of_year(known: Lives, year: int) -> np.ndarray:
    """Which part of a year each person lives here."""
    first, last = first_day_of(year), first_day_of(year + 1)
    days = np.minimum(known.spells.end, last) - np.maximum(known.spells.start, first)
    found = np.bincount(known.spells.person, np.maximum(days, 0), minlength=len(known.persons))
    return found / (last - first)


def _signs(draw: np.random.Generator, known: Lives, groups: dict[int, np.ndarray]) -> pa.Table:
    count = len(known.persons)
    active = np.where(draw.random(count) < QUIET, OF_ITS_USUAL_ACTIVITY, 1.0)
    parts = []
    for year in YEARS:
        share = share_of_year(known, year)[:, None]
        chance = HERE[groups[year]] * share * active[:, None] + AWAY[groups[year]] * (1 - share)
        exists = (known.persons.birth_day < first_day_of(year + 1)) & (
            known.persons.death_day >= first_day_of(year)
        )
        person, place = np.nonzero((draw.random(chance.shape) < chance) & exists[:, None])
        parts.append((person, place, np.full(len(person), year), draw.integers(1, 6, len(person))))
    person, place, years, events = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pa.table(
        {
            "person_key": keys(person),
            "register": pa.array(REGISTERS).take(pa.array(place)),
            "year": years,
            "n_events": events,
        }
    )


def keys(persons: np.ndarray) -> pa.Array:
    """Keys of persons by number."""
    return pa.array(persons.astype(str))


def _register(
    draw: np.random.Generator, known: Lives, groups: dict[int, np.ndarray]
) -> tuple[pa.Table, np.ndarray]:
    """The rows of the register, and who stands in it on the last 1 January."""
    spells, persons = known.spells, known.persons
    at_start = spells.start < FIRST_DAY
    is_birth = spells.start == persons.birth_day[spells.person]
    is_entered = at_start | is_birth | (draw.random(len(spells.start)) < ENTERED_IN_TIME)
    died = spells.end == persons.death_day[spells.person]
    forgotten = np.where(died, DEATHS_NOT_ENTERED, DEPARTURES_NOT_ENTERED)
    ends = (spells.end < NEVER) & ~spells.silent & (draw.random(len(died)) >= forgotten)
    started, ended = year_of(np.minimum(spells.start, LAST_DAY)), year_of(np.minimum(spells.end, LAST_DAY))
    years = np.arange(FIRST_YEAR - 1, LAST_YEAR + 1)
    size = (len(persons), len(years))
    entered, left = np.zeros(size, bool), np.zeros(size, bool)
    comes = is_entered & ~at_start
    entered[spells.person[comes], started[comes] - years[0]] = True
    goes = is_entered & ends
    left[spells.person[goes], ended[goes] - years[0]] = True
    first = np.zeros(len(persons), bool)
    first[spells.person[at_start]] = True
    inside = np.zeros(size, bool)
    now = first
    for place in range(len(years)):
        inside[:, place] = now
        now = (now | entered[:, place]) & ~left[:, place]
    group = np.stack([groups[year] for year in years], axis=1)
    changed = np.hstack([np.zeros((len(persons), 1), bool), group[:, 1:] != group[:, :-1]]) & inside
    told = entered | left | changed
    told[:, 0] |= first
    person, place = np.nonzero(told)
    names = pa.array([None, *GROUPS]).take(pa.array(group[person, place]))
    table = pa.table(
        {
            "person_key": keys(person),
            "year": years[place],
            "group": names,
            "entered": entered[person, place],
            "left": left[person, place],
            "residence": pa.nulls(len(person), pa.string()),
        }
    )
    return table, inside[:, -1]
