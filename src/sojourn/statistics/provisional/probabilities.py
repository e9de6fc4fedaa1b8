"""How likely is an open crossing to be found a migration? Learned from crossings that looked alike when open.

What the rule decides is decided and never estimated. For the rest, a classifier is fitted for each band of
months since the crossing, oldest first. It sees crossings as they looked at that age and learns from their
outcome; where that is still open at the vintage, but the crossing has left the band, from the probability
that the older band's classifier gives it. By the law of total probability both have the same expectation,
so that the younger bands learn from the most recent behaviour without waiting sixteen months for it, and
without the bias of taking only what was decided early.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from sojourn.statistics.provisional.histories import (
    UNKNOWN,
    YES,
    Histories,
    OpenCrossings,
    last_day_of_month,
)
from sojourn.statistics.provisional.open_kernel import MOVING

__all__ = ["LearningWindow", "bands_of_age", "probabilities"]

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Chances = npt.NDArray[np.float64]

# Rows of one stratum (direction, side, outcome) from which a band learns; a sample stands for more.
MOST_ROWS = 4_000
# A classifier distinguishes at most 255 values: days to the day up to here, to three days beyond.
_EXACT_DAYS = 60
_COARSE_DAYS = 3
_MOST_DAYS = 600
_MOST_CODES = 250


@dataclass(frozen=True)
class LearningWindow:
    """From how many months' crossings each band of age learns, and the fewest that it must have."""

    months: int = 36
    fewest: int = 6

    def __post_init__(self) -> None:
        if self.fewest < 1 or self.months < self.fewest:
            raise ValueError(
                f"Nothing can be learned from {self.months} months when {self.fewest} are needed."
            )


