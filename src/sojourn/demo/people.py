"""People: who they are when they are born or first appear, drawn a household at a time.

Everything is columns: one array a property, one position a person. Households give their members a
region, a family name and a history of arrival; origin decides language, script and how well papers know
a birthday. Nothing here moves: that is the business of `lives` and `journeys`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from sojourn.demo.country import HOME, NEVER, NO_AREA, Floats, Integers, areas, regions
from sojourn.demo.names import lexicon

__all__ = [
    "STATELESS_AT",
    "Biography",
    "Persons",
    "Reason",
    "drawn",
    "households",
    "individuals",
    "region_of_stratum",
    "stated",
    "year_of",
]

Flags = npt.NDArray[np.bool_]
Rng = np.random.Generator
_YEAR = 365.25
STATELESS_AT = len(areas().code)


class Biography(IntEnum):
    """What ties a person to Ruritania over the ten years observed."""

    RESIDENT = 0
    VISITOR = 1
    SEASONAL = 2
    SHORT_TERM = 3
    NEAR_THRESHOLD = 4
    NEVER_CAME = 5


class Reason(IntEnum):
    """Main reason for coming; `NONE` for those who never came from abroad."""

    NONE = -1
    EMPLOYMENT = 0
    FAMILY = 1
    EDUCATION = 2
    PROTECTION = 3
    OTHER = 4


@dataclass(frozen=True)
class Persons:
    """One position a person. Days are day numbers; areas, regions and names positions in their tables.

    `birth_day` is the truth, `stated_birth_day` what the papers say. `former_citizenship` is the one given
    up or kept as a second on naturalisation; `second_citizenship` one held beside the first.
    """

    sex: Integers
    birth_day: Integers
    stated_birth_day: Integers
    birthplace: Integers
    mother_birthplace: Integers
    father_birthplace: Integers
    citizenship: Integers
    second_citizenship: Integers
    former_citizenship: Integers
    naturalised_day: Integers
    household: Integers
    stratum: Integers
    family_name: Integers
    given_name: Integers
    second_name: Integers
    reason: Integers
    first_arrival: Integers
    death_day: Integers
    biography: Integers

    def __len__(self) -> int:
        return len(self.sex)

    @staticmethod
    def joined(*parts: Persons) -> Persons:
        """The persons of several parts, one after the other."""
        return Persons(
            *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Persons))
        )


def region_of_stratum() -> Integers:
    """The region in which each survey stratum lies."""
    return np.repeat(np.arange(len(regions().code)), regions().strata)


def year_of(days: Integers) -> Integers:
    """The calendar year of each day."""
    years: Integers = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return years


def drawn(rng: Rng, shares: Floats, size: int) -> Integers:
    """Positions drawn with the given shares."""
    return np.searchsorted(shares.cumsum() / shares.sum(), rng.random(size), side="right")


def stated(rng: Rng, birth_day: Integers, origin: Integers) -> Integers:
    """The birthday in the papers: 1 January where nobody wrote the day down."""
    unknown = rng.random(len(birth_day)) < areas().january[np.minimum(origin, STATELESS_AT - 1)]
    first_days = (year_of(birth_day) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return np.where(unknown, first_days, birth_day)


@dataclass(frozen=True)
class _Members:
    """The frame of households' members: which household, which place in it, which role."""

    household: Integers
    position: Integers
    is_partner: Flags
    is_child: Flags
    age: Floats


def _members(rng: Rng, sizes: Integers, head_age: Floats) -> _Members:
    household = np.repeat(np.arange(len(sizes)), sizes)
    position = np.arange(len(household)) - np.repeat(sizes.cumsum() - sizes, sizes)
    size, head = sizes[household], head_age[household]
    chance = rng.random(len(household))
    is_partner = (position == 1) & (chance < np.where(size == 2, 0.78, 0.9)) & (head >= 18)
    is_elder = (position > 1) & (chance < 0.05)
    is_child = (position > 0) & ~is_partner & ~is_elder
    gap = rng.uniform(20.0, 39.0, len(household))
    age = np.where(is_partner, np.maximum(head + rng.normal(-1.0, 4.0, len(household)), 17.5), head)
    age = np.where(is_elder, np.minimum(head + gap, 97.0), age)
    age = np.where(is_child, np.maximum(head - gap, rng.uniform(0.0, 3.0, len(household))), age)
    return _Members(household, position, is_partner, is_child, age)


