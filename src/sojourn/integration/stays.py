"""A person's crossings in their order, and how long the stay lasts that begins with each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.movement_histories import (
    MISSING_BEFORE_OR_AFTER,
    NO_BIRTH,
    NO_DEATH,
    NOT_A_DAY,
    put_in_turn,
    usable,
    without_duplicates,
)
from sojourn.integration.movements import (
    PROBLEMS,
    Gaps,
    Observation,
    day_numbers,
    direction_codes,
    moments_of,
)
from sojourn.integration.rows_by_person import rows_by_person
from sojourn.sources.reader.compiled import compiled

__all__ = ["Stays", "stays"]

OPEN_OR_UNKNOWN, NONE_BEFORE = -1, -1
# The one problem of a crossing that stands in its history all the same.
_IN_A_GAP = PROBLEMS[MISSING_BEFORE_OR_AFTER]


@compiled
def _stays(
    starts: npt.NDArray[np.int64],
    moments: Any,
    days: npt.NDArray[np.int32],
    directions: npt.NDArray[np.int8],
    observed_from: int,
    observed_until: int,
    problem: npt.NDArray[np.int8],
    positions: npt.NDArray[np.int32],
    stay_days: npt.NDArray[np.int32],
    open_days: npt.NDArray[np.int32],
    rows_before: npt.NDArray[np.int64],
) -> None:
    longest = 1
    for person in range(len(starts) - 1):
        longest = max(longest, starts[person + 1] - starts[person])
    order = np.empty(longest, np.int64)
    for person in range(len(starts) - 1):
        begin, end = starts[person], starts[person + 1]
        count = usable(
            begin, end, days, directions, observed_from, observed_until, NO_BIRTH, NO_DEATH, order, problem
        )
        if count == 0:
            continue
        put_in_turn(moments, directions, order, count)
        count, _ = without_duplicates(days, directions, order, count, problem)
        for place in range(count):
            row = order[place]
            positions[row] = place + 1
            if place > 0 and directions[row] != directions[order[place - 1]]:
                rows_before[row] = order[place - 1]
            if place + 1 == count:
                open_days[row] = observed_until - days[row]
            elif directions[row] != directions[order[place + 1]]:
                stay_days[row] = days[order[place + 1]] - days[row]


@dataclass(frozen=True)
class Stays:
    """For each crossing its place in the person's history, its stay, and the row of the crossing before.

    Persons are numbered. Places are counted from 1; crossings that stand in no history have none. The days
    until the next crossing are null where the person has not crossed again by the end of the observation, and
    where the next crossing is in the same direction, so that the stay ended on a day that nobody recorded.
    The open days are those from the last crossing to the end of the observation. The row before is null for
    the first crossing, and where the one before is in the same direction.
    """

    persons: pa.Array
    positions: pa.Array
    days: pa.Array
    open_days: pa.Array
    rows_before: pa.Array


def stays(classified: pa.Table, observation: Observation, *, gaps: Gaps) -> Stays:
    """The stays that begin with crossings, which are what `classified_movements` gives, in its order."""
    moments = moments_of(classified["date"])
    _, starts = rows_by_person(classified["person_id"])
    count = len(classified)
    positions = np.zeros(count, np.int32)
    found, still_open = (np.full(count, OPEN_OR_UNKNOWN, np.int32) for _ in range(2))
    rows_before = np.full(count, NONE_BEFORE, np.int64)
    problem = classified["problem"].cast(pa.string())
    is_usable = pc.is_null(problem)
    if gaps != Gaps.EXCLUDE:
        is_usable = pc.or_(is_usable, pc.equal(problem, _IN_A_GAP).fill_null(False))
    days = np.where(is_usable.to_numpy(), day_numbers(classified["date"]), np.int32(NOT_A_DAY))
    _stays(
        starts, moments, days, direction_codes(classified["direction"]), *observation.day_numbers(),
        np.zeros(count, np.int8), positions, found, still_open, rows_before,
    )  # fmt: skip
    return Stays(
        pa.array(np.repeat(np.arange(len(starts) - 1), np.diff(starts))),
        pa.array(positions, mask=positions == 0),
        pa.array(found, mask=found == OPEN_OR_UNKNOWN),
        pa.array(still_open, mask=still_open == OPEN_OR_UNKNOWN),
        pa.array(rows_before, mask=rows_before == NONE_BEFORE),
    )
