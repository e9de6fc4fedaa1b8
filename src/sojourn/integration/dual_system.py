"""Dual-system estimation: how many people are there, when two lists each miss some of them?

People on both lists tell how much of the population a list holds. Two things make too few of them: links
that were missed, and people on a list who are not of the population; links between different people make too
many. Each is put right by its rate, and the rates' own uncertainty is part of the interval.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["DualCounts", "Rates", "dual_system", "false_from_precision"]

Floats = npt.NDArray[np.float64]
_Z = 1.959963984540054


@dataclass(frozen=True)
class DualCounts:
    """Records of the first list, of the second, and links between them, by stratum.

    Each list holds a person once. The lists are independent within a stratum, and on at least one of them
    all people of a stratum are found with the same probability.
    """

    strata: tuple[str, ...]
    first: Floats
    second: Floats
    linked: Floats

    def __post_init__(self) -> None:
        if not len(self.strata) == len(self.first) == len(self.second) == len(self.linked):
            raise ValueError("Counts need as many values as there are strata.")
        if np.any(self.linked > np.minimum(self.first, self.second)) or np.any(self.linked < 0):
            raise ValueError("There cannot be more links than a list has records.")


@dataclass(frozen=True)
class Rates:
    """What is known to be wrong, by stratum (or one value for all), each with its standard error.

    `missed`: probability that two records of one person were not linked. `false`: probability that a record
    of the second list whose person is not on the first was linked all the same. `first_erroneous` and
    `second_erroneous`: share of a list's records whose persons are not of the population.
    """

    missed: Floats | float = 0.0
    false: Floats | float = 0.0
    first_erroneous: Floats | float = 0.0
    second_erroneous: Floats | float = 0.0
    missed_error: Floats | float = 0.0
    false_error: Floats | float = 0.0
    first_erroneous_error: Floats | float = 0.0
    second_erroneous_error: Floats | float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            values = np.asarray(getattr(self, field.name), float)
            if np.any(~(values >= 0)) or np.any(values >= 1):
                raise ValueError(f"{field.name} must be at least 0 and below 1.")


_OF_LINKAGE = ("missed", "false")
_RATES = (*_OF_LINKAGE, "first_erroneous", "second_erroneous")


def false_from_precision(counts: DualCounts, precision: Floats | float) -> Floats:
    """The rate `false` of links of which a share, the precision, is right.

    Of m links m (1 - precision) are false. They are those of the records of the second list whose person is
    not on the first, which are its records less the true links.
    """
    wrong = counts.linked * (1 - np.asarray(precision, float))
    found: Floats = wrong / np.maximum(counts.second - (counts.linked - wrong), 1e-300)
    return found


def dual_system(
    counts: DualCounts, *, rates: Rates | None = None, chapman: bool = True, linkage_in_common: bool = False
) -> pa.Table:
    """The population of each stratum and of all (`_T`), with standard errors and intervals of 95 per cent.

    Columns: `stratum`, `first`, `second`, `linked`, `linked_corrected` (true pairs expected behind the
    links), `total`, `standard_error`, `lower`, `upper`, `first_undercoverage` (share of the population
    that is not on the first list) and `second_undercoverage`. Where no pair is left the total is null.

    True pairs are (m - f·n2) / (1 - u - f), with m links, n2 records of the second list, u missed and f false
    (Ding and Fienberg). A record whose own link was missed is taken not to be linked to anybody else. Then
    erroneous records are taken off the lists. The total is n1·n2 / pairs, or with `chapman`
    (n1 + 1)(n2 + 1) / (pairs + 1) - 1, which is hardly biased also where there are few.

    The variance adds what people being on lists and links being made at random do, by the delta method, and
    what the standard errors of the rates do. With `linkage_in_common` one estimate of missed and false serves
    all strata, so that its error does not average out in the total. Intervals are symmetric for the
    logarithm.

    Source: G. Seber, The Estimation of Animal Abundance (1982), section 3.1; Y. Ding and S. Fienberg, Dual
    system estimation of census undercount in the presence of matching error, Survey Methodology 20 (1994);
    L. Di Consiglio and T. Tuoto, Coverage evaluation on probabilistically linked data, Journal of Official
    Statistics 31 (2015).
    """
    size = len(counts.strata)
    known = rates or Rates()
    of_rate = {name: np.broadcast_to(np.asarray(getattr(known, name), float), size) for name in _RATES}
    total, pairs = _totals(counts, of_rate, chapman)
    variance = _sampling_variance(counts, of_rate, chapman)
    whole = np.nansum(variance)
    for name in _RATES:
        error = np.broadcast_to(np.asarray(getattr(known, f"{name}_error"), float), size)
        # How much the total changes with one standard error of the rate, to either side.
        slope = _slope(counts, of_rate, name, chapman) * error
        variance = variance + slope**2
        is_shared = linkage_in_common and name in _OF_LINKAGE
        whole += np.nansum(slope) ** 2 if is_shared else np.nansum(slope**2)
    return _as_table(counts, of_rate, pairs, total, variance, float(whole))


def _totals(counts: DualCounts, rates: dict[str, Floats], chapman: bool) -> tuple[Floats, Floats]:
    """Totals and true pairs; not a number where no pair is left."""
    links = counts.linked - rates["false"] * counts.second
    scale = 1 - rates["missed"] - rates["false"]
    pairs = np.where((links > 0) & (scale > 0), links / np.where(scale > 0, scale, 1.0), 0.0)
    first = counts.first * (1 - rates["first_erroneous"])
    second = counts.second * (1 - rates["second_erroneous"])
    with np.errstate(divide="ignore", invalid="ignore"):
        plain = np.where(pairs > 0, first * second / pairs, np.nan)
    total = (first + 1) * (second + 1) / (pairs + 1) - 1 if chapman else plain
    return np.where(pairs > 0, total, np.nan), pairs


def _slope(counts: DualCounts, rates: dict[str, Floats], name: str, chapman: bool) -> Floats:
    """The derivative of the totals by a rate, numerically."""
    step = 1e-6
    above = _totals(counts, {**rates, name: rates[name] + step}, chapman)[0]
    below = _totals(counts, {**rates, name: rates[name] - step}, chapman)[0]
    found: Floats = (above - below) / (2 * step)
    return found


def _sampling_variance(counts: DualCounts, rates: dict[str, Floats], chapman: bool) -> Floats:
    """What chance does: people are on lists, and pairs are linked, independently of one another.

    The total is a function of sums over people, homogeneous of degree one, so that its variance is the sum of
    the squares of what each person adds to it less the total. With no errors of linkage this is
    n1·n2·(n1 - m)(n2 - m) / m³, or with `chapman` Seber's (n1 + 1)(n2 + 1)(n1 - m)(n2 - m) / (m + 1)²(m + 2).
    """
    _, pairs = _totals(counts, rates, chapman)
    first = counts.first * (1 - rates["first_erroneous"])
    second = counts.second * (1 - rates["second_erroneous"])
    with np.errstate(divide="ignore", invalid="ignore"):
        total = first * second / pairs
        scale = 1 - rates["missed"] - rates["false"]
        of_link = -total / (pairs * scale)
        of_first = total / first
        of_second = total / second + total / pairs * rates["false"] / scale
        squares = (
            pairs * (1 - rates["missed"]) * (of_first + of_second + of_link) ** 2
            + pairs * rates["missed"] * (of_first + of_second) ** 2
            + np.maximum(first - pairs, 0) * of_first**2
            + np.maximum(second - pairs, 0) * (1 - rates["false"]) * of_second**2
            + np.maximum(second - pairs, 0) * rates["false"] * (of_second + of_link) ** 2
        )
        variance = np.maximum(squares - total, 0.0)
        if chapman:
            variance = variance * _chapman_of_plain(first, second, pairs)
    return np.where(pairs > 0, variance, np.nan)


def _chapman_of_plain(first: Floats, second: Floats, pairs: Floats) -> Floats:
    """Seber's variance of Chapman's estimator, divided by that of the plain one; near one for many pairs."""
    found: Floats = (
        (first + 1) * (second + 1) / (first * second) * pairs**3 / ((pairs + 1) ** 2 * (pairs + 2))
    )
    return found


def _as_table(
    counts: DualCounts, rates: dict[str, Floats], pairs: Floats, total: Floats, variance: Floats, whole: float
) -> pa.Table:
    known = ~np.isnan(total)
    sums = float(total.sum()) if known.all() and len(total) else np.nan
    totals = np.append(total, sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.sqrt(np.append(variance, whole))
        half = np.exp(_Z * errors / totals)
        valid = [
            np.append(each, each.sum())
            for each in (
                counts.first * (1 - rates["first_erroneous"]),
                counts.second * (1 - rates["second_erroneous"]),
            )
        ]
        columns = {
            "linked_corrected": np.append(pairs, pairs.sum()),
            "total": totals,
            "standard_error": np.where(np.isnan(totals), np.nan, errors),
            "lower": totals / half,
            "upper": totals * half,
            "first_undercoverage": 1 - valid[0] / totals,
            "second_undercoverage": 1 - valid[1] / totals,
        }
    given = {name: getattr(counts, name) for name in ("first", "second", "linked")}
    return pa.table(
        {
            "stratum": [*counts.strata, "_T"],
            **{name: np.append(values, values.sum()).astype(float) for name, values in given.items()},
            **{name: pa.array(values, from_pandas=True) for name, values in columns.items()},
        }
    )
