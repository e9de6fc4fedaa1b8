"""Monthly flows of a vintage by any dimensions: value, interval, what is decided and what is open."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.concepts import TOTAL
from sojourn.concepts import UNKNOWN as NOT_STATED
from sojourn.statistics.provisional.flows import FLOWS
from sojourn.statistics.provisional.histories import UNKNOWN, YES, Histories, last_day_of_month, month_text
from sojourn.statistics.provisional.vintages import Vintage

__all__ = ["first_figure", "monthly_totals"]

Numbers = npt.NDArray[np.int64]
Chances = npt.NDArray[np.float64]
# Sums by cell, month and direction.
Sums = dict[str, npt.NDArray[np.float64]]


def first_figure(known: Histories) -> int:
    """The first month with a figure: before it the state of residence of most travellers is not known."""
    start = (np.datetime64(known.first, "D") + known.window).astype("datetime64[M]").astype(int)
    return int(start) + 1


def monthly_totals(known: Histories, said: Vintage, *, by: Sequence[str] = ()) -> pa.Table:
    """One row for each month, flow and cell of the dimensions `by`, and for all cells together (`_T`).

    Columns: time_period, flow (immigration, emigration, net), the dimensions, value, standard_error, lower
    and upper (95 per cent), decided (found to be migrations), open (crossings not decided), undecidable
    (crossings whose window closed without certainty; no part of the value), obs_status (`P` while a window
    of the month is open, else `A`). Of a balance `open` and `undecidable` count both sides.

    An interval never leaves what is possible: decided crossings stay, and no more than the open ones come.
    """
    months = np.arange(first_figure(known), said.month + 1)
    cells, names = _cells(known, by, said.month)
    parts = [_sums(known, said, np.zeros(len(known), np.int64), 1, months)]
    if by:
        parts.append(_sums(known, said, cells, len(names), months))
    sums = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    labels = [(TOTAL,) * len(by), *(names if by else [])]
    tables = [_table(known, said, sums, labels, months, by, flow) for flow in range(len(FLOWS))]
    keys = [("time_period", "ascending"), *((name, "ascending") for name in by), ("flow", "ascending")]
    return pa.concat_tables(tables).sort_by(keys)


def _cells(known: Histories, by: Sequence[str], last_month: int) -> tuple[Numbers, list[tuple[str, ...]]]:
    """The cell of each crossing up to a month, and the codes of each cell; later ones make no cell."""
    if not by:
        return np.zeros(len(known), np.int64), []
    in_time = np.flatnonzero(known.months <= last_month)
    texts = [pc.fill_null(known.table[name].cast(pa.string()), NOT_STATED) for name in by]
    encoded = [text.take(pa.array(in_time)).combine_chunks().dictionary_encode() for text in texts]
    codes = np.stack([each.indices.to_numpy() for each in encoded], axis=1)
    different, places = np.unique(codes, axis=0, return_inverse=True)
    values = [each.dictionary.to_pylist() for each in encoded]
    names = [tuple(values[at][code] for at, code in enumerate(row)) for row in different.tolist()]
    cells = np.zeros(len(known), np.int64)
    cells[in_time] = places.ravel()
    return cells, names


def _sums(known: Histories, said: Vintage, cells: Numbers, count: int, months: Numbers) -> Sums:
    until = int(last_day_of_month(np.array([said.month]))[0])
    label, undecidable = known.label(until), known.undecidable(until)
    in_time = (known.months >= months[0]) & (known.months <= said.month)

    def added(rows: Numbers, amounts: Chances | None = None) -> Chances:
        rows_there = in_time[rows]
        rows, weights = rows[rows_there], None if amounts is None else amounts[rows_there]
        place = (cells[rows] * len(months) + known.months[rows] - months[0]) * 2 + known.sides[rows]
        sums = np.bincount(place, weights, minlength=count * len(months) * 2).astype(float)
        return sums.reshape(count, len(months), 2)

    return {
        "decided": added(np.flatnonzero(label == YES)),
        "open": added(np.flatnonzero(label == UNKNOWN)),
        "undecidable": added(np.flatnonzero(undecidable)),
        "expected": added(said.rows, said.chances),
        "variance": added(said.rows, said.chances * (1 - said.chances)),
    }


def _table(
    known: Histories,
    said: Vintage,
    sums: Sums,
    labels: Sequence[tuple[str, ...]],
    months: Numbers,
    by: Sequence[str],
    flow: int,
) -> pa.Table:
    """The rows of one flow: all months of all cells."""
    is_net = FLOWS[flow] == "net"
    of = {name: _one_flow(values, flow, is_net and name in ("decided", "expected")) for name, values in
          sums.items()}  # fmt: skip
    expected = sums["expected"]
    scale = np.hypot(expected[..., 0], expected[..., 1]).ravel() if is_net else of["expected"]
    ages = np.tile(said.month - months, len(labels))
    value = of["decided"] + of["expected"]
    error = said.spread.standard_error(of["variance"], scale, flow, ages)
    half = said.spread.half_width(error, flow, ages)
    leaving, coming = (sums["open"][..., side].ravel() for side in (0, 1))
    least = of["decided"] - (leaving if is_net else 0)
    most = of["decided"] + (coming if is_net else of["open"])
    closed = last_day_of_month(months) + known.window <= int(last_day_of_month(np.array([said.month]))[0])
    columns: dict[str, object] = {
        "time_period": np.tile([month_text(month) for month in months], len(labels)),
        "flow": [FLOWS[flow]] * len(value),
    }
    columns |= {name: np.repeat([label[at] for label in labels], len(months)) for at, name in enumerate(by)}
    columns |= {
        "value": value,
        "standard_error": error,
        "lower": np.clip(value - half, least, most),
        "upper": np.clip(value + half, least, most),
        "decided": of["decided"].astype(np.int64),
        "open": of["open"].astype(np.int64),
        "undecidable": of["undecidable"].astype(np.int64),
        "obs_status": np.tile(np.where(closed, "A", "P"), len(labels)),
    }
    return pa.table(columns)


def _one_flow(values: Chances, flow: int, is_difference: bool) -> Chances:
    """The sums of one flow: of its direction, or of both; a difference is arrivals less departures."""
    if is_difference:
        return (values[..., 1] - values[..., 0]).ravel()
    return (values[..., flow] if flow < 2 else values.sum(axis=-1)).ravel()
