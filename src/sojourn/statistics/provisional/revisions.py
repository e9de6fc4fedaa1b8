"""The revision triangle: what each vintage said of each month, what became of it, and how far it was off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.engine import Relation, sql_beside
from sojourn.statistics.provisional.flows import FLOWS, Flows
from sojourn.statistics.provisional.histories import month_text
from sojourn.statistics.provisional.intervals import Spread

__all__ = ["TRIANGLE", "revision_summary", "revision_triangle"]

Chances = npt.NDArray[np.float64]

TRIANGLE = pa.schema(
    [
        pa.field("vintage", pa.string()),
        pa.field("time_period", pa.string()),
        pa.field("months_after", pa.int32()),
        pa.field("flow", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("standard_error", pa.float64()),
        pa.field("lower", pa.float64()),
        pa.field("upper", pa.float64()),
        pa.field("latest", pa.float64()),
        pa.field("is_final", pa.bool_()),
    ]
)
_SUMMARY = sql_beside(__file__, "revision_summary.sql")


def revision_triangle(
    vintages: Sequence[tuple[Flows, Spread]], latest: Chances, first_month: int, final_until: int
) -> pa.Table:
    """One row for each vintage, month and flow, with the 95 per cent interval it was given.

    `latest` holds the newest figures of FLOWS by month from `first_month`; they are final up to the month
    `final_until`.
    """
    parts = []
    for said, spread in vintages:
        for flow, name in enumerate(FLOWS):
            error = spread.standard_error(said.variance[flow], said.scale[flow], flow, said.ages)
            half = spread.half_width(error, flow, said.ages)
            value, count = said.value[flow], len(said.months)
            columns = [
                pa.array([month_text(said.vintage)] * count),
                pa.array([month_text(month) for month in said.months]),
                pa.array(said.ages.astype(np.int32)),
                pa.array([name] * count),
                *map(pa.array, (value, error, value - half, value + half)),
                pa.array(latest[flow, said.months - first_month]),
                pa.array(said.months <= final_until),
            ]
            parts.append(pa.Table.from_arrays(columns, schema=TRIANGLE))
    return pa.concat_tables(parts) if parts else TRIANGLE.empty_table()


def revision_summary(triangle: Relation) -> Relation:
    """How far figures were off, by flow and months after; -1 stands for all months after together.

    Columns: flow, months_after, figures, mean_revision, mean_absolute_revision, root_mean_square_revision,
    wrong_sign (share of figures with another sign than the final one; of balances it says that a gain was
    taken for a loss), covered (share of intervals that hold the final figure). Only figures that
    were uncertain and whose months are final count.

    Source: domain reference, section 5.2.
    """
    return _SUMMARY(triangle=triangle)
