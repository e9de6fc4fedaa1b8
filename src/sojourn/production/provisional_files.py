"""Provisional figures of a plain file: read classified crossings, estimate, write tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.movements import CLASSIFIED, Observation
from sojourn.production.movement_files import require_writable
from sojourn.production.movement_reading import CROSSING_COLUMNS, opened_table
from sojourn.production.movement_results import rule_as_text, terms_of
from sojourn.statistics.provisional import LearningWindow, ProvisionalFigures, provisional_figures

__all__ = ["Targets", "estimate_file"]

DECISION_COLUMNS = {
    "resident_before": "claim",
    "is_migration": "claim",
    "status_final_on": "day",
    "migration_final_on": "day",
    "problem": "text",
}


_DAYS_OF_CERTAINTY = ("status_final_on", "migration_final_on")


@dataclass(frozen=True)
class Targets:
    """Files to write: the figures; if wanted, the open crossings with their probabilities, and revisions."""

    figures: Path
    crossings: Path | None = None
    revisions: Path | None = None


def estimate_file(
    source: Path,
    targets: Targets,
    *,
    rule: ResidenceRule,
    observation: Observation,
    features: Sequence[str] = (),
    birth_date: str | None = None,
    by: Sequence[str] = (),
    learning: LearningWindow | None = None,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> ProvisionalFigures:
    """Estimate monthly migration from a file that `classify-movements` wrote.

    Raises: ProjectError for a target that exists or a setting that does not fit; DataRefused when a column
    is missing or of the wrong type, or a value cannot be read.
    """
    chosen = [file for file in (targets.figures, targets.crossings, targets.revisions) if file is not None]
    for file in chosen:
        require_writable(file)
    if len({file.resolve() for file in chosen}) < len(chosen):
        raise ProjectError("Two results have the same name.", "Give each a file of its own.")
    others = [*features, *by, *([birth_date] if birth_date is not None else [])]
    _require_known_then(others)
    needed = {**CROSSING_COLUMNS, **DECISION_COLUMNS, **dict.fromkeys(others, "any")}
    table = _with_days(source, _read(source, needed), birth_date)
    _require_fits(source, table, rule, observation)
    found = provisional_figures(
        table,
        rule=rule,
        observation=observation,
        features=features,
        birth_date=birth_date,
        by=by,
        learning=learning,
        on_progress=on_progress,
    )
    _write(found.totals, targets.figures)
    if targets.crossings is not None:
        _write(found.crossings, targets.crossings)
    if targets.revisions is not None:
        _write(found.triangle, targets.revisions)
    return found


def _require_known_then(columns: Sequence[str]) -> None:
    """Refuse to learn from, or break down by, what nobody knew at the crossing, and what names one person."""
    wrong = [name for name in columns if name in (*CLASSIFIED.names, *CROSSING_COLUMNS)]
    if wrong:
        raise ProjectError(
            f"{wrong[0]} is of the crossing or its outcome, and says nothing of the kind of traveller.",
            "Name what the border knew of the traveller, such as sex, citizenship or visa.",
        )


def _require_fits(source: Path, table: pa.Table, rule: ResidenceRule, observation: Observation) -> None:
    """Refuse another rule or first day than the crossings were classified with, and a later last day.

    A file that does not say it, as none in CSV does, ends with the last day that it speaks of.
    """
    terms = terms_of(source)
    if terms is None:
        until, said = _last_day(table), []
    else:
        until = terms.observed_until
        said = [(terms.rule, rule_as_text(rule)), (terms.observed_from, observation.first.isoformat())]
    for then, now in said:
        if then != now:
            raise ProjectError(
                f"{source} was classified with {then}, not with {now}.",
                "Give the options of the classification, or classify the crossings again.",
            )
    if until and observation.last.isoformat() > until:
        raise ProjectError(
            f"{source} tells of crossings until {until}, not until {observation.last}.",
            "Give an earlier last day, or classify all that was recorded by then.",
        )


def _last_day(table: pa.Table) -> str:
    """The last day that a table of classified crossings speaks of."""
    columns = (table[name].cast(pa.date32(), safe=False) for name in ("date", *_DAYS_OF_CERTAINTY))
    days = [day for column in columns if (day := pc.max(column).as_py()) is not None]
    return max(days).isoformat() if days else ""


def _read(source: Path, needed: Mapping[str, str]) -> pa.Table:
    """The columns that are needed, of all rows."""
    opened = opened_table(source, needed)
    if isinstance(opened, Path):
        return pq.read_table(opened, columns=list(needed))
    return opened.read_all().select(list(needed))


def _with_days(source: Path, table: pa.Table, birth_date: str | None) -> pa.Table:
    """The table with its dates of birth as days: in a file they may have become text."""
    if birth_date is None or not pa.types.is_string(table[birth_date].type):
        return table
    try:
        days = table[birth_date].cast(pa.date32())
    except pa.ArrowInvalid:
        place = Problem(
            shown(source.name),
            None,
            f"the column {shown(birth_date)} holds something that is no day.",
            "Write days as 2024-03-31, and leave a cell empty where the day is not known.",
        )
        # The reason that Arrow gives quotes the cell.
        raise DataRefused(place) from None
    return table.set_column(table.column_names.index(birth_date), birth_date, days)


def _write(table: pa.Table, target: Path) -> None:
    """Write a table so that it appears under its name when it is whole."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        if target.suffix == ".csv":
            pcsv.write_csv(table, unfinished)
        else:
            pq.write_table(table, unfinished)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
