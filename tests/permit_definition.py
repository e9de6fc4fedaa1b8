"""What became of a visa or permit, told day by day: the slow definition that the method is held to."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sojourn.contracts.table import Table
from sojourn.engine import Relation

DAY = datetime.timedelta(1)
FAR = datetime.date(9999, 12, 31)


@dataclass(frozen=True)
class Grant:
    """One status of the one person looked at."""

    record_id: str
    kind: str
    first: datetime.date
    last: datetime.date | None
    reason: str | None = None
    category: str | None = None

    @property
    def end(self) -> datetime.date:
        return self.last or FAR

    def is_valid(self, day: datetime.date) -> bool:
        return self.first <= day <= self.end


@dataclass(frozen=True)
class Setting:
    """The days observed, and what the country lays down."""

    first: datetime.date
    last: datetime.date
    statuses_since: datetime.date
    grace: int = 0
    gap_months: int = 6
    newcomers: frozenset[str] = frozenset()
    newcomer_days: int = 365


Crossings = list[tuple[datetime.date, str]]


def after_months(day: datetime.date, months: int) -> datetime.date:
    """The same day of a later month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_months(grant: Grant) -> int | None:
    """How many months are over when the last day is."""
    if grant.last is None:
        return None
    count = 0
    while after_months(grant.first, count + 1) <= grant.last + DAY:
        count += 1
    return count


def overnight(crossings: Crossings, day: datetime.date) -> str | None:
    """IN or OUT in the night after a day; None where the crossings on both sides disagree or say nothing."""
    before = [direction for on, direction in crossings if on <= day][-1:]
    after = [direction for on, direction in crossings if on > day][:1]
    said = {{"A": "IN", "D": "OUT"}[direction] for direction in before if direction in "AD"}
    said |= {{"A": "OUT", "D": "IN"}[direction] for direction in after if direction in "AD"}
    return said.pop() if len(said) == 1 else None


def outcome(grant: Grant, crossings: Crossings, setting: Setting) -> tuple[str, datetime.date | None]:
    """The outcome and the day of arrival; crossings are those observed, in order."""
    if grant.end < grant.first or grant.end < setting.first:
        return "_U", None
    if grant.first > setting.last:
        return "OPEN", None
    began_observed = grant.first >= setting.first
    begin = overnight(crossings, max(grant.first, setting.first) - DAY)
    within = [(day, direction) for day, direction in crossings if grant.is_valid(day)]
    if begin == "IN":
        return ("HERE" if began_observed else "PRES"), None
    if within and begin == "OUT" and within[0][1] == "A" and began_observed:
        return "ARR", within[0][0]
    if within:
        return "PRES", None
    is_newcomer = (
        not crossings
        and grant.category in setting.newcomers
        and grant.first - datetime.timedelta(setting.newcomer_days) >= setting.first
    )
    if (begin == "OUT" and began_observed) or is_newcomer:
        is_over = grant.last is not None and grant.last + datetime.timedelta(setting.grace) <= setting.last
        return ("NEV" if is_over else "WAIT"), None
    return ("_U" if crossings else "NONE"), None


def outlasts(other: Grant, grant: Grant) -> bool:
    """Whether another status lasts longer; where both end on a day, the later one does."""
    return (other.end, other.first, other.record_id) > (grant.end, grant.first, grant.record_id)


def after_validity(
    grant: Grant, others: Iterable[Grant], crossings: Crossings, setting: Setting
) -> tuple[str, int | None]:
    """What the holder did when the validity ended, and for how many days without another status."""
    came, _ = outcome(grant, crossings, setting)
    if came == "NEV":
        return "_Z", None
    if grant.end < grant.first or grant.end < setting.first:
        return "_U", None
    if grant.end >= setting.last:
        return "VALID", None
    if came == "WAIT":
        return "OPEN", None
    side = overnight(crossings, grant.end)
    if came == "_U" or side is None:
        return "_U", None
    if side == "OUT":
        return "LEFT", None
    return _stayed(grant, [other for other in others if outlasts(other, grant)], crossings, setting)


def _stayed(
    grant: Grant, later: list[Grant], crossings: Crossings, setting: Setting
) -> tuple[str, int | None]:
    grace_ends = grant.end + datetime.timedelta(setting.grace)
    if any(other.first <= grace_ends + DAY for other in later):
        return "CONT", None
    following = [(day, direction) for day, direction in crossings if day > grant.end][:1]
    if following and following[0][1] != "D":
        return "_U", None
    if following and following[0][0] <= grace_ends:
        return "LEFT", None
    if grace_ends > setting.last:
        return "OPEN", None
    here_until = following[0][0] if following else setting.last
    begin = min((other.first for other in later), default=FAR)
    if begin <= here_until:
        return "GAP", (begin - grant.end).days - 1
    return ("LATE" if following else "NODEP"), (here_until - grant.end).days


def is_residence_permit(grant: Grant) -> bool:
    months = completed_months(grant) if grant.end >= grant.first else 0
    return grant.kind == "permit" and grant.end >= grant.first and (months is None or months >= 3)


def occasion(grant: Grant, permits: list[Grant], setting: Setting, main: Mapping[str, str]) -> str:
    """First, renewal or change; `permits` are all residence permits of the person."""
    if not is_residence_permit(grant):
        return "_Z"
    key = (grant.first, grant.end, grant.record_id)
    earlier = [other for other in permits if (other.first, other.end, other.record_id) < key]
    before = max(earlier, key=lambda other: (other.end, other.first, other.record_id), default=None)
    if before is None or (
        before.last is not None and grant.first >= after_months(before.last + DAY, setting.gap_months)
    ):
        is_known = grant.first >= after_months(setting.statuses_since, setting.gap_months)
        return "FIRST" if is_known else "_U"
    reasons = [main.get(each.reason or "_U", "_U") for each in (before, grant)]
    if "_U" in reasons:
        return "_U"
    return "RENEW" if reasons[0] == reasons[1] else "CHANGE"


def whole(contract: type[Table], drawn: Relation, **filled: Callable[[int], Any]) -> Relation:
    """A drawn table with all columns of its contract: those filled by row number, and nulls."""
    found = drawn.to_arrow()
    for name, field in ((field.name, field) for field in contract.schema()):
        if name not in found.column_names:
            value = filled.get(name, lambda row: None)
            values = pa.array([value(row) for row in range(len(found))], field.type)
            found = found.append_column(name, values)
    return drawn.engine.relation(contract.conform(found))
