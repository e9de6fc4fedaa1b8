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

from sojourn.sources.reader.compiled import compiled_into_callers

__all__ = [
    "AFTER",
    "BEFORE",
    "MIGRATION",
    "NEVER",
    "NO",
    "UNKNOWN",
    "YES",
    "outcomes",
    "residence",
    "room_for",
]

NEVER = 1 << 40
LONG_AGO = -NEVER
NO, YES, UNKNOWN = 0, 1, 2
BEFORE, AFTER, MIGRATION = 0, 1, 2
Days = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
States = np.ndarray[tuple[int, int], np.dtype[np.int8]]
Room = np.ndarray[tuple[int, int], np.dtype[np.int64]]


@compiled_into_callers
def days_on_sides(days: Days, directions: Codes, count: int, spent: Room) -> None:
    """For each crossing the days spent outside (row 0) and inside (row 1) from the first one until then."""
    spent[0, 0], spent[1, 0] = 0, 0
    for i in range(1, count):
        side = directions[i - 1]
        spent[side, i] = spent[side, i - 1] + days[i] - days[i - 1]
        spent[1 - side, i] = spent[1 - side, i - 1]


@compiled_into_callers
def day_reached(
    days: Days, directions: Codes, count: int, spent: Room, side: int, target: int, start: int
) -> tuple[int, int]:
    """The first day on which the days on a side reach the target, and the crossing whose leg it lies in.

    The last leg has no end: what is found in it holds if nothing happens. NEVER when the last leg is on the
    other side.
    """
    leg = start
    while leg < count - 1 and spent[side, leg + 1] < target:
        leg += 1
    if directions[leg] != side:
        return NEVER, leg
    return days[leg] + target - spent[side, leg], leg


@compiled_into_callers
def outcomes(
    days: Days,
    directions: Codes,
    count: int,
    threshold: int,
    window: int,
    excludes_boundary: bool,
    until: int,
    spent: Room,
    can: Days,
    cannot: Days,
) -> None:
    """The days on which it became certain that a crossing can, and cannot, change residence; else NEVER.

    `spent` is filled in by the way: the days on each side until each crossing.
    """
    days_on_sides(days, directions, count, spent)
    spare = window - threshold
    longest = window - 1 if excludes_boundary else window
    # Where the search for the day of an arrival's or departure's yes, or no, went on last.
    yes_out = yes_in = no_out = no_in = 0
    for i in range(count):
        side = directions[i]
        start = max(yes_in if side == 1 else yes_out, i)
        yes, leg = day_reached(days, directions, count, spent, side, spent[side, i] + threshold, start)
        if side == 1:
            yes_in = leg
        else:
            yes_out = leg
        can[i], cannot[i] = NEVER, NEVER
        if yes <= days[i] + longest:
            if yes <= until:
                can[i] = yes
            continue
        # Beyond the spare days by the end of the day on which one more begins.
        beyond = spent[1 - side, i] + spare + (0 if excludes_boundary else 1)
        start = max(no_in if side == 1 else no_out, i)
        no, leg = day_reached(days, directions, count, spent, 1 - side, beyond, start)
        if side == 1:
            no_in = leg
        else:
            no_out = leg
        no -= 0 if excludes_boundary else 1
        if no <= until:
            cannot[i] = max(no, days[i])


