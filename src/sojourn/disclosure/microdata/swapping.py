"""Targeted record swapping: households of two places that look alike change places.

Households at risk are swapped first, and others up to the rate, so that nobody who finds a household in a
place can be sure that it lives there. Partners have the same profile, from the first list of columns in which
somebody elsewhere has it, so that tables by place change little and all others not at all. Each household is
swapped once. Chances are keyed: order of records and threads do not matter.

Source: targeted record swapping of the 2021 census of England and Wales and Eurostat's guidelines (ESSnet on
census confidentiality); J. Fienberg and J. McIntyre, Data swapping, PSD 2004.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError
from sojourn.sources.reader.compiled import compiled

__all__ = ["Swapped", "swapped_households"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Swapped:
    """The partner of each household (itself where it was not swapped), and how many at risk found none."""

    partner: Integers
    swapped: int
    at_risk: int
    without_partner: int


def swapped_households(
    place: Integers, profiles: Sequence[Integers], at_risk: Flags, chances: Floats, *, rate: float
) -> Swapped:
    """Pairs of households that change places: about `rate` of all households, those at risk at least.

    `place` numbers the places, each of `profiles` what a partner must be alike in, strictest first. Partners
    who are at risk themselves are preferred: one swap then protects two.

    Raises: ProjectError for a rate that is not above 0 and at most 1, or no profile.
    """
    if not 0 < rate <= 1:
        raise ProjectError(f"{rate} is no share of households.", "Give a rate above 0 and at most 1.")
    if not profiles:
        raise ProjectError("There is nothing that partners are alike in.", "Name columns of a profile.")
    households = len(place)
    partner = np.full(households, -1, np.int64)
    # Those at risk first, then by chance; partners are looked for in the same order.
    order = np.lexsort((chances, ~at_risk)).astype(np.int64)
    wanted = max(int(at_risk.sum()), round(rate * households))
    for profile in profiles:
        groups = order[np.argsort(profile[order], kind="stable")]
        starts = np.flatnonzero(np.r_[True, np.diff(profile[groups]) != 0, True]).astype(np.int64)
        group_of = np.empty(households, np.int64)
        group_of[groups] = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        _pair(place, at_risk, order, groups, starts, group_of, wanted, partner)
    swapped = partner >= 0
    found = np.where(swapped, partner, np.arange(households))
    return Swapped(found, int(swapped.sum()), int(at_risk.sum()), int(np.count_nonzero(at_risk & ~swapped)))


@compiled
def _pair(
    place: Any, at_risk: Any, order: Any, groups: Any, starts: Any, group_of: Any, wanted: Any, partner: Any
) -> Any:
    """Pair households in order with the first of their group that is elsewhere and free, until enough are.

    Within a group the free ones are a chain, and a place's own run is passed over once for all that look.
    """
    count = 0
    for row in range(len(partner)):
        count += partner[row] >= 0
    after = np.empty(len(groups) + 1, np.int64)
    for at in range(len(groups) + 1):
        after[at] = at
    for place_in_order in range(len(order)):
        one = order[place_in_order]
        if partner[one] >= 0:
            continue
        if count >= wanted and not at_risk[one]:
            break
        group = group_of[one]
        end = starts[group + 1]
        at = _free(after, partner, groups, starts[group], end)
        while at < end:
            other = groups[at]
            if other != one and place[other] != place[one]:
                partner[one], partner[other] = other, one
                count += 2
                break
            at = _free(after, partner, groups, at + 1, end)


@compiled
def _free(after: Any, partner: Any, groups: Any, at: Any, end: Any) -> Any:
    """The first place from `at` on whose household is free; paths are shortened as they are walked."""
    first = at
    while at < end and partner[groups[at]] >= 0:
        at = max(after[at], at + 1)
    while first < end and first < at:
        step = max(after[first], first + 1)
        after[first] = at
        first = step
    return at
