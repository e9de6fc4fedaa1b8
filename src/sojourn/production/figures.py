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
    sql_of_records,
)
from sojourn.production.published_figures import published_estimates
from sojourn.production.survey_figures import (
    is_survey,
    kept_cube,
    recurring_persons,
    survey_estimates,
    survey_sql,
    table_dimensions,
)
from sojourn.production.workspace import Workspace
from sojourn.project.load import Declarations
from sojourn.project.table_declarations import Indicator, TableDeclaration
from sojourn.statistics import cube, cube_sql, estimates, estimates_sql
from sojourn.statistics.dimensions import DERIVED, dimension_sql, with_dimensions
from sojourn.store.store import Version

__all__ = ["figures_of", "method_sql", "selected_records", "settings_of_cube"]


def figures_of(
    workspace: Workspace,
    engine: Engine,
    table: TableDeclaration,
    counted: Relation,
    sums: Version | None = None,
) -> pa.Table:
    """The estimates of a table, before protection, from the records that its indicator is about.

    `sums` are the kept cubes of a survey.
    """
    declarations = workspace.declarations
    indicator = declarations.indicators[table.indicator]
    if sums is not None:
        return _of_survey(workspace, table, counted, sums)
    records = selected_records(workspace, engine, table, counted)
    if indicator.statistic == "value":
        return published_estimates(
            records.to_arrow(), table, indicator, declarations.sources[indicator.source or ""]
        )
    parts = []
    for (period,) in engine.query(periods_statement(), {"records": records}).rows(order_by=("period",)):
        if not is_final(workspace, table, period):
            continue
        of_period = engine.query(of_period_statement(period), {"records": records})
        cells = cube(of_period, **settings_of_cube(declarations, table, indicator))
        found = estimates(cells, time_period=period, **_estimate_settings(declarations, table, indicator))
        parts.append(found.to_arrow())
        engine.forget(found, cells)
    if not parts:
        return Estimate.schema(table.by).empty_table()
    return pa.concat_tables([Estimate.conform(part, table.by) for part in parts])


def _of_survey(workspace: Workspace, table: TableDeclaration, counted: Relation, sums: Version) -> pa.Table:
    declarations = workspace.declarations
    indicator = declarations.indicators[table.indicator]
    parts = []
    for file in sums.files:
        period, kept = kept_cube(declarations, indicator, file)
        if is_final(workspace, table, period):
            persons = recurring_persons(declarations, table, counted, period)
            parts.append(survey_estimates(declarations, table, kept, period, persons))
    return pa.concat_tables(parts) if parts else Estimate.schema(table_dimensions(table)).empty_table()


def selected_records(
    workspace: Workspace, engine: Engine, table: TableDeclaration, counted: Relation
) -> Relation:
    """The records that the indicator counts, with the table's dimensions and their period."""
    indicator = workspace.declarations.indicators[table.indicator]
    contract = contract_behind(workspace.declarations, indicator)
    rule = parse_rule(indicator.where, contract.columns) if indicator.where is not None else None
    is_text = contract.columns[indicator.time].python_type is str
    statement = selected_statement(indicator.time, indicator.frequency, rule, is_text=is_text)
    chosen = engine.query(statement, {"records": counted})
    return with_dimensions(chosen, table.by, country=workspace.declarations.settings.country)


def settings_of_cube(
    declarations: Declarations, table: TableDeclaration, indicator: Indicator
) -> dict[str, Any]:
    """Dimensions, weight and measures of the cube behind a table."""
    has_weight = indicator.source is not None and "weight" in declarations.sources[indicator.source].columns
    return {
        "dimensions": table.by,
        "weight": "weight" if has_weight else None,
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
        if is_survey(declarations, indicator):
            return _as_text([*parts, *survey_sql(declarations, table, counted)])
        parts += _sql_of_counts(workspace, engine, table, counted)
    return _as_text(parts)


def _sql_of_counts(
    workspace: Workspace, engine: Engine, table: TableDeclaration, counted: Relation
) -> list[tuple[str, str]]:
    declarations = workspace.declarations
    indicator = declarations.indicators[table.indicator]
    records = engine.query(
        "SELECT * EXCLUDE (period_of_record) FROM records",
        {"records": selected_records(workspace, engine, table, counted)},
    )
    settings = settings_of_cube(declarations, table, indicator)
    figures = _estimate_settings(declarations, table, indicator)
    figures.pop("method")
    cells = cube(records, **settings)
    return [
        ("Cells and their totals, with exact sums", cube_sql(records, **settings)),
        ("Figures", estimates_sql(cells, **figures)),
    ]


def _as_text(parts: Sequence[tuple[str, str]]) -> str:
    return "\n\n".join(f"-- {title}.\n{text.strip()};" for title, text in parts) + "\n"
