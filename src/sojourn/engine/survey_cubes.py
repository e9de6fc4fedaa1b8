"""SQL of survey cubes: sums of weights and of weighted measures for each sampling unit and cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sojourn.engine.compose import TOTAL, WeightedSum, weighted_sum
from sojourn.engine.names import quoted, text_literal
from sojourn.engine.rules import Rule

__all__ = [
    "UNSTATED",
    "drawn_again_statement",
    "faults_statement",
    "kept_as",
    "prepared_statement",
    "second_phase_faults_statement",
    "survey_cube_statement",
    "weighted_again_statement",
]

UNSTATED = -1
# Types of which two values are equal only if they are written alike, as 0.0 and -0.0 are not, and none is
# written as the code of what is not stated.
_GROUPED_AS_IT_IS = frozenset(
    [
        "VARCHAR",
        "BOOLEAN",
        "DATE",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
    ]
)


def kept_as(name: str) -> str:
    """The name of a column that is added up or tells units apart: a dimension may bear the plain one."""
    return f"__{name}"


def faults_statement(
    dimensions: Sequence[str], design_columns: Sequence[str], fractional: Sequence[str]
) -> str:
    """One row about `records`: how many hold the code of totals, lack what the design names, or hold NaN."""
    parts = [f"count(*) FILTER (CAST({quoted(name)} AS VARCHAR) = {TOTAL})" for name in dimensions]
    parts += [f"count(*) - count({quoted(name)})" for name in design_columns]
    parts += [f"count(*) FILTER (isnan({quoted(name)}))" for name in fractional]
    return f"SELECT {', '.join(parts)} FROM records"


def second_phase_faults_statement(drawn: str, weight: str) -> str:
    """One row about `records`: how many say neither 0 nor 1 of `drawn`, and how many weigh though it is 0."""
    said = f"TRY_CAST({quoted(drawn)} AS DOUBLE)"
    unclear = f"count(*) FILTER ({said} IS NULL OR {said} NOT IN (0, 1))"
    return f"SELECT {unclear}, count(*) FILTER ({said} = 0 AND {quoted(weight)} <> 0) FROM records"


def drawn_again_statement(drawn: str) -> str:
    """Those of `records` that the second phase drew."""
    return f"SELECT * FROM records WHERE {_is_drawn(drawn)}"


def weighted_again_statement(
    drawn: str, amounts: Sequence[str], *, weight: str | None, strata: Sequence[str], unit: Sequence[str]
) -> str:
    """`records` of both phases with the weights that count: those of records not drawn again are zero.

    So are the numbers `amounts`. A `weight` that is of the first phase alone is multiplied by the units that
    its stratum of the second phase has for each one that was drawn; units are told apart by the columns
    `unit`, or are the records without any.
    """
    is_drawn = _is_drawn(drawn)
    changed = [f"CASE WHEN {is_drawn} THEN {quoted(name)} ELSE 0 END AS {quoted(name)}" for name in amounts]
    if weight is None:
        return f"SELECT * REPLACE ({', '.join(changed)}) FROM records"
    own = f"{quoted(weight)} * __second_phase.units_for_one"
    changed.append(f"CASE WHEN {is_drawn} THEN {own} ELSE 0 END AS {quoted(weight)}")
    units = f"count(DISTINCT ({', '.join(map(quoted, unit))},))" if unit else "count(*)"
    keys = [quoted(name) for name in strata]
    joined = f"JOIN __second_phase USING ({', '.join(keys)})" if keys else "CROSS JOIN __second_phase"
    return (
        "WITH __second_phase AS (  -- one row for each stratum of the second phase: units for one drawn\n"
        f"  SELECT {', '.join([*keys, f'{units} / ({units} FILTER ({is_drawn})) AS units_for_one'])}\n"
        f"  FROM records{' GROUP BY ' + ', '.join(keys) if keys else ''}\n)\n"
        f"SELECT records.* REPLACE ({', '.join(changed)})\nFROM records {joined}"
    )


def _is_drawn(drawn: str) -> str:
    return f"CAST({quoted(drawn)} AS DOUBLE) = 1"


def prepared_statement(
    dimensions: Mapping[str, str],
    conditions: Mapping[str, Rule],
    kept: Sequence[str],
    stated: Mapping[str, str],
    values: Mapping[str, str],
    *,
    unknown: str,
    weighted: str | None = None,
) -> str:
    """`records` with dimensions, whether each condition holds, and the columns that are added up.

    A condition is 1 where it holds, 0 where it does not and -1 where that is not known; `stated` names the
    columns that say, of a measure with gaps, whether it is there, and `values` those that repeat it;
    `unknown` is the code of what a record does not state. `dimensions` are given with their types: numbers
    are grouped as they are, and become codes later. `weighted` is the statement of the records with the
    weights that count, where these are not the delivered ones.
    """
    columns = [
        quoted(name) if kind in _GROUPED_AS_IT_IS else f"{_code(name, unknown)} AS {quoted(name)}"
        for name, kind in dimensions.items()
    ]
    for name, rule in conditions.items():
        held = f"CAST(CAST(({rule.sql}) AS BOOLEAN) AS TINYINT)"
        columns.append(f"coalesce({held}, CAST({UNSTATED} AS TINYINT)) AS {quoted(name)}")
    for name, measure in stated.items():
        columns.append(f"CAST({quoted(measure)} IS NOT NULL AS TINYINT) AS {quoted(name)}")
    columns += [f"CAST({quoted(measure)} AS DOUBLE) AS {quoted(name)}" for name, measure in values.items()]
    columns += [f"{quoted(name)} AS {quoted(kept_as(name))}" for name in kept]
    if weighted is None:
        return f"SELECT {', '.join(columns)} FROM records"
    given = f"WITH weighted AS (  -- one row for each record, with the weight that counts\n{weighted}\n)"
    return f"{given}\nSELECT {', '.join(columns)} FROM weighted"


def survey_cube_statement(
    dimensions: Sequence[str],
    others: Sequence[str],
    sums: Sequence[WeightedSum],
    *,
    unknown: str,
    weight: str | None,
    each_record: bool,
) -> str:
    """The cells of `prepared` by dimensions and other keys: how many records count, and the sums of each.

    A record counts if its weight is not zero; without a weight every record does. With `each_record` a cell
    is one record. Dimensions are turned into codes when records are cells already, of which there are fewer;
    `unknown` is the code of what is not stated. Were it a bound parameter, the engine would copy all rows.
    """
    keys = [quoted(name) for name in (*dimensions, *others)]
    counted = "true" if weight is None else f"{quoted(weight)} <> 0"
    if each_record:
        columns = [*keys, f"CAST({counted} AS BIGINT) AS contributors"]
        columns += [f"coalesce({_product(term)}, 0) AS {quoted(term.name)}" for term in sums]
        group = ""
    else:
        columns = [*keys, f"count(*) FILTER ({counted}) AS contributors"]
        columns += [f"{_as_double(term)} AS {quoted(term.name)}" for term in sums]
        group = f" GROUP BY {', '.join(keys)}" if keys else ""
    cells = f"SELECT {', '.join(columns)} FROM prepared{group}"
    if not dimensions:
        return cells
    coded = [f"{_code(name, unknown)} AS {quoted(name)}" for name in dimensions]
    named = f"WITH cells AS (  -- one row for each combination of keys\n  {cells}\n)"
    return f"{named}\nSELECT * REPLACE ({', '.join(coded)})\nFROM cells"


def _code(name: str, unknown: str) -> str:
    return f"coalesce(CAST({quoted(name)} AS VARCHAR), {text_literal(unknown)})"


def _as_double(term: WeightedSum) -> str:
    if term.is_small:  # doubles add up exactly then, and in two thirds of the time
        return f"coalesce(sum({_product(term)}), 0)"
    total = f"CAST({weighted_sum(term)} AS DOUBLE)"
    return total if term.scale is None else f"{total} / CAST('{2.0**term.scale!r}' AS DOUBLE)"


def _product(term: WeightedSum) -> str:
    return " * ".join(f"CAST({quoted(name)} AS DOUBLE)" for name in term.factors) or "CAST(1 AS DOUBLE)"
