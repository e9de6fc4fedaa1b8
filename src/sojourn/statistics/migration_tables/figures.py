"""Figures of migration tables, from one cube for all tables of a unit of analysis.

Whoever may belong to a table and of whom that is not known is counted as not stated: a person whose place of
birth is not known is neither among the foreign-born nor out of them. Figures of a census or register are
exact, and rest on a cube for each table: no cube of all variables would be smaller than the records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import TOTAL
from sojourn.concepts.migration_tables import MigrationTable
from sojourn.contracts.migration_tables import MigrationFigure
from sojourn.engine.microdata import judged_by_known_statement
from sojourn.engine.rules import Rule, parse_rule
from sojourn.errors import ProjectError
from sojourn.statistics.migration_tables.units import UnitRecords
from sojourn.statistics.survey import CensusDesign, Measure, SurveyCube, survey_cube, survey_table

__all__ = ["TableCube", "figures_of_table", "table_cube", "table_figures"]


@dataclass(frozen=True)
class TableCube:
    """A survey cube of one unit of analysis, and the name of each condition of its tables in the cube."""

    cube: SurveyCube
    unit: UnitRecords
    names: Mapping[str, str]

    def measure(self, table: MigrationTable) -> Measure:
        """What the figures of a table are, in the words of the cube."""
        universe = _universe(self.unit, table)
        return Measure(
            table.statistic,
            when=None if table.when is None else self.names[table.when],
            where=None if universe is None else self.names[universe],
        )


def table_figures(
    unit: UnitRecords, tables: Sequence[MigrationTable], *, level: float = 0.95
) -> Iterator[tuple[MigrationTable, pa.Table]]:
    """The figures of each table, as the contract MigrationFigure with the table's dimensions.

    Raises: ProjectError for a table that is broken down by what the records do not have, or whose universe
    cannot be read; as `survey_cube` for weights and designs.
    """
    groups = [[table] for table in tables] if isinstance(unit.design, CensusDesign) else [list(tables)]
    for group in groups:
        if not group:
            continue
        cube = table_cube(unit, group)
        for table in group:
            yield table, figures_of_table(cube, table, level=level)


def table_cube(unit: UnitRecords, tables: Sequence[MigrationTable]) -> TableCube:
    """The survey cube from which the figures of all these tables can be made.

    A condition holds for a record or does not; it is unknown where a code that it looks at is.
    """
    records = unit.records
    dimensions = list(dict.fromkeys(name for table in tables for name in table.by))
    strange = [name for name in dimensions if name not in records.columns]
    if strange:
        raise ProjectError(
            f"There is no variable {', '.join(strange)} of a {unit.unit}.",
            f"There are {', '.join(records.columns)}.",
        )
    texts = dict.fromkeys(
        text for table in tables for text in (_universe(unit, table), table.when) if text is not None
    )
    rules = {f"rule_{place}": parse_rule(text, records.columns) for place, text in enumerate(texts)}
    codes = [name for name, kind in records.types.items() if kind == "VARCHAR"]
    judged = records.engine.query(judged_by_known_statement(rules, codes), {"records": records})
    conditions = {f"holds_{name}": Rule(name, f'"{name}"', frozenset([name])) for name in rules}
    cube = survey_cube(judged, design=unit.design, dimensions=dimensions, conditions=conditions)
    records.engine.forget(judged)
    return TableCube(cube, unit, dict(zip(texts, conditions, strict=True)))


def figures_of_table(cube: TableCube, table: MigrationTable, *, level: float = 0.95) -> pa.Table:
    """The figures of one table; cells with nobody for certain are left out, the grand total is not."""
    found = survey_table(cube.cube, cube.measure(table), by=table.by, level=level)
    is_shown = pc.greater(found["contributors"], 0)
    is_total = pa.array([True] * len(found))
    for name in table.by:
        is_total = pc.and_(is_total, pc.equal(found[name], TOTAL))
    return _as_figures(found.filter(pc.or_(is_shown, is_total)), table)


def _as_figures(found: pa.Table, table: MigrationTable) -> pa.Table:
    # Without an error there is nothing that degrees of freedom could be of.
    freedom = pc.if_else(pc.is_null(found["standard_error"]), None, found["degrees_of_freedom"])
    own = {
        "table_id": pa.array([table.id] * len(found), pa.string()),
        "statistic": pa.array([table.statistic] * len(found), pa.string()),
        "degrees_of_freedom": freedom,
    }
    names = [*table.by, *MigrationFigure.columns]
    return MigrationFigure.conform(
        pa.table({name: own.get(name, _column(found, name)) for name in names}), table.by
    )


def _column(found: pa.Table, name: str) -> pa.ChunkedArray | None:
    return found[name] if name in found.column_names else None


def _universe(unit: UnitRecords, table: MigrationTable) -> str | None:
    """The condition of a table's universe, of records that are somebody."""
    if unit.is_counted is None:
        return table.universe
    return unit.is_counted if table.universe is None else f"{unit.is_counted} and ({table.universe})"
