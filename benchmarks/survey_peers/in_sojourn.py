"""The survey benchmark by Sojourn: taylor|replicates FILE FIGURES.

Prints CPU seconds as JSON and writes every figure with its standard error. Kernels are compiled, or read from
numba's cache, on a few hundred records before anything is measured.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from survey_clock import cpu_seconds

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.statistics import ReplicateDesign
from sojourn.statistics.survey import Measure, Stage, SurveyCube, TaylorDesign, survey_cube, survey_table

FEW, RUNS = 500, 10
MEMORY = "300MB"
CROSSED = ("domain", "age", "migrant", "employed")
BY_DOMAIN = {
    "total": Measure("total", of="earned"),
    "mean": Measure("mean", of="earned"),
    "ratio": Measure("ratio", of="earned", over="hours"),
}
RELEASE = {
    "persons": Measure("count"),
    "total earned": Measure("total", of="earned"),
    "total hours": Measure("total", of="hours"),
    "mean earned": Measure("mean", of="earned"),
    "mean hours": Measure("mean", of="hours"),
    "ratio": Measure("ratio", of="earned", over="hours"),
    "poor": Measure("proportion", when="is_poor"),
}
Figures = dict[str, tuple[float, float]]


def taylor_cube(engine: Engine, source: Path | pa.Table) -> SurveyCube:
    """The cube of the sample, by domain."""
    return survey_cube(
        engine.relation(source),
        design=TaylorDesign("weight", (Stage("unit", stratum="stratum"),)),
        dimensions=["domain"],
        measures=["earned", "hours"],
    )


def replicate_cube(engine: Engine, source: Path | pa.Table) -> SurveyCube:
    """The cube of the census, by four dimensions."""
    weights = tuple(f"replicate_{number}" for number in range(1, 81))
    records = engine.relation(source)
    return survey_cube(
        records,
        design=ReplicateDesign("successive_difference", weights, weight="weight"),
        dimensions=CROSSED,
        measures=["earned", "hours"],
        conditions={"is_poor": parse_rule("poor = 1", records.columns)},
    )


def by_domain(cube: SurveyCube) -> dict[str, pa.Table]:
    """Three statistics by domain."""
    return {
        f"{name}|domain": survey_table(cube, measure, by=["domain"], totals="none")
        for name, measure in BY_DOMAIN.items()
    }


def release(cube: SurveyCube) -> dict[str, pa.Table]:
    """Seven statistics by every crossing of the four dimensions: 105 tables."""
    crossings = [by for size in range(1, 5) for by in itertools.combinations(CROSSED, size)]
    return {
        f"{name}|{','.join(by)}": survey_table(cube, measure, by=by, totals="none")
        for by in crossings
        for name, measure in RELEASE.items()
    }


def figures(tables: dict[str, pa.Table]) -> Figures:
    """Each figure and its standard error under the table's name and the codes."""
    found = {}
    for name, table in tables.items():
        dimensions = name.split("|")[1].split(",")
        for row in table.select([*dimensions, "value", "standard_error"]).to_pylist():
            codes = ",".join(row[each] for each in dimensions)
            found[f"{name}|{codes}"] = (row["value"], row["standard_error"])
    return found


def taylor(engine: Engine, file: Path) -> tuple[dict[str, float], Figures]:
    """Three tables from the file, from records in memory, and from the cube; a run is short, so the mean."""
    records = pq.read_table(file)
    by_domain(taylor_cube(engine, records.slice(0, FEW)))
    began = cpu_seconds()
    for _ in range(RUNS):
        by_domain(taylor_cube(engine, file))
    from_file = cpu_seconds()
    for _ in range(RUNS):
        cube = taylor_cube(engine, records)
        by_domain(cube)
    from_memory = cpu_seconds()
    for _ in range(RUNS):
        tables = by_domain(cube)
    return {
        "with reading": (from_file - began) / RUNS,
        "without reading": (from_memory - from_file) / RUNS,
        "again": (cpu_seconds() - from_memory) / RUNS,
    }, figures(tables)


def replicates(engine: Engine, file: Path) -> tuple[dict[str, float], Figures]:
    """The tables of a release from the file, and those of a later one from the cube."""
    few = engine.query(f"SELECT * FROM records LIMIT {FEW}", {"records": file}).to_arrow()
    release(replicate_cube(engine, few))
    began = cpu_seconds()
    cube = replicate_cube(engine, file)
    built = cpu_seconds()
    tables = release(cube)
    first = cpu_seconds()
    release(cube)
    later = cpu_seconds()
    for _ in range(RUNS):
        survey_table(cube, RELEASE["mean earned"], by=["domain"], totals="none")
    return {
        "cube": built - began,
        "tables": first - built,
        "again": later - first,
        "table by domain": (cpu_seconds() - later) / RUNS,
    }, figures(tables)


def main() -> None:
    """Measure one of the two."""
    file = Path(sys.argv[2])
    with Engine([file.parent], memory=MEMORY) as engine:
        seconds, found = (taylor if sys.argv[1] == "taylor" else replicates)(engine, file)
    Path(sys.argv[3]).write_text(json.dumps(found))
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
