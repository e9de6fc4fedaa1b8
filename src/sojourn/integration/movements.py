"""Movements: which crossings of the border change where a person lives?

The rule looks at what people did and not at what they intended: a crossing changes residence when at least
so many of the days of the window after it are spent on its new side (twelve of sixteen months by default).
What the days observed so far do not decide is unresolved, which is a value of its own and never a guess; what
later crossings decide before the window closes is decided then. Every decision has the day since which it is
certain, and no later crossing changes it.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine.gather import taken
from sojourn.errors import ProjectError
from sojourn.integration import movement_histories as histories
from sojourn.integration.movement_kernel import (
    AFTER,
    BEFORE,
    DAYS_IN,
    DAYS_OUT,
    MIGRATION,
    MIGRATION_FINAL,
    STATUS_FINAL,
    UNKNOWN,
    YES,
)
from sojourn.integration.movement_spans import DayRows, spans_by_day
from sojourn.integration.rows_by_person import IN_DOUBT, in_order, rows_by_person

__all__ = [
    "CLASSIFIED",
    "PROBLEMS",
    "Gaps",
    "Observation",
    "classified_movements",
    "day_numbers",
    "direction_codes",
    "moments_of",
]

Numbers = npt.NDArray[np.int64]
_EPOCH = datetime.date(1970, 1, 1)

CLASSIFIED = pa.schema(
    [
        pa.field("resident_before", pa.bool_()),
        pa.field("resident_after", pa.bool_()),
        pa.field("is_migration", pa.bool_()),
        pa.field("unresolved", pa.bool_(), nullable=False),
        pa.field("status_final_on", pa.date32()),
        pa.field("migration_final_on", pa.date32()),
        pa.field("days_in", pa.int32()),
        pa.field("days_out", pa.int32()),
        pa.field("problem", pa.dictionary(pa.int8(), pa.string())),
    ]
)
PROBLEMS = {
    histories.MISSING_BEFORE_OR_AFTER: "missing-movement",
    histories.DUPLICATE: "duplicate",
    histories.NO_DIRECTION: "unknown-direction",
    histories.NO_DAY: "no-date",
    histories.NOT_OBSERVED: "outside-observation",
    histories.EXCLUDED: "history-excluded",
    histories.NO_PERSON: "no-person",
    histories.BEFORE_BIRTH: "before-birth",
    histories.AFTER_DEATH: "after-death",
    histories.OUT_OF_SCOPE: "out-of-scope",
}


class Gaps(IntEnum):
    """What becomes of a person two of whose crossings in a row have the same direction.

    BOUNDS decides what is the same wherever the missing movement lay between the two; EARLIEST, LATEST and
    MIDPOINT assume a day; EXCLUDE leaves all crossings of the person unresolved.
    """

    BOUNDS = histories.BOUNDS
    EARLIEST = histories.EARLIEST
    LATEST = histories.LATEST
    MIDPOINT = histories.MIDPOINT
    EXCLUDE = histories.EXCLUDE


@dataclass(frozen=True)
class Observation:
    """The first and the last day on which every crossing of the border was recorded."""

    first: datetime.date
    last: datetime.date

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"Observation cannot begin on {self.first} and end on {self.last}.")

    def day_numbers(self) -> tuple[int, int]:
        """Both days as days since 1 January 1970."""
        return (self.first - _EPOCH).days, (self.last - _EPOCH).days


def classified_movements(
    crossings: pa.Table,
    *,
    rule: ResidenceRule,
    observation: Observation,
    anchors: pa.Table | None = None,
    lives: pa.Table | None = None,
    gaps: Gaps = Gaps.BOUNDS,
    excludes_boundary: bool = False,
    settled_first: bool = False,
) -> pa.Table:
    """The crossings by person and moment, each with what it did to the person's residence.

    `crossings` has the columns person_id, crossing_id, date (a day, or a local moment whose day counts) and
    direction (`arrival` or `departure`); others travel along. Rows whose optional column `out_of_scope` is
    true are no movements of their persons and stay undecided. `anchors` has person_id, date and resident: a
    state of residence that was known for certain on that day. `lives` has person_id, birth_date and
    death_date, a row for a person: the dead spend no days anywhere, and the first crossing of somebody born
    under observation tells where the life began. Otherwise a person's first state is known when nothing was
    recorded for the threshold's days before the first crossing, and unknown when something could have been.

    The result has the columns of CLASSIFIED beside those given. Days are counted within the part of the
    window that was observed. A crossing that stays exactly the spare days on its old side still changes
    residence, unless `excludes_boundary`. With `settled_first` the persons of whom nothing can be unknown
    come before the others and those with a missing movement last, in an order that depends on the rule.

    Raises: ProjectError for an excluded boundary where the window is as long as the threshold.
    Source: Statistics New Zealand, outcomes-based migration measure (12/16-month rule); the reference of
    domain concepts, section 5.1. The days of certainty follow from all continuations of a history.
    """
    if excludes_boundary and rule.present == rule.window:
        raise ProjectError(
            "A window as long as the threshold has no spare days whose boundary could be excluded.",
            "Leave the boundary with the migrations, or take a longer window.",
        )
    crossings = crossings.combine_chunks()
    spans = spans_by_day(rule, observation.first, observation.last, excludes_boundary=excludes_boundary)
    turns = _turns(crossings, spans, observation) if settled_first else None
    order, starts = rows_by_person(crossings["person_id"], turns)
    sorted_rows = taken(crossings, order)
    other_order = in_order(starts, moments_of(sorted_rows["date"]), sorted_rows["crossing_id"])
    if other_order is not None:
        sorted_rows = taken(sorted_rows, other_order)
    found = _decided(
        sorted_rows, starts, moments_of(sorted_rows["date"]), _anchors_of(anchors, sorted_rows, starts),
        _lives_of(lives, sorted_rows, starts), spans, observation, gaps, excludes_boundary,
    )  # fmt: skip
    for name, values in found.items():
        sorted_rows = sorted_rows.append_column(CLASSIFIED.field(name), values)
    return sorted_rows


def _turns(crossings: pa.Table, spans: DayRows, observation: Observation) -> npt.NDArray[np.int8]:
    """The directions of the crossings; in doubt where what happened before or after can stay unknown."""
    turns, days = direction_codes(crossings["direction"]).copy(), day_numbers(crossings["date"])
    first, last = observation.day_numbers()
    is_open = (days < first + spans[0, 0]) | (days > last - spans.sum(axis=0).max())
    turns[is_open & (turns < IN_DOUBT)] += IN_DOUBT
    return turns


def moments_of(dates: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Days or microseconds as numbers that sort; what is missing comes first."""
    if pa.types.is_date32(dates.type):
        return day_numbers(dates)
    moments: Numbers = _filled(dates.cast(pa.int64()), np.iinfo(np.int64).min)
    return moments


