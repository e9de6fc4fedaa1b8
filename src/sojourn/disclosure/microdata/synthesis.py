"""Synthetic records: one column after another is drawn from what it is among real records alike so far.

For each column a tree divides the real records by the columns before it; a synthetic record falls into a leaf
and takes the value of one of the real records there. Leaves hold at least as many records as are asked for.
Numbers can be smoothed within their leaf, so that no real amount is repeated. What comes out follows from the
records, the settings and the secret key, and not from the order of records.

That a record is made up does not make it harmless: it may equal a real one. `disclosure_of` says how often,
and `without_replicas` takes those out.

Source: J. P. Reiter, Using CART to generate partially synthetic public use microdata, Journal of Official
Statistics 21 (2005); measures of replication as in synthpop (B. Nowok, G. M. Raab, C. Dibben, Journal of
Statistical Software 74(11), 2016).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sojourn.disclosure.microdata.chances import Secret
from sojourn.disclosure.microdata.key_codes import MISSING, key_codes, packed
from sojourn.disclosure.microdata.recoding import as_before
from sojourn.errors import DataRefused, ProjectError

__all__ = ["Replicas", "disclosure_of", "synthesised", "without_replicas"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Replicas:
    """How many synthetic records equal a real one that is unique.

    `real_uniques` are real records alone in their keys, `replicated` synthetic records that are alone among
    the synthetic ones too and have the keys of a real unique one; `identical` of these are the same in all
    columns. `share` is the replicated over all synthetic records.
    """

    records: int
    synthetic: int
    real_uniques: int
    replicated: int
    identical: int
    share: float

    def to_json(self) -> dict[str, Any]:
        """The numbers as plain values."""
        return asdict(self)


def synthesised(
    table: pa.Table,
    columns: Sequence[str],
    *,
    secret: Secret,
    records: int | None = None,
    smallest_leaf: int = 5,
    smoothed: Collection[str] = (),
) -> pa.Table:
    """As many synthetic records as real ones, or as asked for, with these columns in this order of drawing.

    `smoothed` are columns of numbers whose values move within their leaf.

    Raises: ProjectError for leaves of fewer than 2 records, or no columns; DataRefused for a column that is
    missing or to be smoothed without holding numbers, or fewer records than a leaf needs.
    """
    if smallest_leaf < 2 or not columns:
        raise ProjectError(
            "A leaf of one record copies it.", "Ask for leaves of 2 or more, and name columns."
        )
    if len(table) < smallest_leaf:
        raise DataRefused(f"There are {len(table)} records.", "Give more than a leaf holds.")
    keys = key_codes(table, list(columns)[:24], unknown=()) if len(columns) <= 24 else None
    if keys is None:
        raise ProjectError("More than 24 columns cannot be drawn together.", "Name fewer columns.")
    values = [_values(table[name]) for name in columns]
    # Records in the order of what they hold: where they stood in the file does not matter.
    order = np.lexsort((*keys.codes.T[::-1], *values[::-1]))
    table = table.take(pa.array(order))
    codes = keys.codes[order]
    features = [_feature(values[at][order], codes[:, at]) for at in range(len(columns))]
    size = len(table) if records is None else records
    numbers = pa.array(np.arange(size))
    made: list[pa.ChunkedArray] = []
    drawn: list[Floats] = []
    for at, name in enumerate(columns):
        chances = secret.chances(numbers, f"synthesis|{name}")
        leaf, own_leaf = _leaves(features, drawn, at, codes, table[name].type, smallest_leaf, size)
        donor = _donors(leaf, own_leaf, chances)
        column = table[name].take(pa.array(donor))
        feature = features[at][donor]
        if name in smoothed:
            column, feature = _smoothed(table[name], leaf, donor, secret.normal(numbers, f"smoothing|{name}"))
        made.append(column)
        drawn.append(feature)
    return pa.table(dict(zip(columns, made, strict=True)))


def _values(column: pa.ChunkedArray) -> Floats:
    """Numbers as they are; what is not a number is the same for all."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return np.asarray(np.nan_to_num(column.cast(pa.float64()).fill_null(0.0).to_numpy()), np.float64)
    return np.zeros(len(column))


def _feature(values: Floats, codes: npt.NDArray[np.int32]) -> Floats:
    """What a tree divides by: numbers, or codes in their order; what is missing lies below all."""
    own = values.astype(np.float64) if values.any() else codes.astype(np.float64)
    known = codes != MISSING
    lowest = own[known].min() - 1.0 if known.any() else 0.0
    return np.where(known, own, lowest)


