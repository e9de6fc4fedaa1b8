"""The sender's manifest: what the sender says was sent, to hold against what arrived.

A CSV file with a line for each file: `file`, `rows`, `sha256` and `period`. All but `file` may be blank.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

from sojourn.errors import DataRefused, Problem

__all__ = ["Promise", "promised"]


@dataclass(frozen=True)
class Promise:
    """What a manifest says of one file."""

    rows: int | None
    sha256: str | None
    period: str | None
    arrived_sha256: str

    def broken_by(self, records: int) -> list[str]:
        """In what the file that arrived is not the one that was promised."""
        broken = []
        if self.rows is not None and self.rows != records:
            broken.append(f"The manifest speaks of {self.rows} records; the file has {records}.")
        if self.sha256 is not None and self.sha256.lower() != self.arrived_sha256:
            broken.append("The file's checksum is not the manifest's: it was changed or cut on its way.")
        return broken


def promised(manifest: Path, file: Path, *, required: bool) -> Promise | None:
    """What the manifest says of the file, or none when there is no manifest or no line for it.

    Raises: DataRefused when a manifest that was asked for is absent, has no line for the file, or cannot
    be read.
    """
    if not manifest.is_file():
        if required:
            raise DataRefused(f"There is no manifest {manifest}.")
        return None
    with manifest.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        for row in reader:
            if row.get("file") == file.name:
                return _promise(row, manifest, reader.line_num, file)
    if required:
        raise DataRefused(
            Problem(manifest.name, None, f"the manifest has no line for {file.name}.", "Add one.")
        )
    return None


def _promise(row: dict[str, str], manifest: Path, line: int, file: Path) -> Promise:
    rows = row.get("rows") or None
    if rows is not None and not rows.isdecimal():
        raise DataRefused(
            Problem(manifest.name, line, f"rows is {rows!r}, which is not a number.", "Write digits only.")
        )
    with file.open("rb") as opened:
        arrived = hashlib.file_digest(opened, "sha256").hexdigest()
    return Promise(
        int(rows) if rows is not None else None, row.get("sha256") or None, row.get("period") or None, arrived
    )
