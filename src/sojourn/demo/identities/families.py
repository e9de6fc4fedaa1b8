"""Families of the linkage country: persons who are hard to tell apart for the reasons real ones are.

Members of a household share surname, origin, region and often the 1 January on which their papers say they
were born. Brothers are a year or two apart, some children are twins, some sons bear their father's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from sojourn.demo.country import HOME, LAST_DAY, Floats, Integers, areas, regions
from sojourn.demo.identities.rates import PERSON_RATES
from sojourn.demo.names import cultures, lexicon
from sojourn.demo.people import STATELESS_AT, Flags, Rng, drawn, year_of

__all__ = ["Family", "families", "january_shares", "origin_shares"]

_YEAR = 365.25
_SIZES = np.array([0.42, 0.16, 0.14, 0.13, 0.08, 0.05, 0.02])
NOBODY = -1


@dataclass(frozen=True)
class Family:
    """One position a person; names are positions in the lexicon, -1 where there is none.

    `surname`, `second_surname` and `maiden_name` are numbers of family names; `father` is the father's given
    name. `papers_day` is the birthday in the papers, `birth_day` the true one.
    """

    household: Integers
    is_child: Flags
    sex: Integers
    birth_day: Integers
    papers_day: Integers
    origin: Integers
    birthplace: Integers
    citizenship: Integers
    surname: Integers
    second_surname: Integers
    maiden_name: Integers
    given: Integers
    second_given: Integers
    father: Integers
    region: Integers

    def __len__(self) -> int:
        return len(self.sex)


@cache
def origin_shares() -> Floats:
    """The share of each country of origin: stock and arrivals, spread wider than either."""
    abroad = ((areas().stock + areas().arrivals) / 2) ** 0.7
    shares: Floats = abroad / abroad.sum() * (1 - PERSON_RATES["born_here_family"])
    shares[HOME] = PERSON_RATES["born_here_family"]
    return shares


@cache
def january_shares() -> Floats:
    """The share born on 1 January by their papers, by origin; together the declared share of foreign-born."""
    weights = origin_shares().copy()
    weights[HOME] = 0.0
    weights /= weights.sum()
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        reached = float((weights * np.minimum(middle * areas().january, 0.8)).sum())
        low, high = (
            (middle, high) if reached < PERSON_RATES["first_january_of_foreign_born"] else (low, middle)
        )
    shares: Floats = np.minimum(high * areas().january, 0.8)
    shares[HOME] = areas().january[HOME]
    return shares


@dataclass(frozen=True)
class _Frame:
    """Who stands where in which household."""

    household: Integers
    position: Integers
    head: Integers
    partner: Integers
    is_partner: Flags
    is_child: Flags


def _frame(rng: Rng, size: int) -> _Frame:
    sizes = drawn(rng, _SIZES, size) + 1
    ends = sizes.cumsum()
    sizes = sizes[: int(np.searchsorted(ends, size)) + 1]
    sizes[-1] -= sizes.sum() - size
    household = np.repeat(np.arange(len(sizes)), sizes)
    starts = sizes.cumsum() - sizes
    position = np.arange(size) - starts[household]
    couple = rng.random(len(sizes)) < 0.82
    is_partner = (position == 1) & couple[household]
    partner = np.full(len(sizes), NOBODY)
    partner[household[is_partner]] = np.flatnonzero(is_partner)
    return _Frame(
        household, position, starts[household], partner[household], is_partner, (position > 0) & ~is_partner
    )


def _births(rng: Rng, frame: _Frame) -> tuple[Integers, Flags]:
    """Birthdays, and who is the twin of the child before."""
    size = len(frame.household)
    head_age = np.clip(rng.normal(38.0, 13.0, size), 18.0, 85.0)[frame.head]
    head_birth = LAST_DAY - head_age * _YEAR
    birth = np.where(frame.is_partner, head_birth + rng.normal(300.0, 1500.0, size), head_birth)
    birth = np.minimum(birth, LAST_DAY - 18 * _YEAR)
    is_twin = frame.is_child & (rng.random(size) < PERSON_RATES["twin_of_sibling"])
    is_twin &= np.append(False, frame.is_child[:-1]) & (frame.position > 1)
    gaps = np.where(frame.is_child & ~is_twin, rng.integers(340, 1200, size), 0)
    reached = gaps.cumsum()
    since_first = reached - reached[frame.head]
    first_at = rng.uniform(18.0, 31.0, size)[frame.head] * _YEAR
    child = head_birth + first_at + since_first
    latest = LAST_DAY - 3000 + since_first
    child = np.where(child > latest, latest, child)
    days = np.where(frame.is_child, np.minimum(child, LAST_DAY - 30 - 330 * frame.position), birth)
    days = days.astype(np.int64)
    twins = np.flatnonzero(is_twin)
    days[twins] = days[twins - 1]
    return days, is_twin


def _family_names(rng: Rng, culture: Integers) -> Integers:
    """Family names of each one's culture; a few are common and many rare."""
    names = lexicon().surnames
    place = (names.count[culture] * rng.random(len(culture)) ** 2.0).astype(np.int64)
    found: Integers = names.first[culture] + place
    return found


