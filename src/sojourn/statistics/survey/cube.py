"""The survey cube: what later tables need of a survey, added up once.

One row is a cell, a combination of dimensions and conditions, in one sampling unit of the last stage that
adds to the variance; a survey with replicate weights needs no units, and its rows hold a sum for each
replicate instead. Totals, means, shares, ratios and gaps of any fewer dimensions follow from these rows with
their variances, without looking at a record again. No record is left out, so the rows also tell every unit
that was drawn: a table of a small group never changes the design.

A condition is a column as well: 1 where it holds, 0 where not, -1 where that is not known. A universe such as
the labour force and a numerator such as being unemployed are conditions. Where a measure is not stated by
everyone, `stated__<measure>` says by whom it is.

Sums are exact, and rows have one order: the same records give the same bits whatever their order and however
many threads work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import UNKNOWN
from sojourn.engine import Relation
from sojourn.engine.compose import WeightedSum, column_types
from sojourn.engine.rules import Rule
from sojourn.engine.survey_cubes import kept_as, prepared_statement, survey_cube_statement
from sojourn.errors import ProjectError
from sojourn.statistics.design import ReplicateDesign
from sojourn.statistics.exact_sums import Limits, limits_of
from sojourn.statistics.survey.known_totals import KnownTotals, known_totals
from sojourn.statistics.survey.positions import in_order, positions, sortable
from sojourn.statistics.survey.records import (
    of_both_phases,
    refuse_absent,
    refuse_faulty,
    refuse_negative,
    refuse_repeated,
)
from sojourn.statistics.survey.taylor_design import CensusDesign, TaylorDesign
from sojourn.statistics.survey.units import Units, units_of

__all__ = ["SurveyCube", "SurveyDesign", "stated", "survey_cube", "survey_cube_sql"]

SurveyDesign: TypeAlias = TaylorDesign | ReplicateDesign | CensusDesign
Floats: TypeAlias = npt.NDArray[np.float64]
WEIGHT, SQUARED_WEIGHT, BASE_WEIGHT = "weight", "weight__squared", "base_weight"
# The engine fails on results of some ten thousand columns, and is slow long before.
_WIDEST = 1_000


def stated(measure: str) -> str:
    """The condition that a measure is stated."""
    return f"stated__{measure}"


@dataclass(frozen=True)
class SurveyCube:
    """Sums by cell and sampling unit, or by cell and replicate; `table` can be stored and read again."""

    table: pa.Table
    dimensions: tuple[str, ...]
    conditions: tuple[str, ...]
    measures: tuple[str, ...]
    distributed: tuple[str, ...]
    design: SurveyDesign

    @classmethod
    def of_table(cls, table: pa.Table, dimensions: Sequence[str], design: SurveyDesign) -> SurveyCube:
        """A cube from its table, as one was kept; what else it holds is read off the columns."""
        first = _sum_name("")
        measures = [
            name.removeprefix(first).removesuffix("__0")
            for name in table.column_names
            if name.startswith(first) and name.endswith("__0")
        ]
        distributed = [name for name in measures if _value_name(name) in table.column_names]
        conditions = [name for name in table.column_names if table[name].type == pa.int8()]
        return cls(table, tuple(dimensions), tuple(conditions), tuple(measures), tuple(distributed), design)

    @cached_property
    def units(self) -> Units | None:
        """The sampling units of every stage; None for replicate weights and a census."""
        if not isinstance(self.design, TaylorDesign):
            return None
        columns = {name: self.table[kept_as(name)] for name in self.design.columns}
        return units_of(columns, self.table.num_rows, self.design)

    @cached_property
    def is_asked(self) -> npt.NDArray[np.bool_]:
        """By row: whether it is one that figures may be about; those that only a first phase drew are not."""
        units = self.units
        if units is None or units.is_drawn is None:
            return np.ones(self.table.num_rows, np.bool_)
        return units.is_drawn

    @cached_property
    def known_totals(self) -> KnownTotals | None:
        """What the weights were calibrated to, by row; None where they were not."""
        design = self.design
        if not isinstance(design, TaylorDesign) or design.calibrated is None:
            return None
        columns = {name: self.table[kept_as(name)] for name in design.calibrated.columns}
        weight = self.sums(None)[:, 0]
        return known_totals(columns, weight, np.asarray(self.table[BASE_WEIGHT]), design.calibrated)

    @cached_property
    def contributors(self) -> npt.NDArray[np.int64]:
        """Records with a weight other than zero, by row."""
        return np.asarray(self.table["contributors"])

    def codes(self, dimension: str) -> tuple[npt.NDArray[np.int64], list[str]]:
        """The rows' codes of a dimension as positions in the sorted list of codes, and that list."""
        if dimension not in self.dimensions:
            raise ProjectError(
                f"The cube has no dimension {dimension}.", f"It has {', '.join(self.dimensions) or 'none'}."
            )
        if dimension not in self._codes:
            position, labels = positions(self.table[dimension])
            self._codes[dimension] = position, labels.to_pylist()
        return self._codes[dimension]

    @cached_property
    def _codes(self) -> dict[str, tuple[npt.NDArray[np.int64], list[str]]]:
        return {}

    def holds(self, condition: str) -> npt.NDArray[np.int8]:
        """By row: 1 where the condition holds, 0 where it does not, -1 where that is not known."""
        if condition not in self.conditions:
            raise ProjectError(
                f"The cube has no condition {condition!r}.",
                f"It has {', '.join(self.conditions) or 'none'}: name it where the cube is made.",
            )
        return np.asarray(self.table[condition])

    def is_stated(self, measure: str) -> npt.NDArray[np.bool_]:
        """By row: whether the measure is stated."""
        if measure not in self.measures:
            raise ProjectError(
                f"The cube has no measure {measure}.",
                f"It has {', '.join(self.measures) or 'none'}: name it where the cube is made.",
            )
        if stated(measure) not in self.table.column_names:
            return np.ones(self.table.num_rows, np.bool_)
        is_there: npt.NDArray[np.bool_] = np.asarray(self.table[stated(measure)]) == 1
        return is_there

    def values(self, measure: str) -> Floats:
        """By row: the value of a measure that was kept by value; NaN where it is not stated."""
        if measure not in self.distributed:
            raise ProjectError(
                f"The cube does not keep the values of {measure}.",
                "Name it among `distributed` where the cube is made.",
            )
        return np.asarray(self.table[_value_name(measure)], dtype=np.float64)

    def sums(self, measure: str | None) -> Floats:
        """Rows × weights: sums of weight, or of weight times measure; the main weight is the first column.

        They are laid side by side once, when first asked for: most of what a table costs is adding them up.
        """
        name = WEIGHT if measure is None else _sum_name(measure)
        if name not in self._side_by_side:
            columns = [self._column(f"{name}__{place}") for place in range(_replicates(self.design) + 1)]
            self._side_by_side[name] = np.column_stack(columns)
        return self._side_by_side[name]

    def squares(self, measure: str | None) -> Floats:
        """Sums of the squared weight, or of weight times squared measure, by row."""
        return self._column(SQUARED_WEIGHT if measure is None else f"{_sum_name(measure)}__squared")

    @cached_property
    def _side_by_side(self) -> dict[str, Floats]:
        return {}

    def _column(self, name: str) -> Floats:
        column = self.table[name]
        # One chunk is not copied.
        found: Floats = (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()).to_numpy()
        return found


