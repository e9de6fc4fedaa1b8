"""Rules over a record: a small, whitelisted part of SQL.

A rule is a condition such as `direction in ('A', 'D')`. It is parsed before anything runs; what is not
a comparison, a logical connective, simple arithmetic, a listed function, a column of the table or a
literal is refused. The text that reaches the engine is written anew from the parsed tree.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlglot import exp, parse
from sqlglot.errors import ParseError, TokenError

from sojourn.concepts.spelling import folded, nearest
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


_HOW = (
    "Write a condition such as: age >= 15, or sex = 'F'. A name with blanks or signs stands in double quotes:"
    ' "marital status" = 1'
)


@dataclass(frozen=True)
class Rule:
    """A condition that has been checked against a table's columns."""

    written: str
    sql: str
    columns: frozenset[str]


def parse_rule(text: str, columns: Collection[str], called: Mapping[str, str] | None = None) -> Rule:
    """Read a condition over the named columns; `called` are other names under which the engine sees them.

    Raises: ProjectError saying what is not understood, not allowed, or not a column, with the nearest
    column's name.
    """
    try:
        parsed = parse(text, dialect="duckdb")
    except (ParseError, TokenError) as error:
        raise ProjectError(f"the rule {text!r} cannot be read.", _HOW) from error
    if len(parsed) != 1 or parsed[0] is None:
        raise ProjectError(f"the rule {text!r} is not one condition.", _HOW)
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
        raise ProjectError(
            f"the rule {text!r} names {name}, which is not a column.", _meant(text, name, columns)
        )
    if not named:
        raise ProjectError(f"the rule {text!r} looks at no column.", _HOW)
    renamed = {} if called is None else {name: called.get(name, name) for name in named}
    for column in tree.find_all(exp.Column):
        if renamed:
            column.set("this", exp.to_identifier(renamed[column.name], quoted=True))
    seen = frozenset(renamed.get(name, name) for name in named)
    return Rule(text, tree.sql(dialect="duckdb", identify=True), seen)


def _meant(text: str, name: str, columns: Collection[str]) -> str:
    """What may have been meant by a name that is no column's."""
    by_folded = {folded(column): column for column in columns}
    near = nearest(name, by_folded, 1)
    if near:
        return f"Did you mean {by_folded[near[0]]}?"
    return f"A text stands in single quotes: '{name}'." if f'"{name}"' in text else ""


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
