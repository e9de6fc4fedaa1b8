"""Which records belong to a table and a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sojourn.engine.names import quoted, text_literal
from sojourn.engine.rules import Rule
from sojourn.errors import ProjectError

__all__ = [
    "judged_statement",
    "met_statement",
    "of_period_statement",
    "periods_statement",
    "renamed_statement",
    "selected_statement",
    "stacked_statement",
]

_FREQUENCIES = {
    "year": "strftime({day}, '%Y')",
    "quarter": "strftime({day}, '%Y') || '-Q' || CAST(quarter({day}) AS VARCHAR)",
    "month": "strftime({day}, '%Y-%m')",
}


def selected_statement(time: str, frequency: str, condition: Rule | None, *, is_text: bool = False) -> str:
    """The records that meet the condition, each with the `period_of_record` in SDMX notation.

    A record of which it is unknown whether it meets the condition does not meet it; its day decides the
    period, and a record without a day has none.

    Raises: ProjectError for a frequency that there is not.
    """
    if frequency not in _FREQUENCIES:
        raise ProjectError(f"There is no frequency {frequency!r}.", f"There are: {', '.join(_FREQUENCIES)}.")
    period = quoted(time) if is_text else _FREQUENCIES[frequency].format(day=quoted(time))
    where = f"\nWHERE {condition.sql}" if condition is not None else ""
    return f"SELECT *, {period} AS period_of_record\nFROM records{where}"


def periods_statement() -> str:
    """The periods that occur in `records`, in order."""
    return (
        "SELECT DISTINCT period_of_record AS period FROM records WHERE period_of_record IS NOT NULL ORDER"
        " BY period"
    )


def of_period_statement(period: str) -> str:
    """The records of one period."""
    return f"SELECT * EXCLUDE (period_of_record) FROM records WHERE period_of_record = {text_literal(period)}"


def renamed_statement(columns: Mapping[str, str], relation: str) -> str:
    """The rows of a relation with some of its columns, under new names."""
    shown = ", ".join(f"{quoted(old)} AS {quoted(new)}" for new, old in columns.items())
    return f"SELECT {shown} FROM {quoted(relation)}"


def met_statement(condition: Rule) -> str:
    """The records of which it is known that they meet the condition."""
    return f"SELECT * FROM records WHERE {condition.sql}"


def judged_statement(relation: str, condition: Rule | None, column: str) -> str:
    """The rows of a relation, each with whether it meets the condition; false where that is not known."""
    met = f"coalesce({condition.sql}, false)" if condition is not None else "false"
    return f"SELECT *, {met} AS {quoted(column)} FROM {quoted(relation)}"


def stacked_statement(relations: Sequence[str]) -> str:
    """The rows of several relations with the same columns, one below the other."""
    return " UNION ALL BY NAME ".join(f"SELECT * FROM {quoted(name)}" for name in relations)
