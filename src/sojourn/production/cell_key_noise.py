"""The noise of an office's cell keys: read from the folder of its keys, with the salt of the epoch in force.

The salt follows from the project's key and the name of the epoch. A change of the pseudonym key therefore
begins a new epoch too: record keys are made of pseudonyms, and could not outlive them in any case. The audit
trail says when an epoch begins; neither there nor in the catalogue does anything stand from which a setting
could be found.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.disclosure.cell_keys import (
    Epoch,
    MagnitudeNoise,
    NoiseSettings,
    PerturbationTable,
    perturbation_table,
    table_of_columns,
)
from sojourn.errors import DataRefused, ProjectError
from sojourn.production.workspace import Workspace
from sojourn.project.cell_key_declarations import CellKeyDeclaration
from sojourn.project.load import load_declaration
from sojourn.store.keys import derived

__all__ = ["CELL_KEYS", "OfficeNoise", "note_epoch", "office_noise"]

CELL_KEYS = "cell-keys.yaml"
_BEGUN = "begin-cell-key-epoch"


@dataclass(frozen=True, repr=False)
class OfficeNoise:
    """Secret but for its mark, which tells one epoch and its settings from others and nothing more."""

    epoch: Epoch
    table: PerturbationTable
    sums: MagnitudeNoise | None
    mark: str


def office_noise(workspace: Workspace) -> OfficeNoise:
    """The epoch and noise in force.

    Raises: ProjectError where nothing is declared, others than the owner can read it, or no such noise is
    possible; DataRefused for a file that is no perturbation table.
    """
    file = workspace.ring.folder / CELL_KEYS
    if not file.is_file():
        raise ProjectError(
            "A table is to be protected by cell keys, and the folder of keys does not say with which noise.",
            f"Write {CELL_KEYS} there, with epoch, largest and variance: docs/how-to/perturb-tables.md.",
        )
    _require_private(file)
    declared = load_declaration(file, CellKeyDeclaration)
    epoch = Epoch(declared.epoch, derived(workspace.keys.cells, "salt", declared.epoch))
    table = _table(declared, file.parent)
    sums = MagnitudeNoise(**declared.sums.model_dump()) if declared.sums is not None else None
    told = json.dumps(
        [table.to_arrow().to_pydict(), table.keys, table.repeated, declared.model_dump(mode="json")],
        sort_keys=True,
    )
    return OfficeNoise(epoch, table, sums, derived(workspace.keys.cells, "mark", told).hex()[:32])


def note_epoch(workspace: Workspace, noise: OfficeNoise) -> None:
    """Say in the audit trail that an epoch has begun, the first time that it is used."""
    events = schema.audit_event.c
    known = sa.select(events.sequence).where(
        events.action == _BEGUN, events.object == f"cell-keys:{noise.mark}"
    )
    if not workspace.catalogue.rows(known):
        workspace.catalogue.note(workspace.actor, _BEGUN, f"cell-keys:{noise.mark}", epoch=noise.epoch.id)


def _table(declared: CellKeyDeclaration, folder: Path) -> PerturbationTable:
    if declared.table is None:
        return perturbation_table(
            NoiseSettings(
                declared.largest or 0, declared.variance or 0.0, declared.forbidden, declared.stay,
                declared.monotone,
            )
        )  # fmt: skip
    file = folder / declared.table
    if not file.is_file():
        raise ProjectError(
            f"The perturbation table {declared.table} is not beside {CELL_KEYS}.",
            "Put it there, or name another.",
        )
    _require_private(file)
    return table_of_columns(_columns(file))


def _columns(file: Path) -> pa.Table:
    """A file with commas or, as `ptable` exports it, semicolons between its columns."""
    with file.open(encoding="utf-8") as opened:
        first = opened.readline()
    separator = ";" if ";" in first else ","
    try:
        found = pcsv.read_csv(file, parse_options=pcsv.ParseOptions(delimiter=separator))
    except pa.ArrowInvalid:
        raise DataRefused(
            "The perturbation table is no CSV file.", "Separate its columns by commas or semicolons."
        ) from None
    return found.rename_columns([name.strip() for name in found.column_names])


def _require_private(file: Path) -> None:
    if file.stat().st_mode & 0o077:
        raise ProjectError(f"Others than its owner can read {file}.", f"Run: chmod 600 {file}")
