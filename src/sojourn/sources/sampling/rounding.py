"""Good plans in whole units from sizes in fractions: what the solver starts from, and falls back on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.sources.sampling.allocation import TOLERANCE, Goals, Strata

__all__ = ["fitted", "rounded_up"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def rounded_up(strata: Strata, goals: Goals, sizes: Floats) -> Integers:
    """Whole sizes that meet the goals: all rounded up, then units taken back while the goals still hold.

    Of the units that can go, the one goes that saves most for what it takes from the goals' slack.
    """
    found = np.clip(np.ceil(sizes - 1e-9), strata.least, strata.most).astype(np.int64)
    allowed = (goals.most + goals.finite)[:, None]
    matrix = goals.spread / np.where(allowed > 0, allowed, 1.0)
    slack = 1.0 + TOLERANCE / 2 - matrix @ (1.0 / found)
    while True:
        can = found > strata.least
        taken = np.where(can, 1.0 / np.maximum(found - 1, 1) - 1.0 / found, np.inf)
        loss = matrix * np.where(can, taken, 0.0)
        fits = can & np.all(loss <= np.maximum(slack, 0.0)[:, None], axis=0)
        if not fits.any():
            return found
        use = np.max(loss / np.maximum(slack, 1e-300)[:, None], axis=0)
        worth = np.where(fits, strata.cost / np.maximum(use, 1e-300), -1.0)
        place = int(np.argmax(worth))
        slack -= loss[:, place]
        found[place] -= 1


def fitted(strata: Strata, goals: Goals, sizes: Floats, budget: float) -> Integers:
    """Whole sizes that keep the budget: all rounded down, then units given to the worst goal as they fit."""
    found = np.clip(np.floor(sizes + 1e-9), strata.least, strata.most).astype(np.int64)
    left = budget * (1 + TOLERANCE / 2) - float(strata.cost @ found)
    while len(goals):
        can = (found < strata.most) & (strata.cost <= left)
        ratio = goals.variances(found) / goals.most
        gain = np.where(can, 1.0 / found - 1.0 / (found + 1), 0.0)
        worst = int(np.argmax(ratio))
        worth = goals.spread[worst] * gain / strata.cost
        if not np.any(worth > 0):
            return found
        place = int(np.argmax(worth))
        found[place] += 1
        left -= float(strata.cost[place])
    return found
