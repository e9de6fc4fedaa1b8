"""What given values look like: their distribution beside the donors', and their joint shares with others.

Neither says that a matching is right. The first shows what changed on the way from donors to recipients; the
second is to be read beside the bounds of `joint_bounds`, between which nothing is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import UNKNOWN
from sojourn.errors import DataRefused, shown
from sojourn.statistics.weighting.auxiliaries import require_columns
from sojourn.statistics.weighting.calibration import require_weights
from sojourn.statistics.weighting.crossings import codes_of

__all__ = ["classes_of_numbers", "distributions", "joint_shares"]

Floats = npt.NDArray[np.float64]
MEAN = "mean"


def classes_of_numbers(records: pa.Table, name: str, cuts: Sequence[float]) -> pa.Array:
    """Numbers as codes of classes, each from one cut to below the next; an empty one is unknown.

    Raises: DataRefused for a column without numbers, or with numbers that are not finite.
    """
    column = records[name]
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataRefused(f"The column {shown(name)} holds no numbers to cut.", "Leave out its cuts.")
    values = column.cast(pa.float64()).combine_chunks()
    known = values.drop_null().to_numpy(zero_copy_only=False)
    if not np.isfinite(known).all():
        raise DataRefused(f"The column {shown(name)} has numbers that are not finite.", "Correct them.")
    ends = [f"{cut:g}" for cut in cuts]
    codes = [f"below {ends[0]}"]
    codes += [f"{low} to below {high}" for low, high in pairwise(ends)]
    codes.append(f"{ends[-1]} and above")
    places = np.searchsorted(np.array(cuts), values.fill_null(0.0).to_numpy(), side="right")
    coded = pa.array(codes, pa.string()).take(pa.array(places))
    return pc.if_else(values.is_valid(), coded, UNKNOWN)


def joint_shares(
    records: pa.Table, first: str, second: str, *, weight: str | None = None
) -> dict[tuple[str, str], float]:
    """The share of the records' weight that each pair of codes of two columns has.

    Raises: ProjectError for columns; DataRefused for weights, and where there are no records.
    """
    require_columns(records, [first, second])
    columns = codes_of(records, [first, second])
    table = pa.table({"first": columns[first], "second": columns[second], "w": _weights(records, weight)})
    found = table.group_by(["first", "second"], use_threads=False).aggregate([("w", "sum")])
    whole = pc.sum(found["w_sum"]).as_py()
    return {(row["first"], row["second"]): row["w_sum"] / whole for row in found.to_pylist()}


def distributions(
    recipients: pa.Table,
    donors: pa.Table,
    *,
    codes: Sequence[str] = (),
    numbers: Sequence[str] = (),
    recipient_weight: str | None = None,
    donor_weight: str | None = None,
) -> pa.Table:
    """Of each given column the shares of its codes, or its mean, among donors and among recipients.

    Columns: column, category (a code, or `mean`), donors, recipients. Donors who do not state a value are
    left out of it.

    Raises: ProjectError for columns; DataRefused for weights and where a file is empty.
    """
    rows: list[dict[str, Any]] = []
    for name in (*codes, *numbers):
        pair = []
        for records, weight in ((donors, donor_weight), (recipients, recipient_weight)):
            require_columns(records, [name])
            table = pa.table({"value": records[name], "w": _weights(records, weight)})
            pair.append(table.filter(table["value"].is_valid()))
        rows += _means(name, pair) if name in numbers else _shares(name, pair)
    return pa.Table.from_pylist(rows, _DISTRIBUTIONS)


_DISTRIBUTIONS = pa.schema(
    [
        ("column", pa.string()),
        ("category", pa.string()),
        ("donors", pa.float64()),
        ("recipients", pa.float64()),
    ]
)


def _weights(records: pa.Table, weight: str | None) -> Floats:
    if weight is not None:
        return require_weights(records, weight)
    if not len(records):
        raise DataRefused("A file has no records.", "Look for a filter that lets nobody through.")
    return np.ones(len(records))


def _means(name: str, pair: Sequence[pa.Table]) -> list[dict[str, Any]]:
    found = [_mean(table) for table in pair]
    return [{"column": name, "category": MEAN, "donors": found[0], "recipients": found[1]}]


def _mean(table: pa.Table) -> float | None:
    weights = table["w"].to_numpy()
    whole = float(weights.sum())
    return float(table["value"].cast(pa.float64()).to_numpy() @ weights) / whole if whole else None


def _shares(name: str, pair: Sequence[pa.Table]) -> list[dict[str, Any]]:
    found = []
    for table in pair:
        whole = pc.sum(table["w"]).as_py() or 1.0
        coded = pa.table({"value": table["value"].cast(pa.string()), "w": table["w"]})
        sums = coded.group_by("value", use_threads=False).aggregate([("w", "sum")]).to_pylist()
        found.append({row["value"]: row["w_sum"] / whole for row in sums})
    codes = sorted({*found[0], *found[1]})
    return [
        {
            "column": name,
            "category": code,
            "donors": found[0].get(code, 0.0),
            "recipients": found[1].get(code, 0.0),
        }
        for code in codes
    ]
