"""Lives: ten years of births, deaths, moves and naturalisations, one pass a year over all persons.

A person who comes to live in Ruritania stays at least 365 days and one who leaves it stays away as long,
so that residence here is residence under the twelve-month rule. Within a year a person has at most one
exit, a death or a move; mothers who leave or die in a year bear no child in it. So the accounting
identity (population = population before + births - deaths + arrivals - departures) holds to the person.
Left out: moves between regions, deaths of people while abroad, marriages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from sojourn.demo.country import (
    FIRST_DAY,
    HOME,
    NEVER,
    NO_AREA,
    YEARS,
    Floats,
    Integers,
    areas,
    first_day_of,
)
from sojourn.demo.names import lexicon
from sojourn.demo.people import (
    STATELESS_AT,
    Biography,
    Flags,
    Persons,
    Reason,
    Rng,
    drawn,
    given_names,
    households,
    stated,
)

__all__ = ["Event", "Events", "Lives", "Spells", "lives"]

_YEAR = 365.25


class Event(IntEnum):
    """What may happen to a person."""

    BIRTH = 0
    DEATH = 1
    IMMIGRATION = 2
    EMIGRATION = 3
    RETURN = 4
    NATURALISATION = 5


@dataclass(frozen=True)
class Events:
    """Events as columns: who, when, what."""

    person: Integers
    day: Integers
    kind: Integers


@dataclass(frozen=True)
class Spells:
    """Spells of residence: who lives in Ruritania from a day until the day before another (or `NEVER`).

    `silent` marks a spell that ended in a departure of which the person told nobody.
    """

    person: Integers
    start: Integers
    end: Integers
    silent: Flags


@dataclass(frozen=True)
class Lives:
    """Who lived, where and when: the truth about residents, in columns."""

    persons: Persons
    events: Events
    spells: Spells
    is_resident: Flags


@dataclass
class _State:
    """What is known at a year's end; grows with every birth and arrival."""

    persons: Persons
    here: Flags
    since: Integers
    events: list[tuple[Integers, Integers, Event]] = field(default_factory=list)
    spells: list[tuple[Integers, Integers, Integers, Flags]] = field(default_factory=list)
    next_household: int = 0

    def happened(self, person: Integers, day: Integers, kind: Event) -> None:
        self.events.append((person, day, kind))

    def added(self, persons: Persons, since: Integers) -> Integers:
        """Put persons who are here from a day on behind the others; their positions."""
        first = len(self.persons)
        self.persons = Persons.joined(self.persons, persons)
        self.here = np.concatenate([self.here, np.ones(len(persons), dtype=bool)])
        self.since = np.concatenate([self.since, since])
        self.next_household = max(self.next_household, int(persons.household.max(initial=-1)) + 1)
        return np.arange(first, first + len(persons))


def lives(rng: Rng, residents: int) -> Lives:
    """Ten years in the lives of so many residents, of those who come and of those who are born."""
    first = _first_residents(rng, residents)
    start = np.where(first.first_arrival < FIRST_DAY, first.first_arrival, first.birth_day)
    state = _State(first, np.ones(len(first), dtype=bool), start)
    state.next_household = int(first.household.max(initial=-1)) + 1
    for year in YEARS:
        exiting = _exits(rng, state, year)
        _naturalisations(rng, state, year, exiting)
        newborn, birth_days = _births(rng, state, year, exiting)
        _returns(rng, state, year)
        state.happened(state.added(newborn, birth_days), birth_days, Event.BIRTH)
        _arrivals(rng, state, year)
    return _concluded(state)


def _first_residents(rng: Rng, residents: int) -> Persons:
    sizes = _sizes(rng, residents, np.array([0.30, 0.28, 0.18, 0.16, 0.06, 0.02]))
    count = len(sizes)
    foreign = rng.random(count) < 0.057
    origin = np.where(foreign, drawn(rng, areas().stock, count), HOME)
    old = rng.random(count) < np.select([sizes == 1, sizes == 2], [0.5, 0.45], 0.03)
    age = np.clip(np.where(old, rng.normal(70.0, 9.0, count), rng.normal(41.0, 11.0, count)), 18.0, 98.0)
    years = np.minimum(rng.exponential(11.0, count) + 0.2, np.minimum(age * 1.02, 45.0))
    arrival = np.where(foreign, FIRST_DAY - (years * _YEAR).astype(np.int64), NEVER)
    return households(
        rng, sizes=sizes, origin=origin, head_age=age, arrival=arrival, day=FIRST_DAY, first_household=0
    )


