"""How well are migrations found in Ruritania's border records, by kind of traveller, and what is lost where?

    python benchmarks/ruritania_events.py PROJECT [--json FILE]

PROJECT is a folder that `sojourn demo` has made. The truth is the rule applied to every true crossing of ten
years by true persons. It is held against what an office has, step by step:

    three years     the true crossings of true persons, of the years that the border delivered
    as recorded     the records that were taken in, with what is missing, doubled or wrong, of true persons
    as recognised   the same records of the persons whom the office recognises: the project's own events

Of the crossings in periods that can be decided: precision is the share of those said to be migrations that
are, recall the share of migrations that are said to be, undecided the share of migrations left open.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.microdata import Movement
from sojourn.engine import Engine
from sojourn.integration.migration_events import EventRules, crossings_of_movements, migration_events
from sojourn.integration.movements import Observation
from sojourn.production.counted import record_versions
from sojourn.production.deliveries import deliveries_in_force
from sojourn.production.derived_steps import EVENTS, event_rules
from sojourn.production.observed import observation_of
from sojourn.production.workspace import open_workspace

TEN_YEARS = Observation(datetime.date(2015, 1, 1), datetime.date(2024, 12, 31))
STEPS = ("three years", "as recorded", "as recognised")
KINDS = """CASE
    WHEN biography <> 'resident' THEN biography
    WHEN second_citizenship IS NOT NULL THEN 'two citizenships'
    WHEN naturalisation_date IS NOT NULL THEN 'naturalised'
    WHEN persons.citizenship = 'XRT' THEN 'citizen' ELSE 'foreigner' END"""


def events_of(crossings: pa.Table, rules: EventRules, observation: Observation) -> pa.Table:
    """Events of crossings that have record_id, person_key, event_date and direction."""
    given = crossings.append_column("movement_id", crossings["record_id"])
    columns = [
        given[name] if name in given.column_names else pa.nulls(len(given), declared.arrow_type)
        for name, declared in Movement.columns.items()
    ]
    movements = Movement.conform(pa.table(columns, names=list(Movement.columns)))
    with Engine() as engine:
        sorted_out = crossings_of_movements(engine.relation(movements)).to_arrow()
        return migration_events(engine, sorted_out, rules=rules, observation=observation)


def what_is_known(project: Path) -> tuple[pa.Table, dict[str, str], EventRules, Observation]:
    """The project's events, the files of its deliveries, its rules and its days of observation."""
    with open_workspace(project) as workspace:
        declarations = workspace.declarations
        indicator = next(one for one in declarations.indicators.values() if one.counts == EVENTS)
        version = record_versions(workspace, indicator, "the benchmark")[EVENTS]
        border = declarations.sources["border"]
        files = {row["id"]: row["file_name"] for row in deliveries_in_force(workspace, border.id)}
        return (
            pa.concat_tables([pq.read_table(file) for file in version.files]),
            files,
            event_rules(declarations.settings),
            observation_of(workspace, [border]),
        )


def step_by_step(project: Path) -> tuple[duckdb.DuckDBPyConnection, Observation]:
    """A connection with the tables truth, those of the steps, and persons, by true crossing."""
    recognised, files, rules, observation = what_is_known(project)
    work = duckdb.connect()
    for name in ("crossings", "records", "persons", "imperfections"):
        work.execute(f"CREATE TABLE {name} AS FROM '{project / 'truth' / name}.parquet'")
    work.register("recognised", recognised)
    work.register("files", pa.table({"delivery": list(files), "file": list(files.values())}))
    work.execute(
        "CREATE TABLE who AS SELECT 'border:' || delivery || ':' || line AS record_id, person, crossing"
        " FROM records JOIN files USING (file) WHERE source = 'border'"
    )
    true = (
        "SELECT crossing::VARCHAR AS record_id, person::VARCHAR AS person_key, day AS event_date, direction"
    )
    days = f"day BETWEEN DATE '{observation.first}' AND DATE '{observation.last}'"
    crossings = {
        "truth": f"{true} FROM crossings",
        "three years": f"{true} FROM crossings WHERE {days}",
        "as recorded": "SELECT record_id, person::VARCHAR AS person_key, event_date, direction"
        " FROM recognised JOIN who USING (record_id)",
    }
    events = {
        name: events_of(
            work.sql(query).to_arrow_table(), rules, TEN_YEARS if name == "truth" else observation
        )
        for name, query in crossings.items()
    }
    for name, found in {**events, "as recognised": recognised}.items():
        work.register("found", found)
        crossing = "record_id::BIGINT" if name in ("truth", "three years") else "who.crossing"
        join = "" if name in ("truth", "three years") else "JOIN who USING (record_id)"
        work.execute(f'CREATE TABLE "{name}" AS SELECT found.*, {crossing} AS crossing FROM found {join}')
    return work, observation


