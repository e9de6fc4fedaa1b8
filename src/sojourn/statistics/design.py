"""Replicate designs: how the spread of replicate weights becomes a variance.

The variance of a figure is the sum, over the replicates, of a coefficient times the squared distance
between the figure under the replicate weight and a centre. Kind, coefficient and centre are declared by
those who made the weights; nothing is guessed from the numbers, and what is left open is an error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sojourn.errors import ProjectError

__all__ = ["ReplicateDesign"]

Kind = Literal["successive_difference", "jackknife", "brr", "fay", "bootstrap"]
_KINDS = ("successive_difference", "jackknife", "brr", "fay", "bootstrap")


@dataclass(frozen=True)
class ReplicateDesign:
    """Replicate weights of a survey and the rule that turns their spread into a variance.

    `coefficient` is one number for all R replicates or one for each. Left out, it is 4/R for successive
    differences, 1/R for balanced repeated replication and the bootstrap, and 1/(R(1-rho)^2) for Fay's method;
    a jackknife must declare it, since it depends on how units were deleted (JK1: (R-1)/R, JK2: 1, JKn: for
    each replicate (n-1)/n of its stratum). The `centre` is the estimate under the main weight, as statistical
    offices publish it, or the mean of the replicates. `degrees_of_freedom` left out are R-1, the most that R
    replicates can carry. `weight` is the column of the main weight; survey tables need it.

    Source: methods reference, sections 3.1 and 6; Wolter, Introduction to Variance Estimation, 2007.
    """

    kind: Kind
    weights: tuple[str, ...]
    coefficient: float | tuple[float, ...] | None = None
    rho: float | None = None
    centre: Literal["estimate", "mean"] = "estimate"
    degrees_of_freedom: int | None = None
    weight: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple(self.weights))
        for complaint, remedy in _complaints(self):
            raise ProjectError(f"A replicate design {complaint}", remedy)

    @property
    def coefficients(self) -> tuple[float, ...]:
        """The coefficient of each replicate's squared distance."""
        count = len(self.weights)
        if isinstance(self.coefficient, tuple):
            return tuple(float(each) for each in self.coefficient)
        if self.coefficient is not None:
            return (float(self.coefficient),) * count
        if self.kind == "successive_difference":
            return (4.0 / count,) * count
        if self.kind == "fay":
            return (1.0 / (count * (1.0 - (self.rho or 0.0)) ** 2),) * count
        return (1.0 / count,) * count

    @property
    def freedom(self) -> int:
        """The degrees of freedom that go with the variance."""
        return len(self.weights) - 1 if self.degrees_of_freedom is None else self.degrees_of_freedom


def _complaints(design: ReplicateDesign) -> list[tuple[str, str]]:
    """What is wrong with a design, and what to do about it."""
    found = []
    count = len(design.weights)
    if design.kind not in _KINDS:
        found.append((f"cannot be of kind {design.kind!r}.", f"The kinds are {', '.join(_KINDS)}."))
    if count < 2:
        found.append(
            (f"needs at least two replicate weights, not {count}.", "Name the columns in `weights`.")
        )
    if len(set(design.weights)) < count:
        found.append(("names a replicate weight twice.", "Name each column once."))
    if design.kind == "jackknife" and design.coefficient is None:
        found.append(
            (
                "of kind jackknife does not say its coefficient.",
                "Declare `coefficient`; for JK1 it is (R-1)/R.",
            )
        )
    if design.kind == "fay" and design.rho is None and design.coefficient is None:
        found.append(("of kind fay does not say its factor.", "Declare `rho`, between 0 and 1."))
    if design.rho is not None and (design.kind != "fay" or not 0 <= design.rho < 1):
        found.append(
            ("has a `rho` that does not fit.", "`rho` belongs to kind fay and is at least 0 and below 1.")
        )
    if design.rho is not None and design.coefficient is not None:
        found.append(("gives both `rho` and `coefficient`.", "Declare one of them: each decides the other."))
    given = design.coefficient if isinstance(design.coefficient, tuple) else (design.coefficient or 1.0,)
    if isinstance(design.coefficient, tuple) and len(given) != count:
        found.append(
            (f"has {len(given)} coefficients for {count} replicates.", "Give one number, or one for each.")
        )
    if any(not (math.isfinite(each) and each >= 0) for each in given) or design.coefficient == 0:
        found.append(("has a coefficient that is not a positive number.", "Declare numbers above zero."))
    if design.centre not in ("estimate", "mean"):
        found.append((f"cannot be centred on {design.centre!r}.", "The centre is `estimate` or `mean`."))
    if design.degrees_of_freedom is not None and design.degrees_of_freedom < 1:
        found.append(("needs at least one degree of freedom.", "Leave it out, or declare one or more."))
    return found
