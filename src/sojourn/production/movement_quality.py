"""The quality of a plain file of border crossings: read it, split it by person, count, and judge.

The file may be larger than memory. Persons are numbered on the way; nothing that is written names one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.concepts.frameworks import ResidenceRule
from sojourn.engine import Engine, Relation
from sojourn.engine.crossings import crossings_statement
from sojourn.engine.partitions import parts_of, write_parts
from sojourn.errors import DataRefused, Problem, ProjectError, shown
from sojourn.integration.movements import Observation, classified_movements
from sojourn.production.movement_anchors import known_anchors
from sojourn.production.movement_lives import in_scope
from sojourn.production.movement_reading import (
    CROSSING_COLUMNS,
    SCOPE_COLUMN,
    opened_table,
)
from sojourn.production.unfinished import as_parquet, unfinished_beside
from sojourn.quality.counts import INTENTIONS, counts, facts, summed
from sojourn.quality.permits import OUTCOMES, permit_counts, permit_outcomes
from sojourn.quality.places import placed
from sojourn.quality.rule_days import threshold_days
from sojourn.quality.sensitivity import comparable_days, sensitivity
from sojourn.quality.verdicts import measures, without_few_people

__all__ = ["OPTIONAL_COLUMNS", "Beside", "MovementQuality", "measured_file"]

ROWS_OF_A_PART = 1 << 20
Progress = Callable[[int, int], None]

OPTIONAL_COLUMNS = ("border_point", "citizenship", "sex", "birth_year", "visa", "intended_days")
_POPULATION = {"citizenship": "text", "persons": "whole"}
_PERMITS = {"person_id": "any", "valid_from": "day"}
_INTENTIONS = {"visa": "text", "intended_days": "whole"}


@dataclass(frozen=True)
class Beside:
    """Files that tell more than the crossings do; each is optional.

    `anchors` has person_id, date and resident; `population` citizenship and persons; `permits` person_id,
    valid_from and, where there is one, category; `intentions` visa and intended_days.
    """

    anchors: Path | None = None
    population: Path | None = None
    permits: Path | None = None
    intentions: Path | None = None


@dataclass(frozen=True)
class MovementQuality:
    """The measures of one file of crossings, a QualityMeasure table, and the days and rules behind them.

    `comparable` are the days whose crossings every one of `rules` could decide.
    """

    measures: pa.Table
    rule: ResidenceRule
    rules: Mapping[str, ResidenceRule]
    observation: Observation
    comparable: Observation | None
    minimum: int

    def of_the_whole(self) -> dict[str, dict[str, Any]]:
        """Each measure of the whole: its numbers, its verdict, and why it could not be computed."""
        shown = ["numerator", "denominator", "share", "target", "verdict", "withheld", "reason"]
        whole = self.measures.filter(pc.equal(self.measures["breakdown"], "all"))
        return dict(zip(whole["measure"].to_pylist(), whole.select(shown).to_pylist(), strict=True))


@dataclass(frozen=True)
class _Along:
    """The files beside the crossings, read."""

    anchors: pa.Table | None = None
    anchor_days: Relation | None = None
    population: Relation | None = None
    permits: Relation | None = None
    intentions: Relation | None = None


def measured_file(
    source: Path,
    *,
    near: Path,
    rule: ResidenceRule,
    rules: Mapping[str, ResidenceRule],
    observation: Observation,
    beside: Beside,
    minimum: int = 10,
    memory: str = "1GB",
    on_progress: Progress | None = None,
) -> MovementQuality:
    """The quality of the crossings of a Parquet or CSV file; unfinished work lies on the disk of `near`.

    `rules` are compared with each other. Numbers behind which there are persons, but fewer than `minimum`,
    are left out.

    Raises: ProjectError for another form of file; DataRefused when a column is missing or of the wrong type,
    a value cannot be read, or a file beside the crossings contradicts itself.
    """
    with (
        unfinished_beside(near) as folder,
        Engine([source.resolve().parent, folder], memory=memory, spill=folder) as engine,
    ):
        content = as_parquet(opened_table(source, CROSSING_COLUMNS, SCOPE_COLUMN), folder)
        crossings = in_scope(engine, source, engine.relation(content))
        along, given = _read_along(engine, crossings, beside)
        statement = crossings_statement([*CROSSING_COLUMNS, *given], has_other_directions=False)
        parts, done = _parts(pq.read_metadata(content).num_rows), 0
        rows = write_parts(engine.query(statement, {"crossings": crossings}).batches(), folder, parts)
        counted: list[pa.Table] = []
        outcomes = [OUTCOMES.empty_table()]
        for part in parts_of(folder, parts) if rows else []:
            _count(engine, part, rule, rules, observation, along, counted, outcomes)
            done += len(part)
            if on_progress is not None:
                on_progress(done, rows)
        if along.permits is not None:
            of_permits = engine.relation(pa.concat_tables(outcomes))
            counted.append(permit_counts(along.permits, of_permits, observation))
        inputs = {*given, *(name for name, file in vars(beside).items() if file is not None)}
        totals = engine.relation(summed(engine, counted))
        found = measures(totals, inputs=inputs, population=along.population)
        kept = without_few_people(engine.relation(found), minimum)
    return MovementQuality(kept, rule, rules, observation, comparable_days(rules, observation), minimum)


def _parts(rows: int) -> int:
    """Into how many parts rows are split: a power of two, so that none has many more than wanted."""
    return 1 << (rows // ROWS_OF_A_PART).bit_length()


def _count(
    engine: Engine,
    part: pa.Table,
    rule: ResidenceRule,
    rules: Mapping[str, ResidenceRule],
    observation: Observation,
    along: _Along,
    counted: list[pa.Table],
    outcomes: list[pa.Table],
) -> None:
    """Count the crossings of a part, in which persons are whole, into `counted` and `outcomes`."""
    classified = classified_movements(part, rule=rule, observation=observation, anchors=along.anchors)
    found = placed(classified)
    given = engine.relation(found)
    of_crossings = facts(given, observed_until=observation.last, intentions=along.intentions)
    counted.append(
        counts(
            of_crossings,
            observed_until=observation.last,
            threshold_days=threshold_days(rule),
            anchors=along.anchor_days,
        )
    )
    counted.append(sensitivity(found, rules=rules, observation=observation, anchors=along.anchors))
    if along.permits is not None:
        outcomes.append(permit_outcomes(along.permits, of_crossings))
    engine.forget(of_crossings, given)


def _read_along(engine: Engine, crossings: Relation, beside: Beside) -> tuple[_Along, list[str]]:
    """The files beside the crossings, and the optional columns that the crossings have."""
    given = [name for name in OPTIONAL_COLUMNS if name in crossings.columns]
    if beside.intentions is not None and "visa" not in given:
        raise ProjectError(
            "The crossings have no column visa, so that days intended by visa tell nothing of them.",
            "Add the column, or leave --intentions out.",
        )
    anchors = known_anchors(engine, crossings, beside.anchors)
    days = "SELECT person_id, CAST(date AS DATE) AS day FROM anchors"
    population = _table_of(beside.population, _POPULATION, key="citizenship")
    intentions = _table_of(beside.intentions, _INTENTIONS, key="visa")
    permits = _table_of(beside.permits, _PERMITS)
    return _Along(
        anchors=anchors,
        anchor_days=None if anchors is None else engine.query(days, {"anchors": anchors}),
        population=None if population is None else engine.relation(population),
        permits=None if permits is None else engine.relation(_numbered(permits)),
        intentions=None if intentions is None else engine.relation(intentions.cast(INTENTIONS)),
    ), given


def _table_of(file: Path | None, columns: Mapping[str, str], key: str | None = None) -> pa.Table | None:
    """The named columns of a file, and its `category` if it has one; no two rows have the same key."""
    if file is None:
        return None
    opened = opened_table(file, columns)
    table = pq.read_table(opened) if isinstance(opened, Path) else opened.read_all()
    if key is not None and pc.count_distinct(table[key], mode="all").as_py() < len(table):
        raise DataRefused(
            Problem(shown(file.name), None, f"two rows have the same {key}.", "Keep the one that is right.")
        )
    kept = [*columns, *(name for name in ("category",) if key is None and name in table.column_names)]
    return table.select(kept)


def _numbered(permits: pa.Table) -> pa.Table:
    """The permits that have a person and a first day, each with a number of its own."""
    if "category" not in permits.column_names:
        permits = permits.append_column("category", pa.nulls(len(permits), pa.string()))
    whole = permits.filter(pc.and_(pc.is_valid(permits["person_id"]), pc.is_valid(permits["valid_from"])))
    days = whole["valid_from"].cast(pa.date32(), safe=False)
    return whole.set_column(whole.column_names.index("valid_from"), "valid_from", days).append_column(
        "row", pa.array(range(len(whole)), pa.int64())
    )
