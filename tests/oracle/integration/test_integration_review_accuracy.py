"""Precision, recall and their intervals against R: Wilson's of `stats`, stratified ratios of `survey`."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

from sojourn.integration.review_sampling import accuracy

SCRIPT = Path(__file__).with_name("oracle_survey_ratio.R")
Z = 1.959963984540054
pytestmark = pytest.mark.oracle


@cache
def has_package(name: str) -> bool:
    if shutil.which("Rscript") is None:
        return False
    command = ["Rscript", "-e", f"library({name})"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


needs_r = pytest.mark.skipif(not has_package("stats"), reason="R is not installed")
needs_survey = pytest.mark.skipif(
    not has_package("survey"), reason="R with its package survey (Debian r-cran-survey) is not installed"
)


def strata(*rows):
    names = ("is_link", "pairs", "same", "different", "unsure")
    return pa.table({name: [(*row, 0)[i] for row in rows] for i, name in enumerate(names)})


@needs_r
@pytest.mark.parametrize(("same", "looks"), [(0, 20), (1, 30), (45, 50), (50, 50), (123, 400)])
def test_one_stratum_has_the_interval_of_prop_test(same, looks):
    command = f"cat(format(prop.test({same}, {looks}, correct=FALSE)$conf.int, digits=17))"
    done = subprocess.run(["Rscript", "-e", command], capture_output=True, text=True, check=True)
    lower, upper = (float(end) for end in done.stdout.split())
    found = accuracy(strata((True, 10**12, same, looks - same))).precision
    assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=1e-9)


@needs_survey
def test_estimates_are_those_of_survey_and_so_are_intervals_where_looks_are_many(tmp_path):
    """With many looks and shares away from 0 and 1 a sound interval is that of the standard error."""
    rows = [
        (True, 40_000, 1900, 100),
        (True, 9_000, 900, 600),
        (False, 20_000, 600, 1400),
        (False, 90_000, 90, 2910),
    ]
    lines = ["stratum,link,pairs,same"]
    for number, (is_link, pairs, same, different) in enumerate(rows):
        lines += [f"{number},{int(is_link)},{pairs},1"] * same
        lines += [f"{number},{int(is_link)},{pairs},0"] * different
    (tmp_path / "looks.csv").write_text("\n".join(lines) + "\n")
    command = ["Rscript", str(SCRIPT), str(tmp_path / "looks.csv"), str(tmp_path / "found.txt")]
    subprocess.run(command, check=True, capture_output=True)
    numbers = [float(line) for line in (tmp_path / "found.txt").read_text().split()]
    found = accuracy(strata(*rows))
    for (value, error), one in zip((numbers[:2], numbers[2:]), (found.precision, found.recall), strict=True):
        assert one.estimate == pytest.approx(value, rel=1e-12)
        assert one.lower == pytest.approx(value - Z * error, abs=0.05 * 2 * Z * error)
        assert one.upper == pytest.approx(value + Z * error, abs=0.05 * 2 * Z * error)
