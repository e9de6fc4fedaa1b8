"""How many records could be the same person, when some of their keys are not known.

Two rules. Under `matches` a value that is not known could be any: two records agree when they agree in all
keys that both state, as an intruder would have to reckon. Under `category` what is not known is a value like
others, and only records without it too agree in it.

Source: rule `matches` as in sdcMicro's freqCalc (M. Templ, A. Kowarik, B. Meindl, Journal of Statistical
Software 67(4), 2015).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from sojourn.disclosure.microdata.key_codes import MISSING, Codes, packed

__all__ = ["Missing", "agreeing_sums", "gaps_of"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Missing = Literal["matches", "category"]


def gaps_of(codes: Codes) -> Integers:
    """Which keys each row does not state: one bit for each key, the first key the lowest."""
    bits = np.int64(1) << np.arange(codes.shape[1], dtype=np.int64)
    found: Integers = ((codes == MISSING) * bits).sum(axis=1)
    return found


def agreeing_sums(codes: Codes, amounts: Floats, missing: Missing = "matches") -> Floats:
    """For each row the sums, over the rows that agree with it and itself, of each column of amounts.

    `codes` are different rows (patterns × keys), `amounts` what stands behind each (patterns × sums). The
    work grows with the square of the number of different sets of unstated keys, of which there are few.
    """
    gaps = gaps_of(codes)
    kinds = np.unique(gaps)
    if missing == "category" or (len(kinds) == 1 and kinds[0] == 0):
        return amounts.astype(np.float64, copy=True)
    members = {int(kind): np.flatnonzero(gaps == kind) for kind in kinds}
    found = np.zeros(amounts.shape)
    numbers: dict[int, Integers] = {}
    for theirs, others in members.items():
        totals: dict[int, tuple[Integers, Floats]] = {}
        for mine, rows in members.items():
            either = mine | theirs
            if either not in numbers:
                stated = [key for key in range(codes.shape[1]) if not either >> key & 1]
                numbers[either] = packed(codes, stated)
            if either not in totals:
                totals[either] = _summed(numbers[either][others], amounts[others])
            found[rows] += _looked_up(numbers[either][rows], *totals[either])
    return found


def _summed(numbers: Integers, amounts: Floats) -> tuple[Integers, Floats]:
    """The different numbers in order, and the sums of the amounts of each."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return ordered[starts], np.add.reduceat(amounts[order], starts, axis=0)


def _looked_up(numbers: Integers, known: Integers, sums: Floats) -> Floats:
    place = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    found: Floats = np.where((known[place] == numbers)[:, None], sums[place], 0.0)
    return found
