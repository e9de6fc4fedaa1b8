"""Post-randomisation (PRAM): codes change by chance, with known chances, so that readers can correct figures.

The chances stand in a transition matrix: a row says what becomes of a code. With an *invariant* matrix the
expected number of records of each code is what it was, and one-way tables need no correction; other tables
are corrected by the inverse of the matrix, which the reader is given.

Source: J. M. Gouweleeuw, P. Kooiman, L. C. R. J. Willenborg and P.-P. de Wolf, Post randomisation for
statistical disclosure control, Journal of Official Statistics 14 (1998), the two-stage invariant matrix
included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.errors import DataRefused, ProjectError

__all__ = ["Transitions", "corrected_counts", "declared_transitions", "invariant_transitions", "randomised"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# The condition of a matrix beyond which corrected figures are noise.
_WORST = 1e8


@dataclass(frozen=True)
class Transitions:
    """Codes in order, and the chance with which each (row) becomes each (column); it can be undone."""

    codes: tuple[str, ...]
    chances: Floats

    def __post_init__(self) -> None:
        size = len(self.codes)
        if self.chances.shape != (size, size) or np.any(self.chances < 0) or not size:
            raise ProjectError("Chances are missing, or below zero.", "Give one for each pair of codes.")
        if np.any(np.abs(self.chances.sum(axis=1) - 1.0) > 1e-9):
            raise ProjectError("Chances of a code do not add up to 1.", "Each row of the matrix must.")
        if np.linalg.cond(self.chances) > _WORST:
            raise ProjectError(
                "Readers could not undo the chances: different counts become the same.",
                "Let codes stay with a higher chance.",
            )


def declared_transitions(chances: Mapping[str, Mapping[str, float]]) -> Transitions:
    """A matrix as it was declared: for each code what becomes of it; what is not named has no chance.

    Raises: ProjectError for chances that do not add up to 1.
    """
    codes = tuple(sorted({*chances, *(code for row in chances.values() for code in row)}))
    matrix = np.zeros((len(codes), len(codes)))
    for here, code in enumerate(codes):
        for there, other in enumerate(codes):
            matrix[here, there] = chances.get(code, {code: 1.0}).get(other, 0.0)
    return Transitions(codes, matrix)


def invariant_transitions(column: pa.ChunkedArray, stay: float) -> Transitions:
    """A matrix that keeps the expected counts of the column's codes, from a chance to stay in two steps.

    In the first step a code stays with the chance `stay` or becomes any other with equal chances; the second
    goes back from what then is to what it may have been, in proportion to the column's own counts.

    Raises: ProjectError for a chance that is not between 0 and 1; DataRefused for a column without values.
    """
    if not 0 < stay < 1:
        raise ProjectError(f"{stay} is no chance to stay.", "Give one between 0 and 1.")
    codes, counts = _counted(column)
    size = len(codes)
    if not size:
        raise DataRefused("The column has no values to randomise.", "Leave the step out.")
    if size == 1:
        return Transitions(codes, np.ones((1, 1)))
    first = np.full((size, size), (1.0 - stay) / (size - 1))
    np.fill_diagonal(first, stay)
    joint = counts[:, None] * first
    back = (joint / joint.sum(axis=0)).T
    both = first @ back
    return Transitions(codes, both / both.sum(axis=1, keepdims=True))


def randomised(column: pa.ChunkedArray, transitions: Transitions, chances: Floats) -> pa.ChunkedArray:
    """The column with each code drawn anew by its row; a record's chance decides. What is missing stays so.

    Raises: DataRefused for a value without a row.
    """
    codes = pa.array(transitions.codes, pa.string())
    texts = column.cast(pa.string()).combine_chunks()
    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks) if texts.num_chunks else pa.array([], pa.string())
    place = pc.index_in(texts, codes)
    strange = place.null_count - texts.null_count
    if strange:
        raise DataRefused(
            f"{strange:,} records have a value that the matrix does not name.", "Name every code in it."
        )
    known = np.asarray(pc.is_valid(place))
    here = pc.fill_null(place, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    found = np.zeros(len(here), np.int64)
    bounds = np.cumsum(transitions.chances, axis=1)
    for code in range(len(transitions.codes)):
        rows = here == code
        found[rows] = np.searchsorted(bounds[code], chances[rows] * bounds[code, -1], side="right")
    found = np.minimum(found, len(transitions.codes) - 1)
    return pa.chunked_array([codes.take(pa.array(found, mask=~known))])


def corrected_counts(counts: Sequence[float] | Floats, transitions: Transitions) -> Floats:
    """Unbiased estimates of the counts (or weighted totals) before randomisation, from those after it.

    With T the matrix and c the counts after it, they solve T' x = c. A total may come out below zero where it
    is small.
    """
    found: Floats = np.asarray(
        np.linalg.solve(transitions.chances.T, np.asarray(counts, np.float64)), np.float64
    )
    return found


def _counted(column: pa.ChunkedArray) -> tuple[tuple[str, ...], Floats]:
    counted = pc.value_counts(column.cast(pa.string()).drop_null())
    values, counts = counted.field("values"), counted.field("counts")
    order = pc.sort_indices(values)
    return tuple(shown_code for shown_code in values.take(order).to_pylist()), counts.take(order).to_numpy(
        zero_copy_only=False
    ).astype(np.float64)
