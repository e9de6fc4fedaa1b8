"""What is asked of a sample, and the figures that answer: totals, means, shares and ratios, by group.

Every question comes down to one or two sums of weighted values. A mean, a share or a ratio R = Y/D varies as
the sum of (y - R d)/D does, to first order. Groups never cut the sample: rows outside one count as zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import ndtri, stdtrit

from sojourn.contracts.sampling import SampledEstimate
from sojourn.errors import DataRefused, ProjectError
from sojourn.sources.sampling.sample_columns import Claims, Floats, numbers, require_columns

__all__ = [
    "ALL",
    "DESIGN_BASED",
    "MODEL_BASED",
    "Question",
    "Spread",
    "Target",
    "answer",
    "answers_from_replicates",
    "estimate_table",
    "linear_answers",
    "questions",
]

Statistic = Literal["total", "mean", "share", "ratio"]
DESIGN_BASED = "design-based"
MODEL_BASED = "model-based, not a probability sample"
ALL = "_T"
_SCHEMA = SampledEstimate.schema()
_NO_DETAILS = dict.fromkeys(("first_phase_variance", "second_phase_variance", "overlap_share"))


@dataclass(frozen=True)
class Target:
    """One thing to estimate: a total, a mean, the share of a category, or a ratio of two totals.

    A total without `of` is the number of units. A share is of units whose `of` is the `category`. `by` is a
    column whose groups are told apart; the whole always stands beside them.
    """

    id: str
    statistic: Statistic
    of: str | None = None
    category: str | None = None
    denominator: str | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        if self.of is None and self.statistic != "total":
            raise ProjectError(
                f"The target {self.id} asks for a {self.statistic} of nothing.", "Name a column in `of`."
            )
        if (self.category is not None) != (self.statistic == "share"):
            raise ProjectError(
                f"The target {self.id}: a share needs a `category`, and nothing else has one.",
                "Write `statistic: share` with `of` and `category`.",
            )
        if (self.denominator is not None) != (self.statistic == "ratio"):
            raise ProjectError(
                f"The target {self.id}: a ratio needs a `denominator`, and nothing else has one.",
                "Write `statistic: ratio` with `of` and `denominator`.",
            )


@dataclass(frozen=True)
class Question:
    """A target for one group: a value for each row, and for all but totals one to divide by.

    Both are 0 outside the group and where an answer is missing. `counted` are the rows that answer.
    """

    target: Target
    breakdown: str
    group: str
    values: Floats
    divisors: Floats | None
    counted: Claims
    unanswered: int

    def linearised(self, weights: Floats, offset: float = 0.0) -> tuple[float, Floats | None]:
        """The estimate, and the values whose weighted sum varies as it does; none where nothing answers.

        `offset` is what an estimator adds to the weighted sum of the values.
        """
        total = float(weights @ self.values) + offset
        if self.divisors is None:
            return total, self.values
        below = float(weights @ self.divisors)
        if below == 0:
            return np.nan, None
        return total / below, (self.values - total / below * self.divisors) / below


def questions(table: pa.Table, targets: Sequence[Target]) -> list[Question]:
    """Every target for the whole sample and for each group of its breakdown, groups in order.

    A row whose group is missing belongs to the whole only.

    Raises: DataRefused for a column that is absent or of the wrong kind, for a total of a column in which
    answers are missing, and for a category that nobody has.
    """
    if not targets:
        raise ProjectError("Nothing is to be estimated.", "Declare at least one target.")
    found = []
    for target in targets:
        whole = _of_all(table, target)
        found.append(whole)
        if target.by is not None:
            require_columns(table, [target.by])
            column = table[target.by].cast(pa.string())
            groups = sorted(pc.unique(column.drop_null()).to_pylist())
            found.extend(_within(whole, target.by, group, _is(column, group)) for group in groups)
    return found


def _of_all(table: pa.Table, target: Target) -> Question:
    ones = np.ones(len(table))
    if target.of is None:
        return Question(target, ALL, ALL, ones, None, ones == 1, 0)
    if target.statistic == "share":
        require_columns(table, [target.of])
        column = table[target.of].cast(pa.string())
        values = np.where(_is_known(column), _is(column, str(target.category)), np.nan).astype(float)
        if not (values == 1).any():
            raise DataRefused(
                f"The target {target.id}: no row has the category {target.category} in {target.of}.",
                "Write the category as the column does.",
            )
    else:
        values = numbers(table, target.of)
    divisors = ones if target.denominator is None else numbers(table, target.denominator)
    known = ~(np.isnan(values) | np.isnan(divisors))
    missing = int((~known).sum())
    if target.statistic == "total":
        if missing:
            raise DataRefused(
                f"The target {target.id}: {target.of} is missing in {missing} rows, and a total of the others"
                " would be too small.",
                "Impute or reweight for non-response first, or ask for the mean.",
            )
        return Question(target, ALL, ALL, values, None, known, 0)
    values, divisors = np.where(known, values, 0.0), np.where(known, divisors, 0.0)
    return Question(target, ALL, ALL, values, divisors, known, missing)


def _is(column: pa.ChunkedArray, value: str) -> Claims:
    found: Claims = pc.fill_null(pc.equal(column, value), False).to_numpy()
    return found


def _is_known(column: pa.ChunkedArray) -> Claims:
    found: Claims = pc.is_valid(column).to_numpy()
    return found


def _within(whole: Question, breakdown: str, group: str, inside: Claims) -> Question:
    return replace(
        whole,
        breakdown=breakdown,
        group=group,
        values=np.where(inside, whole.values, 0.0),
        divisors=None if whole.divisors is None else np.where(inside, whole.divisors, 0.0),
        counted=whole.counted & inside,
        unanswered=int((inside & ~whole.counted).sum()),
    )


@dataclass(frozen=True)
class Spread:
    """How an estimate varies: its variance (null when it cannot be told) and, if given, its interval."""

    variance: float | None
    interval: tuple[float, float] | None = None
    details: dict[str, float] = field(default_factory=dict)


def answer(
    question: Question,
    value: float,
    spread: Spread,
    *,
    method: str,
    basis: str = DESIGN_BASED,
    confidence: float = 0.95,
    freedom: int | None = None,
    rows: Claims | None = None,
) -> dict[str, Any]:
    """One row of the result. `rows` are the rows of the sample that answer for themselves.

    The interval is symmetric, with Student's distribution where degrees of freedom are counted; of a share it
    is symmetric for the logit, so that it stays between 0 and 1. A share of 0 or 1 has none: the sample holds
    no case of the other kind, and its spread says nothing.
    """
    known = not np.isnan(value)
    variance = spread.variance if known else None
    error = None if variance is None else _error(variance, value)
    ends = spread.interval if known and spread.interval is not None else None
    if ends is None and error is not None:
        ends = _ends(question.target.statistic, value, error, confidence, freedom)
    counted = question.counted if rows is None else question.counted & rows
    return {
        "target": question.target.id,
        "breakdown": question.breakdown,
        "group": question.group,
        "statistic": question.target.statistic,
        "value": value if known else None,
        "standard_error": error,
        "lower": None if ends is None else ends[0],
        "upper": None if ends is None else ends[1],
        "confidence": confidence,
        "degrees_of_freedom": freedom,
        "respondents": int(counted.sum()),
        "unanswered": question.unanswered,
        "method": method,
        "basis": basis,
        **_NO_DETAILS,
        **spread.details,
    }


def _error(variance: float, value: float) -> float | None:
    """The standard error; none of a negative variance, which small samples give and which tells nothing.

    What is negative by rounding alone is zero.
    """
    if variance < -1e-13 * value**2 or np.isnan(variance):
        return None
    return float(np.sqrt(max(variance, 0.0)))


def _ends(
    statistic: str, value: float, error: float, confidence: float, freedom: int | None
) -> tuple[float, float] | None:
    tail = (1 + confidence) / 2
    if freedom is not None and freedom < 1:
        return None
    factor = float(ndtri(tail) if freedom is None else stdtrit(freedom, tail))
    if statistic != "share":
        return value - factor * error, value + factor * error
    if not 0 < value < 1:
        return None
    middle, half = np.log(value / (1 - value)), factor * error / (value * (1 - value))
    lower, upper = (float(1 / (1 + np.exp(-each))) for each in (middle - half, middle + half))
    return lower, upper


def linear_answers(
    asked: Iterable[Question],
    weights: Floats,
    spread: Callable[[Floats], Spread],
    *,
    method: str,
    freedom: int | None,
    confidence: float = 0.95,
    rows: Claims | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows of the result for an estimator whose weights are the same for all questions.

    `spread` tells how the weighted sum of values, rows × 1, varies; values are zero outside the sample.
    """
    for question in asked:
        value, values = question.linearised(weights)
        found = Spread(None) if values is None else spread(values[:, None])
        yield answer(question, value, found, method=method, confidence=confidence, freedom=freedom, rows=rows)


