"""Local suppression where what is not stated is a value like others: losers of keys are alike together."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from sojourn.disclosure.microdata.key_codes import MISSING, Codes, packed

__all__ = ["grouped_gaps"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]


def grouped_gaps(codes: Codes, endangered: Flags, least: int, prices: Floats, rank: Hashes) -> Codes:
    """Codes after suppression: groups of enough endangered records that are alike without some keys.

    Sets of keys are tried in the order of what they cost. Whoever is left at the end loses all keys that may
    be lost, and takes along others who then are alike where they are not enough of themselves: out of groups
    with some to spare, and else whole groups.
    """
    found = codes.copy()
    open_rows = np.flatnonzero(endangered)
    for lost in _by_cost(prices):
        if not len(open_rows):
            break
        found, open_rows = _closed(found, open_rows, lost, least)
    if len(open_rows):
        _join_others(found, open_rows, np.flatnonzero(np.isfinite(prices)), least, rank)
    return found


def _by_cost(prices: Floats) -> list[tuple[int, ...]]:
    """Sets of keys that may be lost, cheapest first."""
    usable = [key for key in range(len(prices)) if np.isfinite(prices[key])]
    sets = [some for size in range(1, len(usable) + 1) for some in combinations(usable, size)]
    return sorted(sets, key=lambda some: (sum(prices[key] for key in some), some))


def _closed(found: Codes, open_rows: Integers, lost: tuple[int, ...], least: int) -> tuple[Codes, Integers]:
    """Suppress a set of keys where it makes enough alike; what comes back is still open.

    Records that are alike already, with the same keys unstated, count too.
    """
    trial = found.copy()
    trial[open_rows[:, None], list(lost)] = MISSING
    number = packed(trial, range(found.shape[1]))
    _, place, counts = np.unique(number, return_inverse=True, return_counts=True)
    enough = counts[place.reshape(-1)[open_rows]] >= least
    closed = open_rows[enough]
    found[closed] = trial[closed]
    return found, open_rows[~enough]


def _join_others(found: Codes, open_rows: Integers, lost: Integers, least: int, rank: Hashes) -> None:
    """Bring each group of those left to its number with others that are alike in the keys that are kept."""
    keys = found.shape[1]
    kept = [key for key in range(keys) if key not in set(lost.tolist())]
    found[np.ix_(open_rows, lost)] = MISSING
    group = packed(found, kept)
    is_empty = np.all(found[:, lost] == MISSING, axis=1)
    for number in np.unique(group[open_rows]):
        here = np.flatnonzero(group == number)
        want = least - int(np.count_nonzero(is_empty[here]))
        others = here[~is_empty[here]]
        if want <= 0 or not len(others):
            continue
        taken = _chosen(packed(found[others], range(keys)), want, least, rank[others])
        found[np.ix_(others[taken], lost)] = MISSING


def _chosen(group: Integers, want: int, least: int, rank: Hashes) -> Integers:
    """Which records join: those that the largest groups can spare, else whole groups."""
    _, place, counts = np.unique(group, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    order = np.lexsort((rank, place, -counts[place]))
    ordered = place[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    within = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    spare = order[within >= least]
    if len(spare) >= want:
        chosen: Integers = spare[:want]
        return chosen
    # Smallest groups first: what is left of a group that is broken up would be endangered itself.
    by_size = np.argsort(counts, kind="stable")
    enough = int(np.searchsorted(np.cumsum(counts[by_size]), want)) + 1
    return np.flatnonzero(np.isin(place, by_size[:enough]))
