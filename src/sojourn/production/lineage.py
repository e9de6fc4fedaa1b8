"""Where a figure comes from: from the published cell back to the files and the agreements."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from sojourn.catalogue import schema
from sojourn.errors import ProjectError
from sojourn.production.counted import record_versions, why_empty
from sojourn.production.deliveries import deliveries_in_force
from sojourn.production.derived_steps import EVENTS, RESIDENTS
from sojourn.production.tables import table_versions
from sojourn.production.workspace import Workspace
from sojourn.project.contracts import sources_behind
from sojourn.project.table_declarations import TableDeclaration

__all__ = ["lineage", "selected_cells"]


def selected_cells(workspace: Workspace, name: str, conditions: Sequence[str]) -> pa.Table:
    """The protected cells of a table that meet every `DIMENSION=CODE`.

    Raises: ProjectError for an unknown table, dimension or code, naming what there is.
    """
    made = table_versions(workspace, name)
    cells = pa.concat_tables([pq.read_table(file) for file in made.observations.files])
    if not len(cells):
        raise ProjectError(f"{name} has no cell.", why_empty(workspace, workspace.declarations.tables[name]))
    for condition in conditions:
        dimension, _, code = condition.partition("=")
        column = dimension.upper()
        if column not in cells.column_names:
            raise ProjectError(
                f"{name} has no dimension {dimension}.", f"It has: {', '.join(cells.column_names)}."
            )
        if code not in pc.unique(cells[column]).to_pylist():
            known = ", ".join(map(str, pc.unique(cells[column]).to_pylist()[:40]))
            raise ProjectError(f"No cell of {name} has {dimension}={code}.", f"There are: {known}.")
        cells = cells.filter(pc.equal(cells[column], code))
    return cells


def lineage(workspace: Workspace, name: str, conditions: Sequence[str]) -> dict[str, Any]:
    """All that stands behind a cell of a table, as nested values.

    Raises: ProjectError for an unknown table, dimension or code, or a table that must be run first.
    """
    declarations = workspace.declarations
    if name not in declarations.tables:
        raise ProjectError(
            f"No table is called {name}.", f"Declared are: {', '.join(sorted(declarations.tables))}."
        )
    table = declarations.tables[name]
    totals = [f"{dimension}=_T" for dimension in table.by if not _is_given(dimension, conditions)]
    made = table_versions(workspace, name)
    cells = selected_cells(workspace, name, [*conditions, *(totals if table.totals == "all" else [])])
    indicator = declarations.indicators[table.indicator]
    sources = sources_behind(indicator, declarations.sources, declarations.settings.spine)
    return {
        "table": table.id,
        "cells": cells.to_pylist(),
        "protection": {"rules": _rules(table), "report": dict(made.report)},
        "indicator": {
            "id": indicator.id,
            "definition": next(iter(indicator.definition.values())),
            "statistic": indicator.statistic,
            "condition": indicator.where or "all records",
        },
        "estimates_version": made.estimates.fingerprint,
        "observations_version": made.observations.fingerprint,
        "sources": [
            {
                "id": source.id,
                "provider": source.provider,
                "agreement": source.agreement,
                "law": declarations.agreements[source.agreement].law,
            }
            for source in sources
        ],
        "deliveries": [
            _delivery(row) for source in sources for row in deliveries_in_force(workspace, source.id)
        ],
        **(_border(workspace, table) if indicator.counts in (EVENTS, RESIDENTS) else {}),
    }


def _border(workspace: Workspace, table: TableDeclaration) -> dict[str, Any]:
    """From when until when crossings were observed, and the account of residents under the framework."""
    indicator = workspace.declarations.indicators[table.indicator]
    made = record_versions(workspace, indicator, table.id)[EVENTS]
    versions = schema.table_version.c
    (row,) = workspace.catalogue.rows(
        sa.select(versions.settings).where(
            versions.name == made.name, versions.fingerprint == made.fingerprint
        )
    )
    settings = json.loads(row["settings"])
    return {
        "observed": settings["observed"],
        "account_of_residents": dict(sorted(settings["accounts"][indicator.framework or "national"].items())),
    }


def _is_given(dimension: str, conditions: Sequence[str]) -> bool:
    return any(condition.partition("=")[0].lower() == dimension for condition in conditions)


def _rules(table: TableDeclaration) -> dict[str, Any]:
    return table.protect.model_dump(exclude_none=True)


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "id",
        "period",
        "file_name",
        "sha256",
        "loaded",
        "quarantined",
        "received_at",
        "received_by",
        "supersedes",
    )
    return {**{name: row[name] for name in kept}, "records_version": json.loads(row["summary"])["version"]}
