"""Special uniques: records that few of their keys already make unique.

A *minimal sample unique* is a set of keys in which a record is alone in the file, and in none of its parts.
The fewer keys it takes, and the more such sets a record has, the likelier it is that the person is alone in
the population too. A record's score adds up, over its sets, (K - s)! where K is the number of keys and s the
size of the set.

Source: M. J. Elliot, A. M. Manning and R. W. Ford, A computational algorithm for handling the special uniques
problem, IJUFKS 10 (2002); M. J. Elliot, A. Manning, K. Mayes, J. Gurd and M. Bane, SUDA: a program for
detecting special uniques, UNECE work session 2005 (scores and their scaling by data intrusion simulation).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
import numpy.typing as npt

from sojourn.disclosure.microdata.key_codes import MISSING, Codes, packed, patterns_of
from sojourn.disclosure.microdata.matching import Missing, agreeing_sums
from sojourn.disclosure.microdata.population import correct_given_unique
from sojourn.errors import ProjectError

__all__ = ["SpecialUniques", "intrusion_scores", "special_uniques"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_MOST_SETS = 20_000


@dataclass(frozen=True)
class SpecialUniques:
    """Scores by record, how many minimal sets there are of each size, and what each key adds to all scores.

    `scores` and `intrusion` (the score as a chance between 0 and 1, DIS-SUDA) are zero for records without a
    minimal sample unique. `sets[s - 1]` counts the sets of s keys. `contributions` are shares by key of the
    total score that stands on sets with that key; they add up to more than one.
    """

    scores: Floats
    intrusion: Floats
    smallest: Integers
    sets: tuple[int, ...]
    contributions: tuple[float, ...]


def special_uniques(
    codes: Codes, *, fraction: float, largest: int | None = None, missing: Missing = "matches"
) -> SpecialUniques:
    """The special uniques among records (records × keys), with sets of up to `largest` keys, all if None.

    `fraction` is that of the population which is in the file. A record has no set with a key that it does
    not state; under `matches` one that does not state a key of a set is like all others in it.

    Raises: ProjectError when there are more than 20,000 sets of keys to look at.
    """
    keys = codes.shape[1]
    most = keys if largest is None else min(largest, keys)
    count = sum(factorial(keys) // factorial(size) // factorial(keys - size) for size in range(1, most + 1))
    if count > _MOST_SETS:
        raise ProjectError(
            f"{keys} keys have {count:,} sets of up to {most}.",
            "Name fewer keys, or look at sets of fewer keys: those of few keys matter most.",
        )
    found = patterns_of(codes)
    alone = agreeing_sums(found.codes, found.records[:, None].astype(np.float64), missing)[:, 0] == 1
    search = _Search(found.codes, found.records, alone, missing)
    for size in range(1, most + 1):
        search.look_at(size)
    scores = np.zeros(len(found.codes))
    scores[search.rows] = search.scores
    smallest = np.zeros(len(found.codes), np.int64)
    smallest[search.rows] = search.smallest
    by_record = scores[found.of_record]
    total = by_record.sum()
    pairs = int(found.records[found.records == 2].sum())
    return SpecialUniques(
        by_record,
        intrusion_scores(by_record, int(alone.sum()), pairs, fraction, keys),
        smallest[found.of_record],
        tuple(search.sets),
        tuple(float(part / total) if total else 0.0 for part in search.by_key),
    )


class _Search:
    """Minimal sets found level by level: a set is minimal where no set of one key less makes unique.

    Whoever is unique in some keys is unique in all, so that only such patterns (`rows`) can have a set.
    """

    def __init__(self, codes: Codes, records: Integers, alone: Flags, missing: Missing) -> None:
        self.codes, self.records, self.missing = codes, records, missing
        self.rows = np.flatnonzero(alone)
        self.scores = np.zeros(len(self.rows))
        self.smallest = np.zeros(len(self.rows), np.int64)
        self.sets: list[int] = []
        self.by_key = np.zeros(codes.shape[1])
        self._before: dict[tuple[int, ...], Flags] = {(): np.zeros(len(self.rows), bool)}

    def look_at(self, size: int) -> None:
        """Look at all sets of one size; those of the size before were looked at."""
        here: dict[tuple[int, ...], Flags] = {}
        worth = float(factorial(self.codes.shape[1] - size))
        count = 0
        for keys in combinations(range(self.codes.shape[1]), size):
            unique = self._unique(keys)
            here[keys] = unique
            minimal = unique.copy()
            for left in combinations(keys, size - 1):
                minimal &= ~self._before[left]
            self.scores += worth * minimal
            self.smallest[minimal & (self.smallest == 0)] = size
            self.by_key[list(keys)] += worth * minimal.sum()
            count += int(minimal.sum())
        self.sets.append(count)
        self._before = here

    def _unique(self, keys: tuple[int, ...]) -> Flags:
        """Which of the rows state all the keys and are alone in them."""
        part = self.codes[:, keys]
        stated = ~np.any(part[self.rows] == MISSING, axis=1)
        if self.missing == "category" or not np.any(part == MISSING):
            _, place, counts = np.unique(packed(self.codes, keys), return_inverse=True, return_counts=True)
            single = np.bincount(place.reshape(-1), self.records, len(counts)) == 1
            return np.asarray(single[place.reshape(-1)[self.rows]] & stated, np.bool_)
        own = patterns_of(np.ascontiguousarray(part))
        held = np.bincount(own.of_record, self.records)[:, None].astype(np.float64)
        agreeing = agreeing_sums(own.codes, held, self.missing)[:, 0]
        return np.asarray((agreeing[own.of_record[self.rows]] == 1) & stated, np.bool_)


def intrusion_scores(scores: Floats, unique: int, in_pairs: int, fraction: float, keys: int) -> Floats:
    """Scores as chances that a match is right, which on the whole agree with data intrusion simulation.

    With d = fraction · unique / (fraction · unique + (1 - fraction) · in_pairs), a record of score s has the
    chance 1 / (1 + unique · (1/d - 1) / (s^q · sum of s^-q)), the sum over records with a score, and
    q = 1 + (8 - keys) / 20. Where no record comes in twos d is 1, and so is every chance.
    """
    found = np.zeros(len(scores))
    has = scores > 0
    right = correct_given_unique(unique, in_pairs, fraction)
    if not has.any() or right is None or right <= 0:
        return found
    powers = scores[has] ** (1.0 + (8.0 - keys) / 20.0)
    found[has] = 1.0 / (1.0 + unique * (1.0 / right - 1.0) / (powers * np.sum(1.0 / powers)))
    return found
