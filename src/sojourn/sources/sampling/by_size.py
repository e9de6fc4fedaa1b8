"""Drawing with unequal chances: inclusion probabilities by size, and the samples of Pareto and Sampford.

Pareto's sample is quick and goes with permanent numbers, so that two surveys can share or spare units; its
inclusion probabilities are those asked for but for a small error. Sampford's keeps them exactly.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError
from sojourn.sources.reader.compiled import compiled

__all__ = ["drawn_by_pareto", "drawn_by_sampford", "inclusion_probabilities"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def inclusion_probabilities(sizes: npt.ArrayLike, number: int) -> Floats:
    """The chance of each unit to be drawn when `number` are drawn in proportion to their sizes.

    A unit whose share would be above 1 is sure to be drawn, and the rest is shared out among the others, and
    so on. Units without a size are never drawn.

    Raises: ProjectError for a negative or missing size, or fewer units with a size than are to be drawn.
    Source: C.-E. Särndal, B. Swensson and J. Wretman, Model Assisted Survey Sampling (1992), section 3.6.2.
    """
    size = np.asarray(sizes, np.float64)
    if size.ndim != 1 or not np.all(np.isfinite(size) & (size >= 0)):
        raise ProjectError("Sizes are at least 0, none missing.", "Look at the column of sizes.")
    if not 0 <= number <= np.count_nonzero(size):
        raise ProjectError(
            f"{number:,} units cannot be drawn: {np.count_nonzero(size):,} have a size.", "Draw fewer."
        )
    is_sure = np.zeros(len(size), bool)
    while True:
        left, room = number - np.count_nonzero(is_sure), size[~is_sure].sum()
        chance = np.where(is_sure, 1.0, left * size / room if room > 0 else 0.0)
        above = ~is_sure & (chance >= 1.0)
        if not above.any():
            return chance
        is_sure |= above


def drawn_by_pareto(chance: Floats, ranks: Integers, probability: Floats) -> Flags:
    """Pareto's sample: the units with the lowest odds of their number over odds of their probability.

    `chance` is a number of each unit between 0 and 1; the sum of the probabilities is the whole number drawn.

    Raises: ProjectError when the sum is not a whole number.
    Source: B. Rosén, On sampling with probability proportional to size, Journal of Statistical Planning and
    Inference 62 (1997).
    """
    number = _number_of(probability)
    with np.errstate(divide="ignore"):
        wish = (chance / (1 - chance)) * ((1 - probability) / probability)
    drawn = np.zeros(len(chance), bool)
    drawn[np.lexsort((ranks, wish))[:number]] = True
    return drawn


def drawn_by_sampford(chance: Floats, lead: float, probability: Floats) -> Flags:
    """Sampford's sample, with exactly the probabilities asked for; units are in a fixed order, as by rank.

    The sample has probability proportional to sum(1 - p) · product(p/(1 - p)) over its units. One unit is
    chosen first, by `lead` between 0 and 1, with the chance that it leads; the others follow one by one, each
    with its chance given how many are still to be drawn: no sample is thrown away. Time and memory grow as
    units times the number drawn.

    Raises: ProjectError when the sum of the probabilities is not a whole number, or units times number are
    more than a hundred million.
    Source: M. Sampford, On sampling without replacement with unequal probabilities of selection, Biometrika
    54 (1967); A. Grafström, Non-rejective implementations of the Sampford sampling design, Journal of
    Statistical Planning and Inference 139 (2009).
    """
    number = _number_of(probability)
    drawn = probability >= 1.0
    open_units = np.flatnonzero((probability > 0) & ~drawn)
    wanted = number - int(np.count_nonzero(drawn))
    if len(open_units) * wanted > 10**8:
        raise ProjectError(
            f"{len(open_units):,} units and {wanted:,} to draw are too many for Sampford's sample.",
            "Draw by Pareto's, or systematically.",
        )
    if wanted:
        taken = _sampford(probability[open_units], chance[open_units], lead, wanted)
        drawn[open_units[taken]] = True
    return drawn


def _number_of(probability: Floats) -> int:
    total = float(probability.sum())
    if not np.all((probability >= 0) & (probability <= 1)) or abs(total - round(total)) > 1e-6:
        raise ProjectError(
            "Chances lie between 0 and 1 and add up to a whole number.", "Compute them from sizes."
        )
    return round(total)


@compiled
def _counts(probability: Floats, most: int, backwards: bool) -> Floats:
    """P(so many of the units before, or from, each place), if each were drawn by its own chance alone."""
    number = len(probability)
    found = np.zeros((number + 1, most + 1))
    found[number if backwards else 0, 0] = 1.0
    for step in range(number):
        unit = number - 1 - step if backwards else step
        here, there = (unit + 1, unit) if backwards else (unit, unit + 1)
        for many in range(most + 1):
            found[there, many] = found[here, many] * (1 - probability[unit])
            if many:
                found[there, many] += found[here, many - 1] * probability[unit]
    return found


@compiled
def _sampford(probability: Floats, chance: Floats, lead: float, wanted: int) -> Flags:
    before, after = _counts(probability, wanted, False), _counts(probability, wanted, True)
    number = len(probability)
    leads = np.zeros(number)
    for unit in range(number):
        for many in range(wanted):
            leads[unit] += before[unit, many] * after[unit + 1, wanted - 1 - many]
        leads[unit] *= probability[unit] * (1 - probability[unit])
    leads /= leads.sum()
    leader, reached = 0, leads[0]
    while reached <= lead and leader < number - 1:
        leader += 1
        reached += leads[leader]
    rest = probability.copy()
    rest[leader] = 0.0
    after = _counts(rest, wanted, True)
    taken = np.zeros(number, np.bool_)
    taken[leader] = True
    left = wanted - 1
    for unit in range(number):
        if left and unit != leader:
            share = rest[unit] * after[unit + 1, left - 1] / after[unit, left]
            if chance[unit] < share:
                taken[unit] = True
                left -= 1
    return taken
