"""Classified crossings as columns, put in order by person, and what was open at each month's end.

The decision of a crossing has the day since which it is certain. So one classification, made on any later
day, tells what was known on each day before it: a decision that was not yet certain then is hidden, and
crossings that had not yet happened are not looked at.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts.frameworks import ResidenceRule, Unit
from sojourn.errors import ProjectError
from sojourn.statistics.provisional import open_kernel as kernel

__all__ = ["Histories", "OpenCrossings", "histories", "last_day_of_month", "month_of", "month_text"]

Numbers = npt.NDArray[np.int64]
Days = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float32]

NEVER = np.int32(2**31 - 1)
NO, YES, UNKNOWN = 0, 1, 2
_NEEDED = (
    "person_id",
    "crossing_id",
    "date",
    "direction",
    "resident_before",
    "is_migration",
    "status_final_on",
    "migration_final_on",
    "problem",
)
# Rows that are no crossing, are out of scope, or of which nobody knows when, whose or which way.
_NO_CROSSING = (
    "duplicate",
    "unknown-direction",
    "no-date",
    "no-person",
    "outside-observation",
    "before-birth",
    "after-death",
    "out-of-scope",
)
_NOT_STATED = "_U"


def month_of(days: npt.NDArray[Any]) -> Days:
    """Months since January 1970 of days since 1 January 1970."""
    months: Days = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)
    return months


def last_day_of_month(months: npt.NDArray[Any]) -> Days:
    """The last day of each month, as days since 1 January 1970."""
    following = (np.asarray(months) + 1).astype("datetime64[M]").astype("datetime64[D]")
    days: Days = following.astype(np.int32) - np.int32(1)
    return days


def month_text(month: int) -> str:
    """A month as SDMX writes it: 2024-03."""
    return str(np.datetime64(int(month), "M"))


@dataclass(frozen=True)
class OpenCrossings:
    """Crossings at month's ends at which they were open: position, age in months, and what was known."""

    rows: Days
    ages: Codes
    known: Floats

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Histories:
    """Crossings as columns, sorted by person and turn.

    `sides` is 1 for an arrival; `outcome`, from the day `final` on, is NO or YES; `before` is the state of
    residence before, certain since `before_final`. `fixed` are the measures of a crossing that do not
    change, named by `fixed_names`; those at `categories` hold codes. `table` keeps the given columns.
    """

    table: pa.Table
    starts: Numbers
    days: Days
    months: Days
    sides: Codes
    outcome: Codes
    final: Days
    before: Codes
    before_final: Days
    fixed: Floats
    fixed_names: tuple[str, ...]
    categories: tuple[str, ...]
    window: int
    first: int

    def __len__(self) -> int:
        return len(self.days)

    def label(self, until: int) -> Codes:
        """What was certain of each crossing at the end of a day: NO, YES, or UNKNOWN while it was open.

        A crossing whose window has closed without certainty will never be found to be a migration: NO says
        that it is not among those found, and not that nobody moved.
        """
        closed = self.days + self.window <= until
        return np.where(self.final <= until, self.outcome, np.where(closed, NO, UNKNOWN)).astype(np.int8)

    def undecidable(self, until: int) -> npt.NDArray[np.bool_]:
        """Whether a crossing's window has closed by a day without any certainty about it."""
        claims: npt.NDArray[np.bool_] = (self.days + self.window <= until) & (self.final > until)
        return claims

    def open_at(self, first_month: int, last_month: int, chosen: npt.NDArray[np.bool_]) -> OpenCrossings:
        """The chosen crossings at the ends of the months from the first to the last, while they were open."""
        ends = last_day_of_month(np.arange(first_month, last_month + 1))
        given = (
            self.starts, self.days, self.sides, self.months, self.final, self.before, self.before_final,
            self.window, ends, first_month, chosen.astype(np.int8),
        )  # fmt: skip
        nothing = np.zeros((kernel.LATER, 0), np.float32)
        count = kernel.find_open(*given, np.zeros(0, np.int32), np.zeros(0, np.int8), nothing)
        rows, ages = np.empty(count, np.int32), np.empty(count, np.int8)
        found = np.empty((kernel.LATER, count), np.float32)
        kernel.find_open(*given, rows, ages, found)
        return OpenCrossings(rows, ages, found)


