"""Probabilities of pairs as a review leaves them open: drawn anew for each linked version.

The probabilities of a linkage are its model's own. Where people looked at a sample of pairs, the share of one
person among the pairs of each stratum is known as well as so many looks allow. A version draws that share,
and moves the probabilities of the stratum to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sojourn.sources.reader.compiled import Spans

__all__ = ["ReviewedProbabilities", "at_most_one", "moved"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
# Nothing is so sure that no review could move it.
_SUREST = 1e-6
_BINS = 4096


# How often shares and sums are met in turn. Five rounds leave less than a thousandth of a share.
_ROUNDS = 8


@dataclass(frozen=True)
class _Stratum:
    """The open pairs of a stratum, and the distribution of the share of them that is one person."""

    rows: Integers
    same: float
    different: float


class ReviewedProbabilities:
    """The probabilities of some pairs, given what was decided of a stratified sample of such pairs.

    `here` and `there` number the slots of both ends of each pair, apart: of the pairs of one slot at most one
    is one person. `strata` has a row for each stratum: `is_link`, the band `above` < probability <= `up_to`
    (the lowest has 0 as well), and how many sampled pairs were found to be `same` or `different`.
    `is_decided` are pairs that nothing moves: a person decided them.

    The share of a stratum has a beta distribution. Its prior is the mean of the model's probabilities, and
    weighs as much as one look: many pairs that nobody expects to be one person would else become thousands
    of links by half a look, and the model keeps its say only where hardly anybody looked. Pairs of a stratum
    without a decision stay as they are.

    Source: that proper draws take in what is not known of their parameters is from D. Rubin, Multiple
    Imputation for Nonresponse in Surveys (1987). Shares and sums are met in turn as in iterative
    proportional fitting: W. Deming and F. Stephan, On a least squares adjustment of a sampled frequency
    table, Annals of Mathematical Statistics 11 (1940).
    """

    def __init__(
        self,
        here: Spans,
        there: Spans,
        probability: Floats,
        is_link: Flags,
        is_decided: Flags,
        strata: pa.Table,
    ) -> None:
        self._here, self._there = here, there
        self._model = np.asarray(probability, dtype=np.float64)
        self._strata = [
            stratum
            for row in strata.to_pylist()
            if (stratum := _stratum(self._model, is_link, is_decided, row)) is not None
        ]

    def drawn(self, draw: np.random.Generator) -> Floats:
        """Probabilities in which the mean of each stratum is a share that the review leaves open.

        Where shares and slots cannot both be met, slots are: the probabilities of none add up to more than 1.
        """
        shares = [float(draw.beta(one.same, one.different)) for one in self._strata]
        found = at_most_one(self._here, self._there, self._model)
        for _ in range(_ROUNDS if shares else 0):
            for stratum, share in zip(self._strata, shares, strict=True):
                found[stratum.rows] = moved(found[stratum.rows], share)
            found = at_most_one(self._here, self._there, found)
        return found


def _stratum(model: Floats, is_link: Flags, is_decided: Flags, row: Mapping[str, Any]) -> _Stratum | None:
    """The open pairs of a stratum; none without a pair or a decision."""
    inside = (model > row["above"]) | ((row["above"] == 0) & (model == 0))
    rows = np.flatnonzero(inside & (model <= row["up_to"]) & (is_link == row["is_link"]) & ~is_decided)
    if not len(rows) or not row["same"] + row["different"]:
        return None
    mean = min(max(float(model[rows].mean()), _SUREST), 1 - _SUREST)
    return _Stratum(rows, mean + row["same"], 1 - mean + row["different"])


def at_most_one(here: Spans, there: Spans, probability: Floats) -> Floats:
    """Probabilities of which those of no slot add up to more than 1; slots of both ends are numbered apart.

    A pair gets smaller by the larger of the two sums that it is in.
    """
    size = int(max(here.max(initial=-1), there.max(initial=-1))) + 1
    sums = np.bincount(here, probability, size) + np.bincount(there, probability, size)
    over = np.maximum(sums, 1.0)
    found: Floats = probability / np.maximum(over[here], over[there])
    return found


def moved(probability: Floats, share: float) -> Floats:
    """Probabilities of the same order whose mean is the share: one number is added to all log odds.

    Nothing is surer than one in a million either way, so that a review can move it; log odds are added up in
    narrow bins, which leaves the mean off by less than a hundred thousandth.
    """
    known = np.clip(probability, _SUREST, 1 - _SUREST)
    odds = np.log(known) - np.log1p(-known)
    wanted = min(max(share, _SUREST), 1 - _SUREST) * len(odds)
    first, width = float(odds.min()), max(float(odds.max() - odds.min()), 1e-12)
    bins = np.minimum(((odds - first) / width * _BINS).astype(np.int64), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS).astype(np.float64)
    is_used = count > 0
    centre = np.bincount(bins, weights=odds, minlength=_BINS)[is_used] / count[is_used]
    count = count[is_used]
    low, high = -60.0, 60.0
    for _ in range(50):
        middle = (low + high) / 2
        if float(count @ (1 / (1 + np.exp(-(centre + middle))))) < wanted:
            low = middle
        else:
            high = middle
    found: Floats = 1 / (1 + np.exp(-(odds + (low + high) / 2)))
    return found
