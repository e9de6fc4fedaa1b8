"""SDG indicators from tables of aggregates on plain files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.production.survey_reading import survey_rows
from sojourn.production.table_files import require_targets, write_table
from sojourn.project.declarations import Arrival
from sojourn.statistics.sdg_indicators.aggregates import AGGREGATES

__all__ = ["aggregate_file"]


def aggregate_file(
    function: str,
    source: Path,
    target: Path,
    *,
    by: Sequence[str] = (),
    least_quality: int | None = None,
    arrives: Arrival | None = None,
    on_note: Callable[[str], None] = lambda note: None,
) -> pa.Table:
    """Write the figures that a function makes of a table of aggregates, and return them.

    `arrives` says how the table is written, where the end of its name does not; `on_note` is told of numbers
    that are not stated, since figures that need them are empty.

    Raises: ProjectError for a function that there is not, or settings that it does not have; DataRefused
    where the table lacks what it needs.
    """
    if function not in AGGREGATES:
        raise ProjectError(f"There is no function {function!r}.", f"There are {', '.join(AGGREGATES)}.")
    require_targets(target)
    method = AGGREGATES[function]
    given: dict[str, Any] = {"by": tuple(by)} if by else {}
    given |= {} if least_quality is None else {"least_quality": least_quality}
    strange = sorted(set(given) - set(method.settings))
    if strange:
        raise ProjectError(
            f"The function {function} has no setting {strange[0]}.",
            f"It has {', '.join(method.settings) or 'none'}.",
        )
    columns = dict.fromkeys((*method.texts, *by), "value") | dict.fromkeys(method.numbers, "number")
    table = survey_rows(source, columns, method.optional, arrives=arrives)
    if not len(table):
        raise DataRefused(Problem(shown(source.name), None, "the table has no rows.", "Write it anew."))
    note = _untold(source, table, method.numbers)
    try:
        figures = method(table, **given)
    except DataRefused as error:
        raise DataRefused(
            [Problem(shown(source.name), None, problem.message, problem.remedy) for problem in error.problems]
        ) from error
    write_table(figures, target, {"indicator": method.indicator, "function": function})
    if note is not None:
        on_note(note)
    return figures


def _untold(source: Path, table: pa.Table, numbers: Sequence[str]) -> str | None:
    """What is said of numbers that are not stated; None where all are."""
    counts = {name: table[name].null_count for name in numbers if table[name].null_count}
    if not counts:
        return None
    listed = ", ".join(f"{name} in {count:,} of {len(table):,} rows" for name, count in counts.items())
    return (
        f"{shown(source.name)} does not state {listed}: what needs them is empty, totals over these rows too."
        " Fill them in, or leave such rows out on purpose."
    )
