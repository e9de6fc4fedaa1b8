"""Journeys: every crossing of Ruritania's border in ten years, by residents and by those who only pass.

Moves of residence are crossings; between them residents travel, and strangers come for days, for a
season, for months, or for stays so near the twelve-month line that the rule has to decide. A journey
does not overlap another of the same person. In the calendar year of a move a person makes no other
journey; journeys of residents begin and end within a calendar year. What a person did after the last
day observed is not known here either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from sojourn.demo.country import HOME, LAST_DAY, YEARS, Floats, Integers, areas, first_day_of
from sojourn.demo.lives import Event, Lives
from sojourn.demo.people import Biography, Persons, Rng, individuals

__all__ = ["BORDER_POINTS", "Crossings", "Purpose", "journeys"]

BORDER_POINTS = 14
ARRIVES, DEPARTS = 1, 0


class Purpose(IntEnum):
    """What a crossing was part of."""

    MOVE = 0
    RETURN_MOVE = 1
    TRIP = 2
    VISIT = 3
    SEASON = 4
    SHORT_STAY = 5
    NEAR_THRESHOLD = 6


@dataclass(frozen=True)
class Crossings:
    """Crossings as columns, in the order in which they happened.

    `order` settles crossings of one person on one day: out before back on a day trip.
    """

    person: Integers
    day: Integers
    order: Integers
    direction: Integers
    purpose: Integers
    border_point: Integers


@dataclass(frozen=True)
class _Absences:
    """Stays abroad or here with first and last day; `end` may be after the last day observed."""

    person: Integers
    start: Integers
    end: Integers
    purpose: Purpose
    first_direction: int


def journeys(rng: Rng, known: Lives) -> tuple[Persons, Crossings]:
    """All crossings, and the persons of `known` with the strangers who made some of them behind."""
    found = [_trips(rng, known, year) for year in YEARS]
    strangers: list[Persons] = []
    next_person, next_household = len(known.persons), int(known.persons.household.max(initial=0)) + 1
    residents = int(known.is_resident.sum())
    for year in YEARS:
        for kind in _STRANGERS:
            count = round(kind.yearly * residents)
            people, stays = kind.stays(rng, count, year, next_household)
            strangers.append(people)
            found += [replace(stay, person=stay.person + next_person) for stay in stays]
            next_person += len(people)
            next_household += len(people)
    never_came = individuals(
        rng,
        count=round(0.0004 * residents),
        shares=areas().arrivals,
        day=first_day_of(2024) + 200,
        biography=Biography.NEVER_CAME,
        first_household=next_household,
    )
    everyone = Persons.joined(known.persons, *strangers, never_came)
    return everyone, _ordered(rng, _moves(known), found, len(everyone))


def _moves(known: Lives) -> tuple[Integers, Integers, Integers, Integers]:
    """The crossings that are moves of residence: person, day, direction, purpose."""
    events = known.events
    arrives = np.isin(events.kind, (Event.IMMIGRATION, Event.RETURN))
    chosen = arrives | (events.kind == Event.EMIGRATION)
    purpose = np.where(events.kind == Event.RETURN, int(Purpose.RETURN_MOVE), int(Purpose.MOVE))
    return events.person[chosen], events.day[chosen], arrives[chosen].astype(np.int64), purpose[chosen]


def _trips(rng: Rng, known: Lives, year: int) -> _Absences:
    """Journeys abroad in a year by those who lived here from its first day to its last."""
    first, next_year = first_day_of(year), first_day_of(year + 1)
    spells, persons = known.spells, known.persons
    whole_year = spells.person[(spells.start < first) & (spells.end >= next_year)]
    foreign = persons.birthplace[whole_year] != HOME
    closed = 0.25 if year == 2020 else 1.0
    # A gamma mixture: most stay at home, a few travel every other month.
    habit = rng.gamma(0.4, 2.5, len(whole_year)) * np.where(foreign, 0.7, 0.27) * closed
    count = np.minimum(rng.poisson(habit), 10)
    works_abroad = (rng.random(len(whole_year)) < 0.004) & (first - persons.birth_day[whole_year] > 18 * 365)
    count = np.where(works_abroad, 1, count)
    slot = (next_year - first) // np.maximum(count, 1)
    traveller, number = _repeated(count)
    room = slot[traveller] - 2
    usual = np.where(rng.random(len(traveller)) < 0.08, 0.0, rng.lognormal(1.9, 0.8, len(traveller)))
    away = np.where(works_abroad[traveller], rng.uniform(60.0, 115.0, len(traveller)), usual)
    away = np.minimum(away.astype(np.int64), room - 1)
    start = first + number * slot[traveller] + (rng.random(len(traveller)) * (room - away)).astype(np.int64)
    return _Absences(whole_year[traveller], start, start + away, Purpose.TRIP, DEPARTS)


def _repeated(count: Integers) -> tuple[Integers, Integers]:
    """Each position as often as its count says, with the number of the repetition."""
    position = np.repeat(np.arange(len(count)), count)
    return position, np.arange(len(position)) - np.repeat(count.cumsum() - count, count)


@dataclass(frozen=True)
class _Kind:
    """One kind of stranger: how many a year for each resident, and how they stay."""

    yearly: float
    biography: Biography
    shares: Floats

    def stays(self, rng: Rng, count: int, year: int, first_household: int) -> tuple[Persons, list[_Absences]]:
        """New persons of a year and their stays; persons are numbered from zero."""
        first = first_day_of(year)
        people = individuals(
            rng,
            count=count,
            shares=self.shares,
            day=first,
            biography=self.biography,
            first_household=first_household,
        )
        if self.biography is Biography.VISITOR:
            return people, [_visits(rng, count, first)]
        if self.biography is Biography.SEASONAL:
            return people, _seasons(rng, count, year)
        if self.biography is Biography.SHORT_TERM:
            start = first + rng.integers(0, 365, count)
            end = start + rng.integers(90, 345, count)
            return people, [_Absences(np.arange(count), start, end, Purpose.SHORT_STAY, ARRIVES)]
        return people, _near_threshold(rng, count, first)


_STRANGERS = (
    _Kind(0.04, Biography.VISITOR, areas().visits),
    _Kind(0.0008, Biography.SEASONAL, areas().arrivals),
    _Kind(0.0015, Biography.SHORT_TERM, areas().arrivals),
    _Kind(0.0005, Biography.NEAR_THRESHOLD, areas().arrivals),
)


def _visits(rng: Rng, count: int, first: int) -> _Absences:
    visits = np.minimum(1 + rng.poisson(0.35, count), 3)
    visitor, number = _repeated(visits)
    slot = 360 // visits[visitor]
    length = np.minimum(rng.lognormal(1.6, 0.9, len(visitor)).astype(np.int64), np.minimum(slot - 2, 88))
    start = first + number * slot + (rng.random(len(visitor)) * (slot - 1 - length)).astype(np.int64)
    return _Absences(visitor, start, start + length, Purpose.VISIT, ARRIVES)


def _seasons(rng: Rng, count: int, year: int) -> list[_Absences]:
    """Workers who come every spring for several years and leave before the winter."""
    years = 1 + rng.integers(0, 5, count)
    found = []
    for season in range(min(5, YEARS[-1] - year + 1)):
        coming = np.flatnonzero(years > season)
        start = first_day_of(year + season) + rng.integers(55, 150, len(coming))
        found.append(
            _Absences(coming, start, start + rng.integers(85, 205, len(coming)), Purpose.SEASON, ARRIVES)
        )
    return found


def _near_threshold(rng: Rng, count: int, first: int) -> list[_Absences]:
    """Stays of 300 to 480 days with a long absence inside: the rule's hard cases."""
    start = first + rng.integers(0, 365, count)
    end = start + rng.integers(300, 481, count)
    leave = start + rng.integers(60, 180, count)
    back = leave + rng.integers(40, 121, count)
    who, purpose = np.arange(count), Purpose.NEAR_THRESHOLD
    return [_Absences(who, start, leave, purpose, ARRIVES), _Absences(who, back, end, purpose, ARRIVES)]


