"""Example us-acs: its figures are the weighted sums of the producer's files, to the last person."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.oracle
FOREIGN_BORN, NOT_A_CITIZEN = 2, 5


@pytest.fixture(scope="module")
def acs(run_example):
    return run_example("us-acs", "us_acs_pums_2024")


@pytest.fixture(scope="module")
def raw(acs):
    columns = ["STATE", "NATIVITY", "CIT", "SEX", "AGEP", "PWGTP"]
    files = sorted((acs.data / "us_acs_pums_2024").glob("p_*.parquet"))
    assert len(files) == 12
    return pa.concat_tables([pq.read_table(file, columns=columns) for file in files])


def _sums(records, *by):
    """Sums of weights by the codes of the file."""
    found = records.group_by(list(by)).aggregate([("PWGTP", "sum")]).to_pylist()
    return {tuple(row[name] for name in by): row["PWGTP_sum"] for row in found}


def test_every_person_of_the_files_is_a_record(acs, raw):
    loaded = [int(number) for number in re.findall(r"= (\d+) loaded \+ 0 quarantined", acs.printed)]
    assert len(loaded) == 12
    assert sum(loaded) == raw.num_rows == 171_796


def test_population_and_foreign_born_by_state_are_the_sums_of_weights(acs, raw):
    estimates = acs.table("NATIVITY_STATE")
    population = {(r["region"],): r["value"] for r in estimates if r["nativity"] == "_T"}
    total = population.pop(("_T",))
    assert population == _sums(raw, "STATE")
    assert total == pc.sum(raw["PWGTP"]).as_py()
    born_abroad = raw.filter(pc.equal(raw["NATIVITY"], FOREIGN_BORN))
    found = {(r["region"],): r["value"] for r in estimates if r["nativity"] == "FB" and r["region"] != "_T"}
    assert found == _sums(born_abroad, "STATE")


def test_non_citizens_by_state_are_the_sums_of_weights(acs, raw):
    non_citizens = raw.filter(pc.equal(raw["CIT"], NOT_A_CITIZEN))
    found = {
        (r["region"],): r["value"]
        for r in acs.table("CITIZENSHIP_STATE")
        if r["citizen"] == "NONCIT_STLS" and r["region"] != "_T"
    }
    assert len(found) == 12
    assert found == _sums(non_citizens, "STATE")


def test_every_cell_by_nativity_citizenship_sex_and_age_group_is_the_sum_of_weights(acs, raw):
    first_age = pc.min_element_wise(pc.multiply(pc.divide(raw["AGEP"], 5), 5), pa.scalar(85, pa.int64()))
    cells = _sums(raw.append_column("AGE5", first_age), "NATIVITY", "CIT", "SEX", "AGE5")
    expected: dict[tuple, int] = {}
    for (nativity, cit, sex, age), weights in cells.items():
        cell = ("NB" if nativity == 1 else "FB", "NONCIT_STLS" if cit == 5 else "CIT", "MF"[sex - 1], age)
        expected[cell] = expected.get(cell, 0) + weights
    found = {
        (r["nativity"], r["citizen"], r["sex"], int(re.search(r"\d+", r["age_group"])[0])): r["value"]
        for r in acs.table("NATIVITY_SEX_AGE")
        if "_T" not in r.values()
    }
    assert found == expected


def test_the_protected_table_withholds_small_cells_and_rounds_the_rest(acs):
    estimates = {
        (r["nativity"], r["citizen"], r["sex"], r["age_group"]): r for r in acs.table("NATIVITY_SEX_AGE")
    }
    shown = acs.table("NATIVITY_SEX_AGE", "observations")
    withheld = {
        (r["NATIVITY"], r["CITIZEN"], r["SEX"], r["AGE_GROUP"]) for r in shown if r["CONF_STATUS"] == "C"
    }
    few = {cell for cell, row in estimates.items() if 0 < row["contributors"] < 10}
    assert few
    assert few < withheld
    assert {row["OBS_VALUE"] % 5 for row in shown if row["CONF_STATUS"] == "F"} == {0}