def day_numbers(dates: pa.ChunkedArray, missing: int = histories.NOT_A_DAY) -> npt.NDArray[np.int32]:
    """Days since 1 January 1970; `missing`, if not said NOT_A_DAY, where there is none."""
    days = dates if pa.types.is_date32(dates.type) else dates.cast(pa.date32(), safe=False)
    numbers: npt.NDArray[np.int32] = _filled(days.cast(pa.int32()), missing)
    return numbers


def _filled(values: Any, missing: int) -> npt.NDArray[Any]:
    """The values as numpy has them, without a copy where none are missing."""
    filled: npt.NDArray[Any] = (values.fill_null(missing) if values.null_count else values).to_numpy()
    return filled


def _persons(rows: pa.Table, starts: Numbers) -> pa.Array:
    """The person of each history."""
    return rows["person_id"].take(pa.array(starts[:-1])).combine_chunks()


def _anchors_of(
    anchors: pa.Table | None, rows: pa.Table, starts: Numbers
) -> tuple[Numbers, Numbers, npt.NDArray[np.int8]]:
    """Where the anchors of each person begin, their days and their states, by day."""
    if anchors is None or not len(anchors):
        return np.zeros(len(starts), np.int64), np.zeros(0, np.int64), np.zeros(0, np.int8)
    persons = _persons(rows, starts)
    place = pc.index_in(anchors["person_id"].cast(persons.type), persons)
    of_these = anchors.append_column("place", place).filter(pc.is_valid(place))
    ordered = of_these.sort_by([("place", "ascending"), ("date", "ascending")])
    places = ordered["place"].to_numpy()
    begins = np.searchsorted(places, np.arange(len(persons) + 1)).astype(np.int64)
    states: npt.NDArray[np.int8] = ordered["resident"].cast(pa.int8()).to_numpy()
    return begins, day_numbers(ordered["date"]).astype(np.int64), states


