"""Migration tables of two American surveys against sums and errors made with plain numpy.

The ACS of 2024 (US Census Bureau, public-use persons of twelve small states) has weights and no design;
NHANES 2015–2016 (NCHS, statistics only) has strata and units.
"""

from __future__ import annotations

import datetime
import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from micro_file import cell
from sojourn.concepts.migration_tables import MigrationTable, migration_tables
from sojourn.engine import Engine
from sojourn.statistics.migration_tables import (
    TableSettings,
    UnitRecords,
    person_variables,
    table_figures,
    tables_to_make,
)
from sojourn.statistics.survey import CensusDesign, Stage, SurveyDesign, TaylorDesign

pytestmark = pytest.mark.oracle
SETTINGS = TableSettings("USA", datetime.date(2024, 7, 1))
RATE = MigrationTable(
    "RATE", "own", {"en": "Naturalisation rate"}, "person", ("sex",), "proportion", (),
    universe="nativity = 'FB'", when="naturalised = 'Y'",
)  # fmt: skip


def figures(records: pa.Table, design: SurveyDesign, *names: str) -> dict[str, pa.Table]:
    given = frozenset(records.column_names)
    tables = [migration_tables()[name] for name in names]
    assert tables_to_make(tables, {"person": given}) == tables
    with Engine(threads=1) as engine:
        variables = person_variables(engine.relation(records), SETTINGS)
        unit = UnitRecords("person", variables, given, design)
        return {table.id: found for table, found in table_figures(unit, [*tables, RATE])}


def recoded(values: np.ndarray, codes: dict[int, str]) -> np.ndarray:
    """The code of each value; what has none, or is missing, is not known."""
    found = np.full(len(values), "_U", dtype="U6")
    for value, code in codes.items():
        found[values == value] = code
    return found


@pytest.fixture
def acs(shared_data: Path) -> pa.Table:
    files = sorted((shared_data / "us_acs_pums_2024").glob("p_*.parquet"))
    if not files:
        pytest.skip(f"there are no persons of the ACS of 2024 in {shared_data}")
    names = ["SEX", "AGEP", "NATIVITY", "CIT", "ESR", "PWGTP"]
    table = pa.concat_tables(pq.read_table(file, columns=names) for file in files)
    column = {name: table[name].to_numpy() for name in names}
    return pa.table(
        {
            "sex": recoded(column["SEX"], {1: "M", 2: "F"}),
            "age": column["AGEP"],
            "nativity": recoded(column["NATIVITY"], {1: "NB", 2: "FB"}),
            "citizen": recoded(column["CIT"], {1: "CIT", 2: "CIT", 3: "CIT", 4: "CIT", 5: "NONCIT"}),
            "citizenship_acquired": recoded(
                column["CIT"], {1: "BIRTH", 2: "BIRTH", 3: "BIRTH", 4: "NAT", 5: "_Z"}
            ),
            "activity": recoded(column["ESR"], {1: "EMP", 2: "EMP", 3: "UNE", 4: "EMP", 5: "EMP", 6: "OLF"}),
            "w": column["PWGTP"],
        }
    )


def test_counts_and_rates_of_the_acs_are_sums_of_weights(acs: pa.Table):
    found = figures(acs, CensusDesign("w"), "T01A", "T03", "T11A")
    plain = {name: acs[name].to_numpy() for name in acs.column_names}
    assert cell(found["T01A"]) == plain["w"].sum()
    for nativity, citizen, sex in itertools.product(("NB", "FB"), ("CIT", "NONCIT"), ("M", "F")):
        chosen = (plain["nativity"] == nativity) & (plain["citizen"] == citizen) & (plain["sex"] == sex)
        expected = plain["w"][chosen].sum() or None
        assert cell(found["T03"], nativity=nativity, citizen=citizen, sex=sex) == expected
    young = (plain["age"] >= 20) & (plain["age"] <= 24) & (plain["nativity"] == "FB")
    assert cell(found["T01A"], nativity="FB", age_group="Y20T24") == plain["w"][young].sum()
    working = (plain["activity"] == "EMP") & (plain["nativity"] == "FB") & (plain["age"] >= 15)
    assert cell(found["T11A"], activity="EMP", nativity="FB") == plain["w"][working].sum()

    born_abroad = plain["nativity"] == "FB"
    naturalised = born_abroad & (plain["citizenship_acquired"] == "NAT")
    rate = plain["w"][naturalised].sum() / plain["w"][born_abroad].sum()
    assert cell(found["RATE"]) == pytest.approx(rate, rel=1e-14)
    assert 0.4 < rate < 0.7


def test_errors_of_nhanes_are_those_between_units_within_strata(shared_data: Path):
    file = shared_data / "nhanes_demo" / "DEMO_I.parquet"
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    table = pq.read_table(file)
    needed = ("DMDBORN4", "DMDCITZN", "RIAGENDR", "WTINT2YR", "SDMVSTRA", "SDMVPSU")
    column = {name: table[name].to_numpy() for name in needed}
    born = recoded(column["DMDBORN4"], {1: "NB", 2: "FB"})
    citizen = recoded(column["DMDCITZN"], {1: "CIT", 2: "NONCIT"})
    weight, strata, units = column["WTINT2YR"], column["SDMVSTRA"], column["SDMVPSU"]
    records = pa.table(
        {
            "sex": recoded(column["RIAGENDR"], {1: "M", 2: "F"}), "nativity": born, "citizen": citizen,
            "citizenship_acquired": pa.nulls(len(born), pa.string()),
            "w": weight, "h": strata.astype(int), "p": units.astype(int),
        }
    )  # fmt: skip
    design = TaylorDesign("w", (Stage("p", "h"),), numbered="within_strata")
    found = figures(records, design, "T03")["T03"]
    for nativity, status in itertools.product(("NB", "FB"), ("CIT", "NONCIT")):
        amounts = weight * (born == nativity) * (citizen == status)
        if not amounts.any():
            continue
        variance = 0.0
        for stratum in np.unique(strata):
            own = strata == stratum
            totals = np.array([amounts[own & (units == unit)].sum() for unit in np.unique(units[own])])
            variance += len(totals) / (len(totals) - 1) * ((totals - totals.mean()) ** 2).sum()
        assert cell(found, nativity=nativity, citizen=status) == pytest.approx(amounts.sum(), rel=1e-12)
        error = cell(found, "standard_error", nativity=nativity, citizen=status)
        assert error == pytest.approx(variance**0.5, rel=1e-10)
