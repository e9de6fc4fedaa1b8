"""The outcome-based rule over the crossings of one person, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from sojourn.integration.movement_kernel import (
    AFTER,
    BEFORE,
    MIGRATION,
    MIGRATION_FINAL,
    NEVER,
    STATUS_FINAL,
    Codes,
    Days,
    days_on_sides,
    end_with_the_life,
    outcomes,
    residence,
    room_for,
)


def decide_person(
    days: Days,
    directions: Codes,
    *,
    threshold: Days | int,
    window: Days | int,
    until: int,
    may_be_inside: bool = True,
    may_be_outside: bool = True,
    excludes_boundary: bool = False,
    anchors: tuple[Days, Codes] | None = None,
    death: int = NEVER,
    days_are_dated_when_over: bool = True,
) -> dict[str, Any]:
    """All that is found about one person's alternating crossings.

    Threshold and window are numbers for all crossings, or for each of them. A day counts when it is over, so
    that what it decides is dated one day later; `days_are_dated_when_over` false dates it on the day itself.
    """
    count = len(days)
    found = np.zeros((4, count), np.int64)
    needed = np.broadcast_to(np.asarray(threshold, np.int64), count).copy()
    spare = np.broadcast_to(np.asarray(window, np.int64), count) - needed - (1 if excludes_boundary else 0)
    spent, enough, allowed = (
        np.zeros((2, count), np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
    )

    def found_until(last: int) -> tuple[Days, Days]:
        can, cannot = np.zeros(count, np.int64), np.zeros(count, np.int64)
        enough[:], allowed[:] = needed, spare
        days_on_sides(days, directions, count, spent)
        outcomes(
            days, directions, count, excludes_boundary, last, last, spent, enough, allowed, can, cannot,
            found, 0,
        )  # fmt: skip
        return can, cannot

    can, cannot = found_until(until)
    if not days_are_dated_when_over:
        can, later_cannot = found_until(until + 1)
        if excludes_boundary:
            cannot = np.where(later_cannot < NEVER, np.maximum(later_cannot - 1, days), NEVER)
    if death <= until:
        end_with_the_life(death, count, can, cannot)
    if not days_are_dated_when_over:
        can = np.where(can < NEVER, can - 1, NEVER)
    states = np.zeros((3, count), np.int8)
    anchor_days, anchor_states = anchors or (np.zeros(0, np.int64), np.zeros(0, np.int8))
    residence(
        days, directions, count, until, may_be_inside, may_be_outside, anchor_days,
        anchor_states, 0, len(anchor_days), enough, allowed, can, cannot, states, found, 0, room_for(count),
    )  # fmt: skip
    return {
        "can": can,
        "cannot": cannot,
        "before": states[BEFORE],
        "after": states[AFTER],
        "migration": states[MIGRATION],
        "status_final": found[STATUS_FINAL],
        "migration_final": found[MIGRATION_FINAL],
    }
