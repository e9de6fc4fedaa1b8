"""Pages and pictures of plain files of crossings: the quality report, one travel history, revisions of flows.

Each file appears under its name when it is whole, and overwrites none.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.dissemination.charts import Chart, svg_of
from sojourn.dissemination.quality_measures import Measures
from sojourn.dissemination.quality_page import Taken, quality_page
from sojourn.dissemination.revisions import published_months, revision_chart
from sojourn.dissemination.travel_history import HistoryCrossing, history_chart
from sojourn.dissemination.wording import Wording, languages, wording
from sojourn.engine import Engine
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.movements import Observation, classified_movements
from sojourn.production.movement_anchors import known_anchors
from sojourn.production.movement_lives import in_scope
from sojourn.production.movement_quality import MovementQuality
from sojourn.production.movement_reading import CROSSING_COLUMNS, SCOPE_COLUMN, opened_table
from sojourn.production.unfinished import as_parquet, unfinished_beside
from sojourn.quality.places import placed
from sojourn.quality.rule_days import threshold_days, window_days

__all__ = ["History", "draw_flows", "draw_history", "require_new", "words_of", "write_page", "write_tables"]

_FIGURES = {"time_period": "any", "vintage": "any", "value": "number"}
_MORE_FIGURES = {"lower": "number", "upper": "number", "latest": "number", "is_final": "claim"}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-\d\d)?( .*)?")
_FIGURE_MISTAKES = {
    "the time period is no month": "Write it as 2024-03, or as a day in the month.",
    "the flow, month and vintage stand in an earlier row": "Leave one figure for each.",
    "the lower bound lies above the upper one": "Look at how the interval was computed.",
    "the value lies outside its interval": "Look at how the interval was computed.",
}
TABLES = ("quality.csv", "quality.parquet")


@dataclass(frozen=True)
class History:
    """What is in a picture of a travel history, in numbers."""

    crossings: int
    unusable: int
    drawn: int
    migrations: int
    unresolved: int


def require_new(target: Path, suffix: str) -> None:
    """Refuse a target of another form, one that exists, or one whose folder does not.

    Raises: ProjectError.
    """
    if target.suffix != suffix:
        raise ProjectError(f"{target} does not end in {suffix}.", "Name the result in this form.")
    if target.exists():
        raise ProjectError(f"{target} exists.", "Name a file that does not: nothing is overwritten.")
    if not target.resolve().parent.is_dir():
        raise ProjectError(f"There is no folder {target.parent}.", "Make it first.")


def words_of(language: str) -> Wording:
    """The words of a language.

    Raises: ProjectError for a language without words.
    """
    if language not in languages():
        raise ProjectError(f"There are no words in {language!r}.", f"There are: {', '.join(languages())}.")
    return wording(language)


def write_page(found: MovementQuality, target: Path, words: Wording) -> None:
    """Write the quality report as a page."""
    compared = found.comparable
    taken = Taken(
        threshold_days(found.rule),
        window_days(found.rule),
        (found.observation.first, found.observation.last),
        None if compared is None else (compared.first, compared.last),
    )
    _write(target, quality_page(Measures(found.measures, words, found.minimum), taken))


def write_tables(found: MovementQuality, folder: Path) -> list[Path]:
    """Write the measures as CSV and as Parquet into a folder, and return the files.

    Raises: ProjectError when one of them exists.
    """
    files = [folder / name for name in TABLES]
    for file in files:
        require_new(file, file.suffix)
    with unfinished_beside(files[0]) as unfinished:
        pcsv.write_csv(found.measures, unfinished / TABLES[0])
        pq.write_table(found.measures, unfinished / TABLES[1])
        for file in files:
            os.replace(unfinished / file.name, file)
    return files


def draw_history(
    source: Path,
    target: Path,
    *,
    person: str,
    rule: ResidenceRule,
    observation: Observation,
    words: Wording,
    anchors: Path | None = None,
    is_narrow: bool = False,
) -> History:
    """Draw the travel history of one person of a Parquet or CSV file as SVG; the picture does not name them.

    Raises: ProjectError for a target that exists; DataRefused when the file is not as it should be, or has no
    usable crossing of such a person.
    """
    require_new(target, ".svg")
    with (
        unfinished_beside(target) as folder,
        Engine([source.resolve().parent, folder], memory="1GB", spill=folder) as engine,
    ):
        content = as_parquet(opened_table(source, CROSSING_COLUMNS, SCOPE_COLUMN), folder)
        crossings = in_scope(engine, source, engine.relation(content))
        columns = ", ".join(CROSSING_COLUMNS)
        of_person = f"SELECT {columns} FROM crossings WHERE CAST(person_id AS VARCHAR) = $person"
        theirs = engine.query(of_person, {"crossings": crossings}, {"person": person}).to_arrow()
        known = known_anchors(engine, crossings, anchors)
    decided = placed(classified_movements(theirs, rule=rule, observation=observation, anchors=known))
    usable = decided.filter(decided["place"].is_valid()).sort_by("place")
    if not len(usable):
        message = "there is no usable crossing of such a person on the observed days."
        raise DataRefused(Problem(shown(source.name), None, message, "Look at the identifier and the days."))
    history = [_crossing(row) for row in usable.to_pylist()]
    drawing = history_chart(
        history, observed=(observation.first, observation.last), words=words, is_narrow=is_narrow
    )
    _write(target, svg_of(drawing, words))
    return History(
        len(decided),
        len(decided) - len(usable),
        drawing.shown,
        sum(bool(each.changed_residence) for each in history),
        sum(each.changed_residence is None for each in history),
    )


def _crossing(row: dict[str, Any]) -> HistoryCrossing:
    day = row["date"]
    return HistoryCrossing(
        day.date() if hasattr(day, "date") else day,
        row["direction"] == "arrival",
        row["resident_before"],
        row["resident_after"],
        row["is_migration"],
        row["migration_final_on"],
    )


def draw_flows(source: Path, target: Path, *, words: Wording, is_narrow: bool = False) -> Chart:
    """Draw flows by month with their revisions from a Parquet or CSV file of vintages, as SVG.

    Raises: ProjectError for a target that exists; DataRefused when the file is not as it should be, or a row
    has no month, stands twice, or its value lies outside its interval.
    """
    require_new(target, ".svg")
    seen = opened_table(source, _FIGURES)
    names = pq.read_schema(seen).names if isinstance(seen, Path) else seen.schema.names
    more = {name: kind for name, kind in _MORE_FIGURES.items() if name in names}
    opened = opened_table(source, {**_FIGURES, **more})
    figures = pq.read_table(opened) if isinstance(opened, Path) else opened.read_all()
    _require_figures(source, figures)
    months = published_months(figures)
    if not months:
        raise DataRefused(
            Problem(shown(source.name), None, "no month has a value.", "Write the figures anew.")
        )
    drawing = revision_chart(months, words, is_narrow=is_narrow)
    _write(target, svg_of(drawing, words))
    return drawing


def _require_figures(source: Path, figures: pa.Table) -> None:
    """Refuse figures that a picture would show wrongly, naming the first row of each mistake."""
    found: dict[str, list[int]] = {remedy: [] for remedy in _FIGURE_MISTAKES}
    seen: set[tuple[Any, ...]] = set()
    for number, row in enumerate(figures.to_pylist(), start=1):
        key = (row.get("flow"), str(row["time_period"])[:7], str(row["vintage"]))
        for mistake, is_there in zip(found, _mistakes(row, key in seen), strict=True):
            if is_there:
                found[mistake].append(number)
        seen.add(key)
    problems = [
        Problem(shown(source.name), None, f"{mistake}: {_rows(rows)}.", _FIGURE_MISTAKES[mistake])
        for mistake, rows in found.items()
        if rows
    ]
    if problems:
        raise DataRefused(problems)


def _mistakes(row: dict[str, Any], is_repeated: bool) -> tuple[bool, bool, bool, bool]:
    """Which of the mistakes a figure has."""
    value, lower, upper = (row.get(name) for name in ("value", "lower", "upper"))
    is_crossed = lower is not None and upper is not None and lower > upper
    # Sums of probabilities reach their bounds only as exactly as such numbers are added up.
    slack = 1e-6 * max(1.0, abs(value or 0))
    is_outside = value is not None and (
        (lower is not None and value < lower - slack) or (upper is not None and value > upper + slack)
    )
    return (
        _MONTH.fullmatch(str(row["time_period"])) is None,
        is_repeated,
        is_crossed,
        is_outside and not is_crossed,
    )


def _rows(rows: list[int]) -> str:
    return f"row {rows[0]}" if len(rows) == 1 else f"{len(rows)} rows, the first is row {rows[0]}"


def _write(target: Path, content: bytes) -> None:
    with unfinished_beside(target) as folder:
        unfinished = folder / target.name
        unfinished.write_bytes(content)
        os.replace(unfinished, target)
