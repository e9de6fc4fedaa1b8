"""SQL over microdata whose keys vary: the patterns of keys that occur, and what stands behind each."""

from __future__ import annotations

from collections.abc import Sequence

from sojourn.engine.names import quoted

__all__ = ["patterns_statement", "values_statement"]


def patterns_statement(keys: Sequence[str], weight: str | None = None, sensitive: str | None = None) -> str:
    """The patterns of `records`: each combination of keys that occurs, with its records and their weight.

    With a sensitive column also how many different known values it has there (`different`), how many records
    have one (`known`), and the sum over values of n ln n (`spread`), from which the entropy follows. The
    parameter $unknown lists codes that mean that a value is not known, also of keys; they become null.
    """
    text = [_known(name) for name in keys]
    amount = f"sum(CAST({quoted(weight)} AS DOUBLE))" if weight is not None else "CAST(count(*) AS DOUBLE)"
    by_key = ", ".join(quoted(name) for name in keys)
    told = f"count(*) AS records, {amount} AS weight"
    if sensitive is None:
        return f"SELECT {', '.join([*text, told])}\nFROM records GROUP BY ALL"
    value = f"{_bare(sensitive)} AS value"
    return (
        "WITH cells AS (  -- one row for each pattern and value of the sensitive column\n"
        f"  SELECT {', '.join([*text, value, told])}\n  FROM records GROUP BY ALL\n)\n"
        f"SELECT {by_key}, CAST(sum(records) AS BIGINT) AS records, sum(weight) AS weight,\n"
        "  count(value) AS different,\n"
        "  CAST(coalesce(sum(records) FILTER (value IS NOT NULL), 0) AS BIGINT) AS known,\n"
        "  coalesce(sum(records * ln(records)) FILTER (value IS NOT NULL), 0) AS spread\n"
        f"FROM cells GROUP BY {by_key}"
    )


def values_statement(keys: Sequence[str], sensitive: str) -> str:
    """How many of `records` have each known value of a sensitive column (`value`), by pattern of keys.

    The parameter $unknown is that of `patterns_statement`.
    """
    text = [_known(name) for name in keys]
    return (
        f"SELECT {', '.join([*text, f'{_bare(sensitive)} AS value', 'count(*) AS records'])}\n"
        "FROM records GROUP BY ALL HAVING value IS NOT NULL"
    )


def _known(name: str) -> str:
    return f"{_bare(name)} AS {quoted(name)}"


def _bare(name: str) -> str:
    """The value as text, null where it is not known."""
    text = f"CAST({quoted(name)} AS VARCHAR)"
    return f"CASE WHEN {text} IN (SELECT unnest($unknown)) THEN NULL ELSE {text} END"
