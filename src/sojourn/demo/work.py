"""Work and schooling on the last day observed, fixed by a hash of seed and person as papers are."""

from __future__ import annotations

import numpy as np

from sojourn.demo.country import HOME, LAST_DAY, Integers
from sojourn.demo.papers import chance
from sojourn.demo.people import Persons

__all__ = ["ACTIVITIES", "activities", "ages", "educations"]

ACTIVITIES = ("employed", "unemployed", "outside_labour_force", "not_applicable")


def ages(persons: Persons) -> Integers:
    """Age in completed years on the last day, by the birthday in the papers."""
    birth, last = persons.stated_birth_day.astype("datetime64[D]"), np.datetime64(LAST_DAY, "D")
    years = last.astype("datetime64[Y]") - birth.astype("datetime64[Y]")
    # The last day is 31 December, by which every birthday of the year has passed.
    result: Integers = np.maximum(years.astype(np.int64), 0)
    return result


def activities(seed: int, identifier: Integers, persons: Persons) -> Integers:
    """Positions in `ACTIVITIES`; those born abroad work less, the women among them least."""
    age, foreign, woman = ages(persons), persons.birthplace != HOME, persons.sex == 1
    employed = np.select(
        [age < 15, age < 20, age < 25, age < 60, age < 67], [0.0, 0.12, 0.48, 0.83, 0.45], 0.05
    )
    employed = (
        employed
        - 0.06 * (woman & (age < 67))
        - np.where(foreign & (age >= 20) & (age < 60), 0.04 + 0.09 * woman, 0.0)
    )
    unemployed = np.where((age >= 15) & (age < 67), np.where(foreign, 0.075, 0.04), 0.0)
    luck = chance(seed, 11, identifier)
    found = np.where(luck < employed, 0, np.where(luck < employed + unemployed, 1, 2))
    return np.where(age < 15, 3, found)


def educations(seed: int, identifier: Integers, persons: Persons) -> Integers:
    """ISCED 2011 levels 0 to 8; people born abroad stand more often at either end."""
    age, foreign = ages(persons), persons.birthplace != HOME
    natives = np.array([0.005, 0.04, 0.16, 0.43, 0.07, 0.06, 0.14, 0.085, 0.01]).cumsum()
    migrants = np.array([0.04, 0.10, 0.19, 0.27, 0.05, 0.06, 0.16, 0.115, 0.015]).cumsum()
    luck = chance(seed, 12, identifier)
    level = np.where(foreign, np.searchsorted(migrants, luck), np.searchsorted(natives, luck))
    ceiling = np.select([age < 6, age < 12, age < 16, age < 19, age < 22, age < 25], [0, 1, 2, 3, 5, 6], 8)
    result: Integers = np.minimum(level, ceiling)
    return result
