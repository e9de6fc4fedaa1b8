"""A series: which figure an SDG indicator asks for, of which persons, in the words of standard variables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sojourn.engine.rules import parse_rule
from sojourn.errors import ProjectError
from sojourn.statistics.survey.measures import Measure, Statistic

__all__ = ["DIFFERENCE_UNIT", "FACTORS", "Ages", "Series"]

# What a figure is multiplied by to be in its unit.
FACTORS = {"PT": 100.0, "P1000": 1_000.0, "P10000": 10_000.0, "P100000": 100_000.0}
DIFFERENCE_UNIT = {"PT": "PP"}
MadeFrom = Literal["microdata", "aggregates", "report"]
Fits = Literal["exact", "proxy", "part"]


@dataclass(frozen=True)
class Ages:
    """The ages of a universe in completed years, both ends included; an end that is None is open."""

    lower: int | None = None
    upper: int | None = None

    @property
    def condition(self) -> str:
        """The ages as a condition over the variable `age`; empty where both ends are open."""
        ends = []
        if self.lower is not None:
            ends.append(f"age >= {self.lower}")
        if self.upper is not None:
            ends.append(f"age <= {self.upper}")
        return " and ".join(ends)

    def holds_several(self, bounds: Collection[tuple[int, int | None]]) -> bool:
        """Whether the ages lie in more than one of these groups of ages."""
        lower, upper = self.lower or 0, self.upper if self.upper is not None else 10**6
        found = [low for low, high in bounds if low <= upper and (high is None or high >= lower)]
        return len(found) > 1


@dataclass(frozen=True)
class Series:
    """One figure: a statistic of the persons of a universe, with what its readers must know.

    `where` and `when` are conditions, `of` and `over` expressions over standard variables; see `Measure`
    for what the statistics are. A series that is not made from microdata has none of them and names the
    `function` over aggregates, if there is one. `fits` says how near it comes to the indicator's own
    definition. `gaps` are the comparisons of migrants with others; `breakdowns`, where given, the only
    ones that make sense; `detail` a further variable. What is `of_household` is also told by the status
    of the household's head.
    """

    id: str
    indicator: str
    title: str
    statistic: Statistic | None = None
    made_from: MadeFrom = "microdata"
    function: str | None = None
    ages: Ages = field(default_factory=Ages)
    where: str | None = None
    when: str | None = None
    of: str | None = None
    over: str | None = None
    at: float | None = None
    line: float | None = None
    line_share: float | None = None
    unit: str = "PT"
    gaps: tuple[Literal["difference", "ratio"], ...] = ("difference",)
    breakdowns: tuple[str, ...] | None = None
    detail: str | None = None
    of_household: bool = False
    fits: Fits = "exact"
    note: str = ""
    status: str = "proposed"
    is_verified: bool = False
    source: str = ""
    valid_from: date | None = None
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if (self.made_from == "microdata") != (self.statistic is not None):
            raise ProjectError(
                f"The series {self.id} is made from {self.made_from}, and its statistic is {self.statistic}.",
                "Series of microdata have a statistic, others none.",
            )
        if self.statistic is not None:
            self.measure(self.of, self.over, "when" if self.when else None, None)

    @property
    def universe(self) -> str | None:
        """The condition of belonging to the universe, ages included; None for everyone."""
        parts = [f"({self.where})" if self.where else "", self.ages.condition]
        return " and ".join(part for part in parts if part) or None

    @property
    def is_share(self) -> bool:
        """Whether the figure lies between 0 and 1 before it is put in its unit."""
        return self.statistic in ("proportion", "share", "poverty_rate")

    @property
    def factor(self) -> float:
        """What the figure is multiplied by to be in its unit."""
        return FACTORS.get(self.unit, 1.0)

    def measure(self, of: str | None, over: str | None, when: str | None, where: str | None) -> Measure:
        """The survey measure, over columns and conditions of these names.

        Raises: ProjectError where the parts do not belong to the statistic, naming the series.
        """
        try:
            return Measure(
                self.statistic or "count",
                of=of, over=over, when=when, where=where, at=self.at, line=self.line,
                line_share=self.line_share,
            )  # fmt: skip
        except ProjectError as error:
            raise ProjectError(
                f"The series {self.id}: {error.problems[0].message}", error.problems[0].remedy
            ) from error

    def variables(self, known: Collection[str]) -> frozenset[str]:
        """The variables that the figure is made of.

        Raises: ProjectError for an expression that cannot be read or names no known variable.
        """
        texts = [text for text in (self.universe, self.when, self.of, self.over) if text]
        return frozenset().union(*(parse_rule(text, known).columns for text in texts))
