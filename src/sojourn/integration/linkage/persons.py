"""From links to persons: groups of records, best links first, in which nothing is impossible."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import Integers, Spans, compiled

__all__ = ["NEVER", "Facts", "Presences", "grouped", "never"]

# No day: of who did not die, and of who was never seen.
NEVER = np.iinfo(np.int32).max
# How long after a death a record may still arrive that was on its way: a month.
AFTER_DEATH = 31
# Days of two records that differ by no more than this may be one day: midnight, and clerks of two sources.
SAME_DAY = 1
Flags = npt.NDArray[np.bool_]
Days = np.ndarray[tuple[int, int], np.dtype[np.int32]]
ARRIVED, DEPARTED, BEFORE, AFTER = range(4)


@dataclass(frozen=True)
class Presences:
    """When the bearer of each record was in the country, as far as both ends are recorded.

    Those of record r stand from `starts[r]` to `starts[r + 1]`, in their order and without overlap. `days`
    has for each, as days since 1970, the rows ARRIVED, DEPARTED, BEFORE and AFTER: the record's last crossing
    before and its first crossing after, `-NEVER` and `NEVER` where there is none.
    """

    starts: Integers
    days: Days


@dataclass(frozen=True)
class Facts:
    """What decides whether records can be one person, a row a record.

    `birth` is the date of birth as a number of eight digits, below zero where the year is not known; `died`
    the day of death and `seen` the last day on which the person is known to have lived, as days since 1970,
    `NEVER` where there is none. `presences` are the stays of documents at the border.
    """

    birth: Spans
    died: Spans
    seen: Spans
    presences: Presences | None = None


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
    decided: Flags | None = None,
    listing: Spans | None = None,
) -> tuple[Spans, Flags]:
    """The group of each record, named by its first record, and which links join: the best go first.

    A link does not join two groups when the whole would be impossible: two records of one source in which a
    person stands `once`, of up to 64; births in two years that are no slip of one digit, unless the two
    records are this very link; a death before a sign of life; two records in two places at once, unless they
    are this very link and it is `decided` by a document or a reviewer; two records of one `listing`, with the
    same exception; two records that are known to be `apart`.
    """
    order = np.lexsort((others, ones, -scores))
    size = len(source)
    nothing = np.zeros(0, dtype=np.int32)
    held = np.zeros(size, dtype=np.uint64)
    if once is not None:
        held = np.where(once[source], np.uint64(1) << (source & 63).astype(np.uint64), np.uint64(0))
    known = facts or Facts(nothing, nothing, nothing)
    starts, never_with = _neighbours(apart, size)
    presences = known.presences or Presences(np.zeros(0, dtype=np.int64), np.zeros((4, 0), dtype=np.int32))
    decided = np.zeros(len(ones), dtype=np.bool_) if decided is None else decided
    parent, joins = _grouped(
        ones[order], others[order], held, known.birth, known.died, known.seen, starts, never_with,
        decided[order], presences.starts, presences.days, nothing if listing is None else listing,
    )  # fmt: skip
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
    decided: Flags,
    stays_from: Integers,
    stay_days: Days,
    listing: Spans,
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
        if _are_two(here, there, decided[at], following, stays_from, stay_days, listing):
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
def _are_two(
    here: int,
    there: int,
    is_decided: bool,
    following: Spans,
    stays_from: Integers,
    stay_days: Days,
    listing: Spans,
) -> bool:
    """Whether two groups cannot be one person by stays at the border or by lists of households."""
    if stay_days.shape[1] and _in_two_places(here, there, is_decided, following, stays_from, stay_days):
        return True
    return bool(len(listing)) and _listed_together(here, there, is_decided, following, listing)


@compiled
def _in_two_places(
    here: int, there: int, is_decided: bool, following: Spans, stays_from: Integers, stay_days: Days
) -> bool:
    """Whether two groups hold a record each whose stays contradict each other."""
    one = here
    while True:
        begin, end = stays_from[one], stays_from[one + 1]
        other = there
        while begin < end:
            is_said = is_decided and one == here and other == there
            begin2, end2 = stays_from[other], stays_from[other + 1]
            if not is_said and _stays_contradict(stay_days, begin, end, begin2, end2):
                return True
            other = following[other]
            if other == there:
                break
        one = following[one]
        if one == here:
            return False


@compiled
def _stays_contradict(stay_days: Days, begin: int, end: int, begin2: int, end2: int) -> bool:
    """Whether one of some stays contradicts one of some others; both stand in their order."""
    while begin < end and begin2 < end2:
        if _contradict(stay_days, begin, begin2):
            return True
        if stay_days[DEPARTED, begin] <= stay_days[DEPARTED, begin2]:
            begin += 1
        else:
            begin2 += 1
    return False


@compiled
def _contradict(stay_days: Days, stay: int, stay2: int) -> bool:
    """Whether one person cannot have had two stays unless two crossings were not recorded.

    In the crossings of both, day by day, they are then four in a row: two arrivals and two departures, each
    more than `SAME_DAY` after the one before.
    """
    later = stay if stay_days[ARRIVED, stay] > stay_days[ARRIVED, stay2] else stay2
    first_arrived = min(stay_days[ARRIVED, stay], stay_days[ARRIVED, stay2])
    last_arrived = stay_days[ARRIVED, later]
    earlier = stay if stay_days[DEPARTED, stay] < stay_days[DEPARTED, stay2] else stay2
    first_departed = stay_days[DEPARTED, earlier]
    last_departed = max(stay_days[DEPARTED, stay], stay_days[DEPARTED, stay2])
    return bool(
        first_departed - last_arrived > SAME_DAY
        and last_arrived - first_arrived > SAME_DAY
        and last_departed - first_departed > SAME_DAY
        and stay_days[BEFORE, later] < first_arrived
        and stay_days[AFTER, earlier] > last_departed
    )


@compiled
def _listed_together(here: int, there: int, is_decided: bool, following: Spans, listing: Spans) -> bool:
    """Whether two groups hold a record each of one list of a household."""
    one = here
    while True:
        other = there
        while listing[one] >= 0:
            is_said = is_decided and one == here and other == there
            if listing[one] == listing[other] and not is_said:
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