def bands_of_age(window_days: int) -> tuple[tuple[int, int], ...]:
    """Months since the crossing's month, in bands that double; the last one ends with the window."""
    oldest = -(-window_days // 30)
    bands, low = [(0, 0)], 1
    while low * 3 <= oldest:
        bands.append((low, 2 * low - 1))
        low *= 2
    return (*bands, (low, oldest))


def probabilities(
    known: Histories, month: int, *, learning: LearningWindow, seed: int = 0
) -> tuple[Numbers, Chances]:
    """The crossings that were open at the end of a month, and how likely each is to be found a migration.

    Crossings from before the window's days had passed once are not learned from: hardly anybody's state of
    residence was known then. They are open no more when enough months have become final to learn from.
    """
    until = int(last_day_of_month(np.array([month]))[0])
    label = known.label(until)
    bands = bands_of_age(known.window)
    since = month - bands[-1][1] - learning.months
    recent = (known.months >= since) & (known.months <= month) & (known.days >= known.first + known.window)
    seen = known.open_at(since, month, recent)
    measures = _Measures(known, seen, _traffic(known, seen, since, month))
    months_passed = month - known.months[seen.rows]
    chance = np.full(len(known), np.nan)
    for low, high in reversed(bands):
        in_band = (seen.ages >= low) & (seen.ages <= high)
        left_behind = (months_passed > high) & (months_passed <= high + learning.months)
        learned = np.flatnonzero(in_band & left_behind)
        rows = seen.rows[learned]
        outcome = np.where(label[rows] == UNKNOWN, chance[rows], label[rows] == YES)
        now = np.flatnonzero(in_band & (months_passed == seen.ages))
        chance[seen.rows[now]] = _predicted(measures, learned, outcome, now, seed)
    found = np.flatnonzero(~np.isnan(chance))
    return found, chance[found]


def _traffic(known: Histories, seen: OpenCrossings, since: int, month: int) -> Floats:
    """How busy the border was in the month that ends with the look, in the crossing's direction.

    One is the average of the months learned from. When fewer people make short journeys, more of those
    who are away have left for good.
    """
    inside = np.flatnonzero((known.months >= since) & (known.months <= month))
    place = 2 * (known.months[inside] - since) + known.sides[inside]
    counts = np.bincount(place, minlength=2 * (month - since + 1)).reshape(-1, 2)
    busy = counts / np.maximum(counts.mean(axis=0), 1)
    found: Floats = busy[known.months[seen.rows] + seen.ages - since, known.sides[seen.rows]]
    return found.astype(np.float32)


@dataclass(frozen=True)
class _Measures:
    """What a classifier sees: a row for a crossing and a look, a column for a measure."""

    known: Histories
    seen: OpenCrossings
    traffic: Floats

    @property
    def are_codes(self) -> list[bool]:
        fixed = [name in self.known.categories for name in self.known.fixed_names]
        return [False] * len(MOVING) + fixed + [False]

    def of(self, which: Numbers) -> Floats:
        """The measures of some looks, as coarse as a classifier distinguishes them."""
        fixed = self.known.fixed[:, self.seen.rows[which]]
        found = np.vstack([self.seen.known[:, which], fixed]).T
        coarse = _EXACT_DAYS + _COARSE_DAYS * ((found - _EXACT_DAYS) // _COARSE_DAYS)
        is_days = ~np.array(self.are_codes[:-1])
        found = np.where(is_days & (found > _EXACT_DAYS), np.minimum(coarse, _MOST_DAYS), found)
        return np.hstack([found, self.traffic[which, None]]).astype(np.float32)

    def strata(self, which: Numbers, outcome: Chances) -> npt.NDArray[np.int64]:
        """Direction, side and outcome of each look as one number below eight."""
        is_on_new_side = self.seen.known[MOVING.index("is_on_new_side"), which] > 0
        sides = self.known.sides[self.seen.rows[which]].astype(np.int64)
        found: Numbers = 4 * (outcome > 0) + 2 * sides + is_on_new_side
        return found


def _predicted(measures: _Measures, learned: Numbers, outcome: Chances, now: Numbers, seed: int) -> Chances:
    """The probabilities of the looks `now`, from those `learned` with their outcomes, certain or not.

    An uncertain outcome is learned from twice: as a migration and as none, weighted by its probability.
    """
    if not len(now):
        return np.zeros(0)
    total, count = outcome.sum(), len(outcome)
    if total in (0, count):
        # Nothing to tell apart: the share that was seen, drawn towards one half as by one look more.
        return np.full(len(now), (total + 0.5) / (count + 1))
    kept, weight = _sample(measures.strata(learned, outcome), seed)
    outcome, measured = outcome[kept], measures.of(learned[kept])
    uncertain = np.flatnonzero((outcome > 0) & (outcome < 1))
    both = np.concatenate([np.arange(len(kept)), uncertain])
    is_migration = np.concatenate([outcome > 0, np.zeros(len(uncertain), bool)])
    share = np.concatenate([np.where(outcome > 0, outcome, 1), 1 - outcome[uncertain]])
    measured, of_now, are_codes = _comparable(measured, measures.of(now), measures.are_codes)
    model = HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=15, min_samples_leaf=40, l2_regularization=1.0,
        categorical_features=are_codes, early_stopping=False, random_state=seed,
    )  # fmt: skip
    # Threads would add sums in an order of their own, and the last bits of a figure would depend on them.
    with threadpool_limits(limits=1):
        model.fit(measured[both], is_migration, sample_weight=share * weight[both])
        chances: Chances = model.predict_proba(of_now)[:, 1]
    return chances


def _sample(strata: Numbers, seed: int) -> tuple[Numbers, Chances]:
    """Which rows to learn from, and how many each stands for: at most MOST_ROWS of a stratum."""
    draw = np.random.default_rng(seed)
    kept, weights = [], []
    for stratum in range(8):
        rows = np.flatnonzero(strata == stratum)
        chosen = np.sort(draw.permutation(rows)[:MOST_ROWS])
        kept.append(chosen)
        weights.append(np.full(len(chosen), len(rows) / max(len(chosen), 1)))
    return np.concatenate(kept), np.concatenate(weights)


def _comparable(learned: Floats, now: Floats, are_codes: Sequence[bool]) -> tuple[Floats, Floats, list[bool]]:
    """The measures that tell anything apart; codes numbered anew, and missing where they are rare.

    A classifier takes at most 255 codes. What was never learned from is missing too, and is treated as
    whatever else is rare.
    """
    for column in np.flatnonzero(are_codes):
        codes, counts = np.unique(learned[:, column], return_counts=True)
        frequent = np.sort(codes[np.argsort(-counts, kind="stable")[:_MOST_CODES]])
        for values in (learned, now):
            place = np.minimum(np.searchsorted(frequent, values[:, column]), len(frequent) - 1)
            is_frequent = frequent[place] == values[:, column]
            values[:, column] = np.where(is_frequent, place, np.nan)
    lowest, highest = np.fmin.reduce(learned, axis=0), np.fmax.reduce(learned, axis=0)
    varied = np.flatnonzero(lowest < highest)
    return learned[:, varied], now[:, varied], [are_codes[int(column)] for column in varied]
