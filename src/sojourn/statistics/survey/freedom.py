"""Degrees of freedom: how well the variance of a figure is itself known.

Units less strata say so only where all units add alike. Of a small group most units hold nobody, and its
variance rests on the few that do: the estimate of it varies as one with fewer degrees of freedom. How many
follows from how uneven the squared contributions of the units are, which their fourth powers tell. With
contributions like normal numbers the degrees are again units less strata; of a group of c persons, each in a
unit of its own, they are about 2c, as a count of c events would have. They are never more than the units
drawn in the strata where the group was found, less these strata.

Source: Valliant and Rust, Degrees of freedom approximations and rules-of-thumb, Journal of Official
Statistics 26(4), 2010; Satterthwaite, Biometrics Bulletin 2, 1946.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Freedom", "both_phases_freedom", "effective_freedom"]

Freedom = Literal["effective", "cell", "design"]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def effective_freedom(squares: Floats, fourths: Floats, *, count: int, most: int) -> Integers:
    """Degrees of freedom from sums of squared contributions and of their squares; whole, and at least one.

    `count` is that of the units, or replicates, and `most` are the degrees of freedom of the design.

    The variance of a sum of squares is estimated by `fourths` - `squares`² / `count`, times `count` / `most`
    for the means that were taken off; twice the square of a variance over its variance are its degrees of
    freedom. Where nothing varies they are those of the design.
    """
    if most < 1:
        return np.zeros(len(squares), np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        unevenness = fourths / squares**2 - 1.0 / count
        found = np.where(unevenness > 0, 2.0 * most / count / unevenness, most)
    whole: Integers = np.clip(np.nan_to_num(found, nan=most, posinf=most), 1, most).astype(np.int64)
    return whole


def both_phases_freedom(
    variance: Floats, first: Floats, second: Floats, of_first: Integers, of_second: Integers
) -> Integers:
    """Degrees of freedom of a `variance` of two phases, at most the more that one of them has.

    It is estimated from squares of the `first` phase, of which what the second phase brought in is taken off
    again, and from those of the `second`. Where much is taken off, little is left of large numbers that vary:
    it is the squares, with the degrees of each, that say how much, and the variance how much that matters.
    Both are made of the same answers and err in the same direction, so that their errors are added up as they
    are. Where nothing varies, or the variance comes out below zero, they are the fewer of the two.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = [
            np.where(squares != 0, squares / np.sqrt(degrees), 0.0)
            for squares, degrees in ((first, of_first), (second, of_second))
        ]
        found = (variance / (errors[0] + errors[1])) ** 2 + 1e-9  # whole ones stay whole
    least, most = np.minimum(of_first, of_second), np.maximum(of_first, of_second)
    whole: Integers = np.where(variance > 0, np.minimum(found, most), least).astype(np.int64)
    # One degree is the least where there is any.
    return np.maximum(whole, np.minimum(most, 1))
