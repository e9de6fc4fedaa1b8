"""Households of the census: who lives in them, where they were born, and when they came.

Families come together: parents born in one country, and children born there or here, by their age. One native
in twenty-five lived abroad. Neighbours are alike, so that a sample of neighbourhoods varies more than one of
persons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.demo.country import HOME, Floats, Integers, areas, regions

__all__ = ["REFERENCE_YEAR", "Households", "Rng", "households_of"]

Rng = np.random.Generator
Flags = npt.NDArray[np.bool_]
REFERENCE_YEAR = 2024
NEIGHBOURS = 20
FOREIGN = 0.14
NEVER_CAME = 0


@dataclass(frozen=True)
class Households:
    """Persons as columns, household by household; places are positions in `areas`, 0 is the country itself.

    `arrival_year` is 0 of those who never came. `region` and `unit` (a neighbourhood) are of the household.
    """

    household: Integers
    member: Integers
    region: Integers
    unit: Integers
    sex: Integers
    age: Integers
    birthplace: Integers
    mother: Integers
    father: Integers
    arrival_year: Integers
    previous: Integers

    def __len__(self) -> int:
        return len(self.household)


def households_of(rng: Rng, households: int) -> Households:
    """So many households, in neighbourhoods of twenty that lie in regions."""
    region = np.sort(rng.choice(len(regions().code), households, p=regions().residents))
    unit = _units(region)
    share = np.clip(rng.beta(1.5, 1.5 / FOREIGN - 1.5, int(unit.max()) + 1), 0, 0.9)
    is_foreign = rng.random(households) < share[unit]
    origin = np.where(is_foreign, _origins(rng, areas().stock, households), HOME)
    size = rng.choice(np.arange(1, 7), households, p=[0.3, 0.3, 0.16, 0.15, 0.06, 0.03])
    household = np.repeat(np.arange(households), size)
    member = np.arange(len(household)) - np.repeat(size.cumsum() - size, size)
    head_age = rng.integers(20, 88, households)
    age = _ages(rng, member, head_age[household])
    came = np.where(origin > 0, _arrivals(rng, head_age), NEVER_CAME)
    return _persons(rng, household, member, region, unit, age, origin, came)


def _units(region: Integers) -> Integers:
    """The neighbourhood of each household: twenty neighbours, all of one region."""
    count = np.bincount(region)
    place = np.arange(len(region)) - np.repeat(count.cumsum() - count, count)
    units = np.maximum(count // NEIGHBOURS, 1)
    first = units.cumsum() - units
    found: Integers = first[region] + np.minimum(place // NEIGHBOURS, units[region] - 1)
    return found


def _origins(rng: Rng, shares: Floats, count: int) -> Integers:
    return rng.choice(len(shares), count, p=shares)


def _ages(rng: Rng, member: Integers, head: Integers) -> Integers:
    """Partners are about as old as the head, others a generation younger, or older where that cannot be."""
    count = len(member)
    partner = np.clip(head + rng.integers(-6, 7, count), 18, 95)
    child = head - rng.integers(20, 40, count)
    younger = np.where(child >= 0, child, np.clip(head + rng.integers(20, 35, count), 18, 95))
    found: Integers = np.select([member == 0, member == 1], [head, partner], younger)
    return found


def _arrivals(rng: Rng, age: Integers) -> Integers:
    """The year in which each family came: most of them lately, nobody before the head was born."""
    back = np.minimum(rng.exponential(11, len(age)).astype(np.int64), age)
    found: Integers = REFERENCE_YEAR - back
    return found


def _persons(
    rng: Rng,
    household: Integers,
    member: Integers,
    region: Integers,
    unit: Integers,
    age: Integers,
    origin: Integers,
    came: Integers,
) -> Households:
    count = len(household)
    own, arrived = origin[household], came[household]
    birth_year = REFERENCE_YEAR - age
    is_partner_native = (member == 1) & (own != HOME) & (rng.random(count) < 0.12)
    is_foreign = (own != HOME) & ~is_partner_native & (birth_year <= arrived)
    birthplace = np.where(is_foreign, own, HOME)
    parent = np.where(own != HOME, own, HOME)
    has_native_parent = (rng.random((2, count)) < 0.1) | ((own != HOME) & is_partner_native)
    returned = (birthplace == HOME) & (age >= 18) & (rng.random(count) < 0.04)
    back = np.minimum(rng.exponential(9, count).astype(np.int64), age - 1)
    arrival = np.where(is_foreign, arrived, np.where(returned, REFERENCE_YEAR - back, NEVER_CAME))
    onward = _origins(rng, areas().stock, count)
    previous = np.where(is_foreign, np.where(rng.random(count) < 0.9, own, onward), onward)
    return Households(
        household, member, region[household], unit[household], rng.integers(0, 2, count), age, birthplace,
        np.where(has_native_parent[0], HOME, parent), np.where(has_native_parent[1], HOME, parent),
        arrival, np.where(arrival > 0, previous, HOME),
    )  # fmt: skip
