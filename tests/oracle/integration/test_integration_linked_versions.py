"""Combined estimates against R `mitools` (Debian r-cran-mitools), Holm's adjustment against `p.adjust`."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sojourn.integration.link_gaps import holm
from sojourn.integration.linked_versions import combined

SCRIPT = Path(__file__).with_name("oracle_combined.R")
pytestmark = pytest.mark.oracle


@cache
def has_mitools() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = subprocess.run(["Rscript", "-e", "library(mitools)"], capture_output=True, check=False)
    return asked.returncode == 0


needs_r = pytest.mark.skipif(
    not has_mitools(), reason="R with its package mitools (Debian r-cran-mitools) is not installed"
)


@needs_r
@pytest.mark.parametrize("versions", [2, 5, 40])
def test_combined_estimates_and_adjusted_probabilities_agree_with_r(tmp_path, versions):
    draw = np.random.default_rng(versions)
    estimates = draw.normal(100, [1.0, 5.0, 0.1, 30.0], (versions, 4))
    variances = draw.gamma(5, [1.0, 1.0, 4.0, 0.2], (versions, 4))
    chances = draw.beta(0.4, 2, 30)
    np.savetxt(tmp_path / "estimates.csv", estimates, "%.17g", ",")
    np.savetxt(tmp_path / "variances.csv", variances, "%.17g", ",")
    np.savetxt(tmp_path / "p.csv", chances, "%.17g")
    subprocess.run(["Rscript", str(SCRIPT), str(tmp_path)], check=True, capture_output=True)
    theirs = np.loadtxt(tmp_path / "combined.txt").T
    ours = combined(estimates, variances)
    assert ours.estimate == pytest.approx(theirs[0], rel=1e-12)
    assert ours.variance == pytest.approx(theirs[1], rel=1e-12)
    assert ours.degrees_of_freedom == pytest.approx(theirs[2], rel=1e-10)
    assert ours.missing_information == pytest.approx(theirs[3], rel=1e-10)
    assert holm(chances) == pytest.approx(np.loadtxt(tmp_path / "holm.txt"), rel=1e-12)
