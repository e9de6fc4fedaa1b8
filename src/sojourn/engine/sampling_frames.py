"""What a sampling frame's rows say, for planning a sample: texts, conditions that hold, values."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from sojourn.engine.connection import Engine
from sojourn.engine.names import quoted
from sojourn.engine.relation import Relation
from sojourn.engine.rules import Rule
from sojourn.errors import ProjectError

__all__ = ["frame_table", "is_number"]

_NUMBERS = ("INT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN")


def is_number(frame: Relation, column: str) -> bool:
    """Whether a column holds numbers, or true and false."""
    return any(kind in frame.types[column] for kind in _NUMBERS)


def frame_table(
    engine: Engine,
    frame: Relation,
    *,
    texts: Mapping[str, str],
    claims: Mapping[str, Rule],
    values: Mapping[str, Rule | str],
) -> pa.Table:
    """One row for each row of the frame: columns as text, conditions, and values as numbers, under new names.

    A condition of which it is not known whether it holds does not hold as a claim, and is missing as a value.

    Raises: ProjectError naming a condition that compares a column with what it cannot be compared with.
    """
    shown = [f"CAST({quoted(column)} AS VARCHAR) AS {quoted(name)}" for name, column in texts.items()]
    shown += [f"coalesce({rule.sql}, false) AS {quoted(name)}" for name, rule in claims.items()]
    for name, value in values.items():
        said = quoted(value) if isinstance(value, str) else f"({value.sql})"
        shown.append(f"CAST({said} AS DOUBLE) AS {quoted(name)}")
    try:
        return _rows(engine, frame, ", ".join(shown))
    except ProjectError:
        for rule in [*claims.values(), *(value for value in values.values() if isinstance(value, Rule))]:
            _require_comparable(engine, frame, rule)
        raise


def _rows(engine: Engine, frame: Relation, shown: str) -> pa.Table:
    return engine.query(f"SELECT {shown} FROM frame", {"frame": frame}).to_arrow()


def _require_comparable(engine: Engine, frame: Relation, rule: Rule) -> None:
    """Refuse a condition whose columns are not what it takes them for; no value is shown."""
    try:
        _rows(engine, frame, f"CAST(({rule.sql}) AS DOUBLE) AS judged")
    except ProjectError as error:
        kinds = ", ".join(f"{name} holds {frame.types[name]}" for name in sorted(rule.columns))
        raise ProjectError(
            f"the condition {rule.written!r} cannot be judged: {kinds}.",
            "Compare numbers with numbers and texts, in quotes, with texts.",
        ) from error
