"""Totals, shares, means and their standard errors against R `survey` (Debian r-cran-survey)."""

from __future__ import annotations

import csv
import math
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from sojourn.engine import Engine
from sojourn.statistics import ReplicateDesign, cube, estimates

SCRIPT = Path(__file__).with_name("oracle_design.R")
SHARED = Path(os.environ.get("SOJOURN_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
ACS = SHARED / "us_acs_2011_ak_hi_80rep" / "persons.parquet"
pytestmark = pytest.mark.oracle


@cache
def has_survey() -> bool:
    if shutil.which("Rscript") is None:
        return False
    return (
        subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True, check=False).returncode == 0
    )


needs_r = pytest.mark.skipif(
    not has_survey(), reason="R with its package survey (Debian r-cran-survey) is not installed"
)
needs_acs = pytest.mark.skipif(not ACS.exists(), reason=f"the ACS 2011 replicate file is not at {ACS}")


def answers_of_r(
    folder: Path, records: pa.Table, design: ReplicateDesign
) -> dict[tuple[str, str, str], tuple[float, float]]:
    """R's value and standard error by statistic and cell; `records` has a, b, x, w and r1, r2, …"""
    pcsv.write_csv(records, folder / "records.csv")
    (folder / "rscales.txt").write_text("\n".join(repr(each) for each in design.coefficients))
    kind = "other" if design.kind == "jackknife" else design.kind
    command = ["Rscript", str(SCRIPT), str(folder), kind, "1", design.centre, str(design.rho or 0)]
    subprocess.run(command, check=True, capture_output=True)
    with (folder / "results.csv").open(newline="") as file:
        return {
            (row["statistic"], row["a"].strip(), row["b"].strip()): (float(row["value"]), float(row["error"]))
            for row in csv.DictReader(file)
        }


def our_answers(
    records: pa.Table, design: ReplicateDesign
) -> dict[tuple[str, str, str], tuple[float, float | None]]:
    found = {}
    with Engine() as engine:
        made = cube(
            engine.relation(records), dimensions=["a", "b"], weight="w", design=design, measures=["x"]
        )
        for statistic, of, within in (("count", None, ()), ("mean", "x", ()), ("share", None, ("a",))):
            table = estimates(
                made, statistic=statistic, dimensions=["a", "b"], of=of, within=within, design=design,
                time_period="2011", method="oracle",
            )  # fmt: skip
            for a, b, value, variance in table.rows("a", "b", "value", "variance"):
                found[statistic, a, b] = (value, None if variance is None else math.sqrt(variance))
    return found


def assert_agree(ours: dict, theirs: dict, digits: float = 1e-10) -> None:
    assert len(theirs) > 10
    for cell, (value, error) in theirs.items():
        if value == 0:  # a combination that does not occur: R shows it, the table has no row
            assert cell not in ours
            continue
        assert ours[cell][0] == pytest.approx(value, rel=digits), cell
        assert ours[cell][1] == pytest.approx(error, rel=digits, abs=1e-9), cell


@cache
def acs() -> pa.Table:
    table = pq.read_table(ACS)
    age = table.column("agep")
    columns = {"w": table.column("pwgtp"), "x": age, "hicov": table.column("hicov").cast(pa.string())}
    columns |= {"sex": table.column("sex").cast(pa.string()), "st": table.column("st")}
    columns["decade"] = pc.utf8_lpad(pc.divide(age, 10).cast(pa.string()), 2, "d")
    columns |= {f"r{index}": table.column(f"pwgtp{index}") for index in range(1, 81)}
    return pa.table(columns)


SUCCESSIVE = ReplicateDesign("successive_difference", tuple(f"r{index}" for index in range(1, 81)))


@needs_r
@needs_acs
@pytest.mark.parametrize(
    ("a", "b", "centre"),
    [("st", "sex", "estimate"), ("sex", "hicov", "mean"), ("st", "decade", "estimate")],
)
def test_the_acs_with_negative_replicate_weights_agrees_with_r(tmp_path, a, b, centre):
    records = acs()
    assert (
        pc.min(pa.chunked_array([c for i in range(1, 81) for c in records.column(f"r{i}").chunks])).as_py()
        < 0
    )
    chosen = pa.table(
        {"a": records.column(a), "b": records.column(b)}
        | {name: records.column(name) for name in ("x", "w", *SUCCESSIVE.weights)}
    )
    design = ReplicateDesign("successive_difference", SUCCESSIVE.weights, centre=centre)
    assert_agree(our_answers(chosen, design), answers_of_r(tmp_path, chosen, design))


def synthetic(kind: str) -> tuple[pa.Table, ReplicateDesign]:
    """400 persons in 16 strata of two sampling units, with fractional weights and unstated measures."""
    draw = np.random.default_rng(20)
    persons, strata = 400, 16
    stratum, unit = np.arange(persons) % strata, np.arange(persons) // strata % 2
    weight = draw.uniform(0.5, 900.0, persons)
    measure = pa.array(draw.normal(40.0, 9.0, persons), mask=draw.random(persons) < 0.1)
    signs = np.array([[1]])
    for _ in range(4):
        signs = np.block([[signs, signs], [signs, -signs]])
    half = np.where(signs[:, stratum] > 0, unit == 0, unit == 1)
    deleted = np.arange(2 * strata)[:, None] == (stratum * 2 + unit)[None, :]
    partner = (stratum[None, :] == np.arange(2 * strata)[:, None] // 2) & ~deleted
    names = tuple(f"r{index}" for index in range(1, 17))
    units = tuple(f"r{index}" for index in range(1, 33))
    factors, design = {
        "brr": (2.0 * half, ReplicateDesign("brr", names)),
        "fay": (np.where(half, 1.7, 0.3), ReplicateDesign("fay", names, rho=0.3)),
        "jk1": (np.where(deleted, 0.0, 32 / 31), ReplicateDesign("jackknife", units, coefficient=31 / 32)),
        "jkn": (
            np.where(deleted, 0.0, np.where(partner, 2.0, 1.0)),
            ReplicateDesign("jackknife", units, coefficient=(0.5,) * 32, centre="mean"),
        ),
    }[kind]
    columns = {
        "a": pa.array(draw.choice(["north", "south", "west"], persons)),
        "b": pa.array(draw.choice(["F", "M"], persons)),
        "x": measure,
        "w": weight,
    }
    columns |= {f"r{index + 1}": weight * factor for index, factor in enumerate(factors)}
    return pa.table(columns), design


@needs_r
@pytest.mark.parametrize("kind", ["brr", "fay", "jk1", "jkn"])
def test_a_synthetic_design_agrees_with_r(tmp_path, kind):
    records, design = synthetic(kind)
    assert_agree(our_answers(records, design), answers_of_r(tmp_path, records, design))


PUMS = sorted((SHARED / "us_acs_pums_2024").glob("p_*.parquet"))


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
        found = {
            row[:3]: row[3:] for row in made.rows("STATE", "NATIVITY", "CIT", "count__0", "contributors")
        }
    assert {cell: found[cell] for cell in sums} == sums
    assert found["_T", "_T", "_T"] == (pc.sum(table.column("PWGTP")).as_py(), table.num_rows)
    by_state = table.group_by("STATE").aggregate([("PWGTP", "sum")]).to_pylist()
    assert {found[row["STATE"], "_T", "_T"][0] - row["PWGTP_sum"] for row in by_state} == {0}