def _given_names(rng: Rng, culture: Integers, sex: Integers) -> Integers:
    names = lexicon().given
    block = 2 * culture + sex
    place = (names.count[block] * rng.random(len(sex)) ** 1.8).astype(np.int64)
    found: Integers = names.first[block] + place
    return found


@dataclass(frozen=True)
class _Named:
    surname: Integers
    second_surname: Integers
    maiden_name: Integers
    given: Integers
    second_given: Integers
    father: Integers


def _named(rng: Rng, frame: _Frame, culture: Integers, sex: Integers) -> _Named:
    size = len(sex)
    customs = cultures()
    own, second = _family_names(rng, culture), _family_names(rng, culture)
    spouse = np.where(frame.is_partner, frame.head, np.where(frame.position == 0, frame.partner, NOBODY))
    takes = np.array([custom.wife_takes_name for custom in customs])[culture]
    is_wife = (spouse >= 0) & (sex == 1) & (rng.random(size) < takes)
    # The form for the bearer's sex follows from the number, so a husband's name serves his wife as it is.
    surname = np.where(is_wife, own[spouse], own)
    lately = is_wife & (rng.random(size) < PERSON_RATES["married_name_since_arrival"])
    head_is_father = (sex[frame.head] == 0) | (frame.partner < 0)
    father_at = np.where(head_is_father, frame.head, frame.partner)
    mother_at = np.where(head_is_father, np.where(frame.partner < 0, frame.head, frame.partner), frame.head)
    surname = np.where(frame.is_child, surname[father_at], surname)
    two = np.array([custom.two_surnames for custom in customs])[culture]
    second = np.where(frame.is_child, own[mother_at], second)
    given = _given_names(rng, culture, sex)
    has_father = frame.is_child & (sex[father_at] == 0)
    after_father = has_father & (sex == 0) & (rng.random(size) < PERSON_RATES["son_named_after_father"])
    given = np.where(after_father, given[father_at], given)
    father = _given_names(rng, culture, np.zeros(size, dtype=np.int64))
    father = np.where(has_father, given[father_at], father)
    # Brothers and sisters without a father at home still have one and the same.
    eldest = np.minimum(frame.head + 1, size - 1)
    father = np.where(frame.is_child & ~has_father, father[eldest], father)
    more = rng.random(size) < np.array([custom.second_given for custom in customs])[culture]
    another = _given_names(rng, culture, sex)
    return _Named(
        surname, np.where(two & (second != surname), second, NOBODY), np.where(lately, own, NOBODY),
        given, np.where(more & (another != given), another, NOBODY), father,
    )  # fmt: skip


def _papers(rng: Rng, frame: _Frame, birth: Integers, birthplace: Integers, is_twin: Flags) -> Integers:
    """The birthday in the papers; where one of a family lacks the day, the others mostly lack it too."""
    size = len(birth)
    alone = rng.random(size)
    luck = np.where(rng.random(size) < 0.7, alone[frame.head], rng.random(size))
    unknown = luck < january_shares()[birthplace]
    twins = np.flatnonzero(is_twin)
    unknown[twins] = unknown[twins - 1]
    years = (year_of(birth) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    papers: Integers = np.where(unknown, years, birth)
    return papers


def families(rng: Rng, size: int) -> Family:
    """That many persons, in households; the last household may lack members."""
    frame = _frame(rng, size)
    home = drawn(rng, origin_shares(), size)
    elsewhere = rng.random(size) < 0.15
    origin = np.where(frame.is_partner & elsewhere, home, home[frame.head])
    head_sex = (rng.random(size) < 0.42).astype(np.int64)
    sex = np.where(frame.is_child, (rng.random(size) < 0.487).astype(np.int64), head_sex)
    sex = np.where(frame.is_partner, 1 - head_sex[frame.head], sex)
    birth, is_twin = _births(rng, frame)
    fathers = np.where((sex[frame.head] == 0) | (frame.partner < 0), frame.head, frame.partner)
    origin = np.where(frame.is_child, origin[fathers], origin)
    culture = lexicon().culture_of_area[origin].astype(np.int64)
    names = _named(rng, frame, culture, sex)
    born_here = frame.is_child & (birth > LAST_DAY - 15 * _YEAR) & (rng.random(size) < 0.35)
    birthplace = np.where(born_here, HOME, origin)
    luck = rng.random(size)
    naturalised = luck < PERSON_RATES["naturalised"]
    stateless = luck > 1 - PERSON_RATES["stateless"]
    citizenship = np.where(naturalised, HOME, np.where(stateless, STATELESS_AT, origin))
    region = drawn(rng, regions().foreign, size)[frame.head]
    return Family(
        frame.household, frame.is_child, sex, birth, _papers(rng, frame, birth, birthplace, is_twin), origin,
        birthplace, citizenship, names.surname, names.second_surname, names.maiden_name, names.given,
        names.second_given, names.father, region,
    )  # fmt: skip
