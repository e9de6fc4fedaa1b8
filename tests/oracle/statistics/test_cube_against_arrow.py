"""Sums of the cube over a real survey against those of Arrow."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from sojourn.engine import Engine
from sojourn.statistics import cube
from sojourn.statistics.cube import COUNT

SHARED = Path(os.environ.get("SOJOURN_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
PUMS = sorted((SHARED / "us_acs_pums_2024").glob("p_*.parquet"))
pytestmark = pytest.mark.oracle


@pytest.mark.skipif(not PUMS, reason=f"the ACS 2024 person files are not in {SHARED / 'us_acs_pums_2024'}")
def test_weighted_sums_of_the_acs_2024_equal_those_of_arrow_exactly():
    table = pa.concat_tables(
        [pq.read_table(file, columns=["STATE", "NATIVITY", "CIT", "PWGTP"]) for file in PUMS]
    )
    wanted = table.group_by(["STATE", "NATIVITY", "CIT"]).aggregate([("PWGTP", "sum"), ("PWGTP", "count")])
    sums = {
        (row["STATE"], str(row["NATIVITY"]), str(row["CIT"])): (row["PWGTP_sum"], row["PWGTP_count"])
        for row in wanted.to_pylist()
    }
    with Engine([PUMS[0].parent]) as engine:
        made = cube(engine.relation(PUMS), dimensions=["STATE", "NATIVITY", "CIT"], weight="PWGTP")
        found = {row[:3]: row[3:] for row in made.rows("STATE", "NATIVITY", "CIT", COUNT, "contributors")}
    assert {cell: found[cell] for cell in sums} == sums
    assert found["_T", "_T", "_T"] == (pc.sum(table.column("PWGTP")).as_py(), table.num_rows)
    by_state = table.group_by("STATE").aggregate([("PWGTP", "sum")]).to_pylist()
    assert {found[row["STATE"], "_T", "_T"][0] - row["PWGTP_sum"] for row in by_state} == {0}
