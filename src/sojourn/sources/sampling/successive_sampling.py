"""Successive sampling: the chance to be among the first n, when units are drawn one by one by their size.

Each draw takes a unit of those that are left with a probability in proportion to its size. This is the same
as letting every unit arrive after a random time, exponential with its size as the rate, and taking the first
n. So a unit's chance is that of arriving before the nth of the others. Their number by a moment is nearly
normal, which gives the distribution of the nth arrival; the chance is the mean over it, by Gauss and
Hermite's nodes. No simulation is needed, and the same sizes always give the same chances.

Source: K. Gile, Improved inference for respondent-driven sampling data with application to HIV prevalence
estimation, Journal of the American Statistical Association 106 (2011), who simulates the chances.
"""

from __future__ import annotations

import numpy as np

from sojourn.sources.sampling.sample_columns import Floats

__all__ = ["population_by_size", "successive_probabilities"]

_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(9)
_SHARES = _SHARES / _SHARES.sum()
_STEPS = 60
_ROUNDS = 200


def successive_probabilities(sizes: Floats, counts: Floats, draws: Floats) -> Floats:
    """The probability that a unit of each size is among the first draws.

    `sizes` are the k different ones, above zero; `counts`, populations × k, how many units have each (they
    need not be whole); `draws` how many units of each population are drawn. Where that is everyone it is 1.
    """
    everyone = counts.sum(axis=1)
    # Times in units of the mean size, so that sizes of any magnitude are alike.
    rates = sizes[None, :] / (counts @ sizes / everyone)[:, None]
    wanted = np.minimum(draws, everyone)[:, None] - 0.5
    start = np.maximum(-np.log1p(-np.minimum(wanted / everyone[:, None], 1 - 1e-9)), 1e-12)
    times = np.repeat(start, len(_NODES), axis=1)
    for _ in range(_STEPS):
        gone = np.exp(-times[:, :, None] * rates[:, None, :])
        weighted = gone * counts[:, None, :]
        arrived = everyone[:, None] - weighted.sum(axis=2)
        spread = np.sqrt(np.maximum((weighted * (1 - gone)).sum(axis=2), 1e-300))
        pace = (weighted * rates[:, None, :]).sum(axis=2)
        turn = (weighted * rates[:, None, :] * (2 * gone - 1)).sum(axis=2) / (2 * spread)
        slope = np.maximum(pace + _NODES * turn, 0.05 * pace)
        step = (wanted - arrived - _NODES * spread) / np.maximum(slope * times, 1e-300)
        times = times * np.exp(np.clip(step, -1, 1))
        if np.abs(step).max() < 1e-12:
            break
    # Without the unit itself the others need a little longer.
    gone = np.exp(-times[:, :, None] * rates[:, None, :])
    pace = (gone * counts[:, None, :] * rates[:, None, :]).sum(axis=2)[:, :, None]
    later = times[:, :, None] + (1 - gone) / np.maximum(pace, 1e-300)
    chance = 1 - np.exp(-later * rates[:, None, :])
    found = np.einsum("rjk,j->rk", chance, _SHARES)
    found *= (draws / (found * counts).sum(axis=1))[:, None]
    return np.where((draws >= everyone)[:, None], 1.0, np.minimum(found, 1.0))


def population_by_size(sizes: Floats, sampled: Floats, everyone: float) -> tuple[Floats, Floats]:
    """Gile's estimate of how many units of each size there are, and of their probabilities to be drawn.

    `sampled`, samples × k, are the sampled units of each size. Starting from chances in proportion to size,
    the population is estimated by the chances, and the chances from that population, until nothing changes.
    """
    draws = sampled.sum(axis=1)
    chances = np.repeat(sizes[None, :], len(sampled), axis=0).astype(float)
    counts = np.zeros_like(chances)
    for _ in range(_ROUNDS):
        before = counts
        counts = sampled / chances
        counts *= everyone / counts.sum(axis=1, keepdims=True)
        if np.abs(counts - before).max() <= 1e-9 * everyone:
            break
        chances = successive_probabilities(sizes, counts, draws)
    return counts, chances
