"""Refugees by origin (10.7.4) against what the United Kingdom published, from UNHCR's numbers of refugees.

The Office for National Statistics divides UNHCR's refugees from the United Kingdom by its own mid-year
population and these refugees (data_indicator_10-7-4.csv of its SDG site). The populations are its estimates
as published then.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from sojourn.statistics.sdg_indicators.population_rates import refugees_by_origin

pytestmark = pytest.mark.oracle
DATA = Path(os.environ.get("SOJOURN_SHARED_DATA", Path(__file__).parents[4].parent / "shared" / "data"))
MID_YEAR_POPULATION = {2019: 66_796_807, 2020: 67_081_234}


@pytest.mark.parametrize("year", MID_YEAR_POPULATION)
def test_the_published_rate_is_had_again_to_the_last_digit(year):
    refugees, published = DATA / "unhcr" / "population.parquet", DATA / "uk_sdg_open"
    if not refugees.is_file() or not published.is_dir():
        pytest.skip(f"the files of UNHCR and the United Kingdom are not in {DATA}; set SOJOURN_SHARED_DATA")
    table = pq.read_table(refugees)
    own = table.filter(pc.and_(pc.equal(table["year"], year), pc.equal(table["coo_iso"], "GBR")))
    found = refugees_by_origin(
        pa.table(
            {
                "origin": ["GBR"],
                "refugees": [pc.sum(own["refugees"]).as_py()],
                "population": [MID_YEAR_POPULATION[year]],
                "population_basis": ["MID_YEAR"],
            }
        )
    )
    rows = pcsv.read_csv(published / "data_indicator_10-7-4.csv").to_pylist()
    expected = {row["Year"]: row["Value"] for row in rows}[year]
    assert found["rate"].to_pylist() == [pytest.approx(expected, rel=1e-14)]
