"""How many people must answer for a figure to be as precise as it has to be, and the reverse.

A figure is guessed beforehand: its value, and the variance of one answer. The variance of the estimate is
that of one answer, times the design effect, over the number of answers, less what is known because the
population is finite. People who answer are what counts; `fieldwork` says how many households must be visited
for so many.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scipy.special import ndtri

from sojourn.errors import ProjectError

__all__ = [
    "Group",
    "Interval",
    "Measure",
    "Precision",
    "Target",
    "precision",
    "respondents_for",
    "variance_asked",
]

Interval = Literal["normal", "wilson", "logit"]
Kind = Literal["mean", "proportion", "total", "difference"]
MOST = 10**12


@dataclass(frozen=True)
class Group:
    """People of whom a mean or a share is estimated: its value, the variance of one answer, their number.

    Without `population` there are so many that asking some leaves as many.
    """

    value: float
    variance: float
    population: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and math.isfinite(self.variance) and self.variance >= 0):
            raise ProjectError(
                "A group has a value, and a variance of at least 0.", "Guess both from an earlier survey."
            )
        if self.population is not None and not self.population >= 1:
            raise ProjectError("A group has at least one member.", "Leave the population out if not known.")


@dataclass(frozen=True)
class Measure:
    """A figure to be estimated from people who answer: of one group, or the difference between two.

    `shares` are the parts of the respondents that belong to each group. `scale` multiplies the mean: the
    number of people for a total. `correlation` is that of the two groups' estimates, which share places.
    """

    kind: Kind
    groups: tuple[Group, ...]
    shares: tuple[float, ...] = (1.0,)
    scale: float = 1.0
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if len(self.groups) != len(self.shares) or len(self.groups) != (
            2 if self.kind == "difference" else 1
        ):
            raise ProjectError("A difference is of two groups, any other figure of one.", "Look at both.")
        if not all(share > 0 for share in self.shares) or sum(self.shares) > 1 + 1e-12:
            raise ProjectError("Shares of the respondents are above 0 and at most 1.", "Look at the shares.")
        if not -1 <= self.correlation <= 1:
            raise ProjectError("A correlation lies between -1 and 1.", "Leave it out for 0.")

    @staticmethod
    def mean(value: float, standard_deviation: float, population: float | None = None) -> Measure:
        """A mean, with the standard deviation of one answer."""
        return Measure("mean", (Group(value, standard_deviation**2, population),))

    @staticmethod
    def proportion(share: float, population: float | None = None) -> Measure:
        """A share between 0 and 1."""
        return Measure("proportion", (_of_share(share, population),))

    @staticmethod
    def total(value: float, standard_deviation: float, population: float) -> Measure:
        """A total of a population: its mean times the number of people."""
        return Measure("total", (Group(value, standard_deviation**2, population),), scale=population)

    @staticmethod
    def count(share: float, population: float) -> Measure:
        """How many of a population there are, where they are guessed to be a share of it."""
        return Measure("total", (_of_share(share, population),), scale=population)

    @staticmethod
    def gap(
        first: float,
        second: float,
        *,
        share_of_first: float,
        populations: tuple[float | None, float | None] = (None, None),
        correlation: float = 0.0,
    ) -> Measure:
        """The difference between the shares of two groups."""
        groups = tuple(_of_share(*each) for each in zip((first, second), populations, strict=True))
        return Measure("difference", groups, (share_of_first, 1.0 - share_of_first), correlation=correlation)

    @staticmethod
    def difference(
        first: Group, second: Group, *, share_of_first: float, correlation: float = 0.0
    ) -> Measure:
        """The difference between the means of two groups."""
        return Measure(
            "difference", (first, second), (share_of_first, 1.0 - share_of_first), correlation=correlation
        )

    @property
    def value(self) -> float:
        """What the figure is guessed to be."""
        if self.kind == "difference":
            return self.groups[0].value - self.groups[1].value
        return self.scale * self.groups[0].value

    def variance(self, respondents: float, design_effect: float = 1.0) -> float:
        """The variance of the estimate from so many respondents."""
        parts = [
            max(design_effect * group.variance * (1.0 / (share * respondents) - _inverse(group)), 0.0)
            for group, share in zip(self.groups, self.shares, strict=True)
        ]
        together = 2 * self.correlation * math.sqrt(parts[0] * parts[1]) if len(parts) > 1 else 0.0
        return self.scale**2 * max(sum(parts) - together, 0.0)

    def effective(self, respondents: float, design_effect: float = 1.0) -> float:
        """How many respondents of a simple random sample from infinitely many people say as much."""
        if self.kind != "difference":
            left = design_effect * (1.0 / respondents - _inverse(self.groups[0]))
            return 1.0 / left if left > 0 else math.inf
        variance = self.variance(respondents, design_effect)
        endless = Measure(
            self.kind, tuple(Group(each.value, each.variance) for each in self.groups), self.shares,
            self.scale, self.correlation,
        )  # fmt: skip
        return endless.variance(1.0) / variance if variance > 0 else math.inf

    @property
    def population(self) -> float:
        """How many respondents there can be: all people of all groups, or infinitely many."""
        return max(
            math.inf if group.population is None else group.population / share
            for group, share in zip(self.groups, self.shares, strict=True)
        )


@dataclass(frozen=True)
class Target:
    """How precise a figure must be: by its standard error, its CV, or half the width of its interval.

    The interval's `level` is 0.95 where nothing is said. Wilson's interval and that of the logit are for
    shares; near 0 and 1 they are honest where the normal one is not. Half of their width is meant, although
    their two sides differ.
    """

    standard_error: float | None = None
    cv: float | None = None
    half_width: float | None = None
    level: float = 0.95
    interval: Interval = "normal"

    def __post_init__(self) -> None:
        given = [each for each in (self.standard_error, self.cv, self.half_width) if each is not None]
        if len(given) != 1 or not given[0] > 0:
            raise ProjectError(
                "A target is one number above 0.", "Give a standard error, a CV or a half width, not several."
            )
        if not 0 < self.level < 1:
            raise ProjectError("The level of an interval lies between 0 and 1.", "Give for instance 0.95.")
        if self.interval not in ("normal", "wilson", "logit"):
            raise ProjectError(
                f"There is no interval {self.interval!r}.", "There are: normal, wilson, logit."
            )


@dataclass(frozen=True)
class Precision:
    """How precise an estimate is from so many respondents; `cv` is none where the value is guessed as 0."""

    respondents: int
    effective: float
    value: float
    standard_error: float
    cv: float | None
    half_width: float
    lower: float
    upper: float


def precision(
    measure: Measure,
    respondents: int,
    *,
    design_effect: float = 1.0,
    level: float = 0.95,
    interval: Interval = "normal",
) -> Precision:
    """What so many respondents buy.

    Intervals of shares are computed from the effective number of respondents, p(1 - p) over the variance,
    which holds the design effect and the finite population.

    Raises: ProjectError for fewer than one respondent, more than there are people, or an interval of shares
    for another figure.
    Source: W. Cochran, Sampling Techniques (1977), chapter 4; E. Wilson, Probable inference, Journal of the
    American Statistical Association 22 (1927); R. Newcombe, Two-sided confidence intervals for the single
    proportion, Statistics in Medicine 17 (1998).
    """
    _require_interval(measure, interval)
    if not design_effect > 0:
        raise ProjectError("A design effect is above 0.", "That of a simple random sample is 1.")
    if not 1 <= respondents <= max(measure.population, 1):
        raise ProjectError(
            f"{respondents:,} people cannot answer.", "There must be at least one, and no more than exist."
        )
    error = math.sqrt(measure.variance(respondents, design_effect))
    value, effective = measure.value, measure.effective(respondents, design_effect)
    z = float(ndtri(0.5 + level / 2))
    lower, upper = _ends(value, error, effective, z, interval)
    return Precision(
        int(respondents), effective, value, error, error / abs(value) if value else None,
        (upper - lower) / 2, lower, upper,
    )  # fmt: skip


def respondents_for(measure: Measure, target: Target, *, design_effect: float = 1.0) -> Precision:
    """The least number of respondents whose estimate is as precise as asked for, and how precise it is.

    Raises: ProjectError when no number is enough, for instance for the CV of a figure guessed as 0.
    """
    _require_interval(measure, target.interval)
    if target.cv is not None and not measure.value:
        raise ProjectError(
            "A figure guessed as 0 has no CV.", "Ask for a standard error or half the width of an interval."
        )
    found = _least(lambda number: _is_met(measure, target, number, design_effect), measure.population)
    if found is None:
        raise ProjectError(
            "No number of respondents is enough.", "Ask for less, or look at the guessed values."
        )
    return _precision_for(measure, target, found, design_effect)


def _precision_for(measure: Measure, target: Target, number: int, design_effect: float) -> Precision:
    return precision(
        measure, number, design_effect=design_effect, level=target.level, interval=target.interval
    )


def _is_met(measure: Measure, target: Target, number: int, design_effect: float) -> bool:
    found = _precision_for(measure, target, number, design_effect)
    asked, reached = (
        (target.standard_error, found.standard_error)
        if target.standard_error is not None
        else (target.cv, found.cv)
        if target.cv is not None
        else (target.half_width, found.half_width)
    )
    # A target that is met but for the rounding of the machine is met.
    return reached is not None and asked is not None and reached <= asked * (1 + 1e-12)


def _least(is_enough: Callable[[int], bool], population: float) -> int | None:
    """The least number from 1 on that is enough; being enough never ends once it began."""
    last = int(min(population, MOST))
    high = 1
    while high < last and not is_enough(high):
        high = min(2 * high, last)
    if not is_enough(high):
        return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _ends(value: float, error: float, effective: float, z: float, interval: Interval) -> tuple[float, float]:
    if interval == "normal" or math.isinf(effective) or effective == 0:
        return value - z * error, value + z * error
    if interval == "wilson":
        centre = (value + z * z / (2 * effective)) / (1 + z * z / effective)
        half = z * math.sqrt(value * (1 - value) / effective + (z / (2 * effective)) ** 2)
        half /= 1 + z * z / effective
        return centre - half, centre + half
    if not 0 < value < 1:
        raise ProjectError(
            f"The interval of the logit cannot be had for a share of {value:g}.", "Use that of Wilson."
        )
    distance = z / math.sqrt(effective * value * (1 - value))
    middle = math.log(value / (1 - value))
    lower, upper = (1 / (1 + math.exp(-(middle + side * distance))) for side in (-1, 1))
    return lower, upper


def _require_interval(measure: Measure, interval: Interval) -> None:
    if interval != "normal" and measure.kind != "proportion":
        raise ProjectError(
            f"The interval {interval} is for shares, not for a {measure.kind}.", "Use the normal one."
        )


def _of_share(share: float, population: float | None) -> Group:
    if not 0 <= share <= 1:
        raise ProjectError(f"A share of {share:g} cannot be.", "It lies between 0 and 1; 12 % is 0.12.")
    return Group(share, share * (1 - share), population)


def _inverse(group: Group) -> float:
    return 0.0 if group.population is None else 1.0 / group.population


def variance_asked(target: Target, value: float, kind: Kind) -> float:
    """The most that the variance of an estimate may be for a target.

    Raises: ProjectError for the CV of a figure of 0, or an interval of shares for another figure or for a
    share that is 0 or 1.
    """
    z = float(ndtri(0.5 + target.level / 2))
    if target.standard_error is not None:
        return target.standard_error**2
    if target.cv is not None:
        if not value:
            raise ProjectError(
                "A figure of 0 has no CV.", "Ask for a standard error or half the width of an interval."
            )
        return (target.cv * value) ** 2
    asked = float(target.half_width or 0.0)
    if target.interval == "normal":
        return (asked / z) ** 2
    if kind != "proportion" or not 0 < value < 1:
        raise ProjectError(
            f"The interval {target.interval} is for shares above 0 and below 1.", "Use the normal one."
        )
    spread = value * (1 - value)
    low, high = 0.0, 1.0
    for _ in range(200):
        # `high` is the least effective number of answers known to be enough.
        middle = low + (high - low) / 2 if _half(value, high, z, target.interval) <= asked else 2 * high
        if middle > high:
            low, high = high, middle
        elif _half(value, middle, z, target.interval) <= asked:
            high = middle
        else:
            low = middle
    return spread / high


def _half(value: float, effective: float, z: float, interval: Interval) -> float:
    lower, upper = _ends(value, 0.0, effective, z, interval)
    return (upper - lower) / 2
