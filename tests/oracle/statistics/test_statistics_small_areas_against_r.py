"""Small areas against R: metafor's meta-regression, lme4's mixed models, and base R.

R runs where it is installed with both packages; the stored numbers are then compared with R's own, and ours
with them always. Agreement is asserted in relative digits: 1e-10, and for lme4, whose likelihood is solved
by differences, 1e-9.

    python tests/oracle/statistics/test_statistics_small_areas_against_r.py     writes the stored numbers anew
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from small_area_examples import FOLDER, NAMES, columns, counties, made, made_units, milk, segments
from sojourn.statistics.small_areas import fay_herriot, nested_error, smoothed_variances
from sojourn.statistics.small_areas.diagnostics import diagnostics
from sojourn.statistics.small_areas.transformations import back_with_error

SCRIPT = Path(__file__).with_name("oracle_small_areas.R")
STORED = FOLDER / "r.json"
METHODS = {"REML": "reml", "ML": "ml", "PM": "fay_herriot", "HE": "prasad_rao"}
pytestmark = pytest.mark.oracle


@cache
def has_r() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", "library(metafor); library(lme4)"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def answers_of_r(target: Path) -> dict[str, list[float] | list[str]]:
    """What R says now."""
    subprocess.run(["Rscript", str(SCRIPT), str(FOLDER), str(target)], check=True, capture_output=True)
    found: dict[str, list[float] | list[str]] = {}
    for line in target.read_text().splitlines():
        name, *values = line.split()
        found[name] = values if name == "made_by" else [float(each) for each in values]
    return found


@cache
def stored() -> dict[str, list[float]]:
    """What R said when the numbers were stored."""
    found: dict[str, list[float]] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


def test_the_stored_numbers_are_those_of_r(tmp_path):
    if not has_r():
        pytest.skip("R with metafor and lme4 (Debian r-cran-metafor, r-cran-lme4) is not installed")
    now = answers_of_r(tmp_path / "found.txt")
    assert now.keys() == stored().keys()
    for name in now.keys() - {"made_by"}:
        assert now[name] == pytest.approx(stored()[name], rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["milk", "made", "zero"])
def test_an_area_level_model_is_a_meta_regression(name, method):
    data = {"milk": milk, "made": made, "zero": lambda: made(10)}[name]()
    found = fay_herriot(data, method=METHODS[method])
    theirs = {key: stored()[f"{name}.{method}.{key}"] for key in (
        "variance", "coefficients", "standard_errors", "estimates", "likelihoods",
    )}  # fmt: skip
    assert found.fit.area_variance == pytest.approx(theirs["variance"][0], rel=1e-10, abs=1e-15)
    assert found.fit.coefficients == pytest.approx(theirs["coefficients"], rel=1e-10)
    assert np.sqrt(np.diag(found.fit.covariance)) == pytest.approx(theirs["standard_errors"], rel=1e-10)
    assert found.estimates.estimate == pytest.approx(theirs["estimates"], rel=1e-10)
    likelihoods = [found.fit.log_likelihood, found.fit.restricted_log_likelihood]
    assert likelihoods == pytest.approx(theirs["likelihoods"], rel=1e-10)


def test_no_spread_beyond_sampling_is_zero_for_r_too():
    assert [stored()[f"zero.{method}.variance"][0] for method in METHODS] == [0, 0, 0, 0]


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("name", ["corn", "soybeans", "all_corn", "units"])
def test_a_unit_level_model_is_a_mixed_model(name, method):
    if name == "units":
        sums, population, _ = made_units()
        names = ("(intercept)", "x", "z")
    else:
        sums = segments("soybeans" if name == "soybeans" else "corn", is_whole=name == "all_corn")
        population, names = counties(), NAMES
    found = nested_error(sums, population, names, method=METHODS[method])
    theirs = {key: np.array(stored()[f"{name}.{method}.{key}"]) for key in (
        "variances", "coefficients", "covariance", "effects", "likelihood",
    )}  # fmt: skip
    assert [found.fit.area_variance, found.fit.unit_variance] == pytest.approx(theirs["variances"], rel=1e-9)
    assert found.fit.coefficients == pytest.approx(theirs["coefficients"], rel=1e-9)
    assert found.fit.covariance.ravel() == pytest.approx(theirs["covariance"], rel=1e-9)
    effects = found.estimates.estimate - population.means @ found.fit.coefficients
    assert effects == pytest.approx(theirs["effects"], rel=1e-8)
    if method == "ML":
        assert found.fit.log_likelihood == pytest.approx(theirs["likelihood"][0], rel=1e-10)
    else:
        # lme4 leaves the covariates' own determinant out of the restricted likelihood.
        total = sums.within_covariates + (sums.covariates * sums.size[:, None]).T @ sums.covariates
        own = found.fit.restricted_log_likelihood - 0.5 * np.linalg.slogdet(total)[1]
        assert own == pytest.approx(theirs["likelihood"][0], rel=1e-10)


def test_shares_come_back_from_arcsines_as_integrals_do():
    means = np.array([0.02, 0.3, 0.8, 1.2, 1.55, 1.65, -0.05])
    known = np.array([0.05, 0.1, 0.02, 0.2, 0.1, 0.15, 0.08])
    estimates, errors = back_with_error("arcsine", means, known**2, (1.3 * known) ** 2)
    assert estimates == pytest.approx(stored()["arcsine.estimates"], rel=1e-10)
    assert errors == pytest.approx(stored()["arcsine.errors"], rel=1e-9)


def test_smoothed_variances_are_a_regression_of_logarithms():
    data = columns("milk.csv")
    found = smoothed_variances(milk().areas, data["direct"], data["standard_error"] ** 2, data["sample_size"])
    assert found.coefficients == pytest.approx(stored()["gvf.coefficients"], rel=1e-10)
    assert found.variance == pytest.approx(stored()["gvf.variances"], rel=1e-10)
    assert found.explained == pytest.approx(stored()["gvf.explained"][0], rel=1e-10)


def test_residuals_and_their_test_of_normality_are_those_of_r():
    found = fay_herriot(milk()).estimates
    assert found.residuals == pytest.approx(stored()["residuals.standardised"], rel=1e-10)
    assert diagnostics(found).normality == pytest.approx(stored()["residuals.normality"][0], rel=1e-6)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        answers = answers_of_r(Path(folder) / "found.txt")
    STORED.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{STORED} is written.\n")