def histories(
    classified: pa.Table,
    *,
    rule: ResidenceRule,
    observed_from: datetime.date,
    features: Sequence[str] = (),
    birth_date: str | None = None,
) -> Histories:
    """The crossings of a classified table in order, with the measures from which outcomes are estimated.

    `features` are columns of codes such as sex, citizenship or visa; `birth_date` a column of days, from
    which the age at the crossing follows. Rows that are no crossing are left out. The order of the rows
    given does not matter.

    Raises: ProjectError for columns that are absent, and where no crossing is left.
    """
    absent = [name for name in (*_NEEDED, *features, *filter(None, [birth_date])) if name not in
              classified.column_names]  # fmt: skip
    if absent:
        raise ProjectError(
            f"The crossings have no column {', '.join(absent)}.",
            "Give what classify-movements writes, with the columns named as features beside it.",
        )
    table, starts, sides = _ordered(_crossings_of(classified))
    days = _days(table["date"])
    window, first = _longest_window(rule), (observed_from - datetime.date(1970, 1, 1)).days
    earlier = np.empty((len(kernel.EARLIER), len(days)), np.float32)
    kernel.find_earlier(starts, days, sides, window, first, np.empty(len(days), np.int64), earlier)
    columns, names = _fixed(table, days, sides, features, birth_date)
    before, before_final = _state_before(table, starts)
    return Histories(
        table, starts, days, month_of(days), sides,
        _claims(table["is_migration"]), _days(table["migration_final_on"]), before, before_final,
        np.vstack([earlier, *columns]), (*kernel.EARLIER, *names),
        ("direction", *features), window, first,
    )  # fmt: skip


def _longest_window(rule: ResidenceRule) -> int:
    """The most days that a window has; one of months closes a few days earlier, when all is decided."""
    if rule.unit == Unit.DAYS:
        return rule.window
    years, months = divmod(rule.window, 12)
    return 366 * years + 31 * months


def _crossings_of(classified: pa.Table) -> pa.Table:
    problem = classified["problem"].cast(pa.string())
    is_crossing = pc.invert(pc.is_in(problem, pa.array(_NO_CROSSING)))
    crossings = classified.filter(is_crossing)
    if not len(crossings):
        raise ProjectError("There is no crossing among the rows.", "Look at the column `problem`.")
    return crossings


def _ordered(crossings: pa.Table) -> tuple[pa.Table, Numbers, Codes]:
    """The crossings by person and turn, where each person's begin, and 1 for each arrival."""
    keys = {}
    for name in ("person_id", "date", "crossing_id"):
        keys[name] = _plain(crossings[name])
        if pa.types.is_string(keys[name].type):
            # The shorter first: numbers that have become text stay in their order.
            values = keys.pop(name)
            keys |= {f"{name}_length": pc.utf8_length(values), name: values}
    order = pc.sort_indices(pa.table(keys), sort_keys=[(name, "ascending") for name in keys])
    table = crossings.take(order)
    persons = pc.run_end_encode(keys["person_id"].take(order).combine_chunks())
    ends = persons.run_ends.to_numpy().astype(np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends])
    moments = table["date"].cast(pa.int32() if pa.types.is_date32(table["date"].type) else pa.int64())
    sides = pc.equal(table["direction"].cast(pa.string()), "arrival").to_numpy().astype(np.int8)
    turns = np.arange(len(table), dtype=np.int64)
    kernel.in_turn(starts, moments.to_numpy(), sides, turns)
    return table.take(pa.array(turns)), starts, sides[turns]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _days(dates: pa.ChunkedArray) -> Days:
    days = dates if pa.types.is_date32(dates.type) else dates.cast(pa.date32(), safe=False)
    numbers: Days = days.cast(pa.int32()).fill_null(int(NEVER)).to_numpy().astype(np.int32)
    return numbers


def _claims(column: pa.ChunkedArray) -> Codes:
    codes: Codes = column.cast(pa.int8()).fill_null(UNKNOWN).to_numpy().astype(np.int8)
    return codes


def _state_before(table: pa.Table, starts: Numbers) -> tuple[Codes, Days]:
    """The state before each crossing, and since when it is certain: since the one after the last was.

    Before a person's first crossing it is certain at once, or it never is.
    """
    before, after_final = _claims(table["resident_before"]), _days(table["status_final_on"])
    since = np.concatenate([after_final[:1], after_final[:-1]])
    since[starts[:-1]] = np.iinfo(np.int32).min
    return before, np.where(before == UNKNOWN, NEVER, since).astype(np.int32)


def _fixed(
    table: pa.Table, days: Days, sides: Codes, features: Sequence[str], birth_date: str | None
) -> tuple[list[Floats], list[str]]:
    columns = [(month_of(days) % 12).astype(np.float32), sides.astype(np.float32)]
    names = ["month_of_year", "direction"]
    if birth_date is not None:
        born = _days(table[birth_date])
        age = np.where(born == NEVER, np.nan, (days - born.astype(np.int64)) / 365.25)
        columns.append(np.floor(age).astype(np.float32))
        names.append("age")
    for name in features:
        columns.append(_codes(table[name]).astype(np.float32))
        names.append(name)
    return columns, names


def _codes(column: pa.ChunkedArray) -> Days:
    """Places of values in alphabetical order: a value that is seen later moves none of the others apart."""
    values = _plain(column).cast(pa.string()).fill_null(_NOT_STATED)
    different = pc.unique(values).sort()
    codes: Days = pc.index_in(values, different).to_numpy().astype(np.int32)
    return codes
