"""What is declared of the noise in counts, and whether there is such noise.

Small counts can become neither negative nor one of the forbidden small numbers: each of those that are within
reach of either has a distribution of its own. All larger counts share the last one, which is symmetric.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sojourn.disclosure.cell_keys.entropy import Noise, variances_possible
from sojourn.disclosure.cell_keys.secrets import Hidden
from sojourn.errors import ProjectError

__all__ = ["NoiseSettings"]

_LARGEST = 100
_ROUNDING = 1e-9


@dataclass(frozen=True, repr=False)
class NoiseSettings(Hidden):
    """Secret: the largest change `D` of a count, the variance `V`, the last forbidden small count `js`.

    Counts 1 to `forbidden` are never published; zero is. With `stay` a count is left as it is with at least
    that probability, unless it is forbidden. With `is_monotone` a count becomes no smaller number with a
    larger probability than one that is nearer to it, as in R `ptable` with `mono`.

    Raises: ProjectError for settings that no noise can have, with those that it could have.
    """

    largest: int
    variance: float
    forbidden: int = 0
    stay: float = 0.0
    is_monotone: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.largest <= _LARGEST:
            raise ProjectError(
                "The largest change of a count is out of range.", f"Take 1 to {_LARGEST}; 3 to 10 are usual."
            )
        if self.forbidden < 0 or not 0 <= self.stay < 1:
            raise ProjectError(
                "Forbidden counts cannot be fewer than none, and a probability to stay is below one.",
                "Leave both out, or take for instance forbidden 2 and stay 0.3.",
            )
        if self.forbidden > self.largest:
            raise ProjectError(
                "A count of one could only become zero, and counts would be too low on average.",
                f"With {self.forbidden} forbidden counts the largest change is {self.forbidden} or more.",
            )
        if not np.isfinite(self.variance) or self.variance <= 0:
            raise ProjectError("The variance of noise is a positive number.", "Take for instance 2 or 3.")
        self._refuse_impossible()

    @property
    def rows(self) -> int:
        """How many counts have a distribution of their own; the last is that of all larger ones."""
        return self.largest + (self.forbidden + 1 if self.forbidden else 0)

    def noise(self, count: int) -> Noise:
        """What the noise of a count can be."""
        reached = np.arange(max(count - self.largest, 0), count + self.largest + 1)
        allowed = reached[(reached == 0) | (reached > self.forbidden)]
        return Noise(allowed - count, self.stay, self.is_monotone)

    def _refuse_impossible(self) -> None:
        possible = [variances_possible(self.noise(count)) for count in range(1, self.rows + 1)]
        known = [limits for limits in possible if limits is not None]
        if len(known) < len(possible):
            raise ProjectError(
                "For some count there is no noise of mean zero.",
                "Take a larger change or fewer forbidden counts.",
            )
        least, most = max(low for low, _ in known), min(high for _, high in known)
        if least - _ROUNDING <= self.variance <= most + _ROUNDING:
            return
        said = f"No noise within ±{self.largest} has the variance {self.variance:g} for every count"
        if least > most:
            raise ProjectError(
                f"{said}, nor any other: one count needs {least:g} or more, another {most:g} at most.",
                "Take a larger change, fewer forbidden counts, or a smaller probability to stay.",
            )
        raise ProjectError(
            f"{said} with {self.forbidden} forbidden counts.",
            f"With these, take a variance from {_up(least):g} to {_down(most):g}, or "
            + ("fewer forbidden counts." if self.variance < least else "a larger change."),
        )


def _up(number: float) -> float:
    return max(0.0, float(np.ceil(number * 1e4 - 1e-6) / 1e4))


def _down(number: float) -> float:
    return float(np.floor(number * 1e4 + 1e-6) / 1e4)