def _sizes(rng: Rng, persons: int, shares: Floats) -> Integers:
    """Sizes of households with exactly so many members; the last may be smaller than it was drawn."""
    sizes = drawn(rng, shares, persons) + 1
    ends = sizes.cumsum()
    kept = int(np.searchsorted(ends, persons)) + 1
    sizes = sizes[:kept]
    if kept:
        sizes[-1] -= sizes.sum() - persons
    return sizes


def _exits(rng: Rng, state: _State, year: int) -> Flags:
    """Deaths and departures of the year; marks everyone who left by one of them."""
    persons, first = state.persons, first_day_of(year)
    days_in_year = first_day_of(year + 1) - first
    here = np.flatnonzero(state.here)
    age = (first - persons.birth_day[here]) / _YEAR
    hazard = np.minimum(4e-5 * np.exp(0.087 * age) + 0.0003 + 0.002 * (age < 1), 0.9)
    death = np.where(rng.random(len(here)) < hazard, first + rng.integers(0, days_in_year, len(here)), NEVER)
    departure = _departures(rng, state, here, age, first, days_in_year)
    # Who would die before leaving dies; who would leave before dying leaves, and is seen no more.
    leaves = departure < np.minimum(death, NEVER)
    dies = ~leaves & (death < NEVER)
    exiting = np.zeros(len(persons), dtype=bool)
    exiting[here[leaves | dies]] = True
    foreign = persons.citizenship[here] != HOME
    silent = leaves & (rng.random(len(here)) < np.where(foreign, 0.38, 0.2))
    for chosen, day, kind in ((dies, death, Event.DEATH), (leaves, departure, Event.EMIGRATION)):
        who = here[chosen]
        state.happened(who, day[chosen], kind)
        state.spells.append((who, state.since[who], day[chosen], silent[chosen]))
        state.here[who] = False
        state.since[who] = day[chosen]
    persons.death_day[here[dies]] = death[dies]
    return exiting


def _departures(
    rng: Rng, state: _State, here: Integers, age: Floats, first: int, days_in_year: int
) -> Integers:
    """The day on which each resident leaves in this year, if any: whole households, and adults alone."""
    persons = state.persons
    years_here = np.maximum(first - state.since[here], 0) / _YEAR
    foreign = persons.birthplace[here] != HOME
    rate = np.where(foreign, 0.075 * np.exp(-years_here / 4.0) + 0.010, 0.0022)
    household = persons.household[here]
    members = np.bincount(household, minlength=state.next_household)
    mean_rate = np.bincount(household, rate, minlength=state.next_household) / np.maximum(members, 1)
    together = rng.random(state.next_household) < mean_rate
    day_together = first + rng.integers(0, days_in_year, state.next_household)
    alone = (age >= 18) & (age < 45) & (rng.random(len(here)) < 0.0045)
    day_alone = first + rng.integers(0, days_in_year, len(here))
    day = np.where(together[household], day_together[household], np.where(alone, day_alone, NEVER))
    came = state.since[here] > persons.birth_day[here]
    return np.where(~came | (day - state.since[here] >= 365), day, NEVER)


def _naturalisations(rng: Rng, state: _State, year: int, exiting: Flags) -> None:
    persons, first = state.persons, first_day_of(year)
    # Those born here without citizenship have no day of arrival: their years count from birth.
    years_from = np.minimum(persons.first_arrival, np.maximum(persons.birth_day, 0) + 10 * 365)
    may = state.here & ~exiting & (persons.citizenship != HOME) & (first - years_from > 8 * 365)
    who = np.flatnonzero(may & (rng.random(len(persons)) < 0.07))
    day = first + rng.integers(0, 365, len(who))
    former = persons.citizenship[who]
    keeps = (rng.random(len(who)) < 0.4) & (former != STATELESS_AT)
    persons.former_citizenship[who] = former
    persons.second_citizenship[who] = np.where(keeps, former, NO_AREA)
    persons.citizenship[who] = HOME
    persons.naturalised_day[who] = day
    state.happened(who, day, Event.NATURALISATION)


