"""SQL that turns a file's own columns into standard variables, and counts what it cannot read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sojourn.engine.names import quoted, text_literal
from sojourn.engine.rules import Rule

__all__ = ["VariableOrigin", "expressions_statement", "misread_statement", "variables_statement"]

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_FRACTIONAL = ("FLOAT", "DOUBLE")
_UNKNOWN = "_U"


@dataclass(frozen=True)
class VariableOrigin:
    """Where a variable comes from: a column, a condition, an expression, or cases of which the first holds.

    `kind` is `code`, `number` or `whole` (not below zero). `codes` turns texts of the column into codes;
    `missing` are texts that mean that nothing is stated. `allowed` are the codes that may come out; any where
    it is None.
    """

    name: str
    kind: str
    column: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    condition: Rule | None = None
    value: Rule | None = None
    constant: str | None = None
    cases: tuple[tuple[Rule, str], ...] = ()
    otherwise: str | None = None
    allowed: tuple[str, ...] | None = None


def variables_statement(
    origins: Sequence[VariableOrigin], types: Mapping[str, str], kept: Sequence[str]
) -> str:
    """`records` with the kept columns as they are and one column for each variable; unknown is null.

    A condition gives Y or N. Of cases, one that is not known leaves the variable unknown. A number that
    is not finite, as after a division by zero, is unknown.
    """
    columns = [quoted(name) for name in kept]
    columns += [f"{_variable(origin, types)} AS {quoted(origin.name)}" for origin in origins]
    return f"SELECT {', '.join(columns)} FROM records"


def misread_statement(origins: Sequence[VariableOrigin], types: Mapping[str, str]) -> str:
    """One row about `records`: for each variable that a column gives, how many of its values fit nothing."""
    counts = [f"count(*) FILTER ({_misread(origin, types)})" for origin in origins if origin.column]
    return f"SELECT {', '.join(counts)} FROM records"


def expressions_statement(expressions: Mapping[str, Rule]) -> str:
    """`records` with a further number for each expression over their columns; not finite is null."""
    columns = [f"{_finite(rule.sql)} AS {quoted(name)}" for name, rule in expressions.items()]
    return f"SELECT {', '.join(['*', *columns])} FROM records"


def _variable(origin: VariableOrigin, types: Mapping[str, str]) -> str:
    if origin.column is not None:
        found = f"CASE WHEN {_stated(origin, types)} THEN {_read(origin, types)} END"
    elif origin.condition is not None:
        found = f"CASE WHEN {origin.condition.sql} THEN 'Y' WHEN NOT ({origin.condition.sql}) THEN 'N' END"
    elif origin.value is not None:
        found = _finite(origin.value.sql)
    elif origin.constant is not None:
        is_code = origin.kind == "code"
        found = text_literal(origin.constant) if is_code else f"CAST({float(origin.constant)!r} AS DOUBLE)"
    else:
        found = _first_case(origin)
    return f"nullif({found}, '{_UNKNOWN}')" if origin.kind == "code" else found


def _first_case(origin: VariableOrigin) -> str:
    parts = [
        f"WHEN ({rule.sql}) IS NULL THEN NULL WHEN {rule.sql} THEN {text_literal(code)}"
        for rule, code in origin.cases
    ]
    last = "NULL" if origin.otherwise is None else text_literal(origin.otherwise)
    return f"CASE {' '.join(parts)} ELSE {last} END"


def _finite(sql: str) -> str:
    number = f"CAST(({sql}) AS DOUBLE)"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _text(column: str, kind: str) -> str:
    """A column as text; whole numbers without a point, also where a file keeps them as fractions."""
    name = quoted(column)
    if kind not in _FRACTIONAL:
        return f"CAST({name} AS VARCHAR)"
    whole = f"CAST(TRY_CAST({name} AS BIGINT) AS VARCHAR)"
    return (
        f"CASE WHEN NOT isnan({name}) THEN"
        f" CASE WHEN {name} = trunc({name}) THEN {whole} ELSE CAST({name} AS VARCHAR) END END"
    )


def _stated(origin: VariableOrigin, types: Mapping[str, str]) -> str:
    text = _text(str(origin.column), types[str(origin.column)])
    if not origin.missing:
        return f"({text}) IS NOT NULL"
    return f"coalesce(({text}) NOT IN ({_listed(origin.missing)}), false)"


def _read(origin: VariableOrigin, types: Mapping[str, str]) -> str:
    """A column's value as the variable's, before it is known whether it fits."""
    column, kind = str(origin.column), types[str(origin.column)]
    if origin.kind == "code":
        if not origin.codes:
            return _text(column, kind)
        cases = " ".join(
            f"WHEN {text_literal(written)} THEN {text_literal(code)}"
            for written, code in origin.codes.items()
        )
        return f"CASE {_text(column, kind)} {cases} END"
    name = quoted(column)
    if kind in _WHOLE:
        return f"CAST({name} AS BIGINT)"
    number = f"TRY_CAST({name} AS DOUBLE)"
    if origin.kind == "whole":
        return f"CASE WHEN {number} = trunc({number}) THEN TRY_CAST({number} AS BIGINT) END"
    return f"CASE WHEN isfinite({number}) THEN {number} END"


def _misread(origin: VariableOrigin, types: Mapping[str, str]) -> str:
    read = _read(origin, types)
    wrong = [f"({read}) IS NULL"]
    if origin.allowed is not None:
        wrong.append(f"({read}) NOT IN ({_listed(origin.allowed)})")
    if origin.kind == "whole":
        wrong.append(f"({read}) < 0")
    return f"{_stated(origin, types)} AND ({' OR '.join(wrong)})"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(text_literal(text) for text in texts)
