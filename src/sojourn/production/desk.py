"""What a checker's desk needs of the project: the gate with its people of today, the persons behind cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.contracts.aggregates import Estimate
from sojourn.production.doctor import gate_of
from sojourn.production.workspace import Workspace
from sojourn.project.load import people_of
from sojourn.project.people import Person
from sojourn.project.permissions import require_permitted
from sojourn.release import Gate
from sojourn.release.draft_tables import TableBeside, protection_of
from sojourn.release.side_by_side import places

__all__ = ["gate_today", "persons_behind"]


def gate_today(workspace: Workspace) -> Gate:
    """The gate with people as they are declared now: an office is open for days, and roles change meanwhile.

    Raises: ProjectError when their file has become wrong.
    """
    people = people_of(workspace.declarations.folder)
    workspace.declarations = replace(workspace.declarations, people=people)
    return gate_of(workspace)


def persons_behind(
    workspace: Workspace, gate: Gate, person: Person, release: str, table: str, beside: TableBeside
) -> npt.NDArray[np.int64] | None:
    """The number of persons behind each row of `beside` before protection, -1 where it is not known.

    None where the release does not say which estimates it was made of, or they are no longer kept. The look
    is recorded before anything is read.

    Raises: NotPermitted for whoever may not see it.
    """
    with gate.catalogue.act(person.id, "release-counts-behind", f"release:{release}", "checking") as act:
        require_permitted(person, "release-counts-behind", "see how many persons are behind figures")
        act.detail.update(table=table)
    estimates = _estimates(workspace, gate, release, table)
    if estimates is None:
        return None
    figures = _own_figures(estimates, beside, protection_of(gate, release, table))
    named = {name: figures[name.lower()] for name, _ in beside.codes if name.lower() in figures.column_names}
    if len(named) < len(beside.codes):
        return None
    own, behind = places(beside.cells, beside.codes), places(pa.table(named), beside.codes)
    found = np.full(len(own), -1, np.int64)
    order = np.argsort(behind, kind="stable")
    if not len(order):
        return found
    at = order[np.minimum(np.searchsorted(behind[order], own), len(order) - 1)]
    is_there = behind[at] == own
    found[is_there] = figures["contributors"].to_numpy()[at[is_there]]
    return found


def _estimates(workspace: Workspace, gate: Gate, release: str, table: str) -> pa.Table | None:
    rows = gate.catalogue.rows(sa.select(schema.release.c.summary).where(schema.release.c.hash == release))
    named = json.loads(rows[0]["summary"]).get("estimates", {}).get(table) if rows else None
    if named is None:
        return None
    version = workspace.store.version(Estimate, f"estimates_{table}", named)
    return pq.read_table(version.files) if version is not None else None


def _own_figures(estimates: pa.Table, beside: TableBeside, report: Mapping[str, Any]) -> pa.Table:
    """The figures that are shown: of a table of gaps the gaps, not the two sides."""
    shown = {name.lower() for name, _ in beside.codes} | set(Estimate.columns)
    between = report.get("gap", {}).get("between")
    for name in estimates.column_names:
        if name not in shown and between is not None:
            estimates = estimates.filter(pc.equal(estimates[name], "-".join(between)))
    return estimates
