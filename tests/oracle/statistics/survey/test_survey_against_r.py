"""Every estimator × design against R `survey` (Debian r-cran-survey 4.1): to ten digits, or a named reason.

R is run where it is installed, and its answers are then also held against the stored ones; elsewhere the
stored ones, `survey_answers.csv.gz`, stand for it. They are written anew with SOJOURN_STORE_ANSWERS=1.
"""

from __future__ import annotations

import csv
import gzip
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
from sojourn.statistics import ReplicateDesign
from sojourn.statistics.survey import Gap, Measure, survey_cube, survey_table
from survey_samples import ACS, CASES, NHANES, REAL, Case

SCRIPT = Path(__file__).with_name("survey_answers.R")
STORED = Path(__file__).with_name("survey_answers.csv.gz")
FIELDS = {
    "value": "value",
    "error": "standard_error",
    "effect": "design_effect",
    "lower": "lower",
    "upper": "upper",
}
EVERY = CASES | REAL
DIGITS = 1e-10
pytestmark = pytest.mark.oracle
Answers = dict[str, list[dict[str, str]]]


@cache
def has_survey() -> bool:
    if shutil.which("Rscript") is None:
        return False
    found = subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True, check=False)
    return found.returncode == 0


def is_there(name: str) -> bool:
    return {"acs": ACS, "nhanes": NHANES}.get(name, SCRIPT).exists()


def stored() -> Answers:
    with gzip.open(STORED, "rt", newline="") as file:
        return by_case(list(csv.DictReader(file)))


def by_case(rows: list[dict[str, str]]) -> Answers:
    found: Answers = {}
    for row in rows:
        found.setdefault(row["case"], []).append(row)
    return found


def asked(folder: Path) -> Answers:
    """What R answers now."""
    cases = {name: case for name, case in EVERY.items() if is_there(name)}
    for name, case in cases.items():
        pcsv.write_csv(case.records(), folder / f"{name}.csv")
    rows = [
        {
            "case": name,
            "design": case.in_r,
            "single": case.single,
            "freedom": getattr(case.design, "freedom", None),
        }
        for name, case in cases.items()
    ]
    pcsv.write_csv(pa.Table.from_pylist(rows), folder / "cases.csv")
    subprocess.run(["Rscript", str(SCRIPT), str(folder)], check=True, capture_output=True)
    text = (folder / "answers.csv").read_text()
    if os.environ.get("SOJOURN_STORE_ANSWERS"):
        STORED.write_bytes(gzip.compress(text.encode(), mtime=0))
    return by_case(list(csv.DictReader(text.splitlines())))


@pytest.fixture(scope="module")
def answers(tmp_path_factory) -> Answers:
    return asked(tmp_path_factory.mktemp("answers")) if has_survey() else stored()


def ours(case: Case) -> dict[tuple[str, str], dict[str, float | None]]:
    """Our figures by the names that the R script gives them."""
    records = case.records()
    found = {}
    with Engine() as engine:
        made = survey_cube(
            engine.relation(records),
            design=case.design,
            dimensions=["g"],
            measures=["y", "x"],
            distributed=["y"],
            conditions={"is_one": parse_rule("u = 1", records.column_names)},
        )
    groups = made.codes("g")[1]
    gaps = [Gap("g", group, groups[0]) for group in groups[1:]]

    def keep(name: str, measure: Measure, **settings: object) -> None:
        as_in_r = {"freedom": "cell", "interval": "t" if name in ("total", "mean") else None} | settings
        for row in survey_table(made, measure, by=["g"], **as_in_r).to_pylist():
            found["gap" if row["figure"] == "difference" else name, row["g"]] = row

    keep("total", Measure("total", of="y"))
    keep("mean", Measure("mean", of="y"), gaps=gaps)
    keep("ratio", Measure("ratio", of="y", over="x"))
    keep("count", Measure("count"))
    keep("share", Measure("share"))
    proportion = Measure("proportion", when="is_one")
    keep("proportion", proportion, interval="logit")
    keep("proportion_xlogit", proportion, interval="logit")
    keep("proportion_beta", proportion, interval="korn_graubard")
    for at in (0.25, 0.5):
        for rule, here in (("math", "reached"), ("school", "midpoint")):
            quantile = Measure("quantile", of="y", at=at)
            keep(f"quantile_{at}_{rule}_mean", quantile, rule=here, quantile_error="woodruff")
            if isinstance(case.design, ReplicateDesign):
                keep(f"quantile_{at}_{rule}_quantile", quantile, rule=here, quantile_error="replicates")
    return found


def is_comparable(case: Case, row: dict[str, str]) -> bool:
    """Whether R means the same figure; groups alone differ where a reason is given."""
    return row["cell"] == "_T" or not row["statistic"].startswith(tuple(case.differs))


@pytest.mark.parametrize("name", EVERY)
def test_every_figure_and_its_error_agree_with_r_to_ten_digits(name, answers):
    if not is_there(name):
        pytest.skip(f"the data of {name} are not in the folder that SOJOURN_SHARED_DATA names")
    case, compared = EVERY[name], 0
    figures = ours(case)
    for row in answers[name]:
        if not is_comparable(case, row):
            continue
        for theirs, here in FIELDS.items():
            if row[theirs] in ("NA", "NaN", "Inf", "-Inf"):
                continue
            figure = figures[row["statistic"], row["cell"]][here]
            assert figure is not None, (row, here)
            expected = float(row[theirs])
            # What is zero but for rounding is zero beside the figure.
            nothing = 1e-12 * max(1.0, abs(float(row["value"])))
            assert math.isclose(figure, expected, rel_tol=DIGITS, abs_tol=nothing), (row, here, figure)
            compared += 1
    assert compared > (50 if case.differs else 80)


@pytest.mark.skipif(
    not has_survey(), reason="R with its package survey (Debian r-cran-survey) is not installed"
)
def test_the_stored_answers_are_still_those_of_r(answers):
    kept = stored()
    for name, rows in answers.items():
        assert len(rows) == len(kept[name])
        for row, old in zip(rows, kept[name], strict=True):
            for field in ("value", "error"):
                if old[field] != "NA":
                    assert math.isclose(float(row[field]), float(old[field]), rel_tol=1e-9, abs_tol=1e-12)


def test_degrees_of_freedom_are_those_of_the_units_and_strata_with_members(answers):
    figures = ours(CASES["units_in_strata"])
    table = CASES["units_in_strata"].records().to_pylist()
    for group in ("a", "b", "c"):
        members = [row for row in table if row["g"] == group and row["y"] is not None]
        units, strata = {(row["h"], row["p"]) for row in members}, {row["h"] for row in members}
        assert figures["mean", group]["degrees_of_freedom"] == len(units) - len(strata)
