"""Figures of a project's surveys: the cube of an indicator, kept as a version, and its tables.

All tables of an indicator are read from one cube, which holds every dimension that any of them has. A table
that is declared later over the same dimensions costs milliseconds and looks at no record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sojourn.contracts.aggregates import Estimate
from sojourn.contracts.table import Table
from sojourn.engine import Relation
from sojourn.engine.rules import Rule, parse_rule
from sojourn.engine.selections import (
    met_statement,
    of_period_statement,
    periods_statement,
    renamed_statement,
    selected_statement,
)
from sojourn.errors import ProjectError
from sojourn.production.counted import contract_behind, given_by, survey_design_of
from sojourn.production.survey_designs import (
    design_columns,
    design_of,
    design_of_text,
    design_text,
    with_design,
)
from sojourn.project.load import Declarations
from sojourn.project.table_declarations import Indicator, TableDeclaration
from sojourn.statistics.cube import cube, persons_recur
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.dimensions import with_dimensions
from sojourn.statistics.survey import (
    DISTRIBUTED,
    Gap,
    Measure,
    SurveyCube,
    SurveyDesign,
    TaylorDesign,
    survey_cube,
    survey_cube_sql,
    survey_table,
)

__all__ = [
    "cube_dimensions",
    "cube_settings",
    "cubes_of",
    "is_survey",
    "kept_cube",
    "recurring_persons",
    "rule_columns",
    "survey_estimates",
    "survey_records",
    "survey_sql",
    "table_dimensions",
]

# Under which a file of sums keeps the design whose replicate weights were made.
_MADE = b"sojourn.design"
_UNIVERSE, _NUMERATOR = "is_in_universe", "is_in_numerator"


def is_survey(declarations: Declarations, indicator: Indicator) -> bool:
    """Whether an indicator's figures are those of a source with a design."""
    return survey_design_of(declarations, indicator) is not None


def cube_dimensions(declarations: Declarations, indicator: Indicator) -> tuple[str, ...]:
    """Every dimension that a table of the indicator has, in order."""
    tables = [table for table in declarations.tables.values() if table.indicator == indicator.id]
    return tuple(sorted({name for table in tables for name in table_dimensions(table)}))


def table_dimensions(table: TableDeclaration) -> tuple[str, ...]:
    """The dimensions by which a table's figures are made: its own, and that of its gap."""
    return (*table.by, table.gap.split(":")[0]) if table.gap else tuple(table.by)


def cube_settings(declarations: Declarations, indicator: Indicator) -> dict[str, Any]:
    """What decides an indicator's cube, for its fingerprint."""
    design = survey_design_of(declarations, indicator)
    return {
        "dimensions": list(cube_dimensions(declarations, indicator)),
        "indicator": indicator.model_dump(
            mode="json", include={"statistic", "of", "over", "when", "where", "time", "frequency"}
        ),
        "design": design.model_dump(mode="json") if design is not None else None,
        "country": declarations.settings.country,
    }


def survey_measure(indicator: Indicator, within: tuple[str, ...] = ()) -> Measure:
    """The measure that an indicator declares."""
    return Measure(
        indicator.statistic,  # type: ignore[arg-type]  # a survey's indicator is no value: checked
        indicator.of,
        indicator.over,
        _NUMERATOR if indicator.when is not None else None,
        _UNIVERSE if indicator.where is not None else None,
        within,
        indicator.at,
        indicator.line,
        indicator.line_share,
    )


def survey_records(
    declarations: Declarations, indicator: Indicator, counted: Relation
) -> tuple[Relation, dict[str, Rule]]:
    """All records of the survey with dimensions and period, and the conditions of the indicator."""
    columns = rule_columns(declarations, indicator)
    rules = {
        name: parse_rule(text, columns)
        for name, text in ((_UNIVERSE, indicator.where), (_NUMERATOR, indicator.when))
        if text is not None
    }
    contract = contract_behind(declarations, indicator)
    is_text = contract.columns[indicator.time].python_type is str
    statement = selected_statement(indicator.time, indicator.frequency, None, is_text=is_text)
    chosen = counted.engine.query(statement, {"records": counted})
    dimensions = cube_dimensions(declarations, indicator)
    return with_dimensions(chosen, dimensions, country=declarations.settings.country), rules


def rule_columns(declarations: Declarations, indicator: Indicator) -> set[str]:
    """The columns that conditions of the indicator may name: the contract's, and the source's measures."""
    contract: type[Table] = contract_behind(declarations, indicator)
    return {*contract.columns, *declarations.sources[indicator.source or ""].measures}


