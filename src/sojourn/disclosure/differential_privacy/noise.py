"""Whole-number noise, drawn exactly: no floating-point number stands between random bits and the result.

Noise made of floating-point numbers leaves gaps by which the figure under it can be told. Here every step is
a comparison of whole numbers, so that each result has the probability that its formula says, for as good as
the random words are. Draws are made many at once; those that are refused are drawn again.

Source: Canonne, Kamath and Steinke, The Discrete Gaussian for Differential Privacy, 2020, algorithms 1 to 3,
on Mironov, On significance of the least significant bits, 2012.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError

__all__ = ["RandomWords", "gaussian_noise", "laplace_noise"]

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# Gives that many random bytes; `os.urandom` where the noise protects somebody.
RandomWords = Callable[[int], bytes]
_LARGEST = 1 << 20


def laplace_noise(count: int, scale: Fraction, words: RandomWords) -> Integers:
    """`count` draws of the discrete Laplace: Z with probability in proportion to exp(-|Z|/scale).

    With counts to which one person adds at most s, noise of scale s/ε gives ε-differential privacy.

    Raises: ProjectError for a scale that is not above 0, or whose numerator or denominator passes 2**20.
    """
    _require_small(scale, "scale")
    numerator, denominator = scale.numerator, scale.denominator
    return _accepted(count, lambda size: _laplace_attempt(size, numerator, denominator, words))


def gaussian_noise(count: int, variance: Fraction, words: RandomWords) -> Integers:
    """`count` draws of the discrete Gaussian: Z with probability in proportion to exp(-Z²/(2 variance)).

    With counts to which one person adds at most s in each of k cells, a variance of k·s²/(2ρ) gives
    ρ-zero-concentrated differential privacy.

    Raises: ProjectError for a variance that is not above 0, or whose numerator or denominator passes 2**20.
    """
    _require_small(variance, "variance")
    step = _whole_root(variance) + 1
    return _accepted(count, lambda size: _gaussian_attempt(size, variance, step, words))


def _require_small(value: Fraction, what: str) -> None:
    if value <= 0 or value.numerator > _LARGEST or value.denominator > _LARGEST:
        raise ProjectError(
            f"Noise with the {what} {value} cannot be drawn exactly.",
            f"Give a fraction above 0 whose parts are at most {_LARGEST:,}.",
        )


def _whole_root(value: Fraction) -> int:
    """The largest whole number whose square is not above a value."""
    root = int(float(value) ** 0.5)
    while root * root > value:
        root -= 1
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


def _accepted(count: int, attempt: Callable[[int], tuple[Integers, Flags]]) -> Integers:
    """Attempts until enough have been accepted."""
    found: list[Integers] = []
    missing = count
    while missing > 0:
        values, is_accepted = attempt(missing + 16)
        found.append(values[is_accepted][:missing])
        missing -= len(found[-1])
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _laplace_attempt(
    size: int, numerator: int, denominator: int, words: RandomWords
) -> tuple[Integers, Flags]:
    """Attempts at a discrete Laplace of scale numerator/denominator, and which are accepted."""
    part = _uniform(size, np.full(size, numerator, np.int64), words)
    is_accepted = _happens_by_exponential(part, np.full(size, numerator, np.int64), words)
    whole = np.zeros(size, np.int64)
    going = np.arange(size)
    one = np.ones(size, np.int64)
    while len(going):
        going = going[_happens_by_exponential(one[: len(going)], one[: len(going)], words)]
        whole[going] += 1
    size_of_noise = (part + numerator * whole) // denominator
    is_negative = _uniform(size, np.full(size, 2, np.int64), words) == 1
    # Zero would come from both sides.
    is_accepted &= ~(is_negative & (size_of_noise == 0))
    return np.where(is_negative, -size_of_noise, size_of_noise), is_accepted


def _gaussian_attempt(size: int, variance: Fraction, step: int, words: RandomWords) -> tuple[Integers, Flags]:
    """Attempts at a discrete Gaussian from a Laplace of the next whole scale."""
    drawn = laplace_noise(size, Fraction(step), words)
    # (|Y| - variance/step)² / (2 variance), as one fraction over whole numbers.
    top, bottom = variance.numerator, variance.denominator
    distance = np.abs(drawn) * (step * bottom) - top
    over = 2 * top * bottom * step * step
    exponents = [int(each) ** 2 for each in distance.tolist()]
    whole = np.array([each // over for each in exponents], np.int64)
    # What is left is below one: cut to what whole numbers of 62 bits can compare exactly.
    shift = max(0, over.bit_length() - 40)
    if shift:
        raise ProjectError(
            f"Noise with the variance {variance} cannot be drawn exactly.", "Give a rounder fraction."
        )
    rest = np.array([each % over for each in exponents], np.int64)
    is_accepted = _happens_by_exponential(rest, np.full(size, over, np.int64), words)
    for _ in range(int(whole.max(initial=0))):
        going = np.nonzero(is_accepted & (whole > 0))[0]
        ones = np.ones(len(going), np.int64)
        is_accepted[going] = _happens_by_exponential(ones, ones, words)
        whole[going] -= 1
    return drawn, is_accepted


def _happens_by_exponential(top: Integers, bottom: Integers, words: RandomWords) -> Flags:
    """For each pair with 0 <= top <= bottom, True with probability exp(-top/bottom), exactly.

    Trials with the probabilities γ, γ/2, γ/3, … go on until one fails; the number made is odd with
    probability exp(-γ).
    """
    trials = np.ones(len(top), np.int64)
    going = np.arange(len(top))
    number = 1
    while len(going):
        going = going[_uniform(len(going), bottom[going] * number, words) < top[going]]
        number += 1
        trials[going] += 1
    found: Flags = trials % 2 == 1
    return found


def _uniform(size: int, below: Integers, words: RandomWords) -> Integers:
    """For each limit a whole number from 0 to below it, all equally likely: words that would favour some are
    thrown away."""
    found = np.zeros(size, np.int64)
    waiting = np.arange(size)
    limits = below.astype(np.uint64)
    while len(waiting):
        drawn = np.frombuffer(words(8 * len(waiting)), np.uint64)
        limit = limits[waiting]
        # The largest multiple of the limit that words reach.
        fair = drawn <= np.uint64(0xFFFFFFFFFFFFFFFF) - (np.uint64(0) - limit) % limit
        found[waiting[fair]] = (drawn[fair] % limit[fair]).astype(np.int64)
        waiting = waiting[~fair]
    return found
