"""Whom does a linkage find less often than others, by more than chance explains?

A group whose links are missed more often looks smaller, more mobile or less settled than it is. Such groups
are named, so that somebody looks at why: the writing of their names, dates of birth that nobody knows, papers
that they do not have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.stats import norm

from sojourn.contracts.link_quality import LinkGap, LinkQuality

__all__ = ["MEASURES", "GapRule", "holm", "link_gaps"]

Floats = npt.NDArray[np.float64]
MEASURES = ("linked_share", "precision", "recall")
_COUNTS = (
    "all_keys", "linked_keys", "links", "expected_false", "expected_missed", "false_variance",
    "missed_variance",
)  # fmt: skip
_KEYS = ("source", "other_source", "breakdown", "category")


@dataclass(frozen=True)
class GapRule:
    """When a difference is named: `points` in a hundred at least, and below `level` after all comparisons.

    `least_keys` is how many keys, links or true pairs a group and the others must have to be compared.
    """

    points: float = 2.0
    level: float = 0.05
    least_keys: int = 50

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"A level of significance cannot be {self.level}.")
        if self.points < 0 or self.least_keys < 1:
            raise ValueError("A gap needs points that are not negative, and at least one key.")


def link_gaps(quality: pa.Table, *, rule: GapRule | None = None) -> pa.Table:
    """One row for each comparison of a group with all other keys of its source: a LinkGap table.

    `quality` is a LinkQuality table. Compared are the linked share of keys, the estimated precision of links
    and the estimated recall of true pairs, as two proportions: the variance under no difference is that of
    the proportion of both together, and for the two estimates what the probabilities leave open is added.
    Significance is for all comparisons of the table at once (Holm). A group that is compared with one other
    group only, as where there are two categories, appears with both signs.

    A lower linked share may also be a true difference: fewer of the group may be in the other source. Recall
    tells the two apart, as far as the pairs were looked at.
    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6 (1979).
    """
    chosen = rule or GapRule()
    table = LinkQuality.conform(quality)
    whole = _whole_of(table)
    parts = [_compared(table, whole, measure, chosen) for measure in MEASURES]
    found = pa.concat_tables(parts)
    adjusted = holm(found["p_value"].to_numpy())
    large = np.abs(found["difference"].to_numpy()) >= chosen.points / 100
    found = found.append_column("adjusted_p_value", pa.array(adjusted, pa.float64()))
    found = found.append_column("is_gap", pa.array(large & (adjusted < chosen.level), pa.bool_()))
    return LinkGap.conform(found)


def holm(p_values: Floats) -> Floats:
    """Each probability as it is after all comparisons: the smallest times their number, and so on."""
    order = np.argsort(p_values, kind="stable")
    times = np.arange(len(p_values), 0, -1)
    found = np.empty(len(p_values), dtype=np.float64)
    found[order] = np.minimum(np.maximum.accumulate(p_values[order] * times), 1.0) if len(order) else 0.0
    return found


def _whole_of(table: pa.Table) -> npt.NDArray[np.int64]:
    """The row of all keys of the same two sources, for each row."""
    pairs = list(zip(table["source"].to_pylist(), table["other_source"].to_pylist(), strict=True))
    breakdowns = table["breakdown"].to_pylist()
    whole = {pair: place for place, pair in enumerate(pairs) if breakdowns[place] == "all"}
    return np.array([whole[pair] for pair in pairs], dtype=np.int64)


def _parts(counts: dict[str, Floats], measure: str) -> tuple[Floats, Floats, Floats]:
    """What a measure counts, of how many, and the variance that the probabilities leave in the share."""
    if measure == "linked_share":
        return counts["linked_keys"], counts["all_keys"], np.zeros(len(counts["all_keys"]))
    links, missed = counts["links"], counts["expected_missed"]
    true = links - counts["expected_false"]
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "precision":
            return true, links, np.nan_to_num(counts["false_variance"] / links**2)
        # By the delta method: the share falls with each missed pair and rises with each true link.
        spread = true**2 * counts["missed_variance"] + missed**2 * counts["false_variance"]
        return true, true + missed, np.nan_to_num(spread / (true + missed) ** 4)


def _compared(table: pa.Table, whole: npt.NDArray[np.int64], measure: str, rule: GapRule) -> pa.Table:
    own = {name: table[name].to_numpy().astype(np.float64) for name in _COUNTS}
    # Sums of what is left of the whole may fall below zero by rounding alone.
    others = {name: np.maximum(values[whole] - values, 0.0) for name, values in own.items()}
    (counted, of, left), (other_counted, other_of, other_left) = _parts(own, measure), _parts(others, measure)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, of_others = counted / of, other_counted / other_of
        both = (counted + other_counted) / (of + other_of)
        variance = both * (1 - both) * (1 / of + 1 / other_of) + left + other_left
        score = np.where(variance > 0, np.abs(value - of_others) / np.sqrt(variance), 0.0)
    is_compared = (np.array(table["breakdown"].to_pylist()) != "all") & (
        np.minimum(of, other_of) >= rule.least_keys
    )
    rows = table.filter(pa.array(is_compared))
    return pa.table(
        {
            **{name: rows[name] for name in (*_KEYS, "all_keys")},
            "measure": pa.array([measure] * len(rows), pa.string()),
            "value": value[is_compared],
            "value_of_others": of_others[is_compared],
            "difference": (value - of_others)[is_compared],
            "p_value": 2 * norm.sf(score[is_compared]),
        }
    )
