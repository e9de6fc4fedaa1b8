"""Rules over a record: a small, whitelisted part of SQL.

A rule is a condition such as `direction in ('A', 'D')`. It is parsed before anything runs; what is not
a comparison, a logical connective, simple arithmetic, a listed function, a column of the table or a
literal is refused. The text that reaches the engine is written anew from the parsed tree.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass

from sqlglot import exp, parse
from sqlglot.errors import ParseError, TokenError

from sojourn.errors import ProjectError

__all__ = ["Rule", "compared_texts", "parse_rule"]

_ALLOWED: tuple[type[exp.Expression], ...] = (
    exp.And,
    exp.Or,
    exp.Not,
    exp.Paren,
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.In,
    exp.Between,
    exp.Is,
    exp.Null,
    exp.Boolean,
    exp.Literal,
    exp.Column,
    exp.Identifier,
    exp.Add,
    exp.Sub,
    exp.Mul,
    exp.Div,
    exp.Neg,
    exp.Like,
    exp.Case,
    exp.If,
    exp.Tuple,
    exp.Coalesce,
    exp.Length,
    exp.Lower,
    exp.Upper,
    exp.Abs,
    exp.Cast,
    exp.DataType,
    exp.Year,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)
_CASTABLE = (exp.DataType.Type.DATE,)


@dataclass(frozen=True)
class Rule:
    """A condition that has been checked against a table's columns."""

    written: str
    sql: str
    columns: frozenset[str]


def parse_rule(text: str, columns: Collection[str]) -> Rule:
    """Read a condition over the named columns.

    Raises: ProjectError saying what is not understood, not allowed, or not a column, with the nearest
    column's name.
    """
    try:
        parsed = parse(text, dialect="duckdb")
    except (ParseError, TokenError) as error:
        raise ProjectError(
            f"the rule {text!r} cannot be read.", "Write a condition such as: age >= 15"
        ) from error
    if len(parsed) != 1 or parsed[0] is None:
        raise ProjectError(f"the rule {text!r} is not one condition.", "Write a condition such as: age >= 15")
    tree = parsed[0]
    named: set[str] = set()
    for node in tree.walk():
        if not isinstance(node, _ALLOWED) or (isinstance(node, exp.In) and node.args.get("query")):
            raise ProjectError(
                f"the rule {text!r} uses {node.sql(dialect='duckdb')!r}, which rules may not use.",
                "Rules compare columns and values with =, <>, <, >, in, between, like, is null, and, or,"
                " not.",
            )
        if isinstance(node, exp.Cast) and node.to.this not in _CASTABLE:
            raise ProjectError(f"the rule {text!r} turns a value into another type than a date.")
        if isinstance(node, exp.Column):
            if node.table:
                raise ProjectError(f"the rule {text!r} names a table; rules see one record only.")
            named.add(node.name)
    for name in sorted(named - set(columns)):
        near = difflib.get_close_matches(name, list(columns), n=1)
        raise ProjectError(
            f"the rule {text!r} names {name}, which is not a column.",
            f"Did you mean {near[0]}?" if near else "",
        )
    if not named:
        raise ProjectError(
            f"the rule {text!r} looks at no column.", f"Columns are: {', '.join(sorted(columns))}."
        )
    return Rule(text, tree.sql(dialect="duckdb", identify=True), frozenset(named))


def compared_texts(text: str) -> list[tuple[str, str]]:
    """Columns of a condition with the texts to which =, <> and in compare them; none of an unreadable one."""
    try:
        parsed = parse(text, dialect="duckdb")
    except (ParseError, TokenError):
        return []
    found = []
    for tree in filter(None, parsed):
        for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
            sides = [node.this, *(node.expressions if isinstance(node, exp.In) else [node.expression])]
            names = [side.name for side in sides if isinstance(side, exp.Column)]
            texts = [side.this for side in sides if isinstance(side, exp.Literal) and side.is_string]
            found += [(name, said) for name in names for said in texts]
    return found
