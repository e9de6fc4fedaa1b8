"""Samples of two phases against R `survey` 4.1, `twophase` with method "full": to ten digits.

R is run where it is installed, and its answers are then also held against the stored ones; elsewhere the
stored ones, `two_phase_answers.json`, stand for it. They are written anew with SOJOURN_STORE_ANSWERS=1.
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

import pyarrow as pa
import pyarrow.csv as pcsv
import pytest

from sojourn.engine import Engine
from sojourn.engine.rules import parse_rule
from sojourn.statistics.survey import Gap, Measure, survey_cube, survey_table
from two_phase_samples import CASES, TwoPhaseCase, first_phase

SCRIPT = Path(__file__).with_name("two_phase_answers.R")
STORED = Path(__file__).with_name("two_phase_answers.json")
DIGITS = 1e-10
pytestmark = pytest.mark.oracle
Rows = list[dict[str, str]]


@cache
def has_survey() -> bool:
    if shutil.which("Rscript") is None:
        return False
    found = subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True, check=False)
    return found.returncode == 0


def asked(folder: Path) -> Rows:
    """What R answers now."""
    pcsv.write_csv(first_phase(), folder / "records.csv")
    rows = [{"case": name, "drawn": case.drawn, "design": case.in_r} for name, case in CASES.items()]
    pcsv.write_csv(pa.Table.from_pylist(rows), folder / "cases.csv")
    subprocess.run(["Rscript", str(SCRIPT), str(folder)], check=True, capture_output=True)
    found = list(csv.DictReader((folder / "answers.csv").read_text().splitlines()))
    if os.environ.get("SOJOURN_STORE_ANSWERS"):
        made_by = f"{(folder / 'made_by.txt').read_text().strip()}, {SCRIPT.name}"
        STORED.write_text(json.dumps({"made_by": made_by, "answers": found}, indent=1) + "\n")
    return found


def stored() -> Rows:
    answers: Rows = json.loads(STORED.read_text())["answers"]
    return answers


@pytest.fixture(scope="module")
def answers(tmp_path_factory) -> Rows:
    return asked(tmp_path_factory.mktemp("answers")) if has_survey() else stored()


def ours(case: TwoPhaseCase) -> dict[tuple[str, str], dict[str, float | None]]:
    """Our figures by the names that the R script gives them."""
    records = first_phase()
    with Engine() as engine:
        cube = survey_cube(
            engine.relation(records),
            design=case.design,
            dimensions=["g"],
            measures=["y", "x"],
            conditions={"is_one": parse_rule("u = 1", records.column_names)},
        )
    measures = {
        "total": Measure("total", of="y"),
        "count": Measure("count"),
        "mean": Measure("mean", of="y"),
        "ratio": Measure("ratio", of="y", over="x"),
        "proportion": Measure("proportion", when="is_one"),
    }
    found = {}
    for name, measure in measures.items():
        gaps = [Gap("g", "b", "a")] if name == "mean" else []
        for row in survey_table(cube, measure, by=["g"], gaps=gaps).to_pylist():
            found["gap" if row["figure"] == "difference" else name, row["g"]] = row
    return found


@pytest.mark.parametrize("name", CASES)
def test_figures_of_two_phases_and_their_errors_agree_with_r_to_ten_digits(name, answers):
    figures = ours(CASES[name])
    own = [row for row in answers if row["case"] == name]
    assert len(own) == len(figures) == 21
    for row in own:
        figure = figures[row["statistic"], row["cell"]]
        value, error = float(row["value"]), row["error"]
        assert math.isclose(figure["value"], value, rel_tol=DIGITS), row
        if figure["standard_error"] is None:  # the unbiased estimate of the variance is below zero
            assert error in ("NA", "NaN"), row
        elif figure["standard_error"] == 0:  # what no sample changes has in R an error of rounding
            assert error in ("NA", "NaN") or float(error) < 1e-6 * value, row
        else:
            assert math.isclose(figure["standard_error"], float(error), rel_tol=DIGITS), (row, figure)
    assert sum(figure["standard_error"] in (None, 0) for figure in figures.values()) <= 1


@pytest.mark.skipif(
    not has_survey(), reason="R with its package survey (Debian r-cran-survey) is not installed"
)
def test_the_stored_answers_of_two_phases_are_still_those_of_r(answers):
    for row, old in zip(answers, stored(), strict=True):
        assert row["case"] == old["case"]
        for field in ("value", "error"):
            if old[field] != "NA":
                assert math.isclose(float(row[field]), float(old[field]), rel_tol=1e-9, abs_tol=1e-4)
