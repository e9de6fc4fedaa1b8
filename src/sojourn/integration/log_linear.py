"""Log-linear models of capture: how many people stand on none of the lists?

People are counted by the lists on which they were found. A model says which pairs of lists depend on each
other; the count of people on none of them follows from it and is not checked by any data. So a table of
models, not one of them, is the result.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar
from scipy.special import gammaln
from scipy.stats import chi2

from sojourn.integration.generalised_linear import Fit, attainable_cells, poisson

__all__ = [
    "CaptureFit",
    "CaptureModel",
    "Existence",
    "capture_models",
    "fitted_model",
    "patterns_of",
    "profile_interval",
]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Pair = tuple[int, int]
_CUT = float(chi2.ppf(0.95, 1)) / 2
# Where an interval has no upper end within this multiple of the observed people, it has none.
_FARTHEST = 1e7


class Existence(StrEnum):
    """Whether a model's estimates exist: all of them, all but some at minus infinity, or not the total."""

    EXISTS = "exists"
    EXTENDED = "extended"
    NOT_IDENTIFIED = "not-identified"


@dataclass(frozen=True)
class CaptureModel:
    """A hierarchical model: every list, and those pairs of lists that depend on each other."""

    lists: int
    pairs: tuple[Pair, ...] = ()

    @property
    def parameters(self) -> int:
        """How many parameters it has, the intercept among them."""
        return 1 + self.lists + len(self.pairs)

    def name(self, titles: Sequence[str]) -> str:
        """The model's generators, as in `border*school + tax`."""
        paired = {each for pair in self.pairs for each in pair}
        parts = ["*".join(titles[each] for each in pair) for pair in self.pairs]
        return " + ".join([*parts, *(titles[each] for each in range(self.lists) if each not in paired)])

    def design(self) -> Floats:
        """The rows of `patterns_of`, with columns of intercept, lists and pairs."""
        patterns = patterns_of(self.lists)
        columns = [np.ones(len(patterns)), *patterns.T]
        columns += [patterns[:, one] * patterns[:, other] for one, other in self.pairs]
        return np.column_stack(columns).astype(float)


@dataclass(frozen=True)
class CaptureFit:
    """A model held against counts.

    `total` is the number of people on the lists and on none of them; null values stand for what the data
    cannot say. The deviance, AIC and BIC are those of the observed cells; BIC counts people.
    """

    model: CaptureModel
    existence: Existence
    total: float | None
    standard_error: float | None
    deviance: float | None
    degrees_of_freedom: int
    aic: float | None
    bic: float | None


@cache
def patterns_of(lists: int) -> npt.NDArray[np.int8]:
    """Every pattern of being on the lists but that of being on none, in binary order: 001, 010, 011, …"""
    found = np.array(list(itertools.product((0, 1), repeat=lists))[1:], np.int8)
    found.setflags(write=False)
    return found


def capture_models(lists: int) -> Iterator[CaptureModel]:
    """Every hierarchical model with up to two-way interactions, the simplest first.

    That of two lists that depend on each other is left out: no data could say how much.
    """
    pairs = list(itertools.combinations(range(lists), 2)) if lists > 2 else []
    for size in range(len(pairs) + 1):
        for chosen in itertools.combinations(pairs, size):
            yield CaptureModel(lists, chosen)


def fitted_model(model: CaptureModel, counts: Floats) -> CaptureFit:
    """The model fitted to counts of `patterns_of`, after looking whether its estimates exist.

    Cells that cannot have a positive mean are left out (extended maximum likelihood). The total is identified
    when the cell of people on none of the lists is a combination of the cells that remain.

    Source: L. Chan, B. Silverman and K. Vincent, Multiple systems estimation for sparse capture data, Journal
    of the American Statistical Association 116 (2021).
    """
    freedom = len(counts) - model.parameters
    cells, design = _identified(model, counts)
    if design is None:
        return CaptureFit(model, Existence.NOT_IDENTIFIED, None, None, None, freedom, None, None)
    fit = poisson(design, counts[cells])
    existence = Existence.EXISTS if cells.all() else Existence.EXTENDED
    unseen, variance = _unseen(model, cells, design, fit)
    observed = float(counts.sum())
    aic = -2 * fit.log_likelihood + 2 * model.parameters
    bic = -2 * fit.log_likelihood + math.log(observed) * model.parameters
    # The observed people vary too: their variance is that of a Poisson total less what the lists saw.
    error = math.sqrt(max(unseen + unseen**2 * variance, 0.0))
    return CaptureFit(model, existence, observed + unseen, error, fit.deviance, freedom, aic, bic)