def _births(rng: Rng, state: _State, year: int, exiting: Flags) -> tuple[Persons, Integers]:
    persons, first = state.persons, first_day_of(year)
    days_in_year = first_day_of(year + 1) - first
    age = (first - persons.birth_day) / _YEAR
    fertility = (
        0.113 * np.exp(-(((age - 29.0) / 6.0) ** 2) / 2) * np.where(persons.birthplace != HOME, 1.2, 1.0)
    )
    may = state.here & ~exiting & (persons.sex == 1) & (age >= 15) & (age < 50)
    mothers = np.flatnonzero(may & (rng.random(len(persons)) < fertility))
    men = np.flatnonzero(state.here & (persons.sex == 0) & (age >= 17) & (age < 65))
    man_of = np.full(state.next_household, -1)
    man_of[persons.household[men]] = men
    fathers = man_of[persons.household[mothers]]
    known = fathers >= 0
    count = len(mothers)
    unknown_place = np.where(rng.random(count) < 0.8, persons.birthplace[mothers], HOME)
    father_place = np.where(known, persons.birthplace[fathers], unknown_place)
    citizen_father = known & (persons.citizenship[fathers] == HOME)
    citizenship = np.where(citizen_father, HOME, persons.citizenship[mothers])
    day = first + rng.integers(0, days_in_year, count)
    sex = (rng.random(count) < 0.488).astype(np.int64)
    root = np.where(persons.birthplace[mothers] == father_place, father_place, HOME)
    given, second_name = given_names(rng, lexicon().culture_of_area[root], sex)
    home = np.full(count, HOME)
    child = Persons(
        sex, day, stated(rng, day, home), home, persons.birthplace[mothers], father_place,
        citizenship, np.full(count, NO_AREA), np.full(count, NO_AREA), np.full(count, NEVER),
        persons.household[mothers], persons.stratum[mothers],
        np.where(known, persons.family_name[fathers], persons.family_name[mothers]), given, second_name,
        np.full(count, int(Reason.NONE)), np.full(count, NEVER), np.full(count, NEVER),
        np.full(count, int(Biography.RESIDENT)),
    )  # fmt: skip
    return child, day


def _returns(rng: Rng, state: _State, year: int) -> None:
    """People who had left come back to live here, a year or more after they went."""
    persons, first = state.persons, first_day_of(year)
    away = np.flatnonzero(~state.here & (persons.death_day == NEVER))
    day = first + rng.integers(0, first_day_of(year + 1) - first, len(away))
    wants = rng.random(len(away)) < np.where(persons.birthplace[away] == HOME, 0.12, 0.035)
    back = wants & (day - state.since[away] >= 365)
    who = away[back]
    state.happened(who, day[back], Event.RETURN)
    state.here[who] = True
    state.since[who] = day[back]


def _arrivals(rng: Rng, state: _State, year: int) -> None:
    """Households that come from abroad: more every year, fewer in the year when borders were shut."""
    rate = 0.0042 + 0.0004 * (year - YEARS[0]) - (0.0035 if year == 2020 else 0.0)
    persons = round(rate * int(state.here.sum()))
    sizes = _sizes(rng, persons, np.array([0.62, 0.19, 0.12, 0.07]))
    first = first_day_of(year)
    days_in_year = first_day_of(year + 1) - first
    autumn = rng.random(len(sizes)) < 0.2
    day = first + np.where(
        autumn, rng.integers(225, 285, len(sizes)), rng.integers(0, days_in_year, len(sizes))
    )
    age = np.clip(18.0 + rng.gamma(2.2, 6.5, len(sizes)), 18.0, 80.0)
    come = households(
        rng,
        sizes=sizes,
        origin=drawn(rng, areas().arrivals, len(sizes)),
        head_age=age,
        arrival=day,
        day=day,
        first_household=state.next_household,
    )
    came = day[come.household - state.next_household]
    # A partner from Ruritania, or one who was always a citizen, comes to live here like the others.
    come.first_arrival[:] = came
    come.reason[:] = np.where(come.reason == Reason.NONE, int(Reason.FAMILY), come.reason)
    state.happened(state.added(come, came), came, Event.IMMIGRATION)


def _concluded(state: _State) -> Lives:
    living = np.flatnonzero(state.here)
    still = (living, state.since[living], np.full(len(living), NEVER), np.zeros(len(living), dtype=bool))
    spells = Spells(*(np.concatenate(column) for column in zip(*state.spells, still, strict=True)))
    order = np.lexsort((spells.start, spells.person))
    events = Events(
        np.concatenate([who for who, _, _ in state.events]),
        np.concatenate([day for _, day, _ in state.events]),
        np.concatenate([np.full(len(who), int(kind)) for who, _, kind in state.events]),
    )
    return Lives(
        state.persons,
        events,
        Spells(spells.person[order], spells.start[order], spells.end[order], spells.silent[order]),
        state.here,
    )
