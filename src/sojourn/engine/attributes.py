"""SQL over a list of attributes: records told attribute by attribute, and put together again.

The attributes of a person are the columns of a contract, so the list varies; their names are checked and
quoted here, and nothing else of a method's SQL is put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sojourn.engine.names import quoted, text_literal

__all__ = ["gathered_statement", "harmonised_statement", "said_statement"]


def said_statement(attributes: Sequence[str], beside: Sequence[str]) -> str:
    """One row for each attribute that a record of `records` says something of, its value as text.

    `beside` are the columns that each row keeps; the row says `attribute` and `value`.
    """
    kept = [quoted(name) for name in beside]
    texts = [f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in attributes]
    listed = ", ".join(quoted(name) for name in attributes)
    return (
        f"SELECT {', '.join([*kept, 'attribute', 'value'])}\n"
        f"FROM (SELECT {', '.join([*kept, *texts])} FROM records)\n"
        f"  UNPIVOT (value FOR attribute IN ({listed}))"
    )


def gathered_statement(attributes: Mapping[str, str]) -> str:
    """One row for each person of `persons`, with the values of `best` as columns of the given types.

    The parameter $as_of is the day by which records count.
    """
    columns = [
        f"CAST(max(value) FILTER (attribute = {text_literal(name)}) AS {kind}) AS {quoted(name)}"
        for name, kind in attributes.items()
    ]
    return (
        f"SELECT CAST($as_of AS DATE) AS as_of, person_key, {', '.join(columns)},\n"
        "  count(*) FILTER (stated_values > 0) AS attributes_stated,\n"
        "  count(*) FILTER (stated_values > 1) AS conflicts\n"
        "FROM persons LEFT JOIN best USING (person_key)\n"
        "GROUP BY person_key"
    )


def harmonised_statement(columns: Mapping[str, tuple[str | None, str]]) -> str:
    """The rows of `records` under the names of another contract.

    `columns` names each column wanted, with the column that it is taken from (none for nulls) and its type.
    The parameter $source says whose records they are.
    """
    taken = [
        f"CAST({quoted(old) if old is not None else 'NULL'} AS {kind}) AS {quoted(new)}"
        for new, (old, kind) in columns.items()
    ]
    return f"SELECT {', '.join(taken)}, CAST($source AS VARCHAR) AS source\nFROM records"