@compiled_into_callers
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
    spent: Room,
    can: Days,
    cannot: Days,
    states: States,
    finals: Any,
    room: Room,
) -> None:
    """Where the person lived before and after each crossing, whether it changed that, and since when certain.

    `states` has the rows BEFORE, AFTER and MIGRATION, `finals` two rows for the days of the last two. An
    anchor is a state that was final on a day: it holds before the first crossing that was later, or not
    decided by then. `room` is what `room_for` gives for so many crossings or more.
    """
    apart = 2 * threshold - window + (1 if excludes_boundary else 0)
    # Row 1: the day from which it is impossible that the person lives inside; row 0: outside.
    impossible, queue, ends = room[0:2], room[2:4], room[4]
    impossible[0, 0] = NEVER if may_be_outside else LONG_AGO
    impossible[1, 0] = NEVER if may_be_inside else LONG_AGO
    base, anchored_on, next_anchor = 0, LONG_AGO, 0
    # Of each side: the last opposite crossing that is far enough back (0, 1), and the ends of the queue of
    # crossings in between after which the person no longer lived on the old side (2 to 5).
    ends[0], ends[1], ends[2], ends[3], ends[4], ends[5] = -1, -1, 0, 0, 0, 0
    for i in range(count):
        side = np.int64(directions[i])
        old = 1 - side
        today = days[i]
        while next_anchor < len(anchor_days) and (
            today > anchor_days[next_anchor] or min(can[i], cannot[i]) > anchor_days[next_anchor]
        ):
            lives = np.int64(anchor_states[next_anchor])
            impossible[lives, i], impossible[1 - lives, i] = NEVER, LONG_AGO
            base, anchored_on = i, anchor_days[next_anchor]
            ends[0], ends[1], ends[2], ends[3], ends[4], ends[5] = i - 1, i - 1, 0, 0, 0, 0
            next_anchor += 1
        is_ruled_out = False
        if i == base + 1 and base > 0 and days[base] < anchored_on and today - anchored_on < apart:
            # The days between count from the anchor's day, as in the official implementation. The crossing
            # then changes nothing, and what follows it is certain when its own window is decided.
            is_ruled_out = True
            can[i], cannot[i] = NEVER, min(can[i], cannot[i])
        if i - 2 >= base and can[i - 2] < NEVER:
            while ends[4 + side] > ends[2 + side] and can[queue[side, ends[4 + side] - 1]] >= can[i - 2]:
                ends[4 + side] -= 1
            queue[side, ends[4 + side]] = i - 2
            ends[4 + side] += 1
        reach = ends[side]
        following = reach + 2
        if reach < base:
            following = base if directions[base] != side else base + 1
        while following < i and spent[old, i] - spent[old, following] >= apart:
            reach = following
            following += 2
        ends[side] = reach
        possible_until = impossible[old, reach + 1 if reach >= base else base]
        while ends[4 + side] > ends[2 + side] and queue[side, ends[2 + side]] < reach:
            ends[2 + side] += 1
        if ends[4 + side] > ends[2 + side]:
            possible_until = min(possible_until, can[queue[side, ends[2 + side]]])
        if is_ruled_out or (i - 2 >= base and i - 2 > reach and spent[old, i] == spent[old, i - 2]):
            possible_until = LONG_AGO
        never = max(today, min(cannot[i], possible_until))
        always = max(today, can[i], impossible[side, i])
        if never <= until:
            states[MIGRATION, i], finals[1, i] = NO, never
        elif always <= until:
            states[MIGRATION, i], finals[1, i] = YES, always
        else:
            states[MIGRATION, i], finals[1, i] = UNKNOWN, NEVER
        states[BEFORE, i] = state(impossible[1, i], impossible[0, i], until)
        impossible[side, i + 1] = max(cannot[i], impossible[side, i])
        impossible[old, i + 1] = min(can[i], impossible[old, i])
        states[AFTER, i] = state(impossible[1, i + 1], impossible[0, i + 1], until)
        final = max(today, min(impossible[0, i + 1], impossible[1, i + 1]))
        finals[0, i] = final if final <= until else NEVER


@compiled_into_callers
def state(not_inside: int, not_outside: int, until: int) -> int:
    """Where the person lives, as far as it is certain by a day."""
    if not_outside <= until:
        return YES
    return NO if not_inside <= until else UNKNOWN


def room_for(crossings: int) -> Room:
    """Room in which `residence` works on histories of at most so many crossings."""
    return np.empty((5, max(crossings + 1, 8)), np.int64)
