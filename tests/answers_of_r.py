"""Answers of R that are stored beside a test: R itself where it is installed, else what it said.

Where R is installed the stored numbers are held against it, so that they stay R's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pytest

Answers = dict[str, tuple[float, ...]]
# With this a script says that a package which it needs is not installed.
NO_PACKAGE = 77


def answers_of_r(script: Path, folder: Path, **tables: pa.Table) -> Answers:
    """R's numbers by case: of this machine's R, held against the stored ones, or these alone."""
    stored = json.loads(script.with_suffix(".json").read_text(encoding="utf-8"))
    kept = {case: tuple(values) for case, values in stored["answers"].items()}
    run = run_of_r(script, folder, **tables)
    if run is None:
        return kept
    found = run[1]
    assert found.keys() == kept.keys()
    for case, values in found.items():
        assert values == pytest.approx(kept[case], rel=1e-12, nan_ok=True), case
    return found


def run_of_r(script: Path, folder: Path, **tables: pa.Table) -> tuple[str, Answers] | None:
    """The versions that R tells, and its numbers; none where R or the package is not installed."""
    if shutil.which("Rscript") is None:
        return None
    for name, table in tables.items():
        pcsv.write_csv(table, folder / f"{name}.csv")
    target = folder / "answers.csv"
    command = ["Rscript", str(script), str(folder), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == NO_PACKAGE:
        return None
    assert done.returncode == 0, done.stderr
    versions, *lines = target.read_text(encoding="utf-8").splitlines()
    cells = [line.split(",") for line in lines]
    return versions, {case: tuple(float(value) for value in values) for case, *values in cells}


def store(script: Path, folder: Path, **tables: pa.Table) -> None:
    """Write what R says into the file beside its script; for when the script changes."""
    run = run_of_r(script, folder, **tables)
    assert run is not None, "R is not installed"
    told = {"made_by": run[0], "script": script.name, "answers": run[1]}
    script.with_suffix(".json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
