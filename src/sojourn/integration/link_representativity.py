"""How alike are linked keys to all keys? What is estimated from links alone is biased by the difference.

The R-indicator is one where every group is linked equally often, and falls towards zero the more the
shares of linked keys differ. It says nothing of attributes that were not looked at.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.contracts.link_quality import LinkQuality, LinkRepresentativity

__all__ = ["link_representativity", "r_indicators"]

Floats = npt.NDArray[np.float64]


def r_indicators(keys: Floats, linked: Floats) -> tuple[float, float]:
    """The R-indicator of groups with so many keys and linked keys, and the same without what chance adds.

    With r the linked share of each group, R = 1 - 2 S(r), S the standard deviation over keys. Where groups
    are small their shares differ by chance alone: the second takes the expected amount of that off the
    variance. A group of one key tells nothing of it, and is taken to vary as all keys do.

    Raises: ValueError where there are no keys.
    Source: B. Schouten, F. Cobben and J. Bethlehem, Indicators for the representativeness of survey response,
    Survey Methodology 35 (2009); N. Shlomo, C. Skinner and B. Schouten, Estimation of an indicator of the
    representativeness of survey response, Journal of Statistical Planning and Inference 142 (2012), for the
    correction.
    """
    total = float(keys.sum())
    if total <= 0:
        raise ValueError("There are no keys, so that nothing can be said of them.")
    held = keys > 0
    sizes, shares = keys[held].astype(np.float64), linked[held] / keys[held]
    weights = sizes / total
    mean = float((weights * shares).sum())
    variance = float((weights * (shares - mean) ** 2).sum())
    of_chance = np.where(sizes > 1, shares * (1 - shares) / np.maximum(sizes - 1, 1), mean * (1 - mean))
    less = float((weights * (1 - weights) * of_chance).sum())
    return 1 - 2 * np.sqrt(variance), 1 - 2 * np.sqrt(max(variance - less, 0.0))


def link_representativity(quality: pa.Table) -> pa.Table:
    """One row for each two sources and breakdown of a LinkQuality table: a LinkRepresentativity table.

    `largest_bias` is S(r) divided by the linked share of all keys: the mean of any variable among the linked
    keys differs from that among all by so many of its standard deviations at most, as far as being linked
    depends on the breakdown.
    Source: as `r_indicators`, section 2 on the maximal absolute bias.
    """
    table = LinkQuality.conform(quality)
    names = [table[name].to_pylist() for name in ("source", "other_source", "breakdown")]
    keys, linked = (table[name].to_numpy().astype(np.float64) for name in ("all_keys", "linked_keys"))
    places: dict[tuple[str, str, str], list[int]] = {}
    for place, name in enumerate(zip(*names, strict=True)):
        if name[2] != "all":
            places.setdefault(name, []).append(place)
    rows = []
    for (source, other_source, breakdown), own in places.items():
        plain, adjusted = r_indicators(keys[own], linked[own])
        share = float(linked[own].sum() / keys[own].sum())
        rows.append(
            {
                "source": source,
                "other_source": other_source,
                "breakdown": breakdown,
                "linked_share": share,
                "r_indicator": plain,
                "r_adjusted": adjusted,
                "largest_bias": (1 - plain) / 2 / share if share > 0 else None,
            }
        )
    return LinkRepresentativity.conform(pa.Table.from_pylist(rows, schema=LinkRepresentativity.schema()))
