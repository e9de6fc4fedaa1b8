"""Which donor gives to which recipient of a class: at random, the nearest, or the nearest within limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from sojourn.errors import DataRefused
from sojourn.statistics.weighting.gower import Likeness
from sojourn.statistics.weighting.grouped_rows import mixed

__all__ = ["Class", "nearest", "nearest_within_limits", "random_donors"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
_PAIRS_AT_ONCE = 2_000_000
# More would need gigabytes and hours.
_MOST_PAIRS_OF_A_CLASS = 40_000_000


@dataclass(frozen=True)
class Class:
    """Recipients and donors who agree in the columns of classes, by their places among all, in order."""

    name: str
    recipients: Integers
    donors: Integers


def random_donors(each: Class, weights: Floats, *, most_uses: int | None, seed: int) -> Integers:
    """A donor for each recipient, drawn with a chance by weight; within the limit if there is one.

    Raises: DataRefused when no donor of the class has a weight, or one is negative.
    """
    if most_uses is not None:
        # Each donor stands in line as often as it may give, the whole line in random order.
        line = np.tile(each.donors, most_uses)
        turn = np.repeat(np.arange(most_uses), len(each.donors))
        order = np.argsort(_drawn(seed, line, turn + 1), kind="stable")
        waiting = np.argsort(_drawn(seed, each.recipients, 0), kind="stable")
        found = np.empty(len(each.recipients), np.int64)
        found[waiting] = line[order[: len(each.recipients)]]
        return found
    chances = weights[each.donors]
    if np.any(chances < 0) or not chances.any():
        raise DataRefused(
            f"The donors of {each.name} have negative weights, or none.",
            "Correct the weights, or draw all donors with the same chance.",
        )
    steps = np.cumsum(chances)
    drawn = (_drawn(seed, each.recipients, 0) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    places = np.minimum(np.searchsorted(steps, drawn * steps[-1], side="right"), len(steps) - 1)
    chosen: Integers = each.donors[places]
    return chosen


def nearest(
    each: Class, likeness: Likeness, *, seed: int, on_progress: Callable[[int], None] = lambda done: None
) -> tuple[Integers, Floats]:
    """The nearest donor of each recipient, and the distance; among equally near ones one at random.

    `on_progress` is told how many recipients have one.
    """
    chosen = np.empty(len(each.recipients), np.int64)
    distance = np.empty(len(each.recipients))
    step = max(1, _PAIRS_AT_ONCE // len(each.donors))
    for first in range(0, len(each.recipients), step):
        some = each.recipients[first : first + step]
        far = likeness.distances(some, each.donors)
        least = far.min(axis=1)
        chance = _drawn(seed, some[:, None], each.donors[None, :] + 1)
        among = np.where(far == least[:, None], chance, np.iinfo(np.uint64).max)
        chosen[first : first + step] = each.donors[np.argmin(among, axis=1)]
        distance[first : first + step] = least
        on_progress(first + len(some))
    return chosen, distance


def nearest_within_limits(each: Class, likeness: Likeness, *, most_uses: int) -> tuple[Integers, Floats]:
    """Donors who give at most so often, with the least sum of distances over the class.

    Raises: DataRefused for a class with too many pairs to find that.
    """
    most_uses = min(most_uses, len(each.recipients))
    pairs = len(each.recipients) * len(each.donors) * most_uses
    if pairs > _MOST_PAIRS_OF_A_CLASS:
        raise DataRefused(
            f"The class of {each.name} has {len(each.recipients):,} recipients and {len(each.donors):,}"
            " donors: the nearest within limits cannot be found among so many.",
            "Make smaller classes with `within`, or leave out `most_uses`.",
        )
    far = likeness.distances(each.recipients, each.donors)
    rows, columns = linear_sum_assignment(np.tile(far, (1, most_uses)))
    places = columns % len(each.donors)
    return each.donors[places], far[rows, places]


def _drawn(seed: int, first: Integers, second: Integers | int) -> Hashes:
    """A random number of 64 bits for each pair of places, the same whenever seed and places are."""
    start = mixed(np.array([seed], np.uint64))
    found: Hashes = mixed(mixed(start + first.astype(np.uint64)) + np.asarray(second).astype(np.uint64))
    return found