def _lives_of(
    lives: pa.Table | None, rows: pa.Table, starts: Numbers
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The days of birth and of death of each person, as far as they are known."""
    births = np.full(len(starts) - 1, histories.NO_BIRTH, np.int32)
    deaths = np.full(len(starts) - 1, histories.NO_DEATH, np.int32)
    if lives is None or not len(lives):
        return births, deaths
    persons = _persons(rows, starts)
    place = pc.index_in(lives["person_id"].cast(persons.type), persons).combine_chunks()
    places = place.drop_null().to_numpy()
    known = lives.filter(place.is_valid())
    births[places] = day_numbers(known["birth_date"], histories.NO_BIRTH)
    deaths[places] = day_numbers(known["death_date"], histories.NO_DEATH)
    return births, deaths


def _decided(
    rows: pa.Table,
    starts: Numbers,
    moments: npt.NDArray[Any],
    anchors: tuple[Numbers, Numbers, npt.NDArray[np.int8]],
    lives: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]],
    spans: DayRows,
    observation: Observation,
    gaps: Gaps,
    excludes_boundary: bool,
) -> dict[str, pa.Array]:
    count = len(rows)
    of_rows, nobody = day_numbers(rows["date"]), np.flatnonzero(rows["person_id"].is_null())
    outside = np.flatnonzero(_claims(rows, "out_of_scope"))
    if len(nobody) or len(outside):
        of_rows = of_rows.copy()
        of_rows[nobody], of_rows[outside] = histories.NOT_A_DAY, histories.NOT_A_DAY
    space = count + histories.path_room(starts)
    states, days = np.empty((3, space), np.int8), np.empty((4, space), np.int32)
    problem = np.zeros(count, np.int8)
    histories.decide_histories(
        starts, moments, of_rows, direction_codes(rows["direction"]), *anchors, *lives,
        spans,
        excludes_boundary, int(gaps), *observation.day_numbers(), states, days, problem,
    )  # fmt: skip
    states, days = states[:, :count], days[:, :count]
    problem[outside] = histories.OUT_OF_SCOPE
    problem[nobody] = histories.NO_PERSON
    known, claims = _bits(states != UNKNOWN), _bits(states == YES)
    counted = _bits(days[DAYS_IN] != histories.NOT_COUNTED)
    unresolved = _bits(states[MIGRATION] == UNKNOWN)
    day = pa.date32()
    return {
        "resident_before": _array(pa.bool_(), count, known[BEFORE], claims[BEFORE]),
        "resident_after": _array(pa.bool_(), count, known[AFTER], claims[AFTER]),
        "is_migration": _array(pa.bool_(), count, known[MIGRATION], claims[MIGRATION]),
        "unresolved": _array(pa.bool_(), count, None, unresolved),
        "status_final_on": _array(day, count, known[AFTER], days[STATUS_FINAL]),
        "migration_final_on": _array(day, count, known[MIGRATION], days[MIGRATION_FINAL]),
        "days_in": _array(pa.int32(), count, counted, days[DAYS_IN]),
        "days_out": _array(pa.int32(), count, counted, days[DAYS_OUT]),
        "problem": _problem_names(problem),
    }


def _claims(rows: pa.Table, name: str) -> npt.NDArray[np.bool_]:
    """Where an optional column of claims is true."""
    if name not in rows.column_names:
        return np.zeros(len(rows), np.bool_)
    claims: npt.NDArray[np.bool_] = rows[name].fill_null(False).to_numpy()
    return claims


def _bits(claims: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    return np.packbits(claims, axis=-1, bitorder="little")


def _array(
    kind: pa.DataType, count: int, known: npt.NDArray[np.uint8] | None, values: npt.NDArray[Any]
) -> pa.Array:
    """An array over buffers that are already laid out as Arrow wants them; null where it is not known."""
    validity = pa.py_buffer(known) if known is not None else None
    return pa.Array.from_buffers(kind, count, [validity, pa.py_buffer(values)])


def direction_codes(directions: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    """0 for a departure, 1 for an arrival, 2 for anything else."""
    if pa.types.is_dictionary(directions.type):
        whole = directions.combine_chunks()
        known = direction_codes(pa.chunked_array([whole.dictionary]))
        of_rows: npt.NDArray[np.int8] = _filled(pa.array(known).take(whole.indices), 2)
        return of_rows
    known = pc.index_in(directions, pa.array(["departure", "arrival"], directions.type))
    codes: npt.NDArray[np.int8] = _filled(known.cast(pa.int8()), 2)
    return codes


def _problem_names(codes: npt.NDArray[np.int8]) -> pa.DictionaryArray:
    names = pa.array([PROBLEMS[code] for code in sorted(PROBLEMS)], pa.string())
    places = _array(pa.int8(), len(codes), _bits(codes != 0), codes - np.int8(1))
    return pa.DictionaryArray.from_arrays(places, names)
