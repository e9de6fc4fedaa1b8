"""The same records give the same survey tables to the last bit, whatever their order and the threads."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.statistics.survey import (
    CensusDesign,
    Gap,
    Measure,
    Replication,
    Stage,
    TaylorDesign,
    survey_cube,
    survey_table,
    with_replicates,
)

PERSONS = 4_000
TWO_STAGES = TaylorDesign("w", (Stage("unit", "stratum", fraction="f"), Stage("house")))
REPLICATIONS = {
    "jackknife": Replication("jkn"),
    "bootstrap": Replication("bootstrap", replicates=30, seed=5),
    "successive differences": Replication("successive_difference", replicates=20),
}
DESIGNS = ["two stages", "each record", "census", *REPLICATIONS]
MEASURES = [
    Measure("count"),
    Measure("total", of="y"),
    Measure("mean", of="y", where="adult"),
    Measure("ratio", of="y", over="x"),
    Measure("proportion", when="adult"),
    Measure("share", within=("h",)),
    Measure("quantile", of="y", at=0.5),
    Measure("gini", of="y"),
    Measure("poverty_rate", of="y", line_share=0.6),
]


@cache
def records() -> pa.Table:
    """Fractional weights and amounts, of which some are not stated; codes that are numbers and texts."""
    draw = np.random.default_rng(11)
    house = np.sort(draw.integers(0, PERSONS // 3, PERSONS))
    unit = house % 60
    amount = draw.lognormal(3, 1, PERSONS)
    return pa.table(
        {
            "stratum": unit // 5, "unit": unit, "house": house, "f": np.full(PERSONS, 0.25),
            "w": draw.uniform(0.5, 300, PERSONS), "y": pa.array(amount, mask=draw.random(PERSONS) < 0.05),
            "x": draw.uniform(1, 60, PERSONS), "age": draw.integers(0, 90, PERSONS),
            "g": pa.array(draw.choice(["FB", "NB", None], PERSONS, p=[0.1, 0.85, 0.05])),
            "h": draw.integers(0, 4, PERSONS),
        }
    )  # fmt: skip


@cache
def designed(name: str):
    """The records and the design of one name."""
    if name == "two stages":
        return records(), TWO_STAGES
    if name == "each record":
        return records(), TaylorDesign("w", (Stage("each_record", "stratum"),))
    if name == "census":
        return records(), CensusDesign("w")
    first_stage = TaylorDesign("w", (Stage("unit", "stratum"),))
    return with_replicates(records(), first_stage, REPLICATIONS[name])


def tables(rows: pa.Table, design, threads: int) -> list[pa.Table]:
    """Every measure by two dimensions, with a gap."""
    with Engine(threads=threads) as engine:
        cube = survey_cube(
            engine.relation(rows), design=design, dimensions=["g", "h"], measures=["y", "x"],
            distributed=["y"], conditions={"adult": parse_rule("age >= 15", rows.column_names)},
        )  # fmt: skip
    gaps = [Gap("g", "FB", "NB")]
    return [survey_table(cube, measure, by=["g", "h"], gaps=gaps) for measure in MEASURES]


@pytest.mark.parametrize("name", DESIGNS)
def test_neither_the_order_of_records_nor_threads_nor_pieces_change_a_bit(name):
    rows, design = designed(name)
    expected = tables(rows, design, 1)
    shuffled = rows.take(pa.array(np.random.default_rng(3).permutation(PERSONS)))
    in_pieces = pa.concat_tables(shuffled.slice(start, 37) for start in range(0, PERSONS, 37))
    for other, threads in ((rows, 4), (shuffled, 1), (in_pieces, 3)):
        for measure, one, found in zip(MEASURES, expected, tables(other, design, threads), strict=True):
            assert one.equals(found), measure
