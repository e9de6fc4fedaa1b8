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

_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(5)
_SHARES = _SHARES / _SHARES.sum()
_STEPS = 60
_ROUNDS = 200


def successive_probabilities(sizes: Floats, counts: Floats, draws: Floats) -> Floats:
    """The probability that a unit of each size is among the first draws.

    `sizes` are the k different ones, above zero; `counts`, populations × k, how many units have each (they
    need not be whole); `draws` how many units of each population are drawn. Where that is everyone it is 1.
    """
    return _probabilities(sizes, counts, draws, _first_times(counts, draws))[0]


def population_by_size(sizes: Floats, sampled: Floats, everyone: float) -> tuple[Floats, Floats]:
    """Gile's estimate of how many units of each size there are, and of their probabilities to be drawn.

    `sampled`, samples × k, are the sampled units of each size. Starting from chances in proportion to size,
    the population is estimated by the chances, and the chances from that population, until nothing changes.
    """
    draws = sampled.sum(axis=1)
    chances = np.repeat(sizes[None, :], len(sampled), axis=0).astype(float)
    counts = np.zeros_like(chances)
    times = np.zeros(0)
    for turn in range(_ROUNDS):
        before = counts
        counts = sampled / chances
        counts *= everyone / counts.sum(axis=1, keepdims=True)
        if np.abs(counts - before).max() <= 1e-9 * everyone:
            break
        if turn == 0:
            times = _first_times(counts, draws)
        chances, times = _probabilities(sizes, counts, draws, times)
    return counts, chances


def _first_times(counts: Floats, draws: Floats) -> Floats:
    """Where the search for arrival times begins, populations × nodes: as if all sizes were the same."""
    part = np.minimum(draws / counts.sum(axis=1), 1 - 1e-9)
    return np.repeat(np.maximum(-np.log1p(-part), 1e-12)[:, None], len(_NODES), axis=1)


def _probabilities(sizes: Floats, counts: Floats, draws: Floats, times: Floats) -> tuple[Floats, Floats]:
    """The probabilities, and the nth arrival's times at the nodes, by Newton's steps from those given."""
    everyone = counts.sum(axis=1)
    # Times in units of the mean size, so that sizes of any magnitude are alike.
    rates = sizes[None, None, :] / (counts @ sizes / everyone)[:, None, None]
    wanted = np.minimum(draws, everyone)[:, None] - 0.5
    of_size, by_rate = counts[:, :, None], (counts[:, None, :] * rates).transpose(0, 2, 1)
    for _ in range(_STEPS):
        gone = np.exp(-times[:, :, None] * rates)
        left = (gone @ of_size)[:, :, 0]
        square = gone * gone
        spread = np.sqrt(np.maximum(left - (square @ of_size)[:, :, 0], 1e-300))
        pace = (gone @ by_rate)[:, :, 0]
        turn = ((square @ by_rate)[:, :, 0] * 2 - pace) / (2 * spread)
        slope = np.maximum(pace + _NODES * turn, 0.05 * pace)
        step = (wanted - everyone[:, None] + left - _NODES * spread) / np.maximum(slope * times, 1e-300)
        times = times * np.exp(np.clip(step, -1, 1))
        if np.abs(step).max() < 1e-12:
            break
    # Without the unit itself the others need a little longer.
    gone = np.exp(-times[:, :, None] * rates)
    pace = gone @ by_rate
    later = times[:, :, None] + (1 - gone) / np.maximum(pace, 1e-300)
    found = ((1 - np.exp(-later * rates)) * _SHARES[None, :, None]).sum(axis=1)
    found *= (draws / (found * counts).sum(axis=1))[:, None]
    return np.where((draws >= everyone)[:, None], 1.0, np.minimum(found, 1.0)), times