def survey_cube(
    records: Relation,
    *,
    design: SurveyDesign,
    dimensions: Sequence[str] = (),
    conditions: Mapping[str, Rule] | None = None,
    measures: Sequence[str] = (),
    distributed: Sequence[str] = (),
) -> SurveyCube:
    """The cube of the records of one survey: all of them, those outside a table's universe included.

    `conditions` are rules over the records by name. Measures in `distributed` are kept value by value, for
    quantiles and measures of inequality. Weights of value zero are kept: their units were drawn.

    Raises: ProjectError for columns that are absent or a main weight that is negative; ContractBroken for
    weights, strata, units or sizes that are missing or not finite, and for records that hold the code of
    totals.
    Source: methods reference, sections 3.1 and 3.2.
    """
    plan = _plan(records, design, dimensions, conditions or {}, measures, distributed)
    prepared = records.engine.query(plan.prepared, {"records": records})
    parts = [
        _in_order(
            records.engine.query(statement, {"prepared": prepared}).to_arrow(),
            plan.of_design,
            plan.keys,
            is_unique=plan.is_unique,
        )
        for statement in plan.sums
    ]
    records.engine.forget(prepared)
    return SurveyCube(
        _side_by_side(parts),
        tuple(dimensions),
        plan.conditions,
        plan.measures,
        tuple(distributed),
        design,
    )


def survey_cube_sql(
    records: Relation,
    *,
    design: SurveyDesign,
    dimensions: Sequence[str] = (),
    conditions: Mapping[str, Rule] | None = None,
    measures: Sequence[str] = (),
    distributed: Sequence[str] = (),
) -> tuple[str, str]:
    """The statements that `survey_cube` runs, as they are published: one prepares, one adds up.

    Of many replicate weights the second is that of the first ones.
    """
    plan = _plan(records, design, dimensions, conditions or {}, measures, distributed)
    return plan.prepared, plan.sums[0]


@dataclass(frozen=True)
class _Plan:
    """The statements of a cube and its keys; `is_unique` says that no two rows agree in all of them."""

    prepared: str
    sums: list[str]
    keys: list[str]
    of_design: list[str]
    is_unique: bool
    conditions: tuple[str, ...]
    measures: tuple[str, ...]


