"""From links to persons: groups of records, best links first, in which nothing is impossible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import Integers, Spans, compiled

__all__ = ["NEVER", "Facts", "grouped", "never"]

# No day: of who did not die, and of who was never seen.
NEVER = np.iinfo(np.int32).max
# How long after a death a record may still arrive that was on its way: a month.
AFTER_DEATH = 31
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Facts:
    """What decides whether records can be one person, a row a record.

    `birth` is the date of birth as a number of eight digits, below zero where the year is not known; `died`
    the day of death and `seen` the last day on which the person is known to have lived, as days since 1970,
    `NEVER` where there is none.
    """

    birth: Spans
    died: Spans
    seen: Spans


def never(size: int) -> Spans:
    """No day for any of so many records."""
    return np.full(size, NEVER, dtype=np.int32)


def grouped(
    ones: Spans,
    others: Spans,
    scores: npt.NDArray[np.floating],
    source: Spans,
    *,
    once: Flags | None = None,
    facts: Facts | None = None,
    apart: tuple[Spans, Spans] | None = None,
) -> tuple[Spans, Flags]:
    """The group of each record, named by its first record, and which links join: the best go first.

    A link does not join two groups when the whole would be impossible: two records of one source in which a
    person stands `once`, of up to 64; births in two years that are no slip of one digit, unless the two
    records are this very link; a death before a sign of life; two records that are known to be `apart`.
    """
    order = np.lexsort((others, ones, -scores))
    size = len(source)
    nothing = np.zeros(0, dtype=np.int32)
    held = np.zeros(size, dtype=np.uint64)
    if once is not None:
        held = np.where(once[source], np.uint64(1) << (source & 63).astype(np.uint64), np.uint64(0))
    known = facts or Facts(nothing, nothing, nothing)
    starts, never_with = _neighbours(apart, size)
    parent, joins = _grouped(
        ones[order], others[order], held, known.birth, known.died, known.seen, starts, never_with
    )
    found = np.zeros(len(ones), dtype=np.bool_)
    found[order] = joins
    return parent, found


def _neighbours(apart: tuple[Spans, Spans] | None, size: int) -> tuple[Integers, Spans]:
    """With whom each record is never together: those of record r from `starts[r]` to `starts[r + 1]`."""
    nobody = np.zeros(0, dtype=np.int32)
    one, other = apart if apart is not None else (nobody, nobody)
    of, with_whom = np.concatenate((one, other)), np.concatenate((other, one))
    starts = np.concatenate(([0], np.cumsum(np.bincount(of, minlength=size)))).astype(np.int64)
    return starts, with_whom[np.argsort(of, kind="stable")].astype(np.int32)


@compiled
def _root(parent: Spans, record: int) -> int:
    while parent[record] != record:
        parent[record] = parent[parent[record]]
        record = parent[record]
    return record


@compiled
def _lives_after_death(one: int, other: int, died: Spans, seen: Spans) -> bool:
    """Whether one of two records knows of a death before the other's sign of life."""
    if seen[other] != NEVER and died[one] < seen[other] - AFTER_DEATH:
        return True
    return bool(seen[one] != NEVER and died[other] < seen[one] - AFTER_DEATH)


@compiled
def _born_twice(one: int, other: int, birth: Spans) -> bool:
    """Whether two records are of births in two years that are no slip of one digit."""
    year, year2 = birth[one] // 10000, birth[other] // 10000
    if birth[one] < 0 or birth[other] < 0 or abs(year - year2) <= 1:
        return False
    differing = 0
    while year > 0 or year2 > 0:
        differing += year % 10 != year2 % 10
        year, year2 = year // 10, year2 // 10
    return differing > 1


@compiled
def _grouped(
    ones: Spans,
    others: Spans,
    held: npt.NDArray[np.uint64],
    birth: Spans,
    died: Spans,
    seen: Spans,
    starts: Integers,
    never_with: Spans,
) -> tuple[Spans, Flags]:
    size = len(held)
    parent = np.arange(size).astype(np.int32)
    # The records of a group in a ring, so that two groups are one when two places change.
    following = np.arange(size).astype(np.int32)
    joins = np.zeros(len(ones), dtype=np.bool_)
    for at in range(len(ones)):
        here, there = ones[at], others[at]
        one, other = _root(parent, here), _root(parent, there)
        if one == other:
            joins[at] = True
            continue
        if held[one] & held[other]:
            continue
        if len(birth) and _impossible(here, there, following, birth, died, seen):
            continue
        if len(never_with) and _kept_apart(here, other, parent, following, starts, never_with):
            continue
        low, high = min(one, other), max(one, other)
        parent[high] = low
        held[low] |= held[high]
        following[here], following[there] = following[there], following[here]
        joins[at] = True
    for record in range(size):
        parent[record] = _root(parent, record)
    return parent, joins


@compiled
def _impossible(here: int, there: int, following: Spans, birth: Spans, died: Spans, seen: Spans) -> bool:
    """Whether two groups hold a record each that cannot be one person."""
    one = here
    while True:
        other = there
        while True:
            is_this_link = one == here and other == there
            if _lives_after_death(one, other, died, seen) or (
                not is_this_link and _born_twice(one, other, birth)
            ):
                return True
            other = following[other]
            if other == there:
                break
        one = following[one]
        if one == here:
            return False


@compiled
def _kept_apart(
    here: int, other_root: int, parent: Spans, following: Spans, starts: Integers, never_with: Spans
) -> bool:
    """Whether a record of the group of `here` is never together with one of another group."""
    one = here
    while True:
        for at in range(starts[one], starts[one + 1]):
            if _root(parent, never_with[at]) == other_root:
                return True
        one = following[one]
        if one == here:
            return False
