"""How far those who agree differ in a sensitive column: the values among all who could be the same person.

Source: A. Machanavajjhala, D. Kifer, J. Gehrke and M. Venkitasubramaniam, l-Diversity: privacy beyond
k-anonymity, ACM TKDD 1 (2007), distinct and entropy l-diversity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.disclosure.microdata.key_codes import Codes, KeyCodes, key_codes, packed
from sojourn.disclosure.microdata.matching import agreeing_sums

__all__ = ["Spread", "spread_among_agreeing"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
_AT_ONCE = 32


@dataclass(frozen=True)
class Spread:
    """For each pattern: different known values, records with one, and the sum over values of n ln n."""

    different: Integers
    known: Integers
    spread: Floats


def spread_among_agreeing(patterns: KeyCodes, values: pa.Table, unknown: Sequence[str]) -> Spread:
    """The spread over all records that agree with each pattern; a key that is not known could be any.

    `values` has the keys as text, `value` and `records`: a row for each value of each pattern.
    """
    rows = _places(patterns, values, unknown)
    coded = key_codes(values, ["value"], ())
    number, counts = coded.codes[:, 0], values["records"].to_numpy()
    size = len(patterns)
    different, known, spread = np.zeros(size, np.int64), np.zeros(size), np.zeros(size)
    for first in range(0, len(coded.values[0]), _AT_ONCE):
        here = (number >= first) & (number < first + _AT_ONCE)
        amounts = np.zeros((size, min(_AT_ONCE, len(coded.values[0]) - first)))
        amounts[rows[here], number[here] - first] = counts[here]
        sums = agreeing_sums(patterns.codes, amounts)
        different += (sums > 0).sum(axis=1)
        known += sums.sum(axis=1)
        spread += (sums * np.log(np.maximum(sums, 1.0))).sum(axis=1)
    return Spread(different, known.astype(np.int64), spread)


def _places(patterns: KeyCodes, values: pa.Table, unknown: Sequence[str]) -> Integers:
    """The pattern of each row of values; both number the codes of a key alike where values leave none out."""
    both = pa.concat_tables(
        [
            pa.table({name: patterns.text(place) for place, name in enumerate(patterns.names)}),
            values.select(list(patterns.names)),
        ]
    )
    codes: Codes = key_codes(both, patterns.names, unknown).codes
    numbers = packed(codes, range(codes.shape[1]))
    own, looked_for = numbers[: len(patterns)], numbers[len(patterns) :]
    order = np.argsort(own)
    found: Integers = order[np.searchsorted(own[order], looked_for)]
    return found
