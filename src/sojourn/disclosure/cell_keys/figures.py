"""Figures of a table after perturbation: counts, shares and means, all from changed counts.

What one unit can change is hidden in a count of units. So the number of units behind a figure is changed, and
the figure is scaled with it: a weighted count, or one of events of which a person has several, is the changed
number times the mean weight, rounded to whole numbers since further digits would give the number away. A
share divides two changed counts, a mean a changed sum by a changed count; never an original figure.

The sum behind a mean is changed twice: by the noise of its largest contributors, and in the same proportion
as the count. So the mean keeps near what it was, while neither the sum nor the count gives the other away.

A count that became zero has no mean and no share. Rows of zeros are left out, unless the table shows zeros
of nobody too: a lonely zero would tell that somebody is there. For the same reason all figures bear the
status of changed ones, also those that chance left alone.

Source: methods reference, sections 4.1 and 8.9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.contracts.cell_keys import CellKey
from sojourn.disclosure.cell_keys.cells import MOST_LARGEST, PUBLIC_REPORT, Margins, keyed_cells
from sojourn.disclosure.cell_keys.magnitudes import MagnitudeNoise, sum_noise
from sojourn.disclosure.cell_keys.secrets import Hidden
from sojourn.disclosure.cell_keys.tables import PerturbationTable
from sojourn.engine import Relation
from sojourn.errors import DataRefused, DisclosureRisk, ProjectError
from sojourn.statistics.cube import COUNT, cube, measure_columns

__all__ = ["CHANGED", "CellKeys", "cell_key_table", "perturbed_estimates"]

CHANGED = "T"
_STATISTICS = ("count", "share", "mean")
_LARGEST = ("largest", "second_largest", "third_largest")
_TOTAL = "_T"
_SEPARATOR = "\x1f"
Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class CellKeys(Hidden):
    """Secret: the keys of a table's cells (`CellKey`), and with which noise it is perturbed."""

    cells: Relation
    noise: PerturbationTable
    magnitudes: MagnitudeNoise | None = None


def cell_key_table(
    records: Relation,
    *,
    dimensions: Sequence[str],
    time_period: str,
    record_key: str = "record_key",
    margins: Margins = None,
    weight: str | None = None,
    measure: str | None = None,
) -> pa.Table:
    """The `CellKey` rows of a table over these records, for counts, or with a measure for its mean.

    Raises: as `keyed_cells`.
    """
    names = tuple(dimensions)
    found = keyed_cells(
        records, dimensions=names, record_key=record_key, margins=margins, weight=weight, measure=measure,
        largest=MOST_LARGEST,
    ).to_arrow()  # fmt: skip
    amount = found["units"].cast(pa.float64())
    if weight is not None:
        amount = _weights(records, found, names, weight, measure)
    columns = {name: found[name] for name in names}
    columns |= {"cell_key": found["cell_key"], "amount": amount}
    columns["time_period"] = pa.repeat(pa.scalar(time_period), found.num_rows)
    for place, name in enumerate(_LARGEST):
        columns[name] = pa.nulls(found.num_rows, pa.float64())
        if measure is not None:
            listed = found["largest"].combine_chunks()
            has = pc.greater(pc.list_value_length(listed), place)
            padded = pc.list_slice(listed, place, place + 1, return_fixed_size_list=True)
            columns[name] = pc.if_else(has, padded.flatten(), None)
    return CellKey.conform(pa.table(columns), names)


def perturbed_estimates(
    table: pa.Table, dimensions: Sequence[str], statistic: str, within: Sequence[str], given: CellKeys
) -> tuple[pa.Table, dict[str, Any]]:
    """An `Estimate` table after perturbation, without the rows of zeros, and the public report.

    Contributors are the changed numbers. Standard errors are scaled as their figures and cut to two digits.

    Raises: ProjectError for a statistic that cannot be perturbed; DataRefused for a cell without a key;
    DisclosureRisk for shares without the totals that they are shares of.
    """
    if statistic not in _STATISTICS:
        raise ProjectError(
            f"A {statistic} cannot be perturbed by cell keys.",
            "Protect it by suppression; leave out `method`.",
        )
    keys = _aligned(table, dimensions, given.cells)
    persons = table["contributors"].to_numpy()
    changed = persons + given.noise.changes(persons, keys["cell_key"].to_numpy())
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(persons > 0, changed / persons, 0.0)
    value = pc.fill_null(table["value"], float("nan")).to_numpy()
    amount = keys["amount"].to_numpy()
    counted = np.rint(_times(amount, changed, persons))
    if statistic == "count":
        found = np.rint(_times(value, changed, persons))
    elif statistic == "share":
        found = _shares(table, dimensions, within, counted)
    else:
        found = _means(value, amount, counted, keys, scale, given.magnitudes)
    found[changed == 0] = 0.0 if statistic == "count" else np.nan
    error = _two_digits(np.sqrt(pc.fill_null(table["variance"], float("nan")).to_numpy()) * scale)
    shown = {
        "value": _nullable(found),
        "contributors": pa.array(changed),
        "variance": _nullable(np.square(error)),
    }
    for name, column in shown.items():
        table = table.set_column(table.column_names.index(name), name, column)
    kept = table.filter(pa.array(_shown(table, dimensions, persons, changed)))
    cells = {"all": kept.num_rows, "published": kept.num_rows - kept["value"].null_count}
    return kept, {
        "rules": dict(PUBLIC_REPORT),
        "statistic": statistic,
        "dimensions": list(dimensions),
        "cells": cells,
    }


