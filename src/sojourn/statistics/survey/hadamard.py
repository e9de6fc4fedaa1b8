"""Hadamard matrices: square, of ones and minus ones, with rows that are orthogonal.

Doubling (Sylvester) and quadratic residues of primes (Paley) give an order near every size that surveys
need. Source: Hedayat and Wallis, Annals of Statistics 6, 1978.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["hadamard"]

Signs = npt.NDArray[np.float64]


@cache
def hadamard(least: int) -> Signs:
    """The smallest of these matrices with at least this many rows; its first row and column are all ones."""
    order = next(size for size in range(max(least, 1), 4 * least + 4) if _can_be_made(size))
    signs: Signs = _made(order)
    signs = signs * signs[0][None, :]
    signs = signs * signs[:, 0][:, None]
    signs.flags.writeable = False
    return signs


def _can_be_made(order: int) -> bool:
    while order > 2 and order % 2 == 0:
        if _is_paley(order):
            return True
        order //= 2
    return order in (1, 2)


def _is_paley(order: int) -> bool:
    prime = order - 1
    return prime % 4 == 3 and all(prime % factor for factor in range(2, int(prime**0.5) + 1))


def _made(order: int) -> Signs:
    if order == 1:
        return np.ones((1, 1))
    if _is_paley(order):
        return _paley(order - 1)
    half = _made(order // 2)
    return np.block([[half, half], [half, -half]])


def _paley(prime: int) -> Signs:
    number = np.arange(prime)
    residue = np.where(np.isin(number, number[1:] ** 2 % prime), 1.0, -1.0)
    residue[0] = 0.0
    skew = residue[(number[None, :] - number[:, None]) % prime]
    signs = np.eye(prime + 1)
    signs[0, 1:], signs[1:, 0] = 1.0, -1.0
    signs[1:, 1:] += skew
    return signs