def _ordered(
    rng: Rng,
    moves: tuple[Integers, Integers, Integers, Integers],
    stays: list[_Absences],
    persons: int,
) -> Crossings:
    person, day, direction, purpose = ([column] for column in moves)
    order = [np.zeros(len(moves[0]), dtype=np.int64)]
    for stay in stays:
        for turn, when in enumerate((stay.start, stay.end)):
            size = len(stay.person)
            person.append(stay.person)
            day.append(when)
            direction.append(np.full(size, stay.first_direction if turn == 0 else 1 - stay.first_direction))
            purpose.append(np.full(size, int(stay.purpose)))
            order.append(np.full(size, turn))
    who, on, turn_of = np.concatenate(person), np.concatenate(day), np.concatenate(order)
    seen = np.flatnonzero(on <= LAST_DAY)
    # Travellers of a day pass in no order of their own; a person's own crossings keep theirs.
    ranks = rng.permutation(persons)
    sequence = seen[np.lexsort((turn_of[seen], ranks[who[seen]], on[seen]))]
    usual_point = rng.integers(0, BORDER_POINTS, persons)
    point = np.where(
        rng.random(len(sequence)) < 0.8,
        usual_point[who[sequence]],
        rng.integers(0, BORDER_POINTS, len(sequence)),
    )
    return Crossings(
        who[sequence],
        on[sequence],
        turn_of[sequence],
        np.concatenate(direction)[sequence],
        np.concatenate(purpose)[sequence],
        point,
    )