def _times(value: Numbers, changed: Integers, persons: Integers) -> Numbers:
    """The value times changed by original number; exact where the value is that number."""
    return value * changed / np.maximum(persons, 1)


def _aligned(table: pa.Table, dimensions: Sequence[str], cells: Relation) -> pa.Table:
    """The keys of the table's cells, in its order; cells of nobody have a key that is never used."""
    keys = CellKey.conform(cells.to_arrow(), tuple(dimensions))
    names = [*dimensions, "time_period"]
    sought, known = (
        pc.binary_join_element_wise(*(one[name] for name in names), _SEPARATOR) for one in (table, keys)
    )
    place = pc.index_in(sought, value_set=known.combine_chunks())
    is_nobody = pc.equal(table["contributors"], 0)
    without = pc.sum(pc.and_(pc.is_null(place), pc.invert(is_nobody))).as_py()
    if without:
        raise DataRefused(
            f"{without} cells of the table have no key.",
            "Make the keys from the same records, with the same dimensions and totals.",
        )
    if not keys.num_rows:
        keys = CellKey.schema(tuple(dimensions)).empty_table()
    found = keys.take(place)
    for name in ("cell_key", "amount"):
        column = pc.fill_null(found[name], 0)
        found = found.set_column(found.column_names.index(name), name, column)
    return found


def _shares(table: pa.Table, dimensions: Sequence[str], within: Sequence[str], counted: Numbers) -> Numbers:
    keys, bases = [table["time_period"]], [table["time_period"]]
    for name in dimensions:
        keys.append(table[name])
        bases.append(table[name] if name in within else pa.repeat(pa.scalar(_TOTAL), table.num_rows))
    own = pc.binary_join_element_wise(*keys, _SEPARATOR)
    place = pc.index_in(pc.binary_join_element_wise(*bases, _SEPARATOR), value_set=own.combine_chunks())
    if place.null_count:
        raise DisclosureRisk(
            "Shares are to be perturbed without the totals that they are shares of.",
            "Make the shares with all their totals.",
        )
    base = counted[place.to_numpy()]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Cell and total are changed apart: a part may come out larger than the whole.
        return np.where(base > 0, np.minimum(counted / base, 1.0), np.nan)


def _means(
    mean: Numbers,
    amount: Numbers,
    counted: Numbers,
    keys: pa.Table,
    scale: Numbers,
    noise: MagnitudeNoise | None,
) -> Numbers:
    if noise is None:
        raise ProjectError(
            "A mean needs noise of its sum, and none is declared.",
            "Declare the share of the largest contributions that is noise.",
        )
    largest = np.column_stack([pc.fill_null(keys[name], float("nan")).to_numpy() for name in _LARGEST])
    total = (mean * amount + sum_noise(keys["cell_key"].to_numpy(), largest, noise)) * scale
    total = np.rint(total / noise.step) * noise.step
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counted > 0, total / counted, np.nan)


def _shown(table: pa.Table, dimensions: Sequence[str], persons: Integers, changed: Integers) -> Flags:
    """Which rows stay: those of somebody, and where a table shows zeros of nobody too, all of its codes that
    have somebody in any row."""
    if not (persons == 0).any():
        found: Flags = changed > 0
        return found
    is_shown = np.ones(table.num_rows, bool)
    for name in dimensions:
        codes = table[name].combine_chunks().dictionary_encode()
        place = codes.indices.to_numpy()
        has_somebody = np.zeros(len(codes.dictionary), bool)
        np.logical_or.at(has_somebody, place, changed > 0)
        is_shown &= has_somebody[place]
    return is_shown


def _weights(
    records: Relation, found: pa.Table, names: tuple[str, ...], weight: str, measure: str | None
) -> pa.ChunkedArray:
    """The exact sums of weights of the cells, in their order."""
    sums = cube(records, dimensions=names, weight=weight, measures=[measure] if measure else [], person=None)
    table = sums.to_arrow()
    column = measure_columns(measure)[1] if measure else COUNT
    if not names:
        return table[column].cast(pa.float64())
    own, known = (
        pc.binary_join_element_wise(*(one[name] for name in names), "", _SEPARATOR) for one in (found, table)
    )
    return table[column].cast(pa.float64()).take(pc.index_in(own, value_set=known.combine_chunks()))


def _two_digits(values: Numbers) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 10.0 ** (np.floor(np.log10(values)) - 1.0)
        return np.where(values > 0, np.rint(values / step) * step, values)


def _nullable(values: Numbers) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))
