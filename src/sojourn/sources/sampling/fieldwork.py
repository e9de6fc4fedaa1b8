"""From respondents to doors: how many people are asked, and how many households visited, for so many answers.

Few households have a migrant. What is found varies: to be sure of so many, more must be visited than the
average says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import gammaincinv

from sojourn.errors import ProjectError

__all__ = ["Doors", "Fieldwork", "doors_for", "respondents_of"]


@dataclass(frozen=True)
class Fieldwork:
    """What lies between the households visited and the people of the domain who answer.

    `eligible` is the mean number of people of the domain in a household (their share of the population times
    persons per household), `screened` the share of households that tell whether they have any, `response` the
    share of those asked who answer. `spread` is the variance of the number found in a household over its
    mean: 1 where they live apart, about the size of their families where they live together.
    """

    eligible: float
    screened: float = 1.0
    response: float = 1.0
    spread: float = 1.0
    households: int | None = None

    def __post_init__(self) -> None:
        if not self.eligible > 0 or not self.spread > 0:
            raise ProjectError(
                "People of the domain per household, and their spread, are above 0.", "Look at the numbers."
            )
        if not (0 < self.screened <= 1 and 0 < self.response <= 1):
            raise ProjectError("Rates of response lie above 0 and are at most 1.", "80 % is 0.8.")

    @property
    def yield_per_household(self) -> float:
        """Respondents of the domain for each household visited, on average."""
        return self.eligible * self.screened * self.response


@dataclass(frozen=True)
class Doors:
    """People to ask and households to visit, on average and to be sure with the stated probability."""

    respondents: int
    asked: int
    households: int
    households_to_be_sure: int
    assurance: float


def doors_for(respondents: int, fieldwork: Fieldwork, *, assurance: float = 0.95) -> Doors:
    """How many households must be visited for so many respondents.

    On average, and so that there are at least so many with probability `assurance`, where the number found
    is Poisson, spread as declared: its mean mu then satisfies P(gamma(n/s) <= mu/s) = assurance.

    Raises: ProjectError when there are not so many households.
    """
    if respondents < 1 or not 0 < assurance < 1:
        raise ProjectError("Ask for at least one respondent, with a probability between 0 and 1.")
    spread, each = fieldwork.spread, fieldwork.yield_per_household
    sure = spread * float(gammaincinv(respondents / spread, assurance)) / each
    found = Doors(
        respondents,
        math.ceil(respondents / fieldwork.response - 1e-9),
        math.ceil(respondents / each - 1e-9),
        math.ceil(max(sure, respondents / each) - 1e-9),
        assurance,
    )
    if fieldwork.households is not None and found.households > fieldwork.households:
        raise ProjectError(
            f"{found.households:,} households would have to be visited, and there are"
            f" {fieldwork.households:,}.",
            "Ask for less precision, or sample where more of them live.",
        )
    return found


def respondents_of(households: int, fieldwork: Fieldwork) -> int:
    """How many respondents so many households give on average, rounded down."""
    if households < 0 or (fieldwork.households is not None and households > fieldwork.households):
        raise ProjectError(f"{households:,} households cannot be visited.", "Look at how many there are.")
    return math.floor(households * fieldwork.yield_per_household + 1e-9)