def _sexes(rng: Rng, members: _Members) -> Integers:
    heads_female = (rng.random(members.household.max(initial=-1) + 1) < 0.4).astype(np.int64)
    head = heads_female[members.household]
    others = (rng.random(len(head)) < 0.488).astype(np.int64)
    return np.where(members.position == 0, head, np.where(members.is_partner, 1 - head, others))


def _reasons(rng: Rng, origin: Integers, members: _Members) -> Integers:
    """A household's reason; those who come along with workers and students come for family."""
    heads = np.zeros(members.household.max(initial=-1) + 1, dtype=np.int64)
    chance = rng.random(len(heads))
    usual = drawn(rng, np.array([0.46, 0.27, 0.18, 0.0, 0.09]), len(heads))
    protected = chance < areas().protection[np.minimum(origin, STATELESS_AT - 1)]
    heads = np.where(protected, int(Reason.PROTECTION), usual)
    own = heads[members.household]
    along = (members.position > 0) & (own != Reason.PROTECTION)
    return np.where(along, int(Reason.FAMILY), own)


def _citizenships(
    rng: Rng,
    members: _Members,
    birthplace: Integers,
    parents: tuple[Integers, Integers],
    years_here: Floats,
) -> tuple[Integers, Integers, Integers]:
    """Citizenship now, beside it, and before: by descent, by birth to citizens, by naturalisation."""
    chance = rng.random(len(birthplace))
    foreign = birthplace != HOME
    by_descent = foreign & (chance < 0.03)
    naturalised = (
        foreign & ~by_descent & (years_here > 8) & (chance < 0.03 + 0.5 * (1 - np.exp(-years_here / 15)))
    )
    stateless = foreign & ~by_descent & ~naturalised & (chance > 0.995)
    own = np.where(by_descent | naturalised, HOME, np.where(stateless, STATELESS_AT, birthplace))
    born_foreign = ~foreign & (parents[0] != HOME) & (parents[1] != HOME) & (chance < 0.3)
    keeps = (by_descent | naturalised) & (rng.random(len(birthplace)) < 0.4)
    second = np.where(keeps, birthplace, NO_AREA)
    # Some citizens by birth hold the passport of a country to which an ancestor went.
    abroad = drawn(rng, areas().stock, len(birthplace))
    second = np.where((own == HOME) & ~foreign & (rng.random(len(own)) < 0.012), abroad, second)
    citizenship = _children_follow(members, np.where(born_foreign, parents[0], own))
    second = np.where(second == citizenship, NO_AREA, second)
    return citizenship, second, np.where(naturalised & (citizenship == HOME), birthplace, NO_AREA)


def households(
    rng: Rng,
    *,
    sizes: Integers,
    origin: Integers,
    head_age: Floats,
    arrival: Integers,
    day: int | Integers,
    first_household: int,
) -> Persons:
    """Members of households that exist on a day (one for all, or one a household).

    `origin` is where the head comes from, `arrival` when the household came from there (`NEVER` for
    those from here). A member born after the arrival was born here.
    """
    members = _members(rng, sizes, head_age)
    of, count = members.household, len(members.household)
    on = np.broadcast_to(np.asarray(day), sizes.shape)[of]
    birth_day = (on - members.age * _YEAR - rng.uniform(1.0, 30.0, count)).astype(np.int64)
    ever = on - (rng.uniform(0.5, 20.0, count) * _YEAR).astype(np.int64)
    came = np.where(arrival[of] == NEVER, np.maximum(ever, birth_day + 1), arrival[of])
    root = _roots(rng, members, origin)
    birthplace = np.where((root != HOME) & (birth_day < came), root, HOME)
    is_migrant = birthplace != HOME
    mother, father, sex = _parents(rng, members, birthplace, root)
    years_here = np.where(is_migrant, (on - came) / _YEAR, 0.0)
    citizenship, second, former = _citizenships(rng, members, birthplace, (mother, father), years_here)
    culture = lexicon().culture_of_area[root]
    strata = _strata(rng, origin)
    given, second_name = given_names(rng, culture, sex)
    return Persons(
        sex, birth_day, stated(rng, birth_day, birthplace), birthplace, mother, father,
        citizenship, second, former, np.full(count, NEVER), of + first_household, strata[of],
        _family_names(rng, members, culture), given, second_name,
        np.where(is_migrant, _reasons(rng, origin, members), int(Reason.NONE)),
        np.where(is_migrant, came, NEVER), np.full(count, NEVER), np.full(count, int(Biography.RESIDENT)),
    )  # fmt: skip


