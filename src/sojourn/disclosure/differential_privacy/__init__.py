"""Differential privacy for aggregates of new sources: bounded persons, exact noise, a kept budget.

Whoever counts what persons did bounds first what one of them can add, then draws noise that hides it, and
pays for it from the budget of the source and period.
"""

from sojourn.disclosure.differential_privacy.bounds import bounded
from sojourn.disclosure.differential_privacy.budget import Budget, Expense
from sojourn.disclosure.differential_privacy.noise import RandomWords, gaussian_noise, laplace_noise
from sojourn.disclosure.differential_privacy.noisy_counts import NoisyCounts, noisy_counts

__all__ = [
    "Budget",
    "Expense",
    "NoisyCounts",
    "RandomWords",
    "bounded",
    "gaussian_noise",
    "laplace_noise",
    "noisy_counts",
]
