"""Receive the six deliveries of the linked project and link them; tests run it as a process.

    python link_job.py FOLDER FILES START MASTER

MASTER is empty for one machine. Prints a digest of what each table holds.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from linked_project import write_linked_project
from linked_runs import ERRORS, TABLES, content
from sojourn.production.receive import receive
from sojourn.production.tables import run_tables
from sojourn.production.workspace import open_workspace


def main(folder: Path, files: Path, start: Path, master: str) -> None:
    """Link in a copy of the project, on one machine or on a cluster."""
    project = folder / "project"
    if not (start / "project").is_dir():
        write_linked_project(start / "project", start / "keys")
        open_workspace(start / "project").catalogue.close()
    shutil.copytree(start / "project", project)
    if master:
        settings = project / "sojourn.yaml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(f"{text}engine: {{kind: spark, master: '{master}'}}\n", encoding="utf-8")
    with open_workspace(project) as office:
        for file in sorted(files.glob("*.csv")):
            source, _, period = file.stem.partition("-")
            receive(office, source, file, period=period)
        run_tables(office, ["MIGRATIONS"])
    print(json.dumps(content(folder, [name for name in TABLES if name != ERRORS])))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4])
