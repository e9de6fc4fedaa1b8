"""The most random noise that keeps what is declared of it: mean zero, variance, and what may not happen.

Among all distributions over a few whole numbers with mean zero and a given variance the one of the largest
entropy gives least away. It may have to meet inequalities too: numbers below zero may not become more likely
with their distance from it, and zero may have to have a least probability. The problem is convex; its dual
has one unknown for each condition and is solved by Newton's method, with those inequalities held as
equations whose multipliers are not negative.

Source: methods reference, section 4.1; Giessing, Computational issues in the design of transition
probabilities, PSD 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

__all__ = ["Noise", "most_random", "variances_possible"]

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_STEPS = 200
_EXACT = 1e-15
_CLOSE = 1e-12
_CONVERGED = 1e-9


@dataclass(frozen=True, repr=False)
class Noise:
    """Which whole numbers noise can be, ascending, and what else is asked of their probabilities."""

    values: Integers
    stay: float = 0.0
    is_monotone: bool = True

    def inequalities(self) -> tuple[Numbers, Numbers]:
        """Rows `g` and limits `h`: of every distribution the sum of `g` times probability is at most `h`."""
        size = len(self.values)
        at_zero = np.nonzero(self.values == 0)[0]
        rows: list[Numbers] = []
        limits: list[float] = []
        if len(at_zero) and self.is_monotone:
            for place in range(int(at_zero[0])):
                rows.append(np.eye(size)[place] - np.eye(size)[place + 1])
                limits.append(0.0)
        if len(at_zero) and self.stay > 0:
            rows.append(-np.eye(size)[at_zero[0]])
            limits.append(-self.stay)
        return np.array(rows).reshape(len(rows), size), np.array(limits)


def variances_possible(noise: Noise) -> tuple[float, float] | None:
    """The least and the largest variance that such noise of mean zero can have; none where its mean cannot
    be zero."""
    squares = noise.values.astype(np.float64) ** 2
    least = _extreme(noise, squares)
    if least is None:
        return None
    most = _extreme(noise, -squares)
    return float(squares @ least), float(squares @ most) if most is not None else float("inf")


def most_random(noise: Noise, variance: float) -> Numbers:
    """The probabilities of the largest entropy, one for each value.

    Raises: ValueError where no noise has that variance: see `variances_possible`.
    """
    limits = variances_possible(noise)
    if limits is None or not limits[0] - _CLOSE <= variance <= limits[1] + _CLOSE:
        raise ValueError("No noise of mean zero over these values has that variance.")
    can_be = np.ones(len(noise.values), bool)
    if variance - limits[0] < _CLOSE or limits[1] - variance < _CLOSE:
        can_be = _possible(noise, variance)
    scale = float(np.max(np.abs(noise.values)))
    values = noise.values[can_be] / scale
    fixed = np.vstack([values, values**2])
    rows, most = noise.inequalities()
    found = np.zeros(len(noise.values))
    found[can_be] = _solved(fixed, np.array([0.0, variance / scale**2]), rows[:, can_be], most)
    return found


def _extreme(noise: Noise, cost: Numbers, variance: float | None = None) -> Numbers | None:
    """Probabilities of the least cost; none where there are no probabilities at all."""
    rows, most = noise.inequalities()
    ones = np.ones(len(noise.values))
    equal = [ones, noise.values.astype(np.float64)]
    totals = [1.0, 0.0]
    if variance is not None:
        equal.append(noise.values.astype(np.float64) ** 2)
        totals.append(variance)
    found = linprog(
        cost,
        A_ub=rows if len(rows) else None,
        b_ub=most if len(rows) else None,
        A_eq=np.array(equal),
        b_eq=np.array(totals),
        method="highs",
    )
    return np.asarray(found.x) if found.status == 0 else None


def _possible(noise: Noise, variance: float) -> npt.NDArray[np.bool_]:
    """Which values have a probability at all where the variance is the least or the largest there is."""
    size = len(noise.values)
    rows = [_extreme(noise, -np.eye(size)[place], variance) for place in range(size)]
    return np.array([row is None or row[place] > _CLOSE for place, row in enumerate(rows)])


def _solved(fixed: Numbers, totals: Numbers, rows: Numbers, most: Numbers) -> Numbers:
    """The distribution of the largest entropy, by which inequalities hold as equations."""
    held: list[int] = []
    for _ in range(_STEPS):
        features = np.vstack([fixed, rows[held]])
        targets = np.concatenate([totals, most[held]])
        multipliers, found = _newton(features, targets)
        # Of the inequalities that are held, the multiplier is that of `-g`.
        released = multipliers[len(totals) :]
        if len(held) and released.max(initial=-1.0) > _CLOSE:
            held.pop(int(np.argmax(released)))
            continue
        over = rows @ found - most
        over[held] = -np.inf
        if over.max(initial=-np.inf) <= _CLOSE:
            return found
        held.append(int(np.argmax(over)))
    raise RuntimeError("The most random noise was not found.")


def _newton(features: Numbers, targets: Numbers) -> tuple[Numbers, Numbers]:
    """Multipliers and distribution `p ~ exp(multipliers @ features)` with the means `targets`."""
    multipliers = np.zeros(len(features))
    value, found = _dual(multipliers, features, targets)
    for _ in range(_STEPS):
        slope = features @ found - targets
        if np.max(np.abs(slope)) <= _EXACT:
            break
        spread = (features * found) @ features.T - np.outer(features @ found, features @ found)
        step = -np.linalg.lstsq(spread, slope, rcond=1e-14)[0]
        length = 1.0
        while length > _EXACT:
            changed, distribution = _dual(multipliers + length * step, features, targets)
            if changed <= value + 1e-4 * length * float(slope @ step):
                break
            length /= 2
        else:
            break
        multipliers, value, found = multipliers + length * step, changed, distribution
    if np.max(np.abs(features @ found - targets)) > _CONVERGED:
        raise RuntimeError("The most random noise was not found.")
    return multipliers, found


def _dual(multipliers: Numbers, features: Numbers, targets: Numbers) -> tuple[float, Numbers]:
    exponents = multipliers @ features
    largest = float(np.max(exponents))
    weights = np.exp(exponents - largest)
    total = float(np.sum(weights))
    return largest + np.log(total) - float(multipliers @ targets), weights / total
