"""Calibrated, raked, post-stratified and trimmed weights and their standard errors against R `survey`.

Where R with its package survey (Debian r-cran-survey) is installed, `oracle_weighting.R` runs, its answers
are compared with ours, and the stored ones with them. Where it is not, ours are compared with the stored
ones, which that script wrote with the version that stands among them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pytest

from sojourn.statistics.weighting import (
    Distance,
    Household,
    Limit,
    Margin,
    Outcomes,
    Propensity,
    TrimmingRule,
    adjusted_by_propensity,
    calibrated,
    calibrated_replicates,
    calibration_residuals,
    post_stratified,
    raked,
    trimmed,
)
from weighting_survey import CROSSED, INCOME, INCOMES, PEOPLE, REGION, REPLICATES, SEX, survey

pytestmark = pytest.mark.oracle
SCRIPT = Path(__file__).with_name("oracle_weighting.R")
STORED = Path(__file__).with_name("oracle_weighting.json")
TEN_DIGITS = 1e-10
# R stops its own iterations of raking and logit at a relative 1e-13 of the totals.
NINE_DIGITS = 1e-9


@cache
def has_survey() -> bool:
    if shutil.which("Rscript") is None:
        return False
    return (
        subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True, check=False).returncode == 0
    )


@pytest.fixture(scope="module")
def stored() -> dict[str, list[float]]:
    return json.loads(STORED.read_text(encoding="utf-8"))["answers"]


@pytest.fixture(scope="module")
def of_r(tmp_path_factory, stored) -> dict[str, np.ndarray]:
    """R's answers by name: from R where it is installed, else as stored."""
    if not has_survey():
        return {name: np.array(numbers) for name, numbers in stored.items()}
    folder = tmp_path_factory.mktemp("weighting")
    records = survey()
    pcsv.write_csv(records.drop_columns(list(REPLICATES)), folder / "records.csv")
    pcsv.write_csv(records.select(REPLICATES), folder / "replicates.csv")
    cells = [(*cell, total, INCOME / len(PEOPLE)) for cell, total in PEOPLE.items()]
    names = ["sex", "region", "total", "income"]
    pcsv.write_csv(pa.table(dict(zip(names, zip(*cells, strict=True), strict=True))), folder / "totals.csv")
    subprocess.run(["Rscript", SCRIPT, folder], check=True, capture_output=True)
    lines = (folder / "found.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0]: np.array(line.split()[1:], float) for line in lines}


def test_the_stored_answers_are_those_of_r(of_r, stored):
    if not has_survey():
        pytest.skip("R with its package survey (Debian r-cran-survey) is not installed")
    assert set(stored) == set(of_r)
    for name, numbers in of_r.items():
        if name != "version":
            assert stored[name] == pytest.approx(numbers, rel=1e-11, abs=1e-9), name


@pytest.fixture(scope="module")
def records() -> pa.Table:
    return survey()


def standard_errors(
    records: pa.Table, calibration, *, before: str, clusters: list[str], regression: str = "weighted"
):
    """Estimates and standard errors as the script makes them: two totals, two means, a ratio, a domain's
    total and a share."""
    weights = calibration.weights["weight"].to_numpy()
    y, x = records["y"].to_numpy(), records["x"].to_numpy()
    is_b = pc.equal(records["region"], "b").to_numpy(zero_copy_only=False).astype(float)
    whole = weights.sum()
    estimates, scores = [], []
    for values in (y, x):
        estimates.append(weights @ values)
        scores.append(values)
    for values in (y, x):
        estimates.append(weights @ values / whole)
        scores.append((values - estimates[-1]) / whole)
    estimates.append((weights @ y) / (weights @ x))
    scores.append((y - estimates[-1] * x) / (weights @ x))
    estimates.append(weights @ (y * is_b))
    scores.append(y * is_b)
    estimates.append(weights @ is_b / whole)
    scores.append((is_b - estimates[-1]) / whole)
    residuals = calibration_residuals(
        np.column_stack(scores), calibration.auxiliaries, records[before].to_numpy(), regression=regression
    )
    return np.array(estimates), np.sqrt(variances(records, weights[:, None] * residuals, clusters))


def variances(records: pa.Table, contributions: np.ndarray, clusters: list[str]) -> np.ndarray:
    """Between sampling units within strata: the sum over strata of n/(n-1) times the squared distances."""
    keys = [records[name].to_numpy() for name in clusters]
    strata = keys[0] if len(keys) == 2 else np.zeros(len(records), np.int64)
    found = np.zeros(contributions.shape[1])
    for stratum in np.unique(strata):
        here = strata == stratum
        _, unit = np.unique(keys[-1][here], return_inverse=True)
        sums = np.zeros((unit.max() + 1, contributions.shape[1]))
        np.add.at(sums, unit, contributions[here])
        found += len(sums) / (len(sums) - 1) * ((sums - sums.mean(axis=0)) ** 2).sum(axis=0)
    return found


def assert_agree(
    records,
    of_r,
    name,
    calibration,
    *,
    digits,
    before="w",
    clusters=("stratum", "psu"),
    regression="weighted",
):
    theirs = of_r[f"{name}.weights"]
    assert len(theirs) == len(records)
    assert calibration.weights["weight"].to_numpy() == pytest.approx(theirs, rel=digits)
    estimates, errors = standard_errors(
        records, calibration, before=before, clusters=list(clusters), regression=regression
    )
    assert estimates == pytest.approx(of_r[f"{name}.estimates"], rel=digits)
    # The error of a figure that the margins fix is rounding, and no digit of it means anything.
    rounding = 1e-12 * np.abs(estimates)
    theirs = of_r[f"{name}.errors"]
    assert np.all(np.abs(errors - theirs) <= digits * theirs + rounding), (errors, theirs)


THREE = (SEX, REGION, INCOMES)
CALIBRATIONS = {
    "linear": (Distance("linear"), TEN_DIGITS),
    "raking": (Distance("raking"), TEN_DIGITS),
    "logit": (Distance("logit", 0.4, 2.2), TEN_DIGITS),
    "linear_bounded": (Distance("linear", 0.8, 1.4), TEN_DIGITS),
    "raking_bounded": (Distance("raking", 0.8, 1.4), TEN_DIGITS),
}


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_calibration_and_its_standard_errors_agree_with_r(records, of_r, name):
    distance, digits = CALIBRATIONS[name]
    found = calibrated(records, THREE, weight="w", distance=distance)
    assert_agree(records, of_r, name, found, digits=digits)
    if distance.is_bounded:
        low, high = distance.limits
        assert found.record.least_factor >= low
        assert found.record.greatest_factor <= high


def test_bounds_cut_off_factors_in_the_truncated_cases(records):
    for kind in ("linear", "raking"):
        found = calibrated(records, THREE, weight="w", distance=Distance(kind, 0.8, 1.4))
        factors = found.weights["factor"].to_numpy()
        assert (factors == 0.8).sum() > 0
        assert (factors == 1.4).sum() > 0


def test_a_variance_of_records_agrees_with_r(records, of_r):
    found = calibrated(records, THREE, weight="w", variance="spread")
    assert_agree(records, of_r, "variance", found, digits=TEN_DIGITS)


def test_post_stratification_agrees_with_r(records, of_r):
    found = post_stratified(records, CROSSED, weight="w")
    assert_agree(records, of_r, "post_stratified", found, digits=TEN_DIGITS)
    again = calibrated(records, [CROSSED], weight="w", distance=Distance("raking"))
    assert_agree(records, of_r, "crossed", again, digits=TEN_DIGITS)


def test_raking_agrees_with_r_also_in_its_plain_sweeps(records, of_r):
    found = raked(records, [SEX, REGION], weight="w")
    assert_agree(records, of_r, "raked", found, digits=TEN_DIGITS, regression="sweeps")
    again = calibrated(records, [SEX, REGION], weight="w", distance=Distance("raking"))
    assert again.weights["weight"].to_numpy() == pytest.approx(of_r["raked.weights"], rel=TEN_DIGITS)


@pytest.mark.parametrize(("name", "distance"), [("household", "linear"), ("household_raking", "raking")])
def test_one_weight_for_a_household_agrees_with_r(records, of_r, name, distance):
    found = calibrated(
        records, [SEX, REGION], weight="hw", distance=Distance(distance),
        household=Household("household", "members"),
    )  # fmt: skip
    assert_agree(records, of_r, name, found, digits=TEN_DIGITS, before="hw", clusters=("household",))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("trimmed", TrimmingRule(Limit("value", 12), Limit("value", 45), strict=False)),
        ("trimmed_strict", TrimmingRule(Limit("value", 12), Limit("value", 45))),
        ("trimmed_upper_strict", TrimmingRule(upper=Limit("value", 45))),
    ],
)
def test_trimmed_weights_agree_with_r(records, of_r, name, rule):
    found, record = trimmed(records, rule, weight="w")
    assert record.share_moved > 0.001
    assert found["weight"].to_numpy() == pytest.approx(of_r[name], rel=TEN_DIGITS)


