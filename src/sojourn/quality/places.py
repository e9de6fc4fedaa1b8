"""The place of each crossing in its person's history, and whether arrivals and departures take turns."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.integration.movement_histories import put_in_turn
from sojourn.sources.reader.compiled import compiled

__all__ = ["PLACED", "placed"]

Numbers = npt.NDArray[np.int64]
PLACED = pa.schema(
    [
        pa.field("person", pa.int32(), nullable=False),
        pa.field("place", pa.int32()),
        pa.field("crossings_of_person", pa.int32(), nullable=False),
        pa.field("follows_same", pa.bool_(), nullable=False),
        pa.field("precedes_same", pa.bool_(), nullable=False),
    ]
)
_USABLE = pa.array(["missing-movement", "history-excluded"])


def placed(classified: pa.Table) -> pa.Table:
    """The result of `classified_movements` with the columns of PLACED beside those that it has.

    `person` numbers the persons from 0; a record without a person is a person of its own. `place` counts the
    usable crossings of a person from 1 in the order in which the rule took them, and is null for a record
    that the rule could not use; `crossings_of_person` is how many are usable. `follows_same` and
    `precedes_same` tell that the usable crossing before or after goes in the same direction, so that one
    between them was not recorded.
    """
    starts = _starts(classified["person_id"])
    problem = classified["problem"].cast(pa.string())
    usable = pc.or_(pc.is_null(problem), pc.is_in(problem, _USABLE)).to_numpy()
    arrivals = pc.equal(classified["direction"].cast(pa.string()), "arrival").fill_null(False).to_numpy()
    count = len(classified)
    place, counts = np.zeros(count, np.int32), np.zeros(count, np.int32)
    follows, precedes = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    _find_places(
        starts, _moments(classified["date"]), arrivals.astype(np.int8), usable, place, counts, follows,
        precedes,
    )  # fmt: skip
    person = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
    found = [person, pa.array(place, mask=place == 0), counts, follows, precedes]
    for field, values in zip(PLACED, found, strict=True):
        classified = classified.append_column(field, pa.array(values))
    return classified


def _starts(persons: pa.ChunkedArray) -> Numbers:
    """Where the rows of each person begin, and the end of the last; rows of a person stand together."""
    if not len(persons):
        return np.zeros(1, np.int64)
    whole = persons.combine_chunks()
    if pa.types.is_dictionary(whole.type):
        whole = whole.cast(whole.type.value_type)
    is_next = pc.not_equal(whole.slice(1), whole.slice(0, len(whole) - 1)).fill_null(True)
    begins = np.flatnonzero(is_next.to_numpy(zero_copy_only=False)) + 1
    starts: Numbers = np.concatenate(([0], begins, [len(whole)])).astype(np.int64)
    return starts


def _moments(dates: pa.ChunkedArray) -> Numbers:
    days = dates.cast(pa.int32()) if pa.types.is_date32(dates.type) else dates
    moments: Numbers = days.cast(pa.int64()).fill_null(0).to_numpy()
    return moments


@compiled
def _find_places(
    starts: Numbers,
    moments: Numbers,
    directions: Any,
    usable: Any,
    place: Any,
    counts: Any,
    follows: Any,
    precedes: Any,
) -> None:
    longest = 1
    for person in range(len(starts) - 1):
        longest = max(longest, starts[person + 1] - starts[person])
    order = np.empty(longest, np.int64)
    for person in range(len(starts) - 1):
        count = 0
        for row in range(starts[person], starts[person + 1]):
            if usable[row]:
                order[count] = row
                count += 1
        put_in_turn(moments, directions, order, count)
        for position in range(count):
            row = order[position]
            place[row] = position + 1
            if position > 0 and directions[row] == directions[order[position - 1]]:
                follows[row] = True
                precedes[order[position - 1]] = True
        for row in range(starts[person], starts[person + 1]):
            counts[row] = count
