"""The outcome-based rule over the crossings of one person, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from sojourn.integration.movement_kernel import (
    AFTER,
    BEFORE,
    MIGRATION,
    Codes,
    Days,
    outcomes,
    residence,
    room_for,
)


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
    """All that is found about one person's alternating crossings."""
    count = len(days)
    can, cannot = np.zeros(count, np.int64), np.zeros(count, np.int64)
    spent, finals = np.zeros((2, count), np.int64), np.zeros((2, count), np.int64)
    states = np.zeros((3, count), np.int8)
    outcomes(days, directions, count, threshold, window, excludes_boundary, until, spent, can, cannot)
    anchor_days, anchor_states = anchors or (np.zeros(0, np.int64), np.zeros(0, np.int8))
    residence(
        days, directions, count, threshold, window, excludes_boundary, until, may_be_inside, may_be_outside,
        anchor_days, anchor_states, spent, can, cannot, states, finals, room_for(count),
    )  # fmt: skip
    return {
        "can": can,
        "cannot": cannot,
        "before": states[BEFORE],
        "after": states[AFTER],
        "migration": states[MIGRATION],
        "status_final": finals[0],
        "migration_final": finals[1],
    }
