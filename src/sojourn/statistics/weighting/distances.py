"""Distances between weights before and after: how a weight answers to what calibration asks of it.

With u the linear combination of a unit's auxiliaries, divided by its spread, the factor of its weight is
F(u), with F(0) = F'(0) = 1. The potential is the integral of F: calibration is the minimum of the sum of
weights times potentials, less the totals times the coefficients, which is convex and has no other minimum.

Source: J.-C. Deville and C.-E. Särndal, Calibration estimators in survey sampling, JASA 87 (1992), table 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from sojourn.errors import ProjectError

__all__ = ["Distance"]

Floats = npt.NDArray[np.float64]
# The exponential of more than this is no number.
_FAR = 700.0


@dataclass(frozen=True)
class Distance:
    """How far factors may go from one, and what it costs them.

    `linear`: F(u) = 1 + u, cut off at the bounds where there are any (truncated linear); factors may be
    negative without a lower bound. `raking`: F(u) = exp(u), cut off at the bounds; always above zero.
    `logit`: between both bounds, which it never reaches. Bounds lie on either side of one.
    """

    kind: Literal["linear", "raking", "logit"] = "linear"
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("linear", "raking", "logit"):
            raise ProjectError(
                f"There is no distance {self.kind!r}.", "The distances are `linear`, `raking` and `logit`."
            )
        if self.kind == "logit" and (self.lower is None or self.upper is None):
            raise ProjectError("The distance logit needs both bounds.", "Declare `lower` and `upper`.")
        low, high = self.limits
        if math.isnan(low) or math.isnan(high) or not low < 1 < high:
            raise ProjectError(
                f"The bounds {self.lower} and {self.upper} do not lie on either side of 1.",
                "They bound the factor that a weight is multiplied by: declare for instance 0.4 and 2.5.",
            )

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest factor; infinite where there is no bound."""
        least = 0.0 if self.kind == "raking" else -math.inf
        return (
            least if self.lower is None else max(self.lower, least),
            math.inf if self.upper is None else self.upper,
        )

    @property
    def is_bounded(self) -> bool:
        """Whether a bound was declared."""
        return self.lower is not None or self.upper is not None

    def factor(self, u: Floats) -> Floats:
        """F(u)."""
        low, high = self.limits
        if self.kind == "linear":
            found: Floats = np.clip(1 + u, low, high)
        elif self.kind == "raking":
            found = np.clip(np.exp(np.minimum(u, _FAR)), low, high)
        else:
            # Rounding may carry the sum a bit over the bound.
            found = np.clip(low + (high - low) * self._share(u), low, high)
        return found

    def slope(self, u: Floats) -> Floats:
        """The derivative of F; zero where a bound cuts it off."""
        low, high = self.limits
        if self.kind == "linear":
            found: Floats = ((1 + u > low) & (1 + u < high)).astype(np.float64)
        elif self.kind == "raking":
            grown = np.exp(np.minimum(u, _FAR))
            found = np.where((grown > low) & (grown < high), grown, 0.0)
        else:
            share = self._share(u)
            found = (high - low) * self._pace * share * (1 - share)
        return found

    def potential(self, u: Floats) -> Floats:
        """The integral of F from 0 to u."""
        low, high = self.limits
        if self.kind == "linear":
            inside = np.clip(u, low - 1, high - 1)
            found: Floats = inside + inside**2 / 2 + _beyond(u, inside, low, high)
        elif self.kind == "raking":
            inside = np.clip(u, np.log(low) if low > 0 else -np.inf, np.log(high))
            found = np.exp(np.minimum(inside, _FAR)) - 1 + _beyond(u, inside, low, high)
        else:
            # log((U - 1 + (1 - L)·exp(A·u)) / (U - L)), for large u as well.
            grown = np.logaddexp(math.log(high - 1), math.log(1 - low) + self._pace * u)
            found = low * u + (high - low) / self._pace * (grown - math.log(high - low))
        return found

    @property
    def _pace(self) -> float:
        """A = (U - L) / ((U - 1)(1 - L)), with which the slope at zero is one."""
        low, high = self.limits
        return (high - low) / ((high - 1) * (1 - low))

    def _share(self, u: Floats) -> Floats:
        """How far a logit factor lies from the lower bound to the upper one."""
        low, high = self.limits
        shifted = self._pace * u + math.log((1 - low) / (high - 1))
        found: Floats = 1 / (1 + np.exp(-np.clip(shifted, -_FAR, _FAR)))
        return found


def _beyond(u: Floats, inside: Floats, low: float, high: float) -> Floats:
    """What the potential grows by where the factor stays at a bound."""
    over = u - inside
    found: Floats = np.where(over > 0, high, np.where(over < 0, low, 0.0)) * over
    return found
