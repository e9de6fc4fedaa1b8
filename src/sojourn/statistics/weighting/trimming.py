"""Trimming: weights no greater and no less than bounds, their sum unchanged.

What trimming takes off some weights it gives to the others, which may carry these over a bound; it is then
done again until the bounds hold. It makes estimates less variable and, where the trimmed are unlike the
others, biased: the record says which share of the weight moved.

Source: R's package survey, `trimWeights`, whose results these are where the excess is spread equally.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import DataRefused, ProjectError, shown
from sojourn.statistics.weighting.auxiliaries import numbers_of, require_columns
from sojourn.statistics.weighting.crossings import codes_of, crossing
from sojourn.statistics.weighting.margins import cell_name

__all__ = ["Limit", "TrimmingRecord", "TrimmingRule", "trimmed", "weight_effect"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_MOST_ROUNDS = 10_000
_ROUNDING = 1e-14


@dataclass(frozen=True)
class Limit:
    """A bound of weights: a number, a multiple of the group's median, or its quantile (R's type 7)."""

    kind: Literal["value", "median", "quantile"]
    number: float

    def __post_init__(self) -> None:
        if self.kind not in ("value", "median", "quantile") or not math.isfinite(self.number):
            raise ProjectError(
                f"A bound of weights cannot be {self.kind!r} {self.number}.",
                "Declare a `value`, a multiple of the `median`, or a `quantile`.",
            )
        if self.kind == "quantile" and not 0 <= self.number <= 1:
            raise ProjectError(
                f"There is no quantile {self.number}.", "Quantiles lie between 0 and 1, as 0.99 does."
            )

    def of(self, weights: Floats) -> float:
        """The bound for these weights."""
        if self.kind == "median":
            return float(self.number * np.median(weights))
        if self.kind == "quantile":
            return float(np.quantile(weights, self.number))
        return self.number


@dataclass(frozen=True)
class TrimmingRule:
    """Bounds of weights, and what becomes of what is cut off.

    Groups of equal codes of `within` each keep their sum. The excess is spread over the others in `equal`
    parts, or in proportion to their weights. With `strict` it is trimmed again until the bounds hold;
    without, once, and some weights may lie beyond a bound afterwards.
    """

    lower: Limit | None = None
    upper: Limit | None = None
    within: tuple[str, ...] = ()
    spread: Literal["equal", "proportional"] = "equal"
    strict: bool = True

    def __post_init__(self) -> None:
        if self.lower is None and self.upper is None:
            raise ProjectError("Trimming needs a bound.", "Declare `lower`, `upper` or both.")
        if self.spread not in ("equal", "proportional"):
            raise ProjectError(
                f"An excess cannot be spread {self.spread!r}.", "Declare `equal` or `proportional`."
            )


@dataclass(frozen=True)
class TrimmingRecord:
    """What trimming did: by group, and over all.

    `share_moved` is the weight that changed hands, over the sum of weights. `groups` has for each
    group its bounds, how many weights were at or beyond them, and rounds. `effect_before` and `effect_after`
    are one plus the squared coefficient of variation of the weights (Kish).
    """

    share_moved: float
    lowered: int
    raised: int
    rounds: int
    effect_before: float
    effect_after: float
    groups: pa.Table

    def to_json(self) -> dict[str, Any]:
        """The record as plain values."""
        return {**vars(self), "groups": self.groups.to_pylist()}


def trimmed(records: pa.Table, rule: TrimmingRule, *, weight: str) -> tuple[pa.Table, TrimmingRecord]:
    """Trimmed weights (weight, factor, and the bounds lower, upper) of the records, and what was done.

    Weights of zero are of nobody: they stay zero, take no part in medians and quantiles, and nothing is
    spread over them. Negative weights, which calibration may have made, can be raised.

    Raises: ProjectError for columns; DataRefused for weights that are missing, and for bounds between which
    the weights of a group cannot lie without changing their sum.
    """
    require_columns(records, [weight, *rule.within])
    weights = numbers_of(records, weight)
    group, cells = crossing(codes_of(records, rule.within), len(records))
    used = weights != 0
    after, bounds = weights.copy(), np.full((len(weights), 2), np.nan)
    rows = []
    for number, cell in enumerate(cells):
        here = np.flatnonzero(used & (group == number))
        if not len(here):
            continue
        # Sorted, so that the order of the records changes no bit.
        here = here[np.argsort(weights[here], kind="stable")]
        name = cell_name(rule.within, cell) if rule.within else "everybody"
        found, row = _trimmed_group(weights[here], rule, name)
        after[here] = found
        bounds[here] = row["lower"], row["upper"]
        rows.append(row)
    table = pa.table(
        {
            "weight": after,
            "factor": np.where(used, after / np.where(used, weights, 1.0), 1.0),
            "lower": pa.array(bounds[:, 0], from_pandas=True),
            "upper": pa.array(bounds[:, 1], from_pandas=True),
        }
    )
    return table, _record(weights, after, rows)


def _record(weights: Floats, after: Floats, rows: Sequence[Mapping[str, Any]]) -> TrimmingRecord:
    whole, moved = float(np.abs(weights).sum()), float(np.abs(after - weights).sum()) / 2
    return TrimmingRecord(
        moved / whole if whole else 0.0,
        sum(row["lowered"] for row in rows),
        sum(row["raised"] for row in rows),
        max((row["rounds"] for row in rows), default=0),
        weight_effect(weights),
        weight_effect(after),
        pa.Table.from_pylist(list(rows), _GROUPS),
    )


_GROUPS = pa.schema(
    [
        ("group", pa.string()),
        ("lower", pa.float64()),
        ("upper", pa.float64()),
        ("lowered", pa.int64()),
        ("raised", pa.int64()),
        ("rounds", pa.int64()),
    ]
)


def weight_effect(weights: Floats) -> float:
    """One plus the squared coefficient of variation of the weights that are not zero: what it costs that
    they differ, where they have nothing to do with what is measured. Infinite when they sum to zero.

    Source: L. Kish, Survey Sampling, 1965, section 11.7.
    """
    used = weights[weights != 0]
    whole = float(used.sum()) ** 2
    return float(len(used) * (used**2).sum() / whole) if whole else math.inf


def _trimmed_group(weights: Floats, rule: TrimmingRule, name: str) -> tuple[Floats, dict[str, Any]]:
    lower = -math.inf if rule.lower is None else rule.lower.of(weights)
    upper = math.inf if rule.upper is None else rule.upper.of(weights)
    _require_room(weights, lower, upper, name)
    found, rounds = weights, 0
    while rounds < _MOST_ROUNDS:
        outside = (found < lower) | (found > upper)
        if not outside.any():
            break
        inside = np.clip(found, lower, upper)
        excess = found - inside
        if outside.all() or float(np.abs(excess).sum()) <= _ROUNDING * float(np.abs(found).sum()):
            found = inside
            break
        found, rounds = _spread(inside, ~outside, float(excess.sum()), rule.spread, name), rounds + 1
        if not rule.strict:
            break
    return found, {
        "group": name,
        "lower": lower if math.isfinite(lower) else None,
        "upper": upper if math.isfinite(upper) else None,
        "lowered": int((weights > upper).sum()),
        "raised": int((weights < lower).sum()),
        "rounds": rounds,
    }


def _spread(inside: Floats, others: Flags, excess: float, how: str, name: str) -> Floats:
    found = inside.copy()
    if how == "equal":
        found[others] += excess / int(others.sum())
        return found
    whole = float(inside[others].sum())
    if whole <= 0:
        raise DataRefused(
            f"The weights of {name} that are left sum to nothing, over which nothing can be spread.",
            "Spread the excess equally, or widen the bounds.",
        )
    found[others] *= 1 + excess / whole
    return found


def _require_room(weights: Floats, lower: float, upper: float, name: str) -> None:
    """Refuse bounds between which weights with this mean cannot lie."""
    mean = float(weights.mean())
    slack = 1e-12 * abs(mean)
    if lower > upper:
        raise DataRefused(
            f"The bounds of weights of {shown(name)} are {lower:.6g} to {upper:.6g}.", "Exchange them."
        )
    if not lower - slack <= mean <= upper + slack:
        raise DataRefused(
            f"The weights of {shown(name)} have the mean {mean:.6g}, and are to {_within(lower, upper)}:"
            " their sum would change.",
            "Widen the bounds so that the mean lies between them, or trim within other groups.",
        )


def _within(lower: float, upper: float) -> str:
    if np.isinf(lower):
        return f"be at most {upper:.6g}"
    return f"be at least {lower:.6g}" if np.isinf(upper) else f"lie between {lower:.6g} and {upper:.6g}"
