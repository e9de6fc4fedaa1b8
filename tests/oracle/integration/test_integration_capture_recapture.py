"""Coverage estimates against R's `glm`, and against figures that another package published.

The published figures are those of the package Rcapture 1.3 (Baillargeon and Rivest, Journal of Statistical
Software 19 (5), 2007), as its stored example output shows them, to the digits shown: people with HIV known
to four reporting centres in Rome (Abeni and others, Epidemiology 5, 1994), and an example of Seber (1982,
page 107).
The counts by pattern follow from the margins in that output; of the two that fit them, one has its deviances.
"""

from __future__ import annotations

import itertools
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sojourn.integration.dual_system import DualCounts, dual_system
from sojourn.integration.generalised_linear import logistic, poisson
from sojourn.integration.log_linear import CaptureModel, capture_models, fitted_model, profile_interval
from sojourn.integration.multiple_systems import multiple_systems

SCRIPT = Path(__file__).with_name("oracle_glm.R")
ROME = np.array([205, 621, 11, 545, 10, 35, 3, 403, 6, 20, 0, 33, 1, 3, 0], float)
ALL_PAIRS = CaptureModel(4, tuple(itertools.combinations(range(4), 2)))
pytestmark = pytest.mark.oracle
needs_r = pytest.mark.skipif(
    shutil.which("Rscript") is None, reason="R (Debian r-base-core) is not installed"
)


def answers_of_r(folder: Path, design: np.ndarray, outcomes: np.ndarray, family: str) -> np.ndarray:
    """Coefficients, standard errors, deviance, AIC and log-likelihood by R's `glm`."""
    names = ["y", *(f"c{place}" for place in range(design.shape[1]))]
    table = np.column_stack([outcomes, design])
    np.savetxt(folder / "table.csv", table, "%.17g", ",", header=",".join(names), comments="")
    command = ["Rscript", str(SCRIPT), str(folder / "table.csv"), family, str(folder / "found.txt")]
    subprocess.run(command, check=True, capture_output=True)
    return np.loadtxt(folder / "found.txt")


def our_answers(fit, parameters: int) -> np.ndarray:
    errors = np.sqrt(np.diag(fit.covariance))
    aic = -2 * fit.log_likelihood + 2 * parameters
    return np.concatenate([fit.coefficients, errors, [fit.deviance, aic, fit.log_likelihood]])


TABLES = {
    "rome": ROME,
    "four-even-lists": np.array([310, 280, 90, 260, 84, 77, 31, 420, 133, 120, 44, 110, 41, 36, 15], float),
    "large-register": np.array([52, 61_400, 880, 1_930, 71, 40_310, 2_090], float),
    "three-small-lists": np.array([11, 7, 2, 9, 3, 1, 1], float),
}


@needs_r
@pytest.mark.parametrize("name", TABLES)
def test_log_linear_models_agree_with_r_to_nine_digits(tmp_path, name):
    counts = TABLES[name]
    lists = (len(counts) + 1).bit_length() - 1
    models = list(capture_models(lists))
    for model in (models[0], models[lists], models[-1]):
        theirs = answers_of_r(tmp_path, model.design(), counts, "poisson")
        ours = our_answers(poisson(model.design(), counts), model.parameters)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)
        found = fitted_model(model, counts)
        assert found.total == pytest.approx(counts.sum() + math.exp(theirs[0]), rel=1e-9)
        assert found.aic == pytest.approx(theirs[-2], rel=1e-9)


@needs_r
def test_logistic_regression_agrees_with_r_to_nine_digits(tmp_path):
    draw = np.random.default_rng(3)
    design = np.column_stack([np.ones(700), draw.integers(0, 2, (700, 4))]).astype(float)
    chance = 1 / (1 + np.exp(-(design @ [-1.4, 2.0, 0.9, -0.3, 1.1])))
    outcomes = (draw.random(700) < chance).astype(float)
    theirs = answers_of_r(tmp_path, design, outcomes, "binomial")
    assert our_answers(logistic(design, outcomes), 5) == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def test_the_model_of_all_pairs_gives_the_published_total_of_rome():
    found = fitted_model(ALL_PAIRS, ROME)
    assert round(found.total, 1) == 23443.5
    assert round(found.standard_error, 1) == 9594.9
    assert (round(found.deviance, 3), found.degrees_of_freedom, round(found.aic, 3)) == (3.037, 4, 92.073)
    assert [round(end, 1) for end in profile_interval(ALL_PAIRS, ROME)] == [10027.6, 50046.3]


def test_the_model_of_one_pair_gives_the_published_total_of_rome():
    model = CaptureModel(4, ((0, 1),))
    found = fitted_model(model, ROME)
    assert (round(found.total, 1), round(found.standard_error, 1)) == (12318.5, 1188.7)
    assert (round(found.deviance, 3), found.degrees_of_freedom, round(found.aic, 2)) == (7.614, 9, 86.65)
    assert [round(end, 1) for end in profile_interval(model, ROME)] == [10266.0, 14992.3]


def test_comparing_all_models_of_rome_chooses_the_published_one():
    found = multiple_systems(ROME, ["c1", "c2", "c3", "c4"])
    assert found.models.num_rows == 2**6
    assert found.chosen["model"] == "c1*c2 + c3 + c4"
    assert round(found.chosen["total"], 1) == 12318.5
    low, high = found.spread
    assert low < 12318.5 < high == pytest.approx(23443.5, abs=0.05)


def test_two_lists_give_the_published_total_and_error_of_seber():
    counts = DualCounts(("all",), np.array([948.0]), np.array([421.0]), np.array([167.0]))
    found = dual_system(counts, chapman=False).to_pylist()[0]
    assert (round(found["total"], 1), round(found["standard_error"], 1)) == (2389.9, 130.4)
