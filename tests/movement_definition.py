"""The outcome-based rule written down plainly, day by day: what the compiled method is held to.

Slow on purpose. A history is decided by what holds under every way in which it can go on; a way to go on is
described by the days that it adds inside until the ends of the windows that are still open. Threshold and
window are numbers of days for each crossing, as months of the calendar need it; no window ends before that
of an earlier crossing.
"""

from __future__ import annotations

import itertools

UNKNOWN = 2


def side_of_each_day(days, sides, first, last):
    """Where the person is at the end of each day."""
    found = []
    position = -1
    for day in range(first, last + 1):
        while position + 1 < len(days) and days[position + 1] <= day:
            position += 1
        found.append(sides[position])
    return found


def outcome(sides_by_day, start, side, threshold, window):
    """Whether a crossing on the first of these days can change residence; None while it is open."""
    observed = sides_by_day[start : start + window]
    new = observed.count(side)
    if new >= threshold:
        return True
    if len(observed) - new > window - threshold:
        return False
    return None


def can_go_on(open_crossings, assignment, sides_by_day, until_index):
    """Whether days can follow that give the open crossings these outcomes.

    The days inside that follow are counted up to the end of each window; each must lie in a range, and from
    one end to the next they can grow by no more than the days between.
    """
    low = high = passed = 0
    for (start, side, threshold, window), is_yes in zip(open_crossings, assignment, strict=True):
        observed = sides_by_day[start : until_index + 1]
        rest = window - len(observed)
        new = observed.count(side)
        low, high, passed = low, high + (rest - passed), rest
        wanted = threshold - new
        if (side == 1) == is_yes:  # at least so many inside, or at most so many outside
            bound = wanted if side == 1 else rest - (wanted - 1)
            low = max(low, bound)
        else:
            bound = wanted - 1 if side == 1 else rest - wanted
            high = min(high, bound)
        if low > high:
            return False
    return True


def decided(days, sides, *, thresholds, windows, until, first_states):
    """Residence before, after, and migration of each crossing: 0, 1 or UNKNOWN."""
    first = days[0]
    by_day = side_of_each_day(days, sides, first, until)
    crossings = [
        (day - first, side, threshold, window)
        for day, side, threshold, window in zip(days, sides, thresholds, windows, strict=True)
    ]
    results = [outcome(by_day, *crossing) for crossing in crossings]
    unknown = [place for place, result in enumerate(results) if result is None]
    open_crossings = [crossings[place] for place in unknown]
    found = [[set(), set(), set()] for _ in days]
    for assignment in itertools.product((False, True), repeat=len(unknown)):
        if not can_go_on(open_crossings, assignment, by_day, until - first):
            continue
        outcomes = list(results)
        for place, is_yes in zip(unknown, assignment, strict=True):
            outcomes[place] = is_yes
        for first_state in first_states:
            state = first_state
            for place, side in enumerate(sides):
                found[place][0].add(state)
                found[place][2].add(int(outcomes[place] and state != side))
                state = side if outcomes[place] else state
                found[place][1].add(state)
    return [tuple(values.pop() if len(values) == 1 else UNKNOWN for values in sets) for sets in found]
