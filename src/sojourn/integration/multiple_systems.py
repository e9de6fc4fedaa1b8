"""Multiple-system estimation: everyone on the lists or on none of them, under every model at once.

The models of `log_linear` agree on what was observed and differ on what was not. So all of them are reported,
and how far apart their totals are, beside the one that information criteria prefer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.integration.log_linear import (
    CaptureFit,
    CaptureModel,
    Existence,
    capture_models,
    fitted_model,
    patterns_of,
    profile_interval,
)

__all__ = [
    "MOST_LISTS",
    "ListErrors",
    "MultipleSystems",
    "linked_again",
    "multiple_systems",
    "without_erroneous",
]

Floats = npt.NDArray[np.float64]
# Six lists have 32,768 models.
MOST_LISTS = 5
# Models this much worse than the best have hardly any support in the data.
_WITHIN = 10.0
_Z = 1.959963984540054
_DRAWS = 400


@dataclass(frozen=True)
class ListErrors:
    """What is known to be wrong with lists and the links between them: rates by list, and their errors.

    `missed` is the probability that a record did not hold to the other records of its person. `erroneous` is
    the share of a list's records whose persons are not of the population; they are on that list alone. The
    errors are standard errors, as of rates that a sample of records gave.
    """

    missed: tuple[float, ...]
    missed_errors: tuple[float, ...]
    erroneous: tuple[float, ...]
    erroneous_errors: tuple[float, ...]

    def __post_init__(self) -> None:
        if len({len(getattr(self, field.name)) for field in fields(self)}) > 1:
            raise ValueError("Each list needs both rates, and a standard error of each, which may be 0.")
        if any(not 0 <= rate < 1 for field in fields(self) for rate in getattr(self, field.name)):
            raise ValueError("Rates and their errors are at least 0 and below 1.")


@dataclass(frozen=True)
class MultipleSystems:
    """What all models say.

    `models` has a row for each: `model`, `existence`, `parameters`, `degrees_of_freedom`, `deviance`, `aic`,
    `bic`, `weight` (by AIC, among those whose total is identified), `total`, `standard_error`, `lower`,
    `upper`; the best comes first. Intervals are given to models whose AIC is within 10 of the best.
    `spread` holds the lowest and the highest total of these.
    """

    models: pa.Table
    observed: float
    spread: tuple[float, float]

    @property
    def chosen(self) -> dict[str, object]:
        """The row of the model with the lowest criterion."""
        found: dict[str, object] = self.models.slice(0, 1).to_pylist()[0]
        return found


def multiple_systems(
    counts: Floats,
    titles: Sequence[str],
    *,
    criterion: str = "aic",
    errors: ListErrors | None = None,
    seed: int = 1,
) -> MultipleSystems:
    """Fit every hierarchical model with up to two-way interactions to counts of `patterns_of`.

    With `errors`, erroneous records are first taken off and people are put together by `linked_again`; the
    interval of the best model then comes from a parametric bootstrap in which counts and rates vary, and the
    others have none. Without it intervals are profile likelihoods. `criterion` is `aic` or `bic`.

    Raises: ValueError for a number of lists below 2 or above MOST_LISTS, counts that are negative or
    of another number, or when no model identifies a total.
    """
    _require(counts, titles, criterion)
    corrected = counts if errors is None else _corrected(counts, errors.missed, errors.erroneous)
    fits = [fitted_model(model, corrected) for model in capture_models(len(titles))]
    known = [fit for fit in fits if fit.existence != Existence.NOT_IDENTIFIED]
    if not known:
        raise ValueError("No model says how many people are on none of the lists: they overlap too little.")
    known.sort(key=lambda fit: _criterion(fit, criterion))
    best = min(_criterion(fit, "aic") for fit in known)
    near = [fit for fit in known if _criterion(fit, "aic") - best <= _WITHIN]
    intervals = {
        fit.model: profile_interval(fit.model, corrected) if errors is None else None for fit in near
    }
    if errors is not None:
        intervals[known[0].model] = _bootstrapped(known[0], counts, errors, seed)
    unknown = [fit for fit in fits if fit.existence == Existence.NOT_IDENTIFIED]
    totals = [fit.total for fit in near if fit.total is not None]
    return MultipleSystems(
        _as_table([*known, *unknown], titles, intervals, best),
        float(corrected.sum()),
        (min(totals), max(totals)),
    )


def _corrected(counts: Floats, missed: Sequence[float], erroneous: Sequence[float]) -> Floats:
    return linked_again(without_erroneous(counts, erroneous), missed)


def without_erroneous(counts: Floats, shares: Sequence[float]) -> Floats:
    """The counts without the records of each list whose persons are not of the population.

    Raises: ValueError when there are more of them than people on that list alone.
    """
    patterns = patterns_of(len(shares))
    alone = patterns * (patterns.sum(axis=1) == 1)[:, None]
    found: Floats = counts - alone @ (np.asarray(shares, float) * (counts @ patterns))
    if found.min() < 0:
        raise ValueError("More records of a list would be erroneous than there are people on it alone.")
    return found


def linked_again(counts: Floats, rates: Sequence[float]) -> Floats:
    """The counts that complete linkage would have given, where links were missed at these rates.

    A record of list j is taken to have come loose from the other records of its person with probability
    `rates[j]`, independently, and then to stand alone. So of people on the lists T those are seen on S, of
    two lists or more, whose records of S held and whose others came loose. Solved from the most lists down;
    people on one list are what is left of the list. False links are not corrected.

    Raises: ValueError when more people would be on several lists than a list has records.
    """
    lists = len(rates)
    patterns = patterns_of(lists).astype(bool)
    share = np.asarray(rates, float)
    sizes = counts @ patterns
    found = np.zeros(len(counts))
    order = np.argsort(-patterns.sum(axis=1), kind="stable")
    for place in order:
        of = patterns[place]
        if of.sum() < 2:
            continue
        wider = np.flatnonzero((patterns & of).sum(axis=1) == of.sum())
        loose = [
            found[each] * np.prod(1 - share[of]) * np.prod(share[patterns[each] & ~of])
            for each in wider
            if each != place
        ]
        found[place] = max(counts[place] - sum(loose), 0.0) / np.prod(1 - share[of])
    for place in order:
        of = patterns[place]
        if of.sum() == 1:
            found[place] = sizes[of][0] - found @ patterns[:, of][:, 0]
    if found.min() < -1e-9 * max(sizes.max(), 1.0):
        raise ValueError(
            "With so many missed links more people would be on several lists than a list has records."
        )
    return np.maximum(found, 0.0)


def _bootstrapped(
    fit: CaptureFit, counts: Floats, errors: ListErrors, seed: int
) -> tuple[float, float] | None:
    """An interval for the best model: counts drawn anew as Poisson, rates as normal within 0 and 1."""
    draw = np.random.default_rng(seed)
    logarithms = []
    for _ in range(_DRAWS):
        table = draw.poisson(counts).astype(float)
        missed = np.clip(draw.normal(errors.missed, errors.missed_errors), 0.0, 0.99)
        erroneous = np.clip(draw.normal(errors.erroneous, errors.erroneous_errors), 0.0, 0.99)
        try:
            again = fitted_model(fit.model, _corrected(table, missed.tolist(), erroneous.tolist()))
        except (ValueError, ArithmeticError):
            continue
        if again.total is not None:
            logarithms.append(math.log(again.total))
    # Where one draw in twenty has no total, an interval of 95 per cent cannot be told.
    if fit.total is None or len(logarithms) < 0.95 * _DRAWS:
        return None
    half = _Z * float(np.std(logarithms, ddof=1))
    return fit.total * math.exp(-half), fit.total * math.exp(half)


def _criterion(fit: CaptureFit, name: str) -> float:
    value = fit.aic if name == "aic" else fit.bic
    return math.inf if value is None else value


def _require(counts: Floats, titles: Sequence[str], criterion: str) -> None:
    if not 2 <= len(titles) <= MOST_LISTS:
        raise ValueError(
            f"Models are compared for 2 to {MOST_LISTS} lists, not for {len(titles)}: merge lists."
        )
    if len(counts) != 2 ** len(titles) - 1:
        raise ValueError(f"{len(titles)} lists have {2 ** len(titles) - 1} patterns, not {len(counts)}.")
    if counts.min() < 0 or not counts.sum() > 0:
        raise ValueError("Counts of people are not negative, and not all zero.")
    if criterion not in ("aic", "bic"):
        raise ValueError(f"There is no criterion {criterion!r}: aic or bic.")


def _as_table(
    fits: Sequence[CaptureFit],
    titles: Sequence[str],
    intervals: dict[CaptureModel, tuple[float, float] | None],
    best: float,
) -> pa.Table:
    shares = np.array([math.exp((best - _criterion(fit, "aic")) / 2) for fit in fits])
    ends = [intervals.get(fit.model) for fit in fits]
    return pa.table(
        {
            "model": [fit.model.name(titles) for fit in fits],
            "existence": [fit.existence.value for fit in fits],
            "parameters": pa.array([fit.model.parameters for fit in fits], pa.int64()),
            "degrees_of_freedom": pa.array([fit.degrees_of_freedom for fit in fits], pa.int64()),
            **{
                name: pa.array([getattr(fit, name) for fit in fits], pa.float64())
                for name in ("deviance", "aic", "bic")
            },
            "weight": shares / shares.sum(),
            "total": pa.array([fit.total for fit in fits], pa.float64()),
            "standard_error": pa.array([fit.standard_error for fit in fits], pa.float64()),
            "lower": pa.array([None if each is None else each[0] for each in ends], pa.float64()),
            "upper": pa.array(
                [None if each is None or math.isinf(each[1]) else each[1] for each in ends], pa.float64()
            ),
        }
    )
