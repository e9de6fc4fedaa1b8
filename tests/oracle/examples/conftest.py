"""Runs an example's own `run.sh` on the producers' files, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace

REPOSITORY = Path(__file__).parents[3]
DATA = Path(os.environ.get("SOJOURN_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))


@dataclass(frozen=True)
class Ran:
    """An example after its run: its working folder, what it printed, and the files it was given."""

    project: Path
    printed: str
    data: Path

    def table(self, name: str, kind: str = "estimates") -> list[dict]:
        """The rows of a table, `estimates` before protection or `observations` after it."""
        with open_workspace(self.project) as workspace:
            made = run_tables(workspace, [name], is_dry=True).tables[name]
        return pa.concat_tables([pq.read_table(file) for file in getattr(made, kind).files]).to_pylist()


@pytest.fixture(scope="session")
def run_example(tmp_path_factory):
    """A function of an example's name and the folders of data that it needs."""

    def run(name: str, *folders: str) -> Ran:
        absent = [folder for folder in folders if not (DATA / folder).is_dir()]
        if absent:
            pytest.skip(f"{', '.join(absent)} not found in {DATA}; set SOJOURN_SHARED_DATA")
        project = tmp_path_factory.mktemp(name) / "project"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", REPOSITORY / "examples" / name / "run.sh", DATA, project],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return Ran(project, done.stdout, DATA)

    return run