REPLICATED = {
    "linear": lambda records: calibrated(records, THREE, weight="w"),
    "raking": lambda records: calibrated(records, THREE, weight="w", distance=Distance("raking")),
    "post": lambda records: post_stratified(records, CROSSED, weight="w"),
    "raked": lambda records: raked(records, [SEX, REGION], weight="w"),
}


@pytest.mark.parametrize("name", REPLICATED)
def test_calibrated_replicates_and_their_standard_errors_agree_with_r(records, of_r, name):
    main = REPLICATED[name](records)
    found = calibrated_replicates(records, main, REPLICATES)
    weights = main.weights["weight"].to_numpy()
    assert weights == pytest.approx(of_r[f"replicates_{name}.weights"], rel=TEN_DIGITS)
    replicates = np.column_stack([found[each].to_numpy() for each in REPLICATES])
    theirs = of_r[f"replicates_{name}.replicates"].reshape(2, -1).T
    assert replicates[:, [0, -1]] == pytest.approx(theirs, rel=TEN_DIGITS)
    values = np.column_stack([records["y"].to_numpy(), records["x"].to_numpy()])
    totals, of_main = replicates.T @ values, weights @ values
    means, of_mean = totals / replicates.sum(axis=0)[:, None], of_main / weights.sum()
    scale = (len(REPLICATES) - 1) / len(REPLICATES)
    squares = [((totals - of_main) ** 2).sum(axis=0), ((means - of_mean) ** 2).sum(axis=0)]
    errors = np.sqrt(scale * np.concatenate(squares))
    assert errors == pytest.approx(of_r[f"replicates_{name}.errors"], rel=TEN_DIGITS)


def test_response_propensities_agree_with_r(records, of_r):
    answered = pc.if_else(pc.equal(records["answered"], 1), "yes", "no")
    records = records.append_column("outcome", answered)
    found = adjusted_by_propensity(
        records, Outcomes("outcome", ("yes",), ("no",)),
        Propensity(("sex", "region"), ("x",), use="inverse", maximum_factor=50), weight="w",
    )  # fmt: skip
    coefficients = list(found.details["coefficients"].values())
    assert coefficients == pytest.approx(of_r["propensity_coefficients"], rel=NINE_DIGITS, abs=1e-12)
    is_answered = pc.equal(records["answered"], 1).to_numpy(zero_copy_only=False)
    factors = found.weights["factor"].to_numpy()
    assert factors[is_answered] == pytest.approx(1 / of_r["propensities"][is_answered], rel=NINE_DIGITS)
    assert not factors[~is_answered].any()


def test_margins_of_the_oracle_are_those_of_the_crossing():
    for margin, place in ((SEX, 0), (REGION, 1)):
        for (code,), total in margin.totals.items():
            assert total == sum(number for cell, number in PEOPLE.items() if cell[place] == code)
    assert isinstance(INCOMES, Margin)
