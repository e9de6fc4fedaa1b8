"""Figures that other bodies have published: shown as they are, each with the status its publisher gave it.

One record is one cell. Nothing is added up, because a publisher's table often holds its own totals beside
the parts, and groups of areas that overlap; two records in one cell are therefore a mistake in the
declaration and not a sum. A dimension by which the publisher does not tell the figure apart is `_Z`, not
applicable. Nobody knows here how many persons stand behind such a figure: the number of contributors, which
the contract asks for, is 0 and is read by nobody.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.aggregates import Estimate
from sojourn.errors import DisclosureRisk, ProjectError
from sojourn.project.declarations import SourceDeclaration
from sojourn.project.table_declarations import Indicator, TableDeclaration

__all__ = ["decimals_of", "estimate_columns", "published_estimates"]

_STATUS, _NORMAL, _NOT_APPLICABLE = "status", "A", "_Z"
_MOST_DECIMALS = 9
_OFTEN_ENOUGH = 0.9


def estimate_columns(table: TableDeclaration, indicator: Indicator) -> tuple[str, ...]:
    """The columns of a table's estimates beside the contract's: dimensions, and a publisher's status."""
    if table.gap is not None:
        return (*table.by, table.gap.split(":")[0])
    if indicator.statistic != "value" or _STATUS in table.by:
        return table.by
    return (*table.by, _STATUS)


def published_estimates(
    records: pa.Table, table: TableDeclaration, indicator: Indicator, source: SourceDeclaration
) -> pa.Table:
    """The records that the indicator chose, with their `period_of_record`, as estimates of the table.

    Raises: DisclosureRisk when the source gives records of persons; ProjectError when totals are asked for,
    or when several figures fall into one cell.
    """
    if source.gives != "published_figure":
        raise DisclosureRisk(
            f"{table.id} would show single records of {source.id}, which are not published figures.",
            "Count them, or take shares or means; `value` is for sources that give published_figure.",
        )
    if table.totals != "none":
        raise ProjectError(
            f"{table.id} shows published figures, which are not added up to totals.",
            "Write `totals: none`; totals that the publisher gives are records like any other.",
        )
    if _STATUS not in records.column_names:  # the publisher gives none
        records = records.append_column(_STATUS, pa.nulls(records.num_rows, pa.string()))
    dated = records.filter(pc.is_valid(records["period_of_record"]))
    columns = {name: pc.fill_null(dated[name], _NOT_APPLICABLE) for name in table.by}
    if _STATUS not in table.by:
        columns[_STATUS] = pc.fill_null(dated[_STATUS], _NORMAL)
    rows = dated.num_rows
    figures = pa.table(
        {
            **columns,
            "time_period": dated["period_of_record"],
            "value": dated[indicator.of],
            "contributors": pa.repeat(pa.scalar(0, pa.int64()), rows),
            "variance": pa.nulls(rows, pa.float64()),
            "degrees_of_freedom": pa.nulls(rows, pa.int64()),
            "method": pa.repeat(pa.scalar("value_of_published_figure"), rows),
        }
    )
    _refuse_shared_cells(figures, table)
    return Estimate.conform(figures, estimate_columns(table, indicator))


def decimals_of(figures: pa.ChunkedArray) -> int:
    """With how many decimals the publisher writes figures: with so many, nine in ten are shown exactly.

    A few figures of persons that an adjustment left with fractions do not give all others a row of noughts;
    the files hold every figure as it was published.
    """
    known = figures.drop_null()
    for decimals in range(_MOST_DECIMALS):
        exact = pc.sum(pc.equal(pc.round(known, decimals), known)).as_py() or 0
        if exact >= _OFTEN_ENOUGH * len(known):
            return decimals
    return _MOST_DECIMALS


def _refuse_shared_cells(figures: pa.Table, table: TableDeclaration) -> None:
    cell = [*table.by, "time_period"]
    counted = figures.group_by(cell).aggregate([([], "count_all")])
    shared = counted.filter(pc.greater(counted["count_all"], 1)).sort_by(
        [(name, "ascending") for name in cell]
    )
    if shared.num_rows:
        first = ", ".join(f"{name}={shared[name][0]}" for name in cell)
        raise ProjectError(
            f"{shared.num_rows} cells of {table.id} hold several published figures; the first is {first}.",
            "Add the dimension that tells them apart to `by` (revision, series, measure …), or choose among"
            " them with the indicator's `where`.",
        )
