"""The budget of a source and period: what may be told of it in all, and what has been spent.

Losses of zero-concentrated differential privacy (ρ) add up. Pure differential privacy of ε is at most ρ of
half its square, so that both are kept in one book; a book that holds ε alone adds those up as well, and the
smaller bound holds.

Source: Bun and Steinke, Concentrated Differential Privacy, 2016, propositions 1.3 and 1.4 and lemma 2.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sojourn.errors import DisclosureRisk, ProjectError

__all__ = ["Budget", "Expense"]


@dataclass(frozen=True)
class Expense:
    """One publication that was paid for: by ε of pure, or ρ of zero-concentrated differential privacy."""

    purpose: str
    epsilon: Fraction | None = None
    rho: Fraction | None = None

    def __post_init__(self) -> None:
        given = self.epsilon if self.rho is None else self.rho
        if (self.epsilon is None) == (self.rho is None) or given is None or given <= 0:
            raise ProjectError("An expense is an ε or a ρ above 0.", "Give one of the two.")

    @property
    def as_rho(self) -> Fraction:
        """The expense as ρ."""
        return self.rho or (self.epsilon or Fraction(0)) ** 2 / 2


@dataclass(frozen=True)
class Budget:
    """What may be spent on one source and period: `epsilon` with the chance `delta` that it does not hold."""

    epsilon: Fraction
    delta: Fraction = Fraction(0)

    def loss(self, expenses: Sequence[Expense]) -> float:
        """The ε that all expenses together come to, at the budget's δ: the smaller of two bounds.

        Infinite where ρ was spent and δ is 0.
        """
        pure = [each.epsilon for each in expenses]
        summed = math.inf if None in pure else float(sum(each for each in pure if each is not None))
        if self.delta <= 0:
            return summed
        rho = float(sum((each.as_rho for each in expenses), Fraction(0)))
        return min(summed, rho + 2.0 * math.sqrt(rho * math.log(1.0 / float(self.delta))))

    def require(self, spent: Sequence[Expense], wanted: Expense) -> None:
        """Nothing, if the expense can be paid beside what was spent.

        Raises: DisclosureRisk if it cannot.
        """
        loss = self.loss([*spent, wanted])
        if loss > float(self.epsilon):
            raise DisclosureRisk(
                f"{wanted.purpose} would raise what is told of this source and period to ε = {loss:.4g}; its"
                f" budget is {float(self.epsilon):.4g}.",
                "Publish fewer or coarser figures, or more noise. A budget is not raised for one table.",
            )
