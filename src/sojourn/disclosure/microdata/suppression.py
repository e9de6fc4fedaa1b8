"""Local suppression: single keys of single records are emptied, until enough records agree with each.

Who has too few others chooses, rarest first, the cheapest set of own keys whose loss is enough; of equally
cheap ones that in which most of the other endangered records agree, since they are helped with it. Under
`matches` a suppression only ever adds to those who agree, so that nobody is endangered anew, and what later
suppressions made needless is given back at the end. Under `category` those who lose the same keys and then
are alike must be enough of themselves, and where none is left others have to join them.

Source: greedy set cover, as in A. Kowarik, M. Templ, B. Meindl, F. Fonteneau, IJDAR 2014, for the same
criterion; order, counts that follow each step, and taking back are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from sojourn.disclosure.microdata.grouped_suppression import grouped_gaps
from sojourn.disclosure.microdata.key_codes import MISSING, Codes, KeyCodes, packed, patterns_of
from sojourn.disclosure.microdata.matching import Missing, agreeing_sums, gaps_of
from sojourn.disclosure.microdata.suppression_kernel import suppressed_gaps
from sojourn.errors import DataRefused, ProjectError
from sojourn.statistics.weighting.grouped_rows import mixed

__all__ = ["Suppressed", "locally_suppressed"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
# Rows times sets of keys that the first search counts; a gigabyte is four times this.
_MOST_COUNTS = 12_000_000
# Endangered records up to which several orders are tried, and how many.
_FEW, _TRIES = 2_000, 12


@dataclass(frozen=True)
class Suppressed:
    """The keys after suppression, how many records and cells lost something, and cells by key."""

    keys: KeyCodes
    endangered: int
    records: int
    cells: int
    by_key: dict[str, int]


def locally_suppressed(
    keys: KeyCodes,
    *,
    least: int,
    costs: Mapping[str, float] | None = None,
    missing: Missing = "matches",
    order: Hashes | None = None,
) -> Suppressed:
    """Keys with which at least `least` records agree, each record itself included.

    `costs` says how dear it is to lose a key (1 where it does not); infinite keeps the key. `order` decides
    between records that are alike, their place where it is None.

    Raises: ProjectError for a level below 2, a cost that is not above zero, more than 16 keys, or keys that
    are kept; DataRefused for fewer records than `least`.
    """
    prices = _prices(keys, costs, least)
    if len(keys) < least:
        raise DataRefused(
            f"The file has {len(keys)} records, of which {least} should agree.", "Ask for fewer."
        )
    found = patterns_of(keys.codes)
    agreeing = agreeing_sums(found.codes, found.records[:, None].astype(np.float64), missing)[:, 0]
    endangered = agreeing[found.of_record] < least
    rank = np.arange(len(keys), dtype=np.uint64) if order is None else order
    if not endangered.any():
        codes = keys.codes
    elif missing == "category":
        codes = grouped_gaps(keys.codes, endangered, least, prices, rank)
    else:
        codes = _matched(keys.codes, agreeing[found.of_record], least, prices, rank)
    _require_enough(codes, least, missing)
    lost = (codes == MISSING) & (keys.codes != MISSING)
    return Suppressed(
        KeyCodes(keys.names, codes, keys.values),
        int(endangered.sum()),
        int(lost.any(axis=1).sum()),
        int(lost.sum()),
        {name: int(lost[:, place].sum()) for place, name in enumerate(keys.names)},
    )


def _prices(keys: KeyCodes, costs: Mapping[str, float] | None, least: int) -> Floats:
    if least < 2:
        raise ProjectError(f"{least} record that agrees protects nobody.", "Ask for 2 or more.")
    if len(keys.names) > 16:
        raise ProjectError(f"{len(keys.names)} keys are too many to suppress.", "Recode or drop some.")
    prices = np.array([float((costs or {}).get(name, 1.0)) for name in keys.names])
    unknown = sorted(set(costs or {}) - set(keys.names))
    if unknown or not np.all(prices > 0):
        raise ProjectError(
            f"The cost of {unknown[0] if unknown else keys.names[int(np.argmin(prices))]} means nothing.",
            "Give costs above zero, of keys.",
        )
    if not np.isfinite(prices).any():
        raise ProjectError("No key may be suppressed.", "Leave at least one without an infinite cost.")
    return prices


def _require_enough(codes: Codes, least: int, missing: Missing) -> None:
    """Count again, apart from how the suppression counted.

    Raises: DataRefused where the keys that may be suppressed are not enough.
    """
    found = patterns_of(codes)
    agreeing = agreeing_sums(found.codes, found.records[:, None].astype(np.float64), missing)[:, 0]
    short = int(found.records[agreeing < least].sum())
    if short:
        raise DataRefused(
            f"{short:,} records still have fewer than {least} that agree: the keys that may be suppressed"
            " are not enough.",
            "Let more keys be suppressed, or recode those that are kept.",
        )


def _matched(codes: Codes, agreeing: Floats, least: int, prices: Floats, rank: Hashes) -> Codes:
    """Suppression under the rule that a key that is not stated could be any.

    Of few endangered records several orders of treatment are tried, and the cheapest outcome stands.
    """
    endangered = np.flatnonzero(agreeing < least)
    tries = _TRIES if len(endangered) <= _FEW else 1
    outcomes = [
        _of_order(codes, endangered[order], agreeing, least, prices)
        for order in _orders(codes[endangered], agreeing[endangered], rank[endangered], tries)
    ]
    finite = np.where(np.isfinite(prices), prices, 0.0)
    short = [_is_short(found, least) for found in outcomes] if tries > 1 else [False]
    paid = [float((((found == MISSING) & (codes != MISSING)) * finite).sum()) for found in outcomes]
    return outcomes[min(range(len(outcomes)), key=lambda at: (short[at], paid[at], at))]


def _orders(codes: Codes, agreeing: Floats, rank: Hashes, tries: int) -> list[Integers]:
    """Orders of treatment: the rarest first, the rarest last, and by chance; alike whatever their places."""
    ties = (rank, *codes.T[::-1])
    orders = [np.lexsort((*ties, agreeing)), np.lexsort((*ties, -agreeing))]
    own = packed(codes, range(codes.shape[1])).astype(np.uint64)
    orders += [
        np.lexsort((*ties, mixed(own + mixed(np.array([number], np.uint64))))) for number in range(2, tries)
    ]
    return orders[:tries]


def _of_order(codes: Codes, order: Integers, agreeing: Floats, least: int, prices: Floats) -> Codes:
    """The codes after the endangered records were treated in an order."""
    keys = codes.shape[1]
    safe = patterns_of(codes[agreeing >= least]) if len(order) < len(codes) else None
    rows = np.vstack([safe.codes, codes[order]]) if safe is not None else codes[order].copy()
    first = len(rows) - len(order)
    amounts = np.ones(len(rows), np.int64)
    if safe is not None:
        amounts[:first] = safe.records
    gaps, places = gaps_of(rows), np.arange(first, len(rows))
    held = np.where(rows == MISSING, 0, rows)
    for depth in _depths(len(rows), keys, int(np.bitwise_count(gaps).max())):
        found = _searched(held, gaps, amounts, places, least, prices, depth)
        rows_after = np.where((found[:, None] >> np.arange(keys)) & 1, np.int32(MISSING), rows[first:])
        after = codes.copy()
        after[order] = rows_after.astype(np.int32)
        if depth == keys or not _is_short(after, least):
            break
    return after


def _is_short(codes: Codes, least: int) -> bool:
    found = patterns_of(codes)
    return bool(np.any(agreeing_sums(found.codes, found.records[:, None].astype(np.float64))[:, 0] < least))


def _depths(rows: int, keys: int, unstated: int) -> list[int]:
    """How many keys a record may lose: as many as can be counted at once, all where that is not enough."""
    for depth in range(keys, 0, -1):
        if rows * len(_sets(keys, min(keys, depth + unstated))) <= _MOST_COUNTS:
            return [depth, keys] if depth < keys else [keys]
    return [1, keys]


def _sets(keys: int, most: int) -> Integers:
    """All sets of up to so many keys, as bits; the empty one first."""
    found = [
        sum(1 << key for key in some) for size in range(most + 1) for some in combinations(range(keys), size)
    ]
    return np.array(found, np.int64)


def _searched(
    held: Codes, gaps: Integers, amounts: Integers, places: Integers, least: int, prices: Floats, depth: int
) -> Integers:
    """The gaps after suppression of at most `depth` keys of each record."""
    keys = held.shape[1]
    bits = _sets(keys, depth)[1:]
    members = (bits[:, None] >> np.arange(keys)) & 1
    cost = np.where(members, prices, 0.0).sum(axis=1)
    usable = np.flatnonzero(np.isfinite(cost))
    usable = usable[np.lexsort((bits[usable], cost[usable]))]
    given = np.unique(gaps)
    possible = np.unique(np.concatenate([given, *(bits | gap for gap in given)]))
    sets = _sets(keys, min(keys, depth + int(np.bitwise_count(given).max())))
    size = 1 << int(np.ceil(np.log2(1.5 * len(held) * len(sets) + 1_024)))
    found: Integers = suppressed_gaps(
        np.ascontiguousarray(held, np.int32), gaps, amounts, places.astype(np.int64), least,
        bits[usable], cost[usable], sets, possible, size,
    )  # fmt: skip
    return found