def _leaves(
    features: list[Floats], drawn: list[Floats], at: int, codes: npt.NDArray[np.int32], kind: pa.DataType,
    smallest_leaf: int, size: int,
) -> tuple[Integers, Integers]:  # fmt: skip
    """The leaf of each real and each synthetic record."""
    if at == 0:
        return np.zeros(len(codes), np.int64), np.zeros(size, np.int64)
    before, known = np.column_stack(features[:at]), np.column_stack(drawn)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    kind_of_tree = DecisionTreeRegressor if is_number else DecisionTreeClassifier
    tree = kind_of_tree(min_samples_leaf=smallest_leaf, min_impurity_decrease=1e-8, random_state=0)
    tree.fit(before, features[at] if is_number else codes[:, at])
    return tree.apply(before).astype(np.int64), tree.apply(known).astype(np.int64)


def _donors(leaf: Integers, own_leaf: Integers, chances: Floats) -> Integers:
    """A real record of each synthetic one's leaf, each with the same chance."""
    order = np.argsort(leaf, kind="stable")
    counts = np.bincount(leaf, minlength=int(max(leaf.max(), own_leaf.max(initial=0))) + 1)
    starts = np.cumsum(counts) - counts
    step = np.minimum((chances * counts[own_leaf]).astype(np.int64), counts[own_leaf] - 1)
    found: Integers = order[starts[own_leaf] + step]
    return found


def _smoothed(
    column: pa.ChunkedArray, leaf: Integers, donor: Integers, draws: Floats
) -> tuple[pa.ChunkedArray, Floats]:
    """Donors' numbers moved by a kernel as wide as Silverman's rule says for their leaf, within its range."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataRefused("A column to be smoothed holds no numbers.", "Leave it out of `smooth`.")
    values = column.cast(pa.float64()).fill_null(np.nan).to_numpy()
    known = np.isfinite(values)
    size = int(leaf.max()) + 1
    counts = np.bincount(leaf[known], minlength=size).astype(np.float64)
    mean = np.bincount(leaf[known], values[known], size) / np.maximum(counts, 1)
    square = np.bincount(leaf[known], (values[known] - mean[leaf[known]]) ** 2, size)
    width = 1.06 * np.sqrt(square / np.maximum(counts, 1)) * np.maximum(counts, 1) ** -0.2
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, leaf[known], values[known])
    np.maximum.at(high, leaf[known], values[known])
    place = leaf[donor]
    moved = np.clip(values[donor] + width[place] * draws, low[place], high[place])
    moved = np.where(np.isfinite(values[donor]), moved, np.nan)
    lowest = values[known].min() - 1.0 if known.any() else 0.0
    return as_before(moved, column.type), np.where(np.isfinite(moved), moved, lowest)


def disclosure_of(real: pa.Table, synthetic: pa.Table, keys: Sequence[str]) -> Replicas:
    """How often a synthetic record equals a real unique one, in the keys and in all columns they share."""
    unique, replica, same = _replicas(real, synthetic, keys)
    return Replicas(
        len(real), len(synthetic), int(unique.sum()), int(replica.sum()), int(same.sum()),
        float(replica.sum() / max(1, len(synthetic))),
    )  # fmt: skip


def without_replicas(real: pa.Table, synthetic: pa.Table, keys: Sequence[str]) -> pa.Table:
    """The synthetic records without those that equal a real unique one in the keys."""
    return synthetic.filter(pa.array(~_replicas(real, synthetic, keys)[1]))


def _replicas(real: pa.Table, synthetic: pa.Table, keys: Sequence[str]) -> tuple[Flags, Flags, Flags]:
    """Which real records are unique; which synthetic ones replicate one; which of these in all columns."""
    shared = [name for name in synthetic.column_names if name in real.column_names]
    both = [
        pa.concat_tables(
            [table.select(shared).cast(real.select(shared).schema) for table in (real, synthetic)]
        )
    ]
    size = len(real)
    number = packed(key_codes(both[0], list(keys), unknown=()).codes, range(len(keys)))
    _, place = np.unique(number, return_inverse=True)
    place = place.reshape(-1)
    counts = np.bincount(place[:size], minlength=place.max() + 1)
    made = np.bincount(place[size:], minlength=place.max() + 1)
    unique = counts[place[:size]] == 1
    replica = (counts[place[size:]] == 1) & (made[place[size:]] == 1)
    whole = packed(key_codes(both[0], shared[:24], unknown=()).codes, range(min(24, len(shared))))
    same = replica & np.isin(whole[size:], whole[:size][unique])
    return unique, replica, same
