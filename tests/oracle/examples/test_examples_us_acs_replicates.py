"""Example us-acs-replicates: totals, shares, means and standard errors are those of R's package survey."""

from __future__ import annotations

import csv
import math
import shutil
import subprocess
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.oracle
SCRIPT = Path(__file__).with_name("acs_replicates.R")
TEN_DIGITS = 1e-10
WEIGHTS = [f"pwgtp{number}" for number in range(1, 81)]


def _has_survey() -> bool:
    if shutil.which("Rscript") is None:
        return False
    return (
        subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True, check=False).returncode == 0
    )


@pytest.fixture(scope="module")
def acs(run_example):
    return run_example("us-acs-replicates", "us_acs_2011_ak_hi_80rep")


@pytest.fixture(scope="module")
def raw(acs):
    return pq.read_table(acs.data / "us_acs_2011_ak_hi_80rep" / "persons.parquet")


@pytest.fixture(scope="module")
def of_r(raw, tmp_path_factory):
    """R's value and standard error by statistic, state, sex and age group."""
    if not _has_survey():
        pytest.skip("R with its package survey (Debian r-cran-survey) is not installed")
    folder = tmp_path_factory.mktemp("survey")
    pcsv.write_csv(raw.select(["st", "sex", "agep", "pwgtp", *WEIGHTS]), folder / "persons.csv")
    subprocess.run(["Rscript", SCRIPT, folder], check=True, capture_output=True)
    with (folder / "estimates.csv").open(newline="") as file:
        return {
            (row["statistic"], row["region"], row["sex"], row["age"]): (
                float(row["value"]),
                float(row["error"]),
            )
            for row in csv.DictReader(file)
        }


def test_the_file_has_negative_replicate_weights_and_all_its_records_are_loaded(acs, raw):
    assert sum(pc.sum(pc.less(raw[name], 0)).as_py() for name in WEIGHTS) == 267
    assert "21331 lines = 21331 loaded + 0 quarantined" in acs.printed


@pytest.mark.parametrize(
    ("table", "statistic", "cells"),
    [("POPULATION", "count", 171), ("AGE_SHARE", "share", 162), ("MEAN_AGE", "mean", 9)],
)
def test_figures_and_standard_errors_equal_those_of_r_survey_to_ten_digits(
    acs, of_r, table, statistic, cells
):
    theirs = {cell: found for cell, found in of_r.items() if cell[0] == statistic}
    ours = {
        (statistic, row["region"], row["sex"], row.get("age_group", "_T")): row
        for row in acs.table(table)
        if statistic != "share" or row["age_group"] != "_T"
    }
    assert len(theirs) == cells
    assert set(ours) == set(theirs)
    for cell, (value, error) in theirs.items():
        assert ours[cell]["value"] == pytest.approx(value, rel=TEN_DIGITS), cell
        # A total to which the weights are adjusted has no error but the rounding of sums.
        rounding = TEN_DIGITS * 1e-6 * abs(value)
        found = math.sqrt(ours[cell]["variance"])
        assert found == pytest.approx(error, rel=TEN_DIGITS, abs=rounding), cell


def test_the_errors_are_four_eightieths_of_the_squared_differences(acs, raw):
    women = raw.filter(pc.and_(pc.equal(raw["sex"], 2), pc.equal(raw["st"], "02")))
    main = pc.sum(women["pwgtp"]).as_py()
    squares = sum((pc.sum(women[name]).as_py() - main) ** 2 for name in WEIGHTS)
    (row,) = [
        row
        for row in acs.table("POPULATION")
        if (row["region"], row["sex"], row["age_group"]) == ("02", "F", "_T")
    ]
    assert row["value"] == main
    assert row["variance"] == pytest.approx(4 / 80 * squares, rel=1e-14)


def test_readers_see_standard_errors_cut_to_two_digits_in_rounded_tables(acs):
    for row in acs.table("POPULATION", "observations"):
        if row["SE"]:
            assert len(f"{row['SE']:.0f}".rstrip("0")) <= 2
