"""Publication profiles: is a figure of a sample good enough to be shown?

Profiles are data; here they are only applied. A comparison of two groups is judged by its two figures, not by
its own coefficient of variation: a difference near zero may be known very well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.errors import ProjectError
from sojourn.statistics.survey.intervals import Interval

__all__ = ["NO_OBJECTION", "ORDER", "Profile", "Thresholds", "verdicts", "weaker"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Verdict = Literal["PUBLISH", "CAUTION", "SUPPRESS"]
NO_OBJECTION = "_Z"
# From the best verdict to the worst.
ORDER = ("PUBLISH", "CAUTION", "SUPPRESS", "NONE")


@dataclass(frozen=True)
class Thresholds:
    """Below or above what a figure is shown with caution, or not at all; what is None does not apply.

    Sizes and coefficients of variation (per cent) are bounds that may be reached. `narrow`, `wide` and
    `wide_relative` are widths of the interval of a share: up to the first it is shown whatever its relative
    width, from the second on it is not, and in between it is not where the width over the share is above the
    third. Where the width over the rest (one less the share) is above it, it is shown with caution.
    """

    least_records: int | None = None
    caution_records: int | None = None
    least_effective: float | None = None
    effective: Literal["weights", "design"] = "weights"
    caution_freedom: int | None = None
    caution_cv: float | None = None
    suppress_cv: float | None = None
    narrow: float | None = None
    wide: float | None = None
    wide_relative: float | None = None
    no_variation: Verdict = "CAUTION"

    def __post_init__(self) -> None:
        for low, high in (
            ("caution_cv", "suppress_cv"),
            ("narrow", "wide"),
            ("least_records", "caution_records"),
        ):
            first, second = getattr(self, low), getattr(self, high)
            if first is not None and second is not None and first > second:
                raise ProjectError(
                    f"A publication profile has {low} {first} above {high} {second}.", "Exchange the two."
                )


@dataclass(frozen=True)
class Profile:
    """When figures are shown: thresholds for figures, and their own for shares where these are given."""

    id: str
    version: str
    figures: Thresholds
    shares: Thresholds | None = None
    interval: Interval | None = None

    @property
    def name(self) -> str:
        """Identifier and version, as figures carry them."""
        return f"{self.id} {self.version}"

    def thresholds(self, is_share: bool) -> Thresholds:
        """What a figure is held to."""
        return self.shares if is_share and self.shares is not None else self.figures


def verdicts(table: pa.Table, profile: Profile, *, is_share: bool) -> tuple[Texts, Texts]:
    """For each row of a survey table the verdict and its reason (CL_VERDICT, CL_VERDICT_REASON).

    The first reason of the worst verdict is told. Rows of comparisons are judged as if they were figures;
    `weaker` judges them by their sides.
    """
    held = profile.thresholds(is_share)
    found = _Judged.of(table, is_share)
    verdict = np.full(len(table), "PUBLISH", object)
    reason = np.full(len(table), NO_OBJECTION, object)
    for kind, code, applies in reversed(_rules(found, held)):
        verdict[applies], reason[applies] = kind, code
    return verdict, reason


def weaker(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    """The verdict on a comparison of two figures: that on the weaker one; ONE_SIDE where they differ."""
    worst = max(one, other, key=lambda judged: ORDER.index(judged[0]))
    return worst if one == other or worst[0] == "PUBLISH" else (worst[0], "ONE_SIDE")


@dataclass(frozen=True)
class _Judged:
    """The numbers by which rows are judged; NaN where there is none.

    `is_certain` marks figures of which the sample shows no variation at all. Figures of a census have no
    error, and are judged by sizes alone.
    """

    value: Floats
    variance: Floats
    cv: Floats
    width: Floats
    freedom: Floats
    records: Floats
    effective: Floats
    by_design: Floats
    is_certain: Flags

    @classmethod
    def of(cls, table: pa.Table, is_share: bool) -> _Judged:
        """What a survey table says of each row."""
        value, variance = _numbers(table, "value"), _numbers(table, "variance")
        records, freedom = _numbers(table, "contributors"), _numbers(table, "degrees_of_freedom")
        is_census = np.asarray(table["error_method"]) == "none"
        variance, freedom = np.where(is_census, 0.0, variance), np.where(is_census, np.inf, freedom)
        # A share of 0 or 1 is exact, its variance zero but for rounding.
        certain = (value == 0) | (value == 1) if is_share else (value == 0) & (variance == 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            cv = np.where(certain, 0.0, 100 * np.sqrt(variance) / np.abs(value))
            simple = (
                value * (1 - value) / variance if is_share else records / _numbers(table, "design_effect")
            )
        by_design = np.where(certain, records, np.fmin(simple, records))
        exact = certain | is_census
        width = np.where(exact, 0.0, _numbers(table, "upper") - _numbers(table, "lower"))
        effective = _numbers(table, "effective_size")
        return cls(
            value, variance, cv, width, freedom, records, effective,
            np.where(is_census, records, by_design), certain & ~is_census,
        )  # fmt: skip


def _numbers(table: pa.Table, name: str) -> Floats:
    found: Floats = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _rules(found: _Judged, held: Thresholds) -> list[tuple[str, str, Flags]]:
    """Verdict, reason and the rows to which they apply, the worst verdicts first."""
    nothing = np.zeros(len(found.value), np.bool_)
    size = found.effective if held.effective == "weights" else found.by_design
    narrow = -1.0 if held.narrow is None else held.narrow
    is_open = ~found.is_certain & (found.width > narrow)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_share, of_rest = found.width / found.value, found.width / (1 - found.value)
    judges_error = held.caution_cv is not None or held.suppress_cv is not None
    without = np.isnan(found.variance) if judges_error else nothing
    if held.wide is not None or held.wide_relative is not None:
        without = without | np.isnan(found.width)

    def below(numbers: Floats, bound: float | None) -> Flags:
        return nothing if bound is None else numbers < bound

    def above(numbers: Floats, bound: float | None) -> Flags:
        return nothing if bound is None else numbers > bound

    reaches = nothing if held.wide is None else is_open & (found.width >= held.wide)
    certain = [(held.no_variation, "NO_VARIATION", found.is_certain)]
    return [
        ("NONE", "NO_FIGURE", np.isnan(found.value)),
        ("SUPPRESS", "FEW_RECORDS", below(found.records, held.least_records)),
        ("SUPPRESS", "FEW_EFFECTIVE", below(size, held.least_effective)),
        ("SUPPRESS", "NO_ERROR", without),
        ("SUPPRESS", "HIGH_CV", above(found.cv, held.suppress_cv)),
        ("SUPPRESS", "WIDE", reaches),
        ("SUPPRESS", "WIDE_RELATIVE", is_open & above(of_share, held.wide_relative)),
        *(certain if held.no_variation == "SUPPRESS" else []),
        ("CAUTION", "FEW_RECORDS", below(found.records, held.caution_records)),
        ("CAUTION", "FEW_FREEDOM", below(found.freedom, held.caution_freedom)),
        ("CAUTION", "HIGH_CV", above(found.cv, held.caution_cv)),
        ("CAUTION", "WIDE_COMPLEMENT", is_open & above(of_rest, held.wide_relative)),
        *(certain if held.no_variation == "CAUTION" else []),
    ]
