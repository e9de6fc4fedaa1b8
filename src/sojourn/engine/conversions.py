"""From the text that a sender wrote to the types of a contract: the SQL that reads, checks and explains.

The statement never guesses. A value that cannot be read as its column's type, a code that no map knows,
a day that no calendar has, all give a problem with a reason and the column's name; the value itself is
not repeated. A record with a problem has a list of them in the column `problems`; a good record has null.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sojourn.engine.names import quoted, text_literal
from sojourn.engine.rules import Rule
from sojourn.errors import ProjectError

__all__ = [
    "Conversion",
    "ConversionPlan",
    "Kind",
    "RecordRule",
    "conversion_statement",
    "day_pattern",
    "outcome_column",
]

_SQL_TYPES = {
    "day": "DATE",
    "instant": "TIMESTAMPTZ",
    "year": "BIGINT",
    "integer": "BIGINT",
    "decimal": "DOUBLE",
}
Kind = Literal[
    "text",
    "document",
    "day",
    "partial_day",
    "local_day",
    "instant",
    "year",
    "integer",
    "decimal",
    "code",
    "fixed",
]

LONGEST_TEXT = 512
FIRST_YEAR, LAST_YEAR = 1875, 2100


@dataclass(frozen=True)
class Conversion:
    """How one column of the contract is read from one column of the file."""

    target: str
    kind: Kind
    source: str | None = None
    is_required: bool = False
    format: str | None = None
    value: str | None = None
    codes: str | None = None
    dated_by: str | None = None
    has_validity: bool = False
    not_after: bool = False
    type_kind: Kind = "text"


@dataclass(frozen=True)
class RecordRule:
    """A rule that each record must keep; a warning is counted, an error quarantines."""

    identifier: str
    rule: Rule
    is_error: bool


@dataclass(frozen=True)
class ConversionPlan:
    """All conversions of a source, with what holds for all of them."""

    conversions: tuple[Conversion, ...]
    rules: tuple[RecordRule, ...] = ()
    missing: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str | None = None
    time_zone: str = "UTC"
    day_of_record: str | None = None


def conversion_statement(plan: ConversionPlan, received_on: datetime.date) -> str:
    """The SELECT over `raw` that gives `line`, every target, the outcome of every rule, and `problems`.

    `raw` has the column `line` and the file's columns as text without blanks around it. Code maps are
    relations named by `Conversion.codes` with the columns written, standard, valid_from and valid_to. The
    day of receipt stands in the text, so that the result can be a view: computed once, when all is asked for.
    """
    read = [c for c in plan.conversions if c.source is not None]
    coded = [c for c in read if c.kind == "code"]
    cleaned = list(dict.fromkeys(f"{_cleaned(c, plan.missing)} AS {_written(c)}" for c in read))
    converted = [f"{_converted(c, plan)} AS {quoted(c.target)}" for c in read if c.kind != "code"]
    converted += [f"{_fixed(c)} AS {quoted(c.target)}" for c in plan.conversions if c.source is None]
    converted += [
        f"{_day(_written(c), c.format)} AS {_whole_day(c)}" for c in read if c.kind == "partial_day"
    ]
    outcomes = [f"({r.rule.sql}) AS {_outcome(r)}" for r in plan.rules]
    shown = [*(quoted(c.target) for c in plan.conversions), *map(_outcome, plan.rules)]
    return f"""WITH written AS (      -- the file's cells; an empty one, and a word that means so, is missing
  SELECT line, DATE {text_literal(received_on.isoformat())} AS received_on,
    {_listed(cleaned)}
  FROM raw
),
converted AS (    -- beside them the contract's types, null where a cell cannot be read as such
  SELECT *, {_listed(converted or ["NULL AS no_conversion"])}
  FROM written
),
coded AS (        -- and the standard codes, null where no map knows the sender's code
  SELECT converted.*{"".join(f", {_map(c)}.standard AS {quoted(c.target)}" for c in coded)}
  FROM converted{"".join(_code_join(c) for c in coded)}
),
judged AS (       -- and the outcome of every rule: true, false, or null for unknown
  SELECT *{"".join(f", {outcome}" for outcome in outcomes)}
  FROM coded
)
SELECT line, {", ".join(shown)},
  {_problem_list(plan, read)} AS problems
