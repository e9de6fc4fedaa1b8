"""SQL of survey cubes: sums of weights and of weighted measures for each sampling unit and cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sojourn.engine.compose import WeightedSum, weighted_sum
from sojourn.engine.names import quoted, text_literal
from sojourn.engine.rules import Rule

__all__ = ["UNSTATED", "kept_as", "prepared_statement", "survey_cube_statement", "unstated_statement"]

UNSTATED = -1


def kept_as(name: str) -> str:
    """The name of a column that is added up or tells units apart: a dimension may bear the plain one."""
    return f"__{name}"


def unstated_statement(columns: Sequence[str]) -> str:
    """One row about `records`: in how many of them each column is not stated."""
    return f"SELECT {', '.join(f'count(*) - count({quoted(name)})' for name in columns)} FROM records"


def prepared_statement(
    dimensions: Sequence[str],
    conditions: Mapping[str, Rule],
    kept: Sequence[str],
    stated: Mapping[str, str],
    values: Mapping[str, str],
    *,
    unknown: str,
) -> str:
    """`records` with dimensions as codes, whether each condition holds, and the columns that are added up.

    A condition is 1 where it holds, 0 where it does not and -1 where that is not known; `stated` names the
    columns that say, of a measure with gaps, whether it is there, and `values` those that repeat it;
    `unknown` is the code of what a record does not state.
    """
    columns = [
        f"coalesce(CAST({quoted(name)} AS VARCHAR), {text_literal(unknown)}) AS {quoted(name)}"
        for name in dimensions
    ]
    for name, rule in conditions.items():
        held = f"CAST(CAST(({rule.sql}) AS BOOLEAN) AS TINYINT)"
        columns.append(f"coalesce({held}, CAST({UNSTATED} AS TINYINT)) AS {quoted(name)}")
    for name, measure in stated.items():
        columns.append(f"CAST({quoted(measure)} IS NOT NULL AS TINYINT) AS {quoted(name)}")
    columns += [f"CAST({quoted(measure)} AS DOUBLE) AS {quoted(name)}" for name, measure in values.items()]
    columns += [f"{quoted(name)} AS {quoted(kept_as(name))}" for name in kept]
    return f"SELECT {', '.join(columns)} FROM records"


def survey_cube_statement(
    keys: Sequence[str], sums: Sequence[WeightedSum], *, weight: str | None, each_record: bool
) -> str:
    """The cells of `prepared` by their keys: how many records count, and the sums of each.

    A record counts if its weight is not zero; without a weight every record does. With `each_record` a cell
    is one record.
    """
    names = [quoted(name) for name in keys]
    counted = "true" if weight is None else f"{quoted(weight)} <> 0"
    if each_record:
        columns = [*names, f"CAST({counted} AS BIGINT) AS contributors"]
        columns += [f"{_product(term)} AS {quoted(term.name)}" for term in sums]
        return f"SELECT {', '.join(columns)}\nFROM prepared"
    columns = [*names, f"count(*) FILTER ({counted}) AS contributors"]
    columns += [f"{_as_double(term)} AS {quoted(term.name)}" for term in sums]
    group = f"\nGROUP BY {', '.join(names)}" if names else ""
    return f"SELECT {', '.join(columns)}\nFROM prepared{group}"


def _as_double(term: WeightedSum) -> str:
    total = f"CAST({weighted_sum(term)} AS DOUBLE)"
    return total if term.scale is None else f"{total} / CAST('{2.0**term.scale!r}' AS DOUBLE)"


def _product(term: WeightedSum) -> str:
    factors = " * ".join(f"CAST({quoted(name)} AS DOUBLE)" for name in term.factors) or "1.0"
    return f"coalesce({factors}, 0)"
