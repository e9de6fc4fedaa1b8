"""What a reader knows before any figure is published: how small and how large a cell can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sojourn.disclosure.suppression.cells import Cells
from sojourn.disclosure.suppression.program import Room
from sojourn.errors import DisclosureRisk, ProjectError

__all__ = ["Prior"]


@dataclass(frozen=True)
class Prior:
    """A reader knows each withheld figure to lie between two shares of its value, in the least case nothing.

    Without `upper_share` figures may be as large as they like; a `lower_share` of 0 says that they are not
    negative. `least` is what every figure that is not zero has at least: one person, in a table of persons.
    With `may_be_negative` the shares are of the absolute value, and without a `lower_share` above 0 there is
    no lower end. With an `upper_share` a reader who sees that a zero is withheld knows that it is zero.
    """

    lower_share: float = 0.0
    upper_share: float | None = None
    least: float = 0.0
    may_be_negative: bool = False

    def __post_init__(self) -> None:
        is_upper_wrong = self.upper_share is not None and self.upper_share < 1
        if not 0 <= self.lower_share <= 1 or is_upper_wrong or self.least < 0:
            raise ProjectError(
                "What a reader knows must hold the true figures.",
                "Use a lower share from 0 to 1, an upper share of 1 or more, and a least of 0 or more.",
            )

    def room(self, cells: Cells) -> Room:
        """How far each cell can fall and rise for a reader who knows no more than this.

        Raises: DisclosureRisk if a figure is negative, or below the least, against what is declared.
        """
        values = cells.values
        size = np.abs(values)
        if not self.may_be_negative and np.any(values < 0):
            raise DisclosureRisk(
                f"{int(np.sum(values < 0))} figures are negative.",
                "Declare what readers know of them with may_be_negative.",
            )
        if np.any((size > 0) & (size < self.least)):
            raise DisclosureRisk(
                "Some figures are smaller than the least that readers are said to know.",
                "Declare a smaller `least`.",
            )
        down = size * (1.0 - self.lower_share)
        if self.may_be_negative and self.lower_share == 0:
            down = np.full(cells.size, np.inf)
        elif self.least:
            down = np.minimum(down, np.where(size > 0, size - self.least, 0.0))
        endless = np.full(cells.size, np.inf)
        up = endless if self.upper_share is None else size * (self.upper_share - 1.0)
        return Room(np.maximum(down, 0.0), up)