def _plan(
    records: Relation,
    design: SurveyDesign,
    dimensions: Sequence[str],
    conditions: Mapping[str, Rule],
    measures: Sequence[str],
    distributed: Sequence[str],
) -> _Plan:
    measures = list(dict.fromkeys([*measures, *distributed]))
    weights = _weights(design)
    design_columns = design.all_columns if isinstance(design, TaylorDesign) else ()
    types = column_types(records)
    calibrated = design.calibrated if isinstance(design, TaylorDesign) else None
    before = [calibrated.base_weight] if calibrated is not None else []
    refuse_absent(types, [*dimensions, *measures, *weights, *design_columns, *before])
    refuse_repeated([*dimensions, *conditions, *measures])
    fractional = _fractional(types, dimensions, conditions)
    weighted, counted = of_both_phases(records, design)
    refuse_faulty(records, dimensions, () if weighted else design_columns, fractional)
    limits = limits_of(counted, column_types(counted) if weighted else types, [*weights, *before], measures)
    refuse_negative(limits, weights)
    gaps = {stated(name): name for name in measures if name in limits.incomplete}
    values = {_value_name(name): name for name in distributed}
    kept = list(dict.fromkeys([*design_columns, *weights, *before, *measures]))
    keys = [*dimensions, *conditions, *gaps, *values]
    of_design = [kept_as(name) for name in design_columns]
    is_each = isinstance(design, TaylorDesign) and design.is_by_record
    wanted = _sums(limits, weights, measures)
    wanted += [limits.term(BASE_WEIGHT, name).of(kept_as(name)) for name in before]
    sums = [
        survey_cube_statement(
            dimensions,
            [*conditions, *gaps, *values, *of_design],
            wanted[start : start + _WIDEST],
            unknown=UNKNOWN,
            weight=kept_as(weights[0]) if weights else None,
            each_record=is_each,
        )
        for start in range(0, len(wanted), _WIDEST)
    ]
    of_dimensions = {name: types[name] for name in dimensions}
    prepared = prepared_statement(
        of_dimensions, conditions, kept, gaps, values, unknown=UNKNOWN, weighted=weighted
    )
    return _Plan(prepared, sums, keys, of_design, not is_each, (*conditions, *gaps), tuple(measures))


def _fractional(
    types: Mapping[str, str], dimensions: Sequence[str], conditions: Mapping[str, Rule]
) -> list[str]:
    """Columns that are looked at, and may hold NaN."""
    looked_at = sorted({*dimensions, *(name for rule in conditions.values() for name in rule.columns)})
    return [name for name in looked_at if types.get(name) in ("DOUBLE", "FLOAT")]


def _sum_name(measure: str) -> str:
    return f"sum__{measure}"


def _value_name(measure: str) -> str:
    return f"value__{measure}"


def _replicates(design: SurveyDesign) -> int:
    return len(design.weights) if isinstance(design, ReplicateDesign) else 0


def _weights(design: SurveyDesign) -> list[str]:
    """The columns of weights, main weight first; a census may have none."""
    if isinstance(design, CensusDesign):
        return [design.weight] if design.weight else []
    if design.weight is None:
        raise ProjectError("The replicate design does not name its main weight.", "Name it as `weight`.")
    return [design.weight, *(design.weights if isinstance(design, ReplicateDesign) else ())]


def _sums(limits: Limits, weights: Sequence[str], measures: Sequence[str]) -> list[WeightedSum]:
    main = weights[0] if weights else None
    every: Sequence[str | None] = weights or [None]
    sums = [limits.term(SQUARED_WEIGHT, main, main)]
    sums += [limits.term(f"{WEIGHT}__{at}", weight) for at, weight in enumerate(every)]
    for measure in measures:
        name = _sum_name(measure)
        sums.append(limits.term(f"{name}__squared", main, measure, measure))
        sums += [limits.term(f"{name}__{at}", weight, measure) for at, weight in enumerate(every)]
    return [term.of(*(kept_as(factor) for factor in term.factors)) for term in sums]


def _side_by_side(parts: Sequence[pa.Table]) -> pa.Table:
    """Tables of the same rows in the same order as one: the columns that the first lacks are added."""
    found = parts[0]
    for part in parts[1:]:
        for name in part.column_names:
            if name not in found.column_names:
                found = found.append_column(name, part[name])
    return found


def _in_order(table: pa.Table, design: Sequence[str], keys: Sequence[str], *, is_unique: bool) -> pa.Table:
    """The rows in the order of the design's columns and of the keys; equal ones in that of their sums."""
    row = np.arange(table.num_rows)
    if not is_unique:
        sums = [name for name in table.column_names if name not in (*design, *keys)][:3]
        row = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in sums]).to_numpy()
    # Sorted by the last key first, each time keeping the order that the others left.
    for name in (*keys, *design[::-1]):
        key, count = sortable(table[name])
        row = row[in_order(key[row], count)]
    return table.take(pa.array(row)).combine_chunks()
