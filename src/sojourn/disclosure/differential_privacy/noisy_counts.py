"""Counts with noise: of every cell that could have been counted, and withheld where too small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sojourn.disclosure.differential_privacy.budget import Expense
from sojourn.disclosure.differential_privacy.noise import RandomWords, laplace_noise
from sojourn.engine import Relation
from sojourn.errors import ProjectError

__all__ = ["NoisyCounts", "noisy_counts"]


@dataclass(frozen=True)
class NoisyCounts:
    """`table` has `cell` and `value`, missing where withheld; `variance` is that of the noise."""

    table: pa.Table
    variance: float
    expense: Expense


def noisy_counts(
    pairs: Relation,
    *,
    cells: Sequence[str],
    most: int,
    epsilon: Fraction,
    threshold: int,
    words: RandomWords,
    purpose: str,
) -> NoisyCounts:
    """Persons in each of `cells` with noise that gives ε-differential privacy of persons.

    `pairs` is what `bounded` gives with the same `most`. `cells` are all that could have been counted, known
    beforehand: a cell that is left out because nobody is in it would tell so. Counts with noise below
    `threshold` are withheld, and none is below zero; both look at the noisy count alone and cost nothing.

    Raises: ProjectError for an ε that is not above 0, a cell that is named twice, pairs of other cells, or a
    person with more than `most` of them.
    """
    if epsilon <= 0:
        raise ProjectError("Noise needs an ε above 0.", "Give a fraction such as 1/2.")
    if len(set(cells)) < len(cells):
        raise ProjectError("A cell is named twice.", "Name each once.")
    held = pairs.to_arrow()
    _require_bounded(held, cells, most)
    place = pc.index_in(held["cell"], value_set=pa.array(cells, pa.string())).to_numpy()
    counts = np.bincount(place.astype(np.int64), minlength=len(cells))
    scale = Fraction(most) / epsilon
    noisy = counts + laplace_noise(len(cells), scale, words)
    is_withheld = noisy < threshold
    value = pa.array(np.maximum(noisy, 0), pa.int64(), mask=is_withheld)
    ratio = float(np.exp(-1.0 / float(scale)))
    return NoisyCounts(
        pa.table({"cell": pa.array(cells, pa.string()), "value": value}),
        2.0 * ratio / (1.0 - ratio) ** 2,
        Expense(purpose, epsilon=epsilon),
    )


def _require_bounded(pairs: pa.Table, cells: Sequence[str], most: int) -> None:
    strange = pc.sum(pc.invert(pc.is_in(pairs["cell"], value_set=pa.array(cells, pa.string())))).as_py() or 0
    if strange:
        raise ProjectError(
            f"{strange} pairs are of cells that were not named.", "Name every cell that can be counted."
        )
    of_each = pairs.group_by("person_key").aggregate([("cell", "count")])["cell_count"]
    if (pc.max(of_each).as_py() or 0) > most:
        raise ProjectError(
            f"A person is in more than {most} cells: the noise would not hide them.",
            "Bound what persons add first, with the same number.",
        )
