"""SQL whose columns vary: cells, margins and figures over the dimensions that a table declares.

Everything else in a method's SQL is fixed and lies in a file. Here the parts that cannot be fixed are
put together from checked names, so that the text can be shown, published and run as it stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sojourn.engine.names import quoted, text_literal
from sojourn.engine.relation import Relation

__all__ = [
    "TOTAL",
    "Ratio",
    "WeightedSum",
    "chosen_statement",
    "column_types",
    "cube_statement",
    "estimates_statement",
    "limits_statement",
    "persons_statement",
    "total_code_statement",
    "weighted_sum",
    "widened_statement",
]

TOTAL = text_literal("_T")


@dataclass(frozen=True)
class WeightedSum:
    """One sum of the cube: what each record adds to it, and how the sum stays exact.

    A record adds the product of its factors (one, where there is none); with `only_where` it adds only
    where that column is stated. `scale` is the power of two by which a fractional term is multiplied to
    become a whole number; None where terms are whole numbers already. `is_wide` keeps sums beyond 64 bits;
    `is_small` says that terms are whole numbers whose sum cannot pass 2**53: doubles hold it exactly.
    """

    name: str
    factors: tuple[str, ...] = ()
    only_where: str | None = None
    scale: int | None = None
    is_wide: bool = False
    is_small: bool = False

    def of(self, *factors: str) -> WeightedSum:
        """The same sum over columns of other names."""
        return replace(self, factors=factors)


@dataclass(frozen=True)
class Ratio:
    """What a figure is made of: columns of the cube.

    Without a denominator the figure is the numerator. The denominator stands in the figure's own cell, or,
    where `keeps` is given, in the total over all dimensions but those.
    """

    numerator: str
    denominator: str | None = None
    keeps: tuple[str, ...] | None = None


def column_types(relation: Relation) -> dict[str, str]:
    """The columns of a relation and their SQL types, in order."""
    described = relation.engine.execute(f"DESCRIBE {quoted(relation.name)}").fetchall()
    return {row[0]: row[1] for row in described}


def limits_statement(columns: Sequence[str], fractional: Collection[str]) -> str:
    """One row about `records`: their number; for each column nulls, NaNs, largest absolute, smallest value.

    Only fractional columns can hold NaN; the others are often answered from a file's statistics alone.
    """
    parts = ["count(*) AS records"]
    for name in columns:
        value = quoted(name)
        parts.append(f"count(*) - count({value})")
        is_nan = f"sum(CAST(isnan(CAST({value} AS DOUBLE)) AS INTEGER))"
        parts.append(is_nan if name in fractional else "0")
        parts.append(f"greatest(abs(CAST(max({value}) AS DOUBLE)), abs(CAST(min({value}) AS DOUBLE)))")
        parts.append(f"CAST(min({value}) AS DOUBLE)")
    return f"SELECT {', '.join(parts)} FROM records"


def persons_statement(person: str) -> str:
    """One row about `records`: how many name no person, and whether several name the same one."""
    key = quoted(person)
    return f"SELECT count(*) - count({key}), count(DISTINCT {key}) < count({key}) FROM records"


def total_code_statement(dimensions: Sequence[str]) -> str:
    """One row about `records`: for each dimension, how many hold the code that is kept for totals."""
    parts = [f"count(*) FILTER (CAST({quoted(name)} AS VARCHAR) = {TOTAL})" for name in dimensions]
    return f"SELECT {', '.join(parts)} FROM records"


def widened_statement(present: Sequence[str], needed: Mapping[str, str]) -> str:
    """`records` with every needed column: those that are absent as nulls of the given type."""
    absent = [
        f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in needed.items() if name not in present
    ]
    return f"SELECT {', '.join(['*', *absent])} FROM records"


def chosen_statement(columns: Sequence[str]) -> str:
    """`records` with these columns only."""
    return f"SELECT {_listed([quoted(name) for name in columns])} FROM records"


def cube_statement(
    dimensions: Sequence[str],
    sums: Sequence[WeightedSum],
    *,
    contributes: Mapping[str, tuple[str, ...]],
    person: str | None,
) -> str:
    """The cells of `records` and all their margins, with contributors and weighted sums.

    `contributes` names each column of contributors and the columns that must be stated and not zero,
    weight first. `person` tells persons apart where they may recur; None counts records. The parameter
    $unknown is the code of what a record does not state.
    """
    codes = [quoted(name) for name in dimensions]
    coded = [f"coalesce(CAST({code} AS VARCHAR), $unknown) AS {code}" for code in codes]
    totals = [f"CASE WHEN grouping({code}) = 1 THEN {TOTAL} ELSE {code} END AS {code}" for code in codes]
    by_cell = f"FROM records{_group_by(len(codes))}"
    by_margin = f"{{}}{f' GROUP BY CUBE ({_listed(codes)})' if codes else ''}"
    rules = {quoted(name): _stated(columns) for name, columns in contributes.items()}
    counted = person is None
    cells = [*coded, *(f"count(*) FILTER ({rule}) AS {name}" for name, rule in rules.items() if counted)]
    margins = [*totals, *(f"CAST(sum({name}) AS BIGINT) AS {name}" for name in rules if counted)]
    cells += [f"{weighted_sum(term)} AS {quoted(term.name)}" for term in sums]
    margins += [f"{_margin_sum(term)} AS {quoted(term.name)}" for term in sums]
    steps = [
        ("cells", "one row for each combination of codes that occurs", _select(cells, by_cell)),
        (
            "margins",
            "the cells and every total over their dimensions",
            _select(margins, by_margin.format("FROM cells")),
        ),
    ]
    if person is None:
        return _story(steps, "SELECT * FROM margins")
    groups = len(codes) + 1
    steps += _distinct_persons(coded, totals, rules, quoted(person), groups, by_margin)
    join = f"JOIN contributors USING ({_listed(codes)})" if codes else "CROSS JOIN contributors"
    order = _listed([*codes, *rules, *(quoted(term.name) for term in sums)])
    return _story(steps, f"SELECT {order}\nFROM margins {join}")


def _distinct_persons(
    coded: Sequence[str],
    totals: Sequence[str],
    rules: Mapping[str, str],
    person: str,
    groups: int,
    by_margin: str,
) -> list[tuple[str, str, str]]:
    """Steps that count different persons in every cell and margin: they do not add up."""
    flags = [f"bool_or({rule}) AS {name}" for name, rule in rules.items()]
    persons = _select([*coded, f"{person} AS person", *flags], f"FROM records{_group_by(groups)}")
    distinct = [f"count(DISTINCT person) FILTER ({name}) AS {name}" for name in rules]
    counts = _select([*totals, *distinct], by_margin.format("FROM persons"))
    return [
        ("persons", "each person once in each cell", persons),
        ("contributors", "how many different persons stand behind each", counts),
    ]


def estimates_statement(
    cube_dimensions: Sequence[str],
    dimensions: Sequence[str],
    ratio: Ratio,
    *,
    contributors: str,
    margins: Sequence[Sequence[str]] | None,
    completed: Sequence[str] | None = None,
) -> str:
    """The figures of a table, from `cube`.

    Parameters: $time_period and $method. `margins` lists the sets of dimensions that may be totalled, None
    for all. With `completed`, cells of all combinations of the dimensions' codes appear, also of the codes in
    relations `codes_<dimension>`.
    """
    codes = [quoted(name) for name in dimensions]
    elsewhere = [f"{quoted(name)} = {TOTAL}" for name in cube_dimensions if name not in dimensions]
    chosen = [*elsewhere, *([_margin_rule(dimensions, margins)] if margins is not None else [])]
    cells = f"SELECT * FROM cube{f' WHERE {_all_of(chosen)}' if chosen else ''}"
    figures = _figures(cube_dimensions, dimensions, ratio, contributors)
    steps = [
        ("cells", "the cells of the table, at the total of every dimension that it leaves out", cells),
        ("figures", "each with its figure", figures),
    ]
    final = _select([*codes, *_estimate_columns("figure", "contributors")], "FROM figures")
    if completed is None:
        return _story(steps, final)
    steps.append(("estimates", "the cells that occur", final))
    return _story([*steps, *_grid(dimensions, completed, margins)], _completed(dimensions))


def _estimate_columns(value: str, contributors: str) -> list[str]:
    """The columns of an Estimate after its dimensions."""
    return [
        "CAST($time_period AS VARCHAR) AS time_period",
        f"{value} AS value",
        f"{contributors} AS contributors",
        "CAST(NULL AS DOUBLE) AS variance",
        "CAST(NULL AS BIGINT) AS degrees_of_freedom",
        "CAST($method AS VARCHAR) AS method",
    ]


def _figures(
    cube_dimensions: Sequence[str], dimensions: Sequence[str], ratio: Ratio, contributors: str
) -> str:
    figure = f"CAST(cells.{quoted(ratio.numerator)} AS DOUBLE)"
    join = ""
    if ratio.denominator is not None:
        side = "cells" if ratio.keeps is None else "base"
        figure += f" / nullif(CAST({side}.{quoted(ratio.denominator)} AS DOUBLE), 0)"
    if ratio.keeps is not None:
        same = [
            f"base.{quoted(name)} = " + (f"cells.{quoted(name)}" if name in ratio.keeps else TOTAL)
            for name in cube_dimensions
        ]
        join = f"\n  JOIN cube AS base ON {' AND '.join(same) or 'true'}"
    columns = [
        *(f"cells.{quoted(name)}" for name in dimensions),
        f"cells.{quoted(contributors)} AS contributors",
        f"{figure} AS figure",
    ]
    return _select(columns, f"FROM cells{join}")


def _grid(
    dimensions: Sequence[str], completed: Sequence[str], margins: Sequence[Sequence[str]] | None
) -> list[tuple[str, str, str]]:
    """Steps that name every combination of codes that a complete table shows."""
    steps = []
    for name in dimensions:
        declared = f" UNION SELECT {quoted(name)} FROM {quoted(f'codes_{name}')}" if name in completed else ""
        text = f"SELECT DISTINCT {quoted(name)} FROM estimates{declared}"
        steps.append((f"all_{name}", "codes of the dimension", text))
    source = " CROSS JOIN ".join(quoted(f"all_{name}") for name in dimensions) or "(SELECT 1)"
    rule = f" WHERE {_margin_rule(dimensions, margins)}" if margins is not None else ""
    columns = _listed([quoted(name) for name in dimensions]) or "1"
    return [*steps, ("grid", "every combination of codes", f"SELECT {columns} FROM {source}{rule}")]


def _completed(dimensions: Sequence[str]) -> str:
    value = "CASE WHEN estimates.method IS NULL THEN 0 ELSE estimates.value END"
    columns = [
        *(f"grid.{quoted(name)}" for name in dimensions),
        *_estimate_columns(value, "coalesce(estimates.contributors, 0)"),
    ]
    using = _listed([quoted(name) for name in dimensions])
    join = f"LEFT JOIN estimates USING ({using})" if dimensions else "CROSS JOIN estimates"
    return _select(columns, f"FROM grid {join}")


def _margin_rule(dimensions: Sequence[str], margins: Sequence[Sequence[str]]) -> str:
    """The condition under which a row is an inner cell or one of the listed margins."""
    if not dimensions:
        return "true"
    wanted = dict.fromkeys(frozenset(margin) for margin in [(), *margins])
    alternatives = [
        "("
        + " AND ".join(f"{quoted(name)} {'=' if name in margin else '<>'} {TOTAL}" for name in dimensions)
        + ")"
        for margin in wanted
    ]
    return f"({' OR '.join(alternatives)})"


def _stated(columns: Sequence[str]) -> str:
    """The condition that a record counts: its weight is not zero, and the measure is stated."""
    weight, *measures = columns
    rules = [f"{quoted(weight)} <> 0"] if weight else []
    rules += [f"{quoted(name)} IS NOT NULL" for name in measures]
    return " AND ".join(rules) or "true"


def weighted_sum(term: WeightedSum) -> str:
    """The sum over records as a whole number, whatever the order of the records."""
    factors = [quoted(name) for name in term.factors]
    if term.scale is not None:
        value = " * ".join(f"CAST({factor} AS DOUBLE)" for factor in factors)
        value = f"CAST(({value}) * CAST('{2.0**term.scale!r}' AS DOUBLE) AS HUGEINT)"
    elif term.is_wide:
        value = " * ".join(f"CAST({factor} AS HUGEINT)" for factor in factors)
    else:
        value = " * ".join(f"CAST({factor} AS BIGINT)" for factor in factors)
    if not factors:
        return "count(*)" if term.only_where is None else f"count({quoted(term.only_where)})"
    if term.only_where is not None:  # a case is several times faster here than a filter on each sum
        value = f"CASE WHEN {quoted(term.only_where)} IS NOT NULL THEN {value} END"
    return f"coalesce(sum({value}), 0)"


def _margin_sum(term: WeightedSum) -> str:
    total = f"coalesce(sum({quoted(term.name)}), 0)"
    if term.scale is not None:
        return f"CAST({total} AS DOUBLE) / CAST('{2.0**term.scale!r}' AS DOUBLE)"
    return f"CAST({total} AS {'DECIMAL(38, 0)' if term.is_wide else 'BIGINT'})"


def _group_by(columns: int) -> str:
    return f" GROUP BY {', '.join(str(position + 1) for position in range(columns))}" if columns else ""


def _all_of(conditions: Sequence[str]) -> str:
    return " AND ".join(conditions)


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts)


def _select(columns: Sequence[str], rest: str) -> str:
    return f"SELECT {', '.join(columns)}\n  {rest}"


def _story(steps: Sequence[tuple[str, str, str]], final: str) -> str:
    """A statement told in named steps, each with a note on what its rows are."""
    told = ",\n".join(f"{quoted(name)} AS (  -- {note}\n  {text}\n)" for name, note, text in steps)
    return f"WITH {told}\n{final}"
