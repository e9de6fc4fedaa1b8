"""A release as it lies in its folder: read back for those who decide on it.

The folder of a release that waits lies in the secure zone; a released one is read in the public zone if the
draft is gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.dissemination.publication import ReleaseDescription, TableDescription
from sojourn.errors import ProjectError
from sojourn.release.gate import Gate
from sojourn.release.side_by_side import SAME, Codes, places, side_by_side

__all__ = ["TableBeside", "protection_of", "release_in", "table_beside"]


@dataclass(frozen=True)
class TableBeside:
    """A table of a release beside what it supersedes; `cells` and `codes` are those of `side_by_side`.

    `has_old` says whether there is something to compare with, `why_not` why there is nothing.
    """

    description: TableDescription
    cells: pa.Table
    codes: Codes
    has_old: bool
    why_not: str = ""

    def rows_of(self, findings: list[dict[str, Any]]) -> dict[int, list[int]]:
        """Of each row that a finding is about, the numbers of the findings."""
        own = places(self.cells, self.codes)
        found: dict[int, list[int]] = {}
        for finding in findings:
            named = [name for name, _ in self.codes]
            cells = [cell for cell in finding["cells"] if set(named) <= set(cell)]
            if not cells:
                continue
            about = pa.table({name: pa.array([cell[name] for cell in cells], pa.string()) for name in named})
            for row in np.nonzero(np.isin(own, places(about, self.codes)))[0].tolist():
                found.setdefault(row, []).append(finding["number"])
        return found

    def changed(self) -> npt.NDArray[np.bool_]:
        """Which rows are not as before."""
        found: npt.NDArray[np.bool_] = pc.not_equal(self.cells["CHANGE"], SAME).to_numpy(zero_copy_only=False)
        return found

    def withheld(self) -> npt.NDArray[np.bool_]:
        """Which rows have a figure that is not free for publication."""
        held = pc.fill_null(pc.not_equal(self.cells["NEW_CONF_STATUS"], "F"), False)
        found: npt.NDArray[np.bool_] = held.to_numpy(zero_copy_only=False)
        return found


def release_in(gate: Gate, release: str) -> ReleaseDescription:
    """How a release is described.

    Raises: ProjectError if its folder is gone.
    """
    folder = _folder(gate, release)
    if folder is None:
        raise ProjectError(
            f"The folder of the release {release[:12]} is gone.", "Look what is wrong: sojourn doctor"
        )
    return ReleaseDescription.model_validate_json((folder / "release.json").read_bytes())


def protection_of(gate: Gate, release: str, table: str) -> Mapping[str, Any]:
    """How a table was protected, and what that cost.

    Raises: ProjectError if the release has no such table, or its folder is gone.
    """
    found: Mapping[str, Any] = json.loads((_table(gate, release, table) / "protection.json").read_bytes())
    return found


def table_beside(gate: Gate, release: str, table: str, supersedes: str | None) -> TableBeside:
    """A table of a release beside the same of the release that it supersedes.

    Raises: ProjectError if the release has no such table, or its folder is gone.
    """
    folder = _table(gate, release, table)
    description, new = _read(folder)
    before = _folder(gate, supersedes) if supersedes is not None else None
    if before is None:
        why = "This release supersedes none." if supersedes is None else "What it supersedes is gone."
        return TableBeside(description, *side_by_side(description, new), has_old=False, why_not=why)
    if not (before / "tables" / table).is_dir():
        why = "The release that it supersedes has no such table."
        return TableBeside(description, *side_by_side(description, new), has_old=False, why_not=why)
    old_description, old = _read(before / "tables" / table)
    if old_description.dimension_ids != description.dimension_ids:
        why = "The table had other dimensions: its cells cannot be compared."
        return TableBeside(description, *side_by_side(description, new), has_old=False, why_not=why)
    beside = side_by_side(description, new, old_description, old)
    return TableBeside(description, *beside, has_old=True)


def _folder(gate: Gate, release: str) -> Path | None:
    for zone in (gate.drafts, gate.public.folder):
        if (zone / "releases" / release / "release.json").is_file():
            return zone / "releases" / release
    return None


def _table(gate: Gate, release: str, table: str) -> Path:
    # The name comes from an address: only one that the release itself names becomes a path.
    if table not in release_in(gate, release).tables:
        raise ProjectError(f"The release {release[:12]} has no such table.", "Go back to the release.")
    folder = _folder(gate, release)
    if folder is None:
        raise ProjectError(f"The folder of {release[:12]} is gone.", "Look what is wrong: sojourn doctor")
    return folder / "tables" / table


def _read(folder: Path) -> tuple[TableDescription, pa.Table]:
    description = TableDescription.model_validate_json((folder / "table.json").read_bytes())
    return description, pq.read_table(folder / "observations.parquet").combine_chunks()
