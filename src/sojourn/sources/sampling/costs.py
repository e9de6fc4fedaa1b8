"""What a survey costs: travel to places, doors, interviews."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from sojourn.errors import ProjectError

__all__ = ["CostModel"]


@dataclass(frozen=True)
class CostModel:
    """Costs in one currency: fixed, for each primary unit and the travel to it, each visit, each interview.

    A visit is that of a household drawn, whether or not anyone answers; screening belongs to it. An interview
    is that of one person.
    """

    fixed: float = 0.0
    primary_unit: float = 0.0
    travel: float = 0.0
    visit: float = 0.0
    interview: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            price = getattr(self, field.name)
            if not (math.isfinite(price) and price >= 0):
                raise ProjectError(f"The cost {field.name} is {price:g}.", "Costs are at least 0.")
        if self.primary_unit + self.travel + self.visit + self.interview == 0:
            raise ProjectError(
                "Nothing that the sample has more of costs anything.", "Give at least the cost of a visit."
            )

    def of(self, primary_units: float, visits: float, interviews: float) -> float:
        """The cost of so many places, visits and interviews."""
        return (
            self.fixed
            + (self.primary_unit + self.travel) * primary_units
            + self.visit * visits
            + self.interview * interviews
        )