def answers_from_replicates(
    asked: Iterable[Question],
    weights: Floats,
    replicates: Floats,
    *,
    method: str,
    basis: str,
    percentile: bool,
    confidence: float = 0.95,
) -> Iterator[dict[str, Any]]:
    """Rows of the result from replicate weights, replicates × rows, that were drawn by a bootstrap.

    The variance is that of the replicates' estimates around their mean. With `percentile` the interval is
    theirs, else it is made of the standard error. Replicates without an answer of the group are left out;
    where more than one in twenty has none, neither is told.
    """
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    for question in asked:
        value, _ = question.linearised(weights)
        drawn = replicates @ question.values
        if question.divisors is not None:
            below = replicates @ question.divisors
            drawn = drawn[below != 0] / below[below != 0]
        spread = Spread(None)
        if len(drawn) >= max(0.95 * len(replicates), 2):
            ends = np.quantile(drawn, tails)
            interval = (float(ends[0]), float(ends[1])) if percentile else None
            spread = Spread(float(drawn.var(ddof=1)), interval)
        yield answer(question, value, spread, method=method, basis=basis, confidence=confidence)


def estimate_table(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """The rows as a table that conforms to `SampledEstimate`."""
    made = list(rows)
    columns = [pa.array([row[field.name] for row in made], field.type) for field in _SCHEMA]
    return pa.table(columns, schema=_SCHEMA)
