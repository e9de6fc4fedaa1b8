"""Measures: which figure is made of the records, in words that fit every design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sojourn.errors import ProjectError

__all__ = ["DISTRIBUTED", "LINEAR", "Measure", "Statistic"]

Statistic = Literal[
    "count",
    "total",
    "mean",
    "proportion",
    "share",
    "ratio",
    "quantile",
    "gini",
    "quintile_share_ratio",
    "poverty_rate",
    "poverty_gap",
]
LINEAR = ("count", "total", "mean", "proportion", "share", "ratio")
DISTRIBUTED = ("quantile", "gini", "quintile_share_ratio", "poverty_rate", "poverty_gap")
_OF_A_MEASURE = ("total", "mean", "ratio", *DISTRIBUTED)


@dataclass(frozen=True)
class Measure:
    """One statistic of the records that meet `where`.

    | statistic | is |
    |---|---|
    | `count` | the sum of weights |
    | `total` | the sum of weight times `of` |
    | `mean` | the total of `of` over the sum of weights, among those who state it |
    | `proportion` | the share of those who meet `when` among those of whom it is known |
    | `share` | the count over the count of the cell's base: the total over dimensions not in `within` |
    | `ratio` | the total of `of` over the total of `over`, among those who state both |
    | `quantile` | the value of `of` below which the share `at` of the weights lies |
    | `gini` | the Gini coefficient of `of` |
    | `quintile_share_ratio` | what the upper fifth has of `of` over what the lower fifth has |
    | `poverty_rate` | the share whose `of` is below the line |
    | `poverty_gap` | the mean shortfall from the line, as a share of it; nobody above it falls short |

    `where` and `when` are names of the cube's conditions. A poverty line is fixed (`line`), or the share
    `line_share` of the median of everyone who meets `where`, whatever their cell.
    """

    statistic: Statistic
    of: str | None = None
    over: str | None = None
    when: str | None = None
    where: str | None = None
    within: tuple[str, ...] = ()
    at: float | None = None
    line: float | None = None
    line_share: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "within", tuple(self.within))
        for complaint, remedy in _complaints(self):
            raise ProjectError(complaint, remedy)


def _complaints(measure: Measure) -> list[tuple[str, str]]:
    statistic, found = measure.statistic, []
    if statistic not in (*LINEAR, *DISTRIBUTED):
        return [(f"There is no statistic {statistic!r}.", f"There are {', '.join((*LINEAR, *DISTRIBUTED))}.")]
    if (statistic in _OF_A_MEASURE) != (measure.of is not None):
        needs = "needs a measure" if measure.of is None else "is of no measure"
        found.append((f"A {statistic} {needs}.", f"`of` belongs to {', '.join(_OF_A_MEASURE)}."))
    for name, value, owners in (
        ("over", measure.over, ("ratio",)),
        ("when", measure.when, ("proportion",)),
        ("at", measure.at, ("quantile",)),
    ):
        if (statistic in owners) != (value is not None):
            found.append((f"A {statistic} and `{name}` do not fit.", f"`{name}` belongs to {owners[0]}."))
    if measure.within and statistic != "share":
        found.append(("Only a share is taken within something.", "Leave out `within`, or ask for shares."))
    if measure.at is not None and not 0 < measure.at < 1:
        found.append(
            (f"There is no quantile at {measure.at}.", "`at` lies between 0 and 1; the median at 0.5.")
        )
    is_poverty = statistic in ("poverty_rate", "poverty_gap")
    lines = (measure.line is not None) + (measure.line_share is not None)
    if lines != (1 if is_poverty else 0):
        found.append(
            (
                f"A {statistic} with {lines} poverty lines cannot be made.",
                "Poverty has one line: `line`, or `line_share` of the median.",
            )
        )
    if (measure.line_share is not None and measure.line_share <= 0) or (
        measure.line is not None and measure.line <= 0
    ):
        found.append(("A poverty line must be above zero.", "Half the median is `line_share: 0.5`."))
    return found
