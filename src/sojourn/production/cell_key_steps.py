"""The step of a run that makes the keys of a table's cells, and keeps them in the secure zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sojourn.contracts.cell_keys import CellKey
from sojourn.contracts.table import Zone
from sojourn.disclosure.cell_keys import HOUSEHOLD, PERSON, CellKeys, Epoch, cell_key_table, with_record_keys
from sojourn.engine import Engine, Relation
from sojourn.engine.selections import of_period_statement, periods_statement
from sojourn.pipeline import Made, Step
from sojourn.production.cell_key_noise import note_epoch, office_noise
from sojourn.production.counted import is_final, records_of
from sojourn.production.figures import selected_records, settings_of_cube
from sojourn.production.versions import VersionRecord, is_named, name_version
from sojourn.production.workspace import Workspace
from sojourn.project.table_declarations import Indicator, TableDeclaration
from sojourn.store.store import Version

__all__ = ["cell_key_step", "given_cell_keys", "is_perturbed"]


def is_perturbed(table: TableDeclaration) -> bool:
    """Whether a table's figures are changed a little at random instead of withheld."""
    return table.protect.method == "cell_keys"


def cell_key_step(
    workspace: Workspace,
    table: TableDeclaration,
    indicator: Indicator,
    inputs: Sequence[str],
    settings: Mapping[str, Any],
) -> Step[Version]:
    """The step that makes the keys of a table's cells from the records that it counts."""
    name = f"cell_keys_{table.id}"
    noise = office_noise(workspace)

    def find(mark: str) -> Version | None:
        return workspace.store.version(CellKey, name, mark) if is_named(workspace, name, mark) else None

    def make(mark: str, made: Mapping[str, Made[Version]]) -> Version:
        note_epoch(workspace, noise)
        used = {given: made[given] for given in inputs}
        with workspace.catalogue.work(workspace.actor, "read-records", f"table:{table.id}", "run") as work:
            with workspace.engine(Zone.SECURE) as engine:
                counted = records_of(engine, indicator, {given: one.result for given, one in used.items()})
                keys = _keys_of(workspace, engine, table, counted, noise.epoch)
            with workspace.store.writing(CellKey, name, mark, table.by) as folder:
                pq.write_table(keys, folder / "part-000000.parquet")
            fingerprints = tuple(one.fingerprint for one in used.values())
            about = VersionRecord(
                name, Zone.SECURE, "CellKey", mark, len(keys), fingerprints, {"mark": noise.mark}
            )
            work.then(partial(name_version, workspace, about))
            work.detail.update(cells=len(keys))
        found = find(mark)
        if found is None:
            raise RuntimeError("The version is not there, although it was written a moment ago.")
        return found

    return Step[Version](
        f"cell_keys:{table.id}", tuple(inputs), {**settings, "noise": noise.mark}, find, make
    )


def given_cell_keys(workspace: Workspace, engine: Engine, version: Version) -> CellKeys:
    """What protection needs of a perturbed table."""
    noise = office_noise(workspace)
    return CellKeys(engine.relation(version.files), noise.table, noise.sums)


def _keys_of(
    workspace: Workspace, engine: Engine, table: TableDeclaration, counted: Relation, epoch: Epoch
) -> pa.Table:
    indicator = workspace.declarations.indicators[table.indicator]
    records = selected_records(workspace, engine, table, counted)
    cube = settings_of_cube(workspace.declarations, table, indicator)
    is_person = "person_key" in records.columns
    keyed = with_record_keys(
        records,
        epoch=epoch,
        unit="person_key" if is_person else "household_id",
        kind=PERSON if is_person else HOUSEHOLD,
        name="cell_record_key",
    )
    parts = [CellKey.schema(tuple(table.by)).empty_table()]
    for (period,) in engine.query(periods_statement(), {"records": records}).rows(order_by=("period",)):
        if not is_final(workspace, table, period):
            continue
        found = cell_key_table(
            engine.query(of_period_statement(period), {"records": keyed}),
            dimensions=table.by,
            time_period=period,
            record_key="cell_record_key",
            margins=None if table.totals == "all" else [],
            weight=cube["weight"],
            measure=next(iter(cube["measures"]), None),
        )
        parts.append(found)
    return pa.concat_tables(parts)
