"""Every sample that a design can draw from a tiny population: expectations without chance."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pytest

Places = tuple[int, ...]


def samples(*draws: tuple[Sequence[int], int]) -> Iterator[Places]:
    """Every sample that takes so many from each of these; all are equally likely."""
    ways = (itertools.combinations(units, size) for units, size in draws)
    for chosen in itertools.product(*ways):
        yield tuple(itertools.chain.from_iterable(chosen))


def row_of(estimates: pa.Table, group: str = "_T") -> dict:
    """The one row of a group."""
    (found,) = [row for row in estimates.to_pylist() if row["group"] == group]
    return found


def assert_unbiased(made: Sequence[tuple[float, float]], truth: float, but: float | None = None) -> None:
    """Equally likely estimates have the truth as their mean, and their variance as that of the variances.

    With `but` the variances' mean is this instead, for estimators whose variance is not unbiased.
    """
    values, variances = np.array(made, float).T
    assert len(values) > 5
    assert np.std(values) > 0
    assert values.mean() == pytest.approx(truth, rel=1e-12)
    assert variances.mean() == pytest.approx(values.var() if but is None else but, rel=1e-10)


def of_total(estimate: Callable[[Places], pa.Table], drawn: Iterator[Places]) -> list[tuple[float, float]]:
    """Estimate and variance of every sample; a standard error must be told of each."""
    found = []
    for places in drawn:
        row = row_of(estimate(places))
        assert row["standard_error"] is not None
        found.append((row["value"], row["standard_error"] ** 2))
    return found
