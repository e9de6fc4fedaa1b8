"""The outcome-based rule of migration over sorted crossings, compiled.

A crossing can change where a person lives when, of the window's days after it, at least the threshold's are
spent on its new side. Each crossing is looked at by itself first: the day on which it became certain that it
can (`yes`) or cannot (`no`) change residence. Both days are places at which the days spent inside, or
outside, reach a sum, so that one pass with four pointers finds them all.

Then two days run along a person's crossings: the day from which it is impossible that the person lives
here, and the day from which it is impossible that the person lives elsewhere. A crossing changes residence
when it can and the person lives on its old side; that it does not may be known earlier, because two opposite
crossings cannot both change residence unless enough days lie between them. With the threshold T and the
window W these are 2 T - W days on the side between the two.

All days are whole numbers; a crossing on day d counts d as a day on its new side. What is not certain by
`until` is NEVER: nothing after that day is assumed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.sources.reader.compiled import compiled

__all__ = ["ARRIVAL", "NEVER", "NO", "UNKNOWN", "YES", "decide_person"]

NEVER = 1 << 40
LONG_AGO = -NEVER
ARRIVAL = 1
NO, YES, UNKNOWN = 0, 1, 2
Days = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]


@compiled
def days_on_sides(days: Days, directions: Codes, count: int, inside: Days, outside: Days) -> None:
    """For each crossing the days spent inside and outside from the first one until then."""
    inside[0], outside[0] = 0, 0
    for i in range(1, count):
        leg = days[i] - days[i - 1]
        is_in = directions[i - 1] == 1
        inside[i] = inside[i - 1] + (leg if is_in else 0)
        outside[i] = outside[i - 1] + (0 if is_in else leg)


@compiled
def day_reached(
    days: Days, directions: Codes, count: int, spent: Days, side: int, target: int, start: int
) -> tuple[int, int]:
    """The first day on which the days on a side reach the target, and the crossing whose leg it lies in.

    The last leg has no end: what is found in it holds if nothing happens. NEVER when the last leg is on the
    other side.
    """
    leg = start
    while leg < count - 1 and spent[leg + 1] < target:
        leg += 1
    if directions[leg] != side:
        return NEVER, leg
    return days[leg] + target - spent[leg], leg


@compiled
def outcomes(
    days: Days,
    directions: Codes,
    count: int,
    threshold: int,
    window: int,
    excludes_boundary: bool,
    until: int,
    inside: Days,
    outside: Days,
    can: Days,
    cannot: Days,
) -> None:
    """The days on which it became certain that a crossing can, and cannot, change residence; else NEVER."""
    days_on_sides(days, directions, count, inside, outside)
    spare = window - threshold
    longest = window - 1 if excludes_boundary else window
    starts = np.zeros(4, np.int64)
    for i in range(count):
        side = directions[i]
        new, old = (inside, outside) if side == 1 else (outside, inside)
        first, second = (0, 1) if side == 1 else (2, 3)
        yes, starts[first] = day_reached(
            days, directions, count, new, side, new[i] + threshold, max(starts[first], i)
        )
        can[i], cannot[i] = NEVER, NEVER
        if yes <= days[i] + longest:
            if yes <= until:
                can[i] = yes
            continue
        # Beyond the spare days by the end of the day on which one more begins.
        beyond = old[i] + spare + (0 if excludes_boundary else 1)
        no, starts[second] = day_reached(
            days, directions, count, old, 1 - side, beyond, max(starts[second], i)
        )
        no -= 0 if excludes_boundary else 1
        if no <= until:
            cannot[i] = max(no, days[i])


@compiled
def residence(
    days: Days,
    directions: Codes,
    count: int,
    threshold: int,
    window: int,
    excludes_boundary: bool,
    until: int,
    may_be_inside: bool,
    may_be_outside: bool,
    anchor_days: Days,
    anchor_states: Codes,
    inside: Days,
    outside: Days,
    can: Days,
    cannot: Days,
    before: Codes,
    after: Codes,
    migration: Codes,
    status_final: Days,
    migration_final: Days,
) -> None:
    """Where the person lived before and after each crossing, whether it changed that, and since when certain.

    An anchor is a state that was final on a day: it holds before the first crossing that was later, or not
    decided by then.
    """
    apart = 2 * threshold - window + (1 if excludes_boundary else 0)
    not_inside = np.empty(count + 1, np.int64)
    not_outside = np.empty(count + 1, np.int64)
    not_inside[0] = NEVER if may_be_inside else LONG_AGO
    not_outside[0] = NEVER if may_be_outside else LONG_AGO
    base, anchored_on = 0, LONG_AGO
    next_anchor = 0
    # Of each side: the last opposite crossing that is far enough back, and what may have ended in between.
    reach = np.full(2, -1, np.int64)
    queue = np.empty((2, count), np.int64)
    head, tail = np.zeros(2, np.int64), np.zeros(2, np.int64)
    for i in range(count):
        side = directions[i]
        while next_anchor < len(anchor_days) and (
            days[i] > anchor_days[next_anchor] or min(can[i], cannot[i]) > anchor_days[next_anchor]
        ):
            is_in = anchor_states[next_anchor] == 1
            not_inside[i] = NEVER if is_in else LONG_AGO
            not_outside[i] = LONG_AGO if is_in else NEVER
            base, anchored_on = i, anchor_days[next_anchor]
            reach[:] = i - 1
            head[:], tail[:] = 0, 0
            next_anchor += 1
        ruled_out = LONG_AGO
        if i == base + 1 and days[base] < anchored_on and days[i] - anchored_on < apart:
            # The days between count from the anchor's day, as in the official implementation. The crossing
            # then changes nothing, and what follows it is certain when its own window is decided.
            ruled_out = days[i]
            can[i], cannot[i] = NEVER, min(can[i], cannot[i])
        not_old = not_inside if side == 0 else not_outside
        not_new = not_outside if side == 0 else not_inside
        between = inside if side == 0 else outside
        if i - 2 >= base:
            q = queue[side]
            while tail[side] > head[side] and can[q[tail[side] - 1]] >= can[i - 2]:
                tail[side] -= 1
            q[tail[side]] = i - 2
            tail[side] += 1
        following = reach[side] + 2
        if reach[side] < base:
            following = base if directions[base] != side else base + 1
        while following < i and between[i] - between[following] >= apart:
            reach[side] = following
            following += 2
        possible_until = not_old[reach[side] + 1] if reach[side] >= base else not_old[base]
        q = queue[side]
        while tail[side] > head[side] and q[head[side]] < reach[side]:
            head[side] += 1
        if tail[side] > head[side]:
            possible_until = min(possible_until, can[q[head[side]]])
        if i - 2 >= base and i - 2 > reach[side] and between[i] == between[i - 2]:
            possible_until = LONG_AGO
        if ruled_out != LONG_AGO:
            possible_until = ruled_out
        never = max(days[i], min(cannot[i], possible_until))
        always = max(days[i], max(can[i], not_new[i]))
        if never <= until:
            migration[i], migration_final[i] = NO, never
        elif always <= until:
            migration[i], migration_final[i] = YES, always
        else:
            migration[i], migration_final[i] = UNKNOWN, NEVER
        before[i] = state(not_inside[i], not_outside[i], until)
        if side == 1:
            not_inside[i + 1] = max(cannot[i], not_inside[i])
            not_outside[i + 1] = min(can[i], not_outside[i])
        else:
            not_inside[i + 1] = min(can[i], not_inside[i])
            not_outside[i + 1] = max(cannot[i], not_outside[i])
        after[i] = state(not_inside[i + 1], not_outside[i + 1], until)
        final = max(days[i], min(not_inside[i + 1], not_outside[i + 1]))
        status_final[i] = final if after[i] != UNKNOWN else NEVER


@compiled
def state(not_inside: int, not_outside: int, until: int) -> int:
    """Where the person lives, as far as it is certain by a day."""
    if not_outside <= until:
        return YES
    return NO if not_inside <= until else UNKNOWN


def decide_person(
    days: Days,
    directions: Codes,
    *,
    threshold: int,
    window: int,
    until: int,
    may_be_inside: bool = True,
    may_be_outside: bool = True,
    excludes_boundary: bool = False,
    anchors: tuple[Days, Codes] | None = None,
) -> dict[str, Any]:
    """All that is found about one person's alternating crossings; for tests and single histories."""
    count = len(days)
    inside, outside, can, cannot = (np.zeros(count, np.int64) for _ in range(4))
    before, after, migration = (np.zeros(count, np.int8) for _ in range(3))
    status_final, migration_final = np.zeros(count, np.int64), np.zeros(count, np.int64)
    outcomes(
        days, directions, count, threshold, window, excludes_boundary, until, inside, outside, can, cannot
    )
    anchor_days, anchor_states = anchors or (np.zeros(0, np.int64), np.zeros(0, np.int8))
    residence(
        days, directions, count, threshold, window, excludes_boundary, until, may_be_inside, may_be_outside,
        anchor_days, anchor_states, inside, outside, can, cannot, before, after, migration, status_final,
        migration_final,
    )  # fmt: skip
    return {
        "can": can,
        "cannot": cannot,
        "before": before,
        "after": after,
        "migration": migration,
        "status_final": status_final,
        "migration_final": migration_final,
    }