def cubes_of(
    declarations: Declarations, indicator: Indicator, counted: Relation
) -> list[tuple[str, pa.Table]]:
    """The cube of each period of a survey, as a table to keep."""
    engine = counted.engine
    records, rules = survey_records(declarations, indicator, counted)
    of = [name for name in (indicator.of, indicator.over) if name is not None]
    is_distributed = indicator.statistic in DISTRIBUTED
    found = []
    for (period,) in engine.query(periods_statement(), {"records": records}).rows(order_by=("period",)):
        of_period = engine.query(of_period_statement(period), {"records": records})
        of_period, design = _with_design(declarations, indicator, of_period, [*of, *_looked_at(rules)])
        cube = survey_cube(
            of_period,
            design=design,
            dimensions=cube_dimensions(declarations, indicator),
            conditions=rules,
            measures=[] if is_distributed else of,
            distributed=of if is_distributed else [],
        )
        time = pa.array([period] * cube.table.num_rows, pa.string())
        table = cube.table.add_column(0, "time_period", time)
        if isinstance(design, ReplicateDesign) and _is_made(declarations, indicator):
            table = table.replace_schema_metadata({_MADE: design_text(design).encode()})
        found.append((period, table))
    return found


def kept_cube(declarations: Declarations, indicator: Indicator, file: Path) -> tuple[str, SurveyCube]:
    """A cube as it was kept in a file, and its period."""
    table = pq.read_table(file)
    period = str(table["time_period"][0].as_py())
    dimensions = cube_dimensions(declarations, indicator)
    made = (table.schema.metadata or {}).get(_MADE)
    design = _design(declarations, indicator) if made is None else design_of_text(made.decode())
    return period, SurveyCube.of_table(table.drop_columns(["time_period"]), dimensions, design)


def _design(declarations: Declarations, indicator: Indicator) -> SurveyDesign:
    declared = survey_design_of(declarations, indicator)
    if declared is None:
        raise RuntimeError("The indicator is not about a survey.")
    return design_of(declared)


def _is_made(declarations: Declarations, indicator: Indicator) -> bool:
    declared = survey_design_of(declarations, indicator)
    return declared is not None and declared.make is not None


def _looked_at(rules: Mapping[str, Rule]) -> list[str]:
    return [name for rule in rules.values() for name in rule.columns]


def _with_design(
    declarations: Declarations, indicator: Indicator, records: Relation, names: Sequence[str]
) -> tuple[Relation, SurveyDesign]:
    """The records of a period with their design; replicate weights that are to be made are made for them.

    The same records and the same seed give the same weights, in whatever order they lie.
    """
    declared = survey_design_of(declarations, indicator)
    if declared is None or declared.make is None:
        return records, _design(declarations, indicator)
    numbers, units = design_columns(declared)
    needed = dict.fromkeys([*cube_dimensions(declarations, indicator), *names, *numbers, *units])
    chosen = records.engine.query(renamed_statement({name: name for name in needed}, "r"), {"r": records})
    table, design = with_design(chosen.to_arrow(), declared)
    return records.engine.relation(table), design


def recurring_persons(
    declarations: Declarations, table: TableDeclaration, counted: Relation, period: str
) -> pa.Table | None:
    """Different persons in each cell, where some stand in several records of the period; else None.

    Columns: the dimensions, `contributors`, and of a proportion `meeting` and `others`.
    """
    indicator = declarations.indicators[table.indicator]
    records, _ = survey_records(declarations, indicator, counted)
    of_period = counted.engine.query(of_period_statement(period), {"records": records})
    if not persons_recur(of_period, "person_key"):
        return None
    if indicator.statistic == "poverty_rate":
        raise ProjectError(
            f"{table.id}: persons recur within {period}, and the poor among them cannot be told apart.",
            "Declare a `frequency:` in which the survey asks each person once.",
        )
    base = [f"({indicator.where})"] if indicator.where else []
    base += [f"({indicator.when}) is not null"] if indicator.when else []
    base += [f"{name} is not null" for name in (indicator.of, indicator.over) if name]
    known, design = rule_columns(declarations, indicator), _design(declarations, indicator)
    if isinstance(design, TaylorDesign) and design.second_phase is not None:
        base.append(f"{design.second_phase.drawn} = 1")
        known.add(design.second_phase.drawn)
    wanted = {"contributors": base}
    if indicator.when:
        wanted |= {"meeting": [*base, f"({indicator.when})"], "others": [*base, f"not ({indicator.when})"]}
    by = table_dimensions(table)
    found: pa.Table | None = None
    for name, conditions in wanted.items():
        rule = parse_rule(" and ".join(conditions or ["weight is not null"]), known)
        chosen = counted.engine.query(met_statement(rule), {"records": of_period})
        cells = cube(chosen, dimensions=by, weight="weight").to_arrow().select([*by, "contributors"])
        if found is None:
            found = cells
            continue
        place = pc.index_in(_keys(found, by), _keys(cells, by))
        found = found.append_column(name, pc.fill_null(cells["contributors"].take(place), 0))
    return found


