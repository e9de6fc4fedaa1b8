"""Inequality and poverty against R `laeken` 0.5, several versions of a figure against R `mitools` 2.4.

R is run where both are installed; elsewhere its answers in `distribution_answers.json` stand for it. They
are written anew with SOJOURN_STORE_ANSWERS=1.
"""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pytest

from sojourn.engine import Engine
from sojourn.statistics.survey import Measure, Stage, TaylorDesign, combined, survey_cube, survey_table
from survey_samples import sample

SCRIPT = Path(__file__).with_name("distribution_answers.R")
STORED = Path(__file__).with_name("distribution_answers.json")
DESIGN = TaylorDesign("w", (Stage("p", "h"),), numbered="within_strata")
pytestmark = pytest.mark.oracle


@cache
def has_packages() -> bool:
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", "library(laeken); library(mitools)"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def versions() -> list[pa.Table]:
    """The mean of a quantity that is there in five versions."""
    records, draw = sample(), np.random.default_rng(2)
    tables = []
    for _ in range(5):
        drawn = np.asarray(records["x"]) + draw.normal(0, 2, len(records))
        with Engine() as engine:
            version = records.set_column(records.column_names.index("x"), "x", pa.array(drawn))
            cube = survey_cube(engine.relation(version), design=DESIGN, measures=["x"])
        tables.append(survey_table(cube, Measure("mean", of="x"), freedom="cell"))
    return tables


def answers(folder: Path) -> list[dict[str, object]]:
    if not has_packages():
        return json.loads(STORED.read_text())
    pcsv.write_csv(sample().select(["y", "w", "g"]), folder / "records.csv")
    rows = [table.to_pylist()[0] for table in versions()]
    of_versions = [
        {"value": row["value"], "variance": row["variance"], "freedom": row["degrees_of_freedom"]}
        for row in rows
    ]
    pcsv.write_csv(pa.Table.from_pylist(of_versions), folder / "versions.csv")
    subprocess.run(["Rscript", str(SCRIPT), str(folder)], check=True, capture_output=True)
    found = list(csv.DictReader((folder / "answers.csv").read_text().splitlines()))
    if os.environ.get("SOJOURN_STORE_ANSWERS"):
        STORED.write_text(json.dumps(found, indent=1) + "\n")
    return found


def test_inequality_and_poverty_agree_with_laeken_to_ten_digits(tmp_path):
    with Engine() as engine:
        cube = survey_cube(engine.relation(sample()), design=DESIGN, dimensions=["g"], distributed=["y"])
    measures = {
        "gini": Measure("gini", of="y"),
        "quintile_share_ratio": Measure("quintile_share_ratio", of="y"),
        "poverty_rate": Measure("poverty_rate", of="y", line_share=0.6),
    }
    ours = {
        (name, row["g"]): row["value"]
        for name, measure in measures.items()
        for row in survey_table(cube, measure, by=["g"]).to_pylist()
    }
    compared = [row for row in answers(tmp_path) if row["statistic"] in measures]
    assert len(compared) == len(ours) == 12
    for row in compared:
        assert math.isclose(ours[row["statistic"], row["cell"]], float(row["value"]), rel_tol=1e-10), row


def test_several_versions_of_a_figure_combine_as_in_mitools(tmp_path):
    (ours,) = combined(versions()).to_pylist()
    theirs = {row["statistic"]: row for row in answers(tmp_path)}
    assert math.isclose(ours["value"], float(theirs["combined"]["value"]), rel_tol=1e-10)
    assert math.isclose(ours["standard_error"], float(theirs["combined"]["error"]), rel_tol=1e-10)
    # mitools leaves the factor 1 + 1/m out of the degrees of freedom that are observed; the paper does not.
    between, count = np.var([row.to_pylist()[0]["value"] for row in versions()], ddof=1), 5
    within = ours["variance"] - 1.2 * between
    complete = versions()[0].to_pylist()[0]["degrees_of_freedom"]
    old = (count - 1) * (ours["variance"] / (1.2 * between)) ** 2

    def freedom(share):
        return 1 / (1 / old + (complete + 3) / ((complete + 1) * complete * share))

    assert freedom(within / (within + between)) == pytest.approx(float(theirs["combined_freedom"]["value"]))
    assert ours["degrees_of_freedom"] == math.floor(freedom(within / ours["variance"]))


@pytest.mark.skipif(not has_packages(), reason="R with laeken and mitools (Debian r-cran-…) is not installed")
def test_the_stored_answers_are_still_those_of_r(tmp_path):
    for now, then in zip(answers(tmp_path), json.loads(STORED.read_text()), strict=True):
        assert math.isclose(float(now["value"]), float(then["value"]), rel_tol=1e-9)
