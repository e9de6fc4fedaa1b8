"""What linkage adds to the error of each figure of a table, from its figures in several linked versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.link_quality import LinkageError
from sojourn.integration.linked_versions import combined

__all__ = ["linkage_errors"]

Floats = npt.NDArray[np.float64]
_SEPARATOR = "\x1f"


def linkage_errors(
    found: pa.Table,
    drawn: Sequence[pa.Table],
    *,
    dimensions: Sequence[str],
    statistic: Literal["count", "share", "mean"],
    net: bool = False,
    reviewed_pairs: int = 0,
) -> pa.Table:
    """The cells of a table as `LinkageError`, in the order of their codes; with `net` those of any version.

    `found` are its estimates from the links that were found, `drawn` those from each of at least two linked
    versions. A count or a share that a version lacks is zero there; where a mean is missing in a version, or
    any figure cannot be made, nothing is said of its error. With `net`, arrivals less departures follow, as
    direction `NET`.

    The standard error is by Rubin's rules the root of (1 + 1/m) times the variance between m versions. It is
    that of their mean, and the figure is another number: the likeliest links make it, and they leave out
    every pair that is one person with less than even odds. The error of the figure is therefore the root of
    the variance and the squared distance of both.

    Raises: ValueError for fewer than two versions.
    """
    columns = [*dimensions, "time_period"]
    cells = found.select(columns)
    if net:  # who went in a version alone counts there, although nobody was found to have gone
        every = pa.concat_tables([cells, *(one.select(columns) for one in drawn)])
        cells = every.group_by(columns, use_threads=False).aggregate([])
    missing = np.nan if statistic == "mean" else 0.0
    own = _values(found, cells, missing=missing)
    values = np.stack([_values(one, cells, missing=missing) for one in drawn])
    if net:
        cells, own, values = _with_net(cells, own, values)
    return _told(cells, own, values, reviewed_pairs)


def _told(cells: pa.Table, own: Floats, values: Floats, reviewed_pairs: int) -> pa.Table:
    """The cells with their errors."""
    error, mean = np.sqrt(combined(values, np.zeros_like(values)).added), values.mean(axis=0)
    said = {name: cells[name] for name in cells.column_names} | {
        "value": _nullable(own),
        "mean": _nullable(mean),
        "standard_error": _nullable(error),
        "error": _nullable(np.hypot(error, mean - own)),
        "versions": pa.repeat(pa.scalar(len(values), pa.int64()), len(cells)),
        "reviewed_pairs": pa.repeat(pa.scalar(reviewed_pairs, pa.int64()), len(cells)),
    }
    made = LinkageError.conform(pa.table(said), tuple(cells.column_names[:-1]))
    return made.sort_by([(name, "ascending") for name in cells.column_names])


def _with_net(cells: pa.Table, own: Floats, values: Floats) -> tuple[pa.Table, Floats, Floats]:
    """The cells with arrivals less departures after them; a direction without a row is nobody's."""
    net = pa.repeat(pa.scalar("NET"), len(cells))
    nets = cells.set_column(cells.schema.get_field_index("direction"), "direction", net)
    names = _names(nets)
    first = np.unique(names.to_numpy(zero_copy_only=False), return_index=True)[1]
    sides = cells["direction"].to_numpy(zero_copy_only=False)
    every = np.vstack((own, values))
    differences = np.zeros((len(every), len(first)))
    place = pc.index_in(names, names.take(pa.array(first))).to_numpy()
    for side, sign in (("A", 1.0), ("D", -1.0)):
        rows = np.flatnonzero(sides == side)
        differences[:, place[rows]] += sign * every[:, rows]
    both = pa.concat_tables([cells, nets.take(pa.array(first)).cast(cells.schema)])
    return both, np.append(own, differences[0]), np.hstack((values, differences[1:]))


def _values(figures: pa.Table, cells: pa.Table, *, missing: float) -> Floats:
    """The figure of each cell; not a number where it could not be made."""
    known = figures["value"].fill_null(np.nan).to_numpy().astype(np.float64)
    place = pc.index_in(_names(cells), _names(figures.select(cells.column_names))).fill_null(len(known))
    found: Floats = np.append(known, missing)[place.to_numpy()]
    return found


def _names(cells: pa.Table) -> pa.Array:
    """One text for each cell: its codes and its period."""
    joined = pc.binary_join_element_wise(*cells.columns, _SEPARATOR)
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))
