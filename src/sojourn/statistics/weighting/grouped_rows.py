"""Rows of a sparse matrix that are equal, brought together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["equal_rows", "mixed"]

Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def equal_rows(matrix: Any) -> tuple[Integers, Integers]:
    """The group of each row of a sparse matrix, equal rows being one group, and a row of each group.

    `matrix` is in compressed rows, without explicit zeros, its columns sorted. The order of the groups
    depends on what stands in the rows and not on where they stand. Rows are told apart by a hash of 64 bits
    and then looked at; should two different rows have one hash, every row is a group of its own.
    """
    hashes = _hashes(matrix)
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    group = group.reshape(-1).astype(np.int64)
    if _are_equal(matrix, first[group]):
        return group, first.astype(np.int64)
    alone = np.argsort(hashes, kind="stable").astype(np.int64)
    own = np.empty_like(alone)
    own[alone] = np.arange(len(alone))
    return own, alone


def _hashes(matrix: Any) -> Hashes:
    """A number of 64 bits for each row: the sum of its mixed entries."""
    values = np.ascontiguousarray(matrix.data, np.float64).view(np.uint64)
    entries = mixed(mixed(values) ^ matrix.indices.astype(np.uint64))
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(entries, dtype=np.uint64)])
    found: Hashes = sums[matrix.indptr[1:]] - sums[matrix.indptr[:-1]]
    return found


def mixed(numbers: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): near numbers become unlike ones."""
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Hashes = mixed ^ (mixed >> np.uint64(31))
    return found


def _are_equal(matrix: Any, other: Integers) -> bool:
    """Whether each row is equal to the row named for it."""
    lengths = np.diff(matrix.indptr)
    if np.any(lengths != lengths[other]):
        return False
    offset = np.arange(len(matrix.data)) - np.repeat(matrix.indptr[:-1], lengths)
    there = np.repeat(matrix.indptr[other], lengths) + offset
    return bool(
        np.array_equal(matrix.indices, matrix.indices[there])
        and np.array_equal(matrix.data, matrix.data[there])
    )