def _identified(model: CaptureModel, counts: Floats) -> tuple[Flags, Floats | None]:
    """The cells that can be positive, and independent columns for them; none if no total is identified."""
    design = model.design()
    every = counts > 0
    cells = every if every.all() else attainable_cells(design, counts)
    within = design[cells]
    nobody = _nobody(model)
    rank = np.linalg.matrix_rank(within)
    if np.linalg.matrix_rank(np.vstack([within, nobody])) > rank:
        return cells, None
    # Columns whose estimates are minus infinity depend on the others within the cells that remain.
    return cells, _basis(within, int(rank))


def _basis(within: Floats, rank: int) -> Floats:
    """The first columns that span all of them."""
    chosen: list[int] = []
    for column in range(within.shape[1]):
        if np.linalg.matrix_rank(within[:, [*chosen, column]]) > len(chosen):
            chosen.append(column)
    return within[:, chosen[:rank]]


def _nobody(model: CaptureModel) -> Floats:
    """The row of the design for people on none of the lists."""
    row = np.zeros(model.parameters)
    row[0] = 1.0
    return row


def _unseen(model: CaptureModel, cells: Flags, design: Floats, fit: Fit) -> tuple[float, float]:
    """How many people are on none of the lists, and the variance of its logarithm."""
    row = _mixture(model, cells) @ design
    return float(np.exp(row @ fit.coefficients)), float(row @ fit.covariance @ row)


def _mixture(model: CaptureModel, cells: Flags) -> Floats:
    """The cell of people on none of the lists as a combination of the cells that remain."""
    found: Floats = np.linalg.lstsq(model.design()[cells].T, _nobody(model), rcond=None)[0].astype(float)
    return found


def profile_interval(model: CaptureModel, counts: Floats) -> tuple[float, float]:
    """The interval of 95 per cent of the total by the profile of the multinomial likelihood.

    For each number of people on none of the lists the model is fitted to the whole table; the interval holds
    the totals whose likelihood is within half the 0.95 quantile of chi-squared of the best. The upper end is
    infinite where the likelihood does not fall off.

    Source: R. Cormack, Interval estimation for mark-recapture studies of closed populations, Biometrics 48
    (1992).
    """
    cells, design = _identified(model, counts)
    if design is None:
        raise ValueError("The total of this model is not identified, so that it has no interval.")
    rows = np.vstack([design, _mixture(model, cells) @ design])
    seen = counts[cells]
    observed = float(seen.sum())
    begin = poisson(design, seen)

    def likelihood(unseen: float) -> float:
        table = np.append(seen, unseen)
        fit = poisson(rows, table, begin.coefficients)
        total = observed + unseen
        shares = np.log(fit.means / total)
        return float(gammaln(total + 1) - gammaln(unseen + 1) + table @ shares)

    best = _unseen(model, cells, design, begin)[0]
    # The multinomial likelihood is highest a little below the Poisson estimate.
    peak = _highest(likelihood, best)
    floor = likelihood(peak) - _CUT
    lowest = 1e-6
    low = lowest if likelihood(lowest) > floor else brentq(lambda at: likelihood(at) - floor, lowest, peak)
    reach = max(2 * peak, 10.0)
    while likelihood(reach) > floor:
        reach *= 2
        if reach > _FARTHEST * max(observed, 1.0):
            return observed + low, math.inf
    high = brentq(lambda at: likelihood(at) - floor, peak, reach)
    return observed + low, observed + high


def _highest(likelihood: Callable[[float], float], near: float) -> float:
    """Where the profile is highest, not far from an estimate."""
    found = minimize_scalar(
        lambda at: -likelihood(at), bounds=(1e-6, 2 * near + 10), method="bounded", options={"xatol": 1e-6}
    )
    return float(found.x)
