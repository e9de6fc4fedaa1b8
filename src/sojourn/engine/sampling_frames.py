"""What a sampling frame's rows say, for planning a sample: texts, conditions that hold, values."""

from __future__ import annotations

from collections.abc import Mapping

from sojourn.engine.names import quoted
from sojourn.engine.rules import Rule

__all__ = ["frame_statement"]


def frame_statement(
    texts: Mapping[str, str], claims: Mapping[str, Rule], values: Mapping[str, Rule | str]
) -> str:
    """One row for each row of `frame`: columns as text, conditions, and values as numbers, under new names.

    A condition of which it is not known whether it holds does not hold as a claim, and is missing as a value.
    """
    shown = [f"CAST({quoted(column)} AS VARCHAR) AS {quoted(name)}" for name, column in texts.items()]
    shown += [f"coalesce({rule.sql}, false) AS {quoted(name)}" for name, rule in claims.items()]
    for name, value in values.items():
        said = quoted(value) if isinstance(value, str) else f"({value.sql})"
        shown.append(f"CAST({said} AS DOUBLE) AS {quoted(name)}")
    return f"SELECT {', '.join(shown)} FROM frame"
