"""Noise on numbers: each gets a draw of a normal distribution, so wide as a share of the column's own spread.

Correlated noise has the correlations of the columns themselves, so that those between them stay. Values are
then drawn together again around their mean, so that means and variances stay what they are in expectation.

Source: R. Brand, Microdata protection through noise addition, Inference Control in Statistical Databases,
LNCS 2316 (2002).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError

__all__ = ["with_noise"]

Floats = npt.NDArray[np.float64]


def with_noise(values: Floats, draws: Floats, *, share: float, keeps_zero: bool = True) -> Floats:
    """Values (records × columns) with correlated noise; `draws` are standard normal, of the same shape.

    `share` is the noise's standard deviation over the column's. Values that are not numbers stay, and so does
    zero with `keeps_zero`: often it means "none" and is no amount. Means and variances are kept over the
    values that change.

    Raises: ProjectError for a share that is not above zero.
    """
    if not share > 0:
        raise ProjectError(f"Noise of {share} is none.", "Give a share above zero, such as 0.1.")
    changes = np.isfinite(values)
    if keeps_zero:
        changes &= values != 0
    found = values.copy()
    factor = _factor(values, changes)
    noise = share * (draws @ factor.T)
    shrink = 1.0 / np.sqrt(1.0 + share**2)
    for column in range(values.shape[1]):
        rows = changes[:, column]
        own = values[rows, column]
        if len(own) > 1:
            mean = own.mean()
            found[rows, column] = mean + shrink * (own - mean + noise[rows, column])
    return found


def _factor(values: Floats, changes: npt.NDArray[np.bool_]) -> Floats:
    """A square root of the covariances of the columns, over the records that change in all of them."""
    both = np.all(changes, axis=1)
    spread = np.array([
        values[changes[:, column], column].std() if changes[:, column].any() else 0.0
        for column in range(values.shape[1])
    ])  # fmt: skip
    if both.sum() <= values.shape[1]:
        return np.diag(spread)
    part = values[both]
    own = part.std(axis=0)
    correlation = np.cov((part - part.mean(axis=0)) / np.where(own > 0, own, 1.0), rowvar=False, ddof=0)
    size, directions = np.linalg.eigh(correlation.reshape(values.shape[1], -1))
    root = directions * np.sqrt(np.maximum(size, 0.0))
    found: Floats = spread[:, None] * (root @ directions.T)
    return found
