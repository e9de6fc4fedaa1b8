"""How good is a linkage, group by group, when nobody knows the truth?

The probability of each pair says what to expect: of links with probability 0.9 a tenth is false, of pairs
with probability 0.1 that were not linked a tenth was missed. Sums over a group of keys estimate its precision
and recall. They are as good as the probabilities are, and know nothing of pairs that nobody looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import binom, poisson

from sojourn.concepts.ages import AgeScheme
from sojourn.contracts.link_quality import LinkQuality
from sojourn.engine import Relation, sql_beside

__all__ = [
    "AGE_GROUP",
    "BIRTH_DECADE",
    "BREAKDOWNS",
    "LinkGroups",
    "chance_limits",
    "link_quality",
    "recall_limits",
    "sql_of_link_quality",
]

Floats = npt.NDArray[np.float64]
AGE_GROUP, BIRTH_DECADE = "age_group", "birth_decade"
BREAKDOWNS = ("citizenship", "birthplace", "sex", "age", "script", "has_document", "has_birth_day")
_QUALITY = sql_beside(__file__, "link_quality.sql")
_TAIL = 0.025
_EARLIEST, _LATEST = 1800, 2200


@dataclass(frozen=True)
class LinkGroups:
    """The groups of keys that are looked at, and how many keys one needs to be judged.

    Ages are those in completed years at the end of `age_year`, in the groups of `ages`; without a year keys
    are grouped by the ten years in which their persons were born.
    """

    breakdowns: tuple[str, ...] = BREAKDOWNS
    age_year: int | None = None
    ages: AgeScheme | None = None
    least_keys: int = 50

    def __post_init__(self) -> None:
        unknown = [name for name in self.breakdowns if name not in BREAKDOWNS]
        if unknown:
            raise ValueError(f"Keys cannot be grouped by {unknown[0]}; they can by {', '.join(BREAKDOWNS)}.")
        if (self.age_year is None) != (self.ages is None):
            raise ValueError("Groups of age need both a year and a scheme.")
        if self.least_keys < 1:
            raise ValueError(f"A group cannot be judged from {self.least_keys} keys.")

    @property
    def of_age(self) -> str:
        """What the breakdown by age is called."""
        return BIRTH_DECADE if self.age_year is None else AGE_GROUP

    def bands(self) -> pa.Table:
        """One row for each group of years of birth: its code, its earliest and its latest year."""
        if self.age_year is None or self.ages is None:
            earliest = list(range(_EARLIEST, _LATEST, 10))
            latest = [year + 9 for year in earliest]
            codes = [str(year) for year in earliest]
        else:
            groups = self.ages.groups
            earliest = [_EARLIEST if it.upper is None else self.age_year - it.upper for it in groups]
            latest = [self.age_year - it.lower for it in groups]
            codes = [it.code for it in groups]
        years = {"earliest": pa.array(earliest, pa.int64()), "latest": pa.array(latest, pa.int64())}
        return pa.table({"code": pa.array(codes, pa.string()), **years})


def link_quality(links: Relation, pairs: Relation, *, groups: LinkGroups | None = None) -> pa.Table:
    """One row for each source, other source and group of keys: a LinkQuality table.

    `links` has a row for each key with the columns source, record_key, sex, birth_year, citizenship,
    birthplace, script, has_document and has_birth_day of the contract Link; `pairs` is a LinkPair table.
    Pairs of one source are left out. An attribute that is not stated is the category `_U`.

    A link with probability p is false with 1 - p. A pair that was not linked was missed with p, but no key
    has more true pairs with another source than one: what its links leave is shared among its other pairs.
    So the missed pairs of a group are never more than the keys that are left. Precision is the expected share
    of true links among links, recall among true pairs looked at. A pair that no rule chose is not counted, so
    that the true recall is lower.

    Intervals say what chance does to the number of false and missed pairs, given the probabilities, which are
    taken as right and as independent. A number is a sum of trials of different probabilities (Poisson
    binomial), taken as the binomial with the same mean and variance; the interval reaches its mean at least.
    That of recall comes from those of true links and of missed pairs.
    Source: I. Fellegi and A. Sunter, A theory for record linkage, Journal of the American Statistical
    Association 64 (1969); W. Ehm, Binomial approximation to the Poisson binomial distribution, Statistics and
    Probability Letters 11 (1991); A. Donner and G. Zou, Closed-form confidence intervals for functions of the
    normal mean and standard deviation, Statistical Methods in Medical Research 21 (2012), for the ratio.
    """
    chosen = groups or LinkGroups()
    counted = _QUALITY(
        links=links,
        pairs=pairs,
        bands=links.engine.relation(chosen.bands()),
        of_age=chosen.of_age,
        breakdowns=[chosen.of_age if name == "age" else name for name in chosen.breakdowns],
    ).to_arrow()
    columns = {name: counted[name].to_numpy() for name in counted.column_names[4:]}
    found = {**_estimates(columns), **_shares(columns, _wholes(counted))}
    more = {name: pa.array(values, from_pandas=True) for name, values in found.items()}
    table = pa.table({**{name: counted[name] for name in counted.column_names}, **more})
    small = pa.array(columns["all_keys"] < chosen.least_keys)
    return LinkQuality.conform(table.append_column("is_small", small))


def sql_of_link_quality() -> str:
    """The statement by which keys and links are counted, as it is published."""
    return _QUALITY.text


def _estimates(of: dict[str, Floats]) -> dict[str, Floats]:
    """Precision and recall with their intervals; not a number where there is nothing to divide by."""
    links, false, missed = of["links"].astype(np.float64), of["expected_false"], of["expected_missed"]
    least_false, most_false = chance_limits(false, of["false_variance"], of["links"])
    least_missed, most_missed = chance_limits(missed, of["missed_variance"], of["candidates"] - of["links"])
    true = links - false
    lower, upper = recall_limits(
        (true, links - most_false, links - least_false), (missed, least_missed, most_missed)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "linked_share": of["linked_keys"] / of["all_keys"],
            "precision": true / links,
            "precision_lower": (links - most_false) / links,
            "precision_upper": (links - least_false) / links,
            "recall": true / (true + missed),
            "recall_lower": lower,
            "recall_upper": upper,
        }


def chance_limits(mean: Floats, variance: Floats, most: Floats) -> tuple[Floats, Floats]:
    """The quantiles 0.025 and 0.975 of a number of independent events, from its mean and variance.

    `most` is how many can happen. The binomial distribution of that mean and variance stands for it, and the
    Poisson distribution where the variance is nearly the mean; where most events happen, for those that do
    not. The mean lies between the two quantiles.
    """
    is_usual = 2 * mean > most
    rare = np.where(is_usual, np.maximum(most - mean, 0.0), mean)
    least, highest = _rare_limits(rare, variance, most)
    lower = np.where(is_usual, most - highest, least)
    upper = np.where(is_usual, most - least, highest)
    return np.minimum(lower, mean), np.maximum(upper, mean)


def _rare_limits(mean: Floats, variance: Floats, most: Floats) -> tuple[Floats, Floats]:
    """The same for a number of which less than half can be expected."""
    excess = mean - variance
    is_poisson = excess <= 1e-6 * mean
    trials = np.ceil(np.divide(mean**2, excess, out=np.zeros_like(mean), where=~is_poisson) - 1e-9)
    trials = np.maximum(np.minimum(trials, most), 1.0)
    chance = np.clip(mean / trials, 0.0, 1.0)
    lower, upper = (
        np.where(is_poisson, np.minimum(poisson.ppf(tail, mean), most), binom.ppf(tail, trials, chance))
        for tail in (_TAIL, 1 - _TAIL)
    )
    return np.where(mean > 0, lower, 0.0), np.where(mean > 0, upper, 0.0)


def recall_limits(
    true: tuple[Floats, Floats, Floats], missed: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats]:
    """The interval of true / (true + missed), from each number with its lower and upper limit.

    By the limits of the ratio missed / true, each recovering the variance of the two numbers from the limit
    that lies on its side. Not a number where neither is expected.
    """
    (value, low, high), (lost, least, most) = true, missed
    product = value * lost
    with np.errstate(divide="ignore", invalid="ignore"):
        of_least = product**2 - least * high * (2 * lost - least) * (2 * value - high)
        least_ratio = (product - np.sqrt(np.maximum(of_least, 0))) / (high * (2 * value - high))
        of_most = product**2 - most * low * (2 * lost - most) * (2 * value - low)
        most_ratio = (product + np.sqrt(np.maximum(of_most, 0))) / (low * (2 * value - low))
    best = np.where(high * (2 * value - high) > 0, 1 / (1 + np.maximum(least_ratio, 0)), 1.0)
    worst = np.where(low * (2 * value - low) > 0, 1 / (1 + np.maximum(most_ratio, 0)), 0.0)
    is_known = value + lost > 0
    return np.where(is_known, worst, np.nan), np.where(is_known, best, np.nan)


def _wholes(counted: pa.Table) -> npt.NDArray[np.int64]:
    """The row of all keys that belongs to each row."""
    names = zip(counted["source"].to_pylist(), counted["other_source"].to_pylist(), strict=True)
    breakdowns = counted["breakdown"].to_pylist()
    of_pair = list(names)
    whole = {pair: place for place, pair in enumerate(of_pair) if breakdowns[place] == "all"}
    return np.array([whole[pair] for pair in of_pair], dtype=np.int64)


def _shares(of: dict[str, Floats], whole: npt.NDArray[np.int64]) -> dict[str, Floats]:
    """Each group's share in all keys and in linked ones, and their difference in standard deviations.

    Source of the standardised difference: P. Austin, Balance diagnostics for comparing the distribution of
    baseline covariates, Statistics in Medicine 28 (2009).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        of_keys = of["all_keys"] / of["all_keys"][whole]
        of_linked = of["linked_keys"] / of["linked_keys"][whole]
        spread = np.sqrt((of_keys * (1 - of_keys) + of_linked * (1 - of_linked)) / 2)
        standardised = np.where(spread > 0, (of_linked - of_keys) / spread, of_linked - of_keys)
    return {
        "share_of_keys": of_keys,
        "share_of_linked": of_linked,
        "standardised_difference": standardised,
    }