def survey_estimates(
    declarations: Declarations,
    table: TableDeclaration,
    kept: SurveyCube,
    period: str,
    persons: pa.Table | None = None,
) -> pa.Table:
    """The estimates of a table from the cube of one period; `persons` counts those who recur, by cell."""
    indicator = declarations.indicators[table.indicator]
    by, gaps = table_dimensions(table), []
    if table.gap is not None:
        dimension, codes = table.gap.split(":")
        one, other = codes.split("-")
        gaps = [Gap(dimension, one, other)]
    found = survey_table(kept, survey_measure(indicator, table.within), by=by, totals=table.totals, gaps=gaps)
    contributors = _behind(found, by, gaps, persons)
    columns = {name: found[name] for name in by} | {
        "time_period": pa.array([period] * len(found), pa.string()),
        "value": found["value"],
        "contributors": contributors,
        "variance": found["variance"],
        "degrees_of_freedom": pc.if_else(pc.is_valid(found["variance"]), found["degrees_of_freedom"], None),
        "method": pa.array([f"{indicator.statistic}_of_{given_by(declarations, indicator)}"] * len(found)),
    }
    return Estimate.conform(pa.table(columns), by)


def survey_sql(
    declarations: Declarations, table: TableDeclaration, counted: Relation
) -> list[tuple[str, str]]:
    """The statements by which the cube of a table's indicator is made, and in words what follows them."""
    indicator = declarations.indicators[table.indicator]
    records, rules = survey_records(declarations, indicator, counted)
    of = [name for name in (indicator.of, indicator.over) if name is not None]
    records, design = _with_design(declarations, indicator, records, [*of, *_looked_at(rules)])
    prepared, sums = survey_cube_sql(
        records,
        design=design,
        dimensions=cube_dimensions(declarations, indicator),
        conditions=rules,
        measures=[] if indicator.statistic in DISTRIBUTED else of,
        distributed=of if indicator.statistic in DISTRIBUTED else [],
    )
    steps = [("Every record, with conditions", prepared), ("Sums by cell and sampling unit", sums)]
    made = _declared_making(declarations, indicator)
    return steps if made is None else [("Replicate weights, made for each period", made), *steps]


def _declared_making(declarations: Declarations, indicator: Indicator) -> str | None:
    """How replicate weights were made, as a remark: it is no SQL."""
    declared = survey_design_of(declarations, indicator)
    if declared is None or declared.make is None:
        return None
    said = ", ".join(f"{name} {value}" for name, value in declared.make.model_dump(exclude_none=True).items())
    stages = "; ".join(f"{each.unit} within {each.stratum or 'all'}" for each in declared.stages)
    return f"-- replicate_1, replicate_2, … of {stages}: {said} (sojourn.statistics.survey.with_replicates)"


def _behind(
    found: pa.Table, by: tuple[str, ...], gaps: Sequence[Gap], persons: pa.Table | None
) -> pa.Array | pa.ChunkedArray:
    """The persons whom a figure tells of.

    A proportion tells of those who meet the condition and of those who do not: the fewer count, unless it is
    nobody. A gap tells of the smaller side.
    """
    if persons is None:
        values = found.filter(pc.equal(found["figure"], "value"))
        others = pc.subtract(values["contributors"], values["meeting"])
        persons = values.select([*by, "contributors", "meeting"]).append_column("others", others)
    told = persons["contributors"]
    if "meeting" in persons.column_names:
        fewer = pc.min_element_wise(persons["meeting"], persons["others"])
        told = pc.if_else(pc.fill_null(pc.greater(fewer, 0), False), fewer, told)
    known = _keys(persons, by)
    own = told.take(pc.index_in(_keys(found, by), known))
    if not gaps:
        return own
    sides = []
    for code in (gaps[0].of, gaps[0].against):
        place = found.column_names.index(gaps[0].dimension)
        side = found.set_column(place, gaps[0].dimension, pa.array([code] * len(found), pa.string()))
        sides.append(told.take(pc.index_in(_keys(side, by), known)))
    return pc.if_else(pc.equal(found["figure"], "value"), own, pc.min_element_wise(*sides))


def _keys(table: pa.Table, by: tuple[str, ...]) -> pa.ChunkedArray:
    if not by:
        return pa.chunked_array([pa.array([""] * len(table))])
    return pc.binary_join_element_wise(*(table[name] for name in by), "\x1f")