FROM judged"""


def _listed(expressions: Sequence[str]) -> str:
    return ",\n    ".join(expressions)


def _written(conversion: Conversion) -> str:
    return quoted(f"written_{conversion.source}")


def _whole_day(conversion: Conversion) -> str:
    return quoted(f"whole_{conversion.target}")


def _map(conversion: Conversion) -> str:
    return quoted(f"map_{conversion.target}")


def _fixed(conversion: Conversion) -> str:
    return (
        f"CAST({text_literal(conversion.value or '')} AS {_SQL_TYPES.get(conversion.type_kind, 'VARCHAR')})"
    )


def _problem_list(plan: ConversionPlan, read: Sequence[Conversion]) -> str:
    """A list of `reason|column` for a record that has problems, else null; built for bad records only."""
    problems = [problem for c in read for problem in _problems(c, plan.time_zone)]
    problems += [
        (f"NOT coalesce({_outcome(r)}, true)", f"check:{r.identifier}|") for r in plan.rules if r.is_error
    ]
    for born in (c for c in read if c.target == "birth_date" and c.kind == "partial_day"):
        if plan.day_of_record is not None:
            late = f"coalesce({_whole_day(born)} > {quoted(plan.day_of_record)}, false)"
            problems.append((late, "born-after-event|birth_date"))
    if len({c.source for c in read}) > 1:
        nothing = " AND ".join(dict.fromkeys(f"{_written(c)} IS NULL" for c in read))
        problems.append((nothing, "empty-record|"))
    if not problems:
        return "CAST(NULL AS VARCHAR[])"
    any_bad = " OR ".join(f"({condition})" for condition, _ in problems)
    named = _listed([f"CASE WHEN {condition} THEN {_reason(text)} END" for condition, text in problems])
    return f"CASE WHEN {any_bad} THEN list_filter([{named}], lambda problem: problem IS NOT NULL) END"


def _reason(text: str) -> str:
    return text if text.startswith("CASE ") else text_literal(text)


def _cleaned(conversion: Conversion, missing: Sequence[str]) -> str:
    """The cell, or null for the texts that mean missing."""
    value = f"nullif({quoted(conversion.source or '')}, '')"
    for word in missing:
        value = f"nullif({value}, {text_literal(word)})"
    return value


def _converted(conversion: Conversion, plan: ConversionPlan) -> str:
    cell = _written(conversion)
    match conversion.kind:
        case "text":
            return f"CASE WHEN length({cell}) <= {LONGEST_TEXT} THEN {cell} END"
        case "document":
            return _document(cell)
        case "day":
            return _day(cell, conversion.format)
        case "local_day":
            return _local_day(_instant(cell, conversion.format, plan.time_zone), plan.time_zone)
        case "partial_day":
            return _partial_day(cell, conversion.format)
        case "year":
            return (
                f"coalesce(year({_day(cell, conversion.format)}),"
                f" TRY_CAST({_partial(cell, conversion.format)}[1:4] AS BIGINT))"
            )
        case "instant":
            return _instant(cell, conversion.format, plan.time_zone)
        case "integer":
            return f"TRY_CAST({_matching(_number(cell, plan), '[+-]?[0-9]+')} AS BIGINT)"
        case "decimal":
            pattern = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
            return f"TRY_CAST({_matching(_number(cell, plan), pattern)} AS DOUBLE)"
    raise ProjectError(f"There is no conversion of kind {conversion.kind}.")


def _matching(text: str, pattern: str) -> str:
    return f"CASE WHEN regexp_full_match({text}, {text_literal(pattern)}) THEN {text} END"


def _number(cell: str, plan: ConversionPlan) -> str:
    """A number as SQL writes it: without marks between thousands, with a point before the decimals."""
    text = cell
    if plan.thousands is not None:
        marks = " \u00a0\u202f\u2009" if plan.thousands.isspace() else plan.thousands
        for mark in marks:
            text = f"replace({text}, {text_literal(mark)}, '')"
    if plan.decimal != ".":
        text = (
            f"CASE WHEN contains({cell}, '.') THEN NULL ELSE replace({text}, {text_literal(plan.decimal)},"
            " '.') END"
        )
        if plan.thousands == ".":
            text = f"replace(replace({cell}, '.', ''), {text_literal(plan.decimal)}, '.')"
    return text


def _is_damaged(cell: str) -> str:
    """A spreadsheet turned a long number into powers of ten."""
    return f"regexp_full_match({cell}, '[0-9]([.,][0-9]+)?[eE][+][0-9]+')"


def _document(cell: str) -> str:
    """Letters of any script, Latin digits and the marks that documents use; most are plain ASCII."""
    of_any_script = (
        f"length({cell}) <= 64 AND regexp_full_match({cell}, '[\\p{{L}}\\p{{M}}0-9 ./\\-]+') AND NOT"
        f" regexp_matches({cell}, '[\\x{{FF00}}-\\x{{FFEF}}]')"
    )
    return (
        f"CASE WHEN strlen({cell}) <= 64 AND regexp_full_match({cell}, '[A-Za-z0-9 ./\\-]+') THEN {cell}"
        f" WHEN {of_any_script} THEN {cell} END"
    )


def _day(cell: str, format_: str | None) -> str:
    """A day of the calendar in a year that a record can come from, or null."""
    day = f"CAST(try_strptime({cell}, {text_literal(format_ or '%Y-%m-%d')}) AS DATE)"
    return f"CASE WHEN {day} BETWEEN DATE '{FIRST_YEAR}-01-01' AND DATE '{LAST_YEAR}-12-31' THEN {day} END"


def _partial_day(cell: str, format_: str | None) -> str:
    """A whole day, or a year or month whose unknown parts are written 00; kept as text."""
    return f"coalesce(CAST({_day(cell, format_)} AS VARCHAR), {_partial(cell, format_)})"


def _partial(cell: str, format_: str | None) -> str:
    """The year, or year and month, of a day whose other parts are written 00, as 1990-00-00; else null."""
    pattern, groups = day_pattern(format_ or "%Y-%m-%d")
    literal = text_literal(pattern)
    year, month, day = (f"regexp_extract({cell}, {literal}, {group})" for group in groups)
    is_partial = (
        f"{day} = '00' AND {month} BETWEEN '00' AND '12' AND {year} BETWEEN '{FIRST_YEAR}' AND '{LAST_YEAR}'"
    )
    return f"CASE WHEN {is_partial} THEN {year} || '-' || {month} || '-00' END"


def day_pattern(format_: str) -> tuple[str, tuple[int, int, int]]:
    """A regular expression of a day's format, and the groups that hold year, month and day.

    Raises: ProjectError if the format does not hold %Y, %m and %d once each and nothing else variable.
    """
    parts = {"%Y": "([0-9]{4})", "%m": "([0-9]{2})", "%d": "([0-9]{2})"}
    pieces = re.split("(%.)", format_)
    found = [piece for piece in pieces if piece.startswith("%")]
    if sorted(found) != sorted(parts):
        raise ProjectError(
            f"the format {format_!r} of a day must hold %Y, %m and %d once each.",
            "Write for instance %d.%m.%Y.",
        )
    pattern = "".join(parts.get(piece, re.escape(piece)) for piece in pieces)
    return f"^{pattern}$", (found.index("%Y") + 1, found.index("%m") + 1, found.index("%d") + 1)


def _instant(cell: str, format_: str | None, time_zone: str) -> str:
    """A point in time; a clock time without an offset is in the source's time zone.

    A clock time that daylight saving skips is moved forward by the length of the gap.
    """
    if format_ is not None and "%z" in format_:
        return f"CAST(try_strptime({cell}, {text_literal(format_)}) AS TIMESTAMPTZ)"
    zone = text_literal(time_zone)
    if format_ is not None:
        return f"timezone({zone}, CAST(try_strptime({cell}, {text_literal(format_)}) AS TIMESTAMP))"
    form = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    offset = r"(Z|[+-][0-9]{2}:?[0-9]{2})"
    if _is_utc(time_zone):
        instant = f"TRY_CAST({_matching(cell, f'{form}{offset}?')} AS TIMESTAMPTZ)"
    else:
        with_offset = f"TRY_CAST({_matching(cell, form + offset)} AS TIMESTAMPTZ)"
        without = f"TRY_CAST({_matching(cell, form)} AS TIMESTAMP)"
        instant = f"coalesce({with_offset}, timezone({zone}, {without}))"
    return (
        f"CASE WHEN {instant} >= TIMESTAMPTZ '{FIRST_YEAR}-01-01 00:00:00+00' AND {instant} <"
        f" TIMESTAMPTZ '{LAST_YEAR + 1}-01-01 00:00:00+00' THEN {instant} END"
    )


def _is_utc(time_zone: str) -> bool:
    # The engine's connections are set to UTC: a text without an offset is then read so.
    return time_zone == "UTC"


def _local_day(instant: str, time_zone: str) -> str:
    """The day on which an instant fell at the source."""
    local = f"make_timestamp(epoch_us({instant}))"
    if not _is_utc(time_zone):
        local = f"timezone({text_literal(time_zone)}, {instant})"
    return f"CAST({local} AS DATE)"


def _code_join(conversion: Conversion) -> str:
    """The line of the map that holds on the day of the record, or else on the day of receipt."""
    alias = _map(conversion)
    condition = f"{alias}.written = converted.{_written(conversion)}"
    if conversion.has_validity:
        day = f"converted.{quoted(conversion.dated_by)}" if conversion.dated_by else "converted.received_on"
        condition += (
            f" AND ({alias}.valid_from IS NULL OR {alias}.valid_from <= {day})"
            f" AND ({alias}.valid_to IS NULL OR {alias}.valid_to >= {day})"
        )
    return f"\n  LEFT JOIN {quoted(conversion.codes or '')} AS {alias} ON {condition}"


_REASONS = {
    "text": "text-too-long",
    "document": "document-number-unreadable",
    "day": "not-a-day",
    "partial_day": "not-a-day",
    "year": "not-a-day",
    "instant": "not-a-time",
    "local_day": "not-a-time",
    "integer": "not-a-whole-number",
    "decimal": "not-a-number",
    "code": "unknown-code",
}


def _problems(conversion: Conversion, time_zone: str) -> list[tuple[str, str]]:
    """The conditions under which a record has a problem with this column, and their names."""
    target, written = quoted(conversion.target), _written(conversion)
    unread = f"{_REASONS[conversion.kind]}|{conversion.target}"
    if conversion.kind == "document":
        damaged = text_literal(f"spreadsheet-damage|{conversion.target}")
        unread = f"CASE WHEN {_is_damaged(written)} THEN {damaged} ELSE {text_literal(unread)} END"
    found = [(f"{written} IS NOT NULL AND {target} IS NULL", unread)]
    if conversion.is_required:
        found.append((f"{written} IS NULL", f"missing|{conversion.target}"))
    if conversion.not_after:
        day = {
            "partial_day": _whole_day(conversion),
            "instant": _local_day(target, time_zone),
        }.get(conversion.kind, target)
        found.append((f"coalesce({day} > received_on, false)", f"after-receipt|{conversion.target}"))
    return found


def outcome_column(rule: RecordRule) -> str:
    """The name of the column that holds a rule's outcome."""
    return f"rule_{re.sub('[^A-Za-z0-9_]', '_', rule.identifier)}"


def _outcome(rule: RecordRule) -> str:
    return quoted(outcome_column(rule))