def _roots(rng: Rng, members: _Members, origin: Integers) -> Integers:
    """Where each member's family is from: partners mostly, but not always, from the same country."""
    head = origin[members.household]
    chance = rng.random(len(head))
    elsewhere = drawn(rng, areas().stock, len(head))
    of_migrants = np.where(chance < 0.82, head, np.where(chance < 0.96, HOME, elsewhere))
    of_others = np.where(chance < 0.975, HOME, elsewhere)
    return np.where(members.is_partner, np.where(head != HOME, of_migrants, of_others), head)


def _parents(
    rng: Rng, members: _Members, birthplace: Integers, root: Integers
) -> tuple[Integers, Integers, Integers]:
    """Mothers' and fathers' birthplaces, and the members' sexes on which they depend."""
    sex = _sexes(rng, members)
    chance, other = rng.random(len(root)), drawn(rng, areas().stock, len(root))
    settled = np.where(root != HOME, root, np.where(chance < 0.03, other, HOME))
    mother = np.where(rng.random(len(root)) < 0.96, settled, np.where(root != HOME, HOME, other))
    father = np.where(rng.random(len(root)) < 0.96, settled, np.where(root != HOME, HOME, other))
    total = members.household.max(initial=-1) + 1
    head_place = birthplace[members.position == 0]
    partner_place = head_place.copy()
    partner_place[members.household[members.is_partner]] = birthplace[members.is_partner]
    head_female = np.zeros(total, dtype=bool)
    head_female[members.household[members.position == 0]] = sex[members.position == 0] == 1
    of_head, of_partner, by_head = (
        part[members.household] for part in (head_place, partner_place, head_female)
    )
    mother = np.where(members.is_child, np.where(by_head, of_head, of_partner), mother)
    father = np.where(members.is_child, np.where(by_head, of_partner, of_head), father)
    return mother, father, sex


def _children_follow(members: _Members, citizenship: Integers) -> Integers:
    """A child has the citizenship of a parent who is a citizen, else the head's."""
    head = citizenship[members.position == 0]
    partner = head.copy()
    partner[members.household[members.is_partner]] = citizenship[members.is_partner]
    of_child = np.where((head == HOME) | (partner == HOME), HOME, head)
    return np.where(members.is_child, of_child[members.household], citizenship)


def _family_names(rng: Rng, members: _Members, culture: npt.NDArray[np.int8]) -> Integers:
    names = lexicon().surnames
    # A power of a uniform number makes some surnames much more common than others.
    own = names.first[culture] + (names.count[culture] * rng.random(len(culture)) ** 1.6).astype(np.int64)
    heads = own[members.position == 0][members.household]
    keeps_own = members.is_partner & (rng.random(len(own)) < 0.3)
    return np.where(keeps_own, own, heads)


def given_names(rng: Rng, culture: npt.NDArray[np.int8], sex: Integers) -> tuple[Integers, Integers]:
    """A first given name, and a second one (or -1) for two persons in five."""
    names = lexicon().given
    block = 2 * culture.astype(np.int64) + sex
    first = names.first[block] + (names.count[block] * rng.random(len(sex)) ** 1.3).astype(np.int64)
    second = names.first[block] + (names.count[block] * rng.random(len(sex))).astype(np.int64)
    has_second = (rng.random(len(sex)) < 0.4) & (second != first)
    return first, np.where(has_second, second, -1)


def _strata(rng: Rng, origin: Integers) -> Integers:
    """A survey stratum, and so a region, for each household; people from abroad settle elsewhere."""
    table = regions()
    of_natives = np.repeat(table.residents / table.strata, table.strata)
    of_migrants = np.repeat(table.foreign / table.strata, table.strata)
    return np.where(origin == HOME, drawn(rng, of_natives, len(origin)), drawn(rng, of_migrants, len(origin)))


def individuals(
    rng: Rng, *, count: int, shares: Floats, day: int | Integers, biography: Biography, first_household: int
) -> Persons:
    """Persons from abroad who come alone and do not settle, or have not come yet."""
    origin = drawn(rng, shares, count)
    age = np.clip(rng.normal(37.0, 13.0, count), 18.0, 84.0)
    come = households(
        rng,
        sizes=np.ones(count, dtype=np.int64),
        origin=origin,
        head_age=age,
        arrival=np.broadcast_to(np.asarray(day), (count,)).astype(np.int64),
        day=day,
        first_household=first_household,
    )
    come.biography[:] = int(biography)
    come.first_arrival[:] = NEVER
    come.citizenship[:] = np.where(come.citizenship == HOME, origin, come.citizenship)
    come.second_citizenship[come.second_citizenship == come.citizenship] = NO_AREA
    return come
