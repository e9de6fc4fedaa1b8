"""Local suppression, compiled: one record after another, with counts that follow every suppression.

A record whose keys in the set `gap` are not stated agrees with another of the gap `other` when both are the
same in all keys of neither set. So it is enough to count, for every gap that occurs, the records by what
they hold in every set of further keys left out: `_Counts` is such a table, open addressing with a number of
64 bits for each entry. Two entries could fall on one number once in 10^7 files; the caller counts again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled

__all__ = ["suppressed_gaps"]

Codes = npt.NDArray[np.int32]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xBF58476D1CE4E5B9)
_THIRD = np.uint64(0x94D049BB133111EB)


@compiled
def _mixed(number: Any) -> Any:
    """The finaliser of SplitMix64."""
    number = (number ^ (number >> np.uint64(30))) * _SECOND
    number = (number ^ (number >> np.uint64(27))) * _THIRD
    return number ^ (number >> np.uint64(31))


@compiled
def _entry(codes: Any, row: Any, gap: Any, left: Any) -> Any:
    """The number of what a row holds in the keys that are neither in `gap` nor in `left`."""
    number = _mixed((np.uint64(gap) << np.uint64(32)) + np.uint64(left) + _FIRST)
    for key in range(codes.shape[1]):
        if not ((gap | left) >> key) & 1:
            number += _mixed((np.uint64(key + 1) << np.uint64(40)) + np.uint64(codes[row, key]) + _FIRST)
    number = _mixed(number)
    return number if number != 0 else np.uint64(1)


@compiled
def _place(numbers: Any, number: Any) -> Any:
    """Where an entry is, or would be."""
    last = np.uint64(len(numbers) - 1)
    at = number & last
    while numbers[at] != 0 and numbers[at] != number:
        at = (at + np.uint64(1)) & last
    return at


@compiled
def _add(
    codes: Any, row: Any, gap: Any, sets: Any, numbers: Any, counts: Any, amount: Any, open_ones: Any
) -> None:
    """Count a row, of a gap, in every set of keys left out that lies outside the gap."""
    for at_set in range(len(sets)):
        left = sets[at_set]
        if left & gap:
            continue
        number = _entry(codes, row, gap, left)
        at = _place(numbers, number)
        numbers[at] = number
        counts[at, 0] += amount
        counts[at, 1] += open_ones


@compiled
def _agreeing(codes: Any, row: Any, gap: Any, gaps: Any, held: Any, numbers: Any, counts: Any) -> Any:
    """How many counted rows agree with a row if its gap is this; and how many of them are still open."""
    agreeing, open_ones = 0, 0
    for kind in range(len(gaps)):
        if held[kind] == 0:
            continue
        number = _entry(codes, row, gaps[kind], gap & ~gaps[kind])
        at = _place(numbers, number)
        if numbers[at] == number:
            agreeing += counts[at, 0]
            open_ones += counts[at, 1]
    return agreeing, open_ones


@compiled
def _kind_of(gap: Any, gaps: Any) -> Any:
    for kind in range(len(gaps)):
        if gaps[kind] == gap:
            return kind
    return -1


@compiled
def _cheapest(
    codes: Any,
    row: Any,
    gap: Any,
    choices: Any,
    costs: Any,
    least: Any,
    gaps: Any,
    held: Any,
    numbers: Any,
    counts: Any,
) -> Any:
    """The further gap that is enough and costs least; of several the one in which most open rows agree."""
    best, best_cost, best_help = -1, np.inf, -1
    for choice in range(len(choices)):
        if costs[choice] > best_cost:
            break
        more = choices[choice]
        if more & gap:
            continue
        agreeing, help_of = _agreeing(codes, row, gap | more, gaps, held, numbers, counts)
        if agreeing + 1 >= least and help_of > best_help:
            best, best_cost, best_help = more, costs[choice], help_of
    return best


@compiled
def _treated(
    codes: Any,
    given: Any,
    amounts: Any,
    is_open: Any,
    rows: Any,
    least: Any,
    choices: Any,
    costs: Any,
    sets: Any,
    gaps: Any,
    held: Any,
    numbers: Any,
    counts: Any,
    found: Any,
) -> None:
    """Count all rows, and let each of `rows` in turn lose the cheapest keys that are enough."""
    for row in range(len(codes)):
        _add(codes, row, given[row], sets, numbers, counts, amounts[row], is_open[row])
        held[_kind_of(given[row], gaps)] += amounts[row]
    for place in range(len(rows)):
        row, gap = rows[place], found[place]
        _add(codes, row, gap, sets, numbers, counts, -1, -1)
        held[_kind_of(gap, gaps)] -= 1
        if _agreeing(codes, row, gap, gaps, held, numbers, counts)[0] + 1 < least:
            more = _cheapest(codes, row, gap, choices, costs, least, gaps, held, numbers, counts)
            if more >= 0:
                gap |= more
        found[place] = gap
        _add(codes, row, gap, sets, numbers, counts, 1, 0)
        held[_kind_of(gap, gaps)] += 1


@compiled
def _taken_back(
    codes: Any, given: Any, rows: Any, found: Any, agreeing: Any, least: Any, choices: Any, sets: Any,
    gaps: Any, held: Any, numbers: Any, counts: Any,
) -> None:  # fmt: skip
    """Give back keys, dearest first and the last suppressed first, that later suppressions made needless."""
    for place in range(len(rows)):
        agreeing[place] = _agreeing(codes, rows[place], found[place], gaps, held, numbers, counts)[0]
    for place in range(len(rows) - 1, -1, -1):
        row = rows[place]
        for choice in range(len(choices) - 1, -1, -1):
            key = choices[choice]
            if key & (key - 1) or not key & found[place] or key & given[row]:
                continue
            gap = found[place] & ~key
            own = _agreeing(codes, row, gap, gaps, held, numbers, counts)[0]
            # The row is counted under its wider gap, and agrees with itself there.
            if own < least or _hurts(codes, rows, found, agreeing, place, key, least):
                continue
            _add(codes, row, found[place], sets, numbers, counts, -1, 0)
            held[_kind_of(found[place], gaps)] -= 1
            for other in range(len(rows)):
                if other != place and _leaves(codes, rows, found, place, other, key):
                    agreeing[other] -= 1
            found[place], agreeing[place] = gap, own
            _add(codes, row, gap, sets, numbers, counts, 1, 0)
            held[_kind_of(gap, gaps)] += 1


@compiled
def _leaves(codes: Any, rows: Any, found: Any, place: Any, other: Any, key: Any) -> Any:
    """Whether another row agrees with this one only as long as this one does not state the key."""
    row, theirs = rows[place], rows[other]
    if found[other] & key:
        return False
    either = found[place] | found[other]
    differs = False
    for at in range(codes.shape[1]):
        if codes[row, at] != codes[theirs, at]:
            if not (either >> at) & 1:
                return False
            if (key >> at) & 1:
                differs = True
    return differs


@compiled
def _hurts(codes: Any, rows: Any, found: Any, agreeing: Any, place: Any, key: Any, least: Any) -> Any:
    """Whether stating the key again would leave another row with too few."""
    for other in range(len(rows)):
        if other != place and agreeing[other] <= least and _leaves(codes, rows, found, place, other, key):
            return True
    return False


def suppressed_gaps(
    codes: Codes,
    given: Integers,
    amounts: Integers,
    rows: Integers,
    least: int,
    choices: Integers,
    costs: Floats,
    sets: Integers,
    gaps: Integers,
    size: int,
) -> Integers:
    """The gap of each row of `rows` (places of single records, in order of treatment) after suppression.

    `codes` has patterns and then a row for each single record that may change; `amounts` says how many
    records a row stands for, `given` is its gap before. `choices` are sets of keys to suppress in order of
    `costs`, `sets` all sets that may be left out, `gaps` all gaps that can occur, `size` that of the table of
    counts, a power of two. A row for which no choice is enough keeps its gap.
    """
    numbers, counts = np.zeros(size, np.uint64), np.zeros((size, 2), np.int32)
    held = np.zeros(len(gaps), np.int64)
    is_open = np.zeros(len(codes), np.int64)
    is_open[rows] = 1
    found = given[rows].copy()
    _treated(
        codes, given, amounts, is_open, rows, least, choices, costs, sets, gaps, held, numbers, counts, found
    )
    _taken_back(
        codes, given, rows, found, np.zeros(len(rows), np.int64), least, choices, sets, gaps, held, numbers,
        counts,
    )  # fmt: skip
    return found