SCORES = """
WITH seen AS (        -- each true crossing once: of doubled records the one that has a class
    SELECT crossing, max_by({class_}, {class_} NOT IN ('_Z', '_U')) AS class FROM "{step}" GROUP BY crossing
),
judged AS (           -- beside what is true of it; what nobody recorded has no class
    SELECT truth.direction, {kinds} AS kind, truth.{class_} = 'RES' AS is_migration,
        coalesce(seen.class, 'not recorded') AS class
    FROM truth JOIN crossings USING (crossing) JOIN persons USING (person) LEFT JOIN seen USING (crossing)
    WHERE truth.event_date BETWEEN DATE '{first}' AND DATE '{last}' AND truth.{class_} <> '_U'
)
SELECT '{step}' AS step, direction, coalesce(kind, 'all') AS kind,
    count(*) FILTER (is_migration) AS migrations,
    count(*) FILTER (class = 'RES' AND is_migration) AS found,
    count(*) FILTER (class = 'RES' AND NOT is_migration) AS wrongly_found,
    count(*) FILTER (class = '_U' AND is_migration) AS undecided,
    count(*) FILTER (class = 'not recorded' AND is_migration) AS not_recorded
FROM judged GROUP BY GROUPING SETS ((direction, kind), (direction)) ORDER BY direction, kind
"""
CAUSES = """
WITH documents AS (   -- under how many keys each true person goes
    SELECT person, count(DISTINCT person_key) AS keys
    FROM "as recognised" JOIN who USING (record_id) GROUP BY person
),
flaws AS (            -- what went wrong at the border with some record of the person
    SELECT person, bool_or(kind = 'missing') AS lacks_one,
        bool_or(kind IN ('direction_wrong', 'day_after', 'direction_unknown')) AS has_a_wrong_one
    FROM imperfections WHERE source = 'border' GROUP BY person
),
wrong AS (            -- wrongly found, and whether they still are when persons are recognised as they are
    SELECT DISTINCT ON (events.crossing) crossings.person, recorded.{class_} = 'RES' AS is_wrong_anyway
    FROM "as recognised" AS events
        JOIN truth USING (crossing) JOIN crossings USING (crossing)
        LEFT JOIN "as recorded" AS recorded ON recorded.record_id = events.record_id
    WHERE events.{class_} = 'RES' AND truth.{class_} NOT IN ('RES', '_U')
        AND truth.event_date BETWEEN DATE '{first}' AND DATE '{last}'
)
SELECT CASE
        WHEN NOT is_wrong_anyway AND keys > 1 THEN 'several documents of one person'
        WHEN lacks_one THEN 'a movement that was not recorded'
        WHEN has_a_wrong_one THEN 'a movement that was recorded wrongly'
        ELSE 'something else' END AS cause,
    count(*) AS crossings
FROM wrong JOIN documents USING (person) LEFT JOIN flaws USING (person)
GROUP BY cause ORDER BY crossings DESC
"""


def scores(work: duckdb.DuckDBPyConnection, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Migrations, found, wrongly found and left open by step, direction and kind of traveller, and in all."""
    parts = [work.sql(SCORES.format(step=step, kinds=KINDS, **given)).to_arrow_table() for step in STEPS]
    return [row for part in parts for row in part.to_pylist()]


def causes(work: duckdb.DuckDBPyConnection, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Why crossings are wrongly said to be migrations in the project's events: how many for each reason."""
    return work.sql(CAUSES.format(**given)).to_arrow_table().to_pylist()


def ratio(part: int, whole: int) -> float | None:
    """A share, or none of nothing."""
    return round(part / whole, 4) if whole else None


def with_ratios(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of the result with precision, recall and the share left open."""
    said = row["found"] + row["wrongly_found"]
    return {
        **row,
        "precision": ratio(row["found"], said),
        "recall": ratio(row["found"], row["migrations"]),
        "left_open": ratio(row["undecided"], row["migrations"]),
    }


def measured(project: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Scores and causes under each framework, over the days that it can decide."""
    work, observation = step_by_step(project)
    rules = what_is_known(project)[2]
    found = {}
    for name, column in (("2021-06", "2021_06"), ("2021-12", "2021_12"), ("national", "national")):
        residence = rules.framework(name).rule(observation.last).residence
        given = {
            "class_": f"class_{column}",
            "first": observation.first + datetime.timedelta(days=residence.present),
            "last": observation.last - datetime.timedelta(days=residence.window),
        }
        found[name] = {
            "scores": [with_ratios(row) for row in scores(work, given)],
            "causes": causes(work, given),
        }
    return found


def main() -> None:
    """Print the tables, and write JSON when asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("project", type=Path)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    found = measured(arguments.project)
    for name, rows in found.items():
        print(f"\n{name}\n{'':14} {'':2} {'':18} {'migrations':>10} precision  recall  open  not recorded")
        for row in rows["scores"]:
            print(
                f"{row['step']:14} {row['direction']:2} {row['kind']:18} {row['migrations']:10,}"
                f" {row['precision']!s:>9} {row['recall']!s:>7} {row['left_open']!s:>6}"
                f" {row['not_recorded']:6,}"
            )
        for row in rows["causes"]:
            print(f"wrongly found because of {row['cause']}: {row['crossings']:,}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
