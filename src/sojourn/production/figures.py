"""The figures of a table before protection, and the SQL by which they are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from sojourn.contracts.aggregates import Estimate
from sojourn.contracts.table import Zone
from sojourn.engine import Engine, Relation
from sojourn.engine.rules import parse_rule
from sojourn.engine.selections import of_period_statement, periods_statement, selected_statement
from sojourn.production.counted import (
    contract_behind,
    given_by,
    is_final,
    record_versions,
    records_of,
    replicates_of,
    sql_of_records,
)
from sojourn.production.published_figures import published_estimates
from sojourn.production.workspace import Workspace
from sojourn.project.load import Declarations
from sojourn.project.table_declarations import Indicator, TableDeclaration
from sojourn.sources.mapping import expanded
from sojourn.statistics import ReplicateDesign, cube, cube_sql, estimates, estimates_sql
from sojourn.statistics.dimensions import DERIVED, dimension_sql, with_dimensions

__all__ = ["figures_of", "method_sql"]


def figures_of(workspace: Workspace, engine: Engine, table: TableDeclaration, counted: Relation) -> pa.Table:
    """The estimates of a table, before protection, from the records that its indicator is about."""
    declarations = workspace.declarations
    indicator = declarations.indicators[table.indicator]
    records = _selected(workspace, engine, table, counted)
    if indicator.statistic == "value":
        return published_estimates(
            records.to_arrow(), table, indicator, declarations.sources[indicator.source or ""]
        )
    parts = []
    for (period,) in engine.query(periods_statement(), {"records": records}).rows(order_by=("period",)):
        if not is_final(workspace, table, period):
            continue
        of_period = engine.query(of_period_statement(period), {"records": records})
        cells = cube(of_period, **_cube_settings(declarations, table, indicator))
        found = estimates(cells, time_period=period, **_estimate_settings(declarations, table, indicator))
        parts.append(found.to_arrow())
        engine.forget(found, cells)
    if not parts:
        return Estimate.schema(table.by).empty_table()
    return pa.concat_tables([Estimate.conform(part, table.by) for part in parts])


def _selected(workspace: Workspace, engine: Engine, table: TableDeclaration, counted: Relation) -> Relation:
    """The records that the indicator counts, with the table's dimensions and their period."""
    indicator = workspace.declarations.indicators[table.indicator]
    contract = contract_behind(workspace.declarations, indicator)
    rule = parse_rule(indicator.where, contract.columns) if indicator.where is not None else None
    is_text = contract.columns[indicator.time].python_type is str
    statement = selected_statement(indicator.time, indicator.frequency, rule, is_text=is_text)
    chosen = engine.query(statement, {"records": counted})
    return with_dimensions(chosen, table.by, country=workspace.declarations.settings.country)


def _design(declarations: Declarations, indicator: Indicator) -> ReplicateDesign | None:
    declared = replicates_of(declarations, indicator)
    if declared is None:
        return None
    return ReplicateDesign(declared.kind, expanded(declared.weights), declared.coefficient, declared.rho)


def _cube_settings(
    declarations: Declarations, table: TableDeclaration, indicator: Indicator
) -> dict[str, Any]:
    has_weight = indicator.source is not None and "weight" in declarations.sources[indicator.source].columns
    return {
        "dimensions": table.by,
        "weight": "weight" if has_weight else None,
        "design": _design(declarations, indicator),
        "measures": (indicator.of,) if indicator.statistic == "mean" and indicator.of else (),
    }


def _estimate_settings(
    declarations: Declarations, table: TableDeclaration, indicator: Indicator
) -> dict[str, Any]:
    return {
        "statistic": indicator.statistic,
        "dimensions": table.by,
        "totals": table.totals,
        "of": indicator.of if indicator.statistic == "mean" else None,
        "within": table.within,
        "design": _design(declarations, indicator),
        "method": f"{indicator.statistic}_of_{given_by(declarations, indicator)}",
    }


def method_sql(workspace: Workspace, table: TableDeclaration) -> str:
    """The SQL by which the table's figures were made, step by step, as it is published."""
    declarations = workspace.declarations
    indicator = declarations.indicators[table.indicator]
    contract = contract_behind(declarations, indicator)
    rule = parse_rule(indicator.where, contract.columns) if indicator.where is not None else None
    is_text = contract.columns[indicator.time].python_type is str
    selected = selected_statement(indicator.time, indicator.frequency, rule, is_text=is_text)
    parts = [*sql_of_records(declarations, indicator), ("Records that the indicator counts", selected)]
    parts += [(f"Dimension {name}", dimension_sql(name)) for name in table.by if name in DERIVED]
    if indicator.statistic == "value":
        return _as_text(parts)
    with workspace.engine(Zone.SECURE) as engine:
        counted = records_of(engine, indicator, record_versions(workspace, indicator, table.id))
        records = engine.query(
            "SELECT * EXCLUDE (period_of_record) FROM records",
            {"records": _selected(workspace, engine, table, counted)},
        )
        settings, figures = (
            _cube_settings(declarations, table, indicator),
            _estimate_settings(declarations, table, indicator),
        )
        parts.append(("Cells and their totals, with exact sums", cube_sql(records, **settings)))
        cells = cube(records, **settings)
        figures.pop("method")
        parts.append(("Figures and their variances", estimates_sql(cells, **figures)))
    return _as_text(parts)


def _as_text(parts: Sequence[tuple[str, str]]) -> str:
    return "\n\n".join(f"-- {title}.\n{text.strip()};" for title, text in parts) + "\n"
